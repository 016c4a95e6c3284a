//! Certificates: whose they are, from their intents on, and which keys may be certified.

use crate::authority::Authority;
use crate::id::digest_of;
use crate::id::{PersonId, Reference, Serial, Sha256Value};
use crate::judge::Judged;
use crate::state::{CertifiedAs, Credential, OpenIntent, PersonCertificate, ServiceCertificate};
use pki::PublicKey;
use pki::profile::Holder;
use records::bytes::Bytes;
use records::code::Code;
use records::order::{Body, IssueBody, ORDER_SECONDS, OVERLAP_SECONDS};
use records::record::Event;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Why an intent without a result is revoked.
const GIVEN_UP: &str = "cessationOfOperation";

impl Authority {
    /// Whether a key may be certified for a subject: a person's id, or a service and its process.
    /// No key of the system, of another subject or of any revoked certificate may; pending records
    /// counted.
    pub fn may_certify(&self, key: &PublicKey, subject: &str) -> Result<(), Code> {
        self.may_own(key.sha256(), subject)
    }

    /// The same of a key by its SHA-256.
    pub(crate) fn may_own(&self, digest: Sha256Value, subject: &str) -> Result<(), Code> {
        let services = self.service_keys.get(&digest);
        let others_service = services.is_some_and(|keys| {
            keys.iter().any(|own| format!("{}/{}", own.service, own.process) != subject)
        });
        let others_credential =
            self.credentials.get(&digest).is_some_and(|c| c.person.as_str() != subject);
        let pending = self.pending.keys.get(&digest);
        let others_pending = pending.is_some_and(|owner| **owner != *subject);
        let others_certificate = self
            .certified(digest)
            .any(|serial| self.is_withdrawn(serial) || self.subject_of(serial) != Some(subject));
        let foreign = self.fixed.system_keys.contains(&digest)
            || others_service
            || others_credential
            || others_pending
            || others_certificate;
        if foreign { Err(Code::KeyForeign) } else { Ok(()) }
    }

    /// Whether a certificate was revoked for more than that its intent was given up after a crash:
    /// then nobody ever had it, and its key may be tried again by whom it belongs to.
    fn is_withdrawn(&self, serial: &Serial) -> bool {
        self.revoked_entry(serial).is_some() && !self.is_given_up(serial)
    }

    fn is_given_up(&self, serial: &Serial) -> bool {
        let own = || self.system_certificates.get(serial).is_none_or(|own| own.is_issued);
        let issued = self.held.get(serial).map_or_else(own, |held| held.sha256.is_some());
        let revoked = self.revoked_entry(serial);
        !issued && revoked.is_some_and(|revoked| revoked.reason == GIVEN_UP)
    }

    /// Serial numbers of every certificate of a key.
    pub(crate) fn certified(&self, key: Sha256Value) -> impl Iterator<Item = &Serial> {
        self.keys.range((key, Serial::FIRST)..=(key, Serial::LAST)).map(|(_, serial)| serial)
    }

    /// Whom a certificate names: a person's id, an authority, or a service and its process.
    pub fn subject_of(&self, serial: &Serial) -> Option<&str> {
        let machine = || self.machines.get(serial).map(|machine| machine.subject.as_str());
        self.held.get(serial).map(|held| held.person.as_str()).or_else(machine)
    }

    /// The person's certificate under this profile that ends last, of those that were issued.
    pub fn last_certificate(&self, person: &str, profile: &str) -> Option<&PersonCertificate> {
        let held = self.person(person)?.serials.iter().filter_map(|serial| self.held.get(serial));
        let issued = held.filter(|held| *held.profile == *profile && held.sha256.is_some());
        issued.max_by_key(|held| held.not_after).map(|held| &**held)
    }

    /// Whether a certificate of a person under this profile is on its way: there is an intent that
    /// has no result. Pending intents counted.
    pub fn is_certifying(&self, person: &str, profile: &str) -> bool {
        let Some(id) = PersonId::read(person) else { return false };
        let noticed: (PersonId, Arc<str>) = (id, profile.into());
        let serials = self.people.get(&id).into_iter().flat_map(|person| &person.serials);
        let unfinished = serials.filter(|serial| self.intents.contains_key(*serial));
        let mut held = unfinished.filter_map(|serial| self.held.get(serial));
        self.pending.certifying.contains(&noticed) || held.any(|held| *held.profile == *profile)
    }

    /// The serial number that was promised for a service's request, by the SHA-256 of its PKCS#10;
    /// pending records counted, abandoned ones not.
    pub fn promised(&self, request_sha256: &[u8]) -> Option<Serial> {
        let digest = <[u8; 32]>::try_from(request_sha256).ok()?;
        let pending = self.pending.promised.get(&digest);
        let promised = pending.or_else(|| self.promised.get(&digest)).copied();
        promised.filter(|serial| !self.pending.abandoned.contains(serial))
    }

