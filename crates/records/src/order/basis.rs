//! What authority held about what an order names, when it was made: the names beside its ids, and
//! what is in force before it. It is signed with the order, so that whoever is asked to consent is
//! shown no word that nobody signed, and sees what changes.

use crate::access_mode::AccessMode;
use crate::commitment::Commitment;
use crate::display_name::DisplayName;
use crate::json::{self, JsonError};
use crate::order::before::{PersonBefore, PriorState, UnitBefore};
use crate::order::body::Body;
use crate::order::office::{PersonAction, RoleAction, UnitAction};
use crate::order::shared::{SHARED_MAX, SharedName};
use crate::order::system::{is_zero, subject_of_system};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

/// Where the name of a person is committed to, from their own record.
pub const NAME_PATH: &str = "/name";
/// Where their mail address is.
pub const MAIL_PATH: &str = "/mail";

/// What an order rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Basis {
    /// Whom the order names, and the person who drafted it, by id.
    pub people: Vec<NamedPerson>,
    /// Every unit that it names, by id.
    pub units: Vec<NamedUnit>,
    /// What profiles that it names are called by their files in force, by id; one that has no name
    /// is left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<DisplayName>,
    /// The same of applications, by the access rules in force.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub applications: Vec<DisplayName>,
    /// Who has names already that a system, gate or portal gets which is registered, or names that
    /// have hosts in common with those; ordered, [`SHARED_MAX`] of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shared: Vec<SharedName>,
    /// How many more of them there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_shared: u32,
    /// What is in force before it, by kind; nothing where it is the first of its kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
}

/// A person as authority holds them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedPerson {
    /// Person id.
    pub person: String,
    /// Their unit.
    pub unit: String,
    /// The commitment to their name that authority holds.
    pub name: Commitment,
}

/// A unit as authority holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedUnit {
    /// Unit id.
    pub unit: String,
    /// Its name.
    pub name: String,
}

/// Whether something must be in force before an order.
#[derive(PartialEq, Eq)]
enum Needs {
    Nothing,
    Something,
    Either,
}

impl Body {
    /// Whether an order with it revokes certificates, or carries many that do.
    pub fn revokes(&self) -> bool {
        match self {
            Self::Revoke(_) => true,
            Self::Batch(batch) => batch.of == "revoke",
            _ => false,
        }
    }

    /// Whether an order with it only takes away: a brake, which nothing delays.
    pub fn takes_away(&self) -> bool {
        match self {
            Self::Revoke(_) => true,
            Self::Batch(batch) => {
                let ends = ["leave", "withdraw", "close"].contains(&batch.action.as_str());
                let suspends = batch.of == "mode" && batch.action == "suspended";
                ends || suspends || batch.of == "revoke"
            }
            Self::Role(role) => role.action == RoleAction::Withdraw,
            Self::Delegate(one) => one.action == RoleAction::Withdraw,
            Self::Person(person) => person.action == PersonAction::Leave,
            Self::Unit(unit) => unit.action == UnitAction::Close,
            Self::Portal(portal) => portal.action == "close",
            Self::Agent(agent) => agent.action == "close",
            Self::System(system) => system.action == "close",
            Self::Mode(mode) => mode.mode == AccessMode::Suspended,
            Self::Issue(_)
            | Self::Profile(_)
            | Self::ApprovalRules(_)
            | Self::Emergency(_)
            | Self::EmergencyReview(_)
            | Self::Bundle(_)
            | Self::Release(_)
            | Self::Credential(_) => false,
        }
    }
}

impl Basis {
    /// Leaves out of the basis of a brake whom nothing names, and a mail address or who runs a
    /// system, where nothing opens that (`opens` is asked with the person, or a system's subject,
    /// the path and the commitment): a row that is spoiled keeps no brake back.
    pub fn without_unnamed(
        &mut self,
        body: &Body,
        opens: impl Fn(&str, &str, &Commitment) -> bool,
    ) -> Result<(), JsonError> {
        self.people.retain(|one| opens(&one.person, NAME_PATH, &one.name));
        let read = |value| PriorState::read(body.kind(), value);
        let mut before = self.before.as_ref().map(read).transpose()?;
        if let (Some(PriorState::Person(held)), Some(person)) = (&mut before, body.person()) {
            held.mail = held.mail.take().filter(|mail| opens(person, MAIL_PATH, mail));
        }
        if let (Some(PriorState::System(held)), Body::System(system)) = (&mut before, body) {
            let whose = subject_of_system(&system.system);
            held.without_unopened(|path, committed| opens(&whose, path, committed));
        }
        let mut units = Self::units_of(body, before.as_ref());
        units.extend(self.people.iter().map(|one| one.unit.clone()));
        self.units.retain(|one| units.contains(&one.unit));
        self.before = before.map(|before| before.value()).transpose()?;
        Ok(())
    }

