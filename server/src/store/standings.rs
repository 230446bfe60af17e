//! How this platform stands to the others in one conversation, as the core of the protocol keeps it. Most conversations
//! have no row: nothing was restored. // spec §14

use em2_model::ConversationKey;
use em2_model::step::Standing;

use crate::store::conn::{Conn, Tx};
use crate::store::dialect::Row;
use crate::store::error::StoreError;
use crate::store::value::{args, from_json, json};

/// The standing of a conversation.
pub(in crate::store) const FIND: &str = "SELECT standing FROM standings WHERE conv = $1";

pub(in crate::store) fn standing(rows: &[Row]) -> Result<Standing, StoreError> {
    rows.first().map_or(Ok(Standing::default()), |row| {
        from_json(&row.get::<String>(0)?)
    })
}

/// Every standing that is kept.
pub async fn list_standings(
    conn: &mut Conn,
) -> Result<Vec<(ConversationKey, Standing)>, StoreError> {
    conn.fetch_all("SELECT conv, standing FROM standings", args![])
        .await?
        .iter()
        .map(|row| Ok((row.get(0)?, from_json(&row.get::<String>(1)?)?)))
        .collect()
}

/// Keeps the standing of a conversation.
pub fn upsert_standing(tx: &mut Tx, conv: ConversationKey, standing: &Standing) {
    tx.push(
        "INSERT INTO standings (conv, standing) VALUES ($1, $2)
         ON CONFLICT (conv) DO UPDATE SET standing = excluded.standing",
        args![conv, json(standing)],
    );
}
