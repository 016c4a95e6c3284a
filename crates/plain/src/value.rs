//! What is said in a fact: words of our own, and texts of somebody else. They are kept apart to the
//! end, so that no text passes for the words around it: beside words it stands between quotation
//! marks that it cannot hold itself, and pages and terminals know where it begins and ends.

use crate::said::{Said, said};
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
    Words(Said),
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
        /// In force.
        was: Box<FactValue>,
        /// In its place.
        is: Box<FactValue>,
    },
    /// Several, one behind the other.
    Row(Vec<FactValue>),
    /// A sentence of ours with places for values: `{0}` for the first.
    Phrase {
        /// 中文
        zh: &'static str,
        /// English
        en: &'static str,
        /// What stands in the places.
        values: Vec<FactValue>,
    },
}

/// A person or a unit, by name where that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameAndId {
    /// The name.
    pub name: Option<String>,
    /// The id.
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

    /// 中文
    pub fn zh(&self) -> String {
        written(&self.spans_zh())
    }

    /// English
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

impl From<Said> for FactValue {
    /// Words of ours are in two languages. What is alike in both is a word that nobody knows here,
    /// as somebody else wrote it: a role, a reason or a state of a portal's own making.
    fn from(said: Said) -> Self {
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
mod tests {
    use super::*;
    use crate::said;
    use std::collections::BTreeMap;

    /// What somebody might register to be read as another, with the signs that stand around names.
    fn hostile() -> Vec<String> {
        let mut texts: Vec<String> = ["王", "wang", "", "王」", "「王", "‹U+300C›", "王 (A)"]
            .into_iter()
            .chain(["王 (A), 「办", "王」 (A), 「办", "A), 王", "王 → 王", "王」 → 「王", "ئا 12"])
            .map(str::to_owned)
            .collect();
        let two: Vec<String> =
            ["」 → 「", "」 (", "), 「"].iter().map(|sign| format!("王{sign}王")).collect();
        texts.extend(two);
        texts
    }

    /// Each value of a kind is read as itself alone, in each view.
    fn read_apart(values: Vec<FactValue>) {
        type View = fn(&FactValue) -> Vec<Span>;
        let views: [View; 3] = [FactValue::spans_zh, FactValue::spans_en, FactValue::spans_both];
        for view in views {
            let mut seen: BTreeMap<String, FactValue> = BTreeMap::new();
            for value in &values {
                let shown = written(&view(value));
                if let Some(other) = seen.insert(shown.clone(), value.clone()) {
                    assert_eq!(other, *value, "{shown}");
                }
            }
        }
    }

    #[test]
    fn no_two_changes_are_read_alike() {
        let texts = hostile();
        let changed = |was: &String, is: &String| FactValue::Change {
            was: Box::new(was.into()),
            is: Box::new(is.into()),
        };
        let unchanged = texts.iter().map(|is| FactValue::Row(vec![is.into()]));
        let pairs = texts.iter().flat_map(|was| texts.iter().map(move |is| changed(was, is)));
        read_apart(pairs.chain(unchanged).collect());
    }

    #[test]
    fn no_two_people_are_read_alike() {
        let texts = hostile();
        let mut all = Vec::new();
        for name in &texts {
            for id in ["A", "B", "A), 王"] {
                for unit in &texts {
                    let unit = NameAndId { name: Some(unit.clone()), id: "办".into(), unit: None };
                    let named = NameAndId {
                        name: Some(name.clone()),
                        id: id.into(),
                        unit: Some(unit.into()),
                    };
                    all.push(named.into());
                }
            }
        }
        read_apart(all);
    }

    #[test]
    fn no_two_applications_are_read_alike() {
        let texts = hostile();
        let mut all = Vec::new();
        for zh in texts.iter().filter(|zh| !zh.is_empty()) {
            for id in ["a", "b", "王 (a)"] {
                let (id, zh, en) = (id.to_owned(), zh.clone(), zh.clone());
                all.push(DisplayName { id, zh, en }.into());
            }
        }
        read_apart(all);
        let none = DisplayName::of_id("exchange");
        assert_eq!(FactValue::from(none.clone()).zh(), "exchange");
        let called: FactValue = DisplayName { zh: "公文 一".into(), ..none }.into();
        assert_eq!([called.zh(), called.en()], ["「公文 一」 (exchange)", "exchange"]);
    }

    /// Whoever chooses what stands in a sentence writes no other sentence.
    #[test]
    fn no_two_phrases_are_read_alike() {
        let said = |name: &String, other: &String| {
            let name = NameAndId { name: Some(name.clone()), id: "A".into(), unit: None };
            phrase(
                "{0} 用本人证书密钥批准；又由 {1} 批准。",
                "Approved by {0} with the key of their certificate; and by {1}.",
                vec![name.into(), other.into()],
            )
        };
        let mut texts = hostile();
        texts.extend([
            "张建国（FEDCBA9876543210）用本人证书密钥批准；又由 李丹".to_owned(),
            "王」 (A) 用本人证书密钥批准；又由 「李丹".to_owned(),
            "{0}".to_owned(),
        ]);
        let pairs = texts.iter().flat_map(|one| texts.iter().map(move |two| said(one, two)));
        read_apart(pairs.collect());
        assert_eq!(
            said(&"王".into(), &"{1}".into()).zh(),
            "「王」 (A) 用本人证书密钥批准；又由 「{1}」 批准。"
        );
    }

    /// A role, a reason or a state that nobody knows here is what somebody else wrote: it is quoted
    /// beside words of ours, and whatever is ours says so in two languages.
    #[test]
    fn what_nobody_knows_is_no_word_of_ours() {
        let unknown = "登记员，已经核对";
        for said in [said::role(unknown), said::reason(unknown), said::own_state(unknown)] {
            let row = FactValue::Row(vec![said.into(), words(" · "), "商州区".into()]);
            assert_eq!(row.zh(), format!("「{unknown}」 · 「商州区」"));
            assert_eq!(row.spans_en()[1], Span::Foreign(unknown.into()));
        }
        let known = FactValue::Row(vec![said::role("auditor").into(), words(" · ")]);
        assert!(matches!(&known.spans_zh()[..], [Span::Own(_)]), "{known:?}");
        assert_eq!(joined([words("a"), words("b")], "/").zh(), "a/b");
    }

    /// A time is read on the clocks of Beijing; what is none is a text.
    #[test]
    fn a_time_is_beijings() {
        let row = |time: &str| FactValue::Row(vec![words("≤ "), FactValue::time(time)]);
        assert_eq!(row("2026-12-01T16:00:00Z").zh(), "≤ 2026年12月2日 00:00（北京时间）");
        assert_eq!(row("2026-12-01T16:00:00Z").en(), "≤ 2026-12-02 00:00 (UTC+8)");
        assert_eq!(row("never, 「王」").en(), "≤ 「never, ‹U+300C›王‹U+300D›」");
        assert_eq!(FactValue::time("2026-12-01").zh(), "2026-12-01");
    }

    #[test]
    fn a_name_is_quoted_beside_words_and_nowhere_else() {
        assert_eq!(FactValue::text("看过「文件」").zh(), "看过「文件」");
        let unit =
            NameAndId { name: Some("市委办公室".into()), id: "office".into(), unit: None };
        let named = NameAndId {
            name: Some("张建国 (0123456789ABCDEF), 市委办公室".into()),
            id: "FEDCBA9876543210".into(),
            unit: Some(unit.into()),
        };
        let shown = FactValue::from(named).zh();
        let name = "「张建国 (0123456789ABCDEF), 市委办公室」";
        assert_eq!(shown, format!("{name} (FEDCBA9876543210), 「市委办公室」 (office)"));
    }
}
