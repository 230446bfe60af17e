//! The list: a field that searches, and rows.

use em2_model::address::Address;
use em2_model::id::ConversationRef;
use em2_model::wire::domestic::{Hit, ListPage, ListView, SearchPage};
use leptos::prelude::*;

use super::empty::Empty;
use super::icon::Icon;
use super::input::TextInput;
use super::row::RowView;
use super::when::Clock;
use crate::paths;

/// What every row needs to know.
#[derive(Clone)]
pub struct Reader {
    pub me: Address,
    pub clock: Clock,
    /// The conversation that stands open beside the list.
    pub open: Signal<Option<ConversationRef>>,
}

/// The field that searches, in a form of its own.
#[component]
pub fn SearchField(
    text: RwSignal<String>,
    #[prop(optional, into)] on_search: Option<Callback<()>>,
) -> impl IntoView {
    let submit = move |event: leptos::ev::SubmitEvent| {
        if let Some(on_search) = on_search {
            event.prevent_default();
            on_search.run(());
        }
    };
    view! {
        <form class="search-field" role="search" method="get" action=paths::SEARCH on:submit=submit>
            <Icon name="search"/>
            <TextInput name="q" id="search" kind="search" label="Search" placeholder="Search" text/>
            <kbd>"/"</kbd>
        </form>
    }
}

/// What a view says when it has no rows.
fn nothing(view: ListView) -> (&'static str, &'static str, &'static str) {
    match view {
        ListView::Inbox => (
            "inbox",
            "No conversations yet",
            "Start one, and the people you add see it at once.",
        ),
        ListView::Drafts => (
            "draft",
            "No drafts",
            "What you begin and do not publish waits here.",
        ),
        ListView::Sent => (
            "sent",
            "Nothing sent yet",
            "Conversations in which you have written stand here.",
        ),
    }
}

/// The rows of a view.
#[component]
pub fn Rows(view: ListView, page: Signal<ListPage>, reader: Reader) -> impl IntoView {
    let rows = Memo::new(move |_| page.with(|page| page.rows.clone()));
    let next = Memo::new(move |_| page.with(|page| page.next.clone()));
    let empty = Memo::new(move |_| rows.with(Vec::is_empty));
    let Reader { me, clock, open } = reader;
    view! {
        <ul class="list-rows">
            <For each=move || rows.get() key=|row| (row.key, row.seq, row.at, row.unread, row.present) let:row>
                <li><RowView row me=me.clone() clock open/></li>
            </For>
        </ul>
        {move || {
            let (icon, title, text) = nothing(view);
            empty.get().then(|| view! {
                <Empty icon title text><a class="button" data-kind="plain" href=paths::NEW>"New conversation"</a></Empty>
            })
        }}
        {move || next.get().map(|next| view! { <a class="more" href=format!("?before={next}")>"Show more"</a> })}
    }
}

/// What a search found.
#[component]
pub fn Hits(page: SearchPage, reader: Reader) -> impl IntoView {
    let Reader { me, clock, open } = reader;
    if page.q.trim().is_empty() {
        return view! {
            <Empty icon="search" title="Search" text="Subjects, messages and addresses. The last word may be the beginning of one."/>
        }
        .into_any();
    }
    if page.hits.is_empty() {
        let title = format!("Nothing found for “{}”", page.q.trim());
        return view! { <Empty icon="search" title text="Fewer or shorter words find more."/> }
            .into_any();
    }
    let next = page.next.map(|next| {
        let q = leptos_router::location::Url::escape(&page.q);
        view! { <a class="more" href=format!("?q={q}&before={next}")>"Show more"</a> }
    });
    let hits = page.hits.into_iter().map(
        |Hit {
             row,
             message,
             snippet,
         }| {
            let href = match (row.key, message) {
                (ConversationRef::Published(key), Some(message)) => {
                    Some(paths::message(key, message))
                }
                _ => None,
            };
            let found = (!snippet.is_empty()).then_some(snippet);
            view! { <li><RowView row me=me.clone() clock open found href/></li> }
        },
    );
    let hits = hits.collect_view();
    view! { <ul class="list-rows">{hits}</ul> {next} }.into_any()
}
