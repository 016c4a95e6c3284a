//! Role `issuer`: makes orders, verifies approvals, issues, revokes, builds revocation lists.
//!
//! In reading order: `command` (what is asked), [`verify`] (what needs no state), `decide` (pure
//! decisions), `round` and `state` (what they work on), `writer` (the single writer), [`issuance`]
//! (the stations of a certificate), `signer`, `publisher`, `shredder`, `query` (what only reads),
//! `reads` (which of it is recorded), `cmp` (answers to messages of CMP), `route` and `socket` (who
//! asks).

mod adopt;
mod answered_brakes;
mod approvers;
mod asking;
mod catch_up;
mod challenge;
mod cmp;
mod command;
mod confirmed;
mod context;
mod decide;
mod effects;
mod error;
mod expiring;
pub mod issuance;
mod issuer;
mod loaded;
mod marks;
mod numbers;
mod officer;
mod pace;
mod publisher;
mod query;
mod queue;
mod reads;
mod reported;
mod round;
mod route;
mod rows;
#[cfg(test)]
mod sample;
mod seal;
mod secret_name;
mod serve;
mod share;
mod shredder;
mod signer;
mod snapshot;
mod socket;
mod start;
mod state;
mod turn;
mod uncopied;
pub mod verify;
mod view;
mod waits;
mod writer;

pub use serve::serve;
