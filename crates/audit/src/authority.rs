//! Authority: who and what may decide, rebuilt by replaying the `control` log from the founding
//! statement. Database rows are a cache of this and decide nothing.
//!
//! [`Authority::apply`] takes every record in the order of the log and gives effect only to what is
//! signed as the rules in force at that point ask. [`Authority::judge`] answers whether an order may
//! be carried out. A grant counts only once its record was applied; withdrawals bite earlier, through
//! [`Authority::notice_pending`].

mod enact;
mod judge;
mod state;

pub use judge::Judged;
pub use state::{
    LetterState, OpenOrder, Person, Portal, ProfileState, PublishedList, Revoked, Standing, Unit,
};

use crate::bytes::Bytes;
use crate::code::Code;
use crate::founding::{self, Founding};
use crate::order::{Body, Order};
use crate::record::{Cause, Event, Record, RevokedSerial};
use crate::rules::{ApprovalRules, Role, RoleRules};
use pki::PublicKey;
use pki::oid::Arc;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use state::Pending;
use std::collections::{BTreeMap, BTreeSet};

/// A record claims something that nobody entitled to it signed; it has no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a record of kind {kind} has no effect: {code}")]
pub struct Unsigned {
    /// The record's kind.
    pub kind: &'static str,
    /// Why.
    pub code: Code,
}

/// What follows from the log up to its head.
#[derive(Clone, Serialize, Deserialize)]
pub struct Authority {
    founding: Founding,
    founding_digest: Bytes,
    units: BTreeMap<String, Unit>,
    people: BTreeMap<String, Person>,
    /// Person by SHA-256 of the key, for keys issued under staff profiles or by the founding.
    credentials: BTreeMap<String, String>,
    profiles: BTreeMap<String, ProfileState>,
    role_rules: RoleRules,
    approval_rules: ApprovalRules,
    approval_rules_digest: Bytes,
    approval_rules_file: String,
    portals: BTreeMap<String, Portal>,
    letters: BTreeMap<String, LetterState>,
    orders: BTreeMap<String, OpenOrder>,
    /// Orders carried out or replaced, until they would have expired.
    closed_orders: BTreeMap<String, (u64, Code)>,
    revoked: BTreeMap<String, Revoked>,
    standing: BTreeMap<String, Standing>,
    /// Recorded intents without a result: SHA-256 of the TBSCertificate by serial number.
    intents: BTreeMap<String, Bytes>,
    /// The last revocation list by issuer.
    lists: BTreeMap<String, PublishedList>,
    #[serde(skip)]
    pending: Pending,
}

impl Authority {
    /// Starts from leaf 0; `digest` is known from outside.
    pub fn found(record: &Record, digest: &[u8; 32]) -> Result<Self, Unsigned> {
        let unsigned = Unsigned { kind: "founding", code: Code::UnsignedAuthority };
        let Event::Founding { statement, signature, files } = &record.event else {
            return Err(unsigned);
        };
        if founding::digest(&statement.0) != *digest {
            return Err(unsigned);
        }
        let founding = Founding::open(&statement.0, &signature.0).ok_or(unsigned)?;
        enact::first_state(founding, (*digest).into(), files).ok_or(unsigned)
    }

    /// Applies the next record of the `control` log.
    pub fn apply(&mut self, record: &Record) -> Result<(), Unsigned> {
        let kind = record.event.kind();
        self.effect(record).map_err(|code| Unsigned { kind, code })
    }

