//! The one seam: everything that a view may ask of the world. The server implements it over its service layer for the
//! signed-in person, the browser over `/d/`.

use std::sync::Arc;

use em2_model::id::{ActionKey, ConversationKey, ConversationRef, DraftKey, Time};
use em2_model::refusal::Refusal;
use em2_model::wire::domestic::{
    Accepted, KitchenSink, ListPage, ListQuery, Older, Published, SearchPage, Versions,
};
use em2_model::wire::intent::{DraftFields, Intent};
use em2_model::wire::live::Live;
use futures::future::BoxFuture;

use crate::state::keys::Press;

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
    fn list(&self, query: ListQuery) -> Answer<ListPage>;
    /// Conversations that match `q`, from the cursor `before` on.
    fn search(&self, q: String, before: Option<String>) -> Answer<SearchPage>;
    fn conversation(&self, key: ConversationRef) -> Answer<KitchenSink>;
    /// Entries before slot `before`.
    fn older(&self, key: ConversationKey, before: u64) -> Answer<Older>;
    fn versions(&self, key: ConversationKey, message: ActionKey) -> Answer<Versions>;
    /// Does an intent once, however often it is sent under this idempotency key.
    fn act(
        &self,
        key: ConversationRef,
        intent: Intent,
        idempotency_key: String,
    ) -> Answer<Accepted>;
    /// Starts a draft, or saves it where its key is known.
    fn draft(&self, fields: DraftFields) -> Answer<Accepted>;
    /// Publishes a draft as `fields` leave it.
    fn publish(&self, key: DraftKey, fields: DraftFields) -> Answer<Published>;
    /// A fresh idempotency key, drawn at random.
    fn fresh_key(&self) -> String;
    /// A fresh key for a draft.
    fn fresh_draft(&self) -> DraftKey;
    /// Listens to the live feed from counter `since` on, for as long as the page lives. Nothing is heard on a server.
    fn listen(&self, since: u64, hear: Arc<dyn Fn(Heard) + Send + Sync>);
    /// The device that the page is shown on, once it is shown: none on a server.
    fn device(&self) -> Option<Arc<dyn Device>> {
        None
    }
}

/// What only the device in front of a person can do. Asked in effects and handlers alone: nothing of it decides what
/// the first render looks like.
pub trait Device: Send + Sync + 'static {
    /// The device's clock.
    fn now(&self) -> Time;
    /// Minutes east of UTC at this moment.
    fn offset(&self) -> i32;
    /// Keeps the offset for the next page that the server renders.
    fn remember_offset(&self, offset: i32);
    /// Ready after so many milliseconds, later where the page is in the background.
    fn after(&self, millis: u32) -> BoxFuture<'static, ()>;
    /// Whether the page is before somebody's eyes, now and whenever it changes, for as long as the page lives.
    fn watch(&self, seen: Arc<dyn Fn(bool) + Send + Sync>);
    /// Hears the keyboard for as long as the page lives; what answers true is kept from the browser.
    fn keys(&self, hear: Arc<dyn Fn(Press) -> bool + Send + Sync>);
    /// Moves the focus to the element with this id and brings it into view; false where there is none.
    fn focus(&self, id: &str) -> bool;
    /// The id of the element that has the focus, or of the nearest one around it that has an id.
    fn focused(&self) -> Option<String>;
    /// Names the window.
    fn set_title(&self, title: &str);
    /// Follows the link with this id, as a click does; false where there is none.
    fn follow(&self, id: &str) -> bool;
    /// A setting kept on this device.
    fn setting(&self, name: &str) -> Option<String>;
    fn set_setting(&self, name: &str, value: &str);
}

/// The backend as views hold it.
pub type World = Arc<dyn Backend>;
