//! The requests under way, counted from outside.

use std::collections::{BTreeMap, BTreeSet};

use em2_model::{ConversationKey, Time};

use super::super::slots::{ALL, OF_ONE, PROBES};
use super::super::waiting::BATCH;
use super::super::{AttemptId, Errand, Request};
use super::world::Wrong;

struct Flight {
    peer: usize,
    at: Time,
    probe: bool,
    convs: Vec<ConversationKey>,
}

#[derive(Default)]
pub(super) struct Flights {
    flights: BTreeMap<AttemptId, Flight>,
    carried: BTreeSet<(usize, ConversationKey)>,
}

impl Flights {
    pub(super) fn len(&self) -> usize {
        self.flights.len()
    }

    pub(super) fn probes(&self) -> usize {
        self.flights.values().filter(|flight| flight.probe).count()
    }

    /// Whether a request to this peer is older than that.
    pub(super) fn has_older(&self, peer: usize, at: Time) -> bool {
        let mut flights = self.flights.values();
        flights.any(|flight| flight.peer == peer && flight.at < at)
    }

    pub(super) fn depart(
        &mut self,
        peer: usize,
        request: &Request,
        now: Time,
    ) -> Result<(), Wrong> {
        let convs = match &request.errand {
            Errand::Push { convs, .. } => convs.clone(),
            Errand::Greet | Errand::Compare => Vec::new(),
        };
        if convs.len() > BATCH || (request.probe && convs.len() > 1) {
            return Err(format!("too much in one: {request:?}"));
        }
        for conv in &convs {
            if !self.carried.insert((peer, *conv)) {
                return Err(format!("{conv} twice at once: {request:?}"));
            }
        }
        let flight = Flight {
            peer,
            at: now,
            probe: request.probe,
            convs,
        };
        self.flights.insert(request.attempt, flight);
        let own = self.flights.values().filter(|flight| flight.peer == peer);
        let own_probes = own.clone().filter(|flight| flight.probe).count();
        let one = own.count() <= OF_ONE && own_probes <= 1;
        match one && self.len() <= ALL && self.probes() <= PROBES {
            true => Ok(()),
            false => Err(format!("too many at once: {request:?}")),
        }
    }

    pub(super) fn land(&mut self, attempt: AttemptId) {
        if let Some(flight) = self.flights.remove(&attempt) {
            for conv in flight.convs {
                self.carried.remove(&(flight.peer, conv));
            }
        }
    }
}
