//! The bytes of requests and answers that a listener holds at once. Whoever sends or asks has a
//! share: so many of them fill a memory only together. Where a share or all of it is full, what
//! holds most and waits for its client gives way to what is smaller: no halves keep others out.

use super::activity::Activity;
use super::limits::SOURCES_OF_NETWORK;
use super::source::{Network, Source};
use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

/// One certificate has so much of it: 64 senders of one gate hand in their largest pieces at once.
const SHARE_OF_PROVEN: usize = 4;
/// One source that proved nothing has so much.
const SHARE_OF_UNPROVEN: usize = 32;
/// Bytes of answers that one certificate has not taken yet. In all they have no bound: what is new
/// is new for every gate at once.
const ANSWERS_OF_PROVEN: usize = 128 * 1024 * 1024;
/// The same of one source that proved nothing, and of all of those together.
const ANSWERS_OF_SOURCE: usize = 16 * 1024 * 1024;
const ANSWERS_OF_STRANGERS: usize = 512 * 1024 * 1024;

/// Whose bytes they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Sender {
    Certificate([u8; 32]),
    Source(Source),
}

impl Sender {
    /// The network around whoever proved nothing.
    fn network(self) -> Option<Network> {
        match self {
            Self::Certificate(_) => None,
            Self::Source(source) => Some(source.network()),
        }
    }
}

/// The bytes of bodies that are held now.
#[derive(Debug)]
pub(super) struct Budget {
    most: usize,
    of_proven: usize,
    of_unproven: usize,
    /// By it a portion is known.
    next: AtomicU64,
    held: Mutex<HeldBytes>,
}

#[derive(Debug, Default)]
struct HeldBytes {
    all: usize,
    by: HashMap<Sender, SenderBytes>,
    networks: HashMap<Network, usize>,
}

/// What one sender holds, by each of its requests.
#[derive(Debug, Default)]
struct SenderBytes {
    bytes: usize,
    portions: HashMap<u64, Arc<PortionState>>,
}

impl Budget {
    /// So many bytes of requests.
    pub(super) fn of_requests(most: usize) -> Arc<Self> {
        let (of_proven, of_unproven) = (most / SHARE_OF_PROVEN, most / SHARE_OF_UNPROVEN);
        Self::with_shares(most, (of_proven, of_unproven))
    }

    /// Answers to whoever proved who they are.
    pub(super) fn of_answers() -> Arc<Self> {
        Self::with_shares(usize::MAX, (ANSWERS_OF_PROVEN, 0))
    }

    /// Answers to all others: whoever takes none of many loses the connection of the largest.
    pub(super) fn of_answers_to_strangers() -> Arc<Self> {
        Self::with_shares(ANSWERS_OF_STRANGERS, (0, ANSWERS_OF_SOURCE))
    }

    fn with_shares(most: usize, (of_proven, of_unproven): (usize, usize)) -> Arc<Self> {
        let (next, held) = (AtomicU64::new(0), Mutex::default());
        Arc::new(Self { most, of_proven, of_unproven, next, held })
    }

    /// What one request holds of it; it is given back when that is dropped.
    pub(super) fn portion(self: &Arc<Self>, sender: Sender) -> Arc<Portion> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (budget, state) = (self.clone(), Arc::default());
        Arc::new(Portion { budget, sender, number, refused: AtomicBool::new(false), state })
    }

    fn share(&self, sender: Sender) -> usize {
        match sender {
            Sender::Certificate(_) => self.of_proven,
            Sender::Source(_) => self.of_unproven,
        }
    }

    /// A network has the shares of a few sources, however many it has.
    fn share_of_network(&self) -> usize {
        self.of_unproven.saturating_mul(SOURCES_OF_NETWORK)
    }

    fn held(&self) -> MutexGuard<'_, HeldBytes> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HeldBytes {
    fn of(&self, sender: Sender) -> usize {
        self.by.get(&sender).map_or(0, |own| own.bytes)
    }

    /// The bytes of all that a network's sources hold; of a certificate's none.
    fn of_network(&self, sender: Sender) -> usize {
        let network = sender.network();
        network.and_then(|network| self.networks.get(&network)).copied().unwrap_or(0)
    }

    /// The same as [`Self::end_one`] of whoever of a network holds most and has one.
    fn end_one_of_network(&mut self, sender: Sender, more_than: usize) -> Option<Waker> {
        let all = self.by.iter().filter(|(other, _)| other.network() == sender.network());
        let mut all: Vec<(usize, Sender)> = all.map(|(one, held)| (held.bytes, *one)).collect();
        all.sort_unstable_by_key(|(bytes, _)| Reverse(*bytes));
        all.into_iter().find_map(|(_, one)| self.end_one(one, more_than))
    }

    /// The bytes of whoever holds most, if that is somebody else who holds more than this.
    fn largest(&self, sender: Sender) -> Option<Sender> {
        let others = self.by.iter().filter(|(other, _)| **other != sender);
        let largest = others.max_by_key(|(_, held)| held.bytes)?;
        (largest.1.bytes > self.of(sender)).then_some(*largest.0)
    }

    /// Takes its bytes from what holds most of a sender's, waits for its client and has more than
    /// so many, if there is one; gives who waits for it.
    fn end_one(&mut self, sender: Sender, more_than: usize) -> Option<Waker> {
        let own = self.by.get(&sender)?.portions.iter();
        let larger = own.filter(|(_, one)| one.bytes() > more_than && one.waits().is_some());
        let (number, one) = larger.max_by_key(|(_, one)| one.bytes())?;
        let (number, one) = (*number, one.clone());
        let waker = one.give_way()?;
        self.forget((sender, number), &one);
        Some(waker)
    }

    /// Counts what a portion held no more.
    fn forget(&mut self, (sender, number): (Sender, u64), one: &PortionState) {
        let bytes = one.bytes.swap(0, Ordering::Relaxed);
        self.all = self.all.saturating_sub(bytes);
        if let Some(network) = sender.network()
            && let Some(of_network) = self.networks.get_mut(&network)
        {
            *of_network = of_network.saturating_sub(bytes);
            if *of_network == 0 {
                self.networks.remove(&network);
            }
        }
        let Some(own) = self.by.get_mut(&sender) else { return };
        own.bytes = own.bytes.saturating_sub(bytes);
        own.portions.remove(&number);
        if own.portions.is_empty() {
            self.by.remove(&sender);
        }
    }
}

