//! JSON on its way to the browser. Everything is read by one road: code that reads the same types by two costs every
//! browser twice.

use std::future::Future;

use leptos::prelude::Resource;
use leptos::server::codee::{Decoder, Encoder};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Serialize};
use serde_json::Error;

/// How the data of a page travels in it.
pub struct Json;

impl<T: Serialize> Encoder<T> for Json {
    type Error = Error;
    type Encoded = String;

    fn encode(value: &T) -> Result<String, Error> {
        serde_json::to_string(value)
    }
}

impl<T: DeserializeOwned> Decoder<T> for Json {
    type Error = Error;
    type Encoded = str;

    fn decode(text: &str) -> Result<T, Error> {
        read(text)
    }
}

/// Reads a JSON object.
///
/// What carries its kind in a field is read from a buffer, and so is all that it holds. The object gets such a field
/// here, so that everything is read from that buffer and nothing from the text too.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    #[derive(Deserialize)]
    #[serde(tag = "\u{1}")]
    enum Tagged<T> {
        #[serde(rename = "")]
        It(T),
    }
    let inside = text.trim_start().strip_prefix('{');
    let inside = inside.ok_or_else(|| Error::custom("not an object"))?;
    let comma = if inside.trim_start().starts_with('}') {
        ""
    } else {
        ","
    };
    let Tagged::It(value) = serde_json::from_str(&format!(r#"{{"\u0001":""{comma}{inside}"#))?;
    Ok(value)
}

/// The data of a page: asked for on the server before the page is sent, and carried in it.
pub fn resource<S, T, F>(
    source: impl Fn() -> S + Send + Sync + 'static,
    fetcher: impl Fn(S) -> F + Send + Sync + 'static,
) -> Resource<T, Json>
where
    S: Send + Sync + Clone + PartialEq + 'static,
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
    F: Future<Output = T> + Send + 'static,
{
    Resource::new_with_options(source, fetcher, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use em2_model::refusal::{Code, Refusal};
    use em2_model::wire::live::Live;

    fn round<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: T) {
        assert_eq!(read::<T>(&Json::encode(&value).unwrap()).unwrap(), value);
    }

    #[test]
    fn what_is_written_reads_back() {
        type Told = Result<Live, Refusal>;
        round::<Told>(Ok(Live::Hello {
            n: u64::MAX,
            build: "a\"{}".to_owned(),
        }));
        round::<Told>(Err(Refusal::from(Code::Locked).with("until", -5)));
        round(Live::Resync);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Nothing {}
        assert_eq!(read::<Nothing>(" { } ").unwrap(), Nothing {});
        for text in ["", "[]", "{", "null", "{}}", "{\"a\":1,}"] {
            assert!(read::<Nothing>(text).is_err(), "{text}");
        }
    }
}
