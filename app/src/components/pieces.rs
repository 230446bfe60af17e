//! Text with stretches that a search or a difference marks.

use em2_model::wire::domestic::{Mark, Piece};
use leptos::prelude::*;

use super::live::{Erase, Together};

/// Marks what was found, inserted or deleted; everything else is plain text.
#[component]
pub fn Pieces(pieces: Vec<Piece>) -> impl IntoView {
    pieces
        .into_iter()
        .map(|Piece { mark, text }| match mark {
            Mark::Same => view! { <span>{text}</span> }.erase(),
            Mark::Hit => view! { <mark>{text}</mark> }.erase(),
            Mark::Insert => view! { <ins>{text}</ins> }.erase(),
            Mark::Delete => view! { <del>{text}</del> }.erase(),
        })
        .together()
}
