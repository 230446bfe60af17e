//! `POST /f/evt/`: records from another platform. // spec §7

use axum::Json;
use axum::extract::State;
use em2_model::ConversationKey;
use em2_model::refusal::{Code, Refusal};
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
    let answer = take(&app, &signed, vec![push]).await.pop();
    let (_, answer) = answer.ok_or_else(|| Refusal::from(Code::Internal))?;
    Ok(Json(answer?))
}

/// POST /f/evt/
pub async fn batches(State(app): State<App>, signed: Signed) -> Result<Json<Answers>, Problem> {
    let pushes = Push::parse_batches(&signed.body)?;
    let answers = take(&app, &signed, pushes).await.into_iter();
    let answers = answers.map(|(conv, answer)| match answer {
        Ok(answer) => (conv, Entry::Answer(answer)),
        Err(Refusal { code, details, .. }) => (conv, Entry::Problem { code, details }),
    });
    let answers = answers.collect();
    Ok(Json(Answers { answers }))
}

async fn take(
    app: &App,
    signed: &Signed,
    pushes: Vec<Push>,
) -> Vec<(ConversationKey, Result<Answer, Refusal>)> {
    let records = pushes.iter().flat_map(|push| push.records.iter().flatten());
    let (from, log) = (&signed.platform, &signed.log);
    let keys = app.federation.keyring(from, records.clone()).await;
    let own = (app.identity.platform(), app.identity.incarnation());
    let ours = |domain: &str| app.identity.serves(domain);
    let bindings = app.federation.bindings(from, records, own, ours).await;
    app.service
        .receive(from, log, pushes, (keys, bindings))
        .await
}
