//! `server key show|rotate|recover`: the platform's keys, by hand. // spec §3

use clap::Subcommand;
use em2_model::id::Time;
use em2_model::keys::{KeyEntry, KeyLog};
use em2_model::sign::Kid;
use server::clock::Clock;
use server::config::Config;
use server::error::Error;
use server::identity::{Held, Identity, Kept, Keychain, RecoveryKey};
use server::open_store;
use zeroize::Zeroizing;

use super::ask::ask;

const DAY: i64 = 24 * 3600 * 1000;

/// What is done to the keys by hand.
#[derive(Subcommand)]
#[command(
    after_help = "A running server needs no restart: it takes what is changed here within seconds."
)]
pub(crate) enum Key {
    /// Every key of the platform, and for how long the newest one counts; never a secret
    Show,
    /// Replace the key that signs: the server does so by itself every 80 days
    ///
    /// The key before goes on counting for others until its own end and a week more, and what it
    /// has signed for ever. If it may be in the wrong hands, this is not enough: see
    /// “server key recover --revoke”.
    #[command(verbatim_doc_comment)]
    Rotate,
    /// Make a new key with the recovery key on paper, when the key file is lost or was stolen
    ///
    /// It asks for the recovery key: on the terminal, which does not show it, or as one line of
    /// standard input, or in EM2_RECOVERY_KEY. All that it needs besides is the database.
    #[command(verbatim_doc_comment)]
    Recover {
        /// A key that was stolen: what it signs from half a minute later on does not count; may be repeated
        #[arg(long, value_name = "KEY", value_parser = kid)]
        revoke: Vec<Kid>,
        /// Make a recovery key instead, for a platform that has none or has lost the paper
        #[arg(long, conflicts_with = "revoke")]
        new: bool,
    },
}

/// Does what was asked for.
pub(crate) async fn run(config: Config, command: Key) -> Result<(), Error> {
    let (store, now) = (open_store(&config).await?, Clock::default().now());
    let found = Keychain::find(&store, &config.data).await?;
    let keychain = found.ok_or_else(|| {
        Error::new(
            "There is no platform here yet: it is made by the first “server serve”. Was --data or --database \
             forgotten?",
        )
    })?;
    match command {
        Key::Show => show(&keychain, &keychain.read().await?, now),
        Key::Rotate => replaced(&keychain.rotate(now).await?, now),
        Key::Recover { new: true, .. } => {
            let paper = keychain.add_recovery(now).await?;
            print!("{}", *on_paper(keychain.own().name.as_str(), &paper));
        }
        Key::Recover { revoke, .. } => {
            if !keychain
                .read()
                .await?
                .log()
                .entries()
                .iter()
                .any(KeyEntry::is_recovery)
            {
                return Err(Error::new(format!(
                    "{} has no recovery key: only the backup of its key file helps.",
                    keychain.own().name
                )));
            }
            let typed = ask("EM2_RECOVERY_KEY", "Recovery key: ", "recovery key")?;
            let paper = RecoveryKey::parse(&typed)?;
            replaced(&keychain.recover(&paper, &revoke, now).await?, now);
            for kid in revoke {
                println!("The key {} is revoked.", kid.as_str());
            }
        }
    }
    Ok(())
}

/// What the first start says once: the recovery key that it has made.
pub(crate) fn greeting(identity: &Identity) -> Option<Zeroizing<String>> {
    let paper = identity.take_recovery_key()?;
    Some(on_paper(identity.platform().as_str(), &paper))
}

fn on_paper(platform: &str, paper: &RecoveryKey) -> Zeroizing<String> {
    Zeroizing::new(format!(
        "This is the recovery key of {platform}. It is shown now and never again, and is kept nowhere:\n\n    {}\n\n\
         Write it on paper, and keep that in a safe place. If the key file is lost or stolen, “server key recover”\n\
         asks for it; without it nobody can prove any more to be this platform.\n\n",
        *paper.text()
    ))
}

fn replaced(held: &Held, now: Time) {
    let kid = held.key.kid.as_str();
    let left = held.log.newest().map_or(0, |newest| days(newest.to, now));
    println!(
        "The key {kid} signs from now on. It counts for {left} days, and a server that runs replaces it before.\n\
         The backup of the key file is out of date: make a new one."
    );
}

fn show(keychain: &Keychain, kept: &Kept, now: Time) {
    let (own, log) = (keychain.own(), kept.log());
    println!(
        "platform     {}\nincarnation  {}\n",
        own.name, own.incarnation
    );
    let lines: Vec<[String; 6]> = log.entries().iter().map(|entry| line(log, entry)).collect();
    let head = ["n", "key", "from", "to", "use", "revoked"].map(str::to_owned);
    for line in [&head].into_iter().chain(&lines) {
        println!("{}", in_columns(line));
    }
    println!();
    if let Some(newest) = log.newest() {
        let (kid, left) = (newest.kid.as_str(), days(newest.to, now));
        println!(
            "{}",
            match left {
                ..0 =>
                    format!("The key {kid} has ended: the next start of the server replaces it."),
                _ => format!(
                    "The key {kid} counts for {left} days more; a server that runs replaces it before."
                ),
            }
        );
    }
    if let Some(trouble) = kept.trouble() {
        println!("Nothing can be signed now. {trouble}");
    }
    if !own.trial && !log.entries().iter().any(KeyEntry::is_recovery) {
        println!(
            "There is no recovery key. Make one with “server key recover --new”, and keep it on paper: if the key file \
             is lost, nothing else helps."
        );
    }
}

fn line(log: &KeyLog, entry: &KeyEntry) -> [String; 6] {
    let revoked = log
        .revoked()
        .iter()
        .filter(|revoked| revoked.kid == entry.kid);
    [
        entry.n.to_string(),
        entry.kid.as_str().to_owned(),
        date(entry.from),
        date(entry.to),
        entry.usage.clone().unwrap_or_else(|| "signing".to_owned()),
        revoked
            .map(|revoked| revoked.at)
            .min()
            .map(date)
            .unwrap_or_default(),
    ]
}

fn in_columns([n, key, from, to, usage, revoked]: &[String; 6]) -> String {
    let line = format!("{n:>3}  {key:<6}  {from:<20}  {to:<20}  {usage:<8}  {revoked}");
    line.trim_end().to_owned()
}

/// In UTC, to the second.
fn date(at: Time) -> String {
    ::app::components::when::iso(at)
}

/// Whole days until then; negative once it is over.
fn days(then: Time, now: Time) -> i64 {
    then.as_millis()
        .saturating_sub(now.as_millis())
        .div_euclid(DAY)
}

fn kid(text: &str) -> Result<Kid, String> {
    Kid::parse(text).map_err(|refusal| refusal.message)
}
