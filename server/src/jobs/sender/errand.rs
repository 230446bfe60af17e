//! One request to another platform, from what is stored to what its answer changes. // spec §7, §15

use em2_model::record::Record;
use em2_model::refusal::{Code, Refusal};
use em2_model::wire::foreign::{
    Answer, Answers, Auth, Entry, Events, Head, Said, batches_to_bytes, push_to_bytes,
};
use em2_model::{ActionKey, ConversationKey, Platform};
use serde::de::DeserializeOwned;

use super::verdict::{of_conversation, of_platform, trouble};
use crate::federation::client::{Client, Failed};
use crate::federation::engine::{Errand, Input, Outcome, Request, Trouble};
use crate::service::Service;
use crate::service::foreign::{Left, Parcel};

/// How many heads a page of a comparison has at most. // spec §7
const PAGE: usize = 500;

/// Makes the request, and says what became of it.
pub(super) async fn run(service: &Service, client: &Client, request: &Request) -> Input {
    let attempt = request.attempt;
    let done = match &request.errand {
        Errand::Push { convs, .. } => push(service, client, request, convs).await,
        Errand::Greet => greet(service, client, request).await,
        Errand::Compare => compare(service, client, request).await,
    };
    match done {
        Ok(Some(outcomes)) => Input::Answered { attempt, outcomes },
        Ok(None) => Input::Idle { attempt },
        Err(Stopped::Failed(failed)) => Input::Failed {
            attempt,
            failure: of_platform(&failed),
            trouble: trouble(&failed),
        },
        Err(Stopped::Here(refusal)) => {
            tracing::warn!(%refusal, "what waits for a platform cannot be read or written");
            Input::Unread { attempt }
        }
    }
}

/// Why a request came to nothing.
enum Stopped {
    Failed(Failed),
    /// On this side: the database did not answer.
    Here(Refusal),
}

impl From<Failed> for Stopped {
    fn from(failed: Failed) -> Stopped {
        Stopped::Failed(failed)
    }
}

impl From<Refusal> for Stopped {
    fn from(refusal: Refusal) -> Stopped {
        Stopped::Here(refusal)
    }
}

type Outcomes = Vec<(ConversationKey, Outcome)>;

async fn push(
    service: &Service,
    client: &Client,
    request: &Request,
    convs: &[ConversationKey],
) -> Result<Option<Outcomes>, Stopped> {
    let (peer, offset) = (&request.peer, request.clock_offset);
    let load = service.load(peer, convs).await?;
    let done = load.empty.into_iter().map(|conv| (conv, Outcome::Done));
    let left = load.left.into_iter().map(|conv| (conv, Outcome::Left));
    let mut outcomes: Outcomes = done.chain(left).collect();
    let (mut answered, mut refused) = (Vec::new(), Vec::new());
    match load.parcels.as_slice() {
        [] => return Ok(None),
        [parcel] => {
            let body = push_to_bytes(parcel.epoch, &parcel.records, &parcel.seen)?;
            match client.push(peer, offset, parcel.conv, body).await {
                Ok(bytes) => answered.push((parcel.clone(), read::<Answer>(&bytes)?)),
                Err(Failed::Refused { refusal, .. }) if is_about(&refusal, parcel.conv) => {
                    refused.push((parcel, refusal));
                }
                Err(failed) => return Err(failed.into()),
            }
        }
        several => {
            let batches: Vec<_> = several
                .iter()
                .map(|p| (p.conv, p.epoch, p.records.as_slice(), p.seen.as_slice()))
                .collect();
            let body = batches_to_bytes(&batches)?;
            let bytes = client.push_batches(peer, offset, body).await?;
            let mut answers = read::<Answers>(&bytes)?.answers;
            for parcel in several {
                match answers.remove(&parcel.conv) {
                    Some(Entry::Answer(answer)) => answered.push((parcel.clone(), answer)),
                    Some(Entry::Problem { code, details }) => {
                        let refusal = Refusal {
                            details,
                            ..Refusal::from(code)
                        };
                        refused.push((parcel, refusal));
                    }
                    None => {}
                }
            }
        }
    }
    let convs: Vec<ConversationKey> = answered.iter().map(|(parcel, _)| parcel.conv).collect();
    let left = service.parcels_answered(peer, answered).await?;
    for (conv, left) in convs.into_iter().zip(left) {
        let outcome = settle(service, (client, offset), peer, conv, left).await?;
        outcomes.push((conv, outcome));
    }
    for (parcel, refusal) in refused {
        let outcome = settle_refused(service, peer, parcel, refusal).await?;
        outcomes.push((parcel.conv, outcome));
    }
    Ok(Some(outcomes))
}

/// What an answer about one conversation has left.
async fn settle(
    service: &Service,
    (client, offset): (&Client, i64),
    peer: &Platform,
    conv: ConversationKey,
    left: Left,
) -> Result<Outcome, Stopped> {
    Ok(match left {
        Left::Nothing => Outcome::Done,
        Left::More => Outcome::More,
        Left::Fetch(after) => {
            let path = format!("/f/{conv}/events/?after={after}");
            let bytes = client.get(peer, offset, &path).await?;
            match service.take_back(peer, conv, records(&bytes)).await? {
                true => Outcome::More,
                false => no_progress("The other platform did not give back what it has."),
            }
        }
        Left::Fill(message) => {
            fill(service, (client, offset), peer, conv, message).await?;
            Outcome::More
        }
        Left::Stuck(None) => no_progress("The other platform took none of it."),
        Left::Stuck(Some(refusal)) => about(refusal),
    })
}

