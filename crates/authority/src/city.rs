//! What the city is made of, as it may be read: units, people, profiles, rules, portals, orders.

use crate::authority::Authority;
use crate::id::{NamesOrder, OrderDigest, PersonId, Serial};
use crate::state::ServiceKey;
use crate::state::{
    Credential, OpenIntent, OpenOrder, Person, PersonCertificate, Portal, ProfileState, Standing,
    Unit,
};
use pki::PublicKey;
use pki::oid::Arc as ArcOid;
use records::bytes::Bytes;
use records::code::Code;
use records::founding::Founding;
use records::rules::{ApprovalRules, Role, RoleRules};
use std::collections::BTreeMap;
use std::sync::Arc;

/// So many units stand above each other at most: the city, and what lies below it.
pub(crate) const UNITS_DEEP_MAX: usize = 32;

impl Authority {
    /// The founding statement, which the root key signed.
    pub fn founding(&self) -> &Founding {
        &self.fixed.founding
    }

    /// The founding digest names the city: SHA-256 under `yinxin-founding-v1`.
    pub fn founding_digest(&self) -> [u8; 32] {
        self.fixed.digest
    }

    /// The registry key signs orders, letters and snapshots, and no certificate.
    pub fn registry_key(&self) -> &PublicKey {
        &self.fixed.registry
    }

    /// The issuing key signs certificates and their list.
    pub fn issuing_key(&self) -> &PublicKey {
        &self.fixed.issuing
    }

    /// The newest time that an order's signature proves, unix.
    pub fn signed_time(&self) -> u64 {
        self.signed_time
    }

    /// The arc of our object identifiers.
    pub fn arc(&self) -> Option<ArcOid> {
        ArcOid::read(&self.fixed.founding.city.arc)
    }

    /// The unit of this id, open or not.
    pub fn unit(&self, id: &str) -> Option<&Unit> {
        self.units.get(id).map(|unit| &**unit)
    }

    /// Every unit by id, also those that take no people any more.
    pub fn units(&self) -> impl Iterator<Item = (&str, &Unit)> {
        self.units.iter().map(|(id, unit)| (&**id, &**unit))
    }

    /// The id of the city's own unit, above which there is none.
    pub fn city_unit(&self) -> &str {
        self.fixed.founding.units.first().map_or("", |unit| unit.unit.as_str())
    }

