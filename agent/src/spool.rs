//! The spool: every record is durable here before its act, and stays until the log has acknowledged
//! it.
//!
//! One thread writes (group commit: one write and one fdatasync for all that wait), records get
//! their place there: epoch, sequence number, chain. A start is a new epoch; so is an error of the
//! disk, after which nothing is written behind it any more. What survives a kill: every record that
//! was waited for. In reading order: [`queue`] and [`waiting`] (the way in), [`writer`] (the
//! thread), [`postbox`] (the way back), [`segment`] (the files), [`lately`] (what need not be read
//! back), [`recover`] (a start), [`kept`] and [`past`] (what its owner may ask about).

mod drawn;
mod granted;
pub mod kept;
mod lately;
mod of_request;
mod open_run;
pub mod past;
mod postbox;
mod queue;
mod recorded;
pub mod recover;
mod room;
pub mod segment;
mod waiting;
mod writer;

pub use postbox::Postbox;
pub use queue::{Position, Spool};
pub use recorded::{NotRecorded, Recorded};
pub use recover::{AckedPosition, UnreadRuns, recover};
pub use room::Place;