/// The bytes that one request holds.
#[derive(Debug)]
pub(super) struct Portion {
    budget: Arc<Budget>,
    sender: Sender,
    number: u64,
    refused: AtomicBool,
    state: Arc<PortionState>,
}

/// The same as others see it, who may need its bytes more.
#[derive(Debug, Default)]
struct PortionState {
    bytes: AtomicUsize,
    gave_way: AtomicBool,
    /// Who waits for more of it to come.
    waits: Mutex<Option<Waker>>,
}

impl PortionState {
    fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    fn waits(&self) -> MutexGuard<'_, Option<Waker>> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives way, if it still waits: what is all here never does.
    fn give_way(&self) -> Option<Waker> {
        let mut waits = self.waits();
        let waker = waits.take()?;
        self.gave_way.store(true, Ordering::Relaxed);
        Some(waker)
    }
}

impl Portion {
    /// Takes more bytes, unless there are too many of this sender's, or in all, and nothing that
    /// waits for its client holds more than this would.
    pub(super) fn take(&self, bytes: usize) -> bool {
        if self.gave_way() {
            return false;
        }
        let mut woken = Vec::new();
        let is_taken = self.taken(bytes, &mut woken);
        woken.into_iter().for_each(Waker::wake);
        if !is_taken {
            self.refused.store(true, Ordering::Relaxed);
        }
        is_taken
    }

    fn taken(&self, bytes: usize, woken: &mut Vec<Waker>) -> bool {
        let (budget, sender) = (&self.budget, self.sender);
        let mut held = budget.held();
        let own = self.state.bytes() + bytes;
        loop {
            let is_of_share = held.of(sender) + bytes <= budget.share(sender);
            let is_of_network = sender.network().is_none()
                || held.of_network(sender) + bytes <= budget.share_of_network();
            let ended = match (is_of_share, is_of_network, held.all + bytes <= budget.most) {
                (true, true, true) => break,
                (false, ..) => held.end_one(sender, own),
                (true, false, _) => held.end_one_of_network(sender, own),
                (true, true, false) => {
                    held.largest(sender).and_then(|other| held.end_one(other, own))
                }
            };
            let Some(waker) = ended else { return false };
            woken.push(waker);
        }
        held.all += bytes;
        if let Some(network) = sender.network() {
            *held.networks.entry(network).or_default() += bytes;
        }
        let sent = held.by.entry(sender).or_default();
        sent.bytes += bytes;
        sent.portions.entry(self.number).or_insert_with(|| self.state.clone());
        self.state.bytes.store(own, Ordering::Relaxed);
        true
    }

    /// Takes as many bytes of another budget and gives its own back, if that one has room.
    pub(super) fn move_to(&self, budget: &Arc<Budget>) -> Option<Arc<Self>> {
        let moved = budget.portion(self.sender);
        if !moved.take(self.state.bytes()) {
            return None;
        }
        self.budget.held().forget((self.sender, self.number), &self.state);
        Some(moved)
    }

    /// Whether something was refused, or given up for others.
    pub(super) fn was_refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed) || self.gave_way()
    }

    /// Whether its bytes were given up for others, and its request with them.
    pub(super) fn gave_way(&self) -> bool {
        self.state.gave_way.load(Ordering::Relaxed)
    }

    /// Whoever reads it waits for more to come, and is woken if it gives way; or waits no more.
    pub(super) fn wait(&self, waker: Option<&Waker>) {
        let mut waits = self.state.waits();
        let is_known = match (&*waits, waker) {
            (Some(known), Some(waker)) => known.will_wake(waker),
            (known, waker) => known.is_none() && waker.is_none(),
        };
        if !is_known {
            *waits = waker.cloned();
        }
    }
}

/// Ends a connection when it is woken: an answer on it that nobody took gives way.
pub(super) struct EndsConnection(pub(super) Arc<Activity>);

impl Wake for EndsConnection {
    fn wake(self: Arc<Self>) {
        self.0.end.cancel();
    }
}

impl Drop for Portion {
    fn drop(&mut self) {
        self.budget.held().forget((self.sender, self.number), &self.state);
    }
}

#[cfg(test)]
mod tests;
