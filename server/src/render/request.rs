//! `/requests/{key}`: what may be known of a request, and the answers to it. A page that never has scripts.

use ::app::components::when::Clock;
use ::app::pages::request::RequestPage;
use ::app::paths;
use ::app::shell::Plain;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use em2_model::id::ConversationKey;
use em2_model::refusal::Code;
use leptos::prelude::*;

use super::session::offset;
use super::{plain, to_sign_in};
use crate::routes::answer::see_other;
use crate::routes::extract::caller::Caller;
use crate::routes::extract::key::Key;
use crate::state::App;

/// GET /requests/{key}
pub async fn page(
    State(app): State<App>,
    caller: Option<Caller>,
    uri: Uri,
    headers: HeaderMap,
    Key(key): Key<ConversationKey>,
) -> Response {
    let Some(Caller(caller)) = caller else {
        return to_sign_in(&uri);
    };
    let request = match app.service.request(&caller.me, key).await {
        Ok(request) => request,
        // It may have been accepted in another window.
        Err(refusal) if refusal.code == Code::NoConv => {
            return see_other(&paths::conversation(key));
        }
        Err(refusal) => return plain::problem(&app, refusal),
    };
    let clock = Clock {
        now: app.clock.now(),
        offset: offset(&headers),
    };
    let (assets, fresh_key) = (app.site.assets(), uuid::Uuid::new_v4().to_string());
    let view = move || {
        view! {
            <Plain assets title="Request – em2">
                <RequestPage request clock fresh_key/>
            </Plain>
        }
    };
    plain::send(&app, None, view)
}
