//! Suspensions: who may suspend what, computed from what is signed; how one ends. A suspended
//! certificate counts as revoked wherever somebody asks, until an order of others releases it. What
//! is revoked is neither suspended nor released.

use crate::approver::Capacity;
use crate::authority::Authority;
use crate::id::{PersonId, Serial, Sha256Value};
use crate::state::{PersonCertificate, Revoked, SuspendedCertificate, SuspensionSource};
use pki::crl::RevocationReason;
use pki::profile::Holder;
use pki::{Certificate, PublicKey};
use records::bytes::Bytes;
use records::code::Code;
use records::json;
use records::label::Label;
use records::order::{Body, ReleaseBody};
use records::record::RevokedSerial;
use records::rules::Role;
use records::suspension::{
    HOLD, Suspension, SuspensionCause, SuspensionNotice, SuspensionStatement,
};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Why a letter's holder suspends: the key may be in other hands.
const LETTER_REASON: &str = "keyCompromise";

/// Who suspends which certificates, how, for which reason and when.
struct SuspensionClaim {
    by: PersonId,
    said: SuspensionSource,
    serials: Vec<Serial>,
    reason: String,
    at: u64,
    told_by: Option<Arc<str>>,
}

impl Authority {
    /// What a cause suspends, if it is lawful: everything under a letter, or what somebody named.
    /// Nothing that is revoked, and nothing that whoever says it suspended before in that way; what
    /// had its effect once takes nothing again, neither the same certificate after its release nor
    /// another that came under the letter since.
    pub fn suspension(
        &self,
        cause: &SuspensionCause,
    ) -> Result<Vec<(Serial, SuspendedCertificate)>, Code> {
        let name = cause.name();
        let SuspensionClaim { by, said, serials, reason, at, told_by } = match cause {
            SuspensionCause::Letter { value, notice, signature } => {
                self.by_letter(value, (notice, signature))?
            }
            SuspensionCause::Signed { suspension, notice, signature } => {
                self.by_signature(suspension, (notice, signature))?
            }
            SuspensionCause::Portal { notice, signature } => self.by_portal((notice, signature))?,
        };
        let (said_at, at) = (at, at.max(self.signed_time));
        let is_spent = self.suspensions.contains_key(&name);
        let open = serials.into_iter().filter(|one| !is_spent && !self.is_ended_entry(one));
        let suspended = |serial: Serial| {
            let not_after = self.held.get(&serial).map_or(self.last_end(), |held| held.until);
            let revoked = Revoked { at, reason: HOLD.to_owned(), not_after };
            let (reason, told_by) = (reason.clone(), told_by.clone());
            (serial, SuspendedCertificate { name, by, said, reason, told_by, said_at, revoked })
        };
        Ok(open.map(suspended).collect())
    }

    /// Somebody signed it with a key that we certified, and the status key that this counted when
    /// it was taken: in time, of somebody who may, and leaving whoever could release it. Nobody
    /// judges that again later: a receipt that left is a suspension.
    fn by_signature(
        &self,
        suspension: &Suspension,
        notice: (&Bytes, &Bytes),
    ) -> Result<SuspensionClaim, Code> {
        let (read, certificate) = self.said_in(suspension)?;
        self.check_signed(suspension)?;
        let by = certificate.subject().person().and_then(PersonId::read);
        let by = by.filter(|_| self.is_issued_by_us(&certificate));
        let by = by.ok_or(Code::ApprovalSignature)?;
        let (serial, _) = self.may_be_suspended(suspension, &read)?;
        let told = self.notice_of_status(notice)?;
        // It counts from when it was taken: a statement that is dated ahead holds no longer.
        let same = told.told == format!("person:{by}")
            && told.serials == [serial.to_string()]
            && told.reason == read.reason
            && told.statement == Some(Sha256::digest(&suspension.statement.0).as_slice().into())
            && told.unix() <= read.unix();
        let (serials, at, said) = (vec![serial], told.unix(), SuspensionSource::Signature);
        match same {
            true => {
                Ok(SuspensionClaim { by, said, serials, at, reason: read.reason, told_by: None })
            }
            false => Err(Code::UnsignedAuthority),
        }
    }