    fn effect(&mut self, record: &Record) -> Result<(), Code> {
        match &record.event {
            Event::Letter { reference, person, profile, lookup_sha256, loss_sha256, expires } => {
                let letter = LetterState {
                    person: person.clone(),
                    profile: profile.clone(),
                    lookup_sha256: lookup_sha256.clone(),
                    loss_sha256: loss_sha256.clone(),
                    expires: crate::time::read(expires).unwrap_or(0),
                    serials: Vec::new(),
                    lost: false,
                };
                self.letters.entry(reference.clone()).or_insert(letter);
                Ok(())
            }
            Event::Order { order, signature, cancels } => {
                self.add_order(&order.0, &signature.0, cancels, record.unix())
            }
            Event::Approval { approval, .. } => self.add_approval(approval),
            Event::Enacted { order, approvals, files } => {
                let judged = self.judge(&key(order), Some(approvals), record.unix())?;
                self.enact(&judged, files)?;
                self.close(&key(order), Code::OrderConsumed);
                Ok(())
            }
            Event::Intent { order, approvals, serial, not_after, tbs_sha256, .. } => {
                let judged = self.judge(&key(order), Some(approvals), record.unix())?;
                self.intend(&judged, serial, not_after)?;
                self.intents.insert(serial.clone(), tbs_sha256.clone());
                self.close(&key(order), Code::OrderConsumed);
                Ok(())
            }
            Event::Revoked { certificates, reason, cause, approvals } => {
                self.lawful(cause, certificates, approvals, record.unix())?;
                for certificate in certificates {
                    self.intents.remove(&certificate.serial);
                    let revoked = Revoked::from_record(record, certificate, reason);
                    self.revoked.entry(certificate.serial.clone()).or_insert(revoked);
                }
                Ok(())
            }
            Event::Used { .. } => self.add_use(record),
            Event::Founding { .. } => Err(Code::UnsignedAuthority),
            Event::Issued { under, serial, subject, not_after, .. } => {
                self.intents.remove(serial);
                if *under == self.founding_digest {
                    let theirs = |letter: &&mut LetterState| letter.person == *subject;
                    if let Some(letter) = self.letters.values_mut().find(theirs) {
                        letter.serials.push((serial.clone(), not_after.clone()));
                    }
                }
                Ok(())
            }
            Event::Crl { issuer, number, sha256, .. } => {
                let list = PublishedList { number: *number, sha256: sha256.clone() };
                match self.lists.get(issuer) {
                    Some(known) if known.number >= *number => Err(Code::StateConflict),
                    _ => {
                        self.lists.insert(issuer.clone(), list);
                        Ok(())
                    }
                }
            }
            Event::Application { .. } | Event::Refusal { .. } | Event::Portal { .. } => Ok(()),
        }
    }

    fn add_order(
        &mut self,
        order: &[u8],
        signature: &[u8],
        cancels: &[Bytes],
        now: u64,
    ) -> Result<(), Code> {
        if !crate::label::Label::Order.verify(&self.registry_key()?, order, signature) {
            return Err(Code::OrderAltered);
        }
        let read = Order::read(order).map_err(|_| Code::Malformed)?;
        for cancelled in cancels {
            self.close(&key(cancelled), Code::OrderCancelled);
        }
        let digest = key(&Bytes::from(crate::order::digest(order)));
        if self.closed_orders.contains_key(&digest) || self.orders.contains_key(&digest) {
            return Err(Code::StateConflict);
        }
        let open = OpenOrder::new(&read, &order.into(), &signature.into());
        self.orders.insert(digest, open);
        if self.closed_orders.len() % 256 == 255 {
            self.closed_orders.retain(|_, (expires, _)| *expires >= now);
            self.orders.retain(|_, open| open.expires + 86_400 >= now);
        }
        Ok(())
    }

    fn close(&mut self, digest: &str, code: Code) {
        if let Some(open) = self.orders.remove(digest) {
            self.closed_orders.insert(digest.to_owned(), (open.expires, code));
        }
    }

    /// A revocation's cause, checked like everything that has effect.
    fn lawful(
        &mut self,
        cause: &Cause,
        certificates: &[RevokedSerial],
        approvals: &[Bytes],
        now: u64,
    ) -> Result<(), Code> {
        match cause {
            Cause::Order { order } => {
                let judged = self.judge(&key(order), Some(approvals), now)?;
                let Body::Revoke(body) = &judged.body else {
                    return Err(Code::UnsignedAuthority);
                };
                if certificates.iter().any(|c| !body.serials.contains(&c.serial)) {
                    return Err(Code::UnsignedAuthority);
                }
                self.close(&key(order), Code::OrderConsumed);
                Ok(())
            }
            Cause::Loss { reference, value } => {
                let letter = self.letters.get(reference).ok_or(Code::WrongCode)?;
                let known = Sha256::digest(&value.0).as_slice() == letter.loss_sha256.0;
                let listed = |c: &RevokedSerial| letter.serials.iter().any(|(s, _)| *s == c.serial);
                if !known || !certificates.iter().all(listed) {
                    return Err(Code::WrongCode);
                }
                if let Some(letter) = self.letters.get_mut(reference) {
                    letter.lost = true;
                }
                Ok(())
            }
            Cause::Left { person } if self.has_left(person) => {
                let theirs: BTreeSet<&str> = self
                    .letters_of(person)
                    .flat_map(|letter| letter.serials.iter().map(|(serial, _)| serial.as_str()))
                    .collect();
                let all = certificates.iter().all(|c| theirs.contains(c.serial.as_str()));
                if all { Ok(()) } else { Err(Code::UnsignedAuthority) }
            }
            Cause::Left { .. } => Err(Code::UnsignedAuthority),
            Cause::Abandoned { .. } => self.abandon(certificates),
        }
    }

