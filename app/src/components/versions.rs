//! All versions of a message, each with what it changed.

use em2_model::address::Address;
use em2_model::id::ConversationKey;
use em2_model::wire::domestic::{Version, Versions};
use leptos::prelude::*;

use super::avatar::Avatar;
use super::icon::Icon;
use super::live::{Erase, Together};
use super::names::called;
use super::pieces::Pieces;
use super::when::When;
use crate::paths;

/// Newest first.
#[component]
pub fn VersionList(
    conversation: ConversationKey,
    versions: Versions,
    me: Address,
) -> impl IntoView {
    let Versions { message, versions } = versions;
    let first = versions.first().map(|version| version.key);
    let lines = versions
        .into_iter()
        .rev()
        .map(|version| {
            let did = if Some(version.key) == first {
                "wrote"
            } else {
                "changed"
            };
            view! { <VersionLine did=did version me=me.clone()/> }
        })
        .together();
    view! {
        <header class="conversation-head">
            <a
                class="tool"
                href=paths::message(conversation, message.key)
                title="Back to the conversation" aria-label="Back"
            >
                <Icon name="back"/>
            </a>
            <h1 class="subject">"Versions of a message"</h1>
        </header>
        <ol class="versions" tabindex="0">{lines}</ol>
    }
    .erase()
}

#[component]
fn VersionLine(did: &'static str, version: Version, me: Address) -> impl IntoView {
    let by = called(&version.by, &me);
    view! {
        <li class="version">
            <Avatar person=version.by/>
            <div class="message-main">
                <p class="message-head">
                    <span><bdi class="message-author">{by}</bdi>{format!(" {did}")}</span>
                    <When at=version.at/>
                </p>
                <p class="version-text" dir="auto"><Pieces pieces=version.changes/></p>
            </div>
        </li>
    }
    .erase()
}
