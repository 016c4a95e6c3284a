//! What is said to people, in two languages: words of our own and texts of somebody else, which are
//! kept apart from where they are read to the page or terminal that shows them.

mod parts;
pub mod said;
pub mod value;

pub use said::{Fact, FactLine, LineChange, LineText, Said};
pub use value::{FactValue, NameAndId, Span, phrase, words};
