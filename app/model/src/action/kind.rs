//! The models and their verbs. // spec §9

use std::fmt;

use super::Missing;
use crate::participant::words;
use crate::refusal::Refusal;

words! {
    /// What an action is about.
    Model {
        Conversation = "conversation",
        Subject = "subject",
        Expiry = "expiry",
        Label = "label",
        Participant = "participant",
        Message = "message",
        Attachment = "attachment",
    }
}

macro_rules! kinds {
    ($($name:ident = $model:ident $verb:literal,)*) => {
        /// What is done: a model and one of its verbs.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $($name,)* }

        impl Kind {
            /// Every kind there is.
            pub const ALL: &[Kind] = &[$(Kind::$name,)*];

            /// What it is about.
            pub fn model(self) -> Model {
                match self { $(Kind::$name => Model::$model,)* }
            }

            /// The verb on the wire.
            pub fn verb(self) -> &'static str {
                match self { $(Kind::$name => $verb,)* }
            }
        }
    };
}

kinds! {
    Publish = Conversation "publish",
    Expire = Conversation "expire",
    Transfer = Conversation "transfer",
    SubjectModify = Subject "modify",
    SubjectLock = Subject "lock",
    SubjectRelease = Subject "release",
    ExpiryModify = Expiry "modify",
    LabelAdd = Label "add",
    LabelRemove = Label "remove",
    ParticipantAdd = Participant "add",
    ParticipantModify = Participant "modify",
    ParticipantRemove = Participant "remove",
    MessageAdd = Message "add",
    MessageModify = Message "modify",
    MessageRemove = Message "remove",
    MessageRecover = Message "recover",
    MessageRedact = Message "redact",
    MessageLock = Message "lock",
    MessageRelease = Message "release",
    AttachmentAdd = Attachment "add",
    AttachmentRemove = Attachment "remove",
}

impl Kind {
    /// The kind of a model and a verb, or `EM2_FORMAT`.
    pub fn parse(model: &str, verb: &str) -> Result<Kind, Refusal> {
        let mut kinds = Kind::ALL.iter();
        let known = kinds.find(|kind| kind.model().as_str() == model && kind.verb() == verb);
        known
            .copied()
            .ok_or_else(|| Refusal::format("This is nothing that could be done."))
    }

    /// Whether it makes a new item and so follows nothing: these commute. // spec §10
    pub fn adds(self) -> bool {
        matches!(
            self,
            Kind::Publish
                | Kind::LabelAdd
                | Kind::ParticipantAdd
                | Kind::MessageAdd
                | Kind::AttachmentAdd
        )
    }

    /// Whether its item is the conversation itself.
    pub fn is_of_conversation(self) -> bool {
        matches!(
            self.model(),
            Model::Conversation | Model::Subject | Model::Expiry
        )
    }

    /// Whether its body is what was said, and not what the state folds from. // spec §16
    pub fn is_said(self) -> bool {
        matches!(
            self,
            Kind::MessageAdd | Kind::MessageModify | Kind::AttachmentAdd
        )
    }

    /// Whether a record of this kind may come without its body for this reason. // spec §5
    pub fn may_lack_body(self, missing: Missing) -> bool {
        missing == Missing::Expired || self.is_said()
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.model(), self.verb())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_reads_back() {
        for kind in Kind::ALL {
            assert_eq!(
                Kind::parse(kind.model().as_str(), kind.verb()).unwrap(),
                *kind
            );
        }
        assert!(Kind::parse("message", "publish").is_err());
        assert!(Kind::parse("seen", "add").is_err());
    }
}
