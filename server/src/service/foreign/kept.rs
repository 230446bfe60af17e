//! What was submitted and refused: its words are kept as a draft of their author. // spec §8, §11

use em2_model::action::Content;
use em2_model::id::Time;
use em2_model::record::Record;
use em2_model::refusal::Code;
use em2_model::wire::live::Live;

use crate::service::drafts::{new_key, row};
use crate::service::failure::Failure;
use crate::service::{Service, drafts};
use crate::store::Tx;
use crate::store::conversations::find_conversation;
use crate::store::drafts::{DraftContent, Kept, find_draft, insert_draft, insert_kept};
use crate::store::feed::Told;
use crate::store::users::find_user_by_address;

impl Service {
    /// Keeps the words of a refused action, unless its author is there and is told of the refusal itself.
    pub(super) async fn keep_words(
        &self,
        tx: &mut Tx,
        record: &Record,
        code: Code,
        now: Time,
    ) -> Result<(), Failure> {
        let action = record.action();
        let (text, item) = match action.content() {
            Ok(Content::MessageAdd(add)) => (&add.text, None),
            Ok(Content::MessageModify(modify)) => (&modify.text, Some(action.item())),
            _ => return Ok(()),
        };
        let (Some(author), false) = (&action.header().actor, self.waiting.expects(action.key()))
        else {
            return Ok(());
        };
        let Some(user) = find_user_by_address(tx, author).await? else {
            return Ok(());
        };
        let conv = action.conversation();
        let found = find_conversation(tx, conv).await?;
        let subject = found.map(|row| row.core.subject).unwrap_or_default();
        let key = new_key()?;
        let content = DraftContent {
            subject,
            text: text.clone(),
            ..drafts::blank()
        };
        insert_draft(tx, key, user.id, &content, now);
        insert_kept(tx, key, &Kept { conv, item, code });
        if let Some(draft) = find_draft(tx, user.id, key).await? {
            self.tell_own(tx, user.id, Told::Draft(key), |n| Live::Draft {
                n,
                row: Box::new(row(&draft)),
            })
            .await?;
        }
        Ok(())
    }
}
