//! Facts of an order, or of a draft, as pages list them.

use crate::pages::{Language, show};
use portal_api::plain::{Fact, FactLine, Said};

/// One fact.
pub(super) struct Line {
    pub(super) term: String,
    pub(super) value: String,
    pub(super) differs: bool,
    /// Lines of a file or a list, each with its class and its sign.
    pub(super) lines: Vec<(&'static str, &'static str, String)>,
}

/// Facts in the reader's language.
pub(super) fn lines(language: Language, facts: Vec<Fact>) -> Vec<Line> {
    let both = |said: Said| show::harmless(&language.of_both(said.zh, said.en));
    let line = |fact: Fact| Line {
        term: both(fact.term),
        value: both(fact.value),
        differs: fact.differs,
        lines: fact.lines.into_iter().map(shown_line).collect(),
    };
    facts.into_iter().map(line).collect()
}

/// A line of a file or a list as the page marks it.
fn shown_line(line: FactLine) -> (&'static str, &'static str, String) {
    (line.mark.class(), line.mark.sign(), show::file_line(&line.text))
}

/// A text between quotation marks of a shell.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", show::harmless(text).replace('\'', "'\\''"))
}
