//! Messages of issuer, status and log, and a client for them.
//!
//! Every route of the issuer is typed for one process of a portal; the issuer knows which process
//! speaks by its TLS key and the founding statement or a portal order. Messages that pass from a
//! person to the CA are those of `records::enrolment` and `records::export`.

pub mod both;
mod client;
pub mod handler;
pub mod log;
mod machine_client;
pub mod machines;
pub mod organisation;
pub mod public;
mod reach;
pub mod staff;
mod state;
pub mod status;
pub mod systems;

pub use client::{Issuer, Log, Refusal, Status};
pub use log::{
    Append, AppendAnswer, EntryPlace, IssuedAnswer, IssuedProof, IssuedQuery, PulseAnswer,
    SaltedRecord, SpoolAck,
};
pub use reach::{Reach, is_near_brake, reach};
pub use records::handling::{ApprovedBatch, ApprovedBy};
pub use records::join::{Renew, RenewedChain};
pub use staff::{
    AsOfficer, Batching, CertificateFacts, CertificateLine, CertificateQuery, Certificates,
    Officer, OfficerSearch, OrderCreated, OrderQuery, OwnPasskey, OwnSuspension, Page, Revocation,
};
pub use state::{CityState, GateState, ListState, LogState, OpenEmergency, ProcessState};
pub use status::{WorldNumbers, WorldUpdate};
