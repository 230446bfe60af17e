//! The one integration-test binary of the server.

mod domestic;
mod service;
mod store;
mod support;
mod tidy;
