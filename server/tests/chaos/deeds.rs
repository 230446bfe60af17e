//! What people do meanwhile.

use em2_model::wire::domestic::Accepted;
use em2_model::wire::intent::Intent;
use em2_model::{ActionKey, Address, ConversationKey, Format, History, Role};

use crate::journal::{Deed, Talk};
use crate::people::Person;
use crate::platforms::{DOMAINS, PEOPLE, address};

/// Something to do, and what is to be remembered of it.
struct Wish {
    intent: Intent,
    /// The text begins with the word.
    has_word: bool,
    can_lose: bool,
}

impl Wish {
    fn new(intent: Intent, can_lose: bool) -> Wish {
        Wish {
            intent,
            has_word: false,
            can_lose,
        }
    }

    fn saying(intent: Intent, can_lose: bool) -> Wish {
        Wish {
            has_word: true,
            ..Wish::new(intent, can_lose)
        }
    }
}

impl Person {
    /// Begins a conversation with somebody elsewhere, and some more.
    pub(crate) async fn begin(&mut self) {
        let here = self.platform;
        let near = (here + self.dice.number(1..=2) as usize) % DOMAINS.len();
        let far = DOMAINS.len() - here - near;
        let somebody =
            |person: &mut Person, platform| address(person.dice.one_of(&PEOPLE).unwrap(), platform);
        let mut with = vec![somebody(self, near)];
        let other = somebody(self, far);
        let beside = somebody(self, here);
        if beside != self.address && self.dice.percent(40) {
            with.push(beside);
        }
        let is_guest = self.dice.percent(40);
        let guest = is_guest.then(|| other.clone());
        if !is_guest {
            with.push(other);
        }
        self.start(with, guest).await;
    }

    /// Does one thing in one of their conversations.
    pub(crate) async fn do_something(&mut self) {
        let talks = self.journal.lock().unwrap().talks_of(&self.address);
        let Some(at) = self.dice.one_of(&talks).copied() else {
            return;
        };
        let talk = self.journal.lock().unwrap().talks[at].clone();
        let word = self.word();
        let wish = self.wish(&talk, &word);
        let adds = matches!(wish.intent, Intent::MessageAdd { .. });
        let joins = match &wish.intent {
            Intent::ParticipantAdd { address, .. } => Some(address.clone()),
            _ => None,
        };
        let (key, is_done) = match self.act(talk.key, &word, wish.intent).await {
            Ok(Accepted::Action { key, .. }) => (key, true),
            Ok(Accepted::Pending { key, .. }) => (key, false),
            Ok(_) => return self.tally.count("marks"),
            Err(refusal) => return self.refused(&refusal),
        };
        self.tally.count(match is_done {
            true => "acknowledged with a slot",
            false => "acknowledged without a slot",
        });
        let mut journal = self.journal.lock().unwrap();
        journal.note(Deed {
            conv: talk.key,
            key,
            word: wish.has_word.then_some(word),
            is_done,
            can_lose: wish.can_lose,
        });
        let talk = &mut journal.talks[at];
        if adds {
            talk.said.push((self.address.clone(), key));
        }
        if let Some(guest) = joins {
            self.tally.count("joined");
            talk.guest = None;
            talk.people.push(guest);
        }
    }

    fn wish(&mut self, talk: &Talk, word: &str) -> Wish {
        let mine: Vec<ActionKey> = talk
            .said
            .iter()
            .filter_map(|(by, key)| (*by == self.address).then_some(*key))
            .collect();
        let mine = self.dice.one_of(&mine).copied();
        let is_creator = talk.creator == self.address;
        match (self.dice.number(1..=100), mine, &talk.guest) {
            (1..=15, Some(item), _) => Wish::saying(
                Intent::MessageModify {
                    item,
                    follows: None,
                    format: Format::Plain,
                    text: self.text(word),
                },
                true,
            ),
            (16..=20, Some(item), _) => {
                let follows = None;
                Wish::new(Intent::MessageRemove { item, follows }, true)
            }
            (21..=25, Some(item), _) => {
                let follows = None;
                Wish::new(Intent::MessageRecover { item, follows }, true)
            }
            (26..=29, Some(item), _) => {
                let (follows, ttl) = (None, 2_000);
                Wish::new(Intent::MessageLock { item, follows, ttl }, true)
            }
            (30..=34, _, _) if is_creator => Wish::new(
                Intent::SubjectModify {
                    follows: None,
                    subject: format!("Subject {word}"),
                },
                true,
            ),
            (35..=37, _, _) if is_creator => Wish::new(
                Intent::LabelAdd {
                    name: word.to_owned(),
                    colour: "red".to_owned(),
                },
                false,
            ),
            (38..=45, _, Some(guest)) if is_creator => Wish::new(add(guest.clone()), true),
            (46..=55, _, _) => {
                let seq = self.dice.number(1..=4 + talk.said.len() as u64);
                Wish::new(Intent::Seen { seq }, false)
            }
            (number, _, _) => {
                // What they can see: others of their own platform have said it.
                let domain = self.address.domain();
                let said = talk.said.iter().filter(|(by, _)| by.domain() == domain);
                let said: Vec<ActionKey> = said.map(|(_, key)| *key).collect();
                let parent = self.dice.one_of(&said).copied();
                Wish::saying(
                    Intent::MessageAdd {
                        parent: parent.filter(|_| number > 80),
                        format: Format::Plain,
                        text: self.text(word),
                    },
                    false,
                )
            }
        }
    }

    /// A text that begins with this word: mostly short, sometimes of some kilobytes.
    fn text(&mut self, word: &str) -> String {
        let more = match self.dice.percent(10) {
            true => self.dice.number(200..=1500),
            false => self.dice.number(0..=10),
        };
        format!("{word}{}", " ünd so on".repeat(more as usize))
    }
}

fn add(guest: Address) -> Intent {
    Intent::ParticipantAdd {
        address: guest,
        role: Role::Write,
        history: History::All,
        name: None,
    }
}

/// Everybody presses “Retry now” in those of their conversations that are behind.
pub(crate) async fn press_retry(people: &mut [Person], behind: &[ConversationKey]) {
    for person in people {
        let talks = {
            let journal = person.journal.lock().unwrap();
            let talks = journal.talks_of(&person.address).into_iter();
            talks.map(|at| journal.talks[at].key).collect::<Vec<_>>()
        };
        for conv in talks.into_iter().filter(|key| behind.contains(key)) {
            person.retry(conv).await;
        }
    }
}
