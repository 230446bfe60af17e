//! The rules of a conversation as stories, and bad input with the answer expected. Every commit
//! also goes to a follower and to a shelf that loads only what is touched; all three must agree.

mod canonical;
mod life;
mod limits;
mod order;
mod people;
mod roles;
#[path = "../support/mod.rs"]
mod support;
