//! Facts of an order, of a statement or of a receipt, as pages list them.

use crate::pages::{Language, Marked, show};
use portal_api::plain::{self, BilingualText, Fact, FactLine, FactValue, Span};
use system::speech::Command;

/// One fact.
pub(crate) struct FactItem {
    pub(crate) term: String,
    pub(crate) value: Marked,
    pub(crate) differs: bool,
    /// Lines of a file or a list, each with its class and its sign.
    pub(crate) lines: Vec<(&'static str, &'static str, Marked)>,
}

/// Facts in the reader's language.
pub(crate) fn lines(language: Language, facts: Vec<Fact>) -> Vec<FactItem> {
    let both = |said: BilingualText| show::harmless(&language.of_both(said.zh, said.en));
    let line = |fact: Fact| FactItem {
        term: both(fact.term),
        value: marked(language, &fact.value),
        differs: fact.differs,
        lines: fact.lines.iter().map(|line| shown_line(language, line)).collect(),
    };
    facts.into_iter().map(line).collect()
}

/// A value in the reader's language, with what is somebody else's set apart.
pub(crate) fn marked(language: Language, value: &FactValue) -> Marked {
    let spans = match language {
        Language::Chinese => value.spans_zh(),
        Language::English => value.spans_en(),
    };
    spans.iter().fold(Marked::new(), |marked, span| match span {
        Span::Own(text) => marked.own(text),
        Span::Foreign(text) => marked.foreign(text),
    })
}

/// A line of a file or of a list as the page marks it.
fn shown_line(language: Language, line: &FactLine) -> (&'static str, &'static str, Marked) {
    let text = match &line.line {
        plain::LineText::File(text) => Marked::new().file_line(text),
        plain::LineText::Value(value) => marked(language, value),
    };
    (line.mark.class(), line.mark.sign(), text)
}

/// A command as a page shows it: what hides in it shows what it is.
pub(crate) fn typed(command: &Command) -> String {
    show::command(command.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an officer typed into a form is in the command beside it what they typed: numerals of
    /// Chinese texts and names of any alphabet too.
    #[test]
    fn a_command_on_a_page_has_what_was_typed() {
        let reason = "２０２６年①号文件 é \u{626}\u{627}";
        let command = Command::new("yinxin return {} --reason {}", &["5GPJWBSG64S36D1N", reason]);
        assert_eq!(typed(&command), command.as_str());
        assert!(typed(&Command::new("yinxin approve {}", &["\u{202e}"])).contains("‹U+202E›"));
    }
}
