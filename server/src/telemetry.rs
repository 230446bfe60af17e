//! Log lines: a sentence plus fields. Never bodies, addresses of people, tokens or passwords.

use tracing_subscriber::EnvFilter;

use crate::config::Config;

/// Starts writing log lines to standard error; later calls in the same process change nothing.
pub fn start(config: &Config) {
    let filter = EnvFilter::try_new(&config.log).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false);
    let started = if config.log_json {
        lines.json().try_init()
    } else {
        lines.compact().try_init()
    };
    if started.is_err() {
        tracing::debug!("log lines were already being written");
    }
}
