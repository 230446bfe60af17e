//! The servers of a run, each on a database of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr as _;

use sqlx::{Connection as _, Executor as _};

use crate::Outcome;
use crate::args::{Args, Engine};
use crate::floor;
use crate::person::{PASSWORD, Person};
use crate::process::{Process, postgres_on};

/// One database of ours, and how its server is started.
pub(crate) struct Place {
    server: PathBuf,
    site: PathBuf,
    folder: PathBuf,
    database: String,
    /// Kept from one start to the next: the name of the cookie carries it.
    port: u16,
    postgres: Option<u32>,
    /// What it is called among other platforms, and where they are: settings of its environment.
    settings: Vec<(&'static str, String)>,
}

impl Place {
    /// An empty database for these people.
    pub(crate) async fn make(
        args: &Args,
        engine: &Engine,
        name: &str,
        people: &[&str],
    ) -> Outcome<Place> {
        Place::stand(args, engine, name, people, free_port()?, Vec::new()).await
    }

    /// The same on this port, with these settings.
    pub(crate) async fn stand(
        args: &Args,
        engine: &Engine,
        name: &str,
        people: &[&str],
        port: u16,
        settings: Vec<(&'static str, String)>,
    ) -> Outcome<Place> {
        let folder = empty(
            &args.work,
            &format!("{}-{name}", engine.name().to_lowercase()),
        )?;
        let (database, postgres) = match engine {
            Engine::Sqlite => (
                format!("sqlite:{}", folder.join("em2.sqlite").display()),
                None,
            ),
            Engine::Postgres(address) => create(address, &format!("bench_{name}")).await?,
        };
        let (server, site) = (args.server.clone(), args.site.clone());
        let place = Place {
            server,
            site,
            folder,
            database,
            port,
            postgres,
            settings,
        };
        for address in people {
            let mut command = place.command();
            command
                .args(["user", "add", address])
                .env("EM2_PASSWORD", PASSWORD);
            let output = command
                .output()
                .map_err(|error| format!("{}: {error}", place.server.display()))?;
            if !output.status.success() {
                return Err(String::from_utf8_lossy(&output.stderr).into());
            }
        }
        Ok(place)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.server);
        command
            .args([
                "--listen",
                &format!("127.0.0.1:{}", self.port),
                "--database",
                &self.database,
            ])
            .arg("--data")
            .arg(self.folder.join("data"))
            .arg("--site")
            .arg(&self.site)
            // What the shell says about other servers is not for this one.
            .env_remove("EM2_CONFIG")
            .envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts the server.
    pub(crate) fn start(&self) -> Outcome<Process> {
        let process = Process::start(self.command().arg("serve"), &self.folder.join("log"))?;
        Ok(process.with_postgres(self.postgres))
    }

    /// Bytes of the file of a SQLite database whose server is stopped, once its log is folded in.
    pub(crate) async fn checkpointed(&self) -> Outcome<u64> {
        let mut connection = sqlx::SqliteConnection::connect(&self.database).await?;
        connection
            .execute("PRAGMA wal_checkpoint(TRUNCATE)")
            .await?;
        connection.close().await?;
        Ok(fs::metadata(self.folder.join("em2.sqlite"))?.len())
    }

    /// Bytes that the database takes on the disk; nothing of PostgreSQL.
    pub(crate) fn size(&self) -> u64 {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        entries
            .filter_map(|entry| entry.metadata().ok())
            .map(|data| data.len())
            .sum()
    }
}

/// A port that is free until a server takes it.
pub(crate) fn free_port() -> Outcome<u16> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    Ok(listener.local_addr()?.port())
}

/// Signs these people in.
pub(crate) async fn sign_in(process: &Process, people: &[&str]) -> Outcome<Vec<Person>> {
    let mut signed_in = Vec::with_capacity(people.len());
    for address in people {
        signed_in.push(Person::sign_in(&process.url, address).await?);
    }
    Ok(signed_in)
}

/// A floor on an empty database, or on one with this many messages.
pub(crate) fn floor(args: &Args, name: &str, messages: u64) -> Outcome<Process> {
    let folder = empty(&args.work, &format!("floor-{name}"))?;
    let database = folder.join("floor.sqlite");
    if messages > 0 {
        let mut command = Command::new(&args.floor);
        let status = command
            .arg("seed")
            .arg(&database)
            .arg(messages.to_string())
            .status()?;
        if !status.success() {
            return Err("the floor could not be filled".into());
        }
    }
    let mut command = Command::new(&args.floor);
    command.arg("serve").arg(&database).arg(floor::public());
    Process::start(&mut command, &folder.join("log"))
}

fn empty(work: &Path, name: &str) -> Outcome<PathBuf> {
    let folder = work.join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder.canonicalize()?)
}

/// An empty database in this PostgreSQL; its address, and the process to watch.
async fn create(address: &str, name: &str) -> Outcome<(String, Option<u32>)> {
    let mut connection = sqlx::PgConnection::connect(address).await?;
    for statement in [
        format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
        format!("CREATE DATABASE {name}"),
    ] {
        connection.execute(sqlx::AssertSqlSafe(statement)).await?;
    }
    connection.close().await?;
    let port = sqlx::postgres::PgConnectOptions::from_str(address)?.get_port();
    let (server, _) = address
        .rsplit_once('/')
        .ok_or("the address of PostgreSQL names no database")?;
    Ok((format!("{server}/{name}"), postgres_on(port)))
}