    /// Who must be named: whom the body is about, if authority holds them already, whoever
    /// suspended what it releases or is on leave, whoever lends to them or is lent what ends with
    /// it, who was in charge of a system, whose role reaches a unit that moves from then on or no
    /// longer and who acts for them, and the person who drafted it.
    pub fn people_of(body: &Body, drafter: &str, before: Option<&PriorState>) -> BTreeSet<String> {
        let created = matches!(body, Body::Person(one) if one.action == PersonAction::Create);
        let about = body.person().filter(|_| !created);
        let others = body.also_about().into_iter().chain(drafter.strip_prefix("person:"));
        let lent = before.into_iter().flat_map(PriorState::lent).map(|one| one.person.as_str());
        let led = before.and_then(PriorState::leader);
        let reaching = before.into_iter().flat_map(PriorState::reaching);
        let before = before.map(PriorState::excepts).unwrap_or_default();
        let excepted = body.excepts().iter().chain(before).map(String::as_str);
        let others = others.chain(lent).chain(led).chain(reaching).chain(excepted);
        about.into_iter().chain(others).map(str::to_owned).collect()
    }

    /// Which units must be named beside those of its people.
    pub fn units_of(body: &Body, before: Option<&PriorState>) -> BTreeSet<String> {
        let units = before.map(PriorState::units).unwrap_or_default();
        units.into_iter().map(str::to_owned).chain(body.units()).collect()
    }

    /// Which profiles may be named: of the certificate that is issued, and of those that its person
    /// has.
    pub fn profiles_of(body: &Body, before: Option<&PriorState>) -> BTreeSet<String> {
        let held = match before {
            Some(PriorState::Person(held)) => held.certificates.as_slice(),
            _ => &[],
        };
        let issued = match body {
            Body::Issue(issue) => Some(issue.profile.id.clone()),
            _ => None,
        };
        held.iter().map(|one| one.profile.clone()).chain(issued).collect()
    }

    /// Which applications may be named: where a gate stands, and where it stood; whose mode it is;
    /// where people of a unit that moves are known from then on, or no longer, and whose rules
    /// reach it.
    pub fn applications_of(body: &Body, before: Option<&PriorState>) -> BTreeSet<String> {
        let was = match before {
            Some(PriorState::Agent(was)) => Some(was.application.clone()),
            _ => None,
        };
        let is = match body {
            Body::Agent(agent) => Some(agent.application.clone()),
            Body::Mode(mode) => Some(mode.application.clone()),
            Body::Emergency(emergency) => Some(emergency.application.clone()),
            Body::EmergencyReview(review) => Some(review.application.clone()),
            _ => None,
        };
        let reached = before.into_iter().flat_map(PriorState::reached).cloned();
        was.into_iter().chain(is).chain(reached).collect()
    }

    /// Whether it is still as it was shown; that an application has rules by now, and a name with
    /// them, is no difference, nor that nobody else has a name any more which somebody had; and a
    /// profile's name stands in the file that an order names.
    pub fn still_is(&self, now: &Self) -> bool {
        let called = self.applications.iter().all(|one| now.applications.contains(one));
        let shared = now.shared.iter().all(|one| self.shared.contains(one))
            && now.more_shared <= self.more_shared;
        let named = self.people == now.people && self.units == now.units;
        called && shared && named && self.before == now.before
    }

