//! The views of the mailbox, and who is signed in: beside the list on a wide screen, in a menu on others.

use em2_model::wire::domestic::{ListView, Person, Session};
use leptos::prelude::*;

use super::avatar::Avatar;
use super::icon::Icon;
use crate::paths;

/// A view of the mailbox: its icon, name and address.
pub const VIEWS: [(ListView, &str, &str, &str); 3] = [
    (ListView::Inbox, "inbox", "Inbox", paths::INBOX),
    (ListView::Drafts, "draft", "Drafts", paths::DRAFTS),
    (ListView::Sent, "sent", "Sent", paths::SENT),
];

/// What the views count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub unread: u32,
    pub drafts: u32,
}

impl Counts {
    fn of(&self, view: ListView) -> (u32, &'static str) {
        match view {
            ListView::Inbox => (self.unread, "unread"),
            ListView::Drafts => (self.drafts, "drafts"),
            ListView::Sent => (0, ""),
        }
    }
}

/// The column beside the list.
#[component]
pub fn Sidebar(
    session: Session,
    shown: Signal<Option<ListView>>,
    counts: Signal<Counts>,
) -> impl IntoView {
    view! {
        <nav class="sidebar" aria-label="Mailbox">
            <Account session/>
            <a class="button" data-kind="primary" href=paths::NEW><Icon name="new"/>"New conversation"</a>
            <Views shown counts/>
            <SignOut/>
        </nav>
    }
}

/// The links to the views, with what they count.
#[component]
pub fn Views(shown: Signal<Option<ListView>>, counts: Signal<Counts>) -> impl IntoView {
    let views = VIEWS
        .into_iter()
        .map(|(view, icon, name, href)| {
            let count = move || {
                let (n, what) = counts.get().of(view);
                (n > 0).then(|| view! { <span class="count">{n}<span class="visually-hidden">" "{what}</span></span> })
            };
            view! {
                <li>
                    <a href=href aria-current=move || (shown.get() == Some(view)).then_some("page")>
                        <Icon name=icon/>{name}{count}
                    </a>
                </li>
            }
        })
        .collect_view();
    view! { <ul class="views">{views}</ul> }
}

/// Who is signed in.
#[component]
pub fn Account(session: Session) -> impl IntoView {
    let Session { address, name, .. } = session;
    view! {
        <div class="account">
            <Avatar person=Person { address: address.clone(), name: name.clone() }/>
            <span class="account-names"><bdi>{name}</bdi><small><bdi>{address.to_string()}</bdi></small></span>
        </div>
    }
}

/// Ends this session, or all of them.
#[component]
pub fn SignOut() -> impl IntoView {
    view! {
        <div class="sign-out">
            <form method="post" action=paths::SIGN_OUT>
                <button class="button" data-kind="quiet"><Icon name="leave"/>"Sign out"</button>
            </form>
            <form method="post" action=paths::SIGN_OUT_EVERYWHERE>
                <button class="button" data-kind="quiet">"everywhere"</button>
            </form>
        </div>
    }
}
