//! The first account of a platform: a plain page, opened once with the token that the server printed.

use em2_model::refusal::Refusal;
use leptos::prelude::*;

use crate::components::live::maybe;
use crate::components::problem::Problem;
use crate::paths;

/// `/first-account?token=`: address and name are kept when they are refused, passwords never.
#[component]
pub fn FirstAccount(
    platform: String,
    /// The domain of the first address, as a hint.
    domain: String,
    token: String,
    /// The command that does the same.
    command: String,
    #[prop(default = String::new())] address: String,
    #[prop(default = String::new())] name: String,
    #[prop(optional_no_strip)] refusal: Option<Refusal>,
) -> impl IntoView {
    view! {
        <main class="plain">
            <form class="card" method="post" action=paths::FIRST_ACCOUNT>
                <header>
                    <h1>"Welcome to " <bdi>{platform}</bdi></h1>
                    <p class="card-sub">"Nobody has an account here yet. Yours is the first."</p>
                </header>
                {maybe(refusal.map(|refusal| view! { <Problem refusal/> }))}
                <input type="hidden" name="token" value=token/>
                <label class="field">
                    <span>"Name"</span>
                    <input class="input" name="name" autocomplete="name" required maxlength="100" dir="auto" autofocus placeholder="Anna Lind" value=name/>
                </label>
                <label class="field">
                    <span>"Address"</span>
                    <input class="input" type="email" name="address" autocomplete="username" required placeholder=format!("anna@{domain}") value=address/>
                </label>
                <label class="field">
                    <span>"Password"</span>
                    <input class="input" type="password" name="password" autocomplete="new-password" required minlength="10" aria-describedby="password-hint"/>
                    <small id="password-hint">"At least 10 characters."</small>
                </label>
                <button class="button" data-kind="primary" data-wide="">"Create the account"</button>
                <p class="card-hint">"The same from a terminal: "<code>{command}</code></p>
            </form>
        </main>
    }
}
