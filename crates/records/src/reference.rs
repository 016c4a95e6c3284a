//! References in messages of a peer: ids of orders, letters and people, as 16 Crockford characters
//! in their one spelling. They are parsed where the message is, so that no other text of a portal
//! is ever shown as one, or stands in a command that people copy.

use crate::letter::read_reference;
use serde::{Deserialize, Deserializer, de};

/// Reads a reference; it is for `deserialize_with`.
pub fn given<'de, D: Deserializer<'de>>(source: D) -> Result<String, D::Error> {
    let text = String::deserialize(source)?;
    match read_reference(&text).as_ref() == Some(&text) {
        true => Ok(text),
        false => Err(de::Error::custom("this is no reference")),
    }
}

/// A reference, or nothing; for `deserialize_with`.
pub fn given_or_none<'de, D: Deserializer<'de>>(source: D) -> Result<String, D::Error> {
    let text = String::deserialize(source)?;
    match text.is_empty() || read_reference(&text).as_ref() == Some(&text) {
        true => Ok(text),
        false => Err(de::Error::custom("this is no reference")),
    }
}
