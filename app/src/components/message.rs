//! A message as it stands now, from the moment it was sent.

use em2_model::address::Address;
use em2_model::id::ActionKey;
use em2_model::participant::Format;
use em2_model::wire::domestic::{BEFORE, Conversation, Done, Message, Person, Standing};
use leptos::prelude::*;

use super::avatar::Avatar;
use super::icon::Icon;
use super::inline_editor::{InlineEditor, LockRefused};
use super::letter::{LetterBody, LetterHead};
use super::lines::{excerpt, next_own, stance};
use super::live::{Erase, live, maybe};
use super::locked::Locked;
use super::message_tools::MessageTools;
use super::names::{and, called, first_name};
use super::when::{Today, When};
use crate::paths;
use crate::state::anchors;
use crate::state::desk::Desk;
use crate::state::open::Open;
use crate::state::outbox::Letter;
use crate::state::timeline::{Line, LineKey};

/// One row: a letter on its way becomes the message in the same place.
#[component]
pub fn MessageRow(key: LineKey, open: Open) -> impl IntoView {
    let line = open.line(key);
    let message = Memo::new(move |_| match line.get() {
        Some(Line::Message(message)) => Some(message),
        _ => None,
    });
    let letter = Memo::new(move |_| match line.get() {
        Some(Line::Letter(letter)) => Some(letter),
        _ => None,
    });
    let author = line.with_untracked(|line| match line {
        Some(Line::Message(message)) => message.author.clone(),
        _ => Desk::here().session.with_value(|me| Person {
            address: me.address.clone(),
            name: me.name.clone(),
        }),
    });
    let id = move || {
        message.with(|message| {
            message
                .as_ref()
                .map(|message| anchors::message(&message.key))
        })
    };
    let stance = Memo::new(move |_| {
        let key = message.with(|message| message.as_ref().map(|message| message.key))?;
        Some(open.conversation.with(|it| stance(it, key)))
    });
    let today = Today::here();
    let me = open.conversation.with_untracked(|it| it.me.clone());
    let name = move || {
        message.with(|message| {
            message
                .as_ref()
                .map(|it| format!("{}, {}", called(&it.author, &me), today.get().long(it.at)))
        })
    };
    view! {
        <article
            class="message"
            id=id
            tabindex="-1"
            aria-label=name
            data-under=move || stance.get().is_some_and(|stance| stance.under)
            data-sending=move || letter.with(Option::is_some)
        >
            <Avatar person=author/>
            <div class="message-main">
                {live(move || letter.get().map(|letter| letter_view(letter, open)))}
                {live(move || message.with(|message| message.as_ref().map(|message| message.key)).map(|key| {
                    view! { <Content open message key=key/> }
                }))}
            </div>
        </article>
    }
    .erase()
}

fn letter_view(letter: Letter, open: Open) -> AnyView {
    view! {
        <LetterHead letter=letter.clone()/>
        <LetterBody letter open/>
    }
    .erase()
}

/// What is inside a row; each part is drawn again only when it has changed.
#[component]
fn Content(open: Open, message: Memo<Option<Message>>, key: ActionKey) -> impl IntoView {
    let body = Memo::new(move |_| {
        let part = |it: &Message| (it.standing.clone(), it.html.clone(), it.format);
        message.with(|message| message.as_ref().map(part))
    });
    let readers = open.part(move |it| it.message(key).and_then(|message| readers(it, message)));
    let quotes = open.part(move |it| stance(it, key).quotes);
    let me = StoredValue::new(open.conversation.with_untracked(|it| it.me.clone()));
    let editing = move || open.editor.edits(key);
    view! {
        <Head open message/>
        {live(move || quotes.get().then(|| view! { <Quoted open message/> }))}
        {move || if editing() {
            view! { <InlineEditor open/> }.erase()
        } else {
            maybe(body.get().map(|(standing, html, format)| body_view(standing, html, format, &me.get_value())))
        }}
        <LockRefused open message=key/>
        {live(move || readers.get().map(|said| view! { <p class="message-read"><Icon name="check"/>{said}</p> }))}
        {live(move || (!editing()).then(|| view! { <MessageTools open message/> }))}
    }
    .erase()
}

