//! One generation of what is in force, and what it decides.

use super::heard_clock::HeardClock;
use super::passage::Ordered;
use super::unlisted::{AcceptedList, CertificateStanding, UnlistedSerials, VerifiedUnlisted};
use pki::SerialNumber;
use pki::crl::RevocationList;
use policy::{AccessRequest, Answer, Application, LentRole, People};
use quick_cache::Equivalent;
use quick_cache::sync::Cache;
use records::Code;
use records::access::{Exception, InForce};
use records::body::InForceBytes;
use records::order::AccessMode;
use records::people::PeopleSnapshot;
use records::time::SKEW_SECONDS_MAX;
use records::unlisted::DatedSerial;
use std::collections::HashMap;
use std::sync::Arc;

#[cfg(test)]
mod tests;

// What rules read of what is lent is all that a snapshot may lend.
const _: () = assert!(policy::LENT_MAX == records::order::LENT_MAX);

/// Most decisions that are kept ready, and the longest path that is.
const KEPT_MAX: usize = 50_000;
const KEPT_PATH_BYTES_MAX: usize = 256;

/// Revoked serial numbers, ready to be looked up.
#[derive(Clone, Debug)]
pub struct Revocations {
    /// The list has this cRLNumber (RFC 5280 5.2.3).
    pub number: u64,
    /// The list was made at its thisUpdate, unix seconds.
    pub this_update: u64,
    /// The list ends at its nextUpdate, unix seconds; from then on nobody passes.
    pub next_update: u64,
    serials: HashMap<SerialNumber, CertificateStanding>,
}

impl Revocations {
    pub(super) fn new(list: &RevocationList) -> Self {
        Self {
            number: list.number(),
            this_update: list.this_update(),
            next_update: list.next_update(),
            serials: list
                .revoked()
                .iter()
                .map(|(serial, _)| match list.is_held(serial) {
                    true => (serial.clone(), CertificateStanding::Suspended),
                    false => (serial.clone(), CertificateStanding::Revoked),
                })
                .collect(),
        }
    }

    fn accepted(&self) -> AcceptedList<'_> {
        AcceptedList { this_update: self.this_update, serials: &self.serials }
    }
}

/// The people of one snapshot.
#[derive(Clone, Debug)]
pub struct KnownPeople {
    /// The registry key gave the snapshot this number; a later one has a greater one.
    pub number: u64,
    /// It was made at this time, unix seconds.
    pub this_update: u64,
    /// It can be used until this second, unix.
    pub next_update: u64,
    /// Version and digest of the rules that it names: no others count beside it.
    pub policy: (u32, records::Bytes),
    /// What orders say of how the gate takes its rules.
    pub ordered: Ordered,
    /// The people are those of the snapshot, with their units and roles, as rules read them.
    pub people: People,
    /// The names of units stand by unit id, for tokens and pages.
    pub unit_names: HashMap<String, String>,
}

