//! How far a conversation has got on its way to other platforms, in words. // spec §15

use std::collections::BTreeSet;

use em2_model::Platform;
use em2_model::conversation::Core;
use em2_model::id::{ConversationKey, Time};
use em2_model::refusal::Refusal;
use em2_model::wire::domestic::Delivery;
use em2_model::wire::live::Live;

use super::evidence::warning;
use crate::federation::engine::{DAY, Standing};
use crate::propagate::{Audience, Frame};
use crate::service::failure::Failure;
use crate::service::fork::is_gone;
use crate::service::pages::read;
use crate::service::{Me, Service};
use crate::store::Conn;
use crate::store::beside::list_present;
use crate::store::conversations::find_conversation;
use crate::store::deliveries::{DeliveryRow, DeliveryState, find_delivery, list_deliveries};
use crate::store::evidence::find_liar;
use crate::store::participants::list_participants_here;
use crate::store::peers::{PeerRow, list_peers_named};
use crate::store::pending::count_pending;

impl Service {
    /// How far the conversation has got, or that its log cannot be trusted; nothing where everybody is here.
    pub(in crate::service) async fn delivery(
        &self,
        conn: &mut Conn,
        core: &Core,
    ) -> Result<Option<Delivery>, Failure> {
        let own = self.identity.platform();
        let others: Vec<Platform> = core
            .platforms()
            .into_iter()
            .filter(|p| *p != own)
            .cloned()
            .collect();
        if others.is_empty() && core.leader == *own {
            return Ok(None);
        }
        if let Some(liar) = find_liar(conn, core.key).await? {
            return Ok(Some(warning(&liar)));
        }
        let standing = self.standings.find(core.key).unwrap_or_default();
        if core.leader == *own && standing.asking_until().is_some() {
            return Ok(Some(Delivery {
                text: "This platform was restored from a backup. It asks the others for what it lacks; what you write \
                       now follows in a moment."
                    .to_owned(),
                problem: true,
                next: standing.asking_until(),
            }));
        }
        if core.leader != *own {
            let waiting = count_pending(conn, core.key).await?;
            if let Some(lost) = self.lost(conn, core).await? {
                return Ok(Some(lost));
            }
            let peers = list_peers_named(conn, std::slice::from_ref(&core.leader)).await?;
            let now = self.clock.now();
            return Ok(Some(submitted(&core.leader, waiting, peers.first(), now)));
        }
        let rows = list_deliveries(conn, core.key).await?;
        let peers = list_peers_named(conn, &others).await?;
        Ok(Some(pushed(&others, &rows, &peers, self.clock.now())))
    }

    /// What the platform that leads has lost of a conversation, as far as it is known here. // spec §14
    async fn lost(&self, conn: &mut Conn, core: &Core) -> Result<Option<Delivery>, Failure> {
        let leader = &core.leader;
        let standing = self.standings.find(core.key).unwrap_or_default();
        let row = find_delivery(conn, core.key, leader.as_str()).await?;
        let text = match row.map(|row| row.state) {
            Some(DeliveryState::SetAside) => format!(
                "{leader}, which orders this conversation, does not know it any more: nothing that is written here \
                 reaches anybody elsewhere. Ask who runs it, or begin a new conversation."
            ),
            _ if standing.stranded_after().is_some() => format!(
                "{leader}, which orders this conversation, was restored from a backup and lacks the newest of it. It is \
                 given back; what you write waits for that."
            ),
            _ => return Ok(None),
        };
        Ok(Some(Delivery {
            text,
            problem: true,
            next: None,
        }))
    }

    /// Has what waits for other platforms in a conversation tried at once.
    pub async fn retry(&self, me: &Me, conv: ConversationKey) -> Result<(), Refusal> {
        let mut conn = self.store.reader().await.map_err(Failure::Store)?;
        let reading = read(&mut conn, me, conv).await?;
        let core = &reading.conversation.core;
        for peer in core.platforms().into_iter().chain([&core.leader]) {
            if peer != self.identity.platform() {
                self.outbox.hurry(peer, conv);
            }
        }
        Ok(())
    }

    /// Tells the people of these conversations how far they have got.
    pub async fn tell_deliveries(&self, convs: &[ConversationKey]) {
        if let Err(failure) = self.tell_each_delivery(convs).await {
            tracing::warn!(?failure, "nobody was told how far conversations have got");
        }
    }

    async fn tell_each_delivery(&self, convs: &[ConversationKey]) -> Result<(), Failure> {
        let present = list_present(&mut self.store.reader().await?, convs).await?;
        let heard = present.iter().filter(|(_, user)| self.bus.is_heard(*user));
        let heard: BTreeSet<ConversationKey> = heard.map(|(conv, _)| *conv).collect();
        for conv in heard {
            self.tell_delivery(conv).await?;
        }
        Ok(())
    }

