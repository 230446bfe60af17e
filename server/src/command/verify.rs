//! `server verify FILE`: whether a conversation as a file is what was signed. It needs neither database nor network.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use em2_model::action::Missing;
use server::archive::{Checked, verify};
use server::error::Error;

/// Prints what the file holds, or fails with the first thing that is wrong.
pub(crate) fn check(path: &Path) -> Result<(), Error> {
    let unread = |error| Error::new(format!("{} cannot be read: {error}.", path.display()));
    let file = File::open(path).map_err(unread)?;
    match verify(BufReader::new(file)).map_err(unread)? {
        Ok(checked) => {
            print!("{}", told(&checked));
            Ok(())
        }
        Err(wrong) => Err(Error::new(wrong.to_string())),
    }
}

fn told(checked: &Checked) -> String {
    let mut said = format!("Conversation {}\nHead {}\n", checked.conv, checked.head);
    said.push_str(&match checked.participants {
        Some(people) => format!("{} actions, {people} participants\n", checked.actions),
        None => format!("{} actions; it has expired\n", checked.actions),
    });
    for (platform, inc) in &checked.platforms {
        said.push_str(&format!(
            "Signed by {platform}, whose key log begins with {inc}\n"
        ));
    }
    for (missing, count) in &checked.missing {
        let why = match missing {
            Missing::History => "are from before the history of who wrote the file",
            Missing::Redacted => "were redacted",
            Missing::Expired => "were deleted when it expired",
        };
        said.push_str(&format!("Not in the file: {count} bodies, which {why}\n"));
    }
    said.push_str("Everything checks.\n");
    said
}
