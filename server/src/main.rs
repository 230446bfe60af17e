//! The command line: `serve`, `user add|list|passwd`, `key show|rotate|recover`, `route check`, `export`, `verify`,
//! `restore`, `migrate`.

mod command;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use server::auth::Auth;
use server::auth::accounts::NewAccount;
use server::clock::Clock;
use server::config::{Config, Options};
use server::error::Error;
use server::{Server, open_identity, open_store, telemetry};

use command::ask::ask;
use command::key::{self, Key};
use command::route::{self, Route};

/// Conversations that replace e-mail.
#[derive(Parser)]
#[command(name = "server", version)]
struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the pages and the API
    Serve,
    /// The accounts of this platform
    #[command(subcommand)]
    User(User),
    /// Where other platforms are found
    #[command(subcommand)]
    Route(Route),
    /// The keys with which this platform signs
    #[command(subcommand)]
    Key(Key),
    /// Write a conversation, with the keys that signed it, to one file that proves itself
    Export {
        key: em2_model::ConversationKey,
        /// A new file [default: standard output]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Check such a file: nothing else is needed, no database and no network
    Verify { file: PathBuf },
    /// Say that the database was put back from a backup: the next start asks the other platforms what it lacks
    ///
    /// Stop the server first. Without this command, too, a start finds out by itself when the database lacks what this
    /// data folder says was given out last.
    #[command(verbatim_doc_comment)]
    Restore,
    /// Bring the database up to date and stop
    Migrate,
}

/// The password comes from EM2_PASSWORD, else from the terminal or from standard input: never from an argument, which
/// everybody on the machine could read.
#[derive(Subcommand)]
enum User {
    /// Give somebody an account; the password is asked for
    Add {
        address: String,
        /// What people call them in conversations [default: the part before the @]
        #[arg(long)]
        name: Option<String>,
    },
    /// Every account, the oldest first
    List,
    /// Give an account another password, which is asked for, and sign it out everywhere
    Passwd { address: String },
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("server: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<(), Error> {
    // Before the settings, which it does not need.
    if let Command::Verify { file } = &cli.command {
        return command::verify::check(file);
    }
    let config = Config::load(cli.options)?;
    telemetry::start(&config);
    match cli.command {
        Command::Serve => serve(config).await,
        Command::Migrate => {
            let store = open_store(&config).await?;
            println!("The database is up to date ({:?}).", store.dialect());
            Ok(())
        }
        Command::Restore => {
            server::marks::declare_restored(&config.data)
                .map_err(|error| Error::folder(&config.data, &error))?;
            println!(
                "The next start asks the other platforms for what this database lacks, before it orders anything."
            );
            Ok(())
        }
        Command::User(command) => user(config, command).await,
        Command::Route(command) => route::run(&config, command).await,
        Command::Key(command) => key::run(config, command).await,
        Command::Export { key, out } => command::export::export(&config, key, out).await,
        Command::Verify { file } => command::verify::check(&file),
    }
}

async fn serve(config: Config) -> Result<(), Error> {
    let server = Server::open(config, Clock::default()).await?;
    let identity = &server.app().identity;
    if let Some(greeting) = key::greeting(identity) {
        let _ = std::io::stdout().write_all(greeting.as_bytes());
    }
    let (address, first) = server.address_to_open().await?;
    let mut said = String::new();
    if identity.is_trial() {
        said.push_str(
            "This is a local trial: it speaks to no other platform. To be one, start a fresh data folder with\n\
             --platform em2.example.com --domains example.com; both are given once and signed for ever.\n",
        );
    }
    said.push_str(&if first {
        format!(
            "Nobody has an account here yet. Open this address to make the first one:\n\n    {address}\n\n\
             or run “server user add <address> --name <name>”, which does the same.\n"
        )
    } else {
        format!("Open {address}\n")
    });
    // Whoever started it may not be reading: that is no reason to stop.
    let _ = std::io::stdout().write_all(said.as_bytes());
    server.run(told_to_stop()).await;
    Ok(())
}

/// Done when the terminal or the system asks the program to stop.
async fn told_to_stop() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        let terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
        let Ok(mut terminated) = terminated else {
            return drop(interrupted.await);
        };
        tokio::select! {
            _ = interrupted => {}
            _ = terminated.recv() => {}
        }
    }
    #[cfg(not(unix))]
    drop(interrupted.await);
}

async fn user(config: Config, command: User) -> Result<(), Error> {
    let clock = Clock::default();
    let store = open_store(&config).await?;
    let identity = open_identity(&config, &store, &clock).await?;
    if let Some(greeting) = key::greeting(&identity) {
        eprint!("{}", *greeting);
    }
    let auth = Auth::new(store, clock)?;
    match command {
        User::Add { address, name } => {
            let name =
                name.unwrap_or_else(|| address.split('@').next().unwrap_or_default().to_owned());
            let password = password("Password for the new account: ")?;
            let user = auth
                .add_account(NewAccount {
                    address,
                    name,
                    password,
                })
                .await?;
            println!("{} has an account now.", user.address);
        }
        User::List => {
            for user in auth.accounts().await? {
                println!("{}\t{}", user.address, user.name);
            }
        }
        User::Passwd { address } => {
            auth.change_password(&address, password("New password: ")?)
                .await?;
            println!("{address} has another password now and is signed out everywhere.");
        }
    }
    Ok(())
}

fn password(prompt: &str) -> Result<String, Error> {
    let password = ask("EM2_PASSWORD", prompt, "password")?;
    Ok(password.to_string())
}
