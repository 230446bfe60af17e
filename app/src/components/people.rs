//! Who takes part, how far they have read, and what they may do.

use em2_model::id::{ActionKey, ConversationKey};
use em2_model::participant::Role;
use em2_model::permit;
use em2_model::wire::domestic::{Conversation, Entry, Participant};
use em2_model::wire::intent::{Fields, Intent};
use leptos::prelude::*;

use super::avatar::Avatar;
use super::event::may;
use super::form::{Act, PostForm};
use super::icon::Icon;
use super::names::{count, person};
use super::people_add::AddPerson;
use super::when::Clock;
use crate::paths;

/// How far somebody has read, in words.
fn read(conversation: &Conversation, who: &Participant, clock: Clock) -> String {
    let newest = conversation
        .entries
        .iter()
        .rev()
        .find_map(|entry| match entry {
            Entry::Message(message) => Some(message.seq),
            Entry::Event(_) => None,
        });
    match &who.seen {
        None => "Has not read yet".to_owned(),
        Some(seen) if newest.is_none_or(|newest| seen.seq >= newest) => {
            format!("Read everything · {}", clock.long(seen.at))
        }
        Some(seen) => format!("Last read {}", clock.long(seen.at)),
    }
}

/// The roles that somebody with the role `mine` may give.
pub fn roles(mine: Role) -> impl Iterator<Item = Role> {
    Role::ALL
        .iter()
        .copied()
        .filter(move |role| permit::add_participant(mine, *role))
}

/// Who takes part, beside the conversation; `from` is the message from which a newcomer may read.
#[component]
pub fn PeoplePanel(
    conversation: Signal<Conversation>,
    clock: Clock,
    #[prop(optional_no_strip)] from: Option<ActionKey>,
) -> impl IntoView {
    let key = conversation.with_untracked(|it| it.key);
    view! {
        <aside class="panel" aria-label="People">
            <header class="panel-head">
                <h2>"People"</h2>
                <a class="tool" href=paths::conversation(key) title="Close" aria-label="Close"><Icon name="close"/></a>
            </header>
            <AddPerson conversation from/>
            <People conversation clock/>
        </aside>
    }
}

/// The people of a conversation.
#[component]
fn People(conversation: Signal<Conversation>, clock: Clock) -> impl IntoView {
    let people = Memo::new(move |_| conversation.with(|it| it.participants.clone()));
    view! {
        <ul class="people">
            <For each=move || people.get() key=|who| (who.item, who.head, who.seen.as_ref().map(|seen| seen.seq)) let:who>
                <PersonLine who conversation clock/>
            </For>
        </ul>
        <p class="people-count">
            {move || count(people.with(Vec::len), "person takes part", "people take part")}
        </p>
    }
}

#[component]
fn PersonLine(who: Participant, conversation: Signal<Conversation>, clock: Clock) -> impl IntoView {
    let (key, me, mine, present, read) = conversation.with_untracked(|it| {
        (
            it.key,
            it.me.clone(),
            it.role,
            it.present,
            read(it, &who, clock),
        )
    });
    let oneself = who.address == me;
    let may_change = present && !oneself && permit::modify_participant(mine, who.role, None);
    let may_remove = present && permit::remove_participant(mine, who.role, oneself);
    let role = if may_change {
        view! { <RoleForm who=who.clone() key mine/> }.into_any()
    } else {
        view! { <span class="person-role">{format!("can {}", may(who.role))}</span> }.into_any()
    };
    let remove = may_remove.then(|| {
        let intent = Intent::ParticipantRemove { item: who.item, follows: Some(who.head) };
        let (title, next) = if oneself {
            ("Leave this conversation".to_owned(), paths::conversation(key))
        } else {
            (format!("Remove {}", who.name), paths::people(key))
        };
        view! {
            <Act key intent next>
                <button class="tool" title=title.clone() aria-label=title><Icon name=if oneself { "leave" } else { "close" }/></button>
            </Act>
        }
    });
    view! {
        <li class="person">
            <Avatar person=person(&who)/>
            <div class="person-main">
                <bdi class="person-name">{if oneself { "You".to_owned() } else { who.name.clone() }}</bdi>
                <bdi class="person-address">{who.address.to_string()}</bdi>
                {(!oneself).then_some(view! { <span class="person-read">{read}</span> })}
                {role}
            </div>
            {remove}
        </li>
    }
}

/// Changes what somebody may do.
#[component]
fn RoleForm(who: Participant, key: ConversationKey, mine: Role) -> impl IntoView {
    let fields = Fields {
        model: "participant".to_owned(),
        verb: "modify".to_owned(),
        item: Some(who.item),
        follows: Some(who.head),
        next: Some(paths::people(key)),
        ..Fields::default()
    };
    let options = roles(mine)
        .map(|role| view! { <option value=role.as_str() selected={role == who.role}>{format!("can {}", may(role))}</option> })
        .collect_view();
    view! {
        <PostForm action=paths::evt(key.into()) fields class="role-form">
            <select class="select" name="role" aria-label=format!("What {} may do", who.name)>{options}</select>
            <button class="button" data-kind="small">"Change"</button>
        </PostForm>
    }
}