impl KnownPeople {
    pub(super) fn new(snapshot: &PeopleSnapshot) -> Self {
        Self {
            number: snapshot.number,
            this_update: snapshot.this_update_unix(),
            next_update: snapshot.next_update_unix(),
            policy: (snapshot.bundle, snapshot.policy.clone()),
            ordered: Ordered::of(snapshot),
            people: People::of(snapshot),
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
    /// The bundle has this version.
    pub version: u32,
    /// The bundle is named by its digest, SHA-256 (`docs/formats.md` 6).
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

/// Person, method, path, period, and under what it is asked.
type DecisionKey = (String, String, String, u64, u64);

/// What is asked, as it is looked up among what was decided: hashed as its key is.
#[derive(Hash)]
struct Question<'a> {
    person: &'a str,
    method: &'a str,
    path: &'a str,
    period: u64,
    under: u64,
}

impl<'a> Question<'a> {
    /// What is asked in a period, and under what, in which its answer does not change.
    fn of(asked: &AccessRequest<'a>, period: u64, under: u64) -> Self {
        let path = asked.path.text();
        Self { person: asked.person, method: asked.method, path, period, under }
    }

    fn key(&self) -> DecisionKey {
        let [person, method, path] = [self.person, self.method, self.path].map(str::to_owned);
        (person, method, path, self.period, self.under)
    }
}

impl Equivalent<DecisionKey> for Question<'_> {
    fn equivalent(&self, (person, method, path, period, under): &DecisionKey) -> bool {
        self.person == person
            && self.method == method
            && self.path == path
            && (self.period, self.under) == (*period, *under)
    }
}

/// One generation of revocations, people and rules: a value that is swapped whole.
pub struct World {
    /// The generation is a greater one after every change.
    pub generation: u64,
    /// The revocations are those of the newest accepted list; none came yet where it is missing.
    pub revocations: Option<Arc<Revocations>>,
    /// Who is revoked beside that list.
    pub beside: Arc<UnlistedSerials>,
    /// The people are those of the newest accepted snapshot; none came yet where it is missing.
    pub known: Option<Arc<KnownPeople>>,
    /// The rules are those of the newest accepted bundle; none came yet where it is missing.
    pub rules: Option<Arc<Rules>>,
    /// The clock that its limits are read by; none is watched where it is missing.
    heard: Option<Arc<HeardClock>>,
    /// Digest of these as texts have it.
    policy: String,
    /// What stands in records, as it stands there.
    recorded: InForceBytes,
    decided: Cache<DecisionKey, Arc<Answer>>,
}

impl World {
    /// The world before anything came, in which nobody passes.
    pub fn nothing() -> Self {
        Self {
            generation: 0,
            revocations: None,
            beside: Arc::default(),
            known: None,
            rules: None,
            heard: None,
            policy: String::new(),
            recorded: InForceBytes::of(&InForce::default()).unwrap_or_default(),
            decided: Cache::new(KEPT_MAX),
        }
    }

    /// A world in which nobody is, and that can be used until a second, unix.
    #[cfg(test)]
    pub(crate) fn good_until(next_update: u64) -> Self {
        let (number, this_update) = (1, 0);
        let serials = HashMap::new();
        let list = Revocations { number, this_update, next_update, serials };
        let known = KnownPeople {
            number,
            this_update,
            next_update,
            policy: Default::default(),
            ordered: Ordered::default(),
            people: People::default(),
            unit_names: HashMap::new(),
        };
        let rules = Rules { version: 1, digest: Default::default(), application: None };
        Self::nothing().next(Some(Arc::new(list)), Some(Arc::new(known)), Some(Arc::new(rules)))
    }

    /// The same under a clock that is watched.
    pub(super) fn under(self, heard: Arc<HeardClock>) -> Self {
        Self { heard: Some(heard), ..self }
    }

    /// The next generation with some parts changed.
    pub fn next(
        &self,
        revocations: Option<Arc<Revocations>>,
        known: Option<Arc<KnownPeople>>,
        rules: Option<Arc<Rules>>,
    ) -> Self {
        let rules = rules.or_else(|| self.rules.clone());
        let beside = match (&self.revocations, &revocations) {
            (Some(old), Some(new)) => Arc::new(self.beside.behind(old.accepted(), new.accepted())),
            _ => self.beside.clone(),
        };
        let mut next = Self {
            generation: self.generation + 1,
            revocations: revocations.or_else(|| self.revocations.clone()),
            beside,
            known: known.or_else(|| self.known.clone()),
            heard: self.heard.clone(),
            policy: rules.as_ref().map(|rules| rules.digest.to_string()).unwrap_or_default(),
            rules,
            recorded: InForceBytes::default(),
            decided: Cache::new(KEPT_MAX),
        };
        next.recorded = InForceBytes::of(&next.in_force()).unwrap_or_default();
        next
    }

    /// The same with what `status` said is revoked beside its list, one after the other.
    pub fn with_beside(self, newer: &[Arc<VerifiedUnlisted>]) -> Self {
        let list = self.revocations.clone();
        let list = list.as_deref().map(Revocations::accepted);
        let told = newer.iter();
        let beside = told.fold(self.beside, |b, one| Arc::new(b.followed_by(one, list)));
        Self { beside, ..self }
    }

    /// The same with what was kept of what left the lists.
    pub(super) fn with_gone(self, kept: &[DatedSerial]) -> Self {
        match kept.is_empty() {
            true => self,
            false => Self { beside: Arc::new(self.beside.with_gone(kept)), ..self },
        }
    }

    fn list_number(&self) -> u64 {
        self.revocations.as_ref().map_or(0, |list| list.number)
    }

