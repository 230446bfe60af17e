//! Address and password for a session. An unknown address gets the same words after the same work.

use std::net::IpAddr;

use em2_model::refusal::{Code, Refusal};
use em2_model::{Address, Time};

use super::limit::caller;
use super::password::Password;
use super::sessions::{LONGEST, expiry};
use super::token::Token;
use super::{Auth, SignedIn, down};
use crate::service::Me;
use crate::store::devices::{find_device, insert_device};
use crate::store::sessions::{Session, TokenHash, insert_session};
use crate::store::users::{User, find_password};

/// One try to sign in.
pub struct Try {
    /// As typed.
    pub address: String,
    pub password: String,
    /// Where the request came from.
    pub from: IpAddr,
    /// What the browser calls itself.
    pub browser: String,
    /// The device cookie, where there is one.
    pub device: Option<Token>,
}

/// A fresh session, and what the browser is given for it.
pub struct Fresh {
    pub signed_in: SignedIn,
    pub token: Token,
    pub device: Token,
}

/// The longest name of a browser that is kept, in characters.
const BROWSER: usize = 120;

impl Auth {
    /// Checks a password and opens a session: never one that the browser brought along.
    pub async fn sign_in(&self, given: Try) -> Result<Fresh, Refusal> {
        let password = Password::typed(given.password)?;
        // What is no address has no account; it still costs a try and a hash.
        let address = Address::parse_typed(&given.address).ok();
        let known = match &address {
            Some(address) => self.find(address).await?,
            None => None,
        };
        let device = self
            .known_device(given.device, known.as_ref().map(|(user, _)| user))
            .await?;
        let from = caller(given.from);
        let counted = self.count(address.as_ref(), from, device.as_ref().map(Token::hash))?;
        let (user, stored) = known.unzip();
        let good = self.0.passwords.verify(password, stored).await;
        // A wrong password counts; a good one, and one that nobody had the time to check, does not.
        if !matches!(good, Ok(false)) {
            counted.give_back();
        }
        match (good?, user) {
            (true, Some(user)) => {
                self.open_session(user, given.from, given.browser, device)
                    .await
            }
            _ => {
                tracing::info!("a try to sign in failed");
                Err(Refusal::new(
                    Code::SignIn,
                    "The address or the password is wrong. Check both and try again.",
                ))
            }
        }
    }

    /// Opens a session for somebody who has proved who they are.
    pub(super) async fn open_session(
        &self,
        user: User,
        from: IpAddr,
        browser: String,
        device: Option<Token>,
    ) -> Result<Fresh, Refusal> {
        let (token, now) = (Token::fresh()?, self.0.clock.now());
        let (device, new_device) = match device {
            Some(device) => (device, false),
            None => (Token::fresh()?, true),
        };
        let session = Session {
            token: token.hash(),
            user: user.id,
            device: browser
                .chars()
                .filter(|c| !c.is_control())
                .take(BROWSER)
                .collect(),
            address: from.to_string(),
            created_at: now,
            last_seen_at: now,
            expires_at: expiry(now, now),
        };
        let signed_in = SignedIn {
            me: Me {
                user: user.id,
                address: user.address,
                name: user.name,
            },
            session: session.token,
            expires_at: session.expires_at,
            last_seen_at: now,
        };
        let device_hash = device.hash();
        self.0
            .store
            .write(move |tx| {
                Box::pin(async move {
                    if new_device {
                        insert_device(tx, device_hash, session.user, now, Time(now.0 + LONGEST));
                    }
                    insert_session(tx, &session);
                    Ok(())
                })
            })
            .await
            .map_err(down)?;
        Ok(Fresh {
            signed_in,
            token,
            device,
        })
    }

    async fn find(&self, address: &Address) -> Result<Option<(User, String)>, Refusal> {
        let mut conn = self.0.store.reader().await.map_err(down)?;
        find_password(&mut conn, address).await.map_err(down)
    }

    /// The device, if this person has signed in from it before.
    async fn known_device(
        &self,
        device: Option<Token>,
        user: Option<&User>,
    ) -> Result<Option<Token>, Refusal> {
        let (Some(device), Some(user)) = (device, user) else {
            return Ok(None);
        };
        let mut conn = self.0.store.reader().await.map_err(down)?;
        let known = find_device(&mut conn, device.hash(), user.id, self.0.clock.now())
            .await
            .map_err(down)?;
        Ok(known.then_some(device))
    }

    /// Counts a try: of a known device apart, so that nobody can lock a person out.
    fn count<'a>(
        &'a self,
        address: Option<&'a Address>,
        from: IpAddr,
        device: Option<TokenHash>,
    ) -> Result<Counted<'a>, Refusal> {
        let now = self.0.clock.now();
        let too_often = |refusal: Refusal| {
            Refusal {
            message: "That was tried too often. Wait a quarter of an hour, or sign in where you did before.".to_owned(),
            ..refusal
        }
        };
        let counted = Counted {
            auth: self,
            address,
            from,
            device,
        };
        if let (Some(address), Some(device)) = (address, device) {
            self.0
                .by_device
                .take((address.clone(), device), now)
                .map_err(too_often)?;
            return Ok(counted);
        }
        self.0.by_caller.take(from, now).map_err(too_often)?;
        if let Some(address) = address {
            self.0
                .by_account
                .take(address.clone(), now)
                .map_err(too_often)?;
        }
        Ok(counted)
    }
}

/// A try that was counted, and can be taken back.
struct Counted<'a> {
    auth: &'a Auth,
    address: Option<&'a Address>,
    from: IpAddr,
    device: Option<TokenHash>,
}

impl Counted<'_> {
    fn give_back(self) {
        let parts = &self.auth.0;
        match (self.address, self.device) {
            (Some(address), Some(device)) => parts.by_device.give_back(&(address.clone(), device)),
            (address, _) => {
                parts.by_caller.give_back(&self.from);
                if let Some(address) = address {
                    parts.by_account.give_back(address);
                }
            }
        }
    }
}
