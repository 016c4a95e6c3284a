//! A text of a page in which somebody else's words are set apart, piece by piece: each in an
//! element of its own, so that letters which are written from right to left turn nothing around
//! beside them.

use crate::show;
use askama::filters::{Html, HtmlSafe, escape};
use std::fmt;

/// Markup, in which all that came from elsewhere is escaped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marked(String);

impl Marked {
    /// Markup in which nothing stands yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Words of our own behind it.
    #[must_use]
    pub fn own(mut self, text: &str) -> Self {
        self.push(&show::harmless(text));
        self
    }

    /// A text of somebody else behind it.
    #[must_use]
    pub fn foreign(self, text: &str) -> Self {
        self.set_apart(&show::harmless(text))
    }

    /// A line of somebody else's file behind it.
    #[must_use]
    pub fn file_line(self, text: &str) -> Self {
        self.set_apart(&show::file_line(text))
    }

    fn set_apart(mut self, text: &str) -> Self {
        self.0.push_str("<bdi>");
        self.push(text);
        self.0.push_str("</bdi>");
        self
    }

    fn push(&mut self, text: &str) {
        match escape(text, Html) {
            Ok(escaped) => self.0.push_str(&escaped.to_string()),
            Err(never) => match never {},
        }
    }
}

impl fmt::Display for Marked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HtmlSafe for Marked {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_ours_is_escaped_and_set_apart() {
        let name = "ئابدۇ</bdi><b>\u{202e}";
        let text = Marked::new().own("「").foreign(name).own("」 (").foreign("A1").own(") & 「");
        assert_eq!(
            text.to_string(),
            "「<bdi>ئابدۇ&#60;/bdi&#62;&#60;b&#62;‹U+202E›</bdi>」 (<bdi>A1</bdi>) &#38; 「"
        );
        assert_eq!(Marked::new().file_line("  a<").to_string(), "<bdi>  a&#60;</bdi>");
    }
}
