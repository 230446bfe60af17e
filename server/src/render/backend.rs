//! The seam, seen from the server: the service layer for the person whose page is rendered.

use std::sync::Arc;

use ::app::backend::{Answer, Backend, Heard};
use em2_model::id::{ActionKey, ConversationKey, ConversationRef, DraftKey};
use em2_model::refusal::Refusal;
use em2_model::wire::domestic::{
    Accepted, KitchenSink, ListPage, ListQuery, Older, Published, SearchPage, Versions,
};
use em2_model::wire::intent::{DraftFields, Intent};
use futures::FutureExt;

use crate::auth::SignedIn;
use crate::service::IdempotencyKey;
use crate::state::App;

/// The world of one rendered page.
pub(super) struct Here {
    pub app: App,
    pub caller: SignedIn,
}

impl Here {
    /// Asks the service layer.
    fn ask<T, F>(&self, question: impl FnOnce(App, SignedIn) -> F) -> Answer<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Refusal>> + Send + 'static,
    {
        question(self.app.clone(), self.caller.clone()).boxed()
    }
}

impl Backend for Here {
    fn list(&self, query: ListQuery) -> Answer<ListPage> {
        self.ask(|app, caller| async move { app.service.list(&caller.me, query).await })
    }

    fn search(&self, q: String, before: Option<String>) -> Answer<SearchPage> {
        self.ask(|app, caller| async move {
            app.service.search(&caller.me, &q, before.as_deref()).await
        })
    }

    fn conversation(&self, key: ConversationRef) -> Answer<KitchenSink> {
        self.ask(move |app, caller| async move { app.service.kitchen_sink(&caller.me, key).await })
    }

    fn older(&self, key: ConversationKey, before: u64) -> Answer<Older> {
        self.ask(move |app, caller| async move { app.service.older(&caller.me, key, before).await })
    }

    fn versions(&self, key: ConversationKey, message: ActionKey) -> Answer<Versions> {
        self.ask(
            move |app, caller| async move { app.service.versions(&caller.me, key, message).await },
        )
    }

    fn act(
        &self,
        key: ConversationRef,
        intent: Intent,
        idempotency_key: String,
    ) -> Answer<Accepted> {
        self.ask(move |app, caller| async move {
            let idempotency = IdempotencyKey::parse(&idempotency_key)?;
            app.service
                .act(&caller.me, key, intent, Some(idempotency))
                .await
        })
    }

    fn draft(&self, fields: DraftFields) -> Answer<Accepted> {
        self.ask(
            |app, caller| async move { app.service.start_draft(&caller.me, fields, None).await },
        )
    }

    fn publish(&self, key: DraftKey, fields: DraftFields) -> Answer<Published> {
        self.ask(move |app, caller| async move {
            app.service.publish(&caller.me, key, fields, None).await
        })
    }

    // A page that is rendered is finished before anything new could be heard.
    fn listen(&self, _since: u64, _hear: Arc<dyn Fn(Heard) + Send + Sync>) {}

    fn fresh_key(&self) -> String {
        uuid::Uuid::new_v4().to_string()
    }

    fn fresh_draft(&self) -> DraftKey {
        DraftKey::from_bytes(uuid::Uuid::new_v4().into_bytes())
    }
}
