//! What the domestic API (`/d/`, spec §17) answers. Every type here is as *this* participant may see it.

mod answer;
mod conversation;
mod list;
mod people;
mod request;

pub use answer::{Accepted, Draft, KitchenSink, Published};
pub use conversation::{
    BEFORE, Conversation, Delivery, Done, Entry, Event, Fork, Lock, Message, Older, Participant,
    Seen, Standing, UNCONFIRMED, Version, Versions, What,
};
pub use list::{Hit, ListPage, ListQuery, ListView, Mark, Piece, Row, SearchPage};
pub use people::{Label, Person, Session};
pub use request::{Answered, Request};
