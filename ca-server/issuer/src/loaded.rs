//! What a round needs from rows: secrets that are sealed, what opens commitments, files. One select
//! a table; whoever uses a value checks it against authority.

use crate::command::{Command, Officer};
use crate::error::IssuerError;
use crate::rows::{OrderExtras, SealedKeys};
use crate::state::State;
use crate::verify::{VerifiedDraft, VerifiedMany};
use authority::{Authority, Judged, OrderDigest};
use ca_host::operator::OperatorRequest;
pub(crate) use ca_store::names::{opening, text};
use ca_store::table::{certificate, letter, order, person};
use records::drafted::DraftContent;
use records::machine::system_of;
use records::order::{
    BATCH_ROWS_MAX, Body, NAME_PATH, PersonAction, UnitAction, subject_of_system,
};
use records::scep::{EnrolDevice, challenge_in, kid_of};
use records::{Bytes, Code, Commitment, Disclosure};
use sha2::{Digest, Sha256};
use std::collections::{BTreeSet, HashMap, HashSet};
use store::Tx;

#[cfg(test)]
pub(crate) mod sample;

/// The values of rows that a round's commands need, loaded before anything is decided.
#[derive(Default)]
pub(crate) struct Loaded {
    sealed: HashMap<String, SealedKeys>,
    people: HashMap<String, Vec<Disclosure>>,
    namesakes: HashSet<(String, String)>,
    certificates: HashMap<[u8; 32], Vec<u8>>,
    orders: HashMap<OrderDigest, OrderExtras>,
    tokens: HashMap<OrderDigest, Vec<u8>>,
    looks: HashMap<OrderDigest, String>,
}

/// What is asked for, before anything is decided.
#[derive(Default)]
struct Needs {
    references: BTreeSet<String>,
    people: BTreeSet<String>,
    names: BTreeSet<String>,
    holders: BTreeSet<String>,
    orders: BTreeSet<OrderDigest>,
    tokens: BTreeSet<OrderDigest>,
    looks: BTreeSet<OrderDigest>,
    /// Systems with the orders under which they are.
    systems: Vec<(String, OrderDigest)>,
}

impl Needs {
    fn of(state: &State, commands: &[Command], orders: &[OrderDigest]) -> Self {
        let mut needs = Self::default();
        for command in commands {
            needs.command(state.authority(), command);
        }
        // An order that lacks approvals is told so, and no row is asked for it.
        for digest in orders.iter().filter(|one| state.authority().has_enough(**one)) {
            needs.orders.insert(*digest);
            if let Ok((_, body)) = state.authority().open(digest, 0) {
                needs.body(&body);
            }
        }
        needs.lenders(state.authority());
        needs
    }

    /// Of whoever is named also who lends to them, and to whom they lend: an order names those.
    fn lenders(&mut self, authority: &Authority) {
        let is_named = |id: &str| self.people.contains(id);
        let pairs = authority.delegations().map(|(person, one)| (person, &one.absent));
        let named = pairs.filter(|(one, other)| is_named(one) || is_named(other));
        let named = named.flat_map(|(one, other)| [one.to_string(), other.to_string()]);
        let named: Vec<String> = named.collect();
        self.people.extend(named);
    }

    fn command(&mut self, authority: &Authority, command: &Command) {
        match command {
            Command::Submit(_, submission, _) => {
                let reference = submission.reference();
                self.references.insert(reference.to_owned());
                if let Some(letter) = authority.letter(reference) {
                    let person = letter.person.to_string();
                    if authority.last_certificate(&person, &letter.profile).is_some() {
                        self.holders.insert(person.clone());
                    }
                    self.people.insert(person);
                }
            }
            Command::RenewCertificate(_, asked, _) => {
                let person = asked.certificate().subject().person().map(str::to_owned);
                self.holders.extend(person.clone());
                self.people.extend(person);
            }
            Command::Credential(_, _, body, _) => {
                self.people.insert(body.person.clone());
            }
            Command::Revoke(_, officer, revocation, _) => {
                self.revocation(authority, officer, &revocation.serial);
            }
            Command::Wish(_, officer, wish, _) => {
                self.revocation(authority, officer, &wish.statement().serial);
            }
            Command::Draft(_, officer, wanted, _) => self.draft(officer, wanted),
            Command::DraftMany(_, officer, wanted, _) => self.many(officer, wanted),
            Command::Numbers(_, _, asked, _) => {
                let known = asked.digests().iter().filter_map(|one| authority.numbered(one));
                self.people.extend(known.map(ToString::to_string));
            }
            Command::Batch(_, officer, wanted, _) => {
                self.people.extend(officer.0.subject().person().map(str::to_owned));
                // More than a batch takes are refused, and looked for nowhere.
                let rows = Some(&wanted.rows).filter(|rows| rows.len() <= BATCH_ROWS_MAX);
                let rows = rows.into_iter().flatten().filter_map(|row| row.digest());
                self.looks.extend(rows.map(OrderDigest));
            }
            Command::Suspend(..) => {}
            Command::Join(_, asked, _) => {
                let agent = authority.agent(&asked.message().agent);
                let order = agent.and_then(|agent| agent.order.digest());
                self.tokens.extend(order.map(OrderDigest));
            }
            Command::OpenAccount(_, asked, _) => {
                let wish = authority.signatures().account_wish(&asked.message().jws);
                let kid = wish.and_then(|wish| wish.kid()).unwrap_or_default();
                self.secret(authority, &kid);
            }
            Command::EnrolSystem(_, asked, _) => self.secret(authority, &asked.message().user),
            Command::EnrolDevice(_, asked, _) => self.challenged(authority, asked.message()),
            Command::Operator(request, ..) => self.operator(authority, request),
            Command::Approve(..)
            | Command::Decline(..)
            | Command::Withdraw(..)
            | Command::Renew(..)
            | Command::Finalize(..)
            | Command::RenewSystem(..)
            | Command::RenewDevice(..)
            | Command::EnrolByCmp(..)
            | Command::RevokeByCmp(..)
            | Command::RevokeMachine(..)
            | Command::ChangeKey(..)
            | Command::Deactivate(..)
            | Command::WrongKey(..)
            | Command::List(..)
            | Command::Confirmed(..)
            | Command::People(..)
            | Command::Alarm(..) => {}
        }
    }

