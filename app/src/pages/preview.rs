//! What somebody would see of a conversation who is not in it yet: a plain page.

use em2_model::id::ConversationKey;
use em2_model::wire::domestic::{Entry, Message, Standing};
use leptos::prelude::*;

use crate::components::avatar::Avatar;
use crate::components::message::written;
use crate::components::row::subject_or;
use crate::components::when::{Clock, iso};
use crate::paths;

/// `/c/{key}/preview`: the newest page of the timeline, by the rules that will hold for them.
#[component]
pub fn PreviewPage(
    conversation: ConversationKey,
    /// Who would be added.
    address: String,
    subject: String,
    /// The names of those who take part.
    people: Vec<String>,
    entries: Vec<Entry>,
    /// There is more before what is shown.
    more: bool,
    clock: Clock,
) -> impl IntoView {
    let people = people
        .into_iter()
        .map(|name| view! { <li><bdi>{name}</bdi></li> })
        .collect_view();
    let messages = entries.into_iter().filter_map(|entry| match entry {
        Entry::Message(message) => Some(message_view(message, clock)),
        Entry::Event(_) => None,
    });
    view! {
        <main class="plain">
            <section class="card request">
                <header>
                    <h1 dir="auto">{subject_or(&subject)}</h1>
                    <p class="card-sub">
                        "This is what "<bdi>{address}</bdi>" will be able to read. They have not been added yet."
                    </p>
                </header>
                <dl class="request-facts">
                    <div><dt>"People"</dt><dd><ul>{people}</ul></dd></div>
                </dl>
                {more.then(|| view! { <p class="card-sub">"Older messages are not shown here."</p> })}
                {messages.collect_view()}
                <a href=paths::people(conversation)>"Back to the conversation"</a>
            </section>
        </main>
    }
}

fn message_view(message: Message, clock: Clock) -> impl IntoView {
    let Message {
        author,
        at,
        standing,
        html,
        format,
        ..
    } = message;
    let gone = |said: &'static str| view! { <p class="message-gone">{said}</p> }.into_any();
    let body = match standing {
        Standing::Present => written(html, format),
        Standing::Withheld => gone("Written before their part begins: they will not see it."),
        Standing::Removed(_) => gone("This message was removed."),
        Standing::Redacted(_) => gone("This message was deleted for good."),
        Standing::Expired => gone("This message has expired."),
    };
    view! {
        <article class="message">
            <Avatar person=author.clone()/>
            <div class="message-main">
                <header class="message-head">
                    <bdi class="message-author">{author.name}</bdi>" "<time datetime=iso(at)>{clock.long(at)}</time>
                </header>
                {body}
            </div>
        </article>
    }
}
