//! Most of what is committed is nothing that is followed: records of `access`, rows of others. A
//! question that finds something committed looks whether the head and what waits for it are what
//! the view was made of, with one statement and on its own thread. Only where they are not, or it
//! cannot tell, the task that follows is woken and waited for.

use super::Shared;
use super::state::ViewBasis;
use crate::intake::LedgerError;
use crate::replay::{Floor, LOG, ReplayError};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tlog::merkle::Hash;
use tokio::time::timeout;

/// A look that takes longer says nothing.
const LOOK_MAX: Duration = Duration::from_secs(2);

/// The one question that looks. Whatever becomes of it, what it does not answer is followed.
struct Looking<'a> {
    of: &'a Shared,
    is_unmoved: bool,
}

impl Drop for Looking<'_> {
    fn drop(&mut self) {
        self.of.looks.store(false, Ordering::Release);
        if !self.is_unmoved {
            self.of.wake.notify_one();
        }
    }
}

impl Shared {
    /// Answers the questions up to a number by the view where nothing moved; otherwise has it
    /// followed. While another question looks nothing is looked at twice: what many ask at once,
    /// one round answers.
    pub(super) async fn look(&self, wanted: u64) {
        if self.looks.swap(true, Ordering::AcqRel) {
            self.wake.notify_one();
            return;
        }
        let mut looking = Looking { of: self, is_unmoved: false };
        looking.is_unmoved = matches!(timeout(LOOK_MAX, self.is_unmoved()).await, Ok(Ok(true)));
        if looking.is_unmoved {
            self.tried.send_modify(|tried| *tried = wanted.max(*tried));
        }
    }

    /// Whether the view still says what the database does: the very head that was verified, nothing
    /// published above it, and the rows that were noticed.
    async fn is_unmoved(&self) -> Result<bool, ReplayError> {
        let Some(basis) = self.view.load().basis else { return Ok(false) };
        // Asked before the database is: what is published was committed.
        let floor = self.replay.above(basis.head);
        let mut tx = self.store.read().await?;
        let found = store::row!(
            &mut tx,
            (i64, Vec<u8>, String, i64, i64),
            "select h.size, h.root, h.checkpoint, \
             coalesce((select max(position) from log_pending where log_id = $1), 0), \
             (select count(*) from log_pending where log_id = $1) \
             from log_head h where h.log_id = $1",
            LOG
        )?;
        let Some((size, root, note, newest, rows)) = found else { return Ok(false) };
        let root = Hash::try_from(root).map_err(|_| LedgerError::Damaged("root"))?;
        let size = u64::try_from(size).map_err(|_| LedgerError::Damaged("size"))?;
        let now = ViewBasis { head: Floor { size, root }, waiting: (newest, rows) };
        let view = self.view.load();
        let is_same = view.basis == Some(now) && floor == now.head;
        Ok(is_same && !view.problem && self.replay.is_last(&note))
    }
}