    /// An issuance intent: the letter is used up, a staff key becomes a credential.
    pub(crate) fn intend(
        &mut self,
        judged: &Judged,
        (serial, not_after): (&str, &str),
        tbs_sha256: &Bytes,
        now: u64,
    ) -> Result<(), Code> {
        let Body::Issue(issue) = &**judged.body() else { return Err(Code::UnsignedAuthority) };
        let serial = Serial::read(serial).ok_or(Code::StateConflict)?;
        self.is_new(&serial)?;
        let person = PersonId::read(&issue.person).ok_or(Code::Malformed)?;
        let key_sha256: Sha256Value = Sha256::digest(&issue.key.0).into();
        let intended =
            OpenIntent { under: judged.digest().0, tbs_sha256: digest_of(tbs_sha256)?, key_sha256 };
        let until = judged.order().expires_unix() + u64::from(issue.validity_days) * 86_400;
        // The record's end is a claim, which goes no further than what is signed.
        let not_after = records::time::read(not_after).ok_or(Code::Malformed)?.min(until);
        let holder = self.profile_of(&issue.profile.id)?.profile.holder();
        let says = self.said(&issue.person, &issue.profile.id)?;
        let renews = issue.renewal.as_ref().and_then(|renewal| Serial::read(&renewal.serial));
        let held = PersonCertificate {
            person,
            reference: self.letter_of(issue),
            until,
            profile: self.profile_name(&issue.profile.id),
            key_sha256,
            not_after,
            sha256: None,
            renews,
            says,
        };
        self.hold(serial, held);
        if let Some(old) = renews {
            // A record's own time is a claim; that of the order is signed.
            let made = judged.order().expires_unix().saturating_sub(ORDER_SECONDS);
            let from = now.clamp(made, judged.order().expires_unix()) + OVERLAP_SECONDS;
            let state = self.renewal_mut(old);
            (state.by, state.superseded_from) = (Some(serial), from);
            self.superseding.insert((from, old));
        }
        if holder == Holder::Staff {
            self.credentials.insert(key_sha256, Credential { person, serial: Some(serial) });
        }
        self.intents.insert(serial, Arc::new(intended));
        Ok(())
    }

    /// The letter under which a certificate comes: that of the application, or of what is renewed,
    /// so that whoever reports its loss takes everything that came from it.
    pub fn letter_of(&self, issue: &IssueBody) -> Option<Reference> {
        match (&issue.reference, &issue.renewal) {
            (Some(reference), _) => Reference::read(reference),
            (None, renewal) => {
                let serial = Serial::read(&renewal.as_ref()?.serial)?;
                self.held.get(&serial)?.reference
            }
        }
    }

    /// What a certificate says that is made now.
    fn said(&self, person: &str, profile: &str) -> Result<CertifiedAs, Code> {
        let person = self.person(person).ok_or(Code::PersonUnknown)?;
        Ok(CertifiedAs {
            person_version: person.version,
            profile_version: self.profile_of(profile)?.version,
            units: self.units_digest(&person.unit),
        })
    }

    /// Whether a key was certified before, for whomever; what was given up after a crash nobody
    /// ever had.
    pub fn was_certified(&self, key: &PublicKey) -> bool {
        self.certified(key.sha256()).any(|serial| !self.is_given_up(serial))
    }

    /// No serial number stands for two certificates.
    pub(crate) fn is_new(&self, serial: &Serial) -> Result<(), Code> {
        let known = self.held.contains_key(serial) || self.machines.contains_key(serial);
        if known { Err(Code::StateConflict) } else { Ok(()) }
    }

    fn hold(&mut self, serial: Serial, held: PersonCertificate) {
        if let Some(letter) = held.reference.and_then(|reference| self.letters.get_mut(&reference))
        {
            Arc::make_mut(letter).serials.push(serial);
        }
        if let Some(person) = self.people.get_mut(&held.person) {
            Arc::make_mut(person).serials.push(serial);
        }
        self.note_leaving(&held.person);
        self.keys.insert((held.key_sha256, serial));
        self.held.insert(serial, Arc::new(held));
    }

    pub(crate) fn add_machine(&mut self, serial: Serial, subject: String, key: Sha256Value) {
        self.keys.insert((key, serial));
        self.machines.insert(serial, Arc::new(ServiceCertificate { subject, key_sha256: key }));
    }

