//! Several platforms, each a server process with a database, a key and a port of its own, which find each other by
//! static routes for development.

use std::time::{Duration, Instant};

use em2_model::id::ConversationKey;

use crate::Outcome;
use crate::args::{Args, Engine};
use crate::client::Client;
use crate::person::Person;
use crate::place::{Place, free_port};
use crate::process::Process;

/// How long something that has to happen may take before the run fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
/// How often it is looked whether it has happened.
const GLANCE: Duration = Duration::from_millis(5);

/// One platform. Its people are `p0@…`, `p1@…` and so on.
pub(crate) struct Platform {
    pub(crate) place: Place,
    pub(crate) port: u16,
    /// Absent while it is stopped.
    pub(crate) process: Option<Process>,
    pub(crate) people: Vec<Person>,
    addresses: Vec<String>,
}

impl Platform {
    pub(crate) fn process(&self) -> Outcome<&Process> {
        Ok(self.process.as_ref().ok_or("the platform is stopped")?)
    }

    /// Starts the server; its people stay signed in from an earlier start.
    pub(crate) async fn start(&mut self) -> Outcome<()> {
        let process = self.place.start()?;
        if self.people.is_empty() {
            for address in &self.addresses {
                self.people
                    .push(Person::sign_in(&process.url, address).await?);
            }
        }
        self.process = Some(process);
        Ok(())
    }

    /// Ends it as `kill -9` does.
    pub(crate) fn stop(&mut self) {
        self.process = None;
    }

    /// A connection to it.
    pub(crate) async fn client(&self) -> Outcome<Client> {
        Client::connect(&format!("http://127.0.0.1:{}", self.port)).await
    }
}

/// Founds and starts so many platforms with so many people each.
pub(crate) async fn found(
    args: &Args,
    engine: &Engine,
    name: &str,
    platforms: usize,
    people: usize,
) -> Outcome<Vec<Platform>> {
    let mut ports = Vec::with_capacity(platforms);
    for _ in 0..platforms {
        ports.push(free_port()?);
    }
    let routes = ports.iter().enumerate();
    let routes = routes.map(|(n, port)| format!("em2.{}=http://127.0.0.1:{port}", domain(n)));
    let routes = routes.collect::<Vec<_>>().join(",");
    let mut founded = Vec::with_capacity(platforms);
    for (n, port) in ports.into_iter().enumerate() {
        let addresses: Vec<String> = (0..people).map(|p| format!("p{p}@{}", domain(n))).collect();
        let settings = vec![
            ("EM2_PLATFORM", format!("em2.{}", domain(n))),
            ("EM2_DOMAINS", domain(n)),
            ("EM2_ROUTES", routes.clone()),
        ];
        let (name, named): (String, Vec<&str>) = (
            format!("{name}-{n}"),
            addresses.iter().map(String::as_str).collect(),
        );
        let place = Place::stand(args, engine, &name, &named, port, settings).await?;
        founded.push(Platform {
            place,
            port,
            process: None,
            people: Vec::new(),
            addresses,
        });
    }
    for platform in &mut founded {
        platform.start().await?;
    }
    Ok(founded)
}

fn domain(n: usize) -> String {
    format!("platform{n}.test")
}

/// Somebody of the first platform starts a conversation with everybody of all others, who take what comes from there
/// from now on. Its key, and that of the first conversation is never used again.
pub(crate) async fn acquaint(platforms: &[Platform]) -> Outcome<ConversationKey> {
    let (first, others) = platforms.split_first().ok_or("no platform")?;
    let people = others.iter().flat_map(|platform| &platform.people);
    let to: Vec<&str> = people.map(|person| person.address.as_str()).collect();
    let mut client = first.client().await?;
    let key = first.people[0]
        .start(&mut client, &to.join(", "), "Acquaintance", "Begin")
        .await?;
    for platform in others {
        let mut client = platform.client().await?;
        for person in &platform.people {
            until("a request for somebody on another platform", async || {
                person.accept(&mut client, key).await
            })
            .await?;
        }
    }
    Ok(key)
}

/// Waits until it says so; how long that took.
pub(crate) async fn until(
    what: &str,
    mut happened: impl AsyncFnMut() -> Outcome<bool>,
) -> Outcome<Duration> {
    let started = Instant::now();
    while !happened().await? {
        if started.elapsed() > PATIENCE {
            return Err(format!("{what} did not come").into());
        }
        tokio::time::sleep(GLANCE).await;
    }
    Ok(started.elapsed())
}
