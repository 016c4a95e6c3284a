//! RFC 8785 JSON with our limits: known keys only, integers below 2^53, strings in NFC. The exact
//! bytes are kept; nothing is encoded again to be verified.

mod misfit;
pub(crate) mod part;
mod place;
mod scan;
mod sort;
mod walk;

pub use misfit::Misfit;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::io::{ErrorKind, Write};
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Integers stay below this, so that every reader of JSON keeps them exactly.
const INTEGER_END: u64 = 1 << 53;

/// Why bytes are not a document of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// Not JSON of this shape, or an unknown or missing key.
    #[error("不是所要的文件：{} / not this kind of document: {}", .0.zh(), .0.en())]
    Shape(Misfit),
    /// Not the canonical form of RFC 8785.
    #[error("文件不是规范形式（RFC 8785） / the document is not in canonical form (RFC 8785)")]
    NotCanonical,
    /// A number outside the integers below 2^53.
    #[error("有数字不是 2^53 以下的整数 / a number is no integer below 2^53")]
    Number,
    /// More values than a document of this size has: they would take more memory than it may.
    #[error("值的数量与文件大小不相称 / the document has too many values for its size")]
    TooMany,
    /// A string that is not in Unicode normalization form C.
    #[error("有文字不是 Unicode 规范形式 C / a text is not in Unicode normalization form C")]
    NotNormalized,
}

/// The canonical bytes of a document.
pub fn write<T: Serialize>(value: &T) -> Result<Vec<u8>, JsonError> {
    let mut bytes = serde_json::to_vec(value)?;
    // serde_json escapes as the RFC says (section 3.2.2.2).
    let each_key_once = sort::is_in_order(&bytes) || sort::keys(&mut bytes);
    if !(each_key_once && scan::is_plain(&bytes)) {
        walk::check(&bytes)?;
    }
    Ok(bytes)
}

/// Reads canonical bytes: those that writing what was read gives again. Their form, and how much
/// memory they ask for, is judged in one pass before anything of them is built.
pub fn read<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    if scan::is_plain(bytes)
        && let Ok(read) = serde_json::from_slice(bytes)
        && is_written_as(&read, bytes)
    {
        return Ok(read);
    }
    let read = read_part(bytes)?;
    match is_written_as(&read, bytes) {
        true => Ok(read),
        false => Err(JsonError::Shape(Misfit::unknown_key())),
    }
}

/// Whether the walk would find nothing in a document, but perhaps in the order and form of its
/// parts: these show when it is written again.
pub(crate) fn is_plain(bytes: &[u8]) -> bool {
    scan::is_plain(bytes)
}

/// Reads what is written again as exactly these bytes, of a plain document; nothing of all else.
pub(crate) fn read_as_written<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    serde_json::from_slice(bytes).ok().filter(|read| is_written_as(read, bytes))
}

/// Whether a document is written as these bytes.
fn is_written_as<T: Serialize>(value: &T, bytes: &[u8]) -> bool {
    is_written_in_order(value, bytes) || is_sorted_as(value, bytes)
}

/// The same of a type whose fields stand in the order of their keys: what is written is compared
/// as it comes, and nothing is kept of it.
fn is_written_in_order<T: Serialize>(value: &T, bytes: &[u8]) -> bool {
    let mut left = Expected(bytes);
    let is_same = serde_json::to_writer(&mut left, value).is_ok() && left.0.is_empty();
    is_same && sort::is_in_order(bytes)
}

/// The same of any type. What is written finds as much room as the bytes take: a buffer that grows
/// would take twice that.
fn is_sorted_as<T: Serialize>(value: &T, bytes: &[u8]) -> bool {
    let mut written = vec![0_u8; bytes.len()];
    let mut room = written.as_mut_slice();
    let fills = serde_json::to_writer(&mut room, value).is_ok() && room.is_empty();
    if fills {
        sort::keys(&mut written);
    }
    fills && written == bytes
}

