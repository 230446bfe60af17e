//! Asking for a secret: never by an argument, which everybody on the machine could read.

use std::io::{BufRead as _, IsTerminal as _};

use server::error::Error;
use zeroize::Zeroizing;

/// A secret from the environment, from a terminal that does not show it, or one line of standard input. Sentences call
/// it `what`.
pub(crate) fn ask(variable: &str, prompt: &str, what: &str) -> Result<Zeroizing<String>, Error> {
    if let Ok(given) = std::env::var(variable) {
        return Ok(Zeroizing::new(given));
    }
    let stdin = std::io::stdin();
    let unread = |error: std::io::Error| Error::new(format!("The {what} cannot be read: {error}."));
    if stdin.is_terminal() {
        return rpassword::prompt_password(prompt)
            .map(Zeroizing::new)
            .map_err(unread);
    }
    let mut line = Zeroizing::new(String::new());
    match stdin.lock().read_line(&mut line).map_err(unread)? {
        0 => Err(Error::new(format!(
            "No {what} came. Type one, pipe one in, or set {variable}."
        ))),
        _ => {
            let length = line.trim_end_matches(['\r', '\n']).len();
            line.truncate(length);
            Ok(line)
        }
    }
}
