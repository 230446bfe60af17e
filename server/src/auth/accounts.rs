//! Who has an account, and the first one.

use std::net::IpAddr;

use em2_model::Address;
use em2_model::refusal::{Code, Refusal};

use super::password::Password;
use super::signing_in::Fresh;
use super::token::Token;
use super::{Auth, down};
use crate::store::StoreError;
use crate::store::devices::delete_devices_of;
use crate::store::ended::insert_ended;
use crate::store::platform::find_platform;
use crate::store::sessions::delete_sessions_of;
use crate::store::users::{
    User, any_user, find_user_by_address, insert_user, list_users, set_password,
};

/// The longest name, in characters.
const NAME: usize = 100;

/// Somebody who shall have an account, as typed.
pub struct NewAccount {
    pub address: String,
    pub name: String,
    pub password: String,
}

impl Auth {
    /// Gives somebody an account.
    pub async fn add_account(&self, account: NewAccount) -> Result<User, Refusal> {
        self.add(account, false).await
    }

    /// Every account, the oldest first.
    pub async fn accounts(&self) -> Result<Vec<User>, Refusal> {
        let mut conn = self.0.store.reader().await.map_err(down)?;
        list_users(&mut conn).await.map_err(down)
    }

    /// Whether anybody has an account.
    pub async fn accounts_exist(&self) -> Result<bool, Refusal> {
        let mut conn = self.0.store.reader().await.map_err(down)?;
        any_user(&mut conn).await.map_err(down)
    }

    /// Gives an account another password and ends its sessions.
    pub async fn change_password(&self, address: &str, password: String) -> Result<(), Refusal> {
        let address = Address::parse_typed(address)?;
        let hash = self.0.passwords.hash(Password::chosen(password)?).await?;
        let now = self.0.clock.now();
        let unknown = address.clone();
        let ended = self
            .0
            .store
            .write(move |tx| {
                Box::pin(async move {
                    let user = find_user_by_address(tx, &address)
                        .await?
                        .ok_or(StoreError::Missing("user"))?;
                    set_password(tx, user.id, &hash).await?;
                    delete_devices_of(tx, user.id);
                    let ended = delete_sessions_of(tx, user.id).await?;
                    insert_ended(tx, &ended, now);
                    Ok(ended)
                })
            })
            .await
            .map_err(|error| match error {
                StoreError::Missing(_) => {
                    Refusal::format(format!("There is no account “{unknown}” here."))
                }
                error => down(error),
            })?;
        self.tell_ended(&ended);
        Ok(())
    }

    /// The token that guards the page of the first account, where there is no account yet.
    pub async fn first_token(&self) -> Result<Option<&Token>, Refusal> {
        if self.accounts_exist().await? {
            return Ok(None);
        }
        if self.0.first.get().is_none() {
            // Whoever was faster has drawn one as good.
            let _ = self.0.first.set(Token::fresh()?);
        }
        Ok(self.0.first.get())
    }

    /// Whether the page of the first account may be shown for this token.
    pub async fn may_make_first(&self, token: &str) -> Result<bool, Refusal> {
        let wanted = self.first_token().await?;
        Ok(wanted
            .zip(Token::parse(token))
            .is_some_and(|(wanted, given)| wanted.is(&given)))
    }

    /// Makes the first account and signs it in. The token is good until there is one.
    pub async fn make_first(
        &self,
        token: &str,
        account: NewAccount,
        from: IpAddr,
        browser: String,
    ) -> Result<Fresh, Refusal> {
        if !self.may_make_first(token).await? {
            return Err(no_first());
        }
        let user = self.add(account, true).await?;
        self.open_session(user, from, browser, None).await
    }

    async fn add(&self, account: NewAccount, only_first: bool) -> Result<User, Refusal> {
        let address = Address::parse_typed(&account.address)?;
        let name = display_name(&account.name)?;
        self.is_ours(&address).await?;
        let hash = self
            .0
            .passwords
            .hash(Password::chosen(account.password)?)
            .await?;
        let now = self.0.clock.now();
        self.0
            .store
            .write(move |tx| {
                Box::pin(async move {
                    if only_first && any_user(tx).await? {
                        return Err(Adding::NotFirst);
                    }
                    let id = insert_user(tx, &address, &name, &hash, now).await?;
                    Ok(User {
                        id,
                        address,
                        name,
                        created_at: now,
                    })
                })
            })
            .await
            .map_err(|error| match error {
                Adding::NotFirst => no_first(),
                Adding::Store(StoreError::Conflict(_)) => Refusal::format(
                    "There is an account with this address already. Choose another one.",
                ),
                Adding::Store(error) => down(error),
            })
    }

    /// Refuses an address whose domain this platform was not given.
    async fn is_ours(&self, address: &Address) -> Result<(), Refusal> {
        let mut conn = self.0.store.reader().await.map_err(down)?;
        let domains = find_platform(&mut conn)
            .await
            .map_err(down)?
            .map(|own| own.mail_domains)
            .unwrap_or_default();
        if domains.is_empty() || domains.iter().any(|domain| domain == address.domain()) {
            return Ok(());
        }
        let domains = domains.join(", ");
        Err(Refusal::format(format!(
            "The addresses of this platform end in {domains}. Choose one of those."
        )))
    }
}

enum Adding {
    NotFirst,
    Store(StoreError),
}

impl From<StoreError> for Adding {
    fn from(error: StoreError) -> Adding {
        Adding::Store(error)
    }
}

fn no_first() -> Refusal {
    Refusal::new(
        Code::Forbidden,
        "This address makes no account any more. Sign in, or add one with “server user add”.",
    )
}

/// A name without white space around it and without control characters.
fn display_name(text: &str) -> Result<String, Refusal> {
    let name = text.trim();
    match name.chars().count() {
        0 => Err(Refusal::format(
            "The name is missing. It is what people call you in conversations.",
        )),
        n if n > NAME => Err(Refusal::format(
            "The name is too long. It has at most 100 characters.",
        )),
        _ if name.chars().any(char::is_control) => {
            Err(Refusal::format("The name holds a control character."))
        }
        _ => Ok(name.to_owned()),
    }
}
