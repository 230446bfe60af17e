//! People who hold conversations, straight on the store: the smallest writer that keeps every
//! table as the service does.

use std::sync::atomic::{AtomicU64, Ordering};

use em2_model::action::{Action, Content, LeaderKey, MessageAdd, ParticipantAdd, Proposal};
use em2_model::conversation::{Change, Conversation, Effect, Opening, Said, Sequenced, Standing};
use em2_model::id::Incarnation;
use em2_model::record::{Record, Verified};
use em2_model::sign::{Kid, PlatformKey, Tag, hash};
use em2_model::{
    ActionKey, Address, ConversationKey, Format, History, Nonce, Platform, Role, Salt, Time,
};
use server::store::actions::{find_by_nonce, insert_action};
use server::store::conversations::{
    ConversationRow, Face, PersonRow, Wanted, insert_conversation, load_for_write,
    update_conversation,
};
use server::store::deliveries::raise_deliveries;
use server::store::feed::{Told, tell};
use server::store::list::Frozen;
use server::store::messages::{DoneRow, MessageRow, insert_message, update_message};
use server::store::participants::{
    ParticipantRow, Touch, insert_participants, mark_removed, touch_lists,
};
use server::store::search::{Indexed, delete_words, insert_words, update_words};
use server::store::users::{UserId, find_user_by_address};
use server::store::{Store, StoreError, Tx};

use super::NOW;

/// The key of the platform that leads.
pub(super) fn key() -> PlatformKey {
    let platform = Platform::parse("em2.a.example").unwrap();
    let seed = hash(Tag::Key, b"store tests");
    PlatformKey::from_test_seed(platform, Kid::parse("2026a").unwrap(), &seed)
}

/// Nonces and salts that never repeat within a process, nor between processes.
pub(super) fn draw() -> (Nonce, Salt) {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut bytes = [7; 16];
    bytes[..8].copy_from_slice(&n.to_be_bytes());
    bytes[8..12].copy_from_slice(&std::process::id().to_be_bytes());
    (Nonce::from_bytes(bytes), Salt::from_bytes(bytes))
}

/// Publishes `subject` with one message and adds `others`, all with accounts here.
pub(super) async fn publish(
    store: &Store,
    creator: &Address,
    others: &[(&Address, History)],
    subject: &str,
    text: &str,
) -> ConversationKey {
    let key = key();
    let people = others.iter().map(|(address, history)| ParticipantAdd {
        address: (*address).clone(),
        role: Role::Write,
        platform: Some((key.platform.clone(), Incarnation::from_bytes([1; 32]))),
        history: *history,
        name: None,
    });
    let opening = Opening {
        platform: key.platform.clone(),
        creator: creator.clone(),
        subject: subject.to_owned(),
        keys: vec![LeaderKey {
            platform: key.platform.clone(),
            inc: Incarnation::from_bytes([1; 32]),
            kid: key.kid.clone(),
            public: key.public(),
        }],
        fork: None,
        people: people.collect(),
        messages: vec![Said {
            message: markdown(text),
            attachments: Vec::new(),
        }],
    };
    let actions = opening.mint(NOW, draw).unwrap();
    let (conversation, records) = Conversation::open(actions, NOW, &key).unwrap();
    let (creator, subject) = (creator.clone(), subject.to_owned());
    store
        .write(move |tx| {
            Box::pin(async move {
                let core = conversation.into_core();
                let conv = core.key;
                let user = find_user_by_address(tx, &creator)
                    .await?
                    .map(|user| user.id);
                let face = Face {
                    people: Vec::new(),
                    people_count: 0,
                    preview: String::new(),
                    preview_by: None,
                    preview_seq: 0,
                    last: conv.into(),
                };
                let mut row = ConversationRow {
                    core,
                    created_at: NOW,
                    face,
                };
                insert_conversation(tx, &row);
                insert_participants(tx, &[participant(&row, conv.into(), &creator, user, 1)]);
                insert_words(
                    tx,
                    &Indexed {
                        conv,
                        item: conv.into(),
                        added: 0,
                        touched: 1,
                        text: &subject,
                    },
                );
                for (record, change) in &records {
                    keep(tx, &mut row, record, change).await?;
                }
                Ok::<_, StoreError>(conv)
            })
        })
        .await
        .unwrap()
}

