//! Three platforms that reach one another through a proxy for each direction.

use std::sync::Arc;

use em2_model::{Address, Platform, Time};
use server::store::contacts::{Regard, Who, upsert_contact};
use server::store::users::list_users;
use server::store::{Store, StoreError};

use crate::dice::Dice;
use crate::fault::Tally;
use crate::process::Process;
use crate::proxy::Proxy;

/// The mail domains of the platforms.
pub(crate) const DOMAINS: [&str; 3] = ["alpha.test", "beta.test", "gamma.test"];

/// The people of each platform, by the part before the @.
pub(crate) const PEOPLE: [&str; 4] = ["ann", "bob", "cat", "dan"];

/// The servers, and the ways between them.
pub(crate) struct Platforms {
    pub(crate) servers: Vec<Process>,
    proxies: Vec<Proxy>,
    dice: Dice,
    /// Whether the last partition kept callers waiting.
    held: bool,
}

impl Platforms {
    /// Founds them, with their people, who know one another, and starts them. Nothing goes wrong yet.
    pub(crate) async fn found(seed: u64, tally: &Arc<Tally>) -> Platforms {
        let mut servers: Vec<Process> = DOMAINS.into_iter().map(Process::new).collect();
        let ends: Vec<_> = servers.iter().map(|it| (it.name(), it.address())).collect();
        let mut proxies = Vec::new();
        for (from, server) in servers.iter_mut().enumerate() {
            let mut routes = ends.clone();
            for (to, (name, address)) in routes.iter_mut().enumerate() {
                if to != from {
                    let dice = Dice::of(seed, &format!("{} to {name}", server.name()));
                    let proxy = Proxy::to(*address, dice, tally.clone()).await;
                    *address = proxy.address();
                    proxies.push(proxy);
                }
            }
            server.route(&routes);
        }
        for server in &mut servers {
            for name in PEOPLE {
                server.account(&format!("{name}@{}", server.domain));
            }
            acquaint(&server.database()).await;
            server.start().await;
        }
        Platforms {
            servers,
            proxies,
            dice: Dice::of(seed, "weather"),
            held: false,
        }
    }

    /// The network goes bad.
    pub(crate) fn rage(&self) {
        self.proxies.iter().for_each(Proxy::rage);
    }

    /// Cuts one direction, or all ways to and from one platform, for a while.
    pub(crate) fn cut(&mut self) {
        self.held = !self.held;
        let (time, holds) = (self.dice.millis(500..=4000), self.held);
        let each = DOMAINS.len() - 1;
        let one = self.dice.number(0..=self.proxies.len() as u64 - 1) as usize;
        let whole = self.dice.percent(30);
        for (n, proxy) in self.proxies.iter().enumerate() {
            if n == one || (whole && n / each == one / each) {
                proxy.cut(time, holds);
            }
        }
    }

    /// The network is good again, and everybody is there.
    pub(crate) async fn calm(&mut self) {
        self.proxies.iter().for_each(Proxy::calm);
        for server in &mut self.servers {
            if !server.runs() {
                server.start().await;
            }
        }
    }

    /// Stops the servers as rudely as during the chaos, for their databases to be looked at.
    pub(crate) fn stop(&mut self) {
        self.servers.iter_mut().for_each(Process::kill);
    }
}

/// Has everybody on a platform accept everybody on all of them, as though they had done so long ago.
async fn acquaint(database: &str) {
    let store = Store::open(database).await.unwrap();
    let known = store.write::<_, StoreError, _>(|tx| {
        Box::pin(async move {
            for user in list_users(tx).await? {
                for domain in DOMAINS {
                    let platform = Platform::parse(&format!("em2.{domain}")).unwrap();
                    let who = Who::Everybody(&platform);
                    upsert_contact(tx, user.id, who, Regard::Accepted, Time(0));
                }
            }
            Ok(())
        })
    });
    known.await.unwrap();
    store.close().await;
}

/// Somebody's address.
pub(crate) fn address(name: &str, platform: usize) -> Address {
    Address::parse(&format!("{name}@{}", DOMAINS[platform])).unwrap()
}
