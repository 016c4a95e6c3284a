//! Renewals: who holds a certificate asks for the next one with the old one's key. Where nothing
//! became another since, and the profile does not ask for more, that signature carries the order;
//! otherwise officers approve it as any other. The old certificate is superseded by itself when
//! both have counted for long enough.

use crate::authority::Authority;
use crate::id::{OrderDigest, Serial, Sha256Value};
use crate::state::{ApplicationOutcome, OpenOrder, OrderEnd, PersonCertificate, RenewalState};
use pki::PublicKey;
use pki::profile::ProfileRenewal;
use records::bytes::Bytes;
use records::code::Code;
use records::join::use_message;
use records::label::Label;
use records::order::{Body, IssueBody, ORDER_SECONDS, Order, Renewal, ReviewReason};
use sha2::{Digest, Sha256};
use std::sync::Arc;

const DAY_SECONDS: u64 = 86_400;

/// What a renewal's signature and request prove, before anything is asked of the state.
#[derive(Clone, Copy, Debug)]
pub struct RenewalClaim<'a> {
    /// The old certificate is named by its SHA-256.
    pub certificate: &'a Bytes,
    /// The challenge is 16 bytes that the agent or holder drew.
    pub challenge: &'a Bytes,
    /// The request for the new key is PKCS#10 in DER.
    pub request: &'a Bytes,
    /// DER SubjectPublicKeyInfo of the old key.
    pub asked_by: &'a Bytes,
    /// The old key made this signature over the request.
    pub signature: &'a Bytes,
}

impl<'a> RenewalClaim<'a> {
    fn of(renewal: &'a Renewal) -> Self {
        let Renewal { certificate, challenge, request, asked_by, signature, .. } = renewal;
        Self { certificate, challenge, request, asked_by, signature }
    }
}

impl crate::Signatures {
    /// Whether the old key signed for the new one, and the new one proved possession; gives both.
    /// The request is kept in clear, so that nothing but the key stands in it.
    pub fn renewal(&self, claim: &RenewalClaim<'_>) -> Result<(PublicKey, PublicKey), Code> {
        let old = PublicKey::read(&claim.asked_by.0).map_err(|_| Code::KeyUnknown)?;
        let request = self.request(&claim.request.0).ok_or(Code::RequestMalformed)?;
        if !request.subject().is_empty() || request.has_attributes() {
            return Err(Code::RequestMalformed);
        }
        let RenewalClaim { certificate, challenge, request: new, signature, .. } = claim;
        if challenge.0.len() != 16 {
            return Err(Code::Malformed);
        }
        let message = use_message(&certificate.0, &challenge.0, &new.0);
        match self.verify(Label::Use, &old, &message, &signature.0) {
            true => Ok((old, request.key().clone())),
            false => Err(Code::RenewalSignature),
        }
    }
}

impl PersonCertificate {
    /// First and last second in which it may be renewed.
    pub fn renewable(&self, terms: ProfileRenewal) -> (u64, u64) {
        let days = |days: u32| u64::from(days) * DAY_SECONDS;
        let opens = self.not_after.saturating_sub(days(terms.window_days));
        (opens, self.not_after + days(terms.grace_days))
    }
}

impl Authority {
    /// Whether a certificate may be renewed at `now` (unix), pending records counted: it was issued
    /// to a person in office, its profile says so, it is in time, neither it nor its letter was
    /// taken away, it is not suspended, and nothing renewed it.
    pub fn may_renew(&self, serial: &Serial, now: u64) -> Result<&PersonCertificate, Code> {
        let (held, terms) = self.holds_to_renew(serial)?;
        if self.renewed_by(serial).is_some() {
            return Err(Code::RenewalDone);
        }
        let rejected = ApplicationOutcome::Ended(OrderEnd::Rejected);
        if self.renewal_of(serial, now).is_some_and(|(_, outcome)| outcome == rejected) {
            return Err(Code::RenewalRejected);
        }
        let (opens, closes) = held.renewable(terms);
        match () {
            () if now < opens => Err(Code::RenewalEarly),
            () if now > closes => Err(Code::RenewalLate),
            () => Ok(held),
        }
    }

