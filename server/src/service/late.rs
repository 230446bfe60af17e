//! An edit that came too late: what its text changes in the message as it is now. // spec §11

use ::app::paths;
use em2_model::id::{ActionKey, ConversationKey};
use em2_model::refusal::{Code, Refusal};
use em2_model::wire::domestic::Piece;

use super::failure::Failure;
use super::pages::read;
use super::{Me, Service};
use crate::store::Conn;
use crate::store::drafts::{Draft, Kept, find_kept};
use crate::store::messages::list_messages_by_key;
use crate::text::difference;

impl Service {
    /// A refused edit of a message, told with `head`, the newest action on the message, and `difference`, what `text`
    /// changes in it as that left it. Where it cannot be changed any more, and of other refusals, nothing is added.
    pub(super) async fn compared(
        &self,
        me: &Me,
        (conv, item): (ConversationKey, ActionKey),
        text: &str,
        refusal: Refusal,
    ) -> Refusal {
        if !is_late(refusal.code) {
            return refusal;
        }
        let compared = async {
            let mut conn = self.store.snapshot().await?;
            self.difference_to(&mut conn, me, (conv, item), text).await
        };
        match compared.await {
            Ok(found) => with(refusal, found),
            Err(failure) => {
                tracing::debug!(?failure, "there is nothing to compare a refused edit with");
                refusal
            }
        }
    }

    /// Why the words of a draft did not get to where they were meant; nothing of one that was begun as a draft.
    pub(super) async fn why_kept(
        &self,
        conn: &mut Conn,
        me: &Me,
        draft: &Draft,
    ) -> Result<Option<Refusal>, Failure> {
        let Some(Kept { conv, item, code }) = find_kept(conn, draft.key).await? else {
            return Ok(None);
        };
        let meant = match item {
            Some(_) => "This was to change a message.",
            None => "This was to be said in a conversation.",
        };
        let message = format!("{meant} {}", Refusal::from(code).message);
        let refusal = Refusal::new(code, message);
        let Some(item) = item else {
            return Ok(Some(refusal.with("page", paths::conversation(conv))));
        };
        let refusal = refusal.with("page", paths::message(conv, item));
        let found = match is_late(code) {
            true => {
                self.difference_to(conn, me, (conv, item), &draft.text)
                    .await
            }
            false => Ok(None),
        };
        Ok(Some(match found {
            Ok(found) => with(refusal, found),
            Err(Failure::Refused(_)) => refusal,
            Err(failure) => return Err(failure),
        }))
    }

    /// The newest action on a message and what `text` changes in it, where this person may change it.
    async fn difference_to(
        &self,
        conn: &mut Conn,
        me: &Me,
        (conv, item): (ConversationKey, ActionKey),
        text: &str,
    ) -> Result<Option<(ActionKey, Vec<Piece>)>, Failure> {
        let reading = read(conn, me, conv).await?;
        let Some(row) = list_messages_by_key(conn, conv, &[item]).await?.pop() else {
            return Ok(None);
        };
        let row = reading.as_of(conn, row).await?;
        let scene = reading.scene(self.clock.now());
        let message = scene.message(&row, &reading.reader);
        Ok(message
            .text
            .map(|now| (message.head, difference(&now, text))))
    }
}

/// Whether it was refused because somebody else was first.
fn is_late(code: Code) -> bool {
    matches!(code, Code::Conflict | Code::Locked)
}

fn with(refusal: Refusal, found: Option<(ActionKey, Vec<Piece>)>) -> Refusal {
    let found = found.and_then(|(head, pieces)| Some((head, serde_json::to_value(pieces).ok()?)));
    match found {
        Some((head, pieces)) => refusal
            .with("head", head.to_string())
            .with("difference", pieces),
        None => refusal,
    }
}
