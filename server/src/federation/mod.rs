//! Requests to and from other platforms. // spec §2, §6, §7, §15
//!
//! ```text
//!  commit ─► outbox ─► jobs::sender ─► client ─► web ─► another platform
//!                        │ parcel, answer                  │
//!                        ▼                                 ▼
//!                     service  ◄───────────────────  routes::foreign
//! ```
//!
//! - `announcement`, `dns`, `discovery`, `route`: from the domain of an address to its platform.
//! - `guard`, `web`, `routes`: the one way out, and what it does not let out.
//! - `signature`, `nonces`, `rates`: who says something, and that it is said once and not too often.
//! - `peers`, `keyring`: what is known of other platforms. `client`: what is said to them.

mod announcement;
pub mod bindings;
pub mod client;
pub mod discovery;
mod dns;
pub mod engine;
pub mod expiry;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod guard;
pub mod keyring;
pub mod nonces;
pub mod peers;
pub mod rates;
pub mod route;
pub mod routes;
pub mod signature;
pub mod unreached;
pub mod web;

#[cfg(test)]
mod tests;

use em2_model::Platform;
use em2_model::record::Record;

use crate::propagate::Outbox;
use keyring::Keyring;
use nonces::Nonces;
use peers::Peers;
use rates::Rates;

/// What requests of other platforms are checked with.
pub struct Federation {
    pub peers: Peers,
    pub nonces: Nonces,
    pub rates: Rates,
    outbox: Outbox,
}

impl Federation {
    pub fn new(peers: Peers, outbox: Outbox) -> Federation {
        Federation {
            peers,
            nonces: Nonces::new(nonces::MOST, nonces::SHARE),
            rates: Rates::default(),
            outbox,
        }
    }

    /// A platform has proved that it is there: what waits for it is sent. // spec §15
    pub fn heard(&self, platform: &Platform) {
        self.outbox.alive(platform);
    }

    /// The keys of all who signed these records, which `from` has sent, as far as they can be found out. Those that are
    /// not known are asked for, not too many at once.
    pub async fn keyring(
        &self,
        from: &Platform,
        records: impl Iterator<Item = &Record>,
    ) -> Keyring {
        self.peers
            .keyring(records, || self.rates.signer(from))
            .await
    }
}
