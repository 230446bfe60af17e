//! Labels that all participants see.

use em2_model::wire::domestic::Label;
use leptos::prelude::*;

use super::avatar::hue;
use super::live::Erase;

/// The colours that `style/components/_label.css` knows; any other name gets one of the twelve hues.
const NAMED: [&str; 8] = [
    "grey", "red", "orange", "yellow", "green", "blue", "purple", "pink",
];

/// A label with its colour as a dot.
#[component]
pub fn LabelView(label: Label) -> impl IntoView {
    let named = NAMED
        .contains(&label.colour.as_str())
        .then(|| label.colour.clone());
    let hue = named.is_none().then(|| hue(&label.colour).to_string());
    view! {
        <span class="label">
            <span class="label-dot" data-colour=named data-hue=hue aria-hidden="true"></span>
            <bdi>{label.name}</bdi>
        </span>
    }
    .erase()
}