    /// Tells those who are here and connected how far the conversation has got.
    pub(in crate::service) async fn tell_delivery(
        &self,
        conv: ConversationKey,
    ) -> Result<(), Failure> {
        let mut conn = self.store.snapshot().await?;
        let here = list_participants_here(&mut conn, conv).await?;
        let users = here.iter().filter(|person| person.is_present());
        let users: Vec<_> = users
            .filter_map(|person| person.user)
            .filter(|user| self.bus.is_heard(*user))
            .collect();
        if users.is_empty() {
            return Ok(());
        }
        let Some(row) = find_conversation(&mut conn, conv).await? else {
            return Ok(());
        };
        let Some(delivery) = self.delivery(&mut conn, &row.core).await? else {
            return Ok(());
        };
        let frame = Frame::live(Live::Delivery {
            conversation: conv,
            delivery,
        });
        let audience: Audience = users
            .into_iter()
            .map(|user| (user, frame.clone()))
            .collect();
        // It is read from what is stored, and says nothing that is not.
        for (user, frame) in audience {
            frame
                .into_iter()
                .for_each(|frame| self.bus.send(user, &frame));
        }
        Ok(())
    }
}

/// What waits for the platform that leads.
fn submitted(leader: &Platform, waiting: u64, peer: Option<&PeerRow>, now: Time) -> Delivery {
    let asked = format!("{leader}, which orders this conversation");
    match (waiting, failing(peer, now)) {
        // Nothing waits, but nothing comes either: people may go on without it.
        (0, Some(failing)) if peer.is_some_and(|peer| is_gone(peer, now)) => Delivery {
            text: format!("{asked}, has not answered for {} days.", failing.days),
            problem: true,
            next: failing.next(),
        },
        (0, _) => fine(format!("Confirmed by {leader}.")),
        (_, None) => fine(format!("On the way to {leader}.")),
        (_, Some(failing)) => failing.delivery("", &asked),
    }
}

/// What the other platforms have of a conversation that is led here.
fn pushed(others: &[Platform], rows: &[DeliveryRow], peers: &[PeerRow], now: Time) -> Delivery {
    let row = |platform: &Platform| rows.iter().find(|row| row.target == platform.as_str());
    let lacks = |platform: &&Platform| row(platform).is_none_or(|row| row.acked_seq < row.head_seq);
    let behind: Vec<&Platform> = others.iter().filter(lacks).collect();
    let aside = behind
        .iter()
        .filter_map(|platform| row(platform))
        .find(|row| row.state == DeliveryState::SetAside);
    let peer = |platform: &Platform| peers.iter().find(|peer| peer.name == *platform);
    let problem = behind
        .iter()
        .find_map(|platform| Some((*platform, failing(peer(platform), now)?)));
    let so_far = match others.len() - behind.len() {
        0 => String::new(),
        done => format!("Delivered to {done} of {} platforms. ", others.len()),
    };
    match (behind.as_slice(), aside, problem) {
        ([], ..) => fine(match others {
            [one] => format!("Delivered to {one}."),
            all => format!("Delivered to all {} other platforms.", all.len()),
        }),
        (_, Some(row), _) => Delivery {
            text: format!(
                "{so_far}{} does not take this conversation: {}",
                row.target,
                row.last_detail.as_deref().unwrap_or("it gave no reason.")
            ),
            problem: true,
            next: None,
        },
        (_, _, Some((platform, failing))) => failing.delivery(&so_far, platform.as_str()),
        ([first, ..], ..) => fine(format!("{so_far}On the way to {first}.")),
    }
}

fn fine(text: String) -> Delivery {
    Delivery {
        text,
        problem: false,
        next: None,
    }
}

/// What people are told of a platform that fails.
struct Failing {
    /// When it is tried again.
    next: Time,
    why: String,
    standing: Standing,
    days: i64,
}

impl Failing {
    /// What waits for it, after what is said `so_far`.
    fn delivery(&self, so_far: &str, whom: &str) -> Delivery {
        let Failing { why, days, .. } = self;
        let days = match days {
            1 => "a day".to_owned(),
            days => format!("{days} days"),
        };
        let text = match self.standing {
            Standing::Fine | Standing::Delayed => format!("Waiting for {whom}: {why}"),
            Standing::Failing => format!(
                "Not delivered for {days}, waiting for {whom}: {why} It is tried for 30 days, and nothing is lost."
            ),
            Standing::GaveUp => format!(
                "Not delivered for {days}, waiting for {whom}: {why} It is not tried any more by itself. Nothing is lost."
            ),
        };
        Delivery {
            text: format!("{so_far}{text}"),
            problem: true,
            next: self.next(),
        }
    }

