//! What is said in a fact: words of our own, and texts of somebody else. They are kept apart to the
//! end, so that no text passes for the words around it: beside words it stands between quotation
//! marks that it cannot hold itself, and pages and terminals know where it begins and ends.

use crate::bilingual::{BilingualText, said};
use records::display_name::DisplayName;
use records::time;
pub use system::layout::Span;
use system::layout::{quoted, written};

/// In which language a value is written.
#[derive(Clone, Copy)]
enum Language {
    Chinese,
    English,
}

impl Language {
    fn of<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Chinese => zh,
            Self::English => en,
        }
    }
}

/// The words of a phrase, each with the place behind them.
fn places(phrase: &'static str) -> impl Iterator<Item = (&'static str, Option<usize>)> {
    let mut rest = Some(phrase);
    core::iter::from_fn(move || {
        let text = rest.take()?;
        let place = text.split_once('{').and_then(|(words, behind)| {
            let (number, behind) = behind.split_once('}')?;
            Some((words, number.parse().ok()?, behind))
        });
        match place {
            Some((words, number, behind)) => {
                rest = Some(behind);
                Some((words, Some(number)))
            }
            None => Some((text, None)),
        }
    })
}

/// A sentence of ours with values in their places. Each language names all of them, or says nothing
/// at all.
pub fn phrase(zh: &'static str, en: &'static str, values: Vec<FactValue>) -> FactValue {
    debug_assert!(names_all(zh, values.len()) && names_all(en, values.len()), "{zh} {en}");
    FactValue::Phrase { zh, en, values }
}

fn names_all(phrase: &'static str, count: usize) -> bool {
    let named = |place| places(phrase).any(|(_, named)| named == Some(place));
    phrase.is_empty() || (0..count).all(named)
}

/// What is said in a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactValue {
    /// Words of our own.
    Words(BilingualText),
    /// A text of somebody else, or data: a name, an id, a digest, what somebody typed.
    Text(String),
    /// A time of a document, which is read on the clocks of Beijing.
    Time(String),
    /// A person or a unit.
    Named(NameAndId),
    /// What has an id and another name in each language: an application, a profile.
    Called(DisplayName),
    /// What is in force, and what comes in its place.
    Change {
        /// The value that is in force.
        was: Box<FactValue>,
        /// The value that comes in its place.
        is: Box<FactValue>,
    },
    /// Several, one behind the other.
    Row(Vec<FactValue>),
    /// A sentence of ours with places for values: `{0}` for the first.
    Phrase {
        /// The phrase in Chinese, with places for values.
        zh: &'static str,
        /// The phrase in English, with places for values.
        en: &'static str,
        /// What stands in the places.
        values: Vec<FactValue>,
    },
}

/// A person or a unit, by name where that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameAndId {
    /// The name, where one is known.
    pub name: Option<String>,
    /// The id that the name belongs to, which says who it is.
    pub id: String,
    /// The unit of a person.
    pub unit: Option<Box<NameAndId>>,
}

impl FactValue {
    /// What somebody else wrote, or data.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A time as it is signed.
    pub fn time(text: impl Into<String>) -> Self {
        Self::Time(text.into())
    }

    /// Tells the value in Chinese.
    pub fn zh(&self) -> String {
        written(&self.spans_zh())
    }

    /// Tells the value in English.
    pub fn en(&self) -> String {
        written(&self.spans_en())
    }

    /// 中文, piece by piece.
    pub fn spans_zh(&self) -> Vec<Span> {
        self.spans(Language::Chinese)
    }

    /// English, piece by piece.
    pub fn spans_en(&self) -> Vec<Span> {
        self.spans(Language::English)
    }

    /// Both on one line; once where they are alike.
    pub fn spans_both(&self) -> Vec<Span> {
        let (mut zh, en) = (self.spans_zh(), self.spans_en());
        if zh != en {
            zh.push(Span::Own(" / ".into()));
            zh.extend(en);
        }
        zh
    }

