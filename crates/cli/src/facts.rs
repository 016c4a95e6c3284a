//! Facts as people read them on a terminal, in their language, and as machines get them in both.
//! Each line begins with what is ours: what a text of somebody else goes on with hangs behind a
//! mark.

use crate::output::spoken;
use portal_api::plain::{BilingualText, Fact, FactValue as Told, LineText, Span};
use serde_json::{Map, Value, json};
use system::language::SpokenLanguage;
use system::layout;

/// The line above facts.
pub(crate) fn heading(what: &BilingualText, columns: usize) -> Vec<String> {
    layout::lines(("── ", 3), &layout::value(&spoken(what)), columns)
}

/// Each fact with what belongs below it.
pub(crate) fn lines(facts: &[Fact], columns: usize) -> Vec<String> {
    let mut shown = Vec::new();
    for fact in facts {
        let mark = if fact.differs { "   ≠ " } else { "   " };
        let term = Span::Own(format!("{}: ", spoken(&fact.term)));
        let spans = std::iter::once(term).chain(told(&fact.value)).collect::<Vec<_>>();
        shown.extend(layout::spans((mark, 3), &spans, columns));
        for line in &fact.lines {
            let mark = format!("     {} ", line.mark.sign());
            shown.extend(match &line.line {
                LineText::File(text) => {
                    layout::lines((&mark, 5), &layout::file_line(text), columns)
                }
                LineText::Value(value) => layout::spans((&mark, 5), &told(value), columns),
            });
        }
    }
    shown
}

/// Several values beside each other, with a mark of ours between them.
pub(crate) fn row(values: impl IntoIterator<Item = Told>) -> Told {
    let mut row = Vec::new();
    for value in values {
        if !row.is_empty() {
            row.push(Told::Words(BilingualText { zh: " · ".into(), en: " · ".into() }));
        }
        row.push(value);
    }
    Told::Row(row)
}

/// What a word of a portal means; a word that has no meaning here is its text.
pub(crate) fn meant(said: BilingualText) -> Told {
    if said.zh == said.en { Told::Text(said.zh) } else { Told::Words(said) }
}

/// A value in the language of whoever reads it.
fn told(value: &Told) -> Vec<Span> {
    match SpokenLanguage::here() {
        SpokenLanguage::Chinese => value.spans_zh(),
        SpokenLanguage::English => value.spans_en(),
        SpokenLanguage::Both => value.spans_both(),
    }
}

/// The same for machines.
pub(crate) fn values(facts: &[Fact]) -> Value {
    facts.iter().map(value).collect()
}

fn value(fact: &Fact) -> Value {
    let lines: Vec<Value> = fact
        .lines
        .iter()
        .map(|line| match &line.line {
            LineText::File(text) => json!({ "mark": line.mark.sign(), "text": text }),
            LineText::Value(value) => with_parts([("mark", line.mark.sign().into())], value),
        })
        .collect();
    let (term, differs) = (both(&fact.term), fact.differs.into());
    let beside = [("term", term), ("differs", differs), ("lines", lines.into())];
    with_parts(beside, &fact.value)
}

/// A value as people read it, and what it is made of, so that no machine has to take it apart.
fn with_parts<const N: usize>(beside: [(&str, Value); N], value: &Told) -> Value {
    let mut document: Map<String, Value> =
        beside.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    document.insert("value".into(), json!({ "zh": value.zh(), "en": value.en() }));
    if !matches!(value, Told::Words(_) | Told::Text(_)) {
        document.insert("parts".into(), value.parts());
    }
    document.into()
}

/// A text in both languages.
pub(crate) fn both(said: &BilingualText) -> Value {
    json!({ "zh": said.zh, "en": said.en })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pki::name::has_right_to_left;
    use portal_api::plain::{FactLine, LineChange, NameAndId};
    use std::collections::BTreeSet;

    fn named(name: &str, id: &str, unit: &str) -> Told {
        let unit = NameAndId { name: Some(unit.into()), id: "sz-office".into(), unit: None };
        NameAndId { name: Some(name.into()), id: id.into(), unit: Some(unit.into()) }.into()
    }

    /// A name that holds an id and a unit, an arrow, or letters from right to left is read as a
    /// name, on a terminal and by machines.
    #[test]
    fn no_name_is_read_as_more_than_a_name() {
        let (own, other) = ("0123456789ABCDEF", "FEDCBA9876543210");
        let plain = named("张建国", other, "市委办公室");
        let forged = named(&format!("张建国 ({other}), 市委办公室"), own, "区政府");
        let change = |was: &str, is: &str| Told::Change {
            was: Box::new(was.into()),
            is: Box::new(is.into()),
        };
        let values = [plain, forged, change("王 → 王", "王"), change("王", "王 → 王")];
        let fact = |value: Told| Fact::new(("证书持有人", "for whom"), value);
        let facts = values.map(fact);
        let shown: BTreeSet<String> =
            facts.iter().map(|fact| lines(std::slice::from_ref(fact), 200).join("\n")).collect();
        assert_eq!(shown.len(), facts.len(), "{shown:?}");
        let documents: BTreeSet<String> =
            facts.iter().map(|fact| value(fact)["parts"].to_string()).collect();
        assert_eq!(documents.len(), facts.len(), "{documents:?}");
        assert_eq!(value(&facts[1])["parts"]["id"], own);
        assert_eq!(value(&facts[2])["parts"]["was"], "王 → 王");
    }

    /// What a terminal turns around stands alone in its lines, so that it turns nothing else.
    #[test]
    fn letters_from_right_to_left_have_lines_of_their_own() {
        let uyghur = "ئابدۇراخمان";
        let fact = Fact::new(("人员", "person"), named(uyghur, "0123456789ABCDEF", "区政府"));
        let shown = lines(&[fact], 200);
        let turned: Vec<&String> = shown.iter().filter(|line| has_right_to_left(line)).collect();
        assert_eq!(turned, [&format!("   {}{uyghur}", layout::HANGING)], "{shown:?}");
        assert!(shown.iter().all(|line| line.starts_with("   ")), "{shown:?}");
    }

    /// In a list marks are heaped upon a letter as little as in a value.
    #[test]
    fn marks_are_not_heaped_in_lists() {
        let heap = format!("王{}", "\u{301}".repeat(60));
        let line = |line| FactLine { mark: LineChange::Kept, line };
        let listed =
            vec![line(LineText::Value(named(&heap, "A", "区"))), line(LineText::File(heap))];
        let fact = Fact { lines: listed, ..Fact::new(("共", "how many"), "2") };
        for line in &lines(&[fact], 200)[1..] {
            assert!(line.contains("王\u{301}\u{301}‹U+0301×58›"), "{line}");
        }
    }
}
