//! The bytes of requests and answers that a listener holds at once. Whoever sends or asks has a
//! share: so many of them fill a memory only together.

use super::source::Source;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// One certificate has so much of it: 64 senders of one gate hand in their largest pieces at once.
const SHARE_OF_PROVEN: usize = 4;
/// One source that proved nothing has so much.
const SHARE_OF_UNPROVEN: usize = 32;
/// Bytes of answers that one certificate has not taken yet. In all they have no bound: what is new
/// is new for every gate at once.
const ANSWERS_OF_PROVEN: usize = 128 * 1024 * 1024;

/// Whose bytes they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Sender {
    Certificate([u8; 32]),
    Source(Source),
}

/// The bytes of bodies that are held now.
#[derive(Debug)]
pub(super) struct Budget {
    most: usize,
    of_proven: usize,
    of_unproven: usize,
    held: Mutex<HeldBytes>,
}

#[derive(Debug, Default)]
struct HeldBytes {
    all: usize,
    by: HashMap<Sender, usize>,
}

impl Budget {
    /// So many bytes of requests.
    pub(super) fn of_requests(most: usize) -> Arc<Self> {
        let (of_proven, of_unproven) = (most / SHARE_OF_PROVEN, most / SHARE_OF_UNPROVEN);
        Arc::new(Self { most, of_proven, of_unproven, held: Mutex::default() })
    }

    /// Answers to whoever proved who they are: a process makes large ones for nobody else.
    pub(super) fn of_answers() -> Arc<Self> {
        let (most, of_proven) = (usize::MAX, ANSWERS_OF_PROVEN);
        Arc::new(Self { most, of_proven, of_unproven: usize::MAX, held: Mutex::default() })
    }

    /// What one request holds of it; it is given back when that is dropped.
    pub(super) fn portion(self: &Arc<Self>, sender: Sender) -> Arc<Portion> {
        let budget = self.clone();
        Arc::new(Portion { budget, sender, bytes: AtomicUsize::new(0), refused: false.into() })
    }

    fn share(&self, sender: Sender) -> usize {
        match sender {
            Sender::Certificate(_) => self.of_proven,
            Sender::Source(_) => self.of_unproven,
        }
    }

    fn held(&self) -> std::sync::MutexGuard<'_, HeldBytes> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bytes that one request holds.
#[derive(Debug)]
pub(super) struct Portion {
    budget: Arc<Budget>,
    sender: Sender,
    bytes: AtomicUsize,
    refused: AtomicBool,
}

impl Portion {
    /// Takes more bytes, unless there are too many of this sender's, or in all.
    pub(super) fn take(&self, bytes: usize) -> bool {
        let mut held = self.budget.held();
        let own = held.by.get(&self.sender).copied().unwrap_or(0);
        let fits =
            held.all + bytes <= self.budget.most && own + bytes <= self.budget.share(self.sender);
        if !fits {
            self.refused.store(true, Ordering::Relaxed);
            return false;
        }
        held.all += bytes;
        held.by.insert(self.sender, own + bytes);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        true
    }

    /// Whether something was refused.
    pub(super) fn was_refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }
}

impl Drop for Portion {
    fn drop(&mut self) {
        let bytes = self.bytes.load(Ordering::Relaxed);
        let mut held = self.budget.held();
        held.all = held.all.saturating_sub(bytes);
        if let Some(own) = held.by.get_mut(&self.sender) {
            *own = own.saturating_sub(bytes);
            if *own == 0 {
                held.by.remove(&self.sender);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    #[test]
    fn one_sender_holds_a_share_and_all_together_no_more_than_there_is() {
        let budget = Budget::of_requests(3_200);
        let source = |last: u8| Sender::Source(IpAddr::from([192, 0, 2, last]).into());
        let portions: Vec<_> = (0..10).map(|_| budget.portion(source(1))).collect();
        let taken = portions.iter().filter(|one| one.take(25)).count();
        assert_eq!(taken, 4, "a thirty-second, however many requests it is in");
        assert!(portions[9].was_refused() && !portions[0].was_refused());
        let proven = budget.portion(Sender::Certificate([1; 32]));
        assert!(proven.take(800) && !proven.take(1), "a quarter");
        let others: Vec<_> =
            (2..=5).map(|n| budget.portion(Sender::Certificate([n; 32]))).collect();
        assert_eq!(others.iter().filter(|one| one.take(700)).count(), 3, "all are {}", 3_200);
        drop(portions);
        drop(proven);
        assert!(others[3].take(700), "what ended is given back");
        drop(others);
        let answers = Budget::of_answers();
        let one = answers.portion(Sender::Certificate([1; 32]));
        let another = answers.portion(Sender::Certificate([2; 32]));
        assert!(one.take(ANSWERS_OF_PROVEN) && !one.take(1), "what nobody takes is bounded");
        assert!(another.take(ANSWERS_OF_PROVEN));
        let held = budget.held();
        assert_eq!((held.all, held.by.len()), (0, 0));
    }
}
