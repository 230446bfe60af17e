//! 1 `append_durable`: `message.add` with permissions, recipients, index, deliveries and answer.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use em2_model::id::ConversationKey;
use http::Request;
use http_body_util::Full;

use super::{Probe, Servers};
use crate::client::{Client, authority};
use crate::load::{self, Block, Requests};
use crate::person::Person;
use crate::process::{Process, Watched};
use crate::report::{FIGURES, Report, Table, figures};
use crate::{Outcome, args, floor, seed};

/// How many write at once.
const CLIENTS: [usize; 3] = [1, 16, 64];

type Make = Box<dyn FnMut() -> Request<Full<Bytes>> + Send>;

/// Numbers that are never used twice, for idempotency keys and texts.
static NUMBER: AtomicU64 = AtomicU64::new(1);

/// Returns what one client came to.
pub(super) async fn measure(
    servers: &Servers<'_>,
    people: &[Person],
    report: &mut Report,
) -> Outcome<Block> {
    let headings: Vec<&str> = ["clients", "server"]
        .into_iter()
        .chain(FIGURES)
        .chain(["durable"])
        .collect();
    let note = "Every client says something in a conversation of four, under an idempotency key, and waits for the answer.";
    let mut table = Table::new("1 append_durable", note, &headings);
    let mut probe = Probe::new();
    let conversations = conversations(people).await?;
    let actions = floor::actions();
    let mut first = None;
    for clients in CLIENTS {
        let mut blocks = vec![Block::default(), Block::default()];
        let floor: Vec<Make> = (0..clients)
            .map(|client| {
                Box::new(floor::appends(
                    &servers.floor.url,
                    actions.clone(),
                    client * 7,
                )) as Make
            })
            .collect();
        let ours: Vec<Make> = (0..clients)
            .map(|client| {
                Box::new(saying(
                    people[client % people.len()].clone(),
                    conversations[client],
                )) as Make
            })
            .collect();
        let mut floor = connect(&servers.floor.url, floor).await?;
        let mut ours = connect(&servers.ours.url, ours).await?;
        let mut peer = peer(&servers.args.peer, clients).await?;
        for _ in 0..servers.args.rounds {
            floor = round(
                servers,
                &mut probe,
                floor,
                &servers.floor.watched(),
                &mut blocks[0],
            )
            .await?;
            ours = round(
                servers,
                &mut probe,
                ours,
                &servers.ours.watched(),
                &mut blocks[1],
            )
            .await?;
            if let Some((process, requests)) = peer.take() {
                let mut block = blocks.get(2).cloned().unwrap_or_default();
                let watched: Watched = process.watched();
                let requests = round(servers, &mut probe, requests, &watched, &mut block).await?;
                blocks.truncate(2);
                blocks.push(block);
                peer = Some((process, requests));
            }
        }
        let durable = [
            "after an fsync of the WAL shared by a group (`synchronous = FULL`)",
            servers.engine.durability(),
            servers.args.peer.peer_durability.as_str(),
        ];
        for ((block, name), durable) in blocks.iter().zip(["floor", "em2", "peer"]).zip(durable) {
            let cells = [clients.to_string(), name.to_owned()]
                .into_iter()
                .chain(figures(block));
            table.row(cells.chain([durable.to_owned()]));
        }
        let [floor, ours] = [&blocks[0], &blocks[1]];
        table.at_least(
            format!("rate, {clients} clients"),
            ours.rate() / floor.rate(),
            0.35,
            " floor",
        );
        table.at_most(format!("CPU, {clients} clients"), ours.cpu(), 350.0, " µs");
        first.get_or_insert_with(|| ours.clone());
    }
    table.row([probe.told()]);
    if servers.args.wants("append_durable") {
        report.table(&table);
    }
    Ok(first.unwrap_or_default())
}

/// One block between two probes.
async fn round(
    servers: &Servers<'_>,
    probe: &mut Probe,
    steps: Vec<Requests<Make>>,
    on: &Watched,
    into: &mut Block,
) -> Outcome<Vec<Requests<Make>>> {
    probe.take(servers.args)?;
    let (block, steps) = load::run(steps, on, servers.args.seconds).await?;
    probe.take(servers.args)?;
    into.add(block);
    Ok(steps)
}

async fn connect(url: &str, makes: Vec<Make>) -> Outcome<Vec<Requests<Make>>> {
    let mut requests = Vec::with_capacity(makes.len());
    for make in makes {
        requests.push(Requests::new(url, make).await?);
    }
    Ok(requests)
}

/// A conversation of everybody for each client.
async fn conversations(people: &[Person]) -> Outcome<Vec<ConversationKey>> {
    let mut client = Client::connect(&people[0].origin).await?;
    let to: Vec<&str> = people[1..]
        .iter()
        .map(|person| person.address.as_str())
        .collect();
    let mut keys = Vec::new();
    for number in 0..CLIENTS[2] {
        keys.push(
            people[0]
                .start(
                    &mut client,
                    &to.join(", "),
                    &format!("Load {number}"),
                    "Begin",
                )
                .await?,
        );
    }
    Ok(keys)
}

fn saying(person: Person, key: ConversationKey) -> impl FnMut() -> Request<Full<Bytes>> + Send {
    move || {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        person.saying(key, &seed::text(number), Some(&format!("bench-{number}")))
    }
}

/// Another server, where one was named.
async fn peer(
    peer: &args::Peer,
    clients: usize,
) -> Outcome<Option<(Process, Vec<Requests<Make>>)>> {
    let (Some(url), Some(pid)) = (&peer.peer_url, peer.peer_pid) else {
        return Ok(None);
    };
    let makes = (0..clients)
        .map(|_| Box::new(filled(peer.clone(), url.clone())) as Make)
        .collect();
    Ok(Some((
        Process::running(url, pid),
        connect(url, makes).await?,
    )))
}

fn filled(peer: args::Peer, url: String) -> impl FnMut() -> Request<Full<Bytes>> + Send {
    let host = authority(&url).to_owned();
    let path = url
        .split_once(host.as_str())
        .map_or("/", |(_, path)| path)
        .to_owned();
    move || {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let fill = |text: &str| {
            text.replace("{n}", &number.to_string())
                .replace("{text}", &seed::text(number))
        };
        let mut request = Request::builder()
            .method(peer.peer_method.as_str())
            .uri(fill(&path))
            .header("host", &host);
        request = request.header("content-type", "application/json");
        for header in &peer.peer_header {
            let (name, value) = header.split_once(": ").unwrap_or((header, ""));
            request = request.header(name, value);
        }
        // What the operator typed; a run with a header that is none ends here.
        request
            .body(Full::new(fill(&peer.peer_body).into()))
            .expect("--peer-header and --peer-url make a request")
    }
}
