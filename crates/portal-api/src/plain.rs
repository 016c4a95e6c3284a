//! An order in plain words and two languages: every field of it, every file that it names, and what
//! differs from what is in force. All of it is made from an order whose signature, disclosures and
//! files were checked, and from nothing else; the command line and the pages show the same.

mod change;
mod facts;
mod issued;
mod passkey;
mod said;
mod statement;
#[cfg(test)]
mod tests;
mod wish;

pub use facts::{facts, facts_unsigned};
pub use passkey::{about_new_passkey, about_passkey};
pub use said::{
    Fact, FactLine, LineChange, REASONS, Said, draft_state, fingerprint, kind, kind_of, look,
    notice, own_state, reason, role,
};
pub use statement::{
    about_declining, about_drafting, about_letter, about_letter_act, about_own_record,
    about_reason, about_renewing, about_suspending, about_wishing, about_withdrawing, field,
};
