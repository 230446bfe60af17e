//! What statements are given and what rows answer: the portable types (TEXT, BIGINT, BLOB/BYTEA,
//! BOOLEAN) and how the types of the domain become them.

use em2_model::action::Missing;
use em2_model::conversation::Standing;
use em2_model::id::Incarnation;
use em2_model::{
    ActionKey, Address, Code, CommitKey, ConversationKey, DraftKey, Format, Nonce, Platform, Role,
    Time,
};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::store::dialect::Row;
use crate::store::error::StoreError;

/// The portable types; a NULL needs one too, because PostgreSQL wants to know it beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Kind {
    Int,
    Bool,
    Text,
    Bytes,
}

/// One value on its way into a statement.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::store) enum Value {
    Null(Kind),
    Int(i64),
    Bool(bool),
    Text(String),
    Bytes(Vec<u8>),
    /// Many integers in one parameter, for `EACH($n)`.
    Ints(Vec<i64>),
    /// Many texts in one parameter, for `EACH_TEXT($n)`.
    Texts(Vec<String>),
    /// Many keys in one parameter, for `EACH_KEY($n)`.
    Keys(Vec<Vec<u8>>),
}

/// A type that can be written into a column.
pub(in crate::store) trait Bind {
    const KIND: Kind;
    fn value(&self) -> Value;
}

/// A type that can be read from a column.
pub(in crate::store) trait Column: Sized {
    /// `None` where the column is NULL.
    fn read(row: &Row, index: usize) -> Result<Option<Self>, StoreError>;
}

/// The values of a statement in the order of its `$1`, `$2`, ….
macro_rules! args {
    ($($value:expr),* $(,)?) => {
        vec![$($crate::store::value::Bind::value(&$value)),*]
    };
}
pub(in crate::store) use args;

impl Row {
    /// The column at `index`, which is not NULL.
    pub(in crate::store) fn get<T: Column>(&self, index: usize) -> Result<T, StoreError> {
        T::read(self, index)?
            .ok_or_else(|| StoreError::Corrupt(format!("column {index} is unexpectedly NULL")))
    }

    /// The column at `index`, `None` where it is NULL.
    pub(in crate::store) fn get_option<T: Column>(
        &self,
        index: usize,
    ) -> Result<Option<T>, StoreError> {
        T::read(self, index)
    }
}

impl<T: Bind + ?Sized> Bind for &T {
    const KIND: Kind = T::KIND;
    fn value(&self) -> Value {
        (**self).value()
    }
}

impl<T: Bind> Bind for Option<T> {
    const KIND: Kind = T::KIND;
    fn value(&self) -> Value {
        self.as_ref().map_or(Value::Null(T::KIND), Bind::value)
    }
}

/// Plain types: how each is bound, and which raw reader answers it.
macro_rules! plain {
    ($($type:ty, $owned:ty, $kind:ident, $raw:ident, |$v:ident| $bind:expr);* $(;)?) => {$(
        impl Bind for $type {
            const KIND: Kind = Kind::$kind;
            fn value(&self) -> Value {
                let $v = self;
                Value::$kind($bind)
            }
        }
        impl Column for $owned {
            fn read(row: &Row, index: usize) -> Result<Option<Self>, StoreError> {
                row.$raw(index)
            }
        }
    )*};
}

plain! {
    i64, i64, Int, int, |v| *v;
    bool, bool, Bool, bool, |v| *v;
    str, String, Text, text, |v| v.to_owned();
    [u8], Vec<u8>, Bytes, bytes, |v| v.to_vec();
}

impl Bind for String {
    const KIND: Kind = Kind::Text;
    fn value(&self) -> Value {
        Value::Text(self.clone())
    }
}

impl Bind for Vec<u8> {
    const KIND: Kind = Kind::Bytes;
    fn value(&self) -> Value {
        Value::Bytes(self.clone())
    }
}

impl Bind for Vec<i64> {
    const KIND: Kind = Kind::Int;
    fn value(&self) -> Value {
        Value::Ints(self.clone())
    }
}

/// Keys and nonces: bytes of a fixed length.
macro_rules! fixed_bytes {
    ($($type:ty),* $(,)?) => {$(
        impl Bind for $type {
            const KIND: Kind = Kind::Bytes;
            fn value(&self) -> Value {
                Value::Bytes(self.as_bytes().to_vec())
            }
        }
        impl Column for $type {
            fn read(row: &Row, index: usize) -> Result<Option<Self>, StoreError> {
                let Some(bytes) = row.bytes(index)? else { return Ok(None) };
                let length = bytes.len();
                let bytes = bytes.try_into().map_err(|_| {
                    StoreError::Corrupt(format!("{length} bytes for a {}", stringify!($type)))
                })?;
                Ok(Some(Self::from_bytes(bytes)))
            }
        }
    )*};
}