/// Bytes that are to be written: whatever else is written is an error.
struct Expected<'a>(&'a [u8]);

impl Write for Expected<'_> {
    fn write(&mut self, written: &[u8]) -> std::io::Result<usize> {
        self.0 = self.0.strip_prefix(written).ok_or(ErrorKind::InvalidData)?;
        Ok(written.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The same of a part of a bundle, which no signature covers as a whole: a type of it knows its
/// keys, and nothing is written again.
pub fn read_part<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    walk::check(bytes)?;
    serde_json::from_slice(bytes).map_err(|error| JsonError::Shape(Misfit::of(&error, bytes)))
}

/// Reads a part of a document that was read already.
pub fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T, JsonError> {
    Ok(T::deserialize(value)?)
}

/// A text in the normal form that documents hold.
pub fn normal(text: &str) -> String {
    text.nfc().collect()
}

impl From<serde_json::Error> for JsonError {
    /// Of a value, where nobody knows of a place.
    fn from(error: serde_json::Error) -> Self {
        Self::Shape(Misfit::of(&error, &[]))
    }
}

impl JsonError {
    /// A part by its name that does not fit what it belongs to.
    pub(crate) fn part(name: &str) -> Self {
        Self::Shape(Misfit::part(name))
    }
}

fn text_is_normal(text: &str) -> Result<(), JsonError> {
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
        let good = [r#"{"a":1,"b":["x",true,{}],"中":"\n\"\\é"}"#, "[]", "7", r#""a""#];
        for text in good {
            assert!(read::<Value>(text.as_bytes()).is_ok(), "{text}");
            assert!(read_part::<Value>(text.as_bytes()).is_ok(), "{text}");
        }
        let other = [r#"{"a":-1}"#, r#"{"a":1e3}"#, r#"{"a":null}"#, r#"["\u0061"]"#, r#"["\/"]"#]
            .into_iter()
            .chain(["[1] ", "[1]x", "[01]", "[", "", "[\"e\u{301}\"]"]);
        for text in other {
            assert!(read::<Value>(text.as_bytes()).is_err(), "{text}");
            assert!(read_part::<Value>(text.as_bytes()).is_err(), "{text}");
        }
        for wrong in
            [serde_json::json!(-1), serde_json::json!([null]), serde_json::json!("e\u{301}")]
        {
            assert!(write(&wrong).is_err(), "{wrong}");
        }
    }

    /// What is passed over is nothing that the walk would refuse, however many values it has.
    #[test]
    fn the_walk_allows_what_is_plain() {
        let fillers = ["", "x", "xxxxxxxxxxxxxxx", "xxxxxxxxxxxxxxxx", "xxxxxxxxxxxxxxxxx"];
        for filler in fillers.into_iter().chain(["中", "商洛市商州区"]) {
            let mut plain = 0;
            for count in (1..1_500).step_by(31) {
                let value = vec![filler; count];
                let bytes = serde_json::to_vec(&value).unwrap();
                if scan::is_plain(&bytes) {
                    assert_eq!(walk::check(&bytes), Ok(()), "{count} of {filler}");
                    plain = count;
                }
            }
            assert!(plain >= 32, "{plain} of {filler}");
        }
    }

    /// A key that a type does not know is none that another makes up for.
    #[test]
    fn unknown_keys_are_refused_where_a_type_passes_over_them() {
        #[derive(Debug, PartialEq, Serialize, serde::Deserialize)]
        struct Loose {
            b: u8,
            #[serde(default)]
            a: u8,
        }
        assert_eq!(read::<Loose>(br#"{"a":1,"b":2}"#), Ok(Loose { a: 1, b: 2 }));
        for text in [r#"{"a":1,"b":2,"c":3}"#, r#"{"b":2,"c":0}"#, r#"{"b":2}"#] {
            assert!(matches!(read::<Loose>(text.as_bytes()), Err(JsonError::Shape(_))), "{text}");
        }
    }
}
