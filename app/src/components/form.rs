//! Forms that work as they stand, and that a hydrated page takes over.

use em2_model::id::ActionKey;
use em2_model::refusal::Refusal;
use em2_model::wire::intent::{Fields, Intent};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::live::{Erase, Together};
use crate::backend::World;
use crate::paths;
use crate::state::deed::Deed;
use crate::state::desk::Desk;
use crate::state::effect::effect;
use crate::state::open::Open;

/// The world as [`crate::app::App`]'s caller provides it.
pub fn use_world() -> World {
    // Whoever renders or hydrates `App` provides it first.
    expect_context::<World>()
}

/// The refusal of something that has no place of its own to say it, provided once and shown by `Notices`.
#[derive(Clone, Copy)]
pub struct Notice(pub RwSignal<Option<Refusal>>);

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
    #[prop(optional, into)] class: Option<&'static str>,
    #[prop(optional_no_strip)] on_submit: Option<Callback<()>>,
    children: Children,
) -> impl IntoView {
    let submit = move |event: SubmitEvent| {
        // A button that leads elsewhere does so.
        let leads = event
            .submitter()
            .is_some_and(|button| button.has_attribute("formaction"));
        if let Some(on_submit) = on_submit.filter(|_| !leads) {
            event.prevent_default();
            on_submit.run(());
        }
    };
    let key = use_world().fresh_key();
    let input = |(name, value)| view! { <input type="hidden" name=name value=value/> };
    let inputs = hidden(fields).into_iter().map(input).together();
    let class = class.filter(|class| !class.is_empty());
    view! {
        <form method="post" action=action class=class on:submit=submit>
            {inputs}
            <input type="hidden" name="idempotency_key" value=key/>
            {children()}
        </form>
    }
    .erase()
}

/// A button that does one thing to the open conversation. What refuses it is shown as a notice.
#[component]
pub fn Act(
    open: Open,
    intent: Intent,
    /// The page to show afterwards, where the form is sent as it stands.
    next: String,
    #[prop(optional, into)] class: Option<&'static str>,
    /// Does it in another way.
    #[prop(optional)]
    instead: Option<Callback<()>>,
    /// The id of what gets the focus afterwards: the button may be gone by then.
    #[prop(optional)]
    focus: Option<String>,
    children: Children,
) -> impl IntoView {
    let fields = Fields {
        next: Some(next),
        ..intent.clone().into()
    };
    let deed = Deed::new();
    let desk = Desk::here();
    let notice = use_context::<Notice>();
    let act = Callback::new(move |()| {
        let focus = focus.clone();
        open.act(deed, intent.clone(), move || {
            if let Some(id) = focus {
                desk.focus(&id);
            }
        });
    });
    effect(move |_| {
        if let (Some(Notice(notice)), Some(refusal)) = (notice, deed.refusal()) {
            notice.set(Some(refusal));
        }
    });
    view! {
        <PostForm action=paths::evt(open.key.into()) fields class=class.unwrap_or_default() on_submit=Some(instead.unwrap_or(act))>
            {children()}
        </PostForm>
    }
    .erase()
}
