//! Waiting until all platforms hold the same, read from their databases while they run.

use std::collections::BTreeMap;
use std::time::Duration;

use em2_model::ConversationKey;
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use tokio::time::{Instant, sleep};

use crate::journal::Talk;
use crate::platforms::{DOMAINS, Platforms};

/// A head: how many commits, and the last of them.
type Head = (i64, Vec<u8>);

/// The databases, opened for nothing but looking.
pub(crate) struct Watch(Vec<SqliteConnection>);

impl Watch {
    pub(crate) async fn on(platforms: &Platforms) -> Watch {
        let mut open = Vec::new();
        for server in &platforms.servers {
            let options: SqliteConnectOptions = server.database().parse().unwrap();
            let options = options.read_only(true);
            let connection = SqliteConnection::connect_with(&options).await;
            open.push(connection.unwrap());
        }
        Watch(open)
    }

    /// The conversations in which the platforms of those who take part do not hold the same yet.
    pub(crate) async fn behind(&mut self, talks: &[Talk]) -> Vec<ConversationKey> {
        let (mut heads, mut waiting) = (Vec::new(), Vec::new());
        for connection in &mut self.0 {
            let rows: Vec<(Vec<u8>, i64, Vec<u8>)> =
                sqlx::query_as("SELECT key, seq, head FROM conversations")
                    .fetch_all(&mut *connection)
                    .await
                    .unwrap();
            let rows = rows.into_iter().map(|(key, seq, head)| (key, (seq, head)));
            heads.push(rows.collect::<BTreeMap<Vec<u8>, Head>>());
            let pending: Vec<Vec<u8>> = sqlx::query_scalar("SELECT DISTINCT conv FROM pending")
                .fetch_all(&mut *connection)
                .await
                .unwrap();
            waiting.extend(pending);
        }
        let agree = |talk: &&Talk| {
            let key = talk.key.as_bytes().to_vec();
            let mut there = platforms_of(talk).map(|n| heads[n].get(&key));
            let first = there.next().flatten();
            first.is_some() && there.all(|head| head == first) && !waiting.contains(&key)
        };
        let behind = talks.iter().filter(|talk| !agree(talk));
        behind.map(|talk| talk.key).collect()
    }

    /// Waits until nothing is behind; what then still is.
    pub(crate) async fn settled(
        &mut self,
        talks: &[Talk],
        patience: Duration,
    ) -> Vec<ConversationKey> {
        let until = Instant::now() + patience;
        loop {
            let behind = self.behind(talks).await;
            if behind.is_empty() || Instant::now() > until {
                return behind;
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// What stands in the way, for whoever reads that the test has failed.
    pub(crate) async fn explain(&mut self, behind: &[ConversationKey]) -> String {
        const ROWS: &str = "SELECT 'head ' || seq || ' ' || lower(hex(head)) FROM conversations WHERE key = $1
             UNION ALL SELECT 'waits ' || lower(hex(key)) || ' since ' || created_at FROM pending WHERE conv = $1
             UNION ALL SELECT 'to ' || target || ': ' || acked_seq || ' of ' || head_seq || ', ' || state || ', ' ||
                 attempts || ' attempts, ' || COALESCE(last_code || ': ' || last_detail, 'fine')
                 FROM deliveries WHERE conv = $1";
        let mut said = String::new();
        for (n, connection) in self.0.iter_mut().enumerate() {
            for key in behind {
                let rows: Vec<String> = sqlx::query_scalar(ROWS)
                    .bind(key.as_bytes().to_vec())
                    .fetch_all(&mut *connection)
                    .await
                    .unwrap();
                for row in rows {
                    said.push_str(&format!("{key} on {}: {row}\n", DOMAINS[n]));
                }
            }
        }
        said
    }

    pub(crate) async fn close(self) {
        for connection in self.0 {
            connection.close().await.unwrap();
        }
    }
}

/// The platforms of those who take part.
pub(crate) fn platforms_of(talk: &Talk) -> impl Iterator<Item = usize> {
    let there = |domain: &str| talk.people.iter().any(|it| it.domain() == domain);
    let all = DOMAINS.iter().enumerate();
    all.filter_map(move |(n, domain)| there(domain).then_some(n))
}