    fn spans(&self, language: Language) -> Vec<Span> {
        let mut pieces = Vec::new();
        self.pieces(language, &mut pieces);
        // A text is a whole value, or it is quoted: alone in a row too.
        if !matches!(self, Self::Words(_) | Self::Text(_) | Self::Time(_)) {
            pieces = pieces.into_iter().flat_map(quoted).collect();
        }
        let mut spans: Vec<Span> = Vec::new();
        for piece in pieces {
            match (spans.last_mut(), piece) {
                (Some(Span::Own(before)), Span::Own(more)) => before.push_str(&more),
                (_, piece) => spans.push(piece),
            }
        }
        spans
    }

    fn pieces(&self, language: Language, to: &mut Vec<Span>) {
        match self {
            Self::Words(said) => to.push(Span::Own(language.of(&said.zh, &said.en).to_owned())),
            Self::Text(text) => to.push(Span::Foreign(text.clone())),
            Self::Time(text) => to.push(match time::beijing(text) {
                Some(there) => Span::Own(language.of(&there.zh(), &there.en()).to_owned()),
                None => Span::Foreign(text.clone()),
            }),
            Self::Named(named) => named.pieces(to),
            Self::Called(called) => {
                let name = language.of(&called.zh, &called.en);
                let name = Some(name.to_owned()).filter(|name| !name.is_empty());
                NameAndId { name, id: called.id.clone(), unit: None }.pieces(to);
            }
            Self::Change { was, is } => {
                was.pieces(language, to);
                to.push(Span::Own(" → ".into()));
                is.pieces(language, to);
            }
            Self::Row(values) => values.iter().for_each(|value| value.pieces(language, to)),
            Self::Phrase { zh, en, values } => {
                for (words, place) in places(language.of(zh, en)) {
                    to.push(Span::Own(words.to_owned()));
                    let value = place.and_then(|place| values.get(place));
                    if let Some(value) = value {
                        value.pieces(language, to);
                    }
                }
            }
        }
    }
}

impl NameAndId {
    fn pieces(&self, to: &mut Vec<Span>) {
        match &self.name {
            Some(name) => to.extend([
                Span::Foreign(name.clone()),
                Span::Own(" (".into()),
                Span::Foreign(self.id.clone()),
                Span::Own(")".into()),
            ]),
            None => to.push(Span::Foreign(self.id.clone())),
        }
        if let Some(unit) = &self.unit {
            to.push(Span::Own(", ".into()));
            unit.pieces(to);
        }
    }
}

impl From<BilingualText> for FactValue {
    /// Words of ours are in two languages. What is alike in both is a word that nobody knows here,
    /// as somebody else wrote it: a role, a reason or a state of a portal's own making.
    fn from(said: BilingualText) -> Self {
        match said.zh == said.en {
            true => Self::Text(said.zh),
            false => Self::Words(said),
        }
    }
}

impl From<NameAndId> for FactValue {
    fn from(named: NameAndId) -> Self {
        Self::Named(named)
    }
}

impl From<DisplayName> for FactValue {
    fn from(called: DisplayName) -> Self {
        Self::Called(called)
    }
}

impl From<String> for FactValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for FactValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for FactValue {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

/// Words that are alike in both languages.
pub fn words(text: &str) -> FactValue {
    FactValue::Words(said(text, text))
}

/// Values with words of ours between them, in both languages.
pub fn joined_as(values: impl IntoIterator<Item = FactValue>, (zh, en): (&str, &str)) -> FactValue {
    let mut row = Vec::new();
    for value in values {
        if !row.is_empty() {
            row.push(FactValue::Words(said(zh, en)));
        }
        row.push(value);
    }
    FactValue::Row(row)
}

/// Values with a mark of ours between them.
pub fn joined(values: impl IntoIterator<Item = FactValue>, between: &str) -> FactValue {
    joined_as(values, (between, between))
}

#[cfg(test)]
mod tests;