    /// The same, whenever it is and whatever became of a renewal before.
    pub fn holds_to_renew(
        &self,
        serial: &Serial,
    ) -> Result<(&PersonCertificate, ProfileRenewal), Code> {
        let held = self.held.get(serial).filter(|held| held.sha256.is_some());
        let held = held.ok_or(Code::CertificateForeign)?;
        if self.has_left(&held.person) {
            return Err(Code::PersonLeft);
        }
        if self.is_ended_entry(serial) {
            return Err(Code::CertificateRevoked);
        }
        if self.suspended_entry(serial).is_some() {
            return Err(Code::CertificateSuspended);
        }
        // Without a letter nobody could report the loss of what comes next.
        let letter = held.reference.as_ref().ok_or(Code::RenewalNever)?;
        self.check_letter(letter)?;
        let terms = self.profile_of(&held.profile)?.profile.renewal();
        Ok((held, terms.ok_or(Code::RenewalNever)?))
    }

    /// Why officers have to look at a renewal that is taken at `now`.
    pub fn review(&self, held: &PersonCertificate, now: u64) -> Result<Vec<ReviewReason>, Code> {
        let person = self.people.get(&held.person).ok_or(Code::PersonUnknown)?;
        let profile = self.profile_of(&held.profile)?;
        let asked = profile.profile.renewal().is_none_or(|renewal| renewal.approval);
        let says = held.says;
        let reasons = [
            (ReviewReason::Asked, asked),
            (ReviewReason::Expired, now > held.not_after),
            (ReviewReason::Person, person.version != says.person_version),
            (ReviewReason::Profile, profile.version != says.profile_version),
            (ReviewReason::Unit, self.units_digest(&person.unit) != says.units),
        ];
        Ok(reasons.into_iter().filter_map(|(reason, holds)| holds.then_some(reason)).collect())
    }

    /// SHA-256 of what a certificate says of a unit.
    pub(crate) fn units_digest(&self, unit: &str) -> Sha256Value {
        let mut digest = Sha256::new();
        for id in self.organizational_units(unit) {
            digest.update([id.as_bytes(), &[0]].concat());
        }
        digest.finalize().into()
    }

    /// A renewal in an order is what its holder's key signed, taken when the order was made.
    pub(crate) fn renewal_proven(&self, order: &Order, issue: &IssueBody) -> Result<(), Code> {
        let Some(renewal) = &issue.renewal else { return Ok(()) };
        let (old, new) = self.signatures.renewal(&RenewalClaim::of(renewal))?;
        let held = Serial::read(&renewal.serial).and_then(|serial| self.held.get(&serial));
        let held = held.ok_or(Code::CertificateForeign)?;
        let own = held.sha256.is_some_and(|sha256| sha256.as_slice() == renewal.certificate.0)
            && held.person == issue.person
            && held.key_sha256 == old.sha256()
            && new.spki() == issue.key.0;
        let timely = renewal.unix() + ORDER_SECONDS == order.expires_unix();
        if own && timely { Ok(()) } else { Err(Code::RenewalSignature) }
    }

    /// A renewal still fits: everything that [`Self::may_renew`] asks, and officers were told of
    /// everything that they have to look at.
    pub(crate) fn renewal_fits(&self, issue: &IssueBody, renewal: &Renewal) -> Result<(), Code> {
        let serial = Serial::read(&renewal.serial).ok_or(Code::Malformed)?;
        let held = self.may_renew(&serial, renewal.unix())?;
        if held.person != issue.person || *held.profile != *issue.profile.id {
            return Err(Code::UnsignedAuthority);
        }
        let told = |reason| renewal.review.contains(reason);
        match self.review(held, renewal.unix())?.iter().all(told) {
            true => Ok(()),
            false => Err(Code::PersonChanged),
        }
    }

    /// Whether an order needs nobody's approval: the key of the certificate that it renews signed
    /// for it, and there is nothing to look at.
    pub fn carries_itself(&self, body: &Body) -> bool {
        let Body::Issue(issue) = body else { return false };
        issue.renewal.as_ref().is_some_and(|renewal| renewal.review.is_empty())
    }

    /// The certificate that renews this one, from its intent on; pending intents counted, abandoned
    /// ones not.
    pub fn renewed_by(&self, serial: &Serial) -> Option<Serial> {
        let pending = self.pending.renewed.get(serial);
        let known = || self.renewals.get(serial)?.by;
        let by = pending.copied().or_else(known)?;
        (!self.pending.abandoned.contains(&by)).then_some(by)
    }

