//! The one seam: everything that a view may ask of the world. The server implements it over its service layer for the
//! signed-in person, the browser over `/d/`.

use std::sync::Arc;

use em2_model::id::{ActionKey, ConversationKey, ConversationRef, DraftKey};
use em2_model::refusal::Refusal;
use em2_model::wire::domestic::{Accepted, KitchenSink, ListPage, ListQuery, Older, Published, SearchPage, Session, Versions};
use em2_model::wire::intent::{DraftFields, Intent};
use em2_model::wire::live::Live;
use futures::future::BoxFuture;

/// The answer to a request, sooner or later.
pub type Answer<T> = BoxFuture<'static, Result<T, Refusal>>;

/// What the live connection tells the page.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// A frame of the feed.
    Live(Live),
    /// The state of the connection changed.
    Connection(Connection),
}

/// Whether live changes arrive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connection {
    /// Not connected yet; or on the server, where nothing connects.
    #[default]
    Idle,
    Live,
    /// Lost, and trying again.
    Reconnecting,
    /// The session ended: sign in again.
    SignedOut,
}

/// Everything that a view may ask of the world.
pub trait Backend: Send + Sync + 'static {
    /// Who is signed in.
    fn session(&self) -> Answer<Session>;
    fn list(&self, query: ListQuery) -> Answer<ListPage>;
    /// Conversations that match `q`, from the cursor `before` on.
    fn search(&self, q: String, before: Option<String>) -> Answer<SearchPage>;
    fn conversation(&self, key: ConversationRef) -> Answer<KitchenSink>;
    /// Entries before slot `before`.
    fn older(&self, key: ConversationKey, before: u64) -> Answer<Older>;
    fn versions(&self, key: ConversationKey, message: ActionKey) -> Answer<Versions>;
    /// Does an intent once, however often it is sent under this idempotency key.
    fn act(&self, key: ConversationRef, intent: Intent, idempotency_key: String) -> Answer<Accepted>;
    /// Starts a draft, or saves it where its key is known.
    fn draft(&self, fields: DraftFields) -> Answer<Accepted>;
    /// Publishes a draft as `fields` leave it.
    fn publish(&self, key: DraftKey, fields: DraftFields) -> Answer<Published>;
    /// Listens to the live feed from counter `since` on, for as long as the page lives. Nothing is heard on a server.
    fn listen(&self, since: u64, hear: Arc<dyn Fn(Heard) + Send + Sync>);
    /// A fresh idempotency key, drawn at random.
    fn fresh_key(&self) -> String;
    /// A fresh key for a draft.
    fn fresh_draft(&self) -> DraftKey;
}

/// The backend as views hold it.
pub type World = Arc<dyn Backend>;
