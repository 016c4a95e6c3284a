//! The first state: what the founding statement puts in force.

use crate::agent::first_bundle;
use crate::authority::Authority;
use crate::city::UNITS_DEEP_MAX;
use crate::id::PersonId;
use crate::state::{
    Credential, FoundingFacts, Person, Portal, ProfileState, Rules, Standing, Unit,
};
use imbl::OrdMap;
use pki::{CertificateProfile, PublicKey};
use records::bytes::Bytes;
use records::founding::{Founding, ServiceKey};
use records::record::File;
use records::rules::{ApprovalRules, RoleRules};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a founding states at most, far more than a city begins with: each certificate of it is
/// looked up there, so that whoever reads a statement of somebody else's is soon done with it.
const PEOPLE_MAX: usize = 4_096;
const SERVICES_MAX: usize = 64;
const KEYS_OF_SERVICE_MAX: usize = 16;
const AUTHORIZATIONS_MAX: usize = 512;
const PROFILES_MAX: usize = 256;

impl FoundingFacts {
    /// Reads the keys of a founding statement.
    pub(crate) fn read(founding: Founding, digest: [u8; 32]) -> Option<Self> {
        let stated = founding.stated_keys().map(|key| Sha256::digest(&key.0).into());
        Some(Self {
            system_keys: stated.collect(),
            founded: records::time::read(&founding.founded)?,
            registry: PublicKey::read(&founding.keys.registry.0).ok()?,
            issuing: PublicKey::read(&founding.keys.issuing.0).ok()?,
            founding,
            digest,
        })
    }
}

impl ProfileState {
    /// Reads a profile's file.
    pub(crate) fn read(version: u32, digest: Bytes, content: String) -> Option<Self> {
        let profile = Arc::new(CertificateProfile::read(&content).ok()?);
        Some(Self { version, digest, content, profile })
    }
}

/// The state that a founding statement puts in force; `None` when it contradicts itself.
pub(crate) fn first_state(
    founding: Founding,
    digest: [u8; 32],
    files: &[File],
) -> Option<Authority> {
    if !is_within_bounds(&founding) {
        return None;
    }
    let digests: Vec<[u8; 32]> =
        files.iter().map(|file| Sha256::digest(file.content.as_bytes()).into()).collect();
    let file_of = |digest: &Bytes| {
        let place = digests.iter().position(|known| known.as_slice() == digest.0)?;
        files.get(place).map(|file| file.content.clone())
    };
    let mut profiles: OrdMap<Arc<str>, Arc<ProfileState>> = OrdMap::new();
    for profile in &founding.profiles {
        let content = file_of(&profile.digest)?;
        let state = ProfileState::read(profile.version, profile.digest.clone(), content)?;
        profiles.insert(profile.id.as_str().into(), Arc::new(state));
    }
    let rule = |name: &str| {
        let file = founding.rules.iter().find(|rule| rule.name == name)?;
        Some((file_of(&file.digest)?, file.digest.clone()))
    };
    let (approvals_file, approvals_digest) = rule("approvals")?;
    let (roles_file, _) = rule("roles")?;
    let rules = Rules {
        roles: RoleRules::read(&roles_file).ok()?,
        approvals: ApprovalRules::read(&approvals_file).ok()?,
        roles_file,
        approvals_file,
        approvals_digest,
    };
    let units = first_units(&founding)?;
    let bundle = Arc::new(first_bundle(&founding, files)?);
    let fixed = Arc::new(FoundingFacts::read(founding, digest)?);
    let mut authority = Authority::empty(fixed, rules, bundle);
    authority.units = units;
    authority.profiles = profiles;
    authority.first_people()?;
    authority.first_services()?;
    Some(authority)
}

/// Whether a statement holds no more than it may, and no file of a profile twice, each of which is
/// kept.
fn is_within_bounds(founding: &Founding) -> bool {
    let files: BTreeSet<&[u8]> =
        founding.profiles.iter().map(|profile| profile.digest.0.as_slice()).collect();
    let counts = [
        (founding.people.len(), PEOPLE_MAX),
        (founding.services.len(), SERVICES_MAX),
        (founding.authorizations.len(), AUTHORIZATIONS_MAX),
        (founding.profiles.len(), PROFILES_MAX),
    ];
    let keys = founding.services.iter().map(|service| (service.keys.len(), KEYS_OF_SERVICE_MAX));
    files.len() == founding.profiles.len()
        && counts.into_iter().chain(keys).all(|(count, most)| count <= most)
}

