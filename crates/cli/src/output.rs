//! What commands print: lines for people, or one JSON document for machines.

use portal_api::plain::Said;
use std::fmt::Display;
use system::{speech, terminal};

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

    /// A line for people, in both languages; machines do not get it.
    pub(crate) fn line(self, text: &str) {
        if !self.json {
            terminal::line(text);
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
            speech::fact("", name, value);
        }
    }

    /// All that a bundle proves, and does not, as `yinxin-verify` tells it.
    pub(crate) fn report(self, report: &verify::Report) {
        if !self.json {
            report.print();
        }
    }

    /// The command to type next, exactly as it runs.
    pub(crate) fn next(self, command: &str) {
        if !self.json {
            speech::next("", command);
        }
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
