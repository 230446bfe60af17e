//! From keys to whoever answers them: the innermost part of the page that can.

use std::sync::Arc;

use leptos::prelude::*;

use super::keymap::Command;
use super::keys::{Keys, Press, Pressed};
use crate::backend::Device;

/// The setting that switches single keys off (WCAG 2.1.4).
const SETTING: &str = "shortcuts";
const OFF: &str = "off";

type Handler = Arc<dyn Fn(Command) -> bool + Send + Sync>;

#[derive(Clone, Copy)]
pub struct Commands {
    inner: StoredValue<Inner>,
    /// Whether single keys do anything. `Ctrl+Enter` and `Esc` always do.
    pub single_keys: RwSignal<bool>,
}

struct Inner {
    keys: Keys,
    handlers: Vec<(u64, Handler)>,
    next: u64,
}

impl Default for Commands {
    fn default() -> Commands {
        let inner = Inner {
            keys: Keys::default(),
            handlers: Vec::new(),
            next: 0,
        };
        Commands {
            inner: StoredValue::new(inner),
            single_keys: RwSignal::new(true),
        }
    }
}

impl Commands {
    /// Answers commands until the present owner is cleaned up; true says that nobody further out is asked.
    pub fn handle(&self, handler: impl Fn(Command) -> bool + Send + Sync + 'static) {
        let mut id = 0;
        self.inner.update_value(|inner| {
            id = inner.next;
            inner.next += 1;
            inner.handlers.push((id, Arc::new(handler)));
        });
        let inner = self.inner;
        on_cleanup(move || {
            inner.try_update_value(|inner| inner.handlers.retain(|(held, _)| *held != id));
        });
    }

    /// Does a command; false where nobody answers it.
    pub fn run(&self, command: Command) -> bool {
        let handlers = self.inner.with_value(|inner| inner.handlers.clone());
        handlers.iter().rev().any(|(_, handler)| handler(command))
    }

    /// Takes a press; true where the browser shall not act on it.
    pub fn press(&self, press: &Press) -> bool {
        let mut pressed = Pressed::Nothing;
        self.inner
            .update_value(|inner| pressed = inner.keys.press(press));
        match pressed {
            Pressed::Command(command) if self.answers(command) => self.run(command),
            Pressed::Command(_) | Pressed::Waiting | Pressed::Nothing => false,
        }
    }

    fn answers(&self, command: Command) -> bool {
        matches!(command, Command::Send | Command::Close) || self.single_keys.get_untracked()
    }

    /// Switches single keys on or off, on this device.
    pub fn switch(&self, on: bool, device: Option<Arc<dyn Device>>) {
        self.single_keys.set(on);
        if let Some(device) = device {
            device.set_setting(SETTING, if on { "" } else { OFF });
        }
    }

    /// Listens to the keyboard.
    pub fn start(self, device: &dyn Device) {
        self.single_keys
            .set(device.setting(SETTING).as_deref() != Some(OFF));
        device.keys(Arc::new(move |press| self.press(&press)));
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

    #[test]
    fn the_innermost_part_that_can_answers() {
        let owner = Owner::new();
        owner.set();
        let commands = Commands::default();
        let heard = StoredValue::new(Vec::new());
        let listen = move |name: &'static str, what: Command| {
            move |command| {
                heard.update_value(|heard| heard.push((name, command)));
                command == what
            }
        };
        commands.handle(listen("outer", Command::Back));
        let page = owner.child();
        page.with(|| commands.handle(listen("inner", Command::Reply)));
        assert!(commands.press(&press("r")));
        assert!(commands.press(&press("u")));
        assert!(
            !commands.press(&press("c")),
            "nobody starts a conversation here"
        );
        page.cleanup();
        assert!(!commands.press(&press("r")));
        let names: Vec<_> = heard.get_value().iter().map(|(name, _)| *name).collect();
        assert_eq!(
            names,
            ["inner", "inner", "outer", "inner", "outer", "outer"]
        );
    }

    #[test]
    fn single_keys_can_be_switched_off() {
        let owner = Owner::new();
        owner.set();
        let commands = Commands::default();
        commands.handle(|_| true);
        commands.switch(false, None);
        assert!(!commands.press(&press("c")));
        let send = Press {
            modifier: true,
            typing: true,
            ..press("Enter")
        };
        assert!(commands.press(&send) && commands.press(&press("Escape")));
    }
}
