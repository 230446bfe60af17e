//! JSON as the browser reads it. The derived code of every type of the wire is compiled for its reader, so the reader
//! asks little of it: one parser makes a tree, members and variants are told by their numbers instead of their names,
//! and an error is nothing but an error. Parsing straight into the types takes three times the code.
//!
//! Members that a type does not know are passed over; types with `flatten` or `alias` are not read here.

use std::fmt;

use serde::de::value::{U32Deserializer, U64Deserializer};
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value, map};

/// Reads one JSON value; none where it is not JSON, or not such a value.
pub fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
    take(parse(text)?)
}

/// Takes a value out of a tree that was read before; none where it is not such a value.
pub fn take<T: DeserializeOwned>(tree: Value) -> Option<T> {
    T::deserialize(Tree(tree)).ok()
}

fn parse(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

/// It was not what was expected. Nobody is told what it was.
#[derive(Debug)]
struct Unreadable;

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unreadable")
    }
}

impl std::error::Error for Unreadable {}

impl de::Error for Unreadable {
    fn custom<T: fmt::Display>(_: T) -> Unreadable {
        Unreadable
    }
}

struct Tree(Value);

impl<'de> IntoDeserializer<'de, Unreadable> for Tree {
    type Deserializer = Tree;

    fn into_deserializer(self) -> Tree {
        self
    }
}