    fn by_letter(&self, value: &Bytes, notice: (&Bytes, &Bytes)) -> Result<SuspensionClaim, Code> {
        let said = self.notice_of_status(notice)?;
        let reference = said.told.strip_prefix("letter:").ok_or(Code::UnsignedAuthority)?;
        self.check_suspension_value(reference, value)?;
        let letter = self.letter(reference).ok_or(Code::WrongCode)?;
        let (by, at) = (letter.person, said.unix());
        // What the receipt names was on its way under the letter, and may come behind it.
        let mut serials = letter.serials.clone();
        for text in &said.serials {
            let serial = Serial::read(text).ok_or(Code::UnsignedAuthority)?;
            if !serials.contains(&serial) && !self.held.contains_key(&serial) {
                serials.push(serial);
            }
        }
        let (said, reason) = (SuspensionSource::Letter, LETTER_REASON.to_owned());
        Ok(SuspensionClaim { by, said, serials, reason, at, told_by: None })
    }

    fn by_portal(&self, notice: (&Bytes, &Bytes)) -> Result<SuspensionClaim, Code> {
        let said = self.notice_of(notice, &self.fixed.registry)?;
        let portal = said.told.strip_prefix("portal:").ok_or(Code::UnsignedAuthority)?;
        let by = PersonId::read(&said.person).ok_or(Code::UnsignedAuthority)?;
        let own = |text: &String| {
            let serial = Serial::read(text)?;
            self.held.get(&serial).filter(|held| held.person == by).map(|_| serial)
        };
        let serials: Option<Vec<Serial>> = said.serials.iter().map(own).collect();
        let (serials, at) = (serials.ok_or(Code::UnsignedAuthority)?, said.unix());
        let (told_by, reason) = (Some(portal.into()), said.reason);
        Ok(SuspensionClaim { by, said: SuspensionSource::Portal, serials, reason, at, told_by })
    }

    /// Whether a portal told of a suspension whose record names nothing else.
    pub(crate) fn is_told_by_portal(
        &self,
        cause: &SuspensionCause,
        certificates: &[RevokedSerial],
    ) -> bool {
        let SuspensionCause::Portal { notice, signature } = cause else { return false };
        let Ok(told) = self.by_portal((notice, signature)) else { return false };
        let mut named = certificates.iter().map(|one| Serial::read(&one.serial));
        named.all(|one| one.is_some_and(|one| told.serials.contains(&one)))
    }

    fn notice_of_status(&self, notice: (&Bytes, &Bytes)) -> Result<SuspensionNotice, Code> {
        let key = PublicKey::read(&self.fixed.founding.keys.status.0);
        self.notice_of(notice, &key.map_err(|_| Code::UnsignedAuthority)?)
    }

    fn notice_of(
        &self,
        (notice, signature): (&Bytes, &Bytes),
        key: &PublicKey,
    ) -> Result<SuspensionNotice, Code> {
        if !self.signatures.verify(Label::Suspended, key, &notice.0, &signature.0) {
            return Err(Code::UnsignedAuthority);
        }
        let read: SuspensionNotice = json::read(&notice.0).map_err(|_| Code::Malformed)?;
        let known = RevocationReason::from_name(&read.reason).is_some();
        let ours = read.v == 1 && read.founding.0 == self.fixed.digest;
        let sound = ours && read.nonce.0.len() == 16 && read.unix() != 0;
        if sound && known { Ok(read) } else { Err(Code::UnsignedAuthority) }
    }

    /// Whether a value is that of a letter's suspension key.
    pub fn check_suspension_value(&self, reference: &str, value: &Bytes) -> Result<(), Code> {
        let letter = self.letter(reference).ok_or(Code::WrongCode)?;
        match Sha256::digest(&value.0).as_slice() == letter.suspend_sha256 {
            true => Ok(()),
            false => Err(Code::WrongCode),
        }
    }

    /// Who signed a suspension, by a certificate that counts at `now`, and of what. Everybody may
    /// suspend their own certificates; officers and handlers those of the people in their care.
    pub fn check_suspension(
        &self,
        suspension: &Suspension,
        now: u64,
    ) -> Result<(PersonId, Serial), Code> {
        let (read, certificate) = self.said_in(suspension)?;
        let said = suspension.signed_statement();
        let by = match suspension.assertion {
            Some(_) => self.said_by(&said, now)?,
            None => {
                self.signatures.signer(&said).ok_or(Code::ApprovalSignature)?;
                self.holder(&certificate, now)?
            }
        };
        let by = PersonId::read(&by).ok_or(Code::PersonUnknown)?;
        let (serial, held) = self.may_be_suspended(suspension, &read)?;
        if by != held.person && !self.cares_for(&by, &held.person) {
            return Err(Code::ApproverScope);
        }
        self.counts_on(&said)?;
        Ok((by, serial))
    }

