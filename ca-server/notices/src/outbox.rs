//! The outbox: notices that are kept until a channel took them. A row is sealed: its MAC, under a
//! key that only this role has, covers its name, channel and content, so that no hand in the
//! database makes the CA write to anybody.

use crate::notice::{Notice, NoticeId};
use aws_lc_rs::hmac;
use ca_store::table::notice::{DueRow, NoticeRow};

/// A notice that its recipient's side does not take is tried for this long, in seconds, while the
/// channel takes others, and failed then.
pub(crate) const TRIED_SECONDS: u64 = 3 * 86_400;
/// One that waits for what somebody here has to mend, a server that is away or refuses us, waits
/// for this long, in seconds: nobody for whom it is can do anything about that.
pub(crate) const WAITED_SECONDS: u64 = 30 * 86_400;
/// What became of notices is kept for this long, in seconds.
pub(crate) const KEPT_SECONDS: u64 = 90 * 86_400;
/// Notices of a channel that may wait: with more of them it is left out of what comes, and where
/// all channels have so many nothing is followed, until one takes some.
pub(crate) const WAITING_MAX: u64 = 100_000;
/// Pauses between tries double from the first to the last, in seconds.
const FIRST_PAUSE: u64 = 30;
const LAST_PAUSE: u64 = 3_600;

/// What seals and opens rows.
#[derive(Clone)]
pub(crate) struct Seal {
    key: hmac::Key,
    founding: [u8; 32],
}

impl Seal {
    /// The seal of this role in this city.
    pub(crate) fn new(key: hmac::Key, founding: [u8; 32]) -> Self {
        Self { key, founding }
    }

    /// A notice's row for a channel.
    pub(crate) fn row(
        &self,
        notice: &Notice,
        channel: &'static str,
        now: u64,
    ) -> anyhow::Result<NoticeRow> {
        let (id, bytes) = (notice.id(&self.founding), notice.write()?);
        let mac = hmac::sign(&self.key, &message(&id, channel, &bytes)).as_ref().to_vec();
        let person = notice.person.clone();
        Ok(NoticeRow { id: id.to_vec(), channel, person, notice: bytes, mac, made: now })
    }

    /// The notice of a row that this role wrote.
    pub(crate) fn open(&self, row: &DueRow, channel: &str) -> Option<(NoticeId, Notice)> {
        let id = NoticeId::try_from(row.id.as_slice()).ok()?;
        hmac::verify(&self.key, &message(&id, channel, &row.notice), &row.mac).ok()?;
        let notice = Notice::read(&row.notice).ok()?;
        (notice.id(&self.founding) == id).then_some((id, notice))
    }
}

fn message(id: &NoticeId, channel: &str, notice: &[u8]) -> Vec<u8> {
    [b"yinxin-outbox-v1\0".as_slice(), id, channel.as_bytes(), &[0], notice].concat()
}

/// Seconds until a notice or a channel is tried again after so many tries.
pub(crate) fn pause(tries: u64) -> u64 {
    let doubled = FIRST_PAUSE.checked_shl(u32::try_from(tries.min(30)).unwrap_or(30));
    doubled.unwrap_or(LAST_PAUSE).min(LAST_PAUSE)
}
