//! `GET /f/{key}/`: what a platform needs to take part, and what it missed. // spec §7

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use em2_model::refusal::{Code, Refusal};
use em2_model::wire::foreign::{Events, MEDIA_TYPE, PAGE_MAX};
use em2_model::{ActionKey, ConversationKey};
use serde::Deserialize;

use super::signed::Signed;
use crate::routes::extract::key::{Asked, Key};
use crate::routes::problem::Problem;
use crate::service::foreign::Stretch;
use crate::state::App;

/// GET /f/{key}/
pub async fn sink(
    State(app): State<App>,
    Key(conv): Key<ConversationKey>,
    signed: Signed,
) -> Result<Response, Problem> {
    let inc = signed.log.incarnation();
    let sink = app
        .service
        .foreign_sink(&signed.platform, inc, conv)
        .await?;
    Ok(([(CONTENT_TYPE, MEDIA_TYPE)], sink).into_response())
}

/// Which records are asked for.
#[derive(Deserialize)]
pub struct EventsQuery {
    after: Option<u64>,
    before: Option<u64>,
    from: Option<ActionKey>,
    limit: Option<u64>,
}

/// GET /f/{key}/events/
pub async fn events(
    State(app): State<App>,
    Key(conv): Key<ConversationKey>,
    Asked(query): Asked<EventsQuery>,
    signed: Signed,
) -> Result<Response, Problem> {
    let stretch = match (query.after, query.before, query.from) {
        (Some(after), None, None) => Stretch::After(after),
        (None, Some(before), None) => Stretch::Before(before, query.limit.unwrap_or(PAGE_MAX)),
        (None, None, Some(key)) => Stretch::From(key),
        _ => {
            return Err(Problem(Refusal::format(
                "Say after or before which slot, or from which action on, the records are wanted.",
            )));
        }
    };
    let (records, more) = app
        .service
        .foreign_events(&signed.platform, signed.log.incarnation(), conv, stretch)
        .await?;
    let mut lines = Vec::new();
    for record in &records {
        lines.extend_from_slice(&record.to_bytes());
        lines.push(b'\n');
    }
    let end = serde_json::to_vec(&Events { end: true, more });
    lines.extend_from_slice(&end.map_err(|_| Code::Internal)?);
    lines.push(b'\n');
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], lines).into_response())
}
