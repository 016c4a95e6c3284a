//! What is said to people, in two languages: words of our own and texts of somebody else, which are
//! kept apart from where they are read to the page or terminal that shows them.

pub mod bilingual;
mod parts;
pub mod value;

pub use bilingual::{BilingualText, Fact, FactLine, LineChange, LineText};
pub use value::{FactValue, NameAndId, Span, phrase, words};
