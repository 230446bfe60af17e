//! The keymap: one table, from which presses become commands and the help sheet its lines.

/// Something that a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    NextConversation,
    PreviousConversation,
    Open,
    Back,
    NextMessage,
    PreviousMessage,
    New,
    Reply,
    AddPeople,
    Edit,
    Versions,
    Send,
    Search,
    Inbox,
    Drafts,
    Sent,
    Requests,
    Help,
    Close,
}

/// Where a line of the help sheet stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    List,
    Conversation,
    Writing,
    Everywhere,
}

/// One line of the keymap.
pub struct Binding {
    /// Each of these does it: keys one after the other, separated by a space; `Mod+` is Ctrl, or ⌘ on a Mac.
    pub keys: &'static [&'static str],
    pub command: Command,
    /// What the help sheet says.
    pub says: &'static str,
    pub group: Group,
}

const fn bind(
    keys: &'static [&'static str],
    command: Command,
    says: &'static str,
    group: Group,
) -> Binding {
    Binding {
        keys,
        command,
        says,
        group,
    }
}

/// Every shortcut there is.
pub const KEYMAP: &[Binding] = &[
    bind(
        &["j", "ArrowDown"],
        Command::NextConversation,
        "Next conversation",
        Group::List,
    ),
    bind(
        &["k", "ArrowUp"],
        Command::PreviousConversation,
        "Previous conversation",
        Group::List,
    ),
    bind(
        &["Enter", "o"],
        Command::Open,
        "Open the conversation",
        Group::List,
    ),
    bind(
        &["u"],
        Command::Back,
        "Back to the list",
        Group::Conversation,
    ),
    bind(
        &["n"],
        Command::NextMessage,
        "Next message",
        Group::Conversation,
    ),
    bind(
        &["p"],
        Command::PreviousMessage,
        "Previous message",
        Group::Conversation,
    ),
    bind(&["r"], Command::Reply, "Answer", Group::Conversation),
    bind(
        &["a"],
        Command::AddPeople,
        "Add people",
        Group::Conversation,
    ),
    bind(
        &["Shift+e"],
        Command::Edit,
        "Edit the message",
        Group::Conversation,
    ),
    bind(
        &["Shift+h"],
        Command::Versions,
        "All versions of the message",
        Group::Conversation,
    ),
    bind(&["c"], Command::New, "New conversation", Group::Writing),
    bind(&["Mod+Enter"], Command::Send, "Send", Group::Writing),
    bind(&["/"], Command::Search, "Search", Group::Everywhere),
    bind(&["g i"], Command::Inbox, "Inbox", Group::Everywhere),
    bind(&["g d"], Command::Drafts, "Drafts", Group::Everywhere),
    bind(&["g t"], Command::Sent, "Sent", Group::Everywhere),
    bind(&["g r"], Command::Requests, "Requests", Group::Everywhere),
    bind(&["?"], Command::Help, "This sheet", Group::Everywhere),
    bind(
        &["Escape"],
        Command::Close,
        "Close; what was written stays",
        Group::Everywhere,
    ),
];

/// The keys of a command as `aria-keyshortcuts` names them.
pub fn aria(command: Command) -> String {
    let of = KEYMAP
        .iter()
        .filter(|binding| binding.command == command)
        .flat_map(|binding| binding.keys);
    of.map(|keys| keys.replace("Mod+", "Control+"))
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_lines_share_a_key() {
        let mut all: Vec<_> = KEYMAP.iter().flat_map(|binding| binding.keys).collect();
        all.sort();
        let many = all.len();
        all.dedup();
        assert_eq!(all.len(), many);
    }

    #[test]
    fn shortcuts_are_told_to_screen_readers() {
        assert_eq!(aria(Command::Send), "Control+Enter");
        assert_eq!(aria(Command::Open), "Enter o");
    }
}
