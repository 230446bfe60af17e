//! Text with stretches that a search or a difference marks.

use em2_model::wire::domestic::{Mark, Piece};
use leptos::prelude::*;

/// Marks what was found, inserted or deleted; everything else is plain text.
#[component]
pub fn Pieces(pieces: Vec<Piece>) -> impl IntoView {
    pieces
        .into_iter()
        .map(|Piece { mark, text }| match mark {
            Mark::Same => view! { <span>{text}</span> }.into_any(),
            Mark::Hit => view! { <mark>{text}</mark> }.into_any(),
            Mark::Insert => view! { <ins>{text}</ins> }.into_any(),
            Mark::Delete => view! { <del>{text}</del> }.into_any(),
        })
        .collect_view()
}
