//! Parts of bundles: canonical JSON of any size that no signature covers as a whole. Its form is
//! judged in one pass, before anything of it is built, and so is how many values it has: memory and
//! time follow from its bytes, whatever is in them.

use crate::json::{INTEGER_END, JsonError, text_is_normal};
use core::fmt;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor,
};

/// Values that any part may have, and bytes of a larger one that each of its values needs. A value
/// takes up to some forty bytes in memory, and two in JSON.
const VALUES_FREE: usize = 1 << 16;
const BYTES_PER_VALUE: usize = 12;

/// Reads a part in canonical form.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    let left = VALUES_FREE + bytes.len() / BYTES_PER_VALUE;
    let mut walk = Walk { rest: bytes, left, why: None };
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let walked = walk.deserialize_with(&mut json).and_then(|()| json.end());
    match (walked, walk.why) {
        (_, Some(why)) => Err(why),
        (Err(error), None) => Err(JsonError::Shape(error.to_string())),
        (Ok(()), None) if !walk.rest.is_empty() => Err(JsonError::NotCanonical),
        (Ok(()), None) => {
            serde_json::from_slice(bytes).map_err(|error| JsonError::Shape(error.to_string()))
        }
    }
}

/// What is still to come, as canonical form spells it.
struct Walk<'a> {
    rest: &'a [u8],
    left: usize,
    why: Option<JsonError>,
}

impl Walk<'_> {
    fn deserialize_with<'de, D: Deserializer<'de>>(&mut self, json: D) -> Result<(), D::Error> {
        Place { walk: self, before: b"" }.deserialize(json)
    }

    fn take<E: Error>(&mut self, text: &[u8]) -> Result<(), E> {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                Ok(())
            }
            None => self.refuse(JsonError::NotCanonical),
        }
    }

    fn text<E: Error>(&mut self, text: &str) -> Result<(), E> {
        if let Err(why) = text_is_normal(text) {
            return self.refuse(why);
        }
        if text.bytes().any(|byte| byte < 0x20 || matches!(byte, b'"' | b'\\')) {
            let written = serde_json::to_vec(text).map_err(E::custom)?;
            return self.take(&written);
        }
        self.take(b"\"")?;
        self.take(text.as_bytes())?;
        self.take(b"\"")
    }

    fn refuse<T, E: Error>(&mut self, why: JsonError) -> Result<T, E> {
        let error = E::custom(&why);
        self.why.get_or_insert(why);
        Err(error)
    }
}

/// A value with what stands before it.
struct Place<'w, 'a> {
    walk: &'w mut Walk<'a>,
    before: &'static [u8],
}

impl<'de> DeserializeSeed<'de> for Place<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        self.walk.take(self.before)?;
        match self.walk.left.checked_sub(1) {
            Some(left) => self.walk.left = left,
            None => return self.walk.refuse(JsonError::TooMany),
        }
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.walk.take(if value { b"true" } else { b"false" })
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        match value {
            0..INTEGER_END => self.walk.take(value.to_string().as_bytes()),
            _ => self.walk.refuse(JsonError::Number),
        }
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.walk.refuse(JsonError::Number)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.walk.refuse(JsonError::Number)
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.walk.refuse(JsonError::Shape("null stands nowhere".into()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.walk.text(text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.walk.take(b"[")?;
        let mut before: &'static [u8] = b"";
        while items.next_element_seed(Place { walk: self.walk, before })?.is_some() {
            before = b",";
        }
        self.walk.take(b"]")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        self.walk.take(b"{")?;
        let mut last: Option<String> = None;
        while let Some(key) = entries.next_key::<String>()? {
            if let Some(last) = &last {
                self.walk.take(b",")?;
                // Sorted by UTF-16 (RFC 8785 3.2.3); the same key twice is not behind itself.
                if last.encode_utf16().ge(key.encode_utf16()) {
                    return self.walk.refuse(JsonError::NotCanonical);
                }
            }
            self.walk.text(&key)?;
            entries.next_value_seed(Place { walk: self.walk, before: b":" })?;
            last = Some(key);
        }
        self.walk.take(b"}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn it_takes_what_the_other_reader_takes_and_refuses_what_it_refuses() {
        let good = [r#"{"a":1,"b":["x",true,{}],"中":"\n\"\\é"}"#, "[]", "7", r#""a""#];
        for text in good {
            assert_eq!(
                read::<Value>(text.as_bytes()),
                crate::json::read(text.as_bytes()),
                "{text}"
            );
        }
        let other = [
            r#"{"b":1,"a":1}"#,
            r#"{"a": 1}"#,
            r#"{"a":1,"a":1}"#,
            r#"{"a":1.5}"#,
            r#"{"a":-1}"#,
            r#"{"a":1e3}"#,
            r#"{"a":9007199254740992}"#,
            r#"{"a":null}"#,
            r#"["\u0061"]"#,
            r#"["\/"]"#,
            "[1] ",
            "[1]x",
            "[01]",
            "[",
            "",
            "[\"e\u{301}\"]",
        ];
        for text in other {
            assert!(read::<Value>(text.as_bytes()).is_err(), "{text}");
            assert!(crate::json::read::<Value>(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn many_small_values_are_refused_before_they_are_built() {
        let some = format!("[{}0]", "0,".repeat(60_000));
        assert!(read::<Value>(some.as_bytes()).is_ok());
        for item in ["0,", "\"\",", "[],", "{},"] {
            let many = format!("[{}0]", item.repeat(100_000));
            assert_eq!(read::<Value>(many.as_bytes()), Err(JsonError::TooMany), "{item}");
        }
        let deep = "[".repeat(1 << 20);
        assert!(matches!(read::<Value>(deep.as_bytes()), Err(JsonError::Shape(_))));
    }
}
