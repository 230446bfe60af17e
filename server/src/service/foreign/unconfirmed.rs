//! Messages that wait for a slot, as people here see them meanwhile: they may still be refused. // spec §12

use em2_model::action::Content;
use em2_model::record::Record;
use em2_model::wire::domestic::{Message, Standing, UNCONFIRMED};

use crate::service::Service;
use crate::service::failure::Failure;
use crate::service::pages::Reading;
use crate::service::scene::Scene;
use crate::store::Conn;
use crate::store::pending::list_pending;
use crate::text::Rendered;

/// How many waiting messages a page shows.
const SHOWN: i64 = 50;

impl Service {
    /// The messages of a conversation that wait for a slot, in their order.
    pub(in crate::service) async fn waiting(
        &self,
        conn: &mut Conn,
        reading: &Reading,
    ) -> Result<Vec<Message>, Failure> {
        if reading.conversation.core.leader == *self.identity.platform() {
            return Ok(Vec::new());
        }
        let pending = list_pending(conn, reading.conversation.core.key, SHOWN).await?;
        let scene = reading.scene(self.clock.now());
        let messages = pending.iter().zip(0..);
        Ok(messages
            .filter_map(|(record, n)| unconfirmed(&scene, record, n))
            .collect())
    }
}

/// A message as it waits, `n` before it; nothing where the action adds none.
pub(in crate::service) fn unconfirmed(
    scene: &Scene<'_>,
    record: &Record,
    n: u64,
) -> Option<Message> {
    let action = record.action();
    let Ok(Content::MessageAdd(add)) = action.content() else {
        return None;
    };
    let author = action.header().actor.as_ref()?;
    Some(Message {
        key: action.key(),
        seq: UNCONFIRMED + n,
        touched: 0,
        head: action.key(),
        author: scene.person(author),
        parent: action.header().parent,
        at: action.header().at,
        html: Rendered::of(add.format, &add.text).html,
        text: None,
        format: add.format,
        edited: None,
        lock: None,
        standing: Standing::Present,
    })
}
