//! What is in force: the revocation list, the people, the rules. Each is verified once, when it
//! comes, and the three are swapped as one value; a request reads it without a lock.

mod generation;
mod heard_clock;
mod kept_beside;
mod load;
mod marks;
mod parts;
mod passage;
mod reserve;
mod unlisted;
mod watch;

pub use generation::{KnownPeople, Revocations, Rules, World};
pub use load::Anchors;
pub use marks::Marks;
pub use passage::{Ordered, denial_code};
pub(crate) use reserve::Reserve;
pub use unlisted::{CertificateStanding, UnlistedSerials, VerifiedUnlisted};
pub use watch::{Source, watch};
