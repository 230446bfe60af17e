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
        Some(Self::schema_of(server).await)
    }

    async fn schema_of(server: String) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let schema = format!("em2_test_{}_{n}", std::process::id());
        run(&server, format!("DROP SCHEMA IF EXISTS {schema} CASCADE")).await;
        run(&server, format!("CREATE SCHEMA {schema}")).await;
        let join = if server.contains('?') { '&' } else { '?' };
        let address = format!("{server}{join}options=-c%20search_path%3D{schema}");
        Self {
            address,
            folder: None,
            schema: Some((server, schema)),
        }
    }

    /// What `Store::open` takes.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// What it holds now, as a database of its own.
    pub(crate) async fn backup(&self) -> Self {
        if let Some((server, schema)) = &self.schema {
            let backup = Self::schema_of(server.clone()).await;
            backup.open().await.close().await;
            if let Some((_, copy)) = &backup.schema {
                run(server, copy_of(schema, copy)).await;
            }
            return backup;
        }
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

/// Puts the rows of all tables of one schema into the same tables of another, as of one moment.
fn copy_of(from: &str, to: &str) -> String {
    format!(
        "BEGIN ISOLATION LEVEL REPEATABLE READ;
         -- The tables stand in any order: nothing is said of references meanwhile.
         SET LOCAL session_replication_role = replica;
         DO $copy$
         DECLARE it record;
         BEGIN
           FOR it IN SELECT tablename AS name FROM pg_tables WHERE schemaname = '{from}' LOOP
             EXECUTE format('DELETE FROM {to}.%I', it.name);
             EXECUTE format('INSERT INTO {to}.%I SELECT * FROM {from}.%I', it.name, it.name);
           END LOOP;
           FOR it IN SELECT table_name AS name, column_name AS counter FROM information_schema.columns
                      WHERE table_schema = '{to}' AND is_identity = 'YES' LOOP
             EXECUTE format('SELECT setval(pg_get_serial_sequence(''{to}.%I'', %L), COALESCE(MAX(%I), 0) + 1, false) '
                            'FROM {to}.%I', it.name, it.counter, it.counter, it.name);
           END LOOP;
         END
         $copy$;
         COMMIT"
    )
}

async fn run(server: &str, sql: String) {
    let mut connection = sqlx::PgConnection::connect(server).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}