    /// The unit and everything above it, lowest first; no more than may stand above each other.
    pub fn above<'a>(&'a self, unit: &'a str) -> Vec<&'a str> {
        let mut chain = vec![unit];
        let mut current = unit;
        while let Some(parent) = self.units.get(current).and_then(|unit| unit.parent.as_deref()) {
            if chain.len() >= UNITS_DEEP_MAX || chain.contains(&parent) {
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

    /// The person of this id, also one who left office.
    pub fn person(&self, id: &str) -> Option<&Person> {
        self.people.get(&PersonId::read(id)?).map(|person| &**person)
    }

    /// Every person by id, also those who left office.
    pub fn people(&self) -> impl Iterator<Item = (&PersonId, &Person)> {
        self.people.iter().map(|(id, person)| (id, &**person))
    }

    /// How many people there are.
    pub fn person_count(&self) -> usize {
        self.people.len()
    }

    pub(crate) fn person_mut(&mut self, id: &str) -> Option<&mut Person> {
        self.people.get_mut(&PersonId::read(id)?).map(Arc::make_mut)
    }

    /// Whether the person holds the role now, pending withdrawals counted.
    pub fn holds(&self, person: &str, role: Role, scope: &str) -> bool {
        !self.pending.is_withdrawn(person, role, scope)
            && !self.has_left(person)
            && self.person(person).is_some_and(|p| p.holds(role, scope))
    }

    /// Whether a person is unknown or left office, pending orders counted.
    pub fn has_left(&self, person: &str) -> bool {
        self.pending.left.contains(person) || self.person(person).is_none_or(|p| p.left)
    }

    /// The profile of this id as it is in force.
    pub fn profile(&self, id: &str) -> Option<&ProfileState> {
        self.profiles.get(id).map(|profile| &**profile)
    }

    /// Every profile by id, as it is in force.
    pub fn profiles(&self) -> impl Iterator<Item = (&str, &ProfileState)> {
        self.profiles.iter().map(|(id, profile)| (&**id, &**profile))
    }

    /// A profile's name, shared with the profile where there is one.
    pub(crate) fn profile_name(&self, id: &str) -> Arc<str> {
        self.profiles.get_key_value(id).map_or_else(|| id.into(), |(name, _)| name.clone())
    }

    pub(crate) fn profile_of(&self, id: &str) -> Result<&ProfileState, Code> {
        self.profile(id).ok_or(Code::UnknownProfile)
    }

    /// The approval rules in force and the digest of their file.
    pub fn approval_rules(&self) -> (&ApprovalRules, &Bytes) {
        (&self.rules.approvals, &self.rules.approvals_digest)
    }

    /// The approval rules' file as it is in force.
    pub fn approval_rules_file(&self) -> &str {
        &self.rules.approvals_file
    }

    /// Every policy file in force, by its name below the folder of policies.
    pub fn policy_files(&self) -> BTreeMap<String, &str> {
        let profiles = self.profiles();
        let profiles =
            profiles.map(|(id, profile)| (format!("profiles/{id}.toml"), &*profile.content));
        let rules = [
            ("approvals.toml".to_owned(), &*self.rules.approvals_file),
            ("roles.toml".to_owned(), &*self.rules.roles_file),
        ];
        let bundle = self.bundle().files.iter();
        let bundle = bundle.map(|file| (file.name.clone(), &*file.content));
        profiles.chain(rules).chain(bundle).collect()
    }

    /// The roles file in force.
    pub fn role_rules(&self) -> &RoleRules {
        &self.rules.roles
    }

    /// Every portal by id, also those that are closed.
    pub fn portals(&self) -> impl Iterator<Item = (&str, &Portal)> {
        self.portals.iter().map(|(id, portal)| (&**id, &**portal))
    }

    /// The portal of this id, also one that is closed.
    pub fn portal(&self, id: &str) -> Option<&Portal> {
        self.portals.get(id).map(|portal| &**portal)
    }

    /// The portal and process (`portal-public`, `portal-staff` or `portal-machines`) that speak
    /// with this key.
    pub fn portal_of(&self, key_sha256: &[u8]) -> Option<(&str, &'static str)> {
        let digest = <[u8; 32]>::try_from(key_sha256).ok()?;
        let speaks = |key: &&ServiceKey| {
            let open = self.portals.get(&*key.service).is_some_and(|portal| portal.open);
            open && !self.pending.portals.contains(&*key.service)
        };
        let keys = self.service_keys.get(&digest)?.iter();
        let portal = keys.filter(|key| key.process != "agent").find(speaks)?;
        Some((&*portal.service, portal.process))
    }

    /// Remembers whose key it is, for ever: what a service had once is nobody else's.
    pub(crate) fn own_key(&mut self, key: [u8; 32], service: &str, process: &'static str) {
        let own = ServiceKey { service: service.into(), process };
        let keys = Arc::make_mut(self.service_keys.entry(key).or_default());
        if !keys.contains(&own) {
            keys.push(own);
            keys.sort_by(|a, b| (&a.service, a.process).cmp(&(&b.service, b.process)));
        }
    }

    /// An order that is open in the tree.
    pub fn open_order(&self, digest: &[u8; 32]) -> Option<&OpenOrder> {
        self.orders.get(&OrderDigest(*digest)).map(|open| &**open)
    }

    /// The bytes and signature of an order that is open, brakes counted that are only recorded.
    pub fn order_bytes(&self, digest: &[u8; 32]) -> Option<(Bytes, Bytes)> {
        let open = self.entry(digest.order_digest()?)?;
        Some((open.order.clone(), open.signature.clone()))
    }

    /// Every order that is open in the tree, with its digest.
    pub fn open_orders(&self) -> impl Iterator<Item = (OrderDigest, &OpenOrder)> {
        self.orders.iter().map(|(digest, open)| (*digest, &**open))
    }

    /// The standing authorization of this id.
    pub fn standing(&self, id: &str) -> Option<&Standing> {
        self.standing.get(id).map(|standing| &**standing)
    }

    /// A recorded intent or use without a result.
    pub fn intent(&self, serial: &str) -> Option<&OpenIntent> {
        self.intents.get(&Serial::read(serial)?).map(|intended| &**intended)
    }

    /// Every recorded intent or use without a result.
    pub fn unfinished_intents(&self) -> impl Iterator<Item = (&Serial, &OpenIntent)> {
        self.intents.iter().map(|(serial, intended)| (serial, &**intended))
    }

    /// The certificate of a person with this serial number, from its intent on.
    pub fn held(&self, serial: &str) -> Option<&PersonCertificate> {
        self.held.get(&Serial::read(serial)?).map(|held| &**held)
    }

    /// SHA-256 of each certificate of people that was issued.
    pub fn issued(&self) -> impl Iterator<Item = (&Serial, [u8; 32])> {
        self.held.iter().filter_map(|(serial, held)| Some((serial, held.sha256?)))
    }

    /// How many certificates of people there are, from their intents on.
    pub fn held_count(&self) -> usize {
        self.held.len()
    }

    /// The credential that this key is.
    pub fn credential(&self, key_sha256: &[u8]) -> Option<&Credential> {
        self.credentials.get(&<[u8; 32]>::try_from(key_sha256).ok()?)
    }
}
