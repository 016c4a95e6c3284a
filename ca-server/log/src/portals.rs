//! How much of what a portal's process tells is kept. Its own process sums up what happens again
//! and again; one that was captured does not, so that it is counted here as well: beyond what an
//! honest one can have to tell, records are taken and only their number stands in the log.

use service::Tally;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Records of a process at once: all that the spool of one holds that was cut off from the log.
const AT_ONCE: u64 = 100_000;
/// Records of a process a minute for ever: fifty times what a city of 100,000 people has on a
/// working day.
const A_MINUTE: u64 = 300;

/// What each process of a portal may still have kept; in memory alone.
pub(super) struct Portals {
    rates: Mutex<BTreeMap<String, Rate>>,
    over: Mutex<Tally<String, ()>>,
    began: Instant,
}

impl Default for Portals {
    fn default() -> Self {
        Self { rates: Mutex::default(), over: Mutex::default(), began: Instant::now() }
    }
}

/// How many records may come now, in sixtieths of a record, and when that was so.
#[derive(Clone, Copy)]
struct Rate {
    sixtieths: u64,
    at: u64,
}

/// Records that came together and may be kept. Nothing was used up of their process's rate unless
/// they were: what is not durable comes again.
pub(super) struct Admitted<'a> {
    portals: &'a Portals,
    maker: &'a str,
    kept: usize,
    over: usize,
    were_kept: bool,
}

impl Admitted<'_> {
    /// So many may be kept.
    pub(super) fn kept(&self) -> usize {
        self.kept
    }

    /// They are durable: those that came beyond are counted, and it says whether the first of them
    /// is told at once.
    pub(super) fn were_kept(self) -> bool {
        let now = self.portals.began.elapsed().as_secs();
        self.were_kept_at(now)
    }

    fn were_kept_at(mut self, now: u64) -> bool {
        self.were_kept = true;
        self.portals.count_over(self.maker, self.over, now)
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        if !self.were_kept {
            self.portals.give_back(self.maker, self.kept);
        }
    }
}

impl Portals {
    /// Admits records of a process that came now.
    pub(super) fn admit<'a>(&'a self, maker: &'a str, count: usize) -> Admitted<'a> {
        self.admit_at(maker, count, self.began.elapsed().as_secs())
    }

    fn admit_at<'a>(&'a self, maker: &'a str, count: usize, now: u64) -> Admitted<'a> {
        let mut rates = self.rates.lock().unwrap_or_else(PoisonError::into_inner);
        let full = Rate { sixtieths: AT_ONCE * 60, at: now };
        let rate = rates.entry(maker.to_owned()).or_insert(full);
        let came = now.saturating_sub(rate.at).saturating_mul(A_MINUTE);
        let there = rate.sixtieths.saturating_add(came).min(AT_ONCE * 60);
        let kept = (there / 60).min(count as u64);
        *rate = Rate { sixtieths: there - kept * 60, at: now.max(rate.at) };
        let kept = usize::try_from(kept).unwrap_or(count);
        Admitted { portals: self, maker, kept, over: count - kept, were_kept: false }
    }

    fn give_back(&self, maker: &str, kept: usize) {
        let mut rates = self.rates.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(rate) = rates.get_mut(maker) {
            rate.sixtieths = (rate.sixtieths + kept as u64 * 60).min(AT_ONCE * 60);
        }
    }

    /// Counts records that are not kept; says whether one is told now.
    fn count_over(&self, maker: &str, over: usize, now: u64) -> bool {
        let maker = maker.to_owned();
        let mut counted = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        counted.at(now);
        let tells = over > 0 && !counted.is_told(&maker, 1);
        if tells {
            counted.told(maker.clone());
        }
        (usize::from(tells)..over).for_each(|_| counted.count(&maker, ()));
        tells
    }

    /// What was told is not durable after all: it counts with the others.
    pub(super) fn not_told(&self, maker: &str, count: u64) {
        let mut counted = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        counted.again(&maker.to_owned(), count, ());
    }

    /// What was counted in minutes that are over.
    pub(super) fn due(&self) -> Counts {
        self.take(Tally::due)
    }

    /// What was counted so far.
    pub(super) fn rest(&self) -> Counts {
        self.take(Tally::rest)
    }

    fn take(&self, take: impl FnOnce(&mut Tally<String, ()>) -> Vec<(String, u64, ())>) -> Counts {
        let mut counted = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        counted.at(self.began.elapsed().as_secs());
        take(&mut counted).into_iter().map(|(maker, count, ())| (maker, count)).collect()
    }
}

/// How many records of each process were not kept.
type Counts = Vec<(String, u64)>;

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "portal-1/portal-staff";
    const PIECE: usize = 256;

    /// A captured portal calls 10,000 times within an hour, with as much as a call takes.
    #[test]
    fn a_captured_portal_fills_no_log() {
        let portals = Portals::default();
        let (mut kept, mut told, mut counted) = (0, 0, 0);
        for call in 0..10_000 {
            let now = call * 3_600 / 10_000;
            let admitted = portals.admit_at(OWN, PIECE, now);
            kept += admitted.kept();
            let tells = u64::from(admitted.were_kept_at(now));
            let due = portals.over.lock().unwrap().due();
            told += tells + due.len() as u64;
            counted += tells + due.iter().map(|(_, n, ())| n).sum::<u64>();
        }
        let rest = portals.rest();
        counted += rest.iter().map(|(_, count)| count).sum::<u64>();
        let most = AT_ONCE + 60 * A_MINUTE;
        assert!(kept as u64 <= most && kept as u64 > most - A_MINUTE, "{kept}");
        assert!(told <= 61, "{told}");
        assert_eq!(kept as u64 + counted, 10_000 * PIECE as u64, "none is forgotten");
    }

    /// All that waited while the log was away is kept, and so is what comes all day.
    #[test]
    fn an_honest_portal_is_kept_whole() {
        let portals = Portals::default();
        for _ in 0..AT_ONCE / PIECE as u64 {
            let admitted = portals.admit_at(OWN, PIECE, 0);
            assert_eq!(admitted.kept(), PIECE);
            assert!(!admitted.were_kept_at(0));
        }
        for minute in 1..600 {
            let admitted = portals.admit_at(OWN, A_MINUTE as usize, minute * 60);
            assert_eq!(admitted.kept(), A_MINUTE as usize, "{minute}");
            assert!(!admitted.were_kept_at(minute * 60));
        }
        let other = portals.admit_at("portal-1/portal-public", PIECE, 36_000);
        assert_eq!(other.kept(), PIECE, "no process takes the places of another");
    }

    /// What is not durable comes again, and was not counted.
    #[test]
    fn what_could_not_be_written_uses_nothing_up() {
        let portals = Portals::default();
        for _ in 0..10 * AT_ONCE / PIECE as u64 {
            drop(portals.admit_at(OWN, PIECE, 0));
        }
        let admitted = portals.admit_at(OWN, PIECE, 0);
        assert_eq!(admitted.kept(), PIECE);
        assert!(!admitted.were_kept_at(0) && portals.rest().is_empty());
    }
}
