//! What the engine says is done.

use em2_model::Platform;

use super::super::{Errand, Output, Request};
use super::rows::number;
use super::world::{Event, Sent, World, Wrong};

/// For how many conversations there is room in a request.
const ROOM: usize = 60;

/// How long the database takes for a page.
const PAGE: i64 = 2;

impl World {
    fn number(&self, name: &Platform) -> usize {
        let number = name.as_str().trim_start_matches("em2.p");
        number
            .split('.')
            .next()
            .and_then(|number| number.parse().ok())
            .unwrap_or(0)
    }

    /// Does what the engine says.
    pub(super) fn execute(&mut self, output: Output) -> Result<(), Wrong> {
        match output {
            Output::Schedule { peer, schedule } => {
                let peer = self.number(&peer);
                self.watch.schedule(peer, &schedule, &self.rows, self.now)?;
                self.rows.platforms[peer] = Some(schedule);
                Ok(())
            }
            Output::Send(request) => self.send(request),
            Output::Load { peer, after, limit } => {
                let (life, peer) = (self.life, self.number(&peer));
                let is_read = self.dice.upto(999) >= self.read_faults;
                let page = is_read.then(|| self.rows.page(peer, after.map(number), limit));
                self.after(PAGE, Event::Page { life, peer, page });
                Ok(())
            }
            Output::Rest {
                peer,
                conv,
                until,
                refused,
                ..
            } => {
                self.rows
                    .rest(self.number(&peer), number(conv), until, refused);
                Ok(())
            }
            Output::SetAside {
                peer, conv, alarm, ..
            } => {
                let peer = self.number(&peer);
                self.rows.set_aside(peer, number(conv));
                self.watch.set_aside(peer, number(conv), alarm)
            }
            Output::Recovered { .. } => Ok(()),
            Output::Told {
                peer,
                standing,
                since,
            } => {
                let peer = self.number(&peer);
                self.watch.told(peer, standing, since, &self.rows, self.now)
            }
            Output::Clock { peer, offset } => {
                let peer = self.number(&peer);
                self.watch.clock(offset, self.fars[peer].skew)
            }
        }
    }

    fn send(&mut self, request: Request) -> Result<(), Wrong> {
        let peer = self.number(&request.peer);
        self.watch.sent(peer, &request, &self.rows, self.now)?;
        let (convs, pushes) = match request.errand {
            Errand::Push { convs, .. } => (convs, true),
            Errand::Greet | Errand::Compare => (Vec::new(), false),
        };
        let mut sent = Sent {
            life: self.life,
            attempt: request.attempt,
            peer,
            parcels: Vec::new(),
            idle: Vec::new(),
            left: Vec::new(),
        };
        for conv in convs.into_iter().map(number) {
            match self.rows.parcel(peer, conv) {
                Some(_) if sent.parcels.len() >= ROOM => sent.left.push(conv),
                Some(parcel) => sent.parcels.push(parcel),
                None => sent.idle.push(conv),
            }
        }
        let left = self.dice.upto(999) < self.read_faults;
        if left || (pushes && sent.parcels.is_empty()) {
            self.after(PAGE, Event::Unsent { sent, left });
            return Ok(());
        }
        let dated = self.now.plus(request.clock_offset);
        let wait = self.fars[peer].way();
        self.after(wait, Event::Arrive { sent, dated });
        Ok(())
    }
}
