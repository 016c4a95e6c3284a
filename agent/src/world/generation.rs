//! One generation of what is in force, and what it decides.

use pki::SerialNumber;
use pki::crl::RevocationList;
use policy::{Answer, Application, Asked, Denial, People};
use quick_cache::sync::Cache;
use records::Code;
use records::access::InForce;
use records::people::PeopleSnapshot;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Most decisions that are kept ready, and the longest path that is.
const KEPT_MAX: usize = 50_000;
const KEPT_PATH_BYTES_MAX: usize = 256;
/// A clock may be this much behind the signer's, in seconds.
pub(super) const SKEW_SECONDS_MAX: u64 = 300;

/// Revoked serial numbers, ready to be looked up.
#[derive(Clone, Debug)]
pub struct Revocations {
    /// cRLNumber.
    pub number: u64,
    /// thisUpdate, unix.
    pub this_update: u64,
    /// nextUpdate, unix.
    pub next_update: u64,
    serials: HashSet<SerialNumber>,
}

impl Revocations {
    pub(super) fn new(list: &RevocationList) -> Self {
        Self {
            number: list.number(),
            this_update: list.this_update(),
            next_update: list.next_update(),
            serials: list.revoked().iter().map(|(serial, _)| serial.clone()).collect(),
        }
    }
}

/// Serial numbers that are revoked or suspended and stand in no list yet.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// Digest of what `status` said.
    pub digest: records::Bytes,
    serials: HashSet<SerialNumber>,
}

impl Beside {
    pub(super) fn new(digest: records::Bytes, serials: HashSet<SerialNumber>) -> Self {
        Self { digest, serials }
    }
}

/// The people of one snapshot.
#[derive(Clone, Debug)]
pub struct Known {
    /// Its number.
    pub number: u64,
    /// When it was made, unix.
    pub this_update: u64,
    /// Last second of use, unix.
    pub next_update: u64,
    /// Version and digest of the rules that it names: no others count beside it.
    pub policy: (u32, records::Bytes),
    /// Units, people, roles.
    pub people: People,
    /// Names of units.
    pub unit_names: HashMap<String, String>,
}

impl Known {
    pub(super) fn new(snapshot: &PeopleSnapshot) -> Self {
        let units = snapshot.units.iter().map(|unit| (unit.unit.clone(), unit.parent.clone()));
        let people = snapshot.people.iter().map(|person| {
            let roles =
                person.roles.iter().map(|held| (held.role.name().to_owned(), held.scope.clone()));
            (person.person.clone(), person.unit.clone(), roles.collect::<Vec<_>>())
        });
        Self {
            number: snapshot.number,
            this_update: snapshot.this_update_unix(),
            next_update: snapshot.next_update_unix(),
            policy: (snapshot.bundle, snapshot.policy.clone()),
            people: People::new(units, people),
            unit_names: snapshot
                .units
                .iter()
                .map(|unit| (unit.unit.clone(), unit.name.clone()))
                .collect(),
        }
    }
}

/// The rules of this application.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Version of the bundle.
    pub version: u32,
    /// Its digest.
    pub digest: records::Bytes,
    /// The application's rules; none if the bundle has none for it.
    pub application: Option<Application>,
}

impl Rules {
    /// Whether a snapshot names these.
    pub fn are_named_by(&self, (version, digest): &(u32, records::Bytes)) -> bool {
        self.version == *version && self.digest == *digest
    }
}

type DecisionKey = (String, String, String, u64);

/// One generation of everything.
pub struct World {
    /// Rises with every change.
    pub generation: u64,
    /// Who is revoked.
    pub revocations: Option<Arc<Revocations>>,
    /// Who is revoked beside that list.
    pub beside: Arc<Beside>,
    /// Who is known.
    pub known: Option<Arc<Known>>,
    /// What is allowed.
    pub rules: Option<Arc<Rules>>,
    decided: Cache<DecisionKey, Arc<Answer>>,
}

impl World {
    /// Before anything came.
    pub fn nothing() -> Self {
        Self {
            generation: 0,
            revocations: None,
            beside: Arc::default(),
            known: None,
            rules: None,
            decided: Cache::new(KEPT_MAX),
        }
    }

    /// The next generation with some parts changed.
    pub fn next(
        &self,
        revocations: Option<Arc<Revocations>>,
        known: Option<Arc<Known>>,
        rules: Option<Arc<Rules>>,
    ) -> Self {
        Self {
            generation: self.generation + 1,
            revocations: revocations.or_else(|| self.revocations.clone()),
            beside: self.beside.clone(),
            known: known.or_else(|| self.known.clone()),
            rules: rules.or_else(|| self.rules.clone()),
            decided: Cache::new(KEPT_MAX),
        }
    }

    /// The same with what is revoked beside its list, if that is known.
    pub fn with_beside(self, beside: Option<Arc<Beside>>) -> Self {
        Self { beside: beside.unwrap_or(self.beside), ..self }
    }

    /// Whether decisions can be made at `now`: everything is there and nothing is too old.
    pub fn usable(&self, now: u64) -> Result<(&Revocations, &Known, &Rules), Code> {
        let (Some(revocations), Some(known), Some(rules)) =
            (&self.revocations, &self.known, &self.rules)
        else {
            return Err(Code::StatusStale);
        };
        if now > revocations.next_update || now > known.next_update {
            return Err(Code::StatusStale);
        }
        // A clock that went back would make old lists and certificates good again.
        if now + SKEW_SECONDS_MAX < revocations.this_update.max(known.this_update) {
            return Err(Code::ClockMoved);
        }
        Ok((revocations, known, rules))
    }

    /// When decisions end unless something newer comes, unix.
    pub fn limit(&self) -> u64 {
        let list = self.revocations.as_ref().map_or(0, |list| list.next_update);
        let people = self.known.as_ref().map_or(0, |known| known.next_update);
        list.min(people)
    }

    /// Whether a certificate is revoked.
    pub fn is_revoked(&self, serial: &SerialNumber) -> bool {
        self.revocations.as_ref().is_none_or(|list| list.serials.contains(serial))
            || self.beside.serials.contains(serial)
    }

    /// What stands in records.
    pub fn in_force(&self) -> InForce {
        InForce {
            bundle: self.rules.as_ref().map_or(0, |rules| rules.version),
            policy: self.rules.as_ref().map(|rules| rules.digest.clone()).unwrap_or_default(),
            people: self.known.as_ref().map_or(0, |known| known.number),
            crl: self.revocations.as_ref().map_or(0, |list| list.number),
        }
    }

    /// Decides, or gives what was decided for the same question in the same minute.
    pub fn decide(&self, asked: &Asked<'_>) -> Result<Arc<Answer>, Code> {
        let (_, known, rules) = self.usable(asked.now)?;
        let key = (
            asked.person.to_owned(),
            asked.method.to_owned(),
            asked.path.text().to_owned(),
            asked.now / 60,
        );
        if let Some(answer) = self.decided.get(&key) {
            return Ok(answer);
        }
        let answer = match &rules.application {
            Some(application) => application.decide(&known.people, asked),
            None => return Err(Code::NotPermitted),
        };
        let answer = Arc::new(answer);
        if asked.path.text().len() > KEPT_PATH_BYTES_MAX {
            return Ok(answer);
        }
        self.decided.insert(key, answer.clone());
        Ok(answer)
    }
}

/// The code of a denial.
pub fn denial_code(denial: Denial) -> Code {
    match denial {
        Denial::Unknown => Code::NotServed,
        Denial::Route => Code::RouteUnknown,
        Denial::Rule => Code::NotPermitted,
        Denial::Error => Code::PolicyError,
    }
}