    /// The token behind the challenge in a device's request.
    fn challenged(&mut self, authority: &Authority, asked: &EnrolDevice) {
        let challenge = challenge_in(&asked.request).unwrap_or_default();
        self.secret(authority, kid_of(&challenge).unwrap_or_default());
    }

    /// The token behind a system's secret, by the id of that.
    fn secret(&mut self, authority: &Authority, kid: &str) {
        let system = system_of(kid).and_then(|system| authority.system(system));
        let order = system.and_then(|system| system.order.digest());
        self.tokens.extend(order.map(OrderDigest));
    }

    fn revocation(&mut self, authority: &Authority, officer: &Officer, serial: &str) {
        self.people.extend(officer.0.subject().person().map(str::to_owned));
        let serial = authority::Serial::read(serial);
        let subject = serial.and_then(|serial| authority.subject_of(&serial));
        self.people.extend(subject.map(str::to_owned));
    }

    fn draft(&mut self, officer: &Officer, wanted: &VerifiedDraft) {
        self.people.extend(officer.0.subject().person().map(str::to_owned));
        let Ok(drafted) = DraftContent::of(wanted.statement()) else { return };
        self.people.insert(drafted.person().to_owned());
        let other = drafted.order().and_then(|body| body.also_about().map(str::to_owned));
        self.people.extend(other);
        self.names.extend(text(&wanted.drafting().disclosures, NAME_PATH));
    }

    fn many(&mut self, officer: &Officer, wanted: &VerifiedMany) {
        self.people.extend(officer.0.subject().person().map(str::to_owned));
        for row in &wanted.drafting().rows {
            let person = row.body.get("person").and_then(|person| person.as_str());
            self.people.extend(person.map(str::to_owned));
            self.names.extend(text(&row.disclosures, NAME_PATH));
        }
    }

    fn operator(&mut self, authority: &Authority, request: &OperatorRequest) {
        match request {
            OperatorRequest::Person { action: PersonAction::Create, name, .. } => {
                self.names.insert(name.clone());
            }
            OperatorRequest::Person { person, .. }
            | OperatorRequest::Role { person, .. }
            | OperatorRequest::Revoke { person, .. }
            | OperatorRequest::Letter { person, .. } => {
                self.people.insert(person.clone());
            }
            OperatorRequest::System { body, .. } => {
                let known = authority.system(&body.system).map(|system| system.leader.clone());
                self.people.extend(known.into_iter().chain([body.leader.clone()]));
                self.system(authority, &body.system);
            }
            OperatorRequest::Unit { action: UnitAction::Move, unit, parent, .. } => {
                let (gains, loses) = authority.reach_of_move(unit, parent);
                self.people.extend(gains.into_iter().chain(loses).map(|one| one.person));
            }
            OperatorRequest::Delegate { body } => {
                self.people.extend([body.person.clone(), body.absent.clone()]);
            }
            OperatorRequest::Emergency { people, .. } => self.people.extend(people.clone()),
            OperatorRequest::EmergencyReview { order, .. } => {
                let named =
                    authority.emergencies().filter(|(open, _)| Bytes::from(*open) == *order);
                self.people.extend(named.flat_map(|(_, state)| state.about.clone()));
            }
            OperatorRequest::Release { serial, .. } => {
                let by = authority.suspended_as(serial).map(|one| one.by.to_string());
                self.people.extend(by);
                self.people.extend(authority.held(serial).map(|held| held.person.to_string()));
            }
            OperatorRequest::ReplaceLetter { reference } => {
                let letter = authority.letter(reference);
                self.people.extend(letter.map(|letter| letter.person.to_string()));
            }
            _ => {}
        }
    }

