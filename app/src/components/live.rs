//! A part of a page that comes and goes. One piece of compiled code draws all of them, whatever is in them.

use leptos::prelude::*;

/// What `draw` gives, again whenever a signal that it read has changed.
pub fn live<V: IntoAny>(draw: impl Fn() -> Option<V> + Send + 'static) -> AnyView {
    erased(Box::new(move || draw().map(IntoAny::into_any)))
}

fn erased(draw: Box<dyn Fn() -> Option<AnyView> + Send>) -> AnyView {
    view! { {move || draw()} }.into_any()
}
