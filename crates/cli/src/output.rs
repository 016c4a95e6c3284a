//! What commands print: lines for people, or one JSON document for machines.

use crate::facts;
use portal_api::plain::{BilingualText, Fact, FactValue};
use std::fmt::Display;
use system::speech::Command;
use system::terminal::Reader;
use system::{layout, speech, terminal};

/// So far to the right a line goes on.
const INDENT: usize = 4;

/// What stands above the answer of a portal.
const HEARSAY: (&str, &str) = ("门户所述，未经核对", "as the portal says, not checked");

/// The way in which a command speaks: to people, or in JSON.
#[derive(Clone, Copy)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    /// Speaks to machines or to people.
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether a machine reads standard output.
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// A line for people, in both languages; machines do not get it. On a terminal it breaks where
    /// it says so.
    pub(crate) fn line(self, text: &str) {
        if self.json {
            return;
        }
        match Reader::of_output() {
            Some(reader) => layout::lines(("", INDENT), text, reader.columns())
                .iter()
                .for_each(|line| terminal::line(line)),
            None => terminal::line(text),
        }
    }

    /// A line that was laid out already.
    pub(crate) fn laid_out(self, line: &str) {
        if !self.json {
            terminal::line(line);
        }
    }

    /// A text of our own to copy whole: a terminal breaks it without a mark.
    pub(crate) fn to_copy(self, text: &str) {
        if !self.json {
            terminal::line(&format!("    {text}"));
        }
    }

    /// A short sentence, in the language of whoever reads it.
    pub(crate) fn said(self, zh: &'static str, en: &'static str) {
        if !self.json {
            speech::said("", zh, en);
        }
    }

    /// What is said in pieces, in one language, or in both, below each other.
    pub(crate) fn told(self, begins: &str, value: &FactValue) {
        if !self.json {
            speech::told(begins, &value.spans_zh(), &value.spans_en());
        }
    }

    /// A value with its name, in the language of whoever reads it.
    pub(crate) fn fact(self, name: (&str, &str), value: impl Display) {
        if !self.json {
            let (zh, en) = name;
            let value = layout::value(&value.to_string());
            self.line(&format!("{}: {value}", speech::both(zh, en)));
        }
    }

    /// A time of a document with its name, as the clocks of Beijing show it.
    pub(crate) fn time(self, name: (&str, &str), text: &str) {
        self.fact(name, told_time(text));
    }

    /// All that a bundle proves, and does not, as `yinxin-verify` tells it.
    pub(crate) fn report(self, report: &verify::Report) {
        if !self.json {
            report.print();
        }
    }

    /// The command to type next, exactly as it runs.
    pub(crate) fn next(self, command: &Command) {
        if !self.json {
            speech::next("", command);
        }
    }

    /// A command that may be wanted, exactly as it runs.
    pub(crate) fn command(self, command: &Command) {
        self.to_copy(command.as_str());
    }

    /// What a portal answered: nobody checked it, and it is told as its word, to people under a
    /// heading that says so and to machines with `"hearsay": true`. An answer of a portal is
    /// printed in no other way.
    pub(crate) fn hearsay(self, told: &[Fact], answer: serde_json::Value) {
        if self.json {
            let mut document = match answer {
                serde_json::Value::Object(document) => document,
                other => serde_json::Map::from_iter([("answer".to_owned(), other)]),
            };
            document.insert("hearsay".into(), true.into());
            return terminal::json(&serde_json::Value::Object(document).to_string());
        }
        self.facts(&BilingualText { zh: HEARSAY.0.into(), en: HEARSAY.1.into() }, told);
    }

    /// Facts for people under a heading of ours; machines do not get them.
    pub(crate) fn facts(self, heading: &BilingualText, told: &[Fact]) {
        if self.json {
            return;
        }
        let columns = Reader::of_output().map_or(layout::COLUMNS, |reader| reader.columns());
        let lines = facts::heading(heading, columns).into_iter();
        lines.chain(facts::lines(told, columns)).for_each(|line| terminal::line(&line));
    }

    /// The result for machines.
    pub(crate) fn json(self, value: &serde_json::Value) {
        if self.json {
            terminal::json(&value.to_string());
        }
    }
}

/// A time of a document as people read it on a terminal, in their language.
pub(crate) fn told_time(text: &str) -> String {
    match records::time::beijing(text) {
        Some(there) => speech::both(&there.zh(), &there.en()),
        None => text.to_owned(),
    }
}

/// What is said, in the language of whoever reads it; data once.
pub(crate) fn spoken(said: &BilingualText) -> String {
    if said.zh == said.en { said.zh.clone() } else { speech::both(&said.zh, &said.en) }
}
