//! Fills a database with messages whose words follow a fixed pattern, so that every run searches the same text.

use sqlx::{Connection, SqliteConnection};

/// How many messages one conversation holds.
const PER_CONVERSATION: u64 = 10;
/// How many messages one transaction writes.
const GROUP: u64 = 5_000;

/// The text of message `number`: `common` in every one, `rare` in one of a thousand, and words between.
fn text(number: u64) -> String {
    let mix = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let rare = if number.is_multiple_of(1000) {
        " rare"
    } else {
        ""
    };
    format!(
        "common word{} term{} topic{} about the budget for travel and the plan of the week{rare}",
        mix % 97,
        (mix >> 16) % 9973,
        (mix >> 32) % 499
    )
}

/// Writes `count` messages in conversations of ten.
pub(crate) async fn fill(mut connection: SqliteConnection, count: u64) -> Result<(), sqlx::Error> {
    let mut next = 1;
    while next <= count {
        let until = (next + GROUP - 1).min(count);
        let mut transaction = connection.begin().await?;
        for number in next..=until {
            let text = text(number);
            let conversation = (number / PER_CONVERSATION) as i64;
            sqlx::query("INSERT INTO action (seq, conv, bytes) VALUES ($1, $2, $3)")
                .bind(number as i64)
                .bind(conversation)
                .bind(format!("{{\"h\":{{\"seq\":{number}}},\"b\":{{\"text\":\"{text}\"}},\"s\":\"{:0>86}\"}}", number))
                .execute(&mut *transaction)
                .await?;
            sqlx::query("INSERT INTO word (rowid, text) VALUES ($1, $2)")
                .bind(number as i64)
                .bind(&text)
                .execute(&mut *transaction)
                .await?;
            sqlx::query(
                "INSERT OR REPLACE INTO row (conv, at, subject, preview) VALUES ($1, $2, $3, $4)",
            )
            .bind(conversation)
            .bind(number as i64)
            .bind(format!("Subject of conversation {conversation}"))
            .bind(&text)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        next = until + 1;
    }
    Ok(())
}
