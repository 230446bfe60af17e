//! The one integration-test binary of the server.

mod store;
mod support;
mod tidy;