    /// The certificate that this one renews.
    pub fn renews(&self, serial: &Serial) -> Option<Serial> {
        self.held.get(serial)?.renews
    }

    /// The newest order to renew a certificate and what became of it by `now`, pending records
    /// counted.
    pub fn renewal_of(
        &self,
        serial: &Serial,
        now: u64,
    ) -> Option<(OrderDigest, ApplicationOutcome)> {
        let known = self.renewals.get(serial);
        let pending = self.pending.renewing.get(serial).copied();
        let newest = pending.or_else(|| known?.newest)?;
        let ended = self.pending.ended.get(&newest).copied();
        let ended = ended.or_else(|| known.filter(|k| k.newest == Some(newest))?.ended);
        let open = || self.entry(newest).filter(|open| now <= open.expires);
        Some((
            newest,
            match ended {
                Some(ended) => ApplicationOutcome::Ended(ended),
                None if open().is_some() => ApplicationOutcome::Open,
                None => ApplicationOutcome::Expired,
            },
        ))
    }

    /// The open order to renew a certificate.
    pub fn open_renewal_of(&self, serial: &Serial) -> Option<(OrderDigest, &OpenOrder)> {
        let (digest, outcome) = self.renewal_of(serial, 0)?;
        let open = self.entry(digest).filter(|_| outcome == ApplicationOutcome::Open);
        open.map(|open| (digest, open))
    }

    /// Certificates whose time beside their successors is over at `now`, and that nothing revoked.
    pub fn superseded(&self, now: u64) -> Vec<Serial> {
        let due = self.superseding.iter().take_while(|(from, _)| *from <= now);
        let due = due.map(|(_, serial)| *serial);
        due.filter(|serial| self.waits_to_be_superseded(serial)).collect()
    }

    /// When the next certificate is superseded, unix.
    pub fn next_superseded(&self) -> Option<u64> {
        let mut all = self.superseding.iter();
        all.find(|(_, serial)| self.waits_to_be_superseded(serial)).map(|(from, _)| *from)
    }

    fn waits_to_be_superseded(&self, serial: &Serial) -> bool {
        self.revoked_entry(serial).is_none() && self.is_superseded(serial, u64::MAX)
    }

    /// Whether a certificate may be superseded at `at`: its successor was issued, and both have
    /// counted for long enough.
    pub(crate) fn is_superseded(&self, serial: &Serial, at: u64) -> bool {
        let renewed = self.renewals.get(serial);
        let issued = |by: &Serial| self.held.get(by).is_some_and(|held| held.sha256.is_some());
        renewed.is_some_and(|one| one.by.as_ref().is_some_and(issued) && one.superseded_from <= at)
    }

    pub(crate) fn renewal_mut(&mut self, serial: Serial) -> &mut RenewalState {
        Arc::make_mut(self.renewals.entry(serial).or_default())
    }

    /// An order to renew was added.
    pub(crate) fn newest_renewal(&mut self, renewal: &Renewal, digest: OrderDigest) {
        if let Some(serial) = Serial::read(&renewal.serial) {
            let state = self.renewal_mut(serial);
            (state.newest, state.ended) = (Some(digest), None);
        }
    }

    /// An order to renew is over.
    pub(crate) fn ended_renewal(
        &mut self,
        renewal: &Renewal,
        digest: OrderDigest,
        ended: OrderEnd,
    ) {
        let Some(serial) = Serial::read(&renewal.serial) else { return };
        let state = self.renewal_mut(serial);
        if state.newest == Some(digest) {
            state.ended = Some(ended);
        }
    }

    /// What is revoked is not superseded any more.
    pub(crate) fn no_longer_superseding(&mut self, serial: Serial) {
        if let Some(from) = self.renewals.get(&serial).map(|state| state.superseded_from) {
            self.superseding.remove(&(from, serial));
        }
    }

    /// The successor of a certificate is given up: it can be renewed again.
    pub(crate) fn free_renewed(&mut self, by: &Serial) {
        let Some(old) = self.renews(by) else { return };
        let state = self.renewal_mut(old);
        if state.by == Some(*by) {
            let from = state.superseded_from;
            state.by = None;
            self.superseding.remove(&(from, old));
        }
    }
}
