//! RFC 8785 JSON with our limits: known keys only, integers below 2^53, strings in NFC. The exact
//! bytes are kept; nothing is encoded again to be verified.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Integers stay below this, so that every reader of JSON keeps them exactly.
const INTEGER_END: u64 = 1 << 53;

/// Why bytes are not a document of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// Not JSON of this shape, or an unknown or missing key.
    #[error("not this kind of document: {0}")]
    Shape(String),
    /// Not the canonical form of RFC 8785.
    #[error("the document is not in canonical form")]
    NotCanonical,
    /// A number outside the integers below 2^53.
    #[error("a number is no integer below 2^53")]
    Number,
    /// A string that is not in Unicode normalization form C.
    #[error("a text is not in Unicode normalization form C")]
    NotNormalized,
}

/// The canonical bytes of a document.
pub fn write<T: Serialize>(value: &T) -> Result<Vec<u8>, JsonError> {
    let value = serde_json::to_value(value).map_err(shape)?;
    check(&value)?;
    serde_json_canonicalizer::to_vec(&value).map_err(shape)
}

/// Reads canonical bytes.
pub fn read<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    let value: Value = serde_json::from_slice(bytes).map_err(shape)?;
    check(&value)?;
    if serde_json_canonicalizer::to_vec(&value).map_err(shape)? != bytes {
        return Err(JsonError::NotCanonical);
    }
    let read = from_value(value)?;
    if write(&read)? != bytes {
        return Err(JsonError::Shape("a key is unknown".into()));
    }
    Ok(read)
}

/// Reads a part of a document that was read already.
pub fn from_value<T: Serialize + DeserializeOwned>(value: Value) -> Result<T, JsonError> {
    serde_json::from_value(value).map_err(shape)
}

/// A text in the normal form that documents hold.
pub fn normal(text: &str) -> String {
    text.nfc().collect()
}

fn shape(error: impl core::fmt::Display) -> JsonError {
    JsonError::Shape(error.to_string())
}

fn check(value: &Value) -> Result<(), JsonError> {
    match value {
        Value::Null => Err(JsonError::Shape("null stands nowhere".into())),
        Value::Bool(_) => Ok(()),
        Value::Number(number) => match number.as_u64() {
            Some(integer) if integer < INTEGER_END => Ok(()),
            _ => Err(JsonError::Number),
        },
        Value::String(text) => text_is_normal(text),
        Value::Array(items) => items.iter().try_for_each(check),
        Value::Object(map) => map.iter().try_for_each(|(key, value)| {
            text_is_normal(key)?;
            check(value)
        }),
    }
}

fn text_is_normal(text: &str) -> Result<(), JsonError> {
    if is_nfc(text) { Ok(()) } else { Err(JsonError::NotNormalized) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_form_is_read() {
        assert!(read::<Value>(br#"{"a":1,"b":"x"}"#).is_ok());
        assert_eq!(read::<Value>(br#"{"b":"x","a":1}"#), Err(JsonError::NotCanonical));
        assert_eq!(read::<Value>(br#"{"a": 1}"#), Err(JsonError::NotCanonical));
        assert_eq!(read::<Value>(br#"{"a":1,"a":1}"#), Err(JsonError::NotCanonical));
        assert_eq!(read::<Value>(br#"{"a":1.5}"#), Err(JsonError::Number));
        assert_eq!(read::<Value>(br#"{"a":9007199254740992}"#), Err(JsonError::Number));
        assert_eq!(read::<Value>("{\"a\":\"e\u{301}\"}".as_bytes()), Err(JsonError::NotNormalized));
    }
}
