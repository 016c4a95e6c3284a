//! The kept form: authority in parts, cut by table and by the beginning of the key, so that whoever
//! keeps it writes again only what changed. It is no document: whoever keeps it also authenticates
//! it, and a form that this version does not know is replayed from leaf 0 instead.

mod read;
mod table;

use crate::authority::Authority;
use crate::state::{OpenOrder, OrderEnd};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use table::{changed_slots, of_slots};

/// Version of the kept form; another one also where the same log is replayed to something else.
const VERSION: u32 = 18;

/// The kept form cannot be taken up; replaying the log makes it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PartsError {
    /// Not of this version, or cut short.
    #[error("the kept form of authority cannot be read")]
    Malformed,
    /// Kept by another city.
    #[error("the kept form is of another city")]
    AnotherCity,
}

/// The tables of the kept form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Table {
    City,
    Units,
    Profiles,
    Portals,
    Agents,
    Standing,
    Passkeys,
    Delegations,
    Intents,
    ServiceKeys,
    People,
    Credentials,
    Letters,
    Orders,
    Closed,
    Revoked,
    Suspended,
    Suspensions,
    Released,
    Held,
    Machines,
    Promised,
    Challenges,
    Renewals,
    Systems,
    Modes,
    Emergencies,
    Accounts,
    SystemCertificates,
}

impl Table {
    const ALL: [(Self, &'static str); 29] = [
        (Self::City, "city"),
        (Self::Units, "units"),
        (Self::Profiles, "profiles"),
        (Self::Portals, "portals"),
        (Self::Agents, "agents"),
        (Self::Standing, "standing"),
        (Self::Passkeys, "passkeys"),
        (Self::Delegations, "delegations"),
        (Self::Intents, "intents"),
        (Self::ServiceKeys, "service-keys"),
        (Self::People, "people"),
        (Self::Credentials, "credentials"),
        (Self::Letters, "letters"),
        (Self::Orders, "orders"),
        (Self::Closed, "closed"),
        (Self::Revoked, "revoked"),
        (Self::Suspended, "suspended"),
        (Self::Suspensions, "suspensions"),
        (Self::Released, "released"),
        (Self::Held, "held"),
        (Self::Machines, "machines"),
        (Self::Promised, "promised"),
        (Self::Challenges, "challenges"),
        (Self::Renewals, "renewals"),
        (Self::Systems, "systems"),
        (Self::Modes, "modes"),
        (Self::Emergencies, "emergencies"),
        (Self::Accounts, "accounts"),
        (Self::SystemCertificates, "system-certificates"),
    ];
}

/// Names a part: its table, and where its keys begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartName {
    table: Table,
    slot: u16,
}

impl core::fmt::Display for PartName {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let name = Table::ALL.iter().find(|(table, _)| *table == self.table);
        write!(f, "{}.{:04x}", name.map_or("", |(_, name)| name), self.slot)
    }
}

impl core::str::FromStr for PartName {
    type Err = PartsError;
    fn from_str(text: &str) -> Result<Self, PartsError> {
        let (name, slot) = text.split_once('.').ok_or(PartsError::Malformed)?;
        let table = Table::ALL.iter().find(|(_, known)| *known == name);
        let (table, _) = table.ok_or(PartsError::Malformed)?;
        let slot = u16::from_str_radix(slot, 16).map_err(|_| PartsError::Malformed)?;
        let part = Self { table: *table, slot };
        if part.to_string() == text { Ok(part) } else { Err(PartsError::Malformed) }
    }
}

/// The parts of kept authority stand by their names.
pub type Parts = BTreeMap<PartName, Vec<u8>>;

/// What is not in a table: the founding statement, rules, the bundle, and how far time is proven.
#[derive(Serialize, Deserialize)]
struct City {
    version: u32,
    founding: Vec<u8>,
    roles_file: String,
    approvals_file: String,
    approvals_digest: Vec<u8>,
    bundle: crate::state::BundleState,
    signed_time: u64,
    added: u32,
    grants: u64,
}

/// An open order: its documents as they are signed.
#[derive(Serialize, Deserialize)]
struct KeptOrder {
    order: Vec<u8>,
    signature: Vec<u8>,
    /// Each behind how many grants of roles it was given after.
    approvals: Vec<(u64, Vec<u8>)>,
}

