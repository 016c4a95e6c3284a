//! Facts as people read them on a terminal, in their language, and as machines get them in both.
//! Each line begins with what is ours: what a text of somebody else goes on with hangs behind a
//! mark.

use crate::output::spoken;
use portal_api::plain::{Fact, Said};
use serde_json::{Value, json};
use system::layout;

/// The line above facts.
pub(crate) fn heading(what: &Said, columns: usize) -> Vec<String> {
    layout::lines(("── ", 3), &layout::value(&spoken(what)), columns)
}

/// Each fact with what belongs below it.
pub(crate) fn lines(facts: &[Fact], columns: usize) -> Vec<String> {
    let mut shown = Vec::new();
    for fact in facts {
        let mark = if fact.differs { "   ≠ " } else { "   " };
        let text = format!("{}: {}", spoken(&fact.term), spoken(&fact.value));
        shown.extend(layout::lines((mark, 3), &layout::value(&text), columns));
        for line in &fact.lines {
            let mark = format!("     {} ", line.mark.sign());
            shown.extend(layout::lines((&mark, 5), &layout::file_line(&line.text), columns));
        }
    }
    shown
}

/// The same for machines.
pub(crate) fn values(facts: &[Fact]) -> Value {
    facts.iter().map(value).collect()
}

fn value(fact: &Fact) -> Value {
    let lines: Vec<Value> = fact
        .lines
        .iter()
        .map(|line| json!({ "mark": line.mark.sign(), "text": line.text }))
        .collect();
    json!({
        "term": both(&fact.term), "value": both(&fact.value), "differs": fact.differs,
        "lines": lines,
    })
}

/// A text in both languages.
pub(crate) fn both(said: &Said) -> Value {
    json!({ "zh": said.zh, "en": said.en })
}