fn first_units(founding: &Founding) -> Option<OrdMap<Arc<str>, Arc<Unit>>> {
    let mut units: OrdMap<Arc<str>, Arc<Unit>> = OrdMap::new();
    let mut depths: BTreeMap<&str, usize> = BTreeMap::new();
    for unit in &founding.units {
        let depth = match unit.parent.as_deref() {
            Some(parent) => depths.get(parent)? + 1,
            None => 1,
        };
        if depth > UNITS_DEEP_MAX || (unit.parent.is_none() && !units.is_empty()) {
            return None;
        }
        depths.insert(&unit.unit, depth);
        let state = Unit {
            name: unit.name.clone(),
            county: unit.county,
            parent: unit.parent.clone(),
            open: true,
        };
        units.insert(unit.unit.as_str().into(), Arc::new(state));
    }
    Some(units)
}

impl Authority {
    fn first_people(&mut self) -> Option<()> {
        let fixed = self.fixed.clone();
        for first in &fixed.founding.people {
            let id = PersonId::read(&first.person)?;
            let key = PublicKey::read(&first.key.0).ok()?;
            let roles = first.roles.iter().map(|held| (held.role, held.scope.clone()));
            let person = Person {
                unit: first.unit.clone(),
                version: 1,
                name: first.name.clone(),
                mail: None,
                number: None,
                evidence: None,
                left: false,
                roles: roles.collect(),
                granted: BTreeMap::new(),
                serials: Vec::new(),
            };
            self.appointed.insert(id);
            let credential = Credential { person: id, serial: None };
            let known = self.credentials.insert(key.sha256(), credential);
            if known.is_some() || self.people.insert(id, Arc::new(person)).is_some() {
                return None;
            }
        }
        Some(())
    }

    fn first_services(&mut self) -> Option<()> {
        let fixed = self.fixed.clone();
        for service in &fixed.founding.services {
            let key_of = |process: &str| -> Option<([u8; 32], String)> {
                let key = service.keys.iter().find(|key| key.process == process)?;
                let digest = PublicKey::read(&key.key.0).ok()?.sha256();
                Some((digest, key.hosts.first().cloned().unwrap_or_default()))
            };
            let machines = key_of("portal-machines");
            if let (Some(public), Some(staff)) = (key_of("portal-public"), key_of("portal-staff")) {
                let portal = Portal {
                    unit: service.unit.clone(),
                    public_host: public.1,
                    staff_host: staff.1,
                    machines_host: machines.clone().map_or_else(String::new, |(_, host)| host),
                    public_keys: BTreeSet::from([public.0.into()]),
                    staff_keys: BTreeSet::from([staff.0.into()]),
                    machines_keys: machines.iter().map(|(key, _)| Bytes::from(*key)).collect(),
                    open: true,
                };
                self.own_key(public.0, &service.service, "portal-public");
                self.own_key(staff.0, &service.service, "portal-staff");
                if let Some((key, _)) = machines {
                    self.own_key(key, &service.service, "portal-machines");
                }
                self.portals.insert(service.service.as_str().into(), Arc::new(portal));
            }
        }
        for given in &fixed.founding.authorizations {
            let services = &fixed.founding.services;
            let service = services.iter().find(|s| s.service == given.service)?;
            let own = |key: &&ServiceKey| key.process == given.process;
            let hosts = service.keys.iter().find(own).map(|key| key.hosts.clone());
            let standing = Standing {
                under: fixed.digest.into(),
                hosts: hosts.unwrap_or_default(),
                unit: service.unit.clone(),
                key_sha256: given.key_sha256.clone(),
                expires: records::time::read(&given.expires)?,
                used: 0,
                challenges: BTreeSet::new(),
                last: Bytes::default(),
                given: given.clone(),
            };
            self.standing.insert(given.authorization.as_str().into(), Arc::new(standing));
        }
        Some(())
    }
}