    /// What opens who runs a system stands beside its order.
    fn system(&mut self, authority: &Authority, system: &str) {
        let order = authority.system(system).and_then(|known| known.order.digest());
        let order = order.map(OrderDigest);
        self.orders.extend(order);
        self.systems.extend(order.map(|order| (system.to_owned(), order)));
    }

    /// What carrying out an order needs.
    fn body(&mut self, body: &Body) {
        if let Body::Issue(issue) = body {
            self.references.extend(issue.reference.clone());
        }
    }
}

impl Loaded {
    /// Loads what a round's commands and the orders that it carries out need.
    pub(crate) async fn load(
        tx: &mut Tx,
        state: &State,
        commands: &[Command],
        orders: &[OrderDigest],
    ) -> Result<Self, IssuerError> {
        let needs = Needs::of(state, commands, orders);
        let list = |set: BTreeSet<String>| set.into_iter().collect::<Vec<_>>();
        let certificates = certificate::of_people(tx, list(needs.holders)).await?;
        let by_digest = |der: Vec<u8>| (Sha256::digest(&der).into(), der);
        let loaded = Self {
            sealed: letter::sealed(tx, list(needs.references)).await?,
            people: person::disclosures(tx, list(needs.people)).await?,
            namesakes: person::namesakes(tx, list(needs.names)).await?.into_iter().collect(),
            certificates: certificates.into_iter().map(by_digest).collect(),
            orders: order::extras(tx, needs.orders.into_iter().collect()).await?,
            tokens: letter::tokens(tx, needs.tokens.into_iter().collect()).await?,
            looks: order::looks(tx, needs.looks.into_iter().collect()).await?,
        };
        Ok(loaded.with_systems(needs.systems))
    }

    /// Systems are asked for by the names that their certificates have.
    fn with_systems(mut self, systems: Vec<(String, OrderDigest)>) -> Self {
        for (system, order) in systems {
            let opened = self.orders.get(&order).map(|extras| extras.disclosures.clone());
            self.people.insert(subject_of_system(&system), opened.unwrap_or_default());
        }
        self
    }

    /// What opens the records of some people, for a question.
    pub(crate) async fn of_people(tx: &mut Tx, people: Vec<String>) -> Result<Self, IssuerError> {
        Ok(Self { people: person::disclosures(tx, people).await?, ..Self::default() })
    }

    /// The sealed keys of a letter.
    pub(crate) fn sealed(&self, reference: &str) -> Result<&SealedKeys, Code> {
        self.sealed.get(reference).ok_or(Code::UnsignedAuthority)
    }

    /// What opens the commitments of a person's record, all of them and nothing else.
    pub(crate) fn person(
        &self,
        id: &str,
        state: &authority::Person,
    ) -> Result<Vec<&Disclosure>, Code> {
        let list = self.people.get(id).ok_or(Code::UnsignedAuthority)?;
        opening(state, list).ok_or(Code::UnsignedAuthority)
    }

    /// What opens one commitment of a person's record, or of a system's.
    pub(crate) fn opening(&self, id: &str, path: &str, held: &Commitment) -> Option<&Disclosure> {
        let opens =
            |one: &&Disclosure| one.path == path && one.commitment().is_ok_and(|is| is == *held);
        self.people.get(id)?.iter().find(opens)
    }

    /// Whether somebody of this name is in the unit already, as rows have it.
    pub(crate) fn has_namesake(&self, unit: &str, name: &str) -> bool {
        self.namesakes.contains(&(unit.to_owned(), name.to_owned()))
    }

    /// A certificate by its SHA-256, DER.
    pub(crate) fn certificate(&self, sha256: &[u8; 32]) -> Option<&[u8]> {
        self.certificates.get(sha256).map(Vec::as_slice)
    }

    /// What is kept beside an order, if it opens the order's commitments.
    pub(crate) fn order(&self, judged: &Judged) -> Result<&OrderExtras, Code> {
        let extras = self.orders.get(&judged.digest()).ok_or(Code::OrderIncomplete)?;
        let opened = judged.order().check_disclosures_of(judged.body(), &extras.disclosures);
        opened.map_err(|_| Code::OrderIncomplete)?;
        Ok(extras)
    }

    /// Whether an order needs a look, as its row remembers of when it was made.
    pub(crate) fn needs_look(&self, order: OrderDigest) -> bool {
        self.looks.get(&order).is_some_and(|look| !look.is_empty())
    }

    /// The sealed token of an agent's order.
    pub(crate) fn token(&self, order: OrderDigest) -> Result<&[u8], Code> {
        self.tokens.get(&order).map(Vec::as_slice).ok_or(Code::UseSignature)
    }
}
