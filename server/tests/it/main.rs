//! The one integration-test binary of the server.

mod domestic;
mod store;
mod support;
mod tidy;
