//! Sign in: a plain page.

use em2_model::refusal::Refusal;
use leptos::prelude::*;

use crate::components::live::maybe;
use crate::components::problem::Problem;
use crate::paths;

/// `/sign-in`: the address that was tried is kept, the password never.
#[component]
pub fn SignIn(
    /// The platform's name.
    platform: String,
    #[prop(default = String::new())] address: String,
    #[prop(optional_no_strip)] refusal: Option<Refusal>,
    /// The path to go to afterwards.
    #[prop(default = String::new())]
    next: String,
) -> impl IntoView {
    let failed = refusal.is_some();
    view! {
        <main class="plain">
            <form class="card" method="post" action=paths::SIGN_IN>
                <header>
                    <h1>"Sign in to " <bdi>{platform}</bdi></h1>
                    <p class="card-sub">"Conversations instead of e-mail."</p>
                </header>
                {maybe(refusal.map(|refusal| view! { <Problem refusal/> }))}
                <input type="hidden" name="next" value=next/>
                <label class="field">
                    <span>"Address"</span>
                    <input class="input" type="email" name="address" autocomplete="username" required autofocus=!failed value=address/>
                </label>
                <label class="field">
                    <span>"Password"</span>
                    <input
                        class="input"
                        type="password"
                        name="password"
                        autocomplete="current-password"
                        required
                        autofocus=failed
                        aria-invalid=failed.then_some("true")
                    />
                </label>
                <button class="button" data-kind="primary" data-wide="">"Sign in"</button>
            </form>
        </main>
    }
}