    /// The same of a unit that moves: who came to it or left meanwhile, what its people and systems
    /// have, and who acted for somebody until a second that is over, is no difference.
    pub fn still_moves(&self, now: &Self, is_over: impl Fn(&str) -> bool) -> bool {
        let settled = |basis: &Self| {
            let mut unit: UnitBefore = json::from_value(basis.before.as_ref()?).ok()?;
            if let Some(moved) = &mut unit.moved {
                moved.settle(&is_over);
            }
            Some(unit)
        };
        let (Some(was), Some(is)) = (settled(self), settled(now)) else {
            return self.still_is(now);
        };
        // Whom it names still, it names as it did.
        was == is
            && self.applications.iter().all(|one| now.applications.contains(one))
            && now.people.iter().all(|one| self.people.contains(one))
            && now.units.iter().all(|one| self.units.contains(one))
    }

    /// The same of a certificate that is issued: whom and what it names is called as it was, and if
    /// `read`, whoever gets it is in no office that it does not say; what is over is no difference.
    pub fn still_issues(&self, now: &Self, read: bool) -> bool {
        let held = |basis: &Self| match &basis.before {
            Some(before) => json::from_value::<PersonBefore>(before).ok().map(Some),
            None => Some(None),
        };
        let (Some(was), Some(is)) = (held(self), held(now)) else { return false };
        let told = is.is_none_or(|is| {
            was.is_some_and(|was| {
                let roles = is.roles.iter().all(|one| was.roles.contains(one));
                let leads = is.leads.iter().all(|one| was.leads.contains(one));
                let lent = is.lent.iter().all(|one| was.lent.contains(one));
                let lends = is.lends.iter().all(|one| was.lends.contains(one));
                roles && leads && lent && lends && is.more_leads <= was.more_leads
            })
        });
        let named = |one: &NamedPerson| self.person(&one.person).map_or(!read, |was| was == one);
        let called = |one: &NamedUnit| self.unit(&one.unit).is_none_or(|name| name == one.name);
        (told || !read) && now.people.iter().all(named) && now.units.iter().all(called)
    }

    /// Whether a person is in charge of the same systems as it says.
    pub fn still_leads(&self, now: &Self) -> bool {
        let of = |basis: &Self, key: &str| basis.before.as_ref()?.get(key).cloned();
        ["leads", "more_leads"].iter().all(|key| of(self, key) == of(now, key))
    }

    /// What a profile is called; the id alone where nothing calls it otherwise.
    pub fn profile(&self, id: &str) -> DisplayName {
        called(&self.profiles, id)
    }

    /// What an application is called, likewise.
    pub fn application(&self, id: &str) -> DisplayName {
        called(&self.applications, id)
    }

    /// A person of it.
    pub fn person(&self, id: &str) -> Option<&NamedPerson> {
        self.people.iter().find(|one| one.person == id)
    }

    /// The name of a unit of it.
    pub fn unit(&self, id: &str) -> Option<&str> {
        self.units.iter().find(|one| one.unit == id).map(|one| one.name.as_str())
    }

    /// Names exactly what the body names, and what is in force before it as its kind asks.
    pub(crate) fn read(&self, body: &Body, drafter: &str) -> Result<Option<PriorState>, JsonError> {
        let before = self.before.as_ref().map(|value| PriorState::read(body.kind(), value));
        let before = before.transpose()?;
        if before.as_ref().is_some_and(|before| !before.is_bounded()) {
            return Err(shape("before"));
        }
        let fits = match needs(body) {
            Needs::Nothing => before.is_none(),
            Needs::Something => before.is_some(),
            Needs::Either => true,
        };
        let people: Vec<String> = self.people.iter().map(|one| one.person.clone()).collect();
        let wanted = Self::people_of(body, drafter, before.as_ref());
        let mut wanted: Vec<String> = wanted.into_iter().collect();
        let others = before.as_ref().is_some_and(PriorState::names_others);
        let is_record = before.as_ref().is_some_and(PriorState::tells_a_record);
        let offices = before.as_ref();
        if body.takes_away() {
            wanted.retain(|id| people.contains(id));
        }
        let mut wanted_units = Self::units_of(body, before.as_ref());
        wanted_units.extend(self.people.iter().map(|one| one.unit.clone()));
        let units: Vec<&String> = self.units.iter().map(|one| &one.unit).collect();
        if !fits
            || others && !tells_others(body)
            || before.as_ref().is_some_and(PriorState::tells_a_move) != moves(body)
            || is_record && !matches!(body, Body::Person(_) | Body::Issue(_))
            || matches!(body, Body::Issue(_))
                && !offices.is_none_or(PriorState::tells_offices_alone)
            || offices.is_some_and(PriorState::tells_a_place) && !gives_role(body)
            || people != wanted
            || !units.into_iter().eq(&wanted_units)
            || !self.is_shared_by(body)
            || !are_named(&self.profiles, &Self::profiles_of(body, before.as_ref()))
            || !are_named(&self.applications, &Self::applications_of(body, before.as_ref()))
        {
            return Err(shape("basis"));
        }
        Ok(before)
    }

