//! The few things that only a browser can do.

use std::sync::Arc;

use app::backend::Device;
use app::state::keys::Press;
use em2_model::id::Time;
use futures::future::BoxFuture;
use js_sys::Promise;
use send_wrapper::SendWrapper;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Document, Element, Event, EventTarget, HtmlElement, Window};

/// The window that the page is in.
pub(crate) fn window() -> Window {
    // The module is loaded by a script of a page; workers never load it.
    web_sys::window().expect("a page has a window")
}

fn document() -> Document {
    window()
        .document()
        .expect("a window that shows a page has its document")
}

pub(crate) fn by_id(id: &str) -> Option<HtmlElement> {
    document().get_element_by_id(id)?.dyn_into().ok()
}

/// Marks the document with an attribute `data-…`, for styles and for tests.
pub(crate) fn mark(name: &str) {
    if let Some(root) = document().document_element() {
        // Only a name that is no attribute name is refused; these are fixed.
        let _ = root.set_attribute(&format!("data-{name}"), "");
    }
}

/// The module cannot go on: the script in the head hears it, says so, and lets links and forms do their plain work.
pub(crate) fn give_up() {
    if let Ok(event) = Event::new("em2:panic") {
        let _ = window().dispatch_event(&event);
    }
}

/// Calls `hear` at each event of this name, for as long as the page lives.
pub(crate) fn on<E: JsCast + 'static>(
    target: &EventTarget,
    name: &str,
    hear: impl Fn(E) + 'static,
) {
    let hear = Closure::<dyn Fn(Event)>::new(move |event: Event| hear(event.unchecked_into()));
    // Adding a listener is refused for no event name.
    let _ = target.add_event_listener_with_callback(name, hear.as_ref().unchecked_ref());
    hear.forget();
}

/// Ready after so many milliseconds.
pub(crate) async fn after(millis: u32) {
    let millis = i32::try_from(millis).unwrap_or(i32::MAX);
    let waits = Promise::new(&mut |ready, _| {
        // A window always has timers.
        let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(&ready, millis);
    });
    // A promise that only `ready` settles is never refused.
    let _ = JsFuture::from(waits).await;
}

/// A random UUID, lower-case and hyphenated.
pub(crate) fn random_uuid() -> String {
    // `randomUUID` is there on HTTPS and on loopback, which are the only places that em2 is served at.
    window()
        .crypto()
        .map(|crypto| crypto.random_uuid())
        .unwrap_or_default()
}

/// A random number, 0 up to and without 1.
pub(crate) fn random() -> f64 {
    js_sys::Math::random()
}

pub(crate) fn is_visible() -> bool {
    !document().hidden()
}

/// The `http` or `https` origin of the page, without its scheme and with `ws` in front.
pub(crate) fn socket_origin() -> String {
    let origin = window().location().origin().unwrap_or_default();
    origin.replacen("http", "ws", 1)
}

/// The device in front of a person.
pub(crate) struct Here;

impl Device for Here {
    fn now(&self) -> Time {
        Time(js_sys::Date::now() as i64)
    }

    fn offset(&self) -> i32 {
        -js_sys::Date::new_0().get_timezone_offset() as i32
    }

    fn remember_offset(&self, offset: i32) {
        let cookie = format!("offset={offset}; Path=/; Max-Age=31536000; SameSite=Lax");
        if let Ok(document) = document().dyn_into::<web_sys::HtmlDocument>() {
            // Cookies may be switched off: then the server goes on with what it knows.
            let _ = document.set_cookie(&cookie);
        }
    }

    fn after(&self, millis: u32) -> BoxFuture<'static, ()> {
        Box::pin(SendWrapper::new(after(millis)))
    }

    fn watch(&self, seen: Arc<dyn Fn(bool) + Send + Sync>) {
        seen(is_visible());
        on(&document(), "visibilitychange", move |_: Event| {
            seen(is_visible())
        });
    }

    fn keys(&self, hear: Arc<dyn Fn(Press) -> bool + Send + Sync>) {
        crate::keyboard::listen(hear);
    }

    fn focus(&self, id: &str) -> bool {
        by_id(id).is_some_and(|element| {
            let focused = element.focus().is_ok();
            if focused {
                element.scroll_into_view_with_scroll_into_view_options(&nearest());
            }
            focused
        })
    }

    fn set_title(&self, title: &str) {
        document().set_title(title);
    }

    fn focused(&self) -> Option<String> {
        let mut element: Option<Element> = document().active_element();
        while let Some(inner) = element {
            let id = inner.id();
            if !id.is_empty() {
                return Some(id);
            }
            element = inner.parent_element();
        }
        None
    }

    fn follow(&self, id: &str) -> bool {
        by_id(id).map(|element| element.click()).is_some()
    }

    fn setting(&self, name: &str) -> Option<String> {
        window().local_storage().ok()??.get_item(name).ok()?
    }

    fn set_setting(&self, name: &str, value: &str) {
        if let Ok(Some(storage)) = window().local_storage() {
            // Storage may be full or forbidden: then the setting lasts as long as the page.
            let _ = storage.set_item(name, value);
        }
    }
}

fn nearest() -> web_sys::ScrollIntoViewOptions {
    let options = web_sys::ScrollIntoViewOptions::new();
    options.set_block(web_sys::ScrollLogicalPosition::Nearest);
    options
}