    /// Whether the key of the certificate that a suspension names signed it, or the passkey beside
    /// that was touched for it; whether it still counts is another question.
    pub fn check_signed(&self, suspension: &Suspension) -> Result<(), Code> {
        let (_, certificate) = self.said_in(suspension)?;
        let said = suspension.signed_statement();
        match suspension.assertion {
            Some(_) => self.check_assertion(&said, &certificate),
            None => self.signatures.signer(&said).map(drop).ok_or(Code::ApprovalSignature),
        }
    }

    /// What a suspension says, of this city and by the certificate that it names.
    fn said_in(
        &self,
        suspension: &Suspension,
    ) -> Result<(SuspensionStatement, Arc<Certificate>), Code> {
        let read = suspension.read()?;
        let certificate = self.signatures.certificate(&suspension.certificate.0);
        let certificate = certificate.ok_or(Code::ApprovalSignature)?;
        let ours = read.founding.0 == self.fixed.digest;
        match ours && read.certificate.0 == certificate.sha256() {
            true => Ok((read, certificate)),
            false => Err(Code::ApprovalSignature),
        }
    }

    /// The certificate that a suspension names, for a reason that there is. A captured page has a
    /// touch meant for something else: it takes no staff away with it.
    fn may_be_suspended(
        &self,
        suspension: &Suspension,
        read: &SuspensionStatement,
    ) -> Result<(Serial, &PersonCertificate), Code> {
        let serial = Serial::read(&read.serial).ok_or(Code::NotFound)?;
        let held = self.held.get(&serial).ok_or(Code::NotFound)?;
        RevocationReason::from_name(&read.reason).ok_or(Code::Malformed)?;
        match suspension.assertion.is_some() && self.is_of_staff(held) {
            true => Err(Code::SignatureNeeded),
            false => Ok((serial, held)),
        }
    }

    /// Whether a certificate is one with which its holder acts for the city.
    pub fn is_of_staff(&self, held: &PersonCertificate) -> bool {
        let profile = self.profile(&held.profile);
        profile.is_none_or(|profile| profile.profile.holder() != Holder::Person)
    }

    /// Whether a person's certificates are in somebody's care: they handle papers for the unit, or
    /// could approve a revocation there.
    pub(crate) fn cares_for(&self, by: &PersonId, person: &PersonId) -> bool {
        let Some(about) = self.people.get(person) else { return false };
        let above = self.above(&about.unit);
        let rule = self.rules.approvals.rule("revoke");
        let counts = |role: &Role| {
            *role == Role::UnitHandler || rule.is_some_and(|rule| rule.roles.contains(role))
        };
        let held = self.people.get(by).into_iter().flat_map(|own| own.roles.iter());
        let mut held = held.filter(|(role, scope)| self.holds(by.as_str(), *role, scope));
        held.any(|(role, scope)| counts(role) && above.contains(&scope.as_str()))
    }

    /// Whether two people with a credential that holds could release a certificate that `by`
    /// suspends: nobody alone takes everybody away who could undo it.
    pub fn leaves_releasers(&self, by: &PersonId, serial: &Serial, now: u64) -> Result<(), Code> {
        let held = self.held.get(serial).ok_or(Code::NotFound)?;
        let body = Body::Release(ReleaseBody {
            person: held.person.to_string(),
            serial: serial.to_string(),
            suspension: Bytes::default(),
            by: by.to_string(),
            reason: String::new(),
            since: String::new(),
            evidence: Bytes::default(),
        });
        let needed = usize::try_from(self.needed(&body)).unwrap_or(usize::MAX);
        let left = self.credentials.values().filter(|credential| {
            credential.serial.is_some_and(|one| {
                let good = self.held.get(&one).is_some_and(|held| held.not_after >= now);
                good && one != *serial && self.revoked_entry(&one).is_none()
            })
        });
        let left = left.flat_map(|one| self.capacities_about(one.person.as_str(), &body, now));
        let mut left: Vec<Capacity> = left.collect();
        // A deputy beside whom they act for is one voice: those with roles of their own come first.
        left.sort_by_key(|one| one.acting_for.is_some());
        let mut voices: Vec<Capacity> = Vec::new();
        for one in left {
            if self.is_new_voice(&voices, &one) {
                voices.push(one);
            }
        }
        if voices.len() >= needed { Ok(()) } else { Err(Code::SuspensionAlone) }
    }

    /// Gives effect to a suspension in the tree, beside those that stand: whoever suspended knows
    /// that theirs holds until it is released itself.
    pub(crate) fn suspend(&mut self, cause: &SuspensionCause, now: u64) -> Result<(), Code> {
        for (serial, suspended) in self.suspension(cause)? {
            add(self.suspended.entry(serial).or_default(), suspended);
        }
        self.suspensions.entry(cause.name()).or_insert(now);
        if let SuspensionCause::Signed { suspension, .. } = cause {
            self.count(&suspension.signed_statement());
        }
        Ok(())
    }