    /// Whether it says of names alone that an order gives who has them, each once and in order.
    fn is_shared_by(&self, body: &Body) -> bool {
        let said = !self.shared.is_empty() || self.more_shared > 0;
        let ordered = self.shared.is_sorted_by(|one, next| one < next);
        let bounded = self.shared.len() <= SHARED_MAX;
        ordered && bounded && (!said || !body.given_names().is_empty())
    }

    /// Every commitment in it with its path: those that authority holds, each once.
    pub(crate) fn commitments(&self, before: Option<&PriorState>) -> Vec<(String, Commitment)> {
        let mut list: Vec<(String, Commitment)> = Vec::new();
        for one in &self.people {
            list.push((NAME_PATH.to_owned(), one.name.clone()));
        }
        if let Some(PriorState::Person(PersonBefore { mail: Some(mail), .. })) = before {
            list.push((MAIL_PATH.to_owned(), mail.clone()));
        }
        if let Some(PriorState::System(system)) = before {
            list.extend(system.commitments().into_iter().map(|(path, held)| (path, held.clone())));
        }
        list
    }
}

/// Whether each can be read, is one that may be named, and they stand in the order of their ids.
fn are_named(list: &[DisplayName], wanted: &BTreeSet<String>) -> bool {
    let known = list.iter().all(|one| wanted.contains(&one.id) && one.is_readable());
    known && list.is_sorted_by(|one, next| one.id < next.id)
}

fn called(list: &[DisplayName], id: &str) -> DisplayName {
    list.iter().find(|one| one.id == id).cloned().unwrap_or_else(|| DisplayName::of_id(id))
}

/// Whether what somebody lends, or what a unit or system has that ends with it, may stand in it.
fn tells_others(body: &Body) -> bool {
    match body {
        Body::Unit(unit) => unit.action == UnitAction::Close,
        Body::System(system) => system.action == "close",
        Body::Role(role) => role.action == RoleAction::Withdraw,
        Body::Person(person) => person.action != PersonAction::Create,
        Body::Issue(_) => true,
        _ => false,
    }
}

/// Whether an order with it gives somebody a role, for good or while another one is on leave.
fn gives_role(body: &Body) -> bool {
    match body {
        Body::Role(role) => role.action == RoleAction::Grant,
        Body::Delegate(one) => one.action == RoleAction::Grant,
        _ => false,
    }
}

/// Whether an order with it moves a unit with all that is below it.
fn moves(body: &Body) -> bool {
    matches!(body, Body::Unit(unit) if unit.action == UnitAction::Move)
}

/// What comes first of its kind has nothing before it.
fn needs(body: &Body) -> Needs {
    match body {
        Body::Credential(_) | Body::Batch(_) | Body::Emergency(_) => Needs::Nothing,
        Body::Issue(_) => Needs::Either,
        Body::Revoke(revoke) if revoke.system.is_some() => Needs::Nothing,
        Body::Unit(unit) if unit.action == UnitAction::Create => Needs::Nothing,
        Body::Person(person) if person.action == PersonAction::Create => Needs::Nothing,
        Body::Portal(portal) if portal.action == "register" => Needs::Nothing,
        Body::Agent(agent) if agent.action == "register" => Needs::Either,
        Body::System(system) if system.action == "register" => Needs::Either,
        Body::Profile(_) => Needs::Either,
        _ => Needs::Something,
    }
}

fn shape(what: &str) -> JsonError {
    JsonError::part(what)
}
