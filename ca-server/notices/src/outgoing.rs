//! What a channel is handed, and what it makes of it.

use crate::notice::{Notice, NoticeId};
use crate::recipient::Recipient;
use crate::words::Written;

/// What a channel is handed.
pub(crate) struct OutgoingNotice<'a> {
    pub(crate) id: NoticeId,
    pub(crate) notice: &'a Notice,
    pub(crate) recipient: &'a Recipient,
    pub(crate) written: &'a Written,
    /// The notice is handed over at this time, unix seconds.
    pub(crate) now: u64,
}

/// What a channel made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HandoverResult {
    /// The channel took the notice.
    Taken,
    /// It has no address for this person.
    NoAddress,
    /// It will never take this one.
    Refused(String),
    /// It may take this one later.
    Later(String),
    /// It refuses this one for what is not about whom it is for: that is mended, and it is kept.
    Barred(String),
    /// It takes nothing now.
    Away(String),
    /// It takes nothing of us until somebody mends that.
    Shut(String),
}
