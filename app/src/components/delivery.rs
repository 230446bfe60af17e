//! How far the conversation has got on its way to other platforms.

use em2_model::wire::domestic::Fork;
use leptos::prelude::*;

use super::live::{Erase, live};
use super::when::When;
use crate::paths;
use crate::state::open::Open;

/// A quiet line beneath the messages; a problem comes with the time of the next try, and ways out of it.
#[component]
pub fn DeliveryLine(open: Open) -> impl IntoView {
    let delivery = open.part(|it| it.delivery.clone().map(|delivery| (delivery, it.fork)));
    let line = live(move || {
        delivery.get().map(|(it, fork)| {
            let next = it
                .next
                .map(|at| view! { " Next try " <When at/> "." }.erase());
            let retry = it.problem.then(|| way(paths::retry(open.key), "Retry now"));
            let fork = fork.map(|fork| {
                let says = match fork {
                    Fork::Offered => "Go on without it",
                    Fork::Made => "Go on in the new conversation",
                };
                way(paths::fork(open.key), says)
            });
            view! { <span data-problem=it.problem.to_string()>{it.text}{next}</span> {retry} {fork} }
        })
    });
    view! { <div class="delivery" role="status">{line}</div> }.erase()
}

fn way(action: String, says: &'static str) -> AnyView {
    view! { <form method="post" action=action><button class="button" data-kind="small">{says}</button></form> }.erase()
}
