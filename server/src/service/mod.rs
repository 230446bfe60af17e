//! The use cases. Knows nothing of HTTP.

mod me;

pub use me::{IdempotencyKey, Me};
