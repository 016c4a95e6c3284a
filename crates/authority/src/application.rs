//! Applications: what became of the newest order under a letter, and challenges that were used.

use crate::authority::Authority;
use crate::id::{OrderDigest, PersonId, Reference, Serial};
use crate::state::{ApplicationOutcome, OpenOrder, OrderEnd};
use records::bytes::Bytes;
use records::letter::CHALLENGE_SECONDS;

/// Challenges are remembered for so long beyond their life, in seconds: clocks differ.
const CHALLENGE_MARGIN: u64 = 3_600;

impl Authority {
    pub(crate) fn newest_under(&mut self, reference: &str, digest: OrderDigest) {
        if let Some(letter) = self.letter_mut(reference) {
            (letter.newest, letter.ended) = (Some(digest), None);
        }
    }

    pub(crate) fn ended_under(&mut self, reference: &str, digest: OrderDigest, ended: OrderEnd) {
        if let Some(letter) = self.letter_mut(reference)
            && letter.newest == Some(digest)
        {
            letter.ended = Some(ended);
        }
    }

    /// The order that waits under a letter, pending records counted; it may have expired.
    pub fn open_order_under(&self, reference: &str) -> Option<(OrderDigest, &OpenOrder)> {
        let digest = self.newest_order_under(reference)?;
        let open = self.entry(digest).filter(|_| !self.pending.ended.contains_key(&digest))?;
        Some((digest, open))
    }

    /// The newest order under a letter and what became of it by `now` (unix), pending records
    /// counted.
    pub fn application_under(
        &self,
        reference: &str,
        now: u64,
    ) -> Option<(OrderDigest, ApplicationOutcome)> {
        let digest = self.newest_order_under(reference)?;
        if let Some(ended) = self.pending.ended.get(&digest) {
            return Some((digest, ApplicationOutcome::Ended(*ended)));
        }
        if let Some(open) = self.entry(digest) {
            let outcome = if now > open.expires {
                ApplicationOutcome::Expired
            } else {
                ApplicationOutcome::Open
            };
            return Some((digest, outcome));
        }
        let ended = self.letter(reference)?.ended;
        Some((digest, ended.map_or(ApplicationOutcome::Expired, ApplicationOutcome::Ended)))
    }

    fn newest_order_under(&self, reference: &str) -> Option<OrderDigest> {
        let key = Reference::read(reference)?;
        let pending = self.pending.newest.get(&key).copied();
        pending.or_else(|| self.letters.get(&key)?.newest)
    }

    /// Open orders to revoke certificates of a person, pending records counted.
    pub fn open_orders_about(&self, person: &str) -> Vec<(OrderDigest, &OpenOrder)> {
        let Some(person) = PersonId::read(person) else { return Vec::new() };
        let range = OrderDigest::all_of(person);
        let mut digests: Vec<OrderDigest> =
            self.revoking.range(range.clone()).map(|(_, digest)| *digest).collect();
        digests.extend(self.pending.revoking.range(range).map(|(_, digest)| *digest));
        digests.sort_unstable();
        digests.dedup();
        let open = |digest: OrderDigest| {
            let ended = self.pending.ended.contains_key(&digest);
            self.entry(digest).filter(|_| !ended).map(|open| (digest, open))
        };
        digests.into_iter().filter_map(open).collect()
    }

    /// The certificate that was issued under a letter; what renewed it is asked for with its key.
    pub fn issued_under(&self, reference: &str) -> Option<Serial> {
        let issued = |serial: &&Serial| {
            self.held.get(*serial).is_some_and(|h| h.sha256.is_some() && h.renews.is_none())
        };
        self.letter(reference)?.serials.iter().rev().find(issued).copied()
    }

    /// The newest certificate that is issued or being issued under a letter, pending intents
    /// counted; abandoned ones are not.
    pub fn intended_under(&self, reference: &str) -> Option<Serial> {
        let key = Reference::read(reference)?;
        let counts = |serial: &&Serial| {
            !self.pending.abandoned.contains(*serial) && self.renews(serial).is_none()
        };
        let pending = self.pending.intended.get(&key).filter(counts);
        let known = || self.letters.get(&key)?.serials.iter().rev().find(counts);
        pending.or_else(known).copied()
    }

    /// Whether an application used this challenge, by its SHA-256; pending records counted.
    pub fn is_challenge_used(&self, challenge_sha256: &[u8]) -> bool {
        let Ok(digest) = <[u8; 32]>::try_from(challenge_sha256) else { return false };
        self.challenges.contains_key(&digest) || self.pending.challenges.contains(&digest)
    }

    pub(crate) fn use_challenge(&mut self, challenge_sha256: &Bytes, now: u64) {
        let Some(digest) = challenge_sha256.digest() else { return };
        if let Some(before) = self.challenges.insert(digest, now) {
            self.challenge_times.remove(&(before, digest));
        }
        self.challenge_times.insert((now, digest));
        let floor = now.saturating_sub(CHALLENGE_SECONDS + CHALLENGE_MARGIN);
        while let Some((time, digest)) = self.challenge_times.get_min().copied() {
            if time >= floor {
                break;
            }
            self.challenge_times.remove(&(time, digest));
            self.challenges.remove(&digest);
        }
    }
}
