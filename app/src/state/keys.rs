//! From presses to commands.

use super::keymap::{Command, KEYMAP};

/// A key that went down, as the browser tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Press {
    /// `KeyboardEvent.key`.
    pub key: String,
    /// `KeyboardEvent.code`, for layouts whose letters are not Latin.
    pub code: String,
    pub shift: bool,
    /// Ctrl or ⌘.
    pub modifier: bool,
    pub alt: bool,
    /// Held down.
    pub repeat: bool,
    /// A word is being composed with an input method.
    pub composing: bool,
    /// A field to type into has the focus.
    pub typing: bool,
    /// A link or button has the focus, which Enter belongs to.
    pub control: bool,
    /// A dialog is open.
    pub dialog: bool,
}

impl Press {
    /// The chord as the table writes it; none where a modifier makes it somebody else's.
    fn chord(&self) -> Option<String> {
        if self.alt {
            return None;
        }
        let key = self.latin();
        let letter = key.chars().count() == 1 && key.chars().all(char::is_alphabetic);
        let named = if letter {
            key.to_ascii_lowercase()
        } else {
            key
        };
        Some(match (self.modifier, self.shift && letter) {
            (true, false) => format!("Mod+{named}"),
            (true, true) => format!("Mod+Shift+{named}"),
            (false, true) => format!("Shift+{named}"),
            (false, false) => named,
        })
    }

    /// The key; on a layout whose letters are not Latin the letter at that place of the keyboard.
    fn latin(&self) -> String {
        let foreign = self.key.chars().count() == 1
            && self.key.chars().all(|c| c.is_alphabetic() && !c.is_ascii());
        match self.code.strip_prefix("Key") {
            Some(letter) if foreign => letter.to_ascii_lowercase(),
            _ => self.key.clone(),
        }
    }
}

/// What is held between two keys of a sequence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    first: Option<String>,
}

/// What a press came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pressed {
    Command(Command),
    /// The first key of a sequence: the next one decides.
    Waiting,
    Nothing,
}

impl Keys {
    /// Takes a press. While somebody types, composes or answers a dialog, keys are theirs: only sending and closing work.
    pub fn press(&mut self, press: &Press) -> Pressed {
        let first = self.first.take();
        let Some(chord) = press.chord().filter(|_| !press.composing) else {
            return Pressed::Nothing;
        };
        let keys = first.map_or(chord.clone(), |first| format!("{first} {chord}"));
        let Some(binding) = KEYMAP
            .iter()
            .find(|binding| binding.keys.contains(&keys.as_str()))
        else {
            let begins = KEYMAP
                .iter()
                .flat_map(|binding| binding.keys)
                .any(|known| known.starts_with(&format!("{keys} ")));
            if begins && !press.typing && !press.dialog && !press.repeat {
                self.first = Some(keys);
                return Pressed::Waiting;
            }
            return Pressed::Nothing;
        };
        if binding.command.allowed(press) {
            Pressed::Command(binding.command)
        } else {
            Pressed::Nothing
        }
    }
}

