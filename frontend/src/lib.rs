//! The browser half of em2: hydration, the domestic API over gloo-net, the live socket. The only crate that names a
//! browser API.

// The types of whole pages are deep.
#![recursion_limit = "512"]

mod browser;
mod http;
mod keyboard;
mod socket;

use std::sync::Arc;

use app::app::App;
use app::backend::World;
use app::json;
use app::pages::load::Loaded;
use app::shell::DATA;
use leptos::prelude::*;
use wasm_bindgen::prelude::wasm_bindgen;

/// Makes the page that the server rendered alive; called once by the script in its head. A page without the element
/// `#app`, or without what it was rendered from, stays as it is.
#[wasm_bindgen]
pub fn hydrate() {
    std::panic::set_hook(Box::new(|panic| {
        console_error_panic_hook::hook(panic);
        browser::give_up();
    }));
    let loaded = browser::by_id(DATA)
        .and_then(|data| data.text_content())
        .and_then(|data| json::read::<Loaded>(&data));
    let (Some(root), Some(loaded)) = (browser::by_id("app"), loaded) else {
        return browser::give_up();
    };
    let world: World = Arc::new(http::Domestic);
    let handle = leptos::mount::hydrate_from(root, move || {
        provide_context(world);
        view! { <App loaded/> }
    });
    handle.forget();
    browser::mark("hydrated");
}
