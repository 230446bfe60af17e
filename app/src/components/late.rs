//! Words that came too late, beside what they were to change.

use em2_model::refusal::Refusal;
use em2_model::wire::domestic::Piece;
use leptos::prelude::*;

use super::live::{Erase, maybe};
use super::pieces::Pieces;
use super::problem::Problem;
use crate::json;

/// A refusal; what the refused text changes in the message as it is now, and where that is, as far as it tells them.
#[component]
pub fn Late(mut refusal: Refusal) -> impl IntoView {
    let difference = refusal.details.remove("difference").and_then(json::take);
    let page = refusal.details.remove("page").and_then(json::take);
    view! {
        <Problem refusal/>
        {maybe(difference.map(|pieces: Vec<Piece>| view! {
            <div class="difference">
                <p class="note">"What your text changes in the message as it is now:"</p>
                <p class="version-text" dir="auto"><Pieces pieces/></p>
            </div>
        }))}
        {maybe(page.map(|page: String| view! { <p><a class="button" data-kind="small" href=page>"Open the conversation"</a></p> }))}
    }
    .erase()
}
