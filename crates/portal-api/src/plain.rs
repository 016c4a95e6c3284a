//! An order in plain words and two languages: every field of it, every file that it names, and what
//! differs from what is in force. All of it is made from an order whose signature, disclosures and
//! files were checked, and from nothing else; the command line and the pages show the same.

mod change;
mod facts;
mod passkey;
mod said;
#[cfg(test)]
mod tests;
mod wish;

pub use facts::facts;
pub use passkey::about_passkey;
pub use said::{
    Fact, FactLine, LineChange, REASONS, Said, draft_state, fingerprint, kind, kind_of, look,
    notice, own_state, reason, role,
};
