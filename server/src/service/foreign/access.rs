//! Who may ask about a conversation, and say anything about it. // spec §3, §7

use em2_model::Platform;
use em2_model::conversation::Core;
use em2_model::id::Incarnation;
use em2_model::refusal::{Code, Refusal};

/// How a platform takes part in a conversation.
enum Part {
    Present,
    Removed { upto: u64 },
    Never,
}

/// How a platform takes part in this conversation: the leader always does.
fn part_of(core: &Core, platform: &Platform) -> Part {
    if core.leader == *platform || core.platform_since(platform).is_some() {
        return Part::Present;
    }
    match core.platform_upto(platform) {
        Some(upto) => Part::Removed { upto },
        None => Part::Never,
    }
}

/// Whether `platform`, whose key log is that of `incarnation`, takes part now. Whoever never took part is answered as
/// for a conversation that does not exist. // security.md 33, 38, 39
pub(super) fn admit(
    core: &Core,
    platform: &Platform,
    incarnation: Incarnation,
) -> Result<(), Refusal> {
    match part_of(core, platform) {
        Part::Present => {}
        Part::Removed { upto } => return Err(Refusal::from(Code::Removed).with("upto", upto)),
        Part::Never => return Err(Refusal::from(Code::NoConv)),
    }
    let people = core.people.values();
    let mut theirs = people.filter(|person| person.platform.as_ref() == Some(platform));
    // Somebody else owns the name now: what was said to the owner before is not for them.
    match theirs.any(|person| person.inc.is_some_and(|inc| inc != incarnation)) {
        true => Err(Refusal::from(Code::Incarnation)),
        false => Ok(()),
    }
}
