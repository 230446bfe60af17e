//! The views of the mailbox, and who is signed in: beside the list on a wide screen, in a menu on others.

use em2_model::wire::domestic::{ListPage, ListView, Person};
use leptos::prelude::*;

use super::avatar::Avatar;
use super::icon::Icon;
use super::live::{Erase, Together, live};
use super::tabs::Tab;
use crate::paths;
use crate::state::desk::Desk;

/// A view of the mailbox: its icon and name.
const VIEWS: [(ListView, &str, &str); 4] = [
    (ListView::Inbox, "inbox", "Inbox"),
    (ListView::Drafts, "draft", "Drafts"),
    (ListView::Sent, "sent", "Sent"),
    (ListView::Requests, "people", "Requests"),
];

/// What the views count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub unread: u32,
    pub drafts: u32,
    pub requests: u32,
}

impl Counts {
    pub fn of(page: &ListPage) -> Counts {
        Counts {
            unread: page.unread,
            drafts: page.drafts,
            requests: page.requests,
        }
    }

    fn in_view(self, view: ListView) -> (u32, &'static str) {
        match view {
            ListView::Inbox => (self.unread, "unread"),
            ListView::Drafts => (self.drafts, "drafts"),
            ListView::Sent => (0, ""),
            ListView::Requests => (self.requests, "requests"),
        }
    }
}

/// The links to the views, with what they count. Requests have one while there are any.
#[component]
pub fn Views(tab: Memo<Tab>, counts: RwSignal<Counts>) -> impl IntoView {
    let views = VIEWS.map(|(view, icon, name)| {
        let count = move || {
            let (n, what) = counts.get().in_view(view);
            (n > 0).then(|| view! { <span class="count">{n}<span class="visually-hidden">" "{what}</span></span> })
        };
        let current = move || (tab.get() == Tab::View(view)).then_some("page");
        let hidden = move || {
            view == ListView::Requests && counts.get().requests == 0 && current().is_none()
        };
        view! { <li hidden=hidden><a href=paths::list(view) aria-current=current><Icon name=icon/>{name}{live(count)}</a></li> }
    });
    view! { <ul class="views">{views.into_iter().together()}</ul> }.erase()
}

/// Who is signed in.
#[component]
pub fn Account(desk: Desk) -> impl IntoView {
    let me = desk.session.with_value(|me| Person {
        address: me.address.clone(),
        name: me.name.clone(),
    });
    view! {
        <div class="account">
            <Avatar person=me.clone()/>
            <span class="account-names"><bdi>{me.name}</bdi><small><bdi>{me.address.to_string()}</bdi></small></span>
        </div>
    }
    .erase()
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
                <button class="button" data-kind="quiet" title="Sign out on every device">"everywhere"</button>
            </form>
        </div>
    }
    .erase()
}
