//! What commands print: lines for people, or one JSON document for machines.

use crate::language::Spoken;
use std::fmt::Display;
use system::terminal;

/// How commands speak.
#[derive(Clone, Copy)]
pub(crate) struct Output {
    json: bool,
    spoken: Spoken,
}

impl Output {
    /// Speaks to machines or to people.
    pub(crate) fn new(json: bool) -> Self {
        Self { json, spoken: Spoken::here() }
    }

    /// A line for people, in both languages; machines do not get it.
    pub(crate) fn line(self, text: &str) {
        if !self.json {
            terminal::line(text);
        }
    }

    /// A short sentence, in the language of whoever reads it.
    pub(crate) fn said(self, zh: &str, en: &str) {
        self.line(&self.spoken.of_both(zh, en));
    }

    /// A sentence in one language, or in both, a line each.
    pub(crate) fn sentence(self, indent: &str, zh: &str, en: &str) {
        match self.spoken {
            Spoken::Chinese => self.line(&format!("{indent}{zh}")),
            Spoken::English => self.line(&format!("{indent}{en}")),
            Spoken::Both => {
                self.line(&format!("{indent}{zh}"));
                self.line(&format!("{:1$}{en}", "", indent.len() + 2));
            }
        }
    }

    /// A value with its name, in the language of whoever reads it.
    pub(crate) fn fact(self, (zh, en): (&str, &str), value: impl Display) {
        self.line(&format!("{}: {value}", self.spoken.of_both(zh, en)));
    }

    /// The command to type next, exactly as it runs.
    pub(crate) fn next(self, command: &str) {
        self.fact(("下一步", "next"), command);
    }

    /// The result for machines.
    pub(crate) fn json(self, value: &serde_json::Value) {
        if self.json {
            terminal::json(&value.to_string());
        }
    }
}
