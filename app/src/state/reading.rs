//! What is read anew when the address changes.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::effect::effect;
use crate::backend::Answer;
use em2_model::refusal::Refusal;

/// What was read for a place; none while it is on its way. A view of it is drawn again as a whole, and all at once:
/// what belongs to the former view is in use until the next one stands.
pub type Reading<T> = RwSignal<Option<Result<T, Refusal>>>;

/// Begins with what came with the page, and asks again for every other place. The answer for a place that was left
/// is not shown.
pub fn reading<P, T>(
    place: Memo<P>,
    first: Result<T, Refusal>,
    ask: impl Fn(P) -> Answer<T> + 'static,
) -> Reading<T>
where
    P: Clone + PartialEq + Send + Sync + 'static,
    T: Send + Sync + 'static,
{
    let now = RwSignal::new(Some(first));
    effect(move |first| {
        let here = place.get();
        if first {
            return;
        }
        now.set(None);
        let asked = ask(here.clone());
        spawn_local(async move {
            let answer = asked.await;
            if place.try_get_untracked() == Some(here) {
                now.try_set(Some(answer));
            }
        });
    });
    now
}
