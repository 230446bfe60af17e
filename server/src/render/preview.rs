//! `/c/{key}/preview`: what somebody would see who is not in the conversation yet. A page that never has scripts.

use ::app::components::when::Clock;
use ::app::pages::preview::PreviewPage;
use ::app::shell::Plain;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use em2_model::id::ConversationKey;
use em2_model::participant::Role;
use em2_model::refusal::Refusal;
use em2_model::wire::intent::{Fields, Intent};
use leptos::prelude::*;
use serde::Deserialize;

use super::session::offset;
use super::{plain, to_sign_in};
use crate::routes::extract::caller::Caller;
use crate::routes::extract::key::Key;
use crate::service::Preview;
use crate::state::App;

/// Who would be added, and with what: the fields of the form that adds them.
#[derive(Deserialize)]
pub struct Wanted {
    address: String,
    history: String,
    from: Option<String>,
}

impl Wanted {
    fn intent(self) -> Result<Intent, Refusal> {
        let from = self.from.as_deref().filter(|from| !from.is_empty());
        let from = from.map(|from| from.parse().map_err(|_| unclear()));
        Intent::try_from(Fields {
            model: "participant".to_owned(),
            verb: "add".to_owned(),
            address: Some(self.address),
            role: Some(Role::Read.as_str().to_owned()),
            history: Some(self.history),
            from: from.transpose()?,
            ..Fields::default()
        })
    }
}

fn unclear() -> Refusal {
    Refusal::format(
        "It is not clear whose view is wanted. Go back to the conversation and try again.",
    )
}

/// GET /c/{key}/preview
pub async fn page(
    State(app): State<App>,
    caller: Option<Caller>,
    uri: Uri,
    headers: HeaderMap,
    Key(key): Key<ConversationKey>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Response {
    let Some(Caller(caller)) = caller else {
        return to_sign_in(&uri);
    };
    let intent = wanted.map_err(|_| unclear());
    let (address, history) = match intent.and_then(|Query(wanted)| wanted.intent()) {
        Ok(Intent::ParticipantAdd {
            address, history, ..
        }) => (address, history),
        Ok(_) => return plain::problem(&app, unclear()),
        Err(refusal) => return plain::problem(&app, refusal),
    };
    let seen = app
        .service
        .preview(&caller.me, key, address.clone(), history);
    let Preview {
        subject,
        people,
        entries,
        more,
    } = match seen.await {
        Ok(seen) => seen,
        Err(refusal) => return plain::problem(&app, refusal),
    };
    let clock = Clock {
        now: app.clock.now(),
        offset: offset(&headers),
    };
    let (assets, address) = (app.site.assets(), address.to_string());
    let view = move || {
        view! {
            <Plain assets title="Preview – em2">
                <PreviewPage conversation=key address subject people entries more clock/>
            </Plain>
        }
    };
    plain::send(&app, None, view)
}