impl<'de> de::Deserializer<'de> for Tree {
    type Error = Unreadable;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Number(_) => self.deserialize_f64(visitor),
            Value::String(text) => visitor.visit_string(text),
            Value::Array(items) => visitor.visit_seq(Items(items.into_iter())),
            Value::Object(members) => visitor.visit_map(Members::of(members)),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_bool(self.0.as_bool().ok_or(Unreadable)?)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_u64(self.0.as_u64().ok_or(Unreadable)?)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_i64(self.0.as_i64().ok_or(Unreadable)?)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        if let Some(value) = self.0.as_u64() {
            visitor.visit_u64(value)
        } else if let Some(value) = self.0.as_i64() {
            visitor.visit_i64(value)
        } else {
            visitor.visit_f64(self.0.as_f64().ok_or(Unreadable)?)
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.0 {
            Value::String(text) => visitor.visit_string(text),
            _ => Err(Unreadable),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.0 {
            Value::Array(items) => visitor.visit_seq(Items(items.into_iter())),
            _ => Err(Unreadable),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_map(Members::of(self.members()?))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        visitor.visit_map(Fields::of(self.members()?, names))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        visitor.visit_enum(Variant::of(self.0, names)?)
    }

    forward_to_deserialize_any! {
        i8 i16 i128 u8 u16 u128 f32 char str bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

impl Tree {
    fn members(self) -> Result<Map<String, Value>, Unreadable> {
        match self.0 {
            Value::Object(members) => Ok(members),
            _ => Err(Unreadable),
        }
    }
}

struct Items(std::vec::IntoIter<Value>);

impl<'de> SeqAccess<'de> for Items {
    type Error = Unreadable;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Unreadable> {
        self.0
            .next()
            .map(|item| seed.deserialize(Tree(item)))
            .transpose()
    }
}

/// What an object holds, by its own names.
struct Members {
    rest: map::IntoIter,
    value: Value,
}

impl Members {
    fn of(members: Map<String, Value>) -> Members {
        Members {
            rest: members.into_iter(),
            value: Value::Null,
        }
    }
}

impl<'de> MapAccess<'de> for Members {
    type Error = Unreadable;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Unreadable> {
        let Some((name, value)) = self.rest.next() else {
            return Ok(None);
        };
        self.value = value;
        seed.deserialize(Tree(Value::String(name))).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<T::Value, Unreadable> {
        seed.deserialize(Tree(self.value.take()))
    }
}

/// What an object holds, by the numbers of a type's fields.
struct Fields {
    members: Map<String, Value>,
    names: &'static [&'static str],
    next: u64,
    value: Value,
}

impl Fields {
    fn of(members: Map<String, Value>, names: &'static [&'static str]) -> Fields {
        Fields {
            members,
            names,
            next: 0,
            value: Value::Null,
        }
    }

    /// Goes on to the next field that is there.
    fn advance(&mut self) -> Option<u64> {
        while let Some(name) = self.names.get(self.next as usize) {
            let number = self.next;
            self.next += 1;
            if let Some(value) = self.members.remove(*name) {
                self.value = value;
                return Some(number);
            }
        }
        None
    }
}

impl<'de> MapAccess<'de> for Fields {
    type Error = Unreadable;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Unreadable> {
        let Some(number) = self.advance() else {
            return Ok(None);
        };
        let number: U64Deserializer<Unreadable> = number.into_deserializer();
        seed.deserialize(number).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<T::Value, Unreadable> {
        seed.deserialize(Tree(self.value.take()))
    }
}

/// One of several variants: its number, and what it holds.
struct Variant {
    number: u32,
    value: Value,
}

impl Variant {
    fn of(value: Value, names: &[&str]) -> Result<Variant, Unreadable> {
        let (name, value) = match value {
            Value::String(name) => (name, Value::Null),
            Value::Object(members) if members.len() == 1 => {
                members.into_iter().next().ok_or(Unreadable)?
            }
            _ => return Err(Unreadable),
        };
        let number = names.iter().position(|known| *known == name);
        let number = number.ok_or(Unreadable)? as u32;
        Ok(Variant { number, value })
    }
}

impl<'de> EnumAccess<'de> for Variant {
    type Error = Unreadable;
    type Variant = Tree;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Tree), Unreadable> {
        let number: U32Deserializer<Unreadable> = self.number.into_deserializer();
        Ok((seed.deserialize(number)?, Tree(self.value)))
    }
}

impl<'de> VariantAccess<'de> for Tree {
    type Error = Unreadable;

    fn unit_variant(self) -> Result<(), Unreadable> {
        self.0.is_null().then_some(()).ok_or(Unreadable)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<T::Value, Unreadable> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Unreadable> {
        de::Deserializer::deserialize_seq(self, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        de::Deserializer::deserialize_struct(self, "", names, visitor)
    }
}

#[cfg(test)]
mod tests {
    use em2_model::refusal::{Code, Refusal};
    use em2_model::wire::domestic::{Accepted, Draft, Published};
    use em2_model::wire::live::Live;
    use serde::Serialize;

    use super::*;

    fn round<T: Serialize + DeserializeOwned + PartialEq + fmt::Debug>(value: T) {
        let text = serde_json::to_string(&value).unwrap();
        assert_eq!(read::<T>(&text), Some(value), "{text}");
    }

    fn draft() -> Draft {
        crate::pages::load::empty("01234567-89ab-4cde-8f01-23456789abcd".parse().unwrap())
    }

    #[test]
    fn what_is_written_reads_back() {
        type Told = Result<Live, Refusal>;
        round::<Told>(Ok(Live::Hello {
            n: u64::MAX,
            build: "a\"{}".to_owned(),
        }));
        round::<Told>(Err(Refusal::from(Code::Locked)
            .with("until", -5)
            .with("at", 0.5)
            .with("by", vec!["a", "b"])));
        round(vec![Live::Resync]);
        round(Accepted::Draft { draft: draft() });
        round(Published::Held {
            until: em2_model::id::Time(-1),
        });
    }

    #[test]
    fn what_may_be_missing_may_be_missing_and_what_is_unknown_is_passed_over() {
        let text = serde_json::to_string(&draft()).unwrap();
        let text = text.replace(r#""saved":null"#, r#""later":{"a":[1]}"#);
        assert_eq!(read(&text), Some(draft()));
        assert_eq!(read::<Draft>(&text.replace("subject", "object")), None);
        assert_eq!(read::<Draft>(&text.replace(":0", ":-1")), None);
    }

    #[test]
    fn what_is_not_expected_is_refused() {
        for text in [
            "",
            "[]",
            "{",
            "null",
            "{}",
            "7",
            r#""later""#,
            "\"resync\"}",
        ] {
            assert_eq!(read::<Live>(text), None, "{text}");
        }
        let two = r#"{"hello":{"n":1,"build":""},"resync":null}"#;
        assert_eq!(read::<Live>(two), None);
    }
}
