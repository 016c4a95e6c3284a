//! Revocations: what follows from a lawful cause, computed from what is signed and never taken from
//! the record that claims it.

use crate::authority::Authority;
use crate::id::{NamesOrder, Serial};
use crate::state::OrderEnd;
use crate::state::Revoked;
use pki::PublicKey;
use records::bytes::Bytes;
use records::code::Code;
use records::json;
use records::label::Label;
use records::letter::LossReceipt;
use records::order::Body;
use records::record::Cause;
use records::revocation::RevocationStatement;
use sha2::{Digest, Sha256};
use std::sync::Arc;

const LOSS_REASON: &str = "keyCompromise";
const SUPERSEDED_REASON: &str = "superseded";
const END_REASON: &str = "cessationOfOperation";

impl Authority {
    /// Every serial number that a cause revokes, if it is lawful: a judged order, the HMAC of a
    /// letter's loss key, an enacted departure, a successor that has counted for long enough, a
    /// system's own signature or its end, or an intent that has no result.
    pub fn revocation(
        &self,
        cause: &Cause,
        approvals: &[Bytes],
        at: u64,
    ) -> Result<Vec<(Serial, Revoked)>, Code> {
        let (serials, reason) = match cause {
            Cause::Order { order } => {
                let judged = self.judge(order, Some(approvals), at)?;
                let Body::Revoke(body) = &**judged.body() else {
                    return Err(Code::UnsignedAuthority);
                };
                let serials = body.serials.iter().filter_map(|serial| Serial::read(serial));
                (serials.collect(), body.reason.clone())
            }
            Cause::Loss { reference, value } => {
                let letter = self.letter(reference).ok_or(Code::WrongCode)?;
                if Sha256::digest(&value.0).as_slice() != letter.loss_sha256 {
                    return Err(Code::WrongCode);
                }
                (letter.serials.clone(), LOSS_REASON.to_owned())
            }
            Cause::Left { person } => {
                let known = self.person(person).ok_or(Code::UnsignedAuthority)?;
                if !self.has_left(person) {
                    return Err(Code::UnsignedAuthority);
                }
                (known.serials.clone(), END_REASON.to_owned())
            }
            Cause::Superseded { serial } => {
                let old = Serial::read(serial).filter(|old| self.is_superseded(old, at));
                (vec![old.ok_or(Code::UnsignedAuthority)?], SUPERSEDED_REASON.to_owned())
            }
            Cause::Machine { account, jws } => {
                let (serial, reason) = self.judged_machine_revocation(account.as_deref(), jws)?;
                (vec![serial], reason.to_owned())
            }
            Cause::Cmp { system, message, certificate } => {
                let shown = certificate.as_ref().map(|der| der.0.as_slice());
                let (serial, reason) = self.cmp_revocation(system, &message.0, shown)?;
                (vec![serial], reason.to_owned())
            }
            Cause::Closed { system } => (self.ended_of(system)?, END_REASON.to_owned()),
            Cause::Lapsed { statement, signature } => return self.lapse(statement, signature),
            Cause::Abandoned { order } => {
                let intents = self.intents.iter();
                let theirs = intents.filter(|(_, intended)| *order.0 == intended.under);
                let serials: Vec<Serial> = theirs.map(|(serial, _)| *serial).collect();
                if serials.is_empty() {
                    return Err(Code::UnsignedAuthority);
                }
                (serials, END_REASON.to_owned())
            }
        };
        let revoked = |serial: Serial| {
            let held = self.held.get(&serial).map(|held| held.until);
            let of_system = || self.system_certificates.get(&serial).map(|own| own.until);
            let until = held.or_else(of_system).unwrap_or(self.last_end());
            (serial, Revoked { at, reason: reason.clone(), not_after: until })
        };
        Ok(serials.into_iter().map(revoked).collect())
    }

    /// Since when a revocation counts: what a key of the CA signed about just this cause. The
    /// record's own time is a claim, and whoever holds the database writes it.
    pub fn counts_from(
        &self,
        cause: &Cause,
        (statement, signature): (&Bytes, &Bytes),
    ) -> Result<u64, Code> {
        let Cause::Loss { reference, .. } = cause else {
            let registry = &self.fixed.registry;
            if !self.signatures.verify(Label::Revocation, registry, &statement.0, &signature.0) {
                return Err(Code::UnsignedAuthority);
            }
            let read: RevocationStatement =
                json::read(&statement.0).map_err(|_| Code::Malformed)?;
            return read.counts_from(&self.fixed.digest, cause).ok_or(Code::UnsignedAuthority);
        };
        let status = PublicKey::read(&self.fixed.founding.keys.status.0);
        let status = status.map_err(|_| Code::UnsignedAuthority)?;
        if !self.signatures.verify(Label::Receipt, &status, &statement.0, &signature.0) {
            return Err(Code::UnsignedAuthority);
        }
        let read: LossReceipt = json::read(&statement.0).map_err(|_| Code::Malformed)?;
        let own =
            read.v == 1 && read.reference == *reference && read.founding.0 == self.fixed.digest;
        records::time::read(&read.time).filter(|_| own).ok_or(Code::UnsignedAuthority)
    }

