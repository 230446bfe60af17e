//! What happened besides messages, as a sentence.

use em2_model::address::Address;
use em2_model::participant::{History, Role};
use em2_model::wire::domestic::{Event, Person, What};
use leptos::prelude::*;

use super::icon::Icon;
use super::live::{live, maybe};
use super::names::{and, called};
use super::when::{Clock, Today, When};
use crate::paths;

/// What a role lets somebody do, after "can".
pub fn may(role: Role) -> &'static str {
    match role {
        Role::Read => "read",
        Role::Comment => "answer",
        Role::Write => "write",
        Role::Edit => "edit",
        Role::Admin => "manage people",
        Role::Owner => "do everything",
    }
}

fn scope(history: &History) -> &'static str {
    match history {
        History::All => "",
        History::From(_) => " with the history from one message on",
        History::Now => " from here on, without what was said before",
    }
}

/// An icon, who, and what: `who` is set in a heavier weight.
struct Told {
    icon: &'static str,
    who: String,
    did: String,
}

/// `Anna started this conversation with Bob and Carla`, of the events of one line.
fn tell(events: &[Event], me: &Address, clock: Clock) -> Option<Told> {
    let first = events.first()?;
    let who = called(&first.by, me);
    let people = |from: usize| {
        let added = events
            .iter()
            .skip(from)
            .filter_map(|event| match &event.what {
                What::PersonAdded { person, .. } => Some(you(person, me)),
                _ => None,
            });
        and(&added.collect::<Vec<_>>())
    };
    let (icon, did) = match &first.what {
        What::Published if events.len() == 1 => ("sent", "published this conversation".to_owned()),
        What::Published => (
            "sent",
            format!("published this conversation to {}", people(1)),
        ),
        What::Forked { .. } => (
            "sent",
            "went on here from an earlier conversation".to_owned(),
        ),
        What::SubjectChanged { subject } => ("edit", format!("changed the subject to “{subject}”")),
        What::PersonAdded { history, .. } => {
            ("people", format!("added {}{}", people(0), scope(history)))
        }
        What::PersonChanged { person, role } => {
            ("people", format!("let {} {}", you(person, me), may(*role)))
        }
        What::PersonRemoved { person } if person.address == first.by.address => {
            ("leave", "left".to_owned())
        }
        What::PersonRemoved { person } => ("leave", format!("removed {}", you(person, me))),
        What::LabelAdded { name, .. } => ("label", format!("added the label “{name}”")),
        What::LabelRemoved { name } => ("label", format!("removed the label “{name}”")),
        What::ExpiryChanged { expiry: Some(at) } => (
            "clock",
            format!("lets this conversation expire: {}", clock.long(*at)),
        ),
        What::ExpiryChanged { expiry: None } => ("clock", "lets this conversation stay".to_owned()),
        What::Expired => {
            return Some(Told {
                icon: "clock",
                who: String::new(),
                did: "This conversation has expired".to_owned(),
            });
        }
    };
    Some(Told { icon, who, did })
}

/// Somebody as the object of a sentence.
fn you(person: &Person, me: &Address) -> String {
    if person.address == *me {
        "you".to_owned()
    } else {
        person.name.clone()
    }
}

/// One line of the timeline that is not a message.
#[component]
pub fn EventLine(events: Vec<Event>, me: Address) -> impl IntoView {
    let at = events.last().map(|event| event.at);
    let origin = events.first().and_then(|event| match event.what {
        What::Forked { origin } => origin,
        _ => None,
    });
    let today = Today::here();
    live(move || {
        tell(&events, &me, today.get()).map(|Told { icon, who, did }| {
            view! {
                <p class="event">
                    <Icon name=icon/>
                    <span class="event-text" dir="auto">
                        <b>{who}</b>
                        {format!(" {did} ")}
                        {maybe(at.map(|at| view! { <When at/> }))}
                        {maybe(origin.map(|key| view! { " "<a class="quiet-link" href=paths::conversation(key)>"See all of it"</a> }))}
                    </span>
                </p>
            }
        })
    })
}
