//! The one text area. Leptos 0.8 writes the children of `<textarea>` unescaped and renders no `prop:value` on the
//! server, so the text goes in as escaped inner HTML.

use leptos::html::Textarea;
use leptos::prelude::*;

use super::escape::escaped;
use super::live::Erase;
use crate::state::effect::effect;

/// The text as HTML behind a leading newline: parsers drop the first newline after `<textarea>`, and only that one.
fn content(text: &str) -> String {
    format!("\n{}", escaped(text))
}

/// A text area bound to `text`, in a form as the field `name`. What was typed before hydration wins over `text`.
#[component]
pub fn TextArea(
    name: &'static str,
    #[prop(optional)] id: Option<&'static str>,
    /// Its accessible name.
    label: &'static str,
    text: RwSignal<String>,
    #[prop(optional)] placeholder: &'static str,
    #[prop(default = 2)] rows: u32,
    #[prop(optional)] required: bool,
    #[prop(optional)] node: NodeRef<Textarea>,
) -> impl IntoView {
    let first = text.get_untracked();
    let inner = content(&first);
    effect(move |starting| {
        let wanted = text.get().replace("\r\n", "\n");
        let Some(area) = node.get() else { return };
        let shown = area.value();
        if shown == wanted {
            return;
        }
        // Set as inner HTML in a browser, the leading newline stays.
        let rendered = shown.strip_prefix('\n').is_some_and(|rest| rest == wanted);
        if starting && !rendered {
            text.set(shown)
        } else {
            area.set_value(&wanted)
        }
    });
    view! {
        <textarea
            class="text-area"
            name=name
            id=id
            aria-label=label
            placeholder=placeholder
            rows=rows
            required=required
            dir="auto"
            node_ref=node
            on:input=move |event| text.set(event_target_value(&event))
            inner_html=inner
        ></textarea>
    }
    .erase()
}
