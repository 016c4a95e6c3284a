//! Values for machines: what each is made of, so that none has to take a sentence apart.

use crate::bilingual::BilingualText;
use crate::value::{FactValue, NameAndId};
use serde_json::{Map, Value, json};

impl FactValue {
    /// What it is made of: a text of somebody else is a string, our words are in both languages.
    pub fn parts(&self) -> Value {
        match self {
            Self::Words(said) => both(said),
            Self::Text(text) => json!(text),
            // As it is signed.
            Self::Time(text) => json!(text),
            Self::Named(named) => name(named),
            Self::Called(called) => json!({ "zh": called.zh, "en": called.en, "id": called.id }),
            Self::Change { was, is } => json!({ "was": was.parts(), "is": is.parts() }),
            Self::Row(values) => values.iter().map(Self::parts).collect(),
            Self::Phrase { zh, en, values } => {
                let values: Vec<Value> = values.iter().map(Self::parts).collect();
                json!({ "zh": zh, "en": en, "values": values })
            }
        }
    }

    /// As people read it in both languages, and what it is made of where that is more than a text.
    pub fn document(&self) -> Map<String, Value> {
        let mut document = Map::new();
        document.insert("zh".into(), self.zh().into());
        document.insert("en".into(), self.en().into());
        if !matches!(self, Self::Words(_) | Self::Text(_)) {
            document.insert("parts".into(), self.parts());
        }
        document
    }
}

/// A person or a unit.
fn name(named: &NameAndId) -> Value {
    json!({ "name": named.name, "id": named.id, "unit": named.unit.as_deref().map(name) })
}

fn both(said: &BilingualText) -> Value {
    json!({ "zh": said.zh, "en": said.en })
}
