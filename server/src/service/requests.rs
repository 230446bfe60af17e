//! People whom somebody does not know, and who have added them: what is shown of it, and what they answer. // spec §16
//!
//! Until the answer the conversation is none of theirs: the participant's row names no account. Nobody else learns of
//! the answer.

use em2_model::id::{ConversationKey, ConversationRef};
use em2_model::refusal::{Code, Refusal};
use em2_model::wire::domestic::{Answered, Person, Request, Row};
use em2_model::wire::intent::RequestAnswer;
use em2_model::wire::live::Live;

use super::actions::no_conversation;
use super::failure::Failure;
use super::once::Once;
use super::{IdempotencyKey, Me, Service, row};
use crate::propagate::{Audience, Frame, SharedChange, after_commit};
use crate::store::Tx;
use crate::store::actions::find_record_at;
use crate::store::contacts::{Regard, Who, upsert_contact};
use crate::store::conversations::{Wanted, find_conversation, load_for_write};
use crate::store::feed::{self, Heads, Told};
use crate::store::list::list_rows;
use crate::store::requests::{
    RequestRow, Waiting, admit, count_requests, delete_request, delete_requests_of, find_request,
    list_requests_of,
};
use crate::store::users::UserId;

/// How many requests one answer accepts: what waits beyond it stays.
const AT_ONCE: i64 = 100;

/// A request as a row of the list.
pub(super) fn row(waiting: Waiting) -> Row {
    let Waiting {
        request,
        subject,
        people_count,
    } = waiting;
    Row {
        key: ConversationRef::Published(request.conv),
        subject,
        people: vec![Person {
            name: request.sender.to_string(),
            address: request.sender,
        }],
        people_count: u32::try_from(people_count).unwrap_or(u32::MAX),
        preview: request.platform.to_string(),
        preview_by: None,
        at: request.at,
        unread: false,
        seq: 0,
        last: None,
        labels: Vec::new(),
        present: true,
    }
}

impl Service {
    /// What may be known of a request before it is answered.
    pub async fn request(&self, me: &Me, conv: ConversationKey) -> Result<Request, Refusal> {
        Ok(self.read_request(me, conv).await?)
    }

    async fn read_request(&self, me: &Me, conv: ConversationKey) -> Result<Request, Failure> {
        let mut conn = self.store.snapshot().await?;
        let found = find_request(&mut conn, me.user, conv).await?;
        let request = found.ok_or_else(|| no_conversation(conv))?;
        let conversation = find_conversation(&mut conn, conv).await?;
        let core = conversation.ok_or_else(|| no_conversation(conv))?.core;
        let mut people: Vec<_> = core.people.into_values().collect();
        people.sort_by_key(|person| person.added);
        let people = people.into_iter().map(|person| person.address);
        let others = people.filter(|address| ![&me.address, &request.sender].contains(&address));
        Ok(Request {
            key: conv,
            people: others.collect(),
            sender: request.sender,
            platform: request.platform,
            subject: core.subject,
            at: request.at,
        })
    }

    /// Takes the answer to a request, once for each idempotency key.
    pub async fn answer_request(
        &self,
        me: &Me,
        conv: ConversationKey,
        answer: RequestAnswer,
        idempotency: Option<IdempotencyKey>,
    ) -> Result<Answered, Refusal> {
        let once = Once::new(me, idempotency, &("request", conv, answer))?;
        let (service, me, kept) = (self.clone(), me.clone(), once.clone());
        let outcome = self.store.write::<_, Failure, _>(move |tx| {
            Box::pin(async move {
                service.take_answer(tx, &me, conv, answer).await?;
                let answered = Answered { key: conv, answer };
                kept.answered(tx, &answered, service.clock.now())?;
                Ok(answered)
            })
        });
        once.settle(&self.store, outcome.await).await
    }

