//! Questions: each reads a view of the state and, where it needs them, rows in a transaction of its
//! own. None of them waits for the writer, and none changes anything.

pub(crate) mod census;
pub(crate) mod certificate;
pub(crate) mod collect;
pub(crate) mod dossier;
pub(crate) mod drafts;
pub(crate) mod fetch;
pub(crate) mod find;
pub(crate) mod heartbeat;
pub(crate) mod list;
pub(crate) mod look_up;
pub(crate) mod mine;
pub(crate) mod officer;
pub(crate) mod people;
mod place;
pub(crate) mod preview;
pub(crate) mod receipt;
pub(crate) mod recent_use;
pub(crate) mod records;
pub(crate) mod renewal;
pub(crate) mod review_flags;
pub(crate) mod revocation_reach;
mod scan;
pub(crate) mod stage;
pub(crate) mod state;
pub(crate) mod suspension;
pub(crate) mod system;
pub(crate) mod unit;
