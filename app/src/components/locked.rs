//! Who is editing, and for how long.

use em2_model::address::Address;
use em2_model::id::Time;
use em2_model::wire::domestic::Lock;
use leptos::prelude::*;

use super::icon::Icon;
use super::live::live;
use super::names::{called, first_name};
use crate::state::desk::Desk;
use crate::state::edit::holds;

/// `less than a minute`, `12 min`: what is left of a lock.
pub fn left(now: Time, until: Time) -> String {
    match (until.as_millis() - now.as_millis()).max(0) / 60_000 {
        0 => "less than a minute".to_owned(),
        minutes => format!("{minutes} min"),
    }
}

/// Says it as long as the lock holds, and nothing otherwise.
#[component]
pub fn Locked(#[prop(into)] lock: Signal<Option<Lock>>, me: Address) -> impl IntoView {
    let now = Desk::here().clock.now;
    let said = Memo::new(move |_| {
        lock.with(|lock| {
            let lock = holds(lock.as_ref(), now.get())?;
            let who = first_name(&called(&lock.by, &me)).to_owned();
            let is = if lock.by.address == me { "are" } else { "is" };
            Some((
                who,
                format!(" {is} editing · {} left", left(now.get(), lock.until)),
            ))
        })
    });
    live(move || {
        said.get().map(|(who, says)| {
            view! { <span class="locked"><Icon name="lock"/><span><bdi>{who}</bdi>{says}</span></span> }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_told_in_minutes() {
        assert_eq!(left(Time(0), Time(900_000)), "15 min");
        assert_eq!(left(Time(0), Time(59_999)), "less than a minute");
        assert_eq!(left(Time(9), Time(0)), "less than a minute");
    }
}
