//! How the types that have a text form of their own look in an OpenAPI document.

use utoipa::openapi::schema::{
    KnownFormat, ObjectBuilder, OneOfBuilder, Schema, SchemaFormat, Type,
};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use crate::address::{Address, Platform};
use crate::id::{ActionKey, CommitKey, ConversationKey, ConversationRef, DraftKey, Time};
use crate::participant::{Format, History, Role};
use crate::refusal::{Code, Refusal};

const KEY: &str = "^[0-9a-f]{64}$";
const UUID: &str = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$";

/// A text of this form.
fn text(pattern: Option<&str>, says: &str) -> RefOr<Schema> {
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(pattern)
        .description(Some(says));
    schema.build().into()
}

/// One of these words.
fn word(words: impl IntoIterator<Item = &'static str>, says: &str) -> RefOr<Schema> {
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(words))
        .description(Some(says));
    schema.build().into()
}

macro_rules! schemas {
    ($($name:ident => $schema:expr;)*) => {
        $(
            impl PartialSchema for $name {
                fn schema() -> RefOr<Schema> {
                    $schema
                }
            }

            impl ToSchema for $name {}
        )*
    };
}

schemas! {
    Address => text(None, "An e-mail address in lower case.");
    Platform => text(None, "The host name of a platform; in development with a port.");
    ConversationKey => text(Some(KEY), "The key of a conversation: 64 lower-case hexadecimal digits.");
    ActionKey => text(Some(KEY), "The key of an action: 64 lower-case hexadecimal digits.");
    CommitKey => text(Some(KEY), "The key of a commit: 64 lower-case hexadecimal digits.");
    DraftKey => text(Some(UUID), "The key of a draft: a UUID in lower case.");
    ConversationRef => Schema::from(OneOfBuilder::new()
        .item(Ref::from_schema_name("ConversationKey"))
        .item(Ref::from_schema_name("DraftKey"))
        .build()).into();
    Time => ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .description(Some("Milliseconds since 1970 UTC."))
        .build()
        .into();
    Role => word(["read", "comment", "write", "edit", "admin", "owner"], "What a participant may do, least first.");
    Format => word(["markdown", "plain", "html"], "How the text of a message is written.");
    History => Schema::from(OneOfBuilder::new()
        .item(word(["all", "now"], "Everything, or nothing, of what was said before."))
        .item(ObjectBuilder::new().property("from", Ref::from_schema_name("ActionKey")).required("from"))
        .build()).into();
    Code => word(Code::ALL.iter().map(|code| code.as_str()), "Why something was refused.");
    Refusal => ObjectBuilder::new()
        .property("status", ObjectBuilder::new().schema_type(Type::Integer))
        .required("status")
        .property("code", Ref::from_schema_name("Code"))
        .required("code")
        .property("detail", text(None, "A sentence for people."))
        .required("detail")
        .description(Some("An RFC 9457 problem; some codes have further members."))
        .build()
        .into();
}
