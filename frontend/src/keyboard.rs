//! What the keyboard says.

use std::sync::Arc;

use app::state::keys::Press;
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};

use crate::browser::{on, window};

/// Fields that take keys themselves.
const FIELDS: &str = "input, textarea, select, [contenteditable]";
/// What Enter belongs to.
const CONTROLS: &str = "a[href], button, summary";
const DIALOG: &str = "dialog[open], [role=dialog]";

/// Hears every key that goes down; what answers true is kept from the browser.
pub(crate) fn listen(hear: Arc<dyn Fn(Press) -> bool + Send + Sync>) {
    on(&window(), "keydown", move |event: KeyboardEvent| {
        if !event.default_prevented() && hear(press(&event)) {
            event.prevent_default();
        }
    });
}

fn press(event: &KeyboardEvent) -> Press {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    let within = |selector: &str| {
        target
            .as_ref()
            .is_some_and(|target| matches!(target.closest(selector), Ok(Some(_))))
    };
    let document = window().document();
    Press {
        key: event.key(),
        code: event.code(),
        shift: event.shift_key(),
        modifier: event.ctrl_key() || event.meta_key(),
        alt: event.alt_key(),
        repeat: event.repeat(),
        composing: event.is_composing(),
        typing: within(FIELDS),
        control: within(CONTROLS),
        dialog: document
            .is_some_and(|document| matches!(document.query_selector(DIALOG), Ok(Some(_)))),
    }
}
