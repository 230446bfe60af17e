//! `POST /f/evt/`: records from another platform. // spec §7

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use em2_model::ConversationKey;
use em2_model::refusal::Refusal;
use em2_model::wire::foreign::{Answer, Answers, Entry, Push};

use super::signed::Signed;
use crate::routes::extract::key::Key;
use crate::routes::problem::Problem;
use crate::state::App;

/// POST /f/evt/{key}/
pub async fn push(
    State(app): State<App>,
    Key(conv): Key<ConversationKey>,
    signed: Signed,
) -> Result<Json<Answer>, Problem> {
    let push = Push::parse(conv, &signed.body)?;
    Ok(Json(take(&app, &signed, push).await?))
}

/// POST /f/evt/
pub async fn batches(State(app): State<App>, signed: Signed) -> Result<Json<Answers>, Problem> {
    let pushes = Push::parse_batches(&signed.body)?;
    let mut answers = BTreeMap::new();
    for push in pushes {
        let conv = push.conv;
        let entry = match take(&app, &signed, push).await {
            Ok(answer) => Entry::Answer(answer),
            Err(Refusal { code, details, .. }) => Entry::Problem { code, details },
        };
        answers.insert(conv, entry);
    }
    Ok(Json(Answers { answers }))
}

async fn take(app: &App, signed: &Signed, push: Push) -> Result<Answer, Refusal> {
    let records = push.records.iter().flatten();
    let keys = app
        .federation
        .keyring(&signed.platform, records.clone())
        .await;
    let own = (app.identity.platform(), app.identity.incarnation());
    let ours = |domain: &str| app.identity.serves(domain);
    let bindings = app
        .federation
        .bindings(&signed.platform, records, own, ours)
        .await;
    app.service
        .receive(&signed.platform, &signed.log, push, (keys, bindings))
        .await
}
