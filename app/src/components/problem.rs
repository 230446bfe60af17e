//! What went wrong, beside what it happened to.

use em2_model::refusal::{Code, Refusal};
use leptos::prelude::*;

use super::icon::Icon;
use super::live::Erase;
use crate::paths;

/// A refusal in its own words, with the next step where there is one.
#[component]
pub fn Problem(refusal: Refusal) -> impl IntoView {
    view! {
        <p class="problem" role="alert">
            <Icon name="warn"/>
            <span>{refusal.message}</span>
        </p>
    }
    .erase()
}

/// A page that could not be shown.
#[component]
pub fn PageProblem(refusal: Refusal) -> impl IntoView {
    let title = match refusal.code.status() {
        401 => "You are signed out",
        403 | 404 | 410 => "There is nothing here for you",
        _ => "That did not work",
    };
    let signed_out = refusal.code.status() == 401;
    view! {
        <div class="empty" role="alert">
            <Icon name="warn"/>
            <h1 class="empty-title">{title}</h1>
            <p class="empty-text">{refusal.message}</p>
            {if signed_out {
                view! { <a class="button" data-kind="primary" href=paths::SIGN_IN rel="external">"Sign in"</a> }
            } else {
                view! { <a class="button" data-kind="plain" href=paths::INBOX rel="prefetch">"Go to the inbox"</a> }
            }}
        </div>
    }
    .erase()
}

/// The refusal of an address that leads nowhere.
pub fn no_such_page() -> Refusal {
    Refusal::new(
        Code::NotFound,
        "This address leads nowhere. It may have been mistyped, or what it named is gone.",
    )
}
