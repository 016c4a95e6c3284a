//! Times as people read them.

use system::speech;

/// A time of a document on the clocks of Beijing.
pub(super) fn time(text: &str) -> String {
    let there = records::time::beijing(text);
    there.map_or_else(|| text.to_owned(), |there| speech::both(&there.zh(), &there.en()))
}
