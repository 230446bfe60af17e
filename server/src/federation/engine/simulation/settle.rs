//! The faults have stopped: everything arrives, as soon as the schedule allows.

use super::super::schedule::{DAY, HOUR, MINUTE};
use super::far::{Condition, Poison};
use super::world::{Event, World, Wrong};

/// The longest that lies between two attempts, and then what one conversation rests at most.
const LONGEST: i64 = DAY + DAY / 5 + 4 * HOUR;

/// Ends all faults, and checks what has become of everything.
pub(super) fn settle(world: &mut World) -> Result<(), Wrong> {
    world.read_faults = 0;
    for peer in 0..world.fars.len() {
        let far = &mut world.fars[peer];
        far.loss = 0;
        far.poison
            .retain(|_, poison| matches!(poison, Poison::Refused | Poison::Unknown));
        let condition = Condition::Fine;
        world.after(0, Event::Become { peer, condition });
        let since = world.rows.platforms[peer]
            .as_ref()
            .and_then(|row| row.first_fail_at);
        let given_up = since.is_some_and(|since| since.plus(20 * DAY) < world.now);
        // Who was given up says something; of the others one in two.
        if given_up || peer % 2 == 0 {
            world.after(7 * HOUR, Event::Speak { peer });
        }
    }
    let end = world.now.plus(LONGEST);
    let waits = |world: &World| (0..world.fars.len()).any(|peer| world.rows.is_waiting(peer));
    world.pass(MINUTE)?;
    while waits(world) {
        if world.now > end {
            return Err(format!("not everything was delivered: {}", left(world)));
        }
        world.pass(10 * MINUTE)?;
    }
    world.pass(MINUTE)?;
    check(world)
}

fn left(world: &World) -> String {
    let waiting = (0..world.fars.len()).filter(|peer| world.rows.is_waiting(*peer));
    let left = waiting.map(|peer| {
        let count = world.rows.count_waiting(peer);
        let row = &world.rows.platforms[peer];
        format!("\n{count} for {peer}, now {}: {row:?}", world.now.0)
    });
    left.collect()
}

fn check(world: &World) -> Result<(), Wrong> {
    for (peer, far) in world.fars.iter().enumerate() {
        world.watch.is_told(peer, &world.rows, world.now)?;
        for (conv, row) in &world.rows.deliveries[peer] {
            let held = far.held.get(conv).copied().unwrap_or(0);
            let poison = far.poison.contains_key(conv);
            if row.aside != poison {
                return Err(format!(
                    "{conv} of {peer}: aside {}, poison {poison}",
                    row.aside
                ));
            }
            if !row.aside && (row.acked != row.head || held != row.head) {
                return Err(format!("{conv} of {peer}: {held} of {}", row.head));
            }
        }
    }
    Ok(())
}
