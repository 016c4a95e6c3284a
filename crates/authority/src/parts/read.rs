//! Taking up the kept form: tables as they stand, indexes made again.

use super::{City, Closed, KeptOrder, PartName, Parts, PartsError, Table, VERSION};
use crate::authority::Authority;
use crate::id::{OrderDigest, PersonId, Reference, Serial, Sha256Value};
use crate::state::{
    AccountState, Agent, EmergencyState, ModeState, Portal, ServiceKey, SystemCertificate,
    SystemState,
};
use crate::state::{
    Credential, Delegation, FoundingFacts, GivenApproval, LetterState, OpenIntent, OpenOrder,
    Person, PersonCertificate, ProfileState, RenewalState, Revoked, Rules, ServiceCertificate,
    Standing, SuspendedCertificate, Unit,
};
use records::Approval;
use records::bytes::Bytes;
use records::founding::Founding;
use records::order::Body;
use records::passkey::Passkey;
use records::rules::{ApprovalRules, Role, RoleRules};
use serde::de::DeserializeOwned;
use std::sync::Arc;

const PROCESSES: [&str; 4] = ["agent", "portal-public", "portal-staff", "portal-machines"];

impl Authority {
    /// Takes up every part that [`Self::parts`] gave, or that was kept up with
    /// [`Self::changed_parts`]. Whoever kept them has authenticated them; no signature is verified
    /// again.
    pub fn from_parts(founding: &[u8; 32], parts: &Parts) -> Result<Self, PartsError> {
        let city = parts.get(&PartName { table: Table::City, slot: 0 });
        let mut authority = read_city(founding, city.ok_or(PartsError::Malformed)?)?;
        for (name, part) in parts {
            authority.take_small(name.table, part)?;
        }
        for (name, part) in parts {
            authority.take_large(name.table, part)?;
        }
        authority.index();
        Ok(authority)
    }

