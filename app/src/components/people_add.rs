//! Adding somebody: adding is sending.

use em2_model::id::{ActionKey, ConversationKey};
use em2_model::participant::{History, Role};
use em2_model::permit;
use em2_model::wire::domestic::Conversation;
use em2_model::wire::intent::Fields;
use leptos::prelude::*;

use super::event::may;
use super::form::PostForm;
use super::input::TextInput;
use super::lines::excerpt;
use super::people::roles;
use super::problem::Problem;
use crate::paths;
use crate::refused::refused_by;

/// The choices of how much a newcomer sees, each as the field's word and a sentence.
fn scopes(conversation: &Conversation, from: Option<ActionKey>) -> Vec<(&'static str, String)> {
    let me = conversation
        .participants
        .iter()
        .find(|person| person.address == conversation.me);
    let all = me.is_some_and(|me| me.history == History::All);
    let mut scopes = Vec::new();
    if all {
        scopes.push(("all", "Everything so far".to_owned()));
    }
    if let Some(message) = from.and_then(|from| conversation.message(from)) {
        let said = excerpt(&message.html, 40);
        scopes.push(("from", format!("From “{said}” on")));
    }
    scopes.push(("now", "Only what comes from now on".to_owned()));
    scopes
}

/// The form that adds a person, where the reader may; `from` is the message that a link chose.
#[component]
pub fn AddPerson(
    conversation: Signal<Conversation>,
    #[prop(optional_no_strip)] from: Option<ActionKey>,
) -> impl IntoView {
    let may_add = Memo::new(move |_| {
        conversation.with(|it| {
            (it.present && permit::add_participant(it.role, Role::Read))
                .then_some((it.key, it.role))
        })
    });
    move || {
        may_add
            .get()
            .map(|(key, mine)| view! { <AddForm conversation key mine from/> })
    }
}

#[component]
fn AddForm(
    conversation: Signal<Conversation>,
    key: ConversationKey,
    mine: Role,
    #[prop(optional_no_strip)] from: Option<ActionKey>,
) -> impl IntoView {
    let refused = refused_by("participant", "add");
    let entered = refused
        .as_ref()
        .map(|refused| refused.fields.clone())
        .unwrap_or_default();
    let address = RwSignal::new(entered.address.unwrap_or_default());
    let chosen_role = entered
        .role
        .unwrap_or_else(|| mine.min(Role::Write).as_str().to_owned());
    let from = entered.from.or(from);
    let fields = Fields {
        model: "participant".to_owned(),
        verb: "add".to_owned(),
        from,
        next: Some(paths::people(key)),
        ..Fields::default()
    };
    let scopes = conversation.with_untracked(|it| scopes(it, from));
    let chosen = entered
        .history
        .or_else(|| from.map(|_| "from".to_owned()))
        .unwrap_or_else(|| scopes[0].0.to_owned());
    let scopes = scopes
        .into_iter()
        .map(|(word, says)| view! { <option value=word selected={word == chosen}>{says}</option> })
        .collect_view();
    let roles = roles(mine)
        .map(|role| view! { <option value=role.as_str() selected={role.as_str() == chosen_role}>{format!("They can {}", may(role))}</option> })
        .collect_view();
    view! {
        <PostForm action=paths::evt(key.into()) fields class="add-person">
            <h3>"Add somebody"</h3>
            {refused.map(|refused| view! { <Problem refusal=refused.refusal/> })}
            <label class="field">
                <span>"Address"</span>
                <TextInput name="address" id="add-person" text=address kind="email" placeholder="name@example.org" required=true/>
            </label>
            <label class="field"><span>"What they may do"</span><select class="select" name="role">{roles}</select></label>
            <label class="field"><span>"What they can read"</span><select class="select" name="history">{scopes}</select></label>
            <button class="button" data-kind="primary">"Add"</button>
        </PostForm>
    }
}
