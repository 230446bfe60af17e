//! `server export KEY [--out FILE]`: a conversation as one file that proves itself.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use em2_model::ConversationKey;
use server::archive::write::Export;
use server::config::Config;
use server::error::Error;
use server::identity::Keychain;
use server::open_store;

/// Writes the conversation to a new file, else to standard output. A server may be running meanwhile.
pub(crate) async fn export(
    config: &Config,
    key: ConversationKey,
    out: Option<PathBuf>,
) -> Result<(), Error> {
    let nobody = || {
        Error::new(format!(
            "There is no platform in {}. Name its data folder with --data, and its database with --database if it has \
             one of its own.",
            config.data.display()
        ))
    };
    // Opening a database makes one where there is none.
    if !config.data.exists() {
        return Err(nobody());
    }
    let store = open_store(config).await?;
    let keychain = Keychain::find(&store, &config.data).await?;
    let mut export = Export::begin(&store, &keychain.ok_or_else(nobody)?, key).await?;
    let Some(path) = out else {
        return write(
            &mut export,
            &mut io::stdout().lock(),
            Path::new("standard output"),
        )
        .await;
    };
    let mut file = create(&path)?;
    let written = write(&mut export, &mut file, &path).await;
    if written.is_err() {
        // Half a file proves nothing. What is wrong is said already.
        let _ = std::fs::remove_file(&path);
    }
    written?;
    println!(
        "{} actions are in {}. Check them with: server verify FILE",
        export.actions(),
        path.display()
    );
    Ok(())
}

/// A file that only its owner reads. One that is there stays as it is.
fn create(path: &Path) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Error::new(format!(
            "{} is there already. Name another file.",
            path.display()
        )),
        _ => Error::new(format!("{} cannot be made: {error}.", path.display())),
    })
}

async fn write(export: &mut Export, out: &mut impl Write, name: &Path) -> Result<(), Error> {
    let failed =
        |error: io::Error| Error::new(format!("{} cannot be written: {error}.", name.display()));
    while let Some(piece) = export.next().await? {
        out.write_all(&piece).map_err(failed)?;
    }
    out.flush().map_err(failed)
}
