//! A form that was refused is shown again with what was entered.

use em2_model::refusal::Refusal;
use em2_model::wire::intent::{DraftFields, Fields};
use leptos::prelude::*;

/// What was sent and why it was refused. `render.rs` provides it as a context when it answers a refused form with the
/// page that the form stood on; that page is sent without scripts, so nothing of it is hydrated.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    pub refusal: Refusal,
    pub fields: Fields,
}

impl Refused {
    /// A refused `POST /d/new/` or `POST /d/publish/{key}/`.
    pub fn draft(refusal: Refusal, fields: DraftFields) -> Refused {
        let DraftFields {
            subject,
            to,
            text,
            next,
            ..
        } = fields;
        let model = "draft".to_owned();
        Refused {
            refusal,
            fields: Fields {
                model,
                subject,
                to,
                text,
                next,
                ..Fields::default()
            },
        }
    }

    /// Whether the refused form was one of this model and verb; an empty verb stands for any.
    fn is(&self, model: &str, verb: &str) -> bool {
        self.fields.model == model && (verb.is_empty() || self.fields.verb == verb)
    }
}

/// The refusal that this page answers, where there is one.
pub fn refused() -> Option<Refused> {
    use_context::<Refused>()
}

/// The refusal of a form of this model and verb; an empty verb stands for any.
pub fn refused_by(model: &str, verb: &str) -> Option<Refused> {
    refused().filter(|refused| refused.is(model, verb))
}
