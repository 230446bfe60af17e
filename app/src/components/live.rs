//! Views whose types are forgotten as early as can be: each type of a view is compiled anew, with all that a view can
//! do, and so is each closure that gives one.

use leptos::prelude::*;

/// Forgets the type of a view, and of the wrapper that `view!` puts around it.
pub trait Erase {
    fn erase(self) -> AnyView;
}

impl<T: IntoAny> Erase for View<T> {
    fn erase(self) -> AnyView {
        self.into_inner().into_any()
    }
}

impl Erase for AnyView {
    fn erase(self) -> AnyView {
        self
    }
}

/// What `draw` gives, again whenever a signal that it read has changed.
pub fn live<V: Erase>(draw: impl Fn() -> Option<V> + Send + 'static) -> AnyView {
    erased(Box::new(move || draw().map(Erase::erase)))
}

fn erased(draw: Box<dyn Fn() -> Option<AnyView> + Send>) -> AnyView {
    view! { {move || draw()} }.into_any()
}

/// A view that may not be there.
pub fn maybe<V: Erase>(view: Option<V>) -> AnyView {
    view.map(Erase::erase).into_any()
}

/// Views in a row.
pub trait Together {
    fn together(self) -> AnyView;
}

impl<I: Iterator<Item: Erase>> Together for I {
    fn together(self) -> AnyView {
        self.map(Erase::erase).collect::<Vec<_>>().into_any()
    }
}
