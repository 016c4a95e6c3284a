//! The one walk through a document before anything of it is built: its form, the order of its keys,
//! and how much memory its values may take. Memory and time follow from its bytes, whatever is in
//! them.

use super::{INTEGER_END, JsonError, Misfit, text_is_normal};
use core::fmt;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;

/// What the fields of a document's type may take: for each of its bytes, and beyond.
const TYPED_PER_BYTE: usize = 3;
const TYPED_FREE: usize = 2 << 10;
/// What its values may take while it is read, and where they are kept as they stand: for each of
/// its bytes, and beyond.
const BUILT_PER_BYTE: usize = 2;
const BUILT_FREE: usize = 4 << 20;

/// Keys below which a value is kept as it stands (`serde_json::Value`) or is buffered until its
/// kind is known: a tree with a node for each object, and both at a time.
const KEPT: [&str; 3] = ["before", "body", "value"];
/// More entries than a type of ours has fields: they are kept as they stand too.
const FIELDS_MAX: usize = 32;

/// Bytes of memory that a value takes at most beside its text.
struct Weights {
    scalar: usize,
    text: usize,
    array: usize,
    object: usize,
    /// The first entry of an object, and each further one.
    first: usize,
    entry: usize,
}

/// Values that become fields of a type: what an object holds is nearly all that it takes.
const TYPED: Weights = Weights { scalar: 32, text: 56, array: 32, object: 16, first: 0, entry: 0 };
/// Values that are kept as they stand.
const AS_THEY_STAND: Weights =
    Weights { scalar: 64, text: 96, array: 160, object: 64, first: 704, entry: 128 };

/// Judges canonical form and weight.
pub(super) fn check(bytes: &[u8]) -> Result<(), JsonError> {
    let mut walk = Walk {
        rest: bytes,
        typed_left: TYPED_FREE + bytes.len() * TYPED_PER_BYTE,
        built_left: BUILT_FREE + bytes.len() * BUILT_PER_BYTE,
        why: None,
    };
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let place = Place { walk: &mut walk, before: b"", kept: false };
    let walked = place.deserialize(&mut json).and_then(|()| json.end());
    match (walked, walk.why) {
        (_, Some(why)) => Err(why),
        (Err(error), None) => Err(JsonError::Shape(Misfit::of(&error, bytes))),
        (Ok(()), None) if !walk.rest.is_empty() => Err(JsonError::NotCanonical),
        (Ok(()), None) => Ok(()),
    }
}

/// What is still to come, as canonical form spells it.
struct Walk<'a> {
    rest: &'a [u8],
    typed_left: usize,
    built_left: usize,
    why: Option<JsonError>,
}

