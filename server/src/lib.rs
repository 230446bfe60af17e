//! The server.

pub mod auth;
pub mod clock;
pub mod config;
pub mod identity;
pub mod propagate;
pub mod service;
pub mod store;
pub mod telemetry;
pub mod text;
