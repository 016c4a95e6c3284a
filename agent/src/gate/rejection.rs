//! What was turned away before it became a request of a person, counted by kind: the first of a
//! kind is told at once, those after it together each minute. It asks nobody for the time.

use records::Code;
use service::Tally;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

/// Most kinds within a minute that are told apart by a serial number; beyond them it is left out.
const KINDS_MAX: usize = 60;

/// Stage, code and serial number of a certificate of ours.
pub(super) type Kind = (&'static str, Code, String);

/// So many of one kind.
pub(super) struct Rejection {
    pub(super) count: u64,
    /// When and where the first of them came.
    pub(super) first: Arrival,
}

/// One that was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arrival {
    /// In microseconds.
    pub(super) micros: u64,
    pub(super) source: SocketAddr,
}

/// What came since the last record of each kind.
#[derive(Default)]
pub(crate) struct Rejections {
    seen: Mutex<Tally<Kind, Arrival>>,
}

impl Rejections {
    /// Counts one; gives its kind if it is the first of it, which is recorded at once. `now` is in
    /// seconds of anything that never goes back.
    pub(super) fn count(
        &self,
        (stage, code, serial): (&'static str, Code, &str),
        arrival: Arrival,
        now: u64,
    ) -> Option<Kind> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.at(now);
        let mut kind = (stage, code, serial.to_owned());
        // One who varies what can be varied still makes no more records than this.
        if seen.len() >= KINDS_MAX && !seen.is_told(&kind, 1) {
            kind.2.clear();
        }
        if !seen.is_told(&kind, 1) {
            seen.told(kind.clone());
            return Some(kind);
        }
        let first = seen.counted(&kind).copied().unwrap_or(arrival);
        seen.count(&kind, first);
        None
    }

    /// Takes what was counted beyond the first ones in each minute that is over.
    pub(super) fn due(&self, now: u64) -> Vec<(Kind, Rejection)> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.at(now);
        together(seen.due())
    }

    /// Takes all that was counted: nobody is turned away any more.
    pub(super) fn rest(&self) -> Vec<(Kind, Rejection)> {
        together(self.seen.lock().unwrap_or_else(PoisonError::into_inner).rest())
    }
}

fn together(counted: Vec<(Kind, u64, Arrival)>) -> Vec<(Kind, Rejection)> {
    let told = |(kind, count, first)| (kind, Rejection { count, first });
    counted.into_iter().map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival(micros: u64) -> Arrival {
        Arrival { micros, source: ([192, 0, 2, 1], 443).into() }
    }

    /// Whoever turns up a hundred times a second is two records a minute: the first at once, the
    /// others with their number, and when the first of these came.
    #[test]
    fn whoever_is_turned_away_again_and_again_is_two_records_a_minute() {
        let rejections = Rejections::default();
        let kind = ("handshake", Code::CertificateForeign, "");
        let mut records = 0;
        for tick in 0..6_000_u64 {
            let one = rejections.count(kind, arrival(tick), tick / 100);
            records += usize::from(one.is_some()) + rejections.due(tick / 100).len();
        }
        assert_eq!(records, 1);
        let [(_, told)] = &*rejections.due(60) else { panic!("one kind") };
        assert_eq!((told.count, told.first), (5_999, arrival(1)));
        assert!(rejections.due(60).is_empty());
        rejections.count(kind, arrival(7), 61);
        assert_eq!(rejections.rest().len(), 1, "an end tells what was counted");
    }

    /// However many certificates somebody shows, a minute has so many records.
    #[test]
    fn many_kinds_of_strangers_at_a_gate_are_told_apart_up_to_a_bound() {
        let rejections = Rejections::default();
        let mut first = 0;
        for number in 0..10_000 {
            let serial = format!("{number:040x}");
            let kind = ("head", Code::CertificateExpired, serial.as_str());
            first += usize::from(rejections.count(kind, arrival(0), 0).is_some());
        }
        assert_eq!(first, KINDS_MAX + 1);
        let together = rejections.due(60);
        assert_eq!(together.len(), 1, "all others, without a serial number");
        assert_eq!(together[0].0.2, "");
        assert_eq!(together[0].1.count, 10_000 - 61);
    }
}
