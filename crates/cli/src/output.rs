//! What commands print: lines for people, or one JSON document for machines.

use system::terminal;

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

    /// The result for machines.
    pub(crate) fn json(self, value: &serde_json::Value) {
        if self.json {
            terminal::json(&value.to_string());
        }
    }
}
