//! Authority: who and what may decide, rebuilt by replaying the `control` log from the founding
//! statement. Database rows are a cache of this and decide nothing.
//!
//! [`Authority::apply`] takes every record in the order of the log and gives effect only to what is
//! signed as the rules in force at that point ask. [`Authority::judge`] answers whether an order may
//! be carried out. A grant counts only once its record was applied; withdrawals bite earlier, through
//! [`Authority::notice_pending`].

mod decline;
mod enact;
mod gate;
mod judge;
pub mod lineage;
mod passkey;
mod pending;
mod revoke;
mod state;

pub use gate::{Agent, BundleState, JoinClaim, authorization_of, join_value};
pub use judge::Judged;
pub use state::{
    Credential, Held, Intended, LetterState, OpenOrder, Person, Portal, ProfileState, Revoked,
    Standing, Unit,
};

use pki::PublicKey;
use pki::oid::Arc;
use records::bytes::Bytes;
use records::code::Code;
use records::founding::{self, Founding};
use records::label::Label;
use records::order::{ORDER_SECONDS, Order};
use records::passkey::Passkey;
use records::record::{Event, LetterStatement, Record};
use records::rules::{ApprovalRules, Role, RoleRules};
use serde::{Deserialize, Serialize};
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
    /// By SHA-256 of the key, for keys issued under staff profiles or by the founding.
    credentials: BTreeMap<String, Credential>,
    profiles: BTreeMap<String, ProfileState>,
    role_rules: RoleRules,
    approval_rules: ApprovalRules,
    approval_rules_digest: Bytes,
    approval_rules_file: String,
    portals: BTreeMap<String, Portal>,
    agents: BTreeMap<String, Agent>,
    bundle: BundleState,
    letters: BTreeMap<String, LetterState>,
    orders: BTreeMap<String, OpenOrder>,
    /// Orders carried out or replaced, until they would have expired.
    closed_orders: BTreeMap<String, (u64, Code)>,
    revoked: BTreeMap<String, Revoked>,
    standing: BTreeMap<String, Standing>,
    /// People's certificates by serial number.
    held: BTreeMap<String, Held>,
    /// Certified passkeys by credential id.
    #[serde(default)]
    passkeys: BTreeMap<String, Passkey>,
    /// Recorded intents without a result, by serial number.
    intents: BTreeMap<String, Intended>,
    /// The newest time that an order's signature proves, unix: nothing counts as older.
    signed_time: u64,
    /// Orders added since closed ones were last forgotten.
    added: u32,
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
        if record.log != "control" {
            return Err(Code::UnsignedAuthority);
        }
        // A record's own time is only a claim; what the registry key signed later is not.
        let now = record.unix().max(self.signed_time);
        match &record.event {
            Event::Letter { statement, signature } => self.add_letter(statement, signature),
            Event::Order { order, signature, cancels } => self.add_order(order, signature, cancels),
            Event::Approval { approval, .. } => self.add_approval(approval, now),
            Event::Enacted { order, approvals, files } => {
                let judged = self.judge(&key(order), Some(approvals), now)?;
                self.enact(&judged, order, files)?;
                self.close(&key(order), Code::OrderConsumed);
                Ok(())
            }
            Event::Intent { order, approvals, serial, tbs_sha256, .. } => {
                let judged = self.judge(&key(order), Some(approvals), now)?;
                self.intend(&judged, order, serial, tbs_sha256)?;
                self.close(&key(order), Code::OrderConsumed);
                Ok(())
            }
            Event::Declined { decline, .. } => self.add_decline(decline, now),
            Event::Revoked { cause, approvals, .. } => self.revoke(cause, approvals, record),
            Event::Used { .. } => self.add_use(record),
            Event::Joined { .. } => self.add_join(record),
            Event::Founding { .. } => Err(Code::UnsignedAuthority),
            Event::Issued { under, serial, subject, key_sha256, .. } => {
                self.add_issued(under, serial, subject, key_sha256)
            }
            Event::Application { .. }
            | Event::Crl { .. }
            | Event::People { .. }
            | Event::Refusal { .. }
            | Event::Forked { .. }
            | Event::Asked { .. }
            | Event::Searched { .. } => Ok(()),
            Event::Portal { .. }
            | Event::Silent { .. }
            | Event::Started(_)
            | Event::Connection(_)
            | Event::Decision(_)
            | Event::Completion(_)
            | Event::Turned(_)
            | Event::Heartbeat(_) => Err(Code::UnsignedAuthority),
        }
    }

    fn add_letter(&mut self, statement: &Bytes, signature: &Bytes) -> Result<(), Code> {
        if !Label::Letter.verify(&self.registry_key()?, &statement.0, &signature.0) {
            return Err(Code::UnsignedAuthority);
        }
        let read: LetterStatement =
            records::json::read(&statement.0).map_err(|_| Code::Malformed)?;
        let letter = LetterState {
            person: read.person,
            profile: read.profile,
            lookup_sha256: read.lookup_sha256,
            loss_sha256: read.loss_sha256,
            expires: records::time::read(&read.expires).unwrap_or(0),
            serials: Vec::new(),
            lost: false,
            rejected: false,
        };
        self.letters.entry(read.reference).or_insert(letter);
        Ok(())
    }

    fn add_order(
        &mut self,
        order: &Bytes,
        signature: &Bytes,
        cancels: &[Bytes],
    ) -> Result<(), Code> {
        if !Label::Order.verify(&self.registry_key()?, &order.0, &signature.0) {
            return Err(Code::OrderAltered);
        }
        let read = Order::read(&order.0).map_err(|_| Code::Malformed)?;
        let expires = read.expires_unix();
        let digest = key(&Bytes::from(records::order::digest(&order.0)));
        let known = self.closed_orders.contains_key(&digest) || self.orders.contains_key(&digest);
        if known || expires < self.signed_time {
            return Err(Code::StateConflict);
        }
        self.signed_time = self.signed_time.max(expires.saturating_sub(ORDER_SECONDS));
        for cancelled in self.cancellable(&read, cancels) {
            self.close(&cancelled, Code::OrderCancelled);
        }
        self.orders.insert(digest, OpenOrder::new(&read, order, signature));
        self.forget_old_orders();
        Ok(())
    }

    /// Orders that no record can bring back any more need no memory.
    fn forget_old_orders(&mut self) {
        self.added += 1;
        if self.added < 1_024 {
            return;
        }
        self.added = 0;
        let floor = self.signed_time;
        self.closed_orders.retain(|_, (expires, _)| *expires >= floor);
        self.orders.retain(|_, open| open.expires >= floor);
    }

    fn close(&mut self, digest: &str, code: Code) {
        if let Some(open) = self.orders.remove(digest) {
            self.closed_orders.insert(digest.to_owned(), (open.expires, code));
        }
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

    /// A standing authorization.
    pub fn standing(&self, id: &str) -> Option<&Standing> {
        self.standing.get(id)
    }

    /// A recorded intent or use without a result.
    pub fn intent(&self, serial: &str) -> Option<&Intended> {
        self.intents.get(serial)
    }

    /// A person's certificate.
    pub fn held(&self, serial: &str) -> Option<&Held> {
        self.held.get(serial)
    }

    /// The credential that this key is.
    pub fn credential(&self, key_sha256: &[u8]) -> Option<&Credential> {
        self.credentials.get(&Bytes::from(key_sha256).to_string())
    }
}

fn key(digest: &Bytes) -> String {
    digest.to_string()
}