    async fn take_answer(
        &self,
        tx: &mut Tx,
        me: &Me,
        conv: ConversationKey,
        answer: RequestAnswer,
    ) -> Result<(), Failure> {
        let now = self.clock.now();
        let found = find_request(tx, me.user, conv).await?;
        let request = found.ok_or_else(|| no_conversation(conv))?;
        let (sender, platform) = (request.sender.clone(), request.platform.clone());
        let person = Who::Person(&sender, &platform);
        match answer {
            RequestAnswer::Accept => self.admit(tx, me, vec![request]).await?,
            RequestAnswer::Always | RequestAnswer::Platform => {
                let (who, of) = match answer {
                    RequestAnswer::Always => (person, Some(&sender)),
                    _ => (Who::Everybody(&platform), None),
                };
                upsert_contact(tx, me.user, who, Regard::Accepted, now);
                let others = list_requests_of(tx, me.user, &platform, of, AT_ONCE).await?;
                let others = others.into_iter().filter(|other| other.conv != conv);
                let all = [request].into_iter().chain(others).collect();
                self.admit(tx, me, all).await?;
            }
            RequestAnswer::Ignore => delete_request(tx, conv, request.item),
            RequestAnswer::Block => {
                upsert_contact(tx, me.user, person, Regard::Blocked, now);
                delete_requests_of(tx, me.user, &sender);
            }
        }
        self.tell_requests(tx, None, me.user).await
    }

    /// Puts the conversations into the person's list, and into their windows. The first has to be there still.
    async fn admit(&self, tx: &mut Tx, me: &Me, requests: Vec<RequestRow>) -> Result<(), Failure> {
        let wanted = requests.iter().map(|request| Wanted {
            conv: request.conv,
            messages: &[],
            added: Some(me.user),
        });
        let mut held = load_for_write(tx, &wanted.collect::<Vec<_>>()).await?;
        for (place, request) in requests.iter().enumerate() {
            let loaded = held.conversations.get(&request.conv);
            let core = loaded.map(|loaded| &loaded.row.core);
            let Some(core) = core.filter(|core| core.people.contains_key(&request.item)) else {
                // They were removed meanwhile.
                match place {
                    0 => return Err(no_conversation(request.conv).into()),
                    _ => continue,
                }
            };
            admit(tx, request, core.seq, core.at);
            let told = Told::Action {
                conv: core.key,
                seq: core.seq,
            };
            for (_, n) in feed::tell_held(tx, &mut held.heads, &[me.user], told) {
                self.show_admitted(tx, me, core.key, core.seq, n).await?;
            }
        }
        Ok(())
    }

    /// Shows the newest action of a conversation, and with it the row that it has in the list.
    async fn show_admitted(
        &self,
        tx: &mut Tx,
        me: &Me,
        conv: ConversationKey,
        seq: u64,
        n: u64,
    ) -> Result<(), Failure> {
        let mut audience = Audience::default();
        if self.bus.is_heard(me.user) {
            let internal = || Refusal::from(Code::Internal);
            let record = find_record_at(tx, conv, seq).await?;
            let change = self
                .change_of(tx, me, conv, &record.ok_or_else(internal)?)
                .await?;
            let rows = list_rows(tx, me.user, &[conv]).await?;
            let row = rows.into_iter().next().ok_or_else(internal)?;
            let row = row::row(row, &me.address);
            audience.tell(
                me.user,
                Frame::change(n, conv, SharedChange::new(change), row),
            );
        } else {
            audience.miss(me.user);
        }
        after_commit(tx, &self.bus, audience);
        Ok(())
    }

    /// Tells a person how many requests wait. `held` are feed counters, where the write holds them.
    pub(super) async fn tell_requests(
        &self,
        tx: &mut Tx,
        held: Option<&mut Heads>,
        user: UserId,
    ) -> Result<(), Failure> {
        let requests = count_requests(tx, user).await?;
        let requests = u32::try_from(requests).unwrap_or(u32::MAX);
        let numbers = match held {
            None => feed::tell(tx, &[user], Told::Requests).await?,
            Some(held) => feed::tell_held(tx, held, &[user], Told::Requests),
        };
        let mut audience = Audience::default();
        for (user, n) in numbers {
            match self.bus.is_heard(user) {
                true => audience.tell(user, Frame::live(Live::Requests { n, requests })),
                false => audience.miss(user),
            }
        }
        after_commit(tx, &self.bus, audience);
        Ok(())
    }

    /// Says so where the conversation that somebody did not find waits among their requests.
    pub(super) async fn or_request<T>(
        &self,
        me: &Me,
        conv: ConversationKey,
        found: Result<T, Failure>,
    ) -> Result<T, Failure> {
        match found {
            Err(Failure::Refused(refusal)) if refusal.code == Code::NoConv => {
                let mut conn = self.store.reader().await?;
                let waits = find_request(&mut conn, me.user, conv).await?.is_some();
                Err(match waits {
                    true => Refusal::from(Code::Request).with("conversation", conv.to_string()),
                    false => refusal,
                }
                .into())
            }
            found => found,
        }
    }
}
