//! The HTML documents: the one that is hydrated, and the plain one.

use leptos::nonce::use_nonce;
use leptos::prelude::*;

use crate::app::App;
use crate::components::escape::escaped;
use crate::components::tabs::Tab;
use crate::pages::load::{Loaded, Opened};
use crate::state::desk::titled;

/// The addresses of the built assets, read once at start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assets {
    /// `/pkg/app.<hash>.css`
    pub css: String,
    /// `/pkg/app.<hash>.js`, the module that `wasm-bindgen` wrote.
    pub js: String,
    /// `/pkg/app.<hash>.wasm`
    pub wasm: String,
}

/// The document of a page; with `scripts` it is hydrated. A page that answers a refused form goes without.
pub fn shell(assets: Assets, loaded: Loaded, tab: Tab, scripts: bool) -> impl IntoView {
    let css = assets.css.clone();
    let title = Opened::title(&loaded.opened).unwrap_or_else(|| tab.name().to_owned());
    let data = scripts.then(|| data(&loaded));
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <Head css/>
                <Titled title=titled(&title)/>
                {scripts.then(|| view! { <Scripts assets/> })}
            </head>
            <body>
                <div id="app"><App loaded/></div>
                {data.map(|data| view! { <script id=DATA r#type="application/json">{data}</script> })}
            </body>
        </html>
    }
}

/// The id of the element that holds what the page was rendered from.
pub const DATA: &str = "data";

/// What the page was rendered from, as JSON that no parser of HTML takes for markup.
fn data(loaded: &Loaded) -> String {
    // Maps have strings as keys everywhere, and nothing in it refuses to be written.
    let json = serde_json::to_string(loaded).expect("what was read is plain data");
    json.replace('<', "\\u003c")
}

/// The document of a page that never has scripts.
#[component]
pub fn Plain(assets: Assets, #[prop(into)] title: String, children: Children) -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <Head css=assets.css/>
                <Titled title/>
            </head>
            <body>{children()}</body>
        </html>
    }
}

/// As escaped inner HTML: where an erased view goes on, Leptos leaves a mark that a title would show.
#[component]
fn Titled(title: String) -> impl IntoView {
    view! { <title inner_html=escaped(&title)></title> }
}

#[component]
fn Head(css: String) -> impl IntoView {
    view! {
        <meta charset="utf-8"/>
        <meta name="viewport" content="width=device-width, initial-scale=1"/>
        <meta name="color-scheme" content="light dark"/>
        <link rel="icon" href="/favicon.svg" r#type="image/svg+xml"/>
        <link rel="stylesheet" href=css/>
    }
}

/// What happens when the module cannot be loaded, or cannot go on (`em2:panic`, or a trap): the page says that it is
/// simple, and nothing in it stands between a link or a form and the browser any more.
const SIMPLE: &str = "const simple = () => {
    document.documentElement.dataset.simple = '';
    for (const kind of ['click', 'submit', 'input', 'keydown']) addEventListener(kind, e => e.stopImmediatePropagation(), true);
};
addEventListener('em2:panic', simple, {once: true});
const trapped = e => { if ((e.error ?? e.reason) instanceof WebAssembly.RuntimeError) simple(); };
addEventListener('error', trapped);
addEventListener('unhandledrejection', trapped);";

/// Loads the module, and tells the page when it cannot: the forms go on working without it.
#[component]
fn Scripts(assets: Assets) -> impl IntoView {
    let Assets { js, wasm, .. } = assets;
    let start = format!(
        "{SIMPLE} import({js:?}).then(m => m.default({{module_or_path: {wasm:?}}}).then(() => m.hydrate())).catch(simple);"
    );
    view! {
        <link rel="modulepreload" href=js/>
        <link rel="preload" href=wasm r#as="fetch" r#type="application/wasm" crossorigin="anonymous"/>
        <script r#type="module" nonce=use_nonce()>{start}</script>
    }
}
