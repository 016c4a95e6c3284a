//! Requests that clients of HTTP/2 take back before they are answered.
//!
//! A stream that is reset makes room for the next one, while what was begun for it may go on: how
//! many are open at once bounds nothing then (CVE-2023-44487). So each sender has so many of them
//! at once and a second; whoever takes back one more loses the connection it came over, and whoever
//! takes back nothing loses nothing.

use super::budget::Sender;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// So many requests a sender may take back at once: several pages that a browser gives up.
pub(super) const AT_ONCE: u64 = 400;
/// So many more each second.
const A_SECOND: u64 = 20;
/// Most senders with a certificate that are remembered, and most of all others; one more of a kind
/// is allowed nothing until another is forgotten.
const SENDERS_MAX: usize = 4_096;
/// What one of them weighs: each millisecond takes [`A_SECOND`] of it away.
const WEIGHT: u64 = 1_000;

/// What was taken back lately, by whose it was. No crowd of addresses costs anybody with a
/// certificate their connection.
#[derive(Debug, Default)]
pub(super) struct TakenBack {
    proven: Mutex<HashMap<Sender, TakenLately>>,
    strangers: Mutex<HashMap<Sender, TakenLately>>,
}

#[derive(Clone, Copy, Debug)]
struct TakenLately {
    weight: u64,
    at: Instant,
}

impl TakenLately {
    /// What is left of it now.
    fn left(&self, now: Instant) -> u64 {
        let passed = now.saturating_duration_since(self.at).as_millis();
        let passed = u64::try_from(passed).unwrap_or(u64::MAX);
        self.weight.saturating_sub(passed.saturating_mul(A_SECOND))
    }
}

impl TakenBack {
    /// Counts one more; says whether its sender may take back so many.
    pub(super) fn allows(&self, sender: Sender, now: Instant) -> bool {
        let lately = match sender {
            Sender::Certificate(_) => &self.proven,
            Sender::Source(_) => &self.strangers,
        };
        let mut lately = lately.lock().unwrap_or_else(PoisonError::into_inner);
        if lately.len() >= SENDERS_MAX && !lately.contains_key(&sender) {
            lately.retain(|_, one| one.left(now) > 0);
            if lately.len() >= SENDERS_MAX {
                return false;
            }
        }
        let own = lately.entry(sender).or_insert(TakenLately { weight: 0, at: now });
        let weight = own.left(now).saturating_add(WEIGHT);
        let is_allowed = weight <= AT_ONCE * WEIGHT;
        // What is refused counts no further: the sender is not kept out for longer by it.
        *own = TakenLately { weight: weight.min(AT_ONCE * WEIGHT), at: now };
        is_allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, Ipv4Addr};
    use std::time::Duration;

    fn source(number: u32) -> Sender {
        Sender::Source(IpAddr::from(Ipv4Addr::from_bits(number)).into())
    }

    /// A sender has so many at once, gets more with time and takes none of another's; however many
    /// senders there are, so many are remembered, and whoever has a certificate is apart from them.
    #[test]
    fn so_many_requests_of_a_sender_are_taken_back() {
        let taken = TakenBack::default();
        let began = Instant::now();
        let at_once = (0..AT_ONCE + 5).filter(|_| taken.allows(source(1), began)).count();
        assert_eq!(u64::try_from(at_once).unwrap(), AT_ONCE);
        assert!(taken.allows(source(2), began), "another one's are its own");
        assert!(taken.allows(Sender::Certificate([1; 32]), began));
        let later = began + Duration::from_secs(1);
        let again = (0..AT_ONCE).filter(|_| taken.allows(source(1), later)).count();
        assert_eq!(u64::try_from(again).unwrap(), A_SECOND);

        let crowd = u32::try_from(SENDERS_MAX).unwrap();
        let known = (10..10 + crowd).filter(|one| taken.allows(source(*one), later)).count();
        assert_eq!(taken.strangers.lock().unwrap().len(), SENDERS_MAX);
        assert!(known < SENDERS_MAX && !taken.allows(source(9), later));
        assert!(taken.allows(Sender::Certificate([2; 32]), later), "whoever has a certificate");
        let much_later = later + Duration::from_secs(60);
        assert!(taken.allows(source(9), much_later), "what is long ago is forgotten");
        assert_eq!(taken.strangers.lock().unwrap().len(), 1);
    }
}
