//! Every step of a run in a line, for whoever looks into a failure: `EM2_SIMULATE_PRINT=1`.

use super::node::Node;
use super::world::World;
use crate::step::{Input, Kept, Locator, Log as _, Message, Outcome, Output};

/// How many places of a locator are shown.
const PLACES: usize = 3;

/// Whether it is wanted.
pub(super) fn is_wanted() -> bool {
    std::env::var_os("EM2_SIMULATE_PRINT").is_some()
}

/// What somebody did, and what followed from it.
pub(super) fn step(now: i64, node: &Node, input: &str, out: &[Output]) {
    if input == "tick" && out.is_empty() {
        return;
    }
    let core = node.state.conversation().map(|held| held.core());
    let (seq, epoch) = core.map_or((0, 0), |core| (core.seq, core.epoch));
    let pending = node.state.pending().len();
    let asking = if node.state.is_asking() { ", asks" } else { "" };
    println!(
        "{now} {}: {input} ⇒ slot {seq}, epoch {epoch}, {pending} pending{asking}",
        node.name
    );
    for output in out {
        println!("        {}", output_line(output));
    }
}

pub(super) fn input_line(input: &Input) -> String {
    match input {
        Input::Submit(record) => {
            let header = record.action().header();
            let actor = header.actor.as_ref().map_or("the leader", |a| a.as_str());
            let (kind, name) = (header.kind, name(record));
            format!("{actor} {kind} {name}, nonce {:?}", header.nonce)
        }
        Input::Received { from, message } => format!("{from} says {}", message_line(message)),
        Input::Tick => "tick".to_owned(),
        Input::Start { restored } => format!("start, restored {restored}"),
    }
}

fn output_line(output: &Output) -> String {
    match output {
        Output::Send { to, message } => format!("to {to}: {}", message_line(message)),
        Output::Tell { key, outcome } => format!("tell {}", result(&(*key, *outcome))),
        Output::Applied(record, _) => format!("applied {}", name(record)),
        Output::RolledBack { to } => format!("rolled back to {to}"),
        Output::Alarm { seq, code } => format!("alarm in slot {seq}: {code:?}"),
    }
}

fn message_line(message: &Message) -> String {
    match message {
        Message::Submit { records } => format!("submit {}", list(records, name)),
        Message::Commits { records, epoch } => {
            format!("commits {}, epoch {epoch}", list(records, name))
        }
        Message::Answer {
            have,
            epoch,
            results,
        } => {
            let (have, results) = (places(have), list(results, result));
            format!("have {have}, epoch {epoch}, results {results}")
        }
        Message::Ask { have, epoch } => format!("ask, have {}, epoch {epoch}", places(have)),
        Message::Fetch { after } => format!("fetch after {after}"),
    }
}

fn list<T>(items: &[T], line: impl Fn(&T) -> String) -> String {
    let lines: Vec<String> = items.iter().map(line).collect();
    format!("[{}]", lines.join(" "))
}

fn name(record: &Kept) -> String {
    let action = record.action().key().short();
    match record.commit() {
        Some(commit) => format!("{}e{}:{}", commit.seq(), commit.epoch(), &action[..6]),
        None => action[..6].to_owned(),
    }
}

fn result((key, outcome): &(crate::id::ActionKey, Outcome)) -> String {
    format!("{}={outcome:?}", &key.short()[..6])
}

fn places(have: &Locator) -> String {
    let shown = &have[..have.len().min(PLACES)];
    list(shown, |(seq, key)| format!("{seq}:{}", &key.short()[..4]))
}

/// What every platform holds in the end.
pub(super) fn end(world: &World) {
    let leader = &world.nodes[0].disk;
    for Node {
        name, state, disk, ..
    } in &world.nodes
    {
        let Some(core) = state.conversation().map(|held| held.core()) else {
            println!("{name} knows nothing");
            continue;
        };
        let same = |seq: &u64| disk.commit_key(*seq) == leader.commit_key(*seq);
        let shared = (1..=core.seq).take_while(same).last();
        let (present, pending) = (core.platforms().contains(name), state.pending().len());
        println!(
            "{name}: slot {} of epoch {}, shares {shared:?} with the leader, present {present}, \
             {pending} pending, {:?}",
            core.seq, core.epoch, state.standing.stranded,
        );
    }
}
