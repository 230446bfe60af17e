//! What happens when something has changed.

use leptos::prelude::*;

/// Runs now and whenever a signal that it read has changed, until the present owner is cleaned up; `run` is told whether
/// this is the first time. Nothing runs on a server. One piece of compiled code does it for all of them.
pub fn effect(run: impl FnMut(bool) + 'static) {
    erased(Box::new(run));
}

fn erased(mut run: Box<dyn FnMut(bool)>) {
    Effect::new(move |before: Option<()>| run(before.is_none()));
}
