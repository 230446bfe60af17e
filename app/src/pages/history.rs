//! All versions of a message.

use em2_model::id::ConversationKey;
use em2_model::wire::domestic::Versions;
use leptos::prelude::*;

use crate::components::live::Erase;
use crate::components::versions::VersionList;
use crate::state::desk::Desk;

/// `/c/{key}/m/{message}/history`
#[component]
pub fn HistoryPage(desk: Desk, conversation: ConversationKey, versions: Versions) -> impl IntoView {
    let me = desk.session.with_value(|session| session.address.clone());
    view! {
        <main class="conversation" id="main" tabindex="-1"><VersionList conversation versions me/></main>
    }
    .erase()
}
