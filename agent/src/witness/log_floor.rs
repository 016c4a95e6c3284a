//! What a gate saw last of the control log: the checkpoint by which its rules came, which it keeps,
//! or a newer one by which a certificate was proven since it began. A log that has less than that,
//! or shows another history, proves nothing here, whatever its key signed.

use super::logged_certificate::LOG;
use crate::world::Marks;
use records::floor::{LogHead, NotFollowed};
use records::trust::Trust;
use records::{Bytes, Code};
use std::sync::{Arc, Mutex, PoisonError};

/// The newest checkpoint that was believed.
#[derive(Default)]
pub(super) struct LogFloor {
    /// Where the one of the rules is kept.
    marks: Arc<Mutex<Marks>>,
    /// The newest one of a certificate.
    proven: Mutex<Option<LogHead>>,
}

impl LogFloor {
    /// The floor beside marks that are kept.
    pub(super) fn of(marks: Arc<Mutex<Marks>>) -> Self {
        Self { marks, proven: Mutex::default() }
    }

    /// The newest checkpoint, if there is one yet. A mark that is none proves nothing, and lets
    /// nothing be proven.
    pub(super) fn newest(&self, trust: &Trust) -> Result<Option<LogHead>, Code> {
        let mark = self.marks.lock().unwrap_or_else(PoisonError::into_inner).control.clone();
        let marked = match mark.as_str() {
            "" => None,
            note => Some(opened(trust, note).ok_or(Code::CertificateUnproven)?),
        };
        let proven = self.proven.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(marked.into_iter().chain(proven).max_by_key(LogHead::size))
    }

    /// Takes the checkpoint of a proof, if it goes on from the one that was the newest when the
    /// proof was asked for.
    pub(super) fn follow(
        &self,
        trust: &Trust,
        note: &str,
        (seen, continues): (Option<&LogHead>, &[Bytes]),
    ) -> Result<(), NotFollowed> {
        let head = opened(trust, note).ok_or(NotFollowed::Unproven)?;
        if let Some(seen) = seen {
            head.follows(seen, continues)?;
        }
        let mut proven = self.proven.lock().unwrap_or_else(PoisonError::into_inner);
        if proven.as_ref().is_none_or(|known| known.size() < head.size()) {
            *proven = Some(head);
        }
        Ok(())
    }
}

fn opened(trust: &Trust, note: &str) -> Option<LogHead> {
    LogHead::open(note, &trust.log_key(LOG)?).ok()
}