    /// Whether decisions can be made at `now`: everything is there and nothing is too old.
    pub fn usable(&self, now: u64) -> Result<(&Revocations, &KnownPeople, &Rules), Code> {
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
        // Nor is any limit a later one, where nothing comes that is newer.
        if self.heard.as_ref().is_some_and(|heard| heard.is_back(now)) {
            return Err(Code::ClockMoved);
        }
        Ok((revocations, known, rules))
    }

    /// How the gate takes what its rules say at `now`; before people came nothing passes anyhow.
    pub fn mode(&self, now: u64) -> AccessMode {
        self.known.as_ref().map_or(AccessMode::Enforce, |known| known.ordered.mode(now))
    }

    /// When decisions end unless something newer comes, unix.
    pub fn limit(&self) -> u64 {
        let list = self.revocations.as_ref().map_or(0, |list| list.next_update);
        let people = self.known.as_ref().map_or(0, |known| known.next_update);
        list.min(people)
    }

    /// What is told while nothing newer comes, and why not: how long what is in force still counts.
    pub(super) fn alone(&self, why: &str) -> String {
        match self.limit() {
            0 => format!("nothing new comes: {why}"),
            limit => {
                let until = records::time::seconds(limit);
                format!("nothing new comes: {why}; what is here counts until {until}")
            }
        }
    }

    /// How a certificate stands. Without a list nobody knows that one is good.
    pub fn standing(&self, serial: &SerialNumber) -> CertificateStanding {
        let Some(list) = &self.revocations else { return CertificateStanding::Revoked };
        let listed = list.serials.get(serial).copied().unwrap_or(CertificateStanding::Good);
        listed.min(self.beside.standing(serial))
    }

    /// The numbers of what is in force, as they stand in records.
    pub fn in_force(&self) -> InForce {
        InForce {
            bundle: self.rules.as_ref().map_or(0, |rules| rules.version),
            policy: self.rules.as_ref().map(|rules| rules.digest.clone()).unwrap_or_default(),
            people: self.known.as_ref().map_or(0, |known| known.number),
            crl: self.list_number(),
        }
    }

    /// The same, as it stands there.
    pub fn recorded(&self) -> &InForceBytes {
        &self.recorded
    }

    /// SHA-256 of the rules as tokens have it; empty before any came.
    pub fn policy(&self) -> &str {
        &self.policy
    }

    /// Whether the application is open to anybody: an order may have suspended it.
    pub fn is_open(&self, now: u64) -> Result<(), Code> {
        let (_, known, _) = self.usable(now)?;
        known.ordered.is_open(now)
    }

    /// What comes of an answer to a question: nothing, an exception that its record names, or why
    /// it is refused.
    pub fn passage(
        &self,
        asked: &AccessRequest<'_>,
        answer: &Answer,
    ) -> Result<Option<Exception>, Code> {
        let (_, known, _) = self.usable(asked.now)?;
        known.ordered.passage((asked.person, asked.method), answer.outcome, asked.now)
    }

    /// Whether something is lent to a person, now or soon: what rests on that begins and ends at
    /// seconds of its own.
    pub fn lends_to(&self, person: &str) -> bool {
        self.known.as_ref().is_some_and(|known| !known.people.lent(person).is_empty())
    }

    /// What a yes to a question rests on that is lent to whoever asks.
    pub fn rests_on(&self, asked: &AccessRequest<'_>) -> Option<LentRole> {
        let (_, known, rules) = self.usable(asked.now).ok()?;
        rules.application.as_ref()?.rests_on(&known.people, asked).cloned()
    }

    /// Decides, or gives what was decided for the same question while nothing changed of the time
    /// that rules read, nor of what is lent to whoever asks.
    pub fn decide(&self, asked: &AccessRequest<'_>) -> Result<Arc<Answer>, Code> {
        let (_, known, rules) = self.usable(asked.now)?;
        known.ordered.is_open(asked.now)?;
        let application = rules.application.as_ref().ok_or(Code::NotPermitted)?;
        let under = application.under(&known.people, asked);
        let question = Question::of(asked, application.period(asked.now), under);
        if let Some(answer) = self.decided.get(&question) {
            return Ok(answer);
        }
        let answer = Arc::new(application.decide(&known.people, asked));
        if asked.path.text().len() > KEPT_PATH_BYTES_MAX {
            return Ok(answer);
        }
        self.decided.insert(question.key(), answer.clone());
        Ok(answer)
    }
}
