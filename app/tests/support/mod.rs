//! A world in memory, and pages of it as the server sends them.

pub(crate) mod data;

use std::sync::Arc;

use app::backend::{Answer, Backend, Heard, World};
use app::pages::load::Loaded;
use app::pages::place::{self, Listing, Page};
use app::refused::Refused;
use app::shell::{Assets, shell};
use em2_model::id::{ActionKey, ConversationKey, ConversationRef, DraftKey};
use em2_model::refusal::{Code, Refusal};
use em2_model::wire::domestic::{
    Accepted, Conversation, Draft, Hit, KitchenSink, ListPage, ListQuery, ListView, Mark, Older,
    Piece, Published, Row, SearchPage, Session, Version, Versions,
};
use em2_model::wire::intent::{DraftFields, Intent};
use futures::executor::block_on;
use leptos::prelude::*;
use leptos_router::location::RequestUrl;

/// What one person sees; writes are not taken.
#[derive(Clone)]
pub(crate) struct Memory {
    pub session: Session,
    pub rows: Vec<Row>,
    pub requests: u32,
    pub conversations: Vec<Conversation>,
    pub draft: Draft,
    pub versions: Vec<Version>,
}

fn ready<T: Send + 'static>(answer: Result<T, Refusal>) -> Answer<T> {
    Box::pin(std::future::ready(answer))
}

impl Memory {
    fn find(&self, key: ConversationKey) -> Result<Conversation, Refusal> {
        let found = self.conversations.iter().find(|it| it.key == key).cloned();
        found.ok_or_else(|| Refusal::from(Code::NoConv))
    }
}

impl Backend for Memory {
    fn list(&self, query: ListQuery) -> Answer<ListPage> {
        let draft = |row: &Row| matches!(row.key, ConversationRef::Draft(_));
        let rows = self
            .rows
            .iter()
            .filter(|row| draft(row) == (query.view == ListView::Drafts));
        ready(Ok(ListPage {
            rows: rows.cloned().collect(),
            next: (self.rows.len() > 5).then(|| "older".to_owned()),
            unread: self.rows.iter().filter(|row| row.unread).count() as u32,
            drafts: self.rows.iter().filter(|row| draft(row)).count() as u32,
            requests: self.requests,
            n: 1,
        }))
    }

    fn search(&self, q: String, _before: Option<String>) -> Answer<SearchPage> {
        let hits = self
            .rows
            .iter()
            .filter(|row| row.subject.to_lowercase().contains(&q.to_lowercase()));
        let snippet = vec![
            Piece {
                mark: Mark::Same,
                text: "what was said of the ".to_owned(),
            },
            Piece {
                mark: Mark::Hit,
                text: q.clone(),
            },
            Piece {
                mark: Mark::Same,
                text: " <b>yesterday</b>".to_owned(),
            },
        ];
        let hits = hits
            .map(|row| Hit {
                row: row.clone(),
                message: None,
                snippet: snippet.clone(),
            })
            .collect();
        ready(Ok(SearchPage {
            q,
            hits,
            next: None,
        }))
    }

    fn conversation(&self, key: ConversationRef) -> Answer<KitchenSink> {
        ready(match key {
            ConversationRef::Draft(_) => Ok(KitchenSink::Draft(self.draft.clone())),
            ConversationRef::Published(key) => self
                .find(key)
                .map(|it| KitchenSink::Conversation(Box::new(it))),
        })
    }

    fn older(&self, key: ConversationKey, before: u64) -> Answer<Older> {
        ready(self.find(key).map(|it| {
            Older {
                entries: it
                    .entries
                    .into_iter()
                    .filter(|entry| entry.seq() < before)
                    .collect(),
                more_before: None,
            }
        }))
    }

    fn versions(&self, key: ConversationKey, message: ActionKey) -> Answer<Versions> {
        let message = self.find(key).and_then(|it| {
            it.message(message)
                .cloned()
                .ok_or(Refusal::from(Code::NotFound))
        });
        ready(message.map(|message| Versions {
            message,
            versions: self.versions.clone(),
        }))
    }

    fn act(
        &self,
        _key: ConversationRef,
        _intent: Intent,
        _idempotency_key: String,
    ) -> Answer<Accepted> {
        ready(Err(Refusal::from(Code::Busy)))
    }

    fn draft(&self, _fields: DraftFields) -> Answer<Accepted> {
        ready(Err(Refusal::from(Code::Busy)))
    }

    fn publish(&self, _key: DraftKey, _fields: DraftFields) -> Answer<Published> {
        ready(Err(Refusal::from(Code::Busy)))
    }

    fn fresh_key(&self) -> String {
        "a-fresh-key".to_owned()
    }

    fn fresh_draft(&self) -> DraftKey {
        DraftKey::from_bytes([7; 16])
    }

    fn listen(&self, _since: u64, _hear: Arc<dyn Fn(Heard) + Send + Sync>) {}
}

/// The whole document that the server sends for `path`.
pub(crate) fn page(world: &Memory, path: &str, refused: Option<Refused>) -> String {
    // Fails when it is set already, by another test of this process.
    let _ = any_spawner::Executor::init_futures_executor();
    let url = RequestUrl::new(&format!("http://a.example{path}"));
    let session = world.session.clone();
    let world: World = Arc::new(world.clone());
    let (here, query) = path.split_once('?').unwrap_or((path, ""));
    let query = |name: &str| {
        form_urlencoded::parse(query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    let listing = Listing::parse(here, &query).unwrap_or_default();
    let loaded = block_on(Loaded::read(
        &world,
        session,
        listing,
        Page::parse(here, &query),
    ));
    let scripts = refused.is_none();
    let assets = Assets {
        css: "/main.css".to_owned(),
        js: "/app.js".to_owned(),
        wasm: "/app.wasm".to_owned(),
    };
    let html = Owner::new().with(|| {
        provide_context(url);
        provide_context(world);
        if let Some(refused) = refused {
            provide_context(refused);
        }
        shell(assets, loaded, place::tab(here), scripts).to_html()
    });
    // The places where erased views go on, which nobody sees.
    html.replace("<!>", "")
}
