//! Several platforms, each a whole server with its own database, key and port.

use tokio::net::TcpListener;

use super::database::Database;
use super::peer::Peer;
use super::server::{Platform, TestServer};

/// `em2.alpha.test`, `em2.beta.test` and `em2.gamma.test`, which find each other by static routes.
pub(crate) struct Platforms {
    pub(crate) alpha: TestServer,
    pub(crate) beta: TestServer,
    pub(crate) gamma: TestServer,
}

impl Platforms {
    /// On SQLite files.
    pub(crate) async fn start() -> Platforms {
        Platforms::on([Database::sqlite(), Database::sqlite(), Database::sqlite()]).await
    }

    /// On PostgreSQL, where one runs.
    pub(crate) async fn on_postgres() -> Option<Platforms> {
        let databases = [
            Database::postgres().await?,
            Database::postgres().await?,
            Database::postgres().await?,
        ];
        Some(Platforms::on(databases).await)
    }

    /// On these databases.
    pub(crate) async fn on(databases: [Database; 3]) -> Platforms {
        let names = ["alpha.test", "beta.test", "gamma.test"];
        let [alpha, beta, gamma] = servers(names, databases, &[]).await;
        Platforms { alpha, beta, gamma }
    }

    /// Stops all of them and leaves nothing behind.
    pub(crate) async fn stop(self) {
        for server in [self.alpha, self.beta, self.gamma] {
            server.stop().await;
        }
    }
}

/// `em2.alpha.test` alone, which finds these platforms of the test.
pub(crate) async fn alone_with(peers: &[&Peer]) -> TestServer {
    let [alpha] = servers(["alpha.test"], [Database::sqlite()], peers).await;
    alpha
}

/// `em2.alpha.test` and `em2.beta.test`, which find each other and these platforms of the test.
pub(crate) async fn two_with(peers: &[&Peer]) -> [TestServer; 2] {
    let databases = [Database::sqlite(), Database::sqlite()];
    servers(["alpha.test", "beta.test"], databases, peers).await
}

/// Servers of these domains, which find each other and these platforms of the test.
async fn servers<const N: usize>(
    domains: [&str; N],
    databases: [Database; N],
    peers: &[&Peer],
) -> [TestServer; N] {
    let mut listeners = Vec::new();
    for _ in domains {
        listeners.push(TcpListener::bind("127.0.0.1:0").await.unwrap());
    }
    let route = |(domain, listener): (&&str, &TcpListener)| {
        format!("em2.{domain}=http://{}", listener.local_addr().unwrap())
    };
    let routes = domains.iter().zip(&listeners).map(route);
    let routes: Vec<String> = routes
        .chain(peers.iter().map(|peer| peer.route()))
        .collect();
    let routes = routes.join(",");
    let mut servers = Vec::new();
    for ((domain, listener), database) in domains.into_iter().zip(listeners).zip(databases) {
        let platform = Platform {
            domain: domain.to_owned(),
            routes: routes.clone(),
        };
        servers.push(TestServer::listening(listener, database, Some(platform)).await);
    }
    servers.try_into().unwrap_or_else(|_| unreachable!())
}
