//! Rows that stay in the page as long as they are called the same. One piece of compiled code draws all lists, whatever
//! their rows are.

use std::sync::Arc;

use leptos::prelude::*;

use super::live::Erase;

/// One row: what it is called among its siblings, and how it is drawn.
#[derive(Clone)]
pub struct Item {
    name: String,
    draw: Arc<dyn Fn() -> AnyView + Send + Sync>,
}

impl Item {
    pub fn new(name: String, draw: impl Fn() -> AnyView + Send + Sync + 'static) -> Item {
        let draw = Arc::new(draw);
        Item { name, draw }
    }
}

/// The rows in their order, again whenever a signal that `items` reads has changed.
pub fn rows(items: impl Fn() -> Vec<Item> + Send + Sync + 'static) -> AnyView {
    erased(Box::new(items))
}

fn erased(items: Box<dyn Fn() -> Vec<Item> + Send + Sync>) -> AnyView {
    let name = |item: &Item| item.name.clone();
    view! { <For each=items key=name children=|item: Item| (item.draw)()/> }.erase()
}
