//! A running server's key stays good: it is replaced in time, and what the command line did to the key file is noticed.

use std::time::Duration;

use em2_model::id::Time;

use super::keychain::blocking;
use super::{Identity, Wrong, keyfile, lock, rotate};
use crate::clock::Clock;

/// How often the key file is looked at.
const ROUND: Duration = Duration::from_secs(2);

impl Identity {
    /// Keeps the key good for as long as it is polled. What fails is tried again in the next round, and said once.
    pub async fn keep_up(self, clock: Clock) {
        let mut said = String::new();
        loop {
            match self.look(clock.now()).await {
                Ok(()) => said.clear(),
                Err(wrong) => {
                    let wrong = wrong.to_string();
                    if wrong != said {
                        tracing::error!(error = %wrong, "the platform's key cannot be kept up");
                        said = wrong;
                    }
                }
            }
            tokio::time::sleep(ROUND).await;
        }
    }

    /// Takes the key of a file that was replaced, and replaces one that does not count for long any more. Until that is
    /// done, the key goes on signing that did before.
    pub async fn look(&self, now: Time) -> Result<(), Wrong> {
        let keychain = &self.0.keychain;
        let folder = keychain.folder().to_owned();
        let stamp = blocking(move || Ok(keyfile::stamp(&folder))).await?;
        if *lock(&self.0.seen) != stamp {
            let held = keychain.current().await?;
            self.take(held)?;
            *lock(&self.0.seen) = stamp;
        }
        if rotate::is_due(&self.log(), now) {
            let held = keychain.rotate_if_due(now).await?;
            self.take(held)?;
        }
        Ok(())
    }
}
