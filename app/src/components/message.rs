//! A message as it stands now.

use em2_model::address::Address;
use em2_model::id::ConversationKey;
use em2_model::wire::domestic::{Conversation, Lock, Message, Standing};
use em2_model::{participant::Role, permit};
use leptos::prelude::*;

use super::avatar::Avatar;
use super::icon::Icon;
use super::lines::{excerpt, message_at};
use super::message_tools::MessageTools;
use super::names::{and, called, first_name};
use super::when::{Clock, When};
use crate::paths;

/// What a message needs to know of its conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Around {
    pub key: ConversationKey,
    pub me: Address,
    pub role: Role,
    pub present: bool,
    pub clock: Clock,
}

impl Around {
    /// Whether the reader may change, remove or recover this message.
    pub fn may_change(&self, message: &Message) -> bool {
        self.present && permit::change_message(self.role, message.author.address == self.me)
    }
}

/// The message in slot `seq` of the conversation.
#[component]
pub fn MessageView(
    conversation: Signal<Conversation>,
    seq: u64,
    under: bool,
    quotes: bool,
    #[prop(into)] clock: Clock,
) -> impl IntoView {
    let message = Memo::new(move |_| conversation.with(|it| message_at(it, seq).cloned()));
    let around = Memo::new(move |_| {
        conversation.with(|it| Around {
            key: it.key,
            me: it.me.clone(),
            role: it.role,
            present: it.present,
            clock,
        })
    });
    let readers = Memo::new(move |_| conversation.with(|it| readers(it, seq)));
    let quoted = quotes.then(|| view! { <Quoted conversation message/> });
    message.get_untracked().map(|first| {
        let by = called(&first.author, &around.get_untracked().me);
        let named = format!("{by}, {}", clock.long(first.at));
        view! {
            <article class="message" id=format!("m-{}", first.key.short()) data-under=under tabindex="-1" aria-label=named>
                <Avatar person=first.author/>
                <div class="message-main">
                    {move || message.get().map(|message| view! { <Head message around=around.get()/> })}
                    {quoted}
                    {move || message.get().map(|message| view! { <Body message around=around.get()/> })}
                    {move || readers.get().map(|readers| view! { <p class="message-read"><Icon name="check"/>{readers}</p> })}
                    {move || message.get().map(|message| view! { <MessageTools message around=around.get()/> })}
                </div>
            </article>
        }
    })
}

/// Who has read up to the message in slot `seq`, if it is the reader's own and they have not read a later one of them.
fn readers(conversation: &Conversation, seq: u64) -> Option<String> {
    let me = &conversation.me;
    let mine =
        |message: &Message| message.author.address == *me && message.standing == Standing::Present;
    message_at(conversation, seq).filter(|message| mine(message))?;
    let next = conversation.entries.iter().find_map(|entry| match entry {
        em2_model::wire::domestic::Entry::Message(message)
            if message.seq > seq && mine(message) =>
        {
            Some(message.seq)
        }
        _ => None,
    });
    let others = conversation
        .participants
        .iter()
        .filter(|person| person.address != *me);
    let read = others.clone().filter(|person| {
        person
            .seen
            .as_ref()
            .is_some_and(|seen| seen.seq >= seq && next.is_none_or(|next| seen.seq < next))
    });
    let names: Vec<String> = read
        .map(|person| first_name(&person.name).to_owned())
        .collect();
    match names.len() {
        0 => None,
        all if all > 1 && all == others.count() => Some("Read by everyone".to_owned()),
        1..=3 => Some(format!("Read by {}", and(&names))),
        many => Some(format!(
            "Read by {} and {} others",
            names[..2].join(", "),
            many - 2
        )),
    }
}

#[component]
fn Head(message: Message, around: Around) -> impl IntoView {
    let Around { key, me, clock, .. } = around;
    let edited = message
        .edited
        .filter(|_| message.standing == Standing::Present)
        .map(|edit| {
            let by = (edit.by.address != message.author.address)
                .then(|| format!(" by {}", first_name(&called(&edit.by, &me))));
            view! {
                <a class="message-edited" href=paths::history(key, message.key)>
                    "edited " {clock.long(edit.at)} {by}
                </a>
            }
        });
    view! {
        <header class="message-head">
            <bdi class="message-author">{called(&message.author, &me)}</bdi>
            <When at=message.at text=clock.long(message.at)/>
            {edited}
            {message.lock.map(|lock| view! { <Locked lock me clock/> })}
        </header>
    }
}

/// Who is editing, and for how long they still may without going on.
#[component]
pub fn Locked(lock: Lock, me: Address, clock: Clock) -> impl IntoView {
    let left = clock.minutes_until(lock.until);
    let who = first_name(&called(&lock.by, &me)).to_owned();
    let is = if lock.by.address == me { "are" } else { "is" };
    (left > 0).then(|| {
        view! {
            <span class="locked">
                <Icon name="lock"/>
                <span><bdi>{who}</bdi> {format!(" {is} editing, until {}", clock.time(lock.until))}</span>
            </span>
        }
    })
}

#[component]
fn Body(message: Message, around: Around) -> impl IntoView {
    let gone = |text: String| view! { <p class="message-gone" dir="auto">{text}</p> }.into_any();
    match message.standing {
        Standing::Present => {
            view! { <div class="message-body" dir="auto" data-plain=(message.format != em2_model::participant::Format::Markdown).then_some("") inner_html=message.html></div> }.into_any()
        }
        Standing::Removed(done) => gone(format!(
            "{} removed this message · {}",
            called(&done.by, &around.me),
            around.clock.long(done.at)
        )),
        Standing::Redacted(done) => gone(format!(
            "{} deleted this message for good · {}",
            called(&done.by, &around.me),
            around.clock.long(done.at)
        )),
        Standing::Withheld => gone("Written before you were added".to_owned()),
        Standing::Expired => gone("This message has expired".to_owned()),
    }
}

/// The message that this one answers, by its beginning.
#[component]
fn Quoted(conversation: Signal<Conversation>, message: Memo<Option<Message>>) -> impl IntoView {
    let quoted = Memo::new(move |_| {
        let parent = message.with(|message| message.as_ref().and_then(|message| message.parent))?;
        conversation.with(|it| {
            let text = match it.message(parent) {
                Some(message) if message.standing == Standing::Present => {
                    (called(&message.author, &it.me), excerpt(&message.html, 90))
                }
                Some(message) => (
                    called(&message.author, &it.me),
                    "a message that is gone".to_owned(),
                ),
                None => ("An earlier message".to_owned(), String::new()),
            };
            Some((paths::message(it.key, parent), text))
        })
    });
    move || {
        quoted.get().map(|(href, (who, text))| {
            view! {
                <a class="message-quoted" href=href>
                    <Icon name="reply"/>
                    <span dir="auto"><b>{who}</b> {format!(" {text}")}</span>
                </a>
            }
        })
    }
}
