//! A database for one test: a SQLite file in a folder of its own, or a schema of its own in the
//! PostgreSQL that `EM2_TEST_POSTGRES` names.

use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

use server::store::Store;
use sqlx::Connection as _;

/// A database that nobody else uses; gone when it is dropped (SQLite) or removed (PostgreSQL).
pub(crate) struct Database {
    address: String,
    folder: Option<tempfile::TempDir>,
    schema: Option<(String, String)>,
}

impl Database {
    /// A new SQLite file.
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("sqlite:{}", folder.path().join("em2.db").display());
        Self {
            address,
            folder: Some(folder),
            schema: None,
        }
    }

    /// A new schema, or `None`, said aloud, where no PostgreSQL was named. CI has to name one.
    pub(crate) async fn postgres() -> Option<Self> {
        static SAID: Once = Once::new();
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let Ok(server) = std::env::var("EM2_TEST_POSTGRES") else {
            let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
            assert!(
                !ci,
                "EM2_TEST_POSTGRES is not set: CI must run the PostgreSQL half"
            );
            SAID.call_once(|| {
                eprintln!("skipped: EM2_TEST_POSTGRES is not set, no PostgreSQL tests")
            });
            return None;
        };
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let schema = format!("em2_test_{}_{n}", std::process::id());
        run(&server, format!("DROP SCHEMA IF EXISTS {schema} CASCADE")).await;
        run(&server, format!("CREATE SCHEMA {schema}")).await;
        let join = if server.contains('?') { '&' } else { '?' };
        let address = format!("{server}{join}options=-c%20search_path%3D{schema}");
        Some(Self {
            address,
            folder: None,
            schema: Some((server, schema)),
        })
    }

    /// What `Store::open` takes.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// What a SQLite file holds now, as a database of its own.
    pub(crate) async fn backup(&self) -> Self {
        let backup = Self::sqlite();
        let file = backup.address.strip_prefix("sqlite:").unwrap();
        let mut connection = sqlx::SqliteConnection::connect(&self.address)
            .await
            .unwrap();
        sqlx::query("VACUUM INTO $1")
            .bind(file)
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        backup
    }

    /// Opens it, for the first or another time.
    pub(crate) async fn open(&self) -> Store {
        Store::open(&self.address).await.unwrap()
    }

    /// Leaves nothing behind.
    pub(crate) async fn remove(self) {
        if let Some((server, schema)) = self.schema {
            run(&server, format!("DROP SCHEMA {schema} CASCADE")).await;
        }
        drop(self.folder);
    }
}

async fn run(server: &str, sql: String) {
    let mut connection = sqlx::PgConnection::connect(server).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}