impl KeptOrder {
    fn of(open: &OpenOrder) -> Self {
        let approval = |given: &crate::state::GivenApproval| {
            Some((given.grants, records::json::write(&*given.approval).ok()?))
        };
        Self {
            order: open.order.0.clone(),
            signature: open.signature.0.clone(),
            approvals: open.approvals.iter().filter_map(approval).collect(),
        }
    }
}

impl Authority {
    /// Every part of the tree's authority; what is pending is not kept.
    pub fn parts(&self) -> Parts {
        self.parts_since(None).into_iter().filter_map(|(name, part)| Some((name, part?))).collect()
    }

    /// The parts that differ from an earlier state, of which this one is a later copy; a part
    /// without bytes is to be removed.
    pub fn changed_parts(&self, since: &Self) -> BTreeMap<PartName, Option<Vec<u8>>> {
        self.parts_since(Some(since))
    }

    fn parts_since(&self, since: Option<&Self>) -> BTreeMap<PartName, Option<Vec<u8>>> {
        let mut out = BTreeMap::new();
        let city = self.city_part();
        if since.is_none_or(|since| since.city_part() != city) {
            out.insert(PartName { table: Table::City, slot: 0 }, Some(city));
        }
        macro_rules! whole {
            ($table:ident, $map:ident, |$value:ident| $kept:expr) => {
                if since.is_none_or(|since| !since.$map.ptr_eq(&self.$map)) {
                    let kept: Vec<_> = self.$map.iter().map(|(key, $value)| (key, $kept)).collect();
                    let name = PartName { table: Table::$table, slot: 0 };
                    out.insert(name, Some(table::bytes(&kept)));
                }
            };
        }
        macro_rules! slots {
            ($table:ident, $map:ident, |$value:ident| $kept:expr) => {
                let changed = since.map(|since| changed_slots(&self.$map, &since.$map));
                for (slot, bytes) in of_slots(&self.$map, changed, |$value| $kept) {
                    out.insert(PartName { table: Table::$table, slot }, bytes);
                }
            };
        }
        whole!(Units, units, |unit| &**unit);
        whole!(Profiles, profiles, |profile| {
            (profile.version, &profile.digest.0, &profile.content)
        });
        whole!(Portals, portals, |portal| &**portal);
        whole!(Agents, agents, |agent| &**agent);
        whole!(Systems, systems, |system| &**system);
        whole!(Modes, modes, |mode| &**mode);
        whole!(Emergencies, emergencies, |state| &**state);
        whole!(Standing, standing, |standing| &**standing);
        whole!(Passkeys, passkeys, |passkey| &**passkey);
        whole!(Delegations, delegations, |list| &**list);
        whole!(Intents, intents, |intended| &**intended);
        whole!(ServiceKeys, service_keys, |keys| {
            let names = keys.iter().map(|own| (own.service.clone(), own.process.to_owned()));
            names.collect::<Vec<_>>()
        });
        slots!(People, people, |person| &**person);
        slots!(Credentials, credentials, |credential| credential);
        slots!(Letters, letters, |letter| &**letter);
        slots!(Orders, orders, |open| KeptOrder::of(open));
        slots!(Closed, closed_orders, |closed| closed);
        slots!(Revoked, revoked, |revoked| &**revoked);
        slots!(Suspended, suspended, |standing| &**standing);
        slots!(Suspensions, suspensions, |since| since);
        slots!(Released, released, |at| at);
        slots!(Held, held, |held| &**held);
        slots!(Renewals, renewals, |renewed| &**renewed);
        slots!(Machines, machines, |machine| &**machine);
        slots!(Promised, promised, |serial| serial);
        slots!(Challenges, challenges, |time| time);
        slots!(Accounts, accounts, |account| &**account);
        slots!(SystemCertificates, system_certificates, |own| &**own);
        out
    }

    fn city_part(&self) -> Vec<u8> {
        table::bytes(&City {
            version: VERSION,
            founding: records::json::write(&self.fixed.founding).unwrap_or_default(),
            roles_file: self.rules.roles_file.clone(),
            approvals_file: self.rules.approvals_file.clone(),
            approvals_digest: self.rules.approvals_digest.0.clone(),
            bundle: (*self.bundle).clone(),
            signed_time: self.signed_time,
            added: self.added,
            grants: self.grants,
        })
    }
}

/// What a closed order keeps.
type Closed = (u64, OrderEnd);
