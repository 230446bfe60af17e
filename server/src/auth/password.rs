//! Passwords: argon2id off the async threads, a bounded number at a time, the same work whether the account exists.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use em2_model::refusal::{Code, Refusal};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

/// The longest password, in bytes.
pub const LONGEST: usize = 1024;
/// The shortest new password, in characters.
pub const SHORTEST: usize = 10;
/// How many hashes are computed at once, and how many more may wait for their turn.
const AT_ONCE: usize = 2;
const WAITING: usize = 8;
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// A password as typed, of at most [`LONGEST`] bytes; never printed.
#[derive(Clone, Debug)]
pub struct Password(SecretString);

impl Password {
    /// A password that somebody signs in with.
    pub fn typed(text: String) -> Result<Password, Refusal> {
        if text.len() > LONGEST {
            return Err(too_long());
        }
        Ok(Password(text.into()))
    }

    /// A password that somebody chooses.
    pub fn chosen(text: String) -> Result<Password, Refusal> {
        if text.chars().count() < SHORTEST {
            return Err(Refusal::format(
                "The password is too short. Choose one of at least 10 characters.",
            ));
        }
        Password::typed(text)
    }
}

/// The refusal of a text that is too long to be a password.
pub fn too_long() -> Refusal {
    Refusal::format("A password has at most 1024 bytes. Check what was pasted.")
}

/// Hashes and checks passwords.
pub struct Passwords {
    /// What is hashed where there is no account, so that an unknown address costs the same.
    decoy: String,
    /// One permit for each hash that is computed.
    at_once: Semaphore,
    /// One permit for each hash that is computed or waits.
    places: Semaphore,
    /// How many hashes were computed; a test counts one for each try.
    computed: AtomicU64,
}

impl Passwords {
    /// Draws the decoy.
    pub fn new() -> Result<Passwords, Refusal> {
        let mut decoy = [0; 24];
        fill(&mut decoy)?;
        Ok(Passwords {
            decoy: compute(&decoy)?,
            at_once: Semaphore::new(AT_ONCE),
            places: Semaphore::new(AT_ONCE + WAITING),
            computed: AtomicU64::new(0),
        })
    }

    /// The text to store for a password: a PHC string with its own salt.
    pub async fn hash(&self, password: Password) -> Result<String, Refusal> {
        self.work(move || compute(password.0.expose_secret().as_bytes()))
            .await
    }

    /// Whether the password is the one stored; takes as long where nothing is stored.
    pub async fn verify(
        &self,
        password: Password,
        stored: Option<String>,
    ) -> Result<bool, Refusal> {
        let known = stored.is_some();
        let against = stored.unwrap_or_else(|| self.decoy.clone());
        let same = self
            .work(move || {
                let hash = PasswordHash::new(&against).map_err(|error| fault(&error))?;
                check(password.0.expose_secret().as_bytes(), &hash).map_err(|error| fault(&error))
            })
            .await?;
        Ok(same && known)
    }

    /// How many hashes were computed so far.
    pub fn computed(&self) -> u64 {
        self.computed.load(Ordering::Relaxed)
    }

    async fn work<T: Send + 'static>(
        &self,
        hash: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let busy = || Refusal::from(Code::Busy).with("retry_after", LONGEST_WAIT.as_secs());
        let _place = self.places.try_acquire().map_err(|_| busy())?;
        let turn = tokio::time::timeout(LONGEST_WAIT, self.at_once.acquire()).await;
        let _turn = turn.map_err(|_| busy())?.map_err(|error| fault(&error))?;
        self.computed.fetch_add(1, Ordering::Relaxed);
        tokio::task::spawn_blocking(hash)
            .await
            .map_err(|error| fault(&error))?
    }
}

/// How much is asked of the system for one hash, in blocks: more than 32 MiB, which the allocator gives back to it
/// afterwards, where it would keep less for itself. What is not used is never there.
const ROOM: usize = 33 * 1024;

