//! What is made of the end of an attempt.

use std::collections::BTreeMap;

use em2_model::ConversationKey;

use super::faults::{self, Fault};
use super::slots::PeerId;
use super::waiting::Landing;
use super::{AttemptId, Engine, Errand, Failure, HOLD, Outcome, Output, Trouble, schedule};

/// A conversation that was refused for good this often is set aside. // spec §15
const REFUSED_MAX: u64 = 3;

/// What kind of trouble a conversation had.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    /// The peer took nothing of it.
    Stuck,
    /// The peer refused it for good.
    Refused,
    /// The request broke off, or timed out, after it had gone out.
    BrokeOff,
}

impl Engine {
    /// The peer has answered.
    pub(super) fn answered(
        &mut self,
        attempt: AttemptId,
        outcomes: Vec<(ConversationKey, Outcome)>,
    ) {
        let Some(id) = self.slots.free(attempt) else {
            return;
        };
        let (now, horizon) = (self.now, self.slots.horizon());
        let peer = self.touch(id);
        let name = peer.name.clone();
        let errand = peer.land(attempt, now);
        peer.greet_at = None;
        if peer.link.succeeded(now, horizon).is_some() {
            self.outputs.push(Output::Recovered { peer: name });
        }
        if let Some(Errand::Push { convs, .. }) = errand {
            let mut outcomes: BTreeMap<_, _> = outcomes.into_iter().collect();
            // What is put back in front keeps its order.
            for conv in convs.into_iter().rev() {
                let outcome = outcomes.remove(&conv).unwrap_or_else(Outcome::missing);
                self.settle(id, conv, outcome);
            }
        }
    }

    /// What the peer said of a conversation.
    fn settle(&mut self, id: PeerId, conv: ConversationKey, outcome: Outcome) {
        let now = self.now;
        let waiting = &mut self.peers[id.0].waiting;
        match outcome {
            Outcome::Done => waiting.land(conv, Landing::Done, now),
            Outcome::More => waiting.land(conv, Landing::More, now),
            Outcome::Left => waiting.land(conv, Landing::Back, now),
            Outcome::Stuck(trouble) => self.trouble(id, conv, trouble, Why::Stuck),
            Outcome::Refused(trouble) => self.trouble(id, conv, trouble, Why::Refused),
            Outcome::Unknown(trouble) => self.set_aside(id, conv, trouble, true),
        }
    }

    /// A conversation did not get through, and perhaps through its own fault: it rests, or needs a person.
    fn trouble(&mut self, id: PeerId, conv: ConversationKey, trouble: Trouble, why: Why) {
        let peer = &mut self.peers[id.0];
        let past = peer.waiting.past(conv).and(why == Why::Refused);
        if past.refused >= REFUSED_MAX && !faults::is(Fault::NeverAside) {
            return self.set_aside(id, conv, trouble, false);
        }
        let wait = match why {
            Why::BrokeOff => schedule::rest_in_doubt(past.tries),
            Why::Stuck | Why::Refused => schedule::rest(past.tries),
        };
        let wait = self.dice.around(wait);
        let until = self.now.plus(wait);
        let landing = Landing::Troubled { past, until };
        peer.waiting.land(conv, landing, self.now);
        self.outputs.push(Output::Rest {
            peer: peer.name.clone(),
            conv,
            until,
            refused: past.refused,
            trouble,
        });
    }

    fn set_aside(&mut self, id: PeerId, conv: ConversationKey, trouble: Trouble, alarm: bool) {
        let peer = &mut self.peers[id.0];
        peer.waiting.land(conv, Landing::Aside, self.now);
        self.outputs.push(Output::SetAside {
            peer: peer.name.clone(),
            conv,
            trouble,
            alarm,
        });
    }

    /// The attempt had no success as a whole.
    pub(super) fn failed(&mut self, attempt: AttemptId, failure: Failure, trouble: Trouble) {
        let Some(id) = self.slots.free(attempt) else {
            return;
        };
        let (now, horizon) = (self.now, self.slots.horizon());
        self.touched.insert(id);
        let (peer, dice) = (&mut self.peers[id.0], &mut self.dice);
        let why = trouble.clone();
        let offset = peer.link.failed(attempt, failure, why, now, horizon, dice);
        if let Some(offset) = offset {
            let peer = peer.name.clone();
            self.outputs.push(Output::Clock { peer, offset });
        }
        match peer.land(attempt, now) {
            Some(Errand::Push { convs, .. }) if failure == Failure::Doubtful => {
                for conv in convs {
                    self.trouble(id, conv, trouble.clone(), Why::BrokeOff);
                }
            }
            Some(errand) => peer.put_back(errand, now),
            None => {}
        }
        let peer = &mut self.peers[id.0];
        if peer.link.is_lasting() {
            peer.waiting.demote();
        }
    }

    /// No request was made, though (`left`) something waits.
    pub(super) fn unsent(&mut self, attempt: AttemptId, left: bool) {
        let Some(id) = self.slots.free(attempt) else {
            return;
        };
        let now = self.now;
        let peer = self.touch(id);
        match peer.land(attempt, now) {
            Some(Errand::Push { convs, .. }) if !left => {
                for conv in convs {
                    peer.waiting.land(conv, Landing::Done, now);
                }
            }
            Some(errand) => {
                peer.put_back(errand, now);
                peer.link.pause(now.plus(HOLD));
            }
            None => {}
        }
    }
}