    /// A result: ends its intent, or is the one certificate of a first person's key.
    pub(crate) fn add_issued(&mut self, event: &Event) -> Result<(), Code> {
        let Event::Issued {
            under, serial, subject, key_sha256, not_after, sha256, profile, ..
        } = event
        else {
            return Err(Code::Malformed);
        };
        let serial = Serial::read(serial).ok_or(Code::Malformed)?;
        let key = digest_of(key_sha256)?;
        let sha256 = digest_of(sha256)?;
        let not_after = records::time::read(not_after).ok_or(Code::Malformed)?;
        if under.0 == self.fixed.digest {
            let first = FirstCertificate { serial, key, sha256, not_after };
            return self.add_first(subject, profile, first);
        }
        // What was revoked before it was signed had its intent ended by that.
        let fits = self.fits_intent(&serial, (&under.0, &key));
        if !fits && !self.revoked.contains_key(&serial) {
            return Err(Code::UnsignedAuthority);
        }
        if !self.is_named_as_ordered(&serial, (subject, profile)) {
            return Err(Code::UnsignedAuthority);
        }
        self.intents.remove(&serial);
        let own = self.held.get(&serial).is_some_and(|held| held.key_sha256 == key);
        if own && let Some(held) = self.held.get_mut(&serial).map(Arc::make_mut) {
            held.sha256 = Some(sha256);
            held.not_after = not_after.min(held.until);
        }
        if let Some(own) = self.system_certificates.get_mut(&serial) {
            let own = Arc::make_mut(own);
            own.is_issued = true;
            if let Some(account) = own.account.and_then(|id| self.accounts.get_mut(&id))
                && account.first.is_none()
            {
                Arc::make_mut(account).first = Some(serial);
            }
        }
        Ok(())
    }

    /// Whether a record is the result of an intent that the tree holds, as it will have its effect.
    pub fn is_result(&self, event: &Event) -> bool {
        let Event::Issued { under, serial, subject, key_sha256, profile, .. } = event else {
            return false;
        };
        let (Some(serial), Ok(key)) = (Serial::read(serial), digest_of(key_sha256)) else {
            return false;
        };
        self.fits_intent(&serial, (&under.0, &key))
            && self.is_named_as_ordered(&serial, (subject, profile))
    }

    fn fits_intent(&self, serial: &Serial, (under, key): (&[u8], &Sha256Value)) -> bool {
        let intent = self.intents.get(serial);
        intent.is_some_and(|intent| intent.under == *under && intent.key_sha256 == *key)
    }

    /// Whose a certificate is, and of which kind, follows from what was ordered; a record only
    /// claims it.
    fn is_named_as_ordered(&self, serial: &Serial, (subject, profile): (&str, &str)) -> bool {
        let named = self.subject_of(serial) == Some(subject);
        named && self.held.get(serial).is_none_or(|held| *held.profile == *profile)
    }

    /// Whether a key that the founding states is that of this service, or of an authority, which
    /// has neither a process nor the id of a person.
    fn is_named_so(&self, key: &Sha256Value, subject: &str) -> bool {
        let services = self.fixed.founding.services.iter();
        let mut keys = services.flat_map(|one| one.keys.iter().map(move |key| (one, key)));
        let own = keys.find(|(_, known)| Sha256::digest(&known.key.0).as_slice() == key);
        match own {
            Some((one, known)) => format!("{}/{}", one.service, known.process) == subject,
            None => !subject.contains('/') && self.person(subject).is_none(),
        }
    }

    fn add_first(
        &mut self,
        subject: &str,
        profile: &str,
        first: FirstCertificate,
    ) -> Result<(), Code> {
        let FirstCertificate { serial, key, sha256, not_after } = first;
        self.is_new(&serial)?;
        let founding = &self.fixed.founding;
        let Some(stated) = founding.people.iter().find(|person| person.person == subject) else {
            // Authorities and services: their keys stand in the statement itself.
            if !self.fixed.system_keys.contains(&key) || !self.is_named_so(&key, subject) {
                return Err(Code::UnsignedAuthority);
            }
            self.add_machine(serial, subject.to_owned(), key);
            return Ok(());
        };
        if stated.profile != profile {
            return Err(Code::UnsignedAuthority);
        }
        let credential = self.credentials.get_mut(&key);
        let credential = credential.filter(|c| c.person.as_str() == subject && c.serial.is_none());
        let credential = credential.ok_or(Code::UnsignedAuthority)?;
        credential.serial = Some(serial);
        let person = credential.person;
        let theirs =
            |(_, letter): &(&Reference, &Arc<crate::state::LetterState>)| letter.person == person;
        let reference = self.letters.iter().find(theirs).map(|(reference, _)| *reference);
        let days = self.profile_of("staff")?.profile.validity_days();
        let until = self.fixed.founded + u64::from(days + 1) * 86_400;
        let held = PersonCertificate {
            person,
            reference,
            until,
            profile: self.profile_name(profile),
            key_sha256: key,
            not_after: not_after.min(until),
            sha256: Some(sha256),
            renews: None,
            says: self.said(subject, profile)?,
        };
        self.hold(serial, held);
        Ok(())
    }
}

/// A certificate of the founding, as its record names it.
struct FirstCertificate {
    serial: Serial,
    key: Sha256Value,
    sha256: Sha256Value,
    not_after: u64,
}
