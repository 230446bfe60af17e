//! One line of text.

use super::live::Erase;
use crate::state::effect::effect;
use leptos::html::Input;
use leptos::prelude::*;

/// A field bound to `text`. What was typed before hydration wins over `text`.
#[component]
pub fn TextInput(
    name: &'static str,
    text: RwSignal<String>,
    #[prop(optional)] id: Option<&'static str>,
    /// Its accessible name, where no `<label>` names it.
    #[prop(optional)]
    label: Option<&'static str>,
    #[prop(default = "text")] kind: &'static str,
    #[prop(optional)] placeholder: &'static str,
    #[prop(optional)] autocomplete: Option<&'static str>,
    #[prop(optional)] limit: Option<u32>,
    #[prop(optional)] required: bool,
    #[prop(optional)] node: NodeRef<Input>,
) -> impl IntoView {
    let first = text.get_untracked();
    let rendered = first.clone();
    effect(move |starting| {
        let wanted = text.get();
        let Some(field) = node.get() else { return };
        let shown = field.value();
        if starting && shown != rendered {
            text.set(shown);
        } else if shown != wanted {
            field.set_value(&wanted);
        }
    });
    view! {
        <input
            class="input"
            type=kind
            name=name
            id=id
            aria-label=label
            placeholder=placeholder
            autocomplete=autocomplete.unwrap_or("off")
            maxlength=limit.map(|limit| limit.to_string())
            required=required
            dir="auto"
            value=first
            node_ref=node
            on:input=move |event| text.set(event_target_value(&event))
        />
    }
    .erase()
}
