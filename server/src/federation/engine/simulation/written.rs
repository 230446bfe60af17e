//! What is written of a peer, and when.

use em2_model::Time;

use super::super::{Failure, Schedule};
use super::check::Watch;
use super::expect::{self, DAY};
use super::rows::Rows;
use super::world::Wrong;

impl Watch {
    /// A row is about to be written.
    pub(super) fn schedule(
        &mut self,
        peer: usize,
        schedule: &Schedule,
        rows: &Rows,
        now: Time,
    ) -> Result<(), Wrong> {
        let before = rows.platforms[peer]
            .as_ref()
            .and_then(|row| row.first_fail_at);
        let own = self.step.peer == Some(peer);
        match (before, schedule.first_fail_at) {
            (None, Some(since)) if since != now || !own || self.step.failure.is_none() => {
                return Err(format!("{peer} failed first at {}, not now", since.0));
            }
            (None, Some(_)) if self.asks_for_less(peer) => {
                return Err(format!("{peer} answers, and is taken for one that fails"));
            }
            (Some(one), Some(other)) if one != other => {
                return Err(format!("{peer} has failed first a second time"));
            }
            (Some(_), None) if !own || !(self.step.answered || self.step.alive) => {
                return Err(format!("the failure of {peer} was forgotten"));
            }
            _ => {}
        }
        if own {
            self.step.written = Some(schedule.clone());
            self.step.sent = None;
        }
        Ok(())
    }

    /// Whether it answered that it wants less, for the first time since it took something.
    fn asks_for_less(&self, peer: usize) -> bool {
        let slow = matches!(self.step.failure, Some(Failure::Slow { .. }));
        slow && !self.seen[peer].was_slowed
    }

    /// An attempt has failed, and this was written.
    pub(super) fn failed(
        &mut self,
        peer: usize,
        failure: Failure,
        written: &Schedule,
        now: Time,
    ) -> Result<(), Wrong> {
        let seen = &mut self.seen[peer];
        if matches!(failure, Failure::Slow { .. }) && !seen.down && written.attempts == 0 {
            return Ok(());
        }
        let Some(since) = written.first_fail_at else {
            return Ok(());
        };
        let clock = matches!(failure, Failure::Clock { .. });
        if let Some(sent) = &self.step.sent {
            if !sent.probe {
                return Ok(());
            }
            seen.down = true;
            seen.not_before = Time(0);
            return match written.attempts <= 2 || clock {
                true => Ok(()),
                false => Err(format!("{peer} is tried again at once: {written:?}")),
            };
        }
        seen.down = true;
        seen.not_before = written.next_at;
        let elapsed = now.as_millis() - since.as_millis();
        let next = written.next_at.as_millis() - now.as_millis();
        let wait = expect::wait(written.attempts, elapsed);
        let asked = expect::asked(failure);
        let range = (wait - wait / 5).max(asked)..=(wait + wait / 5).max(asked + asked / 5);
        let gives_up = elapsed + wait + wait / 5 >= 30 * DAY;
        match range.contains(&next) || gives_up || (clock && next == 0) {
            true => Ok(()),
            false => Err(format!("{peer} waits {next}, not {range:?}: {written:?}")),
        }
    }
}
