//! What people are shown of a conversation: rows become wire types here, and nowhere else.

use std::collections::BTreeMap;

use em2_model::action::{Content, Kind, Missing, Model};
use em2_model::conversation::{self, Core};
use em2_model::id::{ActionKey, Time};
use em2_model::permit;
use em2_model::record::{Record, Verified};
use em2_model::unread::{notable, unread};
use em2_model::wire::domestic::{
    Done, Event, Label, Lock, Message, Participant, Person, Row, Seen, Standing, What,
};
use em2_model::wire::live::{Change, Effect};
use em2_model::{Address, Refusal};

use super::row::{label, name, row};
use crate::store::conversations::ConversationRow;
use crate::store::list::ListRow;
use crate::store::messages::{DoneRow, MessageRow};
use crate::store::participants::ParticipantRow;

/// Names of labels that are no longer set, by the key of their add.
pub(super) type LabelNames = BTreeMap<ActionKey, String>;

/// A conversation as it is now, and the people of it who are known by name.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) conversation: &'a ConversationRow,
    pub(super) participants: &'a [ParticipantRow],
    /// The server's clock: which locks still hold.
    pub(super) now: Time,
}

/// What makes a message look different to two readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct View {
    pub(super) sees: bool,
    changes: bool,
}

impl Scene<'_> {
    fn core(&self) -> &Core {
        &self.conversation.core
    }

    /// The row that this reader has in their list.
    pub(super) fn row(&self, reader: &ParticipantRow) -> Row {
        let (core, face) = (self.core(), &self.conversation.face);
        let in_scope = face.preview_seq >= reader.since_seq;
        let stored = ListRow {
            conv: core.key,
            subject: core.subject.clone(),
            people: face.people.clone(),
            people_count: face.people_count,
            preview: if in_scope {
                face.preview.clone()
            } else {
                String::new()
            },
            preview_by: face.preview_by.clone().filter(|_| in_scope),
            last_at: reader.last_at,
            unread: unread(reader.news_seq, reader.read_seq),
            seq: core.seq,
            last: face.last,
            labels: core.labels.values().cloned().collect(),
            present: reader.is_present(),
        };
        row(stored, &reader.address)
    }

    /// Somebody by the name that they have here.
    pub(super) fn person(&self, address: &Address) -> Person {
        let known = self
            .participants
            .iter()
            .rev()
            .find(|person| person.address == *address);
        let given = || {
            self.core()
                .person(address)
                .and_then(|person| person.name.clone())
        };
        let name = known.map(|person| person.name.clone()).or_else(given);
        Person {
            address: address.clone(),
            name: name.unwrap_or_else(|| address.to_string()),
        }
    }

    /// Somebody by their participation, present or ended.
    fn of_item(&self, item: ActionKey) -> Option<Person> {
        let known = self.participants.iter().find(|person| person.item == item);
        let known = known.map(|person| Person {
            address: person.address.clone(),
            name: person.name.clone(),
        });
        known.or_else(|| Some(self.person(&self.core().people.get(&item)?.address)))
    }

    pub(super) fn labels(&self) -> Vec<Label> {
        self.core().labels.values().cloned().map(label).collect()
    }

    /// Who takes part now, in the order in which they were added.
    pub(super) fn people(&self) -> Vec<Participant> {
        let mut present: Vec<_> = self.core().people.values().collect();
        present.sort_by_key(|person| person.added);
        present
            .into_iter()
            .map(|person| {
                let known = self.participants.iter().find(|row| row.item == person.item);
                Participant {
                    item: person.item,
                    head: person.head,
                    address: person.address.clone(),
                    name: name(self.participants, person),
                    role: person.role,
                    platform: person.platform.clone(),
                    history: person.history,
                    seen: known.filter(|row| row.seen_seq > 0).map(|row| Seen {
                        address: row.address.clone(),
                        seq: row.seen_seq,
                        at: row.seen_at,
                    }),
                }
            })
            .collect()
    }

    /// The lock that holds on an item.
    fn lock(&self, model: Model, item: ActionKey) -> Option<Lock> {
        let lock = self.core().lock(model, item, self.now)?;
        Some(Lock {
            by: self.person(&lock.actor),
            until: lock.until,
        })
    }

    pub(super) fn subject_lock(&self) -> Option<Lock> {
        self.lock(Model::Subject, self.core().key.into())
    }

    fn done(&self, done: &DoneRow) -> Done {
        Done {
            by: self.person(&done.by),
            at: done.at,
            seq: done.seq,
        }
    }

    /// How this reader sees a message: who sees it in the same way is told the same.
    pub(super) fn view(&self, message: Option<&MessageRow>, reader: &ParticipantRow) -> View {
        let Some(row) = message else {
            return View {
                sees: true,
                changes: false,
            };
        };
        let sees = self.core().sees(&reader.address, row.seq, row.touched);
        let role = self
            .core()
            .person(&reader.address)
            .map(|person| person.role);
        let own = row.author == reader.address;
        View {
            sees,
            changes: sees && role.is_some_and(|role| permit::change_message(role, own)),
        }
    }

    /// A message in its present form, as this reader may see it. // spec §16
    pub(super) fn message(&self, row: &MessageRow, reader: &ParticipantRow) -> Message {
        let view = self.view(Some(row), reader);
        let done = || row.done.as_ref().map(|done| self.done(done));
        let standing = match (row.missing, row.standing) {
            _ if !view.sees => Standing::Withheld,
            (Some(Missing::Expired), _) => Standing::Expired,
            (Some(Missing::History), _) => Standing::Withheld,
            (_, conversation::Standing::Present) => Standing::Present,
            (_, conversation::Standing::Removed) => {
                done().map_or(Standing::Withheld, Standing::Removed)
            }
            (_, conversation::Standing::Redacted) => {
                done().map_or(Standing::Withheld, Standing::Redacted)
            }
        };
        let shown = standing == Standing::Present;
        let known = standing != Standing::Withheld;
        Message {
            key: row.key,
            seq: row.seq,
            touched: row.touched,
            head: row.head,
            author: self.person(&row.author),
            parent: row.parent,
            at: row.at,
            html: if shown {
                row.html.clone()
            } else {
                String::new()
            },
            text: (shown && view.changes).then(|| row.text.clone()),
            format: row.format,
            edited: row
                .edited
                .as_ref()
                .filter(|_| known)
                .map(|done| self.done(done)),
            lock: if shown {
                self.lock(Model::Message, row.key)
            } else {
                None
            },
            standing,
        }
    }

    /// What the timeline tells of a record, if it tells anything.
    pub(super) fn event(&self, record: &Verified<Record>, names: &LabelNames) -> Option<Event> {
        let (action, commit) = (record.action(), record.commit()?);
        if commit.refused().is_some() {
            return None;
        }
        let by = action
            .header()
            .actor
            .as_ref()
            .unwrap_or(&self.core().creator);
        let what = self.what(action.content().ok()?, action.item(), names)?;
        Some(Event {
            key: action.key(),
            seq: commit.seq(),
            at: commit.at(),
            by: self.person(by),
            what,
        })
    }

    fn what(&self, content: &Content, item: ActionKey, names: &LabelNames) -> Option<What> {
        Some(match content {
            Content::Publish(_) => What::Published,
            Content::Expire => What::Expired,
            Content::SubjectModify { subject } => What::SubjectChanged {
                subject: subject.clone(),
            },
            Content::ExpiryModify { at } => What::ExpiryChanged { expiry: *at },
            Content::LabelAdd(add) => What::LabelAdded {
                name: add.name.clone(),
                colour: add.colour.clone(),
            },
            Content::LabelRemove => What::LabelRemoved {
                name: names.get(&item)?.clone(),
            },
            Content::ParticipantAdd(add) => What::PersonAdded {
                person: self.person(&add.address),
                role: add.role,
                history: add.history,
            },
            Content::ParticipantModify(modify) => What::PersonChanged {
                person: self.of_item(item)?,
                role: modify.role?,
            },
            Content::ParticipantRemove => What::PersonRemoved {
                person: self.of_item(item)?,
            },
            _ => return None,
        })
    }

    /// What one record changed, as this reader may see it: the present form of what it touched.
    pub(super) fn change(
        &self,
        record: &Verified<Record>,
        message: Option<&MessageRow>,
        names: &LabelNames,
        reader: &ParticipantRow,
    ) -> Result<Change, Refusal> {
        let (action, commit) = (
            record.action(),
            record.commit().ok_or(em2_model::Code::Internal)?,
        );
        let kind = action.kind();
        let by = action
            .header()
            .actor
            .as_ref()
            .unwrap_or(&self.core().creator);
        let event = || self.event(record, names);
        let effect = match (commit.refused(), kind.model()) {
            (Some(code), _) => Some(Effect::Refused { code }),
            (None, Model::Message | Model::Attachment) => message
                .filter(|message| self.view(Some(message), reader).sees)
                .map(|message| Effect::Message {
                    message: self.message(message, reader),
                }),
            (None, Model::Subject) => Some(Effect::Subject {
                subject: self.core().subject.clone(),
                head: self.core().subject_head,
                lock: self.subject_lock(),
                event: event(),
            }),
            (None, Model::Label) => event().map(|event| Effect::Labels {
                labels: self.labels(),
                event,
            }),
            (None, Model::Expiry) => event().map(|event| Effect::Expiry {
                expiry: self.core().expiry,
                event,
            }),
            (None, Model::Conversation) if kind == Kind::Expire => {
                event().map(|event| Effect::Expiry {
                    expiry: self.core().expiry,
                    event,
                })
            }
            (None, Model::Participant | Model::Conversation) => {
                event().map(|event| Effect::People {
                    participants: self.people(),
                    event,
                })
            }
        };
        Ok(Change {
            key: action.key(),
            seq: commit.seq(),
            head: commit.key(),
            at: commit.at(),
            by: by.clone(),
            notable: notable(kind.model().as_str(), kind.verb()),
            effect: effect.unwrap_or(Effect::Withheld),
        })
    }
}
