//! The sheet with the keymap.

use leptos::prelude::*;

use super::icon::Icon;
use super::live::{Erase, Together, live};
use crate::state::anchors;
use crate::state::desk::Desk;
use crate::state::effect::effect;
use crate::state::keymap::{Group, KEYMAP};

const GROUPS: [(Group, &str); 4] = [
    (Group::List, "In the list"),
    (Group::Conversation, "In a conversation"),
    (Group::Writing, "While writing"),
    (Group::Everywhere, "Everywhere"),
];

/// Every shortcut, where `?` asked for it; and the switch for single keys (WCAG 2.1.4).
#[component]
pub fn Help(desk: Desk) -> impl IntoView {
    live(move || desk.help.get().then(|| view! { <Sheet desk/> }))
}

#[component]
fn Sheet(desk: Desk) -> impl IntoView {
    let close = move |_| desk.help.set(false);
    let single = desk.commands.single_keys;
    let switch = move |event| {
        desk.commands
            .switch(event_target_checked(&event), desk.device())
    };
    effect(move |first| {
        if first {
            desk.focus(anchors::HELP);
        }
    });
    let groups = GROUPS.map(|(group, name)| {
        let lines = KEYMAP
            .iter()
            .filter(|line| line.group == group)
            .map(|line| {
                let keys = line
                    .keys
                    .iter()
                    .map(|keys| view! { <kbd>{keys.replace("Mod+", "Ctrl ")}</kbd> })
                    .together();
                view! { <div class="help-line"><dt>{line.says}</dt><dd>{keys}</dd></div> }
            });
        view! { <section><h3>{name}</h3><dl>{lines.together()}</dl></section> }
    });
    view! {
        <div class="veil" on:click=close></div>
        <div class="help" id=anchors::HELP role="dialog" aria-modal="true" aria-label="Keyboard shortcuts" tabindex="-1">
            <header class="panel-head">
                <h2>"Keyboard shortcuts"</h2>
                <button class="tool" type="button" aria-label="Close" on:click=close><Icon name="close"/></button>
            </header>
            <div class="help-groups">{groups.into_iter().together()}</div>
            <label class="help-switch">
                <input type="checkbox" prop:checked=move || single.get() on:change=switch/>
                "Single keys do something"
            </label>
        </div>
    }
    .erase()
}
