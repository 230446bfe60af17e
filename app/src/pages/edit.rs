//! Editing a message.

use em2_model::wire::domestic::{Conversation, Message};
use leptos::prelude::*;

use crate::components::editor::Editor;
use crate::components::live::Erase;

/// `/c/{key}/m/{message}/edit`
#[component]
pub fn EditPage(conversation: Conversation, message: Message) -> impl IntoView {
    view! {
        <main class="conversation" id="main" tabindex="-1"><Editor conversation message/></main>
    }
    .erase()
}
