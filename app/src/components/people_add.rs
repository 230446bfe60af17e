//! Adding somebody: adding is sending.

use em2_model::id::ActionKey;
use em2_model::participant::{History, Role};
use em2_model::permit;
use em2_model::wire::domestic::Conversation;
use em2_model::wire::intent::{Fields, Intent};
use leptos::prelude::*;

use super::event::may;
use super::form::PostForm;
use super::input::TextInput;
use super::lines::excerpt;
use super::live::{Erase, Together, live};
use super::people::roles;
use super::problem::Problem;
use crate::paths;
use crate::refused::refused_by;
use crate::state::anchors;
use crate::state::deed::Deed;
use crate::state::open::Open;

/// The choices of how much a newcomer sees, each as the field's word and a sentence.
fn scopes(conversation: &Conversation, from: Option<ActionKey>) -> Vec<(&'static str, String)> {
    let me = conversation
        .participants
        .iter()
        .find(|person| person.address == conversation.me);
    let mut scopes = Vec::new();
    if me.is_some_and(|me| me.history == History::All) {
        scopes.push(("all", "Everything so far".to_owned()));
    }
    if let Some(message) = from.and_then(|from| conversation.message(from)) {
        scopes.push(("from", format!("From “{}” on", excerpt(&message.html, 40))));
    }
    scopes.push(("now", "Only what comes from now on".to_owned()));
    scopes
}

/// The form that adds a person, where the reader may; `from` is the message that a link chose.
#[component]
pub fn AddPerson(open: Open, from: Option<ActionKey>) -> impl IntoView {
    let may_add = open
        .part(|it| (it.present && permit::add_participant(it.role, Role::Read)).then_some(it.role));
    live(move || {
        may_add
            .get()
            .map(|mine| view! { <AddForm open mine from/> })
    })
}

#[component]
fn AddForm(open: Open, mine: Role, from: Option<ActionKey>) -> impl IntoView {
    let refused = refused_by("participant", "add");
    let entered = refused
        .as_ref()
        .map(|refused| refused.fields.clone())
        .unwrap_or_default();
    let from = entered.from.or(from);
    let scopes = open.conversation.with_untracked(|it| scopes(it, from));
    let chosen = entered
        .history
        .or_else(|| from.map(|_| "from".to_owned()))
        .unwrap_or_else(|| scopes[0].0.to_owned());
    let address = RwSignal::new(entered.address.unwrap_or_default());
    let role = RwSignal::new(
        entered
            .role
            .unwrap_or_else(|| mine.min(Role::Write).as_str().to_owned()),
    );
    let history = RwSignal::new(chosen);
    let fields = Fields {
        model: "participant".to_owned(),
        verb: "add".to_owned(),
        from,
        next: Some(paths::people(open.key)),
        ..Fields::default()
    };
    let (deed, wrong) = (Deed::new(), RwSignal::new(None));
    let add = Callback::new(move |()| {
        let typed = Fields {
            model: "participant".to_owned(),
            verb: "add".to_owned(),
            address: Some(address.get_untracked()),
            role: Some(role.get_untracked()),
            history: Some(history.get_untracked()),
            from,
            ..Fields::default()
        };
        let intent = Intent::try_from(typed);
        wrong.set(intent.as_ref().err().cloned());
        if let Ok(intent) = intent {
            open.act(deed, intent, move || address.set(String::new()));
        }
    });
    let problem = move || {
        let before = refused.as_ref().map(|refused| refused.refusal.clone());
        wrong.get().or_else(|| deed.refusal()).or(before)
    };
    view! {
        <PostForm action=paths::evt(open.key.into()) fields class="add-person" on_submit=Some(add)>
            <h3>"Add somebody"</h3>
            {live(move || problem().map(|refusal| view! { <Problem refusal/> }))}
            <label class="field">
                <span>"Address"</span>
                <TextInput name="address" id=anchors::ADD_PERSON text=address kind="email" placeholder="name@example.org" required=true/>
            </label>
            <label class="field">
                <span>"What they may do"</span>
                <Choice name="role" chosen=role options=roles(mine).map(|role| (role.as_str(), format!("They can {}", may(role)))).collect()/>
            </label>
            <label class="field">
                <span>"What they can read"</span>
                <Choice name="history" chosen=history options=scopes/>
            </label>
            <button class="button" data-kind="primary" disabled=move || deed.doing()>"Add"</button>
            <button class="button" formaction=paths::preview(open.key) formmethod="get" formtarget="_blank">"Preview as them"</button>
        </PostForm>
    }
    .erase()
}

/// One of several words.
#[component]
fn Choice(
    name: &'static str,
    chosen: RwSignal<String>,
    options: Vec<(&'static str, String)>,
) -> impl IntoView {
    let first = chosen.get_untracked();
    let options = options
        .into_iter()
        .map(|(word, says)| view! { <option value=word selected={word == first}>{says}</option> })
        .together();
    view! {
        <select class="select" name=name on:change=move |event| chosen.set(event_target_value(&event))>{options}</select>
    }
    .erase()
}
