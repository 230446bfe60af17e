//! What platforms say to each other at `/f/`. // spec §7
//!
//! Requests are canonical as a whole (§4): the slices of header, body and commit that arrived are what is hashed.

mod answer;
pub mod document;
mod push;

pub use answer::{Answer, Answers, Auth, Entry, Events, Head, KitchenSink, Shared, Verdict};
pub use document::PlatformDocument;
pub use push::{BatchBytes, Push, Said, SeenMark, batches_to_bytes, push_to_bytes};

/// How many records a request carries at most. // spec §7
pub const RECORDS_MAX: usize = 100;
/// The longest request, in bytes. // spec §7
pub const REQUEST_MAX: usize = 1024 * 1024;
/// How many records a page of `events` has at most. // spec §7
pub const PAGE_MAX: u64 = 500;
/// The media type of requests and answers. // spec §6
pub const MEDIA_TYPE: &str = "application/em2+json";
