//! Who takes part, how far they have read, and what they may do.

use em2_model::id::{ActionKey, Time};
use em2_model::participant::Role;
use em2_model::permit;
use em2_model::wire::domestic::{Conversation, Participant};
use em2_model::wire::intent::{Fields, Intent};
use leptos::prelude::*;

use super::avatar::Avatar;
use super::event::may;
use super::form::{Act, PostForm};
use super::icon::Icon;
use super::live::{Erase, Together, live, maybe};
use super::names::{count, person};
use super::people_add::AddPerson;
use super::problem::Problem;
use super::rows::{Item, rows};
use super::when::When;
use crate::paths;
use crate::state::deed::Deed;
use crate::state::open::Open;
use crate::state::timeline::messages;

/// Who takes part, beside the conversation; `from` is the message from which a newcomer may read.
#[component]
pub fn PeoplePanel(open: Open, from: Option<ActionKey>) -> impl IntoView {
    let people = open.part(|it| it.participants.clone());
    let total = move || {
        count(
            people.with(Vec::len),
            "person takes part",
            "people take part",
        )
    };
    view! {
        <aside class="panel" aria-label="People">
            <header class="panel-head">
                <h2>"People"</h2>
                <a class="tool" href=paths::conversation(open.key) title="Close" aria-label="Close"><Icon name="close"/></a>
            </header>
            <AddPerson open from/>
            <p class="panel-count">{move || total()}</p>
            <ul class="people">
                {rows(move || people.get().into_iter().map(|who| drawn(who, open)).collect())}
            </ul>
        </aside>
    }
    .erase()
}

/// A person who has read on, or whose role has changed, is drawn again.
fn drawn(who: Participant, open: Open) -> Item {
    let read = who.seen.as_ref().map_or(0, |seen| seen.seq);
    let name = format!("{} {} {read}", who.item, who.head);
    Item::new(name, move || {
        view! { <PersonLine who=who.clone() open/> }.erase()
    })
}

/// How far somebody has read, in words, and when they did.
fn read(conversation: &Conversation, who: &Participant) -> (&'static str, Option<Time>) {
    let newest = messages(conversation)
        .next_back()
        .map(|message| message.seq);
    match &who.seen {
        None => ("Has not read yet", None),
        Some(seen) if newest.is_none_or(|newest| seen.seq >= newest) => {
            ("Has read everything · ", Some(seen.at))
        }
        Some(seen) => ("Last read ", Some(seen.at)),
    }
}

/// The roles that somebody with the role `mine` may give.
pub fn roles(mine: Role) -> impl Iterator<Item = Role> {
    Role::ALL
        .iter()
        .copied()
        .filter(move |role| permit::add_participant(mine, *role))
}

#[component]
fn PersonLine(who: Participant, open: Open) -> impl IntoView {
    let (me, mine, present) = open
        .conversation
        .with_untracked(|it| (it.me.clone(), it.role, it.present));
    let oneself = who.address == me;
    let asked = who.clone();
    let read = open.part(move |it| read(it, &asked));
    let role = if present && !oneself && permit::modify_participant(mine, who.role, None) {
        view! { <RoleForm who=who.clone() open mine/> }.erase()
    } else {
        view! { <span class="person-role">{format!("can {}", may(who.role))}</span> }.erase()
    };
    let may_remove = present && permit::remove_participant(mine, who.role, oneself);
    let remove = may_remove.then(|| view! { <RemovePerson who=who.clone() open oneself/> });
    view! {
        <li class="person">
            <Avatar person=person(&who)/>
            <div class="person-main">
                <bdi class="person-name">{if oneself { "You".to_owned() } else { who.name.clone() }}</bdi>
                <bdi class="person-address">{who.address.to_string()}</bdi>
                {maybe((!oneself).then(|| view! {
                    <span class="person-read">
                        {move || read.get().0}
                        {live(move || read.get().1.map(|at| view! { <When at/> }))}
                    </span>
                }))}
                {role}
            </div>
            {maybe(remove)}
        </li>
    }
    .erase()
}

#[component]
fn RemovePerson(who: Participant, open: Open, oneself: bool) -> impl IntoView {
    let intent = Intent::ParticipantRemove {
        item: who.item,
        follows: Some(who.head),
    };
    let (title, icon) = if oneself {
        ("Leave this conversation".to_owned(), "leave")
    } else {
        (format!("Remove {}", who.name), "close")
    };
    view! {
        <Act open intent next=paths::people(open.key)>
            <button class="tool" title=title.clone() aria-label=title><Icon name=icon/></button>
        </Act>
    }
    .erase()
}

/// Changes what somebody may do.
#[component]
fn RoleForm(who: Participant, open: Open, mine: Role) -> impl IntoView {
    let (item, head) = (who.item, who.head);
    let fields = Fields {
        model: "participant".to_owned(),
        verb: "modify".to_owned(),
        item: Some(item),
        follows: Some(head),
        next: Some(paths::people(open.key)),
        ..Fields::default()
    };
    let chosen = RwSignal::new(who.role.as_str().to_owned());
    let deed = Deed::new();
    let change = Callback::new(move |()| {
        if let Ok(role) = chosen.get_untracked().parse() {
            open.act(
                deed,
                Intent::ParticipantModify {
                    item,
                    follows: Some(head),
                    role,
                },
                || {},
            );
        }
    });
    let options = roles(mine)
        .map(|role| view! { <option value=role.as_str() selected={role == who.role}>{format!("can {}", may(role))}</option> })
        .together();
    view! {
        <PostForm action=paths::evt(open.key.into()) fields class="role-form" on_submit=Some(change)>
            <select
                class="select"
                name="role"
                aria-label=format!("What {} may do", who.name)
                on:change=move |event| chosen.set(event_target_value(&event))
            >
                {options}
            </select>
            <button class="button" data-kind="small">"Change"</button>
            {live(move || deed.refusal().map(|refusal| view! { <Problem refusal/> }))}
        </PostForm>
    }
    .erase()
}