    /// A suspension is felt before the tree has it, as it will stand there: said again, it counts
    /// since the first.
    pub(crate) fn notice_suspended(&mut self, cause: &SuspensionCause) {
        let Ok(suspended) = self.suspension(cause) else { return };
        for (serial, suspended) in suspended {
            let known = self.suspended.get(&serial);
            let known = known.and_then(|all| all.iter().find(|one| one.is_said_as(&suspended)));
            let stands = match known.cloned() {
                Some(mut known) => {
                    known.said_again(suspended);
                    known
                }
                None => suspended,
            };
            add(self.pending.suspended.entry(serial).or_default(), stands);
        }
        if let SuspensionCause::Signed { suspension, .. } = cause {
            self.notice_counter(&suspension.signed_statement());
        }
    }

    /// The suspension of a certificate that is not revoked, pending records counted: the first of
    /// those that stand.
    pub fn suspended_as(&self, serial: &str) -> Option<&SuspendedCertificate> {
        self.suspended_entry(&Serial::read(serial)?)
    }

    pub(crate) fn suspended_entry(&self, serial: &Serial) -> Option<&SuspendedCertificate> {
        self.suspensions_of(serial).next()
    }

    /// The suspension that stands by whoever says it now, in that way.
    pub fn suspended_by(
        &self,
        serial: &Serial,
        said: SuspensionSource,
        by: &PersonId,
    ) -> Option<&SuspendedCertificate> {
        self.suspensions_of(serial).find(|one| one.said == said && one.by == *by)
    }

    /// Every suspension of a certificate that is not revoked, pending records counted: in the order
    /// in which they will stand in the tree.
    fn suspensions_of(&self, serial: &Serial) -> impl Iterator<Item = &SuspendedCertificate> {
        let is_ended = self.is_ended_entry(serial);
        let pending = self.pending.suspended.get(serial).filter(|_| !is_ended);
        let pending = pending.map_or(&[][..], |standing| standing);
        let known = self.suspended.get(serial).filter(|_| !is_ended);
        let known = known.map_or(&[][..], |standing| standing);
        let is_new =
            move |newer: &&SuspendedCertificate| !known.iter().any(|one| one.is_said_as(newer));
        let again = known.iter().map(move |one| {
            let newer = pending.iter().find(|newer| newer.is_said_as(one));
            newer.unwrap_or(one)
        });
        again.chain(pending.iter().filter(is_new))
    }

    /// Every suspension of certificates that are not revoked, pending records counted.
    pub fn all_suspended(&self) -> impl Iterator<Item = (&Serial, &SuspendedCertificate)> {
        let all = self.suspended.iter().chain(self.pending.suspended.iter());
        let open = all.filter(|(serial, _)| !self.is_ended_entry(serial));
        open.flat_map(|(serial, standing)| standing.iter().map(move |one| (serial, one)))
    }

    /// Every certificate that is suspended and not revoked, pending records counted, with the first
    /// suspension that stands.
    pub(crate) fn suspended_serials(
        &self,
    ) -> impl Iterator<Item = (&Serial, &SuspendedCertificate)> {
        let pending = self.pending.suspended.iter();
        let pending = pending.filter(|(serial, _)| !self.suspended.contains_key(*serial));
        let all = self.suspended.iter().chain(pending);
        all.filter_map(|(serial, _)| Some((serial, self.suspensions_of(serial).next()?)))
    }

    /// Whether a serial number is revoked and not only suspended, pending records counted.
    pub fn is_ended(&self, serial: &str) -> bool {
        Serial::read(serial).is_some_and(|serial| self.is_ended_entry(&serial))
    }

    pub(crate) fn is_ended_entry(&self, serial: &Serial) -> bool {
        self.revoked.contains_key(serial) || self.pending.revoked.contains_key(serial)
    }

    /// Whether the tree gave effect to a suspension of this name.
    pub fn knows_suspension(&self, name: &Sha256Value) -> bool {
        self.suspensions.contains_key(name)
    }
}

/// Adds a suspension to those that stand. Said again by the same, in the same way, it is the newest
/// that stands, so that no release of an older one ends it; since when stays since the first.
fn add(standing: &mut Arc<Vec<SuspendedCertificate>>, suspended: SuspendedCertificate) {
    let standing = Arc::make_mut(standing);
    match standing.iter_mut().find(|one| one.is_said_as(&suspended)) {
        Some(known) => known.said_again(suspended),
        None => standing.push(suspended),
    }
}