impl Walk<'_> {
    /// Takes off what may still be built, as a field of a type and as it stands.
    fn weigh<E: Error>(&mut self, kept: bool, of: fn(&Weights) -> usize) -> Result<(), E> {
        let built = if kept { of(&AS_THEY_STAND) } else { 0 };
        let left = (self.typed_left.checked_sub(of(&TYPED)), self.built_left.checked_sub(built));
        let (Some(typed_left), Some(built_left)) = left else {
            return self.refuse(JsonError::TooMany);
        };
        (self.typed_left, self.built_left) = (typed_left, built_left);
        Ok(())
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

    /// A text that stands in the document with escapes.
    fn escaped<E: Error>(&mut self, text: &str) -> Result<(), E> {
        if let Err(why) = text_is_normal(text) {
            return self.refuse(why);
        }
        let written = serde_json::to_vec(text).map_err(E::custom)?;
        self.take(&written)
    }

    /// A text that stands in the document as it is: JSON takes none there that has to be escaped.
    fn plain<E: Error>(&mut self, text: &str) -> Result<(), E> {
        if let Err(why) = text_is_normal(text) {
            return self.refuse(why);
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
    kept: bool,
}

impl<'de> DeserializeSeed<'de> for Place<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        self.walk.take(self.before)?;
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.walk.weigh(self.kept, |weights| weights.scalar)?;
        self.walk.take(if value { b"true" } else { b"false" })
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.walk.weigh(self.kept, |weights| weights.scalar)?;
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
        self.walk.refuse(JsonError::Shape(Misfit::null()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.walk.weigh(self.kept, |weights| weights.text)?;
        self.walk.escaped(text)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<(), E> {
        self.walk.weigh(self.kept, |weights| weights.text)?;
        self.walk.plain(text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.walk.take(b"[")?;
        self.walk.weigh(self.kept, |weights| weights.array)?;
        let mut before: &'static [u8] = b"";
        let kept = self.kept;
        while items.next_element_seed(Place { walk: self.walk, before, kept })?.is_some() {
            before = b",";
        }
        self.walk.take(b"]")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        self.walk.take(b"{")?;
        self.walk.weigh(self.kept, |weights| weights.object)?;
        let mut last: Option<Cow<'de, str>> = None;
        let mut count = 0;
        while let Some(key) = entries.next_key_seed(Key)? {
            let kept = self.kept || count >= FIELDS_MAX;
            match count {
                0 => self.walk.weigh(kept, |weights| weights.first)?,
                _ => self.walk.weigh(kept, |weights| weights.entry)?,
            }
            count += 1;
            if let Some(last) = &last {
                self.walk.take(b",")?;
                if !is_behind(&key, last) {
                    return self.walk.refuse(JsonError::NotCanonical);
                }
            }
            match &key {
                Cow::Borrowed(key) => self.walk.plain(key)?,
                Cow::Owned(key) => self.walk.escaped(key)?,
            }
            let kept = kept || KEPT.contains(&&*key);
            entries.next_value_seed(Place { walk: self.walk, before: b":", kept })?;
            last = Some(key);
        }
        self.walk.take(b"}")
    }
}

/// Whether a key is sorted behind another: by UTF-16 (RFC 8785 3.2.3), which of ASCII is by bytes.
/// The same key twice is not behind itself.
fn is_behind(key: &str, last: &str) -> bool {
    match key.is_ascii() && last.is_ascii() {
        true => last < key,
        false => last.encode_utf16().lt(key.encode_utf16()),
    }
}

/// A key, borrowed where it stands in the document as it is.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }

    fn visit_borrowed_str<E: Error>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Many small values of each kind, in an array and below keys whose values are kept.
    fn bombs() -> Vec<String> {
        let many = |item: &str| format!("[{}0]", item.repeat((8 << 20) / item.len()));
        let plain = ["0,", "\"\",", "[],", "{},"].map(many);
        let kept = ["0,", "\"\",", "[0],", "{\"\":0},"].map(many);
        let kept = kept
            .into_iter()
            .flat_map(|list| KEPT.map(|key| format!("{{\"{key}\":{{\"x\":{list}}}}}")));
        plain.into_iter().chain(kept).collect()
    }

    #[test]
    fn many_small_values_are_refused_before_they_are_built() {
        let some = format!("[{}0]", "12345678901,".repeat(60_000));
        assert_eq!(check(some.as_bytes()), Ok(()));
        for bomb in bombs() {
            let begins = bomb.get(..24).unwrap_or_default();
            assert_eq!(check(bomb.as_bytes()), Err(JsonError::TooMany), "{begins}");
        }
        let keys: String = (0..100_000).map(|key| format!("\"{key:06}\":0,")).collect();
        let wide = format!("{{{}\"a\":0}}", keys);
        assert_eq!(check(wide.as_bytes()), Err(JsonError::TooMany));
        let deep = "[".repeat(1 << 20);
        assert!(matches!(check(deep.as_bytes()), Err(JsonError::Shape(_))));
    }

    /// A city's people are a document of many small values too.
    #[test]
    fn what_is_written_of_a_large_city_is_read() {
        let person = |number: u32| {
            let role = match number % 50 {
                0 => r#"{"role":"officer","scope":"sz"}"#,
                _ => "",
            };
            format!(r#"{{"person":"{number:016}","roles":[{role}],"unit":"sz-office"}}"#)
        };
        let people: Vec<String> = (0..200_000).map(person).collect();
        let snapshot = format!(r#"{{"people":[{}]}}"#, people.join(","));
        assert_eq!(check(snapshot.as_bytes()), Ok(()));
        let revoked = r#"{"date":"2026-11-24T08:00:00Z","serial":"00112233445566778899"}"#;
        let many = vec![revoked; 4_000].join(",");
        assert_eq!(check(format!(r#"{{"body":[{many}]}}"#).as_bytes()), Ok(()));
    }
}
