//! What was turned away before it became a request of a person, counted by kind.

use records::Code;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

/// Most kinds that are told apart.
const KINDS_MAX: usize = 512;

/// Stage, code and serial number.
pub(super) type Kind = (&'static str, Code, String);

/// So many of one kind.
pub(super) struct Rejection {
    pub(super) count: u64,
    /// When the first of them came, in microseconds.
    pub(super) first: u64,
    /// Where the first of them came from.
    pub(super) source: SocketAddr,
}

/// What came since the last record of each kind.
#[derive(Default)]
pub(crate) struct Rejections {
    seen: Mutex<HashMap<Kind, Rejection>>,
}

impl Rejections {
    /// Counts one; says whether it is the first of its kind, which is recorded at once.
    pub(super) fn count(
        &self,
        (stage, code, serial): (&'static str, Code, &str),
        source: SocketAddr,
        micros: u64,
    ) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // One who varies what can be varied still makes no more records than this.
        let serial = if seen.len() < KINDS_MAX { serial } else { "" };
        let kind = (stage, code, serial.to_owned());
        match seen.get_mut(&kind) {
            Some(more) => {
                if more.count == 0 {
                    more.first = micros;
                    more.source = source;
                }
                more.count += 1;
                false
            }
            None => {
                seen.insert(kind, Rejection { count: 0, first: 0, source });
                true
            }
        }
    }

    /// Takes what was counted beyond the first ones.
    pub(super) fn take(&self) -> Vec<(Kind, Rejection)> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *seen).into_iter().filter(|(_, more)| more.count > 0).collect()
    }
}