    /// Tables that are kept whole.
    fn take_small(&mut self, table: Table, part: &[u8]) -> Result<(), PartsError> {
        match table {
            Table::Units => self.units = shared(entries::<Arc<str>, Unit>(part)?).collect(),
            Table::Portals => self.portals = shared(entries::<Arc<str>, Portal>(part)?).collect(),
            Table::Agents => self.agents = shared(entries::<Arc<str>, Agent>(part)?).collect(),
            Table::Systems => {
                self.systems = shared(entries::<Arc<str>, SystemState>(part)?).collect();
            }
            Table::Modes => self.modes = shared(entries::<Arc<str>, ModeState>(part)?).collect(),
            Table::Emergencies => {
                self.emergencies = shared(entries::<OrderDigest, EmergencyState>(part)?).collect();
            }
            Table::Standing => {
                self.standing = shared(entries::<Arc<str>, Standing>(part)?).collect();
            }
            Table::Passkeys => {
                self.passkeys = shared(entries::<Arc<[u8]>, Passkey>(part)?).collect();
            }
            Table::Delegations => {
                self.delegations = shared(entries::<PersonId, Vec<Delegation>>(part)?).collect();
            }
            Table::Intents => self.intents = shared(entries::<Serial, OpenIntent>(part)?).collect(),
            Table::Profiles => {
                for (id, (version, digest, content)) in
                    entries::<Arc<str>, (u32, Vec<u8>, String)>(part)?
                {
                    let state = ProfileState::read(version, Bytes(digest), content);
                    self.profiles.insert(id, Arc::new(state.ok_or(PartsError::Malformed)?));
                }
            }
            Table::ServiceKeys => {
                for (key, owners) in entries::<Sha256Value, Vec<(Arc<str>, String)>>(part)? {
                    let own = |(service, process): (Arc<str>, String)| {
                        let process = PROCESSES.into_iter().find(|known| *known == process)?;
                        Some(ServiceKey { service, process })
                    };
                    let owners: Option<Vec<ServiceKey>> = owners.into_iter().map(own).collect();
                    let owners = owners.ok_or(PartsError::Malformed)?;
                    self.service_keys.insert(key, Arc::new(owners));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Tables that are kept in slots.
    fn take_large(&mut self, table: Table, part: &[u8]) -> Result<(), PartsError> {
        match table {
            Table::People => self.people.extend(shared(entries::<PersonId, Person>(part)?)),
            Table::Credentials => {
                self.credentials.extend(entries::<Sha256Value, Credential>(part)?);
            }
            Table::Letters => {
                for (reference, mut letter) in entries::<Reference, LetterState>(part)? {
                    letter.profile = self.profile_name(&letter.profile);
                    self.letters.insert(reference, Arc::new(letter));
                }
            }
            Table::Held => {
                for (serial, mut held) in entries::<Serial, PersonCertificate>(part)? {
                    held.profile = self.profile_name(&held.profile);
                    self.held.insert(serial, Arc::new(held));
                }
            }
            Table::Orders => {
                for (digest, kept) in entries::<OrderDigest, KeptOrder>(part)? {
                    let open = self.read_kept(&kept).ok_or(PartsError::Malformed)?;
                    self.orders.insert(digest, Arc::new(open));
                }
            }
            Table::Closed => self.closed_orders.extend(entries::<OrderDigest, Closed>(part)?),
            Table::Revoked => self.revoked.extend(shared(entries::<Serial, Revoked>(part)?)),
            Table::Suspended => {
                self.suspended.extend(shared(entries::<Serial, Vec<SuspendedCertificate>>(part)?));
            }
            Table::Suspensions => self.suspensions.extend(entries::<Sha256Value, u64>(part)?),
            Table::Released => self.released.extend(entries::<Serial, u64>(part)?),
            Table::Renewals => self.renewals.extend(shared(entries::<Serial, RenewalState>(part)?)),
            Table::Machines => {
                self.machines.extend(shared(entries::<Serial, ServiceCertificate>(part)?))
            }
            Table::Promised => self.promised.extend(entries::<Sha256Value, Serial>(part)?),
            Table::Accounts => {
                self.accounts.extend(shared(entries::<Sha256Value, AccountState>(part)?));
            }
            Table::SystemCertificates => {
                let own = entries::<Serial, SystemCertificate>(part)?;
                self.system_certificates.extend(shared(own));
            }
            Table::Challenges => self.challenges.extend(entries::<Sha256Value, u64>(part)?),
            _ => {}
        }
        Ok(())
    }

    fn read_kept(&self, kept: &KeptOrder) -> Option<OpenOrder> {
        let (order, signature) = (Bytes(kept.order.clone()), Bytes(kept.signature.clone()));
        let mut open = self.open_order_of(&order, &signature).ok()?;
        for (grants, bytes) in &kept.approvals {
            let approval: Approval = records::json::read(bytes).ok()?;
            open.approvals.push(GivenApproval::read(&approval, &self.signatures, *grants).ok()?);
        }
        Some(open)
    }

    /// What follows from the tables.
    fn index(&mut self) {
        let held = self.held.iter().map(|(serial, held)| (held.key_sha256, *serial));
        let machines = self.machines.iter().map(|(serial, of)| (of.key_sha256, *serial));
        let mut keys: Vec<(Sha256Value, Serial)> = held.chain(machines).collect();
        keys.sort_unstable();
        self.keys = keys.into_iter().collect();
        let open = self.orders.iter().map(|(digest, open)| (open.expires, *digest));
        let closed = self.closed_orders.iter().map(|(digest, (expires, _))| (*expires, *digest));
        self.expiries = open.chain(closed).collect();
        let appointed = self
            .people
            .iter()
            .filter(|(_, person)| person.roles.iter().any(|(role, _)| *role != Role::Official));
        self.appointed = appointed.map(|(id, _)| *id).collect();
        self.index_leaving();
        let numbered = self.people.iter().filter(|(_, person)| !person.left);
        let numbers = numbered.filter_map(|(id, person)| Some((person.number?, *id)));
        self.numbers = numbers.collect();
        let revoking = self.orders.iter().filter_map(|(digest, open)| match &*open.body {
            Body::Revoke(revoke) => Some((PersonId::read(&revoke.person)?, *digest)),
            _ => None,
        });
        self.revoking = revoking.collect();
        let wished = self.orders.iter().filter(|(_, open)| open.read.is_unsigned_wish());
        self.wished = wished.map(|(digest, _)| *digest).collect();
        for (digest, open) in self.orders.clone() {
            self.remember_draft(digest, &open);
            self.remember_giving(digest, &open);
        }
        self.forget_old_drafts();
        let batches = self.orders.iter().filter_map(|(digest, open)| match &*open.body {
            Body::Batch(batch) => Some((*digest, batch.clone())),
            _ => None,
        });
        for (digest, batch) in batches.collect::<Vec<_>>() {
            self.add_batch(digest, &batch);
        }
        let letters = || self.letters.iter();
        self.letters_of = letters().map(|(reference, of)| (of.person, *reference)).collect();
        let by = |(reference, of): (&Reference, &Arc<LetterState>)| Some((of.drafter?, *reference));
        self.lettered_by = letters().filter_map(by).collect();
        let due = self
            .renewals
            .iter()
            .filter(|(old, renewed)| renewed.by.is_some() && !self.revoked.contains_key(*old));
        self.superseding = due.map(|(old, renewed)| (renewed.superseded_from, *old)).collect();
        self.index_systems();
        self.challenge_times =
            self.challenges.iter().map(|(digest, time)| (*time, *digest)).collect();
    }
}

fn read_city(founding: &[u8; 32], part: &[u8]) -> Result<Authority, PartsError> {
    let city: City = postcard::from_bytes(part).map_err(|_| PartsError::Malformed)?;
    if city.version != VERSION {
        return Err(PartsError::Malformed);
    }
    if records::founding::digest(&city.founding) != *founding {
        return Err(PartsError::AnotherCity);
    }
    let statement = Founding::read(&city.founding).map_err(|_| PartsError::Malformed)?;
    let rules = Rules {
        roles: RoleRules::read(&city.roles_file).map_err(|_| PartsError::Malformed)?,
        approvals: ApprovalRules::read(&city.approvals_file).map_err(|_| PartsError::Malformed)?,
        roles_file: city.roles_file,
        approvals_file: city.approvals_file,
        approvals_digest: Bytes(city.approvals_digest),
    };
    let fixed = FoundingFacts::read(statement, *founding).ok_or(PartsError::Malformed)?;
    let mut authority = Authority::empty(Arc::new(fixed), rules, Arc::new(city.bundle));
    (authority.signed_time, authority.added) = (city.signed_time, city.added);
    authority.grants = city.grants;
    Ok(authority)
}

fn entries<K: DeserializeOwned, V: DeserializeOwned>(
    part: &[u8],
) -> Result<Vec<(K, V)>, PartsError> {
    postcard::from_bytes(part).map_err(|_| PartsError::Malformed)
}

fn shared<K, V>(entries: Vec<(K, V)>) -> impl Iterator<Item = (K, Arc<V>)> {
    entries.into_iter().map(|(key, value)| (key, Arc::new(value)))
}
