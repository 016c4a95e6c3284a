//! A document with hostile text in one of its places: each text, key and number of it, one after
//! the other, also of documents that stand in it as base64url.

use crate::hostile_texts::HOSTILE;
use records::Bytes;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// As many items of a list are changed: the others are like them.
const ITEMS: usize = 1;

/// The document once for each place, with the name of the place; places of one name once.
pub(crate) fn variants(document: &Value) -> Vec<(String, Value)> {
    let mut seen = BTreeSet::new();
    let mut all = changed(document);
    all.retain(|(name, _)| seen.insert(name.clone()));
    all
}

fn changed(value: &Value) -> Vec<(String, Value)> {
    match value {
        Value::Object(fields) => fields.keys().flat_map(|key| of_field(fields, key)).collect(),
        Value::Array(items) => {
            let places = 0..items.len().min(ITEMS);
            let of_item = |place: usize| {
                let with = move |inner| {
                    let mut items = items.clone();
                    items[place] = inner;
                    Value::Array(items)
                };
                let inner = changed(&items[place]).into_iter();
                inner.map(move |(name, inner)| (name, with(inner))).collect::<Vec<_>>()
            };
            places.flat_map(of_item).collect()
        }
        Value::String(text) => {
            let mut all = vec![(String::new(), HOSTILE.into())];
            let inside = Bytes::read(text).and_then(|read| serde_json::from_slice(&read.0).ok());
            if let Some(inside @ Value::Object(_)) = inside {
                let written = |value| Bytes(records::json::write(&value).unwrap()).to_string();
                let inner = changed(&inside).into_iter();
                all.extend(inner.map(|(name, value)| (format!("|{name}"), written(value).into())));
            }
            all
        }
        Value::Number(_) => {
            let most = (1_u64 << 53) - 1;
            vec![(String::new(), HOSTILE.into()), ("#".into(), most.into())]
        }
        _ => vec![(String::new(), HOSTILE.into())],
    }
}

/// The field with another value, and under another key.
fn of_field(fields: &Map<String, Value>, key: &str) -> Vec<(String, Value)> {
    let inner = changed(&fields[key]).into_iter().map(|(name, inner)| {
        let mut fields = fields.clone();
        fields.insert(key.to_owned(), inner);
        (format!("/{key}{name}"), Value::Object(fields))
    });
    let mut renamed = fields.clone();
    let value = renamed.remove(key).unwrap();
    renamed.insert(HOSTILE.into(), value);
    inner.chain([(format!("/{key}="), Value::Object(renamed))]).collect()
}
