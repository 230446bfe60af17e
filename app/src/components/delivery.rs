//! How far the conversation has got on its way to other platforms.

use leptos::prelude::*;

use super::live::{Erase, live};
use super::when::When;
use crate::paths;
use crate::state::open::Open;

/// A quiet line beneath the messages; a problem comes with the time of the next try, and a way to try at once.
#[component]
pub fn DeliveryLine(open: Open) -> impl IntoView {
    let delivery = open.part(|it| it.delivery.clone());
    let line = live(move || {
        delivery.get().map(|it| {
            let next = it
                .next
                .map(|at| view! { " Next try " <When at/> "." }.erase());
            let retry = it.problem.then(|| {
                view! {
                    <form method="post" action=paths::retry(open.key)>
                        <button class="button" data-kind="small">"Retry now"</button>
                    </form>
                }
                .erase()
            });
            view! { <span data-problem=it.problem.to_string()>{it.text}{next}</span> {retry} }
        })
    });
    view! { <div class="delivery" role="status">{line}</div> }.erase()
}
