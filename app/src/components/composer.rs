//! Where an answer is written.

use em2_model::id::ActionKey;
use em2_model::permit;
use em2_model::wire::domestic::{Conversation, Standing};
use em2_model::wire::intent::Fields;
use leptos::prelude::*;

use super::form::PostForm;
use super::icon::Icon;
use super::lines::excerpt;
use super::names::{and, called, first_name};
use super::problem::Problem;
use super::text_area::TextArea;
use crate::paths;
use crate::refused::refused_by;

/// Who will read it: up to four names.
fn audience(conversation: &Conversation) -> String {
    let others = conversation
        .participants
        .iter()
        .filter(|person| person.address != conversation.me);
    let names: Vec<String> = others
        .map(|person| first_name(&person.name).to_owned())
        .collect();
    match names.len() {
        0 => "Only you are here".to_owned(),
        1..=4 => format!("To {}", and(&names)),
        many => format!("To {} and {} others", names[..3].join(", "), many - 3),
    }
}

/// Why the reader cannot write here; none where they can.
fn closed(conversation: &Conversation, answering: bool) -> Option<&'static str> {
    if !conversation.present {
        Some("You no longer take part. You keep what was said while you did.")
    } else if permit::add_message(conversation.role, answering) {
        None
    } else if permit::add_message(conversation.role, true) {
        Some("You can answer here: choose the message that you want to answer.")
    } else {
        Some("You can read here. Somebody who manages people can let you write.")
    }
}

/// The form of a new message; `answers` is the message that it answers.
#[component]
pub fn Composer(
    conversation: Signal<Conversation>,
    answers: Signal<Option<ActionKey>>,
    text: RwSignal<String>,
    #[prop(optional_no_strip)] on_send: Option<Callback<()>>,
) -> impl IntoView {
    let closed = Memo::new(move |_| conversation.with(|it| closed(it, answers.get().is_some())));
    move || match closed.get() {
        Some(why) => view! { <p class="composer-closed" id="composer">{why}</p> }.into_any(),
        None => view! { <Open conversation answers text on_send/> }.into_any(),
    }
}

#[component]
fn Open(
    conversation: Signal<Conversation>,
    answers: Signal<Option<ActionKey>>,
    text: RwSignal<String>,
    #[prop(optional_no_strip)] on_send: Option<Callback<()>>,
) -> impl IntoView {
    let key = conversation.with_untracked(|it| it.key);
    let parent = answers.get_untracked();
    let fields = Fields {
        model: "message".to_owned(),
        verb: "add".to_owned(),
        parent,
        next: Some(format!("{}#composer", paths::conversation(key))),
        ..Fields::default()
    };
    let refused = refused_by("message", "add");
    if let Some(entered) = refused
        .as_ref()
        .and_then(|refused| refused.fields.text.clone())
    {
        text.set(entered);
    }
    view! {
        <PostForm action=paths::evt(key.into()) fields class="composer" on_submit=on_send>
            {refused.map(|refused| view! { <Problem refusal=refused.refusal/> })}
            <p class="composer-audience">
                <Icon name="people"/>
                <span dir="auto">{move || conversation.with(audience)}</span>
            </p>
            {move || answers.get().map(|message| view! { <Answering conversation message/> })}
            <TextArea name="text" id="composer" label="Your message" text placeholder="Answer" rows=2 required=true/>
            <div class="composer-bar">
                <button class="button" data-kind="primary">"Send"<kbd>"Ctrl ↵"</kbd></button>
            </div>
        </PostForm>
    }
}

/// The message that is being answered, and the way out of it.
#[component]
fn Answering(conversation: Signal<Conversation>, message: ActionKey) -> impl IntoView {
    let (key, said) = conversation.with_untracked(|it| {
        let said = it
            .message(message)
            .filter(|message| message.standing == Standing::Present)
            .map(|message| (called(&message.author, &it.me), excerpt(&message.html, 80)));
        (it.key, said)
    });
    let (who, text) = said.unwrap_or_else(|| ("An earlier message".to_owned(), String::new()));
    view! {
        <p class="composer-answering">
            <Icon name="reply"/>
            <span dir="auto"><b>{who}</b> {format!(" {text}")}</span>
            <a href=paths::conversation(key) class="tool" aria-label="Answer no particular message">
                <Icon name="close"/>
            </a>
        </p>
    }
}
