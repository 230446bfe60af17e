//! What people were told, and by whom which conversation was begun: all of it has to be true in the end.

use em2_model::{ActionKey, Address, ConversationKey};

/// A conversation as those know it who take part.
#[derive(Clone)]
pub(crate) struct Talk {
    pub(crate) key: ConversationKey,
    pub(crate) creator: Address,
    pub(crate) people: Vec<Address>,
    /// Who is not in it yet.
    pub(crate) guest: Option<Address>,
    /// What was said, by whom.
    pub(crate) said: Vec<(Address, ActionKey)>,
}

/// An action that was acknowledged.
#[derive(Clone, Debug)]
pub(crate) struct Deed {
    pub(crate) conv: ConversationKey,
    pub(crate) key: ActionKey,
    /// The first word of its text, which no other has. Not every action has a text.
    pub(crate) word: Option<String>,
    /// Whether it had its slot when it was acknowledged, and so was not refused.
    pub(crate) is_done: bool,
    /// Whether it depends on the newest state, and so can lose against another.
    pub(crate) can_lose: bool,
}

/// What everybody was told.
#[derive(Default)]
pub(crate) struct Journal {
    pub(crate) talks: Vec<Talk>,
    pub(crate) deeds: Vec<Deed>,
}

impl Journal {
    /// The conversations that somebody takes part in.
    pub(crate) fn talks_of(&self, person: &Address) -> Vec<usize> {
        let with = |(n, talk): (usize, &Talk)| talk.people.contains(person).then_some(n);
        self.talks.iter().enumerate().filter_map(with).collect()
    }

    /// Something was acknowledged.
    pub(crate) fn note(&mut self, deed: Deed) {
        self.deeds.push(deed);
    }
}
