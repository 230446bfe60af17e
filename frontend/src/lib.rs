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
use leptos::prelude::*;
use wasm_bindgen::prelude::wasm_bindgen;

/// Makes the page that the server rendered alive; called once by the script in its head. A page without the element
/// `#app` stays as it is.
#[wasm_bindgen]
pub fn hydrate() {
    std::panic::set_hook(Box::new(|panic| {
        console_error_panic_hook::hook(panic);
        browser::give_up();
    }));
    let Some(root) = browser::by_id("app") else {
        return;
    };
    let world: World = Arc::new(http::Domestic);
    let handle = leptos::mount::hydrate_from(root, move || {
        provide_context(world);
        App()
    });
    handle.forget();
    browser::mark("hydrated");
}