/// Who has read up to this message, if it is the reader's own and they have not read a later one of them.
fn readers(conversation: &Conversation, message: &Message) -> Option<String> {
    let is_own = message.author.address == conversation.me && message.seq != BEFORE;
    if !is_own || message.standing != Standing::Present {
        return None;
    }
    let next = next_own(conversation, message);
    let others = conversation
        .participants
        .iter()
        .filter(|person| person.address != conversation.me);
    let read = others.clone().filter(|person| {
        let seen = person.seen.as_ref().map_or(0, |seen| seen.seq);
        seen >= message.seq && next.is_none_or(|next| seen < next)
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
fn Head(open: Open, message: Memo<Option<Message>>) -> impl IntoView {
    let me = open.conversation.with_untracked(|it| it.me.clone());
    let lock = Signal::derive(move || {
        message.with(|message| message.as_ref().and_then(|it| it.lock.clone()))
    });
    let edited = Memo::new(move |_| {
        message.with(|message| {
            let message = message
                .as_ref()
                .filter(|message| message.standing == Standing::Present)?;
            let Done { by, at, .. } = message.edited.clone()?;
            Some((
                message.key,
                at,
                (by.address != message.author.address).then_some(by),
            ))
        })
    });
    maybe(message.get_untracked().map(|first| {
        let by = me.clone();
        view! {
            <header class="message-head">
                <bdi class="message-author">{called(&first.author, &me)}</bdi>
                <When at=first.at/>
                {live(move || message.with(|it| it.as_ref().is_some_and(Message::is_unconfirmed)).then(|| view! {
                    <span class="message-unconfirmed">"not confirmed yet"</span>
                }))}
                {live(move || edited.get().map(|(key, at, editor)| view! {
                    <a class="quiet-link" href=paths::history(open.key, key)>
                        "edited " <When at=at/>
                        {editor.map(|editor| format!(" by {}", first_name(&called(&editor, &by))))}
                    </a>
                }))}
                <Locked lock me/>
            </header>
        }
    }))
}

/// What a message says.
pub fn written(html: String, format: Format) -> AnyView {
    let plain = format == Format::Plain;
    view! { <div class="message-body" dir="auto" data-plain=plain inner_html=html></div> }.erase()
}

fn body_view(standing: Standing, html: String, format: Format, me: &Address) -> AnyView {
    let done = |done: Done, did: &str| {
        let said = format!("{} {did} · ", called(&done.by, me));
        view! { <p class="message-gone" dir="auto">{said}<When at=done.at/></p> }.erase()
    };
    let gone = |said: &'static str| view! { <p class="message-gone">{said}</p> }.erase();
    match standing {
        Standing::Present => written(html, format),
        Standing::Removed(by) => done(by, "removed this message"),
        Standing::Redacted(by) => done(by, "deleted this message for good"),
        Standing::Withheld => gone("Written before you were added."),
        Standing::Expired => gone("This message has expired."),
    }
}

/// The message that this one answers, by its beginning.
#[component]
fn Quoted(open: Open, message: Memo<Option<Message>>) -> impl IntoView {
    let parent = Memo::new(move |_| {
        message.with(|message| message.as_ref().and_then(|message| message.parent))
    });
    let quoted = open.part(move |it| parent.get().map(|parent| (parent, said(it, parent))));
    live(move || {
        quoted.get().map(|(parent, (who, text))| {
            view! {
                <a class="message-quoted" href=paths::message(open.key, parent)>
                    <Icon name="reply"/>
                    <span dir="auto"><b>{who}</b> {format!(" {text}")}</span>
                </a>
            }
        })
    })
}

/// Whose message it is, and how it begins.
pub fn said(conversation: &Conversation, message: ActionKey) -> (String, String) {
    match conversation.message(message) {
        Some(it) if it.standing == Standing::Present => {
            (called(&it.author, &conversation.me), excerpt(&it.html, 90))
        }
        Some(it) => (
            called(&it.author, &conversation.me),
            "wrote a message that is gone".to_owned(),
        ),
        None => ("An earlier message".to_owned(), String::new()),
    }
}
