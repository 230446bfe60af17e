//! The subject of a conversation, and changing it.

use em2_model::permit;
use em2_model::wire::domestic::Conversation;
use em2_model::wire::intent::Fields;
use leptos::prelude::*;

use super::form::PostForm;
use super::icon::Icon;
use super::input::TextInput;
use super::message::Locked;
use super::problem::Problem;
use super::row::subject_or;
use super::when::Clock;
use crate::paths;
use crate::refused::refused_by;

/// The heading of a conversation.
#[component]
pub fn SubjectHeading(conversation: Signal<Conversation>, clock: Clock) -> impl IntoView {
    let subject = Memo::new(move |_| conversation.with(|it| subject_or(&it.subject)));
    let lock = Memo::new(move |_| {
        conversation.with(|it| it.subject_lock.clone().map(|lock| (lock, it.me.clone())))
    });
    view! {
        <h1 class="subject">
            <bdi>{move || subject.get()}</bdi>
            {move || lock.get().map(|(lock, me)| view! { <Locked lock me clock/> })}
        </h1>
    }
}

/// The link to changing the subject, where the reader may.
#[component]
pub fn SubjectLink(conversation: Signal<Conversation>) -> impl IntoView {
    let may = Memo::new(move |_| {
        conversation.with(|it| (it.present && permit::change_subject(it.role)).then_some(it.key))
    });
    move || {
        may.get().map(|key| {
            view! {
                <a class="tool" href=paths::subject(key) title="Change the subject" aria-label="Change the subject">
                    <Icon name="edit"/>
                </a>
            }
        })
    }
}

/// The form that changes the subject.
#[component]
pub fn SubjectForm(
    conversation: Signal<Conversation>,
    #[prop(optional_no_strip)] on_save: Option<Callback<String>>,
) -> impl IntoView {
    let (key, head, subject) =
        conversation.with_untracked(|it| (it.key, it.subject_head, it.subject.clone()));
    let refused = refused_by("subject", "modify");
    let entered = refused
        .as_ref()
        .and_then(|refused| refused.fields.subject.clone());
    let text = RwSignal::new(entered.unwrap_or(subject));
    let fields = Fields {
        model: "subject".to_owned(),
        verb: "modify".to_owned(),
        follows: Some(head),
        next: Some(paths::conversation(key)),
        ..Fields::default()
    };
    let save = on_save.map(|on_save| Callback::new(move |()| on_save.run(text.get_untracked())));
    view! {
        <PostForm action=paths::evt(key.into()) fields class="subject-form" on_submit=save>
            <label class="visually-hidden" for="subject">"Subject"</label>
            <TextInput name="subject" id="subject" text limit=255 required=true/>
            <button class="button" data-kind="primary">"Change"</button>
            <a class="button" data-kind="quiet" href=paths::conversation(key)>"Cancel"</a>
            {refused.map(|refused| view! { <Problem refusal=refused.refusal/> })}
        </PostForm>
    }
}
