//! Opening and migrating SQLite or PostgreSQL, transactions over both, the pending records of the
//! logs, leases, and the durable spool of portals and agents.
//!
//! Never knows what a record means. One SQL text serves both databases: `$1` parameters, singular
//! tables, explicit columns.

#[macro_use]
mod statement;

mod answered;
mod checkpoint;
mod doorbell;
mod embedded;
mod error;
mod in_place;
mod lease;
pub mod many;
mod open;
pub mod pending;
pub mod spool;
mod value;
mod watch;

pub use doorbell::{CommitNews, Doorbell, LOOK};
pub use embedded::{Database, SqliteTx, TurnHolder};
pub use error::StoreError;
pub use in_place::in_place;
pub use lease::{hold_lease, release_lease};
pub use open::{DatabaseLock, Migrations, PostgresTx, Store, Tx};
pub use watch::Watch;

/// For the macros: whoever states SQL through them need not name the library.
#[doc(hidden)]
pub use {answered::answered, rusqlite, sqlx, tokio};
