//! What people approve and what the log keeps: orders, approvals, records, commitments, the
//! founding statement, letters and evidence. What follows from replaying records is crate
//! `authority`.
//!
//! Never reads a clock or a file; signatures are made by a `pki::Signer` that the caller holds. The
//! bytes are those of `docs/formats.md`. In reading order: [`json`], [`commitment`], [`label`],
//! [`order`], [`approval`], [`founding`], [`record`], [`rules`], [`letter`],
//! [`trust`], [`code`].

pub mod access;
pub mod access_mode;
pub mod approval;
pub mod body;
pub mod bytes;
pub mod cmp;
pub mod code;
pub mod commitment;
pub mod consequence;
pub mod decline;
pub mod display_name;
pub mod draft;
pub mod drafted;
pub mod enrolment;
pub mod est;
pub mod evidence;
pub mod exit;
pub mod export;
pub mod floor;
pub mod found;
pub mod founding;
pub mod handling;
pub mod join;
pub mod json;
pub mod label;
pub mod letter;
pub mod lineage;
pub mod machine;
pub mod message_code;
pub mod mine;
pub mod number;
pub mod order;
pub mod passkey;
pub mod people;
pub mod portal;
pub mod receipt;
pub mod record;
pub mod reference;
pub mod renewal;
pub mod revocation;
pub mod rule_units;
pub mod rules;
pub mod run;
pub mod scep;
pub mod spooled;
pub mod stated;
pub mod suspension;
pub mod term;
pub mod time;
pub mod trust;
pub mod trust_bundle;
pub mod unlisted;
pub mod wish;
pub mod withdrawal;

pub use approval::{Approval, ApprovalClaim};
pub use bytes::Bytes;
pub use code::{Code, Problem};
pub use commitment::{Commitment, Disclosure};
pub use display_name::DisplayName;
pub use order::{Order, SignedOrder};
pub use record::Record;