pub(super) fn markdown(text: &str) -> MessageAdd {
    MessageAdd {
        format: Format::Markdown,
        text: text.to_owned(),
        mail: None,
    }
}

/// What one action did, and what it cost.
#[derive(Debug)]
pub(super) struct Acted {
    pub(super) key: ActionKey,
    pub(super) seq: u64,
    pub(super) told: Vec<(UserId, u64)>,
    pub(super) statements: u64,
}

/// Does something in a conversation and waits until it is stored.
pub(super) async fn act(
    store: &Store,
    conv: ConversationKey,
    by: &Address,
    content: Content,
    item: Option<ActionKey>,
) -> Result<Acted, StoreError> {
    let (nonce, salt) = draw();
    act_with(store, conv, by, content, item, NOW, (nonce, salt)).await
}

/// The same at a certain time and with a certain nonce.
pub(super) async fn act_with(
    store: &Store,
    conv: ConversationKey,
    by: &Address,
    content: Content,
    item: Option<ActionKey>,
    now: Time,
    (nonce, salt): (Nonce, Salt),
) -> Result<Acted, StoreError> {
    let by = by.clone();
    store
        .write(move |tx| {
            Box::pin(async move {
                let before = tx.statements();
                let key = key();
                let touched: Vec<ActionKey> = item.into_iter().collect();
                let wanted = Wanted {
                    conv,
                    messages: &touched,
                    added: None,
                };
                let mut held = load_for_write(tx, &[wanted]).await?;
                let loaded = held.conversations.remove(&conv);
                let loaded = loaded.ok_or(StoreError::Missing("conversation"))?;
                let slot = find_by_nonce(tx, conv, nonce).await?;
                let mut row = loaded.row;
                let mut part = Conversation::part(row.core.clone());
                part.load_slot(nonce, slot);
                for message in &loaded.messages {
                    let item = message.item();
                    part.load_item(item.model, item.key, Some(item));
                }
                let model = content.kind().model();
                let follows = item.and_then(|item| Some((item, part.head_of(model, item)?)));
                let mut proposal = Proposal::new(key.platform.clone(), by, content).within(conv);
                proposal.follows = follows;
                let action = Action::mint(proposal, now, nonce, salt).unwrap();
                let record = Record::signed(action, &key).unwrap();
                let (record, change) = match part.sequence(record, now, &key).unwrap() {
                    Sequenced::Committed { record, change } => (record, change),
                    Sequenced::Duplicate(slot) => {
                        return Ok(Acted {
                            key: slot.action,
                            seq: slot.seq,
                            told: Vec::new(),
                            statements: 0,
                        });
                    }
                };
                assert_eq!(change.refused, None);
                row.core = part.into_core();
                let told = keep(tx, &mut row, &record, &change).await?;
                let statements = tx.statements() - before;
                Ok(Acted {
                    key: change.action,
                    seq: change.seq,
                    told,
                    statements,
                })
            })
        })
        .await
}

fn participant(
    row: &ConversationRow,
    item: ActionKey,
    address: &Address,
    user: Option<UserId>,
    added_seq: u64,
) -> ParticipantRow {
    let person = row.core.people.get(&item);
    ParticipantRow {
        conv: row.core.key,
        item,
        address: address.clone(),
        name: address.local().to_owned(),
        role: person.map_or(Role::Write, |person| person.role),
        platform: person.and_then(|person| person.platform.clone()),
        history: person.map_or(History::All, |person| person.history),
        since_seq: person.map_or(0, |person| person.since),
        added_seq,
        removed_seq: None,
        seen_seq: 0,
        seen_at: Time(0),
        user,
        read_seq: 0,
        news_seq: added_seq,
        last_at: row.core.at,
        wrote: false,
    }
}