/// What the refusal of one conversation changes.
async fn settle_refused(
    service: &Service,
    peer: &Platform,
    parcel: &Parcel,
    refusal: Refusal,
) -> Result<Outcome, Stopped> {
    Ok(
        match service.parcel_refused(peer, parcel, &refusal).await? {
            Left::More => Outcome::More,
            // Who leads it does not know it.
            _ if refusal.code == Code::NoConv && parcel.is_submission() => {
                Outcome::Unknown(reason(&refusal))
            }
            Left::Nothing => Outcome::Done,
            Left::Stuck(_) | Left::Fetch(_) | Left::Fill(_) => about(refusal),
        },
    )
}

/// Words that were withheld are asked for, page by page, from a message on.
async fn fill(
    service: &Service,
    (client, offset): (&Client, i64),
    peer: &Platform,
    conv: ConversationKey,
    message: ActionKey,
) -> Result<(), Stopped> {
    let (mut query, mut reached) = (format!("from={message}"), 0);
    loop {
        let path = format!("/f/{conv}/events/?{query}");
        let bytes = client.get(peer, offset, &path).await?;
        let last = service.fill(conv, records(&bytes)).await?;
        match last.filter(|last| *last > reached && goes_on(&bytes)) {
            Some(last) => (query, reached) = (format!("after={last}"), last),
            None => return Ok(service.filled(conv).await?),
        }
    }
}

fn no_progress(detail: &str) -> Outcome {
    Outcome::Stuck(Trouble {
        code: "no_progress".to_owned(),
        detail: detail.to_owned(),
    })
}

/// The records of a page of a log, up to the line that ends it. // spec §7
fn records(page: &[u8]) -> Vec<Said> {
    let lines = page
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    let ends = |line: &&[u8]| serde_json::from_slice::<Events>(line).is_err();
    lines.take_while(ends).map(Record::parse).collect()
}

/// Whether there is more after a page of a log.
fn goes_on(page: &[u8]) -> bool {
    let mut lines = page.rsplit(|byte| *byte == b'\n');
    let last = lines.find(|line| !line.is_empty());
    let end = last.and_then(|line| serde_json::from_slice::<Events>(line).ok());
    end.is_some_and(|end| end.more)
}

/// Whether a refusal is of the conversation and not of the platform: by its code, or because it names it.
fn is_about(refusal: &Refusal, conv: ConversationKey) -> bool {
    let named = refusal.details.get("conversation");
    let named = named.and_then(|named| named.as_str()) == Some(&conv.to_string());
    named || of_conversation(refusal.code, reason(refusal)).is_some()
}

fn about(refusal: Refusal) -> Outcome {
    let why = reason(&refusal);
    of_conversation(refusal.code, why.clone()).unwrap_or(Outcome::Stuck(why))
}

fn reason(refusal: &Refusal) -> Trouble {
    Trouble {
        code: refusal.code.as_str().to_owned(),
        detail: refusal.message.clone(),
    }
}

/// Both sides prove who they are; where what they share differs, it is compared.
async fn greet(
    service: &Service,
    client: &Client,
    request: &Request,
) -> Result<Option<Outcomes>, Stopped> {
    let bytes = client
        .get(&request.peer, request.clock_offset, "/f/auth/")
        .await?;
    let theirs: Auth = read(&bytes)?;
    let ours = service.introduce(&request.peer).await?;
    if theirs.shared != ours.shared {
        return compare(service, client, request).await;
    }
    Ok(Some(Vec::new()))
}

/// Where the shared conversations stand there: what is lacking is sent again.
async fn compare(
    service: &Service,
    client: &Client,
    request: &Request,
) -> Result<Option<Outcomes>, Stopped> {
    let mut after: Option<ConversationKey> = None;
    loop {
        let query = after.map_or(String::new(), |key| format!("&after={key}"));
        let path = format!("/f/auth/?heads=1{query}");
        let bytes = client
            .get(&request.peer, request.clock_offset, &path)
            .await?;
        let heads: Vec<Head> = read(&bytes)?;
        let last = heads
            .last()
            .map(|head| head.0)
            .filter(|_| heads.len() >= PAGE);
        let doubts = service.compare(&request.peer, after, last, heads).await?;
        for (conv, seq) in doubts {
            examine(service, client, request, (conv, seq)).await?;
        }
        match last {
            Some(last) if after.is_none_or(|after| last > after) => after = Some(last),
            _ => return Ok(Some(Vec::new())),
        }
    }
}

/// What a peer has in a slot is asked for: if it is another commit of the same leader, that is kept.
async fn examine(
    service: &Service,
    client: &Client,
    request: &Request,
    (conv, seq): (ConversationKey, u64),
) -> Result<(), Stopped> {
    let path = format!("/f/{conv}/events/?before={}&limit=1", seq + 1);
    let bytes = match client.get(&request.peer, request.clock_offset, &path).await {
        Ok(bytes) => bytes,
        // It may not tell us, or not any more.
        Err(Failed::Refused { .. }) => return Ok(()),
        Err(failed) => return Err(failed.into()),
    };
    service
        .take_back(&request.peer, conv, records(&bytes))
        .await?;
    Ok(())
}

/// A 200 without a valid body is a failure.
fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failed> {
    serde_json::from_slice(bytes).map_err(|error| Failed::Strange {
        status: 200,
        detail: format!("The other platform's answer could not be understood: {error}."),
    })
}