impl Command {
    fn allowed(self, press: &Press) -> bool {
        match self {
            Command::Send => press.typing && !press.repeat,
            Command::Close => !press.repeat,
            _ if press.typing || press.dialog => false,
            Command::NextConversation | Command::PreviousConversation => true,
            Command::NextMessage | Command::PreviousMessage => true,
            Command::Open => !press.repeat && !(press.control && press.key == "Enter"),
            _ => !press.repeat,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(key: &str) -> Press {
        Press {
            key: key.to_owned(),
            ..Press::default()
        }
    }

    fn command(presses: &[Press]) -> Pressed {
        let mut keys = Keys::default();
        presses
            .iter()
            .map(|press| keys.press(press))
            .last()
            .unwrap()
    }

    #[test]
    fn every_line_of_the_table_is_reached_by_each_of_its_keys() {
        for binding in KEYMAP {
            for chords in binding.keys {
                let presses: Vec<Press> = chords
                    .split(' ')
                    .map(|chord| {
                        let key = chord.rsplit('+').next().unwrap();
                        let shift = chord.starts_with("Shift+");
                        Press {
                            key: if shift {
                                key.to_uppercase()
                            } else {
                                key.to_owned()
                            },
                            shift,
                            modifier: chord.starts_with("Mod+"),
                            typing: binding.command == Command::Send,
                            ..Press::default()
                        }
                    })
                    .collect();
                assert_eq!(
                    command(&presses),
                    Pressed::Command(binding.command),
                    "{chords}"
                );
            }
        }
    }

    #[test]
    fn keys_belong_to_whoever_types() {
        for key in ["j", "c", "?", "Enter", "g"] {
            assert_eq!(
                command(&[Press {
                    typing: true,
                    ..press(key)
                }]),
                Pressed::Nothing,
                "{key}"
            );
            assert_eq!(
                command(&[Press {
                    dialog: true,
                    ..press(key)
                }]),
                Pressed::Nothing,
                "{key}"
            );
            assert_eq!(
                command(&[Press {
                    composing: true,
                    ..press(key)
                }]),
                Pressed::Nothing,
                "{key}"
            );
            assert_eq!(
                command(&[Press {
                    alt: true,
                    ..press(key)
                }]),
                Pressed::Nothing,
                "{key}"
            );
        }
        let send = Press {
            typing: true,
            modifier: true,
            ..press("Enter")
        };
        assert_eq!(
            command(std::slice::from_ref(&send)),
            Pressed::Command(Command::Send)
        );
        assert_eq!(
            command(&[Press {
                composing: true,
                ..send
            }]),
            Pressed::Nothing
        );
        assert_eq!(
            command(&[Press {
                typing: true,
                ..press("Escape")
            }]),
            Pressed::Command(Command::Close)
        );
    }

    #[test]
    fn the_browser_keeps_its_own_shortcuts() {
        for key in ["j", "c", "r", "a", "p"] {
            assert_eq!(
                command(&[Press {
                    modifier: true,
                    ..press(key)
                }]),
                Pressed::Nothing,
                "{key}"
            );
        }
    }

    #[test]
    fn a_held_key_moves_and_does_nothing_else() {
        assert_eq!(
            command(&[Press {
                repeat: true,
                ..press("j")
            }]),
            Pressed::Command(Command::NextConversation)
        );
        assert_eq!(
            command(&[Press {
                repeat: true,
                ..press("c")
            }]),
            Pressed::Nothing
        );
    }

    #[test]
    fn enter_on_a_link_is_the_links() {
        assert_eq!(
            command(&[Press {
                control: true,
                ..press("Enter")
            }]),
            Pressed::Nothing
        );
        assert_eq!(
            command(&[Press {
                control: true,
                ..press("o")
            }]),
            Pressed::Command(Command::Open)
        );
    }

    #[test]
    fn a_sequence_is_broken_by_another_key() {
        assert_eq!(
            command(&[press("g"), press("i")]),
            Pressed::Command(Command::Inbox)
        );
        assert_eq!(
            command(&[press("g"), press("x"), press("i")]),
            Pressed::Nothing
        );
        assert_eq!(command(&[press("g"), press("j")]), Pressed::Nothing);
    }

    #[test]
    fn other_layouts_use_the_place_of_the_key_for_letters_alone() {
        let cyrillic = Press {
            key: "о".to_owned(),
            code: "KeyJ".to_owned(),
            ..Press::default()
        };
        assert_eq!(
            command(&[cyrillic]),
            Pressed::Command(Command::NextConversation)
        );
        let dvorak = Press {
            key: "c".to_owned(),
            code: "KeyI".to_owned(),
            ..Press::default()
        };
        assert_eq!(command(&[dvorak]), Pressed::Command(Command::New));
    }
}
