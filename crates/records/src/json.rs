//! RFC 8785 JSON with our limits: known keys only, integers below 2^53, strings in NFC. The exact
//! bytes are kept; nothing is encoded again to be verified.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Integers stay below this, so that every reader of JSON keeps them exactly.
pub(crate) const INTEGER_END: u64 = 1 << 53;

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
    /// More values than a document of this size has.
    #[error("the document has too many values for its size")]
    TooMany,
    /// A string that is not in Unicode normalization form C.
    #[error("a text is not in Unicode normalization form C")]
    NotNormalized,
}

/// The canonical bytes of a document.
pub fn write<T: Serialize>(value: &T) -> Result<Vec<u8>, JsonError> {
    let value = serde_json::to_value(value).map_err(shape)?;
    check(&value)?;
    canonical(value)
}

/// Reads canonical bytes: those that writing what was read gives again.
pub fn read<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    if let Ok(read) = serde_json::from_slice(bytes)
        && write(&read)? == bytes
    {
        return Ok(read);
    }
    Err(why_not::<T>(bytes))
}

/// Looks again at bytes that are no document of ours, to say why.
fn why_not<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> JsonError {
    let value: Value = match serde_json::from_slice(bytes) {
        Ok(value) => value,
        Err(error) => return shape(error),
    };
    if let Err(error) = check(&value) {
        return error;
    }
    match canonical(value.clone()) {
        Ok(written) if written == bytes => {}
        Ok(_) => return JsonError::NotCanonical,
        Err(error) => return error,
    }
    match from_value::<T>(value) {
        Ok(_) => JsonError::Shape("a key is unknown".into()),
        Err(error) => error,
    }
}

/// RFC 8785 of a checked value. Where every key is ASCII, sorting by bytes is sorting by UTF-16,
/// and serde_json escapes as the RFC says (section 3.2.2.2): the short way, for what is written per
/// request.
fn canonical(mut value: Value) -> Result<Vec<u8>, JsonError> {
    if !keys_are_ascii(&value) {
        return serde_json_canonicalizer::to_vec(&value).map_err(shape);
    }
    value.sort_all_objects();
    serde_json::to_vec(&value).map_err(shape)
}

fn keys_are_ascii(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().all(keys_are_ascii),
        Value::Object(map) => {
            map.iter().all(|(key, value)| key.is_ascii() && keys_are_ascii(value))
        }
        _ => true,
    }
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

pub(crate) fn text_is_normal(text: &str) -> Result<(), JsonError> {
    if text.is_ascii() || is_nfc(text) { Ok(()) } else { Err(JsonError::NotNormalized) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_way_writes_what_the_canonicalizer_writes() {
        let texts: String =
            (0..0x3000).filter_map(char::from_u32).chain("\u{1F600}".chars()).collect();
        let texts = normal(&texts);
        let value = serde_json::json!({
            "b": {"z": [1, true, {"y": texts, "x": "中\u{2028}\u{7f}"}], "B": 0, "a_": "", "a": "/"},
            "a\u{1}\"\\\n": 9_007_199_254_740_991_u64,
            "": [],
        });
        assert_eq!(write(&value).unwrap(), serde_json_canonicalizer::to_vec(&value).unwrap());
        // UTF-16 sorts a surrogate pair before U+FF21; bytes do not.
        let value = serde_json::json!({"\u{FF21}": 1, "\u{1F600}": 2, "\u{20AC}": 3});
        let written = String::from_utf8(write(&value).unwrap()).unwrap();
        assert_eq!(written, "{\"\u{20AC}\":3,\"\u{1F600}\":2,\"\u{FF21}\":1}");
    }

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
