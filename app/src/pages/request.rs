//! A request: a plain page.

use em2_model::wire::domestic::Request;
use leptos::prelude::*;

use crate::components::names::count;
use crate::components::row::subject_or;
use crate::components::when::{Clock, iso};
use crate::paths;

/// How many of those who take part are named.
const NAMED: usize = 10;

/// `/requests/{key}`: addresses alone, nothing that anybody chose to be called or wrote.
#[component]
pub fn RequestPage(
    request: Request,
    clock: Clock,
    /// A fresh idempotency key.
    fresh_key: String,
) -> impl IntoView {
    let Request {
        key,
        sender,
        platform,
        subject,
        at,
        people,
    } = request;
    let (sender, platform) = (sender.to_string(), platform.to_string());
    let more = people.len().saturating_sub(NAMED);
    let others = people
        .iter()
        .take(NAMED)
        .map(|address| view! { <li><bdi>{address.to_string()}</bdi></li> })
        .collect_view();
    view! {
        <main class="plain">
            <form class="card request" method="post" action=paths::answer_request(key)>
                <header>
                    <h1><bdi>{sender.clone()}</bdi>" wants to talk with you"</h1>
                    <p class="card-sub">
                        "You do not know this address yet. What was written is shown once you accept. Nobody is told what you choose."
                    </p>
                </header>
                <dl class="request-facts">
                    <div><dt>"Subject"</dt><dd><bdi>{subject_or(&subject)}</bdi></dd></div>
                    <div><dt>"Platform"</dt><dd><bdi>{platform.clone()}</bdi></dd></div>
                    <div><dt>"Added you"</dt><dd><time datetime=iso(at)>{clock.long(at)}</time></dd></div>
                    {(!people.is_empty()).then(|| view! {
                        <div>
                            <dt>"Also there"</dt>
                            <dd><ul>{others}{(more > 0).then(|| view! { <li>{count(more, "other", "others")}</li> })}</ul></dd>
                        </div>
                    })}
                </dl>
                <input type="hidden" name="idempotency_key" value=fresh_key/>
                <div class="request-answers">
                    <button class="button" data-kind="primary" name="answer" value="accept">"Accept"</button>
                    <button class="button" name="answer" value="always">"Always accept "<bdi>{sender.clone()}</bdi></button>
                    <button class="button" name="answer" value="platform">"Accept everybody on "<bdi>{platform}</bdi></button>
                    <button class="button" name="answer" value="ignore">"Ignore"</button>
                    <button class="button" name="answer" value="block">"Block "<bdi>{sender}</bdi></button>
                </div>
                <a href=paths::REQUESTS>"Back to the requests"</a>
            </form>
        </main>
    }
}
