//! What floats above the page: refusals without a place of their own, and the state of the connection.

use leptos::prelude::*;

use super::form::Notice;
use super::icon::Icon;
use super::live::{Erase, live};
use crate::backend::Connection;
use crate::paths;
use crate::state::desk::Desk;

/// One region for refusals, one for the connection; both are empty as long as all is well.
#[component]
pub fn Notices(desk: Desk) -> impl IntoView {
    // The frame provides it, around every page.
    let Notice(refusal) = expect_context();
    view! {
        <div class="notices">
            <div role="alert">
                {live(move || refusal.get().map(|told| view! {
                    <p class="toast" data-kind="problem">
                        <Icon name="warn"/>
                        <span>{told.message}</span>
                        <button class="tool" type="button" aria-label="Close" on:click=move |_| refusal.set(None)>
                            <Icon name="close"/>
                        </button>
                    </p>
                }))}
            </div>
            <div role="status">{live(move || pill(desk))}</div>
        </div>
    }
    .erase()
}

fn pill(desk: Desk) -> Option<AnyView> {
    match desk.connection.get() {
        Connection::Reconnecting => {
            Some(view! { <p class="toast"><span class="pulse"></span>"Reconnecting…"</p> }.erase())
        }
        Connection::SignedOut => Some(
            view! {
                <p class="toast">
                    <span>"You are signed out."</span>
                    <a href=paths::SIGN_IN rel="external">"Sign in again"</a>
                </p>
            }
            .erase(),
        ),
        Connection::Idle | Connection::Live => desk.feed.newer_build.get().then(|| {
            view! { <p class="toast"><span>"There is a new version."</span><a href="" rel="external">"Load it"</a></p> }.erase()
        }),
    }
}
