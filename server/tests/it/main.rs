//! The one integration-test binary of the server.

mod domestic;
mod federation;
mod service;
mod store;
mod support;
mod tidy;