/// Stores what a change says: the log, the projections, the feed, search and deliveries.
async fn keep(
    tx: &mut Tx,
    row: &mut ConversationRow,
    record: &Verified<Record>,
    change: &Change,
) -> Result<Vec<(UserId, u64)>, StoreError> {
    let conv = row.core.key;
    let by = change.actor.clone().unwrap();
    insert_action(tx, record)?;
    row.face.last = change.action;
    let mut removed = None;
    match (&change.effect, record.action().content()) {
        (Effect::Message(item), Ok(content)) => {
            let (format, text) = match content {
                Content::MessageAdd(add) => (add.format, add.text.clone()),
                Content::MessageModify(modify) => (modify.format, modify.text.clone()),
                _ => (Format::Markdown, String::new()),
            };
            let done = DoneRow {
                by: by.clone(),
                at: change.at,
                seq: change.seq,
            };
            let added = item.seq == change.seq;
            let message = MessageRow {
                conv,
                seq: item.seq,
                key: item.key,
                head: item.head,
                touched: change.seq,
                author: item.author.clone(),
                parent: item.parent,
                at: change.at,
                standing: item.standing,
                missing: None,
                attachments: item.attachments,
                done: (item.standing == Standing::Removed).then(|| done.clone()),
                edited: (!added).then_some(done),
                format,
                html: format!("<p>{text}</p>"),
                text: text.clone(),
                renderer: 1,
            };
            let indexed = Indexed {
                conv,
                item: item.key,
                added: item.seq,
                touched: change.seq,
                text: &text,
            };
            if added {
                insert_message(tx, &message);
                insert_words(tx, &indexed);
                row.face.preview = text.chars().take(140).collect();
                row.face.preview_by = Some(by.clone());
                row.face.preview_seq = change.seq;
            } else {
                update_message(tx, &message);
                match item.standing {
                    Standing::Present => update_words(tx, &indexed).await?,
                    _ => delete_words(tx, conv, item.seq, change.seq).await?,
                }
            }
        }
        (Effect::Person(person), Ok(Content::ParticipantAdd(_))) => {
            let user = find_user_by_address(tx, &person.address)
                .await?
                .map(|user| user.id);
            let row = participant(row, person.item, &person.address, user, change.seq);
            insert_participants(tx, &[row]);
        }
        (Effect::Person(person), Ok(Content::ParticipantRemove)) => {
            let frozen = Frozen {
                subject: row.core.subject.clone(),
                seq: change.seq,
                labels: row.core.labels.values().cloned().collect(),
                face: row.face.clone(),
            };
            mark_removed(tx, conv, person.item, change.seq, Some(&frozen));
            removed = find_user_by_address(tx, &person.address)
                .await?
                .map(|user| user.id);
        }
        (Effect::Subject, _) => {
            update_words(
                tx,
                &Indexed {
                    conv,
                    item: conv.into(),
                    added: 0,
                    touched: change.seq,
                    text: &row.core.subject,
                },
            )
            .await?;
        }
        _ => {}
    }
    row.face.people = row
        .core
        .people
        .values()
        .take(5)
        .map(|person| PersonRow {
            address: person.address.clone(),
            name: person.address.local().to_owned(),
        })
        .collect();
    row.face.people_count = row.core.people.len() as u64;
    update_conversation(tx, &row.core, &row.face);
    let adds = matches!(change.effect, Effect::Message(_));
    touch_lists(
        tx,
        conv,
        Some(&by),
        Touch {
            at: change.at,
            seq: change.seq,
            notable: true,
            writes: adds,
        },
    );
    let elsewhere: Vec<_> = row
        .core
        .platforms()
        .into_iter()
        .filter(|platform| **platform != row.core.leader)
        .cloned()
        .collect();
    raise_deliveries(tx, conv, &elsewhere, change.seq, change.at);
    let here = server::store::participants::list_participants_here(tx, conv).await?;
    let present = here.iter().filter(|p| p.is_present() || p.user == removed);
    let users: Vec<UserId> = present.filter_map(|p| p.user).collect();
    tell(
        tx,
        &users,
        Told::Action {
            conv,
            seq: change.seq,
        },
    )
    .await
}
