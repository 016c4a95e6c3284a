//! What commands print: lines for people, or one JSON document for machines.

use portal_api::plain::Said;
use std::fmt::Display;
use system::speech::Command;
use system::terminal::Reader;
use system::{layout, speech, terminal};

/// So far to the right a line goes on.
const INDENT: usize = 4;

/// How commands speak.
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
    pub(crate) fn said(self, zh: &str, en: &str) {
        if !self.json {
            speech::said("", zh, en);
        }
    }

    /// A sentence in one language, or in both, a line each.
    pub(crate) fn sentence(self, begins: &str, zh: &str, en: &str) {
        if !self.json {
            speech::sentence(begins, zh, en);
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

    /// All that a bundle proves, and does not, as `yinxin-verify` tells it.
    pub(crate) fn report(self, report: &verify::Report) {
        if !self.json {
            report.print();
        }
    }

    /// The command to type next, exactly as it runs.
    pub(crate) fn next(self, command: &Command) {
        if !self.json {
            speech::next("", command.as_str());
        }
    }

    /// A command that may be wanted, exactly as it runs.
    pub(crate) fn command(self, command: &Command) {
        self.to_copy(command.as_str());
    }

    /// The result for machines.
    pub(crate) fn json(self, value: &serde_json::Value) {
        if self.json {
            terminal::json(&value.to_string());
        }
    }
}

/// What is said, in the language of whoever reads it; data once.
pub(crate) fn spoken(said: &Said) -> String {
    if said.zh == said.en { said.zh.clone() } else { speech::both(&said.zh, &said.en) }
}
