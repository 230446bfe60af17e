//! What was submitted and refused: its words are kept as a draft of their author. // spec §8, §11

use em2_model::action::Content;
use em2_model::id::Time;
use em2_model::record::Record;
use em2_model::wire::live::Live;

use crate::service::drafts::{new_key, row};
use crate::service::failure::Failure;
use crate::service::{Service, drafts};
use crate::store::Tx;
use crate::store::drafts::{DraftContent, find_draft, insert_draft};
use crate::store::feed::Told;
use crate::store::users::find_user_by_address;

impl Service {
    /// Keeps the words of a refused action, unless its author is there and is told of the refusal itself.
    pub(super) async fn keep_words(
        &self,
        tx: &mut Tx,
        record: &Record,
        subject: &str,
        now: Time,
    ) -> Result<(), Failure> {
        let action = record.action();
        let text = match action.content() {
            Ok(Content::MessageAdd(add)) => &add.text,
            Ok(Content::MessageModify(modify)) => &modify.text,
            _ => return Ok(()),
        };
        let (Some(author), false) = (&action.header().actor, self.waiting.expects(action.key()))
        else {
            return Ok(());
        };
        let Some(user) = find_user_by_address(tx, author).await? else {
            return Ok(());
        };
        let key = new_key()?;
        let content = DraftContent {
            subject: subject.to_owned(),
            text: text.clone(),
            ..drafts::blank()
        };
        insert_draft(tx, key, user.id, &content, now);
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