/// argon2id with 19 MiB, two passes, one lane: the least that is accepted.
fn compute(password: &[u8]) -> Result<String, Refusal> {
    let mut salt = [0; 16];
    fill(&mut salt)?;
    let hash = || {
        let params = Params::new(19_456, 2, 1, None)?;
        let salt = Salt::new(&salt)?;
        Ok::<_, argon2::password_hash::Error>(PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params)?,
            hash: Some(output(password, &salt, Version::V0x13, params)?),
            salt: Some(salt),
        })
    };
    Ok(hash().map_err(|error| fault(&error))?.to_string())
}

/// Whether the password is the one that was hashed; compared in constant time.
fn check(password: &[u8], stored: &PasswordHash) -> Result<bool, argon2::password_hash::Error> {
    use argon2::password_hash::Error;
    if stored.algorithm != Algorithm::Argon2id.ident() {
        return Err(Error::Algorithm);
    }
    let (Some(salt), Some(hash)) = (&stored.salt, &stored.hash) else {
        return Err(Error::SaltInvalid);
    };
    let version = stored.version.map(Version::try_from).transpose()?;
    let params = Params::try_from(stored)?;
    Ok(output(password, salt, version.unwrap_or_default(), params)? == *hash)
}

fn output(
    password: &[u8],
    salt: &[u8],
    version: Version,
    params: Params,
) -> Result<Output, argon2::password_hash::Error> {
    let mut memory = Vec::with_capacity(ROOM);
    memory.resize(params.block_count(), Block::new());
    let mut out = [0; Params::DEFAULT_OUTPUT_LEN];
    Argon2::new(Algorithm::Argon2id, version, params).hash_password_into_with_memory(
        password,
        salt,
        &mut out,
        &mut memory,
    )?;
    Ok(Output::new(&out)?)
}

fn fill(bytes: &mut [u8]) -> Result<(), Refusal> {
    getrandom::fill(bytes).map_err(|error| fault(&error))
}

fn fault(error: &dyn std::fmt::Display) -> Refusal {
    tracing::error!(%error, "a password could not be hashed");
    Refusal::from(Code::Internal)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn typed(text: &str) -> Password {
        Password::typed(text.to_owned()).unwrap()
    }

    #[tokio::test]
    async fn a_password_is_stored_as_argon2id_and_known_again() {
        let passwords = Passwords::new().unwrap();
        let stored = passwords.hash(typed("correct horse")).await.unwrap();
        assert!(
            stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{stored}"
        );
        assert!(
            passwords
                .verify(typed("correct horse"), Some(stored.clone()))
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .verify(typed("wrong horse"), Some(stored))
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn an_unknown_account_costs_a_hash_and_never_passes() {
        let passwords = Passwords::new().unwrap();
        assert!(!passwords.verify(typed("anything"), None).await.unwrap());
        assert_eq!(passwords.computed(), 1);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_eleventh_at_once_is_told_to_come_back() {
        let passwords = Arc::new(Passwords::new().unwrap());
        let tries: Vec<_> = (0..11)
            .map(|_| {
                let passwords = passwords.clone();
                async move { passwords.verify(typed("anything"), None).await }
            })
            .collect();
        let answers = futures::future::join_all(tries).await;
        let busy = answers
            .iter()
            .filter(|answer| answer.as_ref().is_err_and(|r| r.code == Code::Busy))
            .count();
        assert!(busy >= 1, "{answers:?}");
    }

    #[test]
    fn lengths_are_checked_before_any_work() {
        assert!(Password::typed("x".repeat(1024)).is_ok());
        assert_eq!(
            Password::typed("x".repeat(1025)).unwrap_err().code,
            Code::Format
        );
        assert!(Password::chosen("nine99999".to_owned()).is_err());
        assert!(Password::chosen("ten1010101".to_owned()).is_ok());
    }

    #[test]
    fn a_password_never_prints() {
        assert!(!format!("{:?}", typed("hunter2")).contains("hunter2"));
    }
}