    /// When it is tried again by itself.
    fn next(&self) -> Option<Time> {
        (self.standing < Standing::GaveUp).then_some(self.next)
    }
}

fn failing(peer: Option<&PeerRow>, now: Time) -> Option<Failing> {
    let standing = &peer?.standing;
    let is_away = |code: &str| !code.starts_with("EM2_") && !code.starts_with("http_");
    let code = standing.last_code.as_deref()?;
    let why = match &standing.last_detail {
        Some(detail) if !is_away(code) => detail.clone(),
        _ => "it does not answer.".to_owned(),
    };
    let since = standing.first_fail_at.unwrap_or(now);
    let elapsed = now.as_millis() - since.as_millis();
    Some(Failing {
        next: standing.next_at,
        why,
        standing: Standing::after(elapsed),
        days: elapsed / DAY,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::peers::PeerStanding;

    fn platform(name: &str) -> Platform {
        name.parse().unwrap()
    }

    fn row(target: &str, acked: u64) -> DeliveryRow {
        DeliveryRow {
            conv: ConversationKey::from_bytes([1; 32]),
            target: target.to_owned(),
            head_seq: 5,
            acked_seq: acked,
            state: DeliveryState::Active,
            attempts: 0,
            next_at: Time(0),
            first_fail_at: None,
            last_code: None,
            last_detail: None,
            seen_at: Time(0),
        }
    }

    fn peer(name: &str, attempts: u64) -> PeerRow {
        PeerRow {
            name: platform(name),
            incarnation: None,
            document: None,
            expires_at: Time(0),
            standing: PeerStanding {
                attempts,
                next_at: Time(9),
                last_code: (attempts > 0).then(|| "EM2_DOWN".to_owned()),
                last_detail: (attempts > 0).then(|| "nobody answers.".to_owned()),
                ..PeerStanding::default()
            },
        }
    }

    #[test]
    fn what_is_delivered_is_counted_and_a_problem_is_named() {
        let (b, c) = ("em2.b.example", "em2.c.example");
        let others = [platform(b), platform(c)];
        let said = |rows: &[DeliveryRow], peers: &[PeerRow]| pushed(&others, rows, peers, Time(9));
        assert_eq!(
            said(&[row(b, 5), row(c, 5)], &[]).text,
            "Delivered to all 2 other platforms."
        );
        assert_eq!(
            said(&[row(b, 5), row(c, 4)], &[peer(c, 0)]).text,
            "Delivered to 1 of 2 platforms. On the way to em2.c.example."
        );
        let waiting = said(&[row(b, 0), row(c, 5)], &[peer(b, 3), peer(c, 9)]);
        assert_eq!(
            waiting,
            Delivery {
                text: "Delivered to 1 of 2 platforms. Waiting for em2.b.example: nobody answers."
                    .to_owned(),
                problem: true,
                next: Some(Time(9)),
            }
        );
        let aside = DeliveryRow {
            state: DeliveryState::SetAside,
            last_detail: Some("The bytes differ.".to_owned()),
            ..row(b, 2)
        };
        let aside = said(&[aside, row(c, 5)], &[]);
        assert!(
            aside.problem && aside.text.ends_with("conversation: The bytes differ."),
            "{aside:?}"
        );
        assert!(!submitted(&platform(b), 0, Some(&peer(b, 4)), Time(9)).problem);
        let mut failing = peer(b, 4);
        failing.standing.first_fail_at = Some(Time(9));
        let after = |elapsed| submitted(&platform(b), 1, Some(&failing), Time(9 + elapsed));
        let asked = "em2.b.example, which orders this conversation: nobody answers.";
        assert_eq!(after(DAY - 1).text, format!("Waiting for {asked}"));
        let day = after(DAY);
        assert!(day.problem && day.next.is_some(), "{day:?}");
        let told = format!("Not delivered for a day, waiting for {asked} It is tried for 30 days");
        assert!(day.text.starts_with(&told), "{day:?}");
        let month = after(30 * DAY);
        assert!(
            month.text.starts_with("Not delivered for 30 days") && month.next.is_none(),
            "{month:?}"
        );
        let silent = |elapsed| submitted(&platform(b), 0, Some(&failing), Time(9 + elapsed));
        assert!(!silent(7 * DAY - 1).problem, "nothing waits for it");
        let gone = silent(7 * DAY);
        assert!(
            gone.problem && gone.text.ends_with("has not answered for 7 days."),
            "{gone:?}"
        );
    }
}