    /// The issuer found a signature that nobody can have: a brake for intents without a result, and
    /// for nothing else. Their letters can be used again.
    fn abandon(&mut self, certificates: &[RevokedSerial]) -> Result<(), Code> {
        if certificates.iter().any(|c| !self.intents.contains_key(&c.serial)) {
            return Err(Code::UnsignedAuthority);
        }
        let gone: BTreeSet<&str> = certificates.iter().map(|c| c.serial.as_str()).collect();
        for letter in self.letters.values_mut() {
            letter.serials.retain(|(serial, _)| !gone.contains(serial.as_str()));
        }
        Ok(())
    }

    /// Takes notice of records that are recorded but not yet in the tree: only what they take away
    /// counts, never what they grant.
    pub fn notice_pending<'a>(&mut self, records: impl IntoIterator<Item = &'a Record>) {
        for record in records {
            self.pending.notice(record, &self.orders);
        }
    }

    /// Forgets what was pending, because the tree has moved.
    pub fn forget_pending(&mut self) {
        self.pending = Pending::default();
    }

    /// Whether an order that changes authority is recorded and not yet in the tree. Until it is,
    /// nothing else is carried out that it could contradict.
    pub fn is_changing(&self) -> bool {
        self.pending.enacted > 0
    }

    /// The founding statement.
    pub fn founding(&self) -> &Founding {
        &self.founding
    }

    /// Its digest.
    pub fn founding_digest(&self) -> [u8; 32] {
        self.founding_digest.digest().unwrap_or_default()
    }

    /// The arc of our object identifiers.
    pub fn arc(&self) -> Option<Arc> {
        Arc::read(&self.founding.city.arc)
    }

    fn registry_key(&self) -> Result<PublicKey, Code> {
        PublicKey::read(&self.founding.keys.registry.0).map_err(|_| Code::UnsignedAuthority)
    }

    /// A unit that exists.
    pub fn unit(&self, id: &str) -> Option<&Unit> {
        self.units.get(id)
    }

    /// Every unit.
    pub fn units(&self) -> &BTreeMap<String, Unit> {
        &self.units
    }

    /// The city's own unit.
    pub fn city_unit(&self) -> &str {
        self.founding.units.first().map_or("", |unit| unit.unit.as_str())
    }

    /// The unit and everything above it, lowest first.
    pub fn above<'a>(&'a self, unit: &'a str) -> Vec<&'a str> {
        let mut chain = vec![unit];
        let mut current = unit;
        while let Some(parent) = self.units.get(current).and_then(|unit| unit.parent.as_deref()) {
            if chain.contains(&parent) {
                break;
            }
            chain.push(parent);
            current = parent;
        }
        chain
    }

    /// The OU values of a subject in this unit: the county's id if there is one, then the unit's.
    pub fn organizational_units(&self, unit: &str) -> Vec<String> {
        let is_county = |id: &&&str| self.units.get(**id).is_some_and(|unit| unit.county);
        let chain = self.above(unit);
        let county = chain.iter().skip(1).find(is_county);
        county.into_iter().map(|id| (*id).to_owned()).chain([unit.to_owned()]).collect()
    }

    /// A person.
    pub fn person(&self, id: &str) -> Option<&Person> {
        self.people.get(id)
    }

    /// Every person.
    pub fn people(&self) -> &BTreeMap<String, Person> {
        &self.people
    }

    /// Whether the person holds the role now, pending withdrawals counted.
    pub fn holds(&self, person: &str, role: Role, scope: &str) -> bool {
        let withdrawn =
            self.pending.withdrawn.contains(&(person.to_owned(), role, scope.to_owned()));
        !withdrawn
            && !self.has_left(person)
            && self.people.get(person).is_some_and(|p| p.holds(role, scope))
    }

    /// Whether a person is unknown or left office, pending orders counted.
    pub fn has_left(&self, person: &str) -> bool {
        self.pending.left.contains(person) || self.people.get(person).is_none_or(|p| p.left)
    }

    /// A profile in force.
    pub fn profile(&self, id: &str) -> Option<&ProfileState> {
        self.profiles.get(id)
    }

    /// Every profile in force.
    pub fn profiles(&self) -> &BTreeMap<String, ProfileState> {
        &self.profiles
    }

    /// The approval rules in force and the digest of their file.
    pub fn approval_rules(&self) -> (&ApprovalRules, &Bytes) {
        (&self.approval_rules, &self.approval_rules_digest)
    }

    /// The approval rules' file as it is in force.
    pub fn approval_rules_file(&self) -> &str {
        &self.approval_rules_file
    }

    /// The roles file in force.
    pub fn role_rules(&self) -> &RoleRules {
        &self.role_rules
    }

    /// Every portal.
    pub fn portals(&self) -> &BTreeMap<String, Portal> {
        &self.portals
    }

    /// The portal and process (`portal-public` or `portal-staff`) that speak with this key.
    pub fn portal_of(&self, key_sha256: &[u8]) -> Option<(&str, &'static str)> {
        self.portals
            .iter()
            .filter(|(id, portal)| portal.open && !self.pending.portals.contains(*id))
            .find_map(|(id, portal)| {
                let speaks = |keys: &BTreeSet<Bytes>| keys.iter().any(|key| key.0 == key_sha256);
                if speaks(&portal.public_keys) {
                    Some((id.as_str(), "portal-public"))
                } else if speaks(&portal.staff_keys) {
                    Some((id.as_str(), "portal-staff"))
                } else {
                    None
                }
            })
    }

    /// A letter.
    pub fn letter(&self, reference: &str) -> Option<&LetterState> {
        self.letters.get(reference)
    }

    /// An order that is open in the tree.
    pub fn open_order(&self, digest: &[u8; 32]) -> Option<&OpenOrder> {
        self.orders.get(&key(&Bytes::from(*digest)))
    }

    /// The bytes and signature of an order that is open, brakes counted that are only recorded.
    pub fn order_bytes(&self, digest: &[u8; 32]) -> Option<(Bytes, Bytes)> {
        let open = self.entry(&key(&Bytes::from(*digest)))?;
        Some((open.order.clone(), open.signature.clone()))
    }

    /// Every open order with its digest in base64url.
    pub fn open_orders(&self) -> &BTreeMap<String, OpenOrder> {
        &self.orders
    }

    /// Every revoked serial number.
    pub fn revoked(&self) -> &BTreeMap<String, Revoked> {
        &self.revoked
    }

    /// Whether a serial number is revoked, pending revocations counted.
    pub fn is_revoked(&self, serial: &str) -> bool {
        self.revoked.contains_key(serial) || self.pending.revoked.contains_key(serial)
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

    /// The last list that the tree knows of an issuer.
    pub fn list(&self, issuer: &str) -> Option<&PublishedList> {
        self.lists.get(issuer)
    }

    /// A standing authorization.
    pub fn standing(&self, id: &str) -> Option<&Standing> {
        self.standing.get(id)
    }

    /// SHA-256 of the TBSCertificate that a recorded intent without a result may sign.
    pub fn intent(&self, serial: &str) -> Option<&Bytes> {
        self.intents.get(serial)
    }

    /// Every letter of a person, with its certificates.
    pub fn letters_of<'a>(&'a self, person: &'a str) -> impl Iterator<Item = &'a LetterState> {
        self.letters.values().filter(move |letter| letter.person == person)
    }

    /// The person whose credential this key is.
    pub fn credential(&self, key_sha256: &[u8]) -> Option<&str> {
        self.credentials.get(&Bytes::from(key_sha256).to_string()).map(String::as_str)
    }
}

fn key(digest: &Bytes) -> String {
    digest.to_string()
}
