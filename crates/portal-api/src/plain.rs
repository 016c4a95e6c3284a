//! An order in plain words and two languages: every field of it, every file that it names, and what
//! differs from what is in force. All of it is made from an order whose signature, disclosures and
//! files were checked, and from nothing else; the command line and the pages show the same.

mod batch;
mod change;
mod consequence;
mod decision;
mod emergency;
mod facts;
mod issued;
mod many;
mod mode;
mod moved;
mod named;
mod office;
mod officer_drafts;
mod passkey;
mod receipt;
mod revoke;
mod service;
mod sheet;
mod statement;
mod system;
#[cfg(test)]
mod tests;
mod wish;

use ::plain::{bilingual, value};

pub use batch::{about, told_about};
pub use bilingual::{
    BilingualText, Fact, FactLine, LineChange, LineText, REASONS, channel, draft_state,
    fingerprint, kind, kind_of, look, notice, own_state, reason, role, state_of,
};
pub use consequence::{about_consequence, about_consequences, consequence_title};
pub use decision::{
    about_absent, about_ending, about_looks, about_opened, about_standing, about_voice,
    facts_of_decision, look_in_list,
};
pub use facts::{facts, facts_above_rows, facts_unsigned};
pub use many::{about_many, about_row, many_of};
pub use passkey::{about_new_passkey, about_passkey};
pub use receipt::{about_loss, about_receipt, about_suspension};
pub use statement::{
    about_declining, about_drafting, about_letter, about_letter_act, about_own_record,
    about_reason, about_renewing, about_suspending, about_wishing, about_withdrawing, field,
};
pub use value::{FactValue, NameAndId, Span, joined_as, phrase, words};
