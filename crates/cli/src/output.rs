//! What commands print: lines for people, or one JSON document for machines.

use std::io::Write;

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
            // A reader that went away, as `| head` does, is no error.
            let _ = writeln!(std::io::stdout(), "{text}");
        }
    }

    /// The result for machines.
    pub(crate) fn json(self, value: &serde_json::Value) {
        if self.json {
            let _ = writeln!(std::io::stdout(), "{value}");
        }
    }
}
