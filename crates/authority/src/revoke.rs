//! Revocations: what follows from a lawful cause, computed from what is signed and never taken from
//! the record that claims it.

use super::{Authority, Revoked, key};
use records::bytes::Bytes;
use records::code::Code;
use records::order::Body;
use records::record::{Cause, Record};
use sha2::{Digest, Sha256};

const LOSS_REASON: &str = "keyCompromise";
const END_REASON: &str = "cessationOfOperation";

impl Authority {
    /// Every serial number that a cause revokes, if it is lawful: a judged order, the HMAC of a
    /// letter's loss key, an enacted departure, or an intent that has no result.
    pub fn revocation(
        &self,
        cause: &Cause,
        approvals: &[Bytes],
        at: u64,
    ) -> Result<Vec<(String, Revoked)>, Code> {
        let (serials, reason) = match cause {
            Cause::Order { order } => {
                let judged = self.judge(&key(order), Some(approvals), at)?;
                let Body::Revoke(body) = judged.body else { return Err(Code::UnsignedAuthority) };
                (body.serials, body.reason)
            }
            Cause::Loss { reference, value } => {
                let letter = self.letters.get(reference).ok_or(Code::WrongCode)?;
                if Sha256::digest(&value.0).as_slice() != letter.loss_sha256.0 {
                    return Err(Code::WrongCode);
                }
                (letter.serials.clone(), LOSS_REASON.to_owned())
            }
            Cause::Left { person } => {
                if !self.people.contains_key(person) || !self.has_left(person) {
                    return Err(Code::UnsignedAuthority);
                }
                (self.serials_of(person), END_REASON.to_owned())
            }
            Cause::Abandoned { order } => {
                let theirs = |(_, intended): &(&String, &super::Intended)| intended.under == *order;
                let serials: Vec<String> =
                    self.intents.iter().filter(theirs).map(|(serial, _)| serial.clone()).collect();
                if serials.is_empty() {
                    return Err(Code::UnsignedAuthority);
                }
                (serials, END_REASON.to_owned())
            }
        };
        let revoked = |serial: String| {
            let until = self.held.get(&serial).map_or(self.last_end(), |held| held.until);
            (serial, Revoked { at, reason: reason.clone(), not_after: until })
        };
        Ok(serials.into_iter().map(revoked).collect())
    }

    /// Gives effect to a revocation in the tree.
    pub(super) fn revoke(
        &mut self,
        cause: &Cause,
        approvals: &[Bytes],
        record: &Record,
    ) -> Result<(), Code> {
        for (serial, revoked) in self.revocation(cause, approvals, record.unix())? {
            self.intents.remove(&serial);
            if matches!(cause, Cause::Abandoned { .. }) {
                self.free_letter(&serial);
            }
            self.revoked.entry(serial).or_insert(revoked);
        }
        match cause {
            Cause::Order { order } => self.close(&key(order), Code::OrderConsumed),
            Cause::Loss { reference, .. } => {
                if let Some(letter) = self.letters.get_mut(reference) {
                    letter.lost = true;
                }
            }
            Cause::Left { .. } | Cause::Abandoned { .. } => {}
        }
        Ok(())
    }

    /// The letter of an abandoned intent can be used again.
    fn free_letter(&mut self, serial: &str) {
        let held = self.held.get(serial).map(|held| held.reference.clone());
        if let Some(letter) = held.and_then(|reference| self.letters.get_mut(&reference)) {
            letter.serials.retain(|known| known != serial);
        }
    }

    /// Serial numbers of a person's certificates.
    pub fn serials_of(&self, person: &str) -> Vec<String> {
        self.people.get(person).map(|person| person.serials.clone()).unwrap_or_default()
    }

    /// No certificate of this city ends later: the life of the root.
    fn last_end(&self) -> u64 {
        records::time::read(&self.founding.founded).unwrap_or(0) + 25 * 366 * 86_400
    }

    /// Whether a serial number is revoked, pending revocations counted.
    pub fn is_revoked(&self, serial: &str) -> bool {
        self.revoked.contains_key(serial) || self.pending.revoked.contains_key(serial)
    }

    /// When and why a certificate was revoked, pending revocations counted.
    pub fn revoked_as(&self, serial: &str) -> Option<&Revoked> {
        self.revoked.get(serial).or_else(|| self.pending.revoked.get(serial))
    }

    /// Every revoked serial number, pending revocations counted.
    pub fn all_revoked(&self) -> impl Iterator<Item = (&String, &Revoked)> {
        let pending = self.pending.revoked.iter();
        self.revoked.iter().chain(pending.filter(|(s, _)| !self.revoked.contains_key(*s)))
    }

    /// Whether the loss of a letter was reported, pending reports counted.
    pub fn is_lost(&self, reference: &str) -> bool {
        self.pending.lost.contains(reference)
            || self.letters.get(reference).is_some_and(|letter| letter.lost)
    }
}
