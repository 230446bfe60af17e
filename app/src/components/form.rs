//! Forms that work as they stand, and that a hydrated page takes over.

use em2_model::id::{ActionKey, ConversationKey};
use em2_model::wire::intent::{Fields, Intent};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use crate::backend::World;
use crate::paths;

/// The world as [`crate::app::App`] provides it.
pub fn use_world() -> World {
    // `App` is the root of every view and provides it first.
    expect_context::<World>()
}

/// The fields that a form carries unseen, in the order of [`Fields`].
fn hidden(fields: Fields) -> Vec<(&'static str, String)> {
    let key = |name, key: Option<ActionKey>| key.map(|key| (name, key.to_string()));
    [
        Some(("model", fields.model)),
        Some(("verb", fields.verb)),
        key("item", fields.item),
        key("follows", fields.follows),
        key("parent", fields.parent),
        key("from", fields.from),
        fields.history.map(|history| ("history", history)),
        fields.ttl.map(|ttl| ("ttl", ttl.to_string())),
        fields.seq.map(|seq| ("seq", seq.to_string())),
        fields.next.map(|next| ("next", next)),
    ]
    .into_iter()
    .flatten()
    .filter(|(_, value)| !value.is_empty())
    .collect()
}

/// A form that posts `fields`, with an idempotency key of its own, to `action`. Hydrated, `on_submit` takes its place.
#[component]
pub fn PostForm(
    #[prop(into)] action: String,
    fields: Fields,
    #[prop(default = "")] class: &'static str,
    #[prop(optional_no_strip)] on_submit: Option<Callback<()>>,
    children: Children,
) -> impl IntoView {
    let submit = move |event: SubmitEvent| {
        if let Some(on_submit) = on_submit {
            event.prevent_default();
            on_submit.run(());
        }
    };
    let key = use_world().fresh_key();
    let fields = hidden(fields)
        .into_iter()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value/> })
        .collect_view();
    view! {
        <form method="post" action=action class=class on:submit=submit>
            {fields}
            <input type="hidden" name="idempotency_key" value=key/>
            {children()}
        </form>
    }
}

/// A button that does one thing to a conversation and then shows the page `next`.
#[component]
pub fn Act(
    key: ConversationKey,
    intent: Intent,
    next: String,
    #[prop(default = "")] class: &'static str,
    children: Children,
) -> impl IntoView {
    let fields = Fields {
        next: Some(next),
        ..intent.into()
    };
    view! { <PostForm action=paths::evt(key.into()) fields class>{children()}</PostForm> }
}