fixed_bytes!(
    ActionKey,
    CommitKey,
    ConversationKey,
    DraftKey,
    Incarnation,
    Nonce
);

/// Types with one text form, parsed again when read.
macro_rules! as_text {
    ($($type:ty: |$v:ident| $text:expr, |$t:ident| $parse:expr);* $(;)?) => {$(
        impl Bind for $type {
            const KIND: Kind = Kind::Text;
            fn value(&self) -> Value {
                let $v = self;
                Value::Text($text.to_owned())
            }
        }
        impl Column for $type {
            fn read(row: &Row, index: usize) -> Result<Option<Self>, StoreError> {
                let Some(text) = row.text(index)? else { return Ok(None) };
                let $t = text.as_str();
                $parse.map(Some).map_err(|_| {
                    StoreError::Corrupt(format!("{text:?} for a {}", stringify!($type)))
                })
            }
        }
    )*};
}

as_text! {
    Address: |v| v.as_str(), |t| Address::parse(t);
    Platform: |v| v.as_str(), |t| Platform::parse(t);
    Role: |v| v.as_str(), |t| t.parse::<Role>();
    Format: |v| v.as_str(), |t| t.parse::<Format>();
    Code: |v| v.as_str(), |t| t.parse::<Code>();
    Missing: |v| v.as_str(), |t| t.parse::<Missing>();
    Standing: |v| v.as_str(), |t| t.parse::<Standing>();
}

impl Bind for Time {
    const KIND: Kind = Kind::Int;
    fn value(&self) -> Value {
        Value::Int(self.as_millis())
    }
}

impl Column for Time {
    fn read(row: &Row, index: usize) -> Result<Option<Self>, StoreError> {
        Ok(row.int(index)?.map(Time))
    }
}

impl Bind for [u8; 32] {
    const KIND: Kind = Kind::Bytes;
    fn value(&self) -> Value {
        Value::Bytes(self.to_vec())
    }
}

impl Column for [u8; 32] {
    fn read(row: &Row, index: usize) -> Result<Option<Self>, StoreError> {
        let Some(bytes) = row.bytes(index)? else {
            return Ok(None);
        };
        let bytes = bytes.try_into();
        bytes
            .map(Some)
            .map_err(|_| StoreError::Corrupt("a hash is 32 bytes".to_owned()))
    }
}

/// Many texts in one parameter.
macro_rules! texts {
    ($($type:ty),* $(,)?) => {$(
        impl Bind for [$type] {
            const KIND: Kind = Kind::Text;
            fn value(&self) -> Value {
                Value::Texts(self.iter().map(|text| text.as_str().to_owned()).collect())
            }
        }
    )*};
}

texts!(Address, Platform);

/// Many keys in one parameter.
macro_rules! keys {
    ($($type:ty),* $(,)?) => {$(
        impl Bind for [$type] {
            const KIND: Kind = Kind::Bytes;
            fn value(&self) -> Value {
                Value::Keys(self.iter().map(|key| key.as_bytes().to_vec()).collect())
            }
        }
    )*};
}

keys!(ActionKey, ConversationKey, Nonce);

/// Numbers that count from 0 and stay below 2⁵³.
macro_rules! counts {
    ($($type:ty),* $(,)?) => {$(
        impl Bind for $type {
            const KIND: Kind = Kind::Int;
            fn value(&self) -> Value {
                Value::Int(i64::try_from(*self).unwrap_or(i64::MAX))
            }
        }
        impl Column for $type {
            fn read(row: &Row, index: usize) -> Result<Option<Self>, StoreError> {
                let Some(number) = row.int(index)? else { return Ok(None) };
                let count = Self::try_from(number);
                count.map(Some).map_err(|_| StoreError::Corrupt(format!("{number} for a count")))
            }
        }
    )*};
}

counts!(u64, u32);

/// A value in a TEXT column as JSON. What we store has string keys and no floats, so that writing
/// it cannot fail.
pub(in crate::store) fn json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// What `json` wrote.
pub(in crate::store) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Corrupt(error.to_string()))
}