    /// Gives effect to a revocation in the tree.
    pub(super) fn revoke(
        &mut self,
        cause: &Cause,
        approvals: &[Bytes],
        since: (&Bytes, &Bytes),
    ) -> Result<(), Code> {
        let at = self.counts_from(cause, since)?;
        for (serial, revoked) in self.revocation(cause, approvals, at)? {
            let intended = self.intents.remove(&serial);
            if matches!(cause, Cause::Abandoned { .. }) {
                self.free_letter(&serial);
                self.free_renewed(&serial);
                if let Some(intended) = intended {
                    self.promised.remove(&intended.under);
                }
            }
            self.suspended.remove(&serial);
            self.revoked.entry(serial).or_insert_with(|| Arc::new(revoked));
            self.no_longer_superseding(serial);
            self.no_longer_living(serial);
            if let Some(person) = self.held.get(&serial).map(|held| held.person) {
                self.note_leaving(&person);
            }
        }
        match cause {
            Cause::Order { order } => {
                if let Some(digest) = order.order_digest() {
                    self.close(digest, OrderEnd::Consumed);
                }
            }
            Cause::Loss { reference, .. } => {
                if let Some(letter) = self.letter_mut(reference) {
                    letter.lost = true;
                }
            }
            Cause::Left { .. }
            | Cause::Machine { .. }
            | Cause::Cmp { .. }
            | Cause::Closed { .. }
            | Cause::Lapsed { .. }
            | Cause::Superseded { .. }
            | Cause::Abandoned { .. } => {}
        }
        Ok(())
    }

    /// The letter of an abandoned intent can be used again.
    fn free_letter(&mut self, serial: &Serial) {
        let reference = self.held.get(serial).and_then(|held| held.reference);
        if let Some(letter) = reference.and_then(|reference| self.letters.get_mut(&reference)) {
            Arc::make_mut(letter).serials.retain(|known| known != serial);
        }
    }

    /// Serial numbers of a person's certificates.
    pub fn serials_of(&self, person: &str) -> Vec<Serial> {
        self.person(person).map(|person| person.serials.clone()).unwrap_or_default()
    }

    /// No certificate of this city ends later: the life of the root.
    pub(crate) fn last_end(&self) -> u64 {
        self.fixed.founded + 25 * 366 * 86_400
    }

    /// Whether a serial number is revoked or suspended, pending records counted.
    pub fn is_revoked(&self, serial: &str) -> bool {
        self.revoked_as(serial).is_some()
    }

    /// When and why a certificate was revoked or suspended, pending records counted.
    pub fn revoked_as(&self, serial: &str) -> Option<&Revoked> {
        self.revoked_entry(&Serial::read(serial)?)
    }

    pub(crate) fn revoked_entry(&self, serial: &Serial) -> Option<&Revoked> {
        let pending = || self.pending.revoked.get(serial);
        let revoked = self.revoked.get(serial).or_else(pending).map(|revoked| &**revoked);
        revoked.or_else(|| self.suspended_entry(serial).map(|suspended| &suspended.revoked))
    }

    /// Every revoked or suspended serial number in the tree.
    pub fn revoked(&self) -> impl Iterator<Item = (&Serial, &Revoked)> {
        let suspended = self.suspended.iter();
        let suspended = suspended.filter_map(|(serial, all)| Some((serial, &all.first()?.revoked)));
        self.revoked.iter().map(|(serial, revoked)| (serial, &**revoked)).chain(suspended)
    }

    /// Every revoked or suspended serial number, pending records counted.
    pub fn all_revoked(&self) -> impl Iterator<Item = (&Serial, &Revoked)> {
        let pending = self.pending.revoked.iter();
        let pending = pending.filter(|(serial, _)| !self.revoked.contains_key(*serial));
        let suspended = self.suspended_serials();
        let suspended = suspended.map(|(serial, one)| (serial, &one.revoked));
        let revoked = self.revoked.iter().chain(pending);
        revoked.map(|(serial, revoked)| (serial, &**revoked)).chain(suspended)
    }
}
