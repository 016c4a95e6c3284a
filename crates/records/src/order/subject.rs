//! Whom or what an order concerns, in parts: what somebody is called, by which id they are known
//! and where they are stay apart, so that no name passes for more than a name. It follows from the
//! order and from what opens its commitments, and from nothing else.

use super::{Body, EmergencyBody, EmergencyReviewBody, NAME_PATH, Order, PersonAction};
use crate::commitment::{self, Commitment, Disclosure};
use crate::display_name::DisplayName;
use serde::{Deserialize, Serialize};

/// Whom or what an order concerns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum OrderSubject {
    /// Nobody knows: the order cannot be read.
    #[default]
    Unknown,
    /// Somebody, in a unit where it is about their place there.
    Person {
        /// Who.
        person: SubjectPerson,
        /// Over which unit, of a role.
        within: Option<SubjectUnit>,
    },
    /// A unit.
    Unit(SubjectUnit),
    /// Rules or a profile.
    Version {
        /// Profile id, or empty.
        id: String,
        /// Which version.
        version: u32,
    },
    /// Many, of which one is named.
    Many {
        /// How many.
        count: u64,
        /// One of them.
        first: Box<OrderSubject>,
    },
    /// A portal.
    Portal(String),
    /// A gate.
    Gate {
        /// The application.
        application: DisplayName,
        /// Agent id.
        agent: String,
    },
    /// An application.
    Application(DisplayName),
    /// A system that gets certificates by itself.
    System {
        /// System id.
        id: String,
        /// What people call it.
        name: String,
    },
}

/// A person as they are told of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectPerson {
    /// Person id.
    pub id: String,
    /// Their name, where something opens it.
    pub name: Option<String>,
    /// Where they are.
    pub unit: Option<SubjectUnit>,
}

/// A unit as it is told of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectUnit {
    /// Unit id.
    pub id: String,
    /// Its name, where the order's basis has it.
    pub name: Option<String>,
}

impl OrderSubject {
    /// Somebody by name and id alone.
    pub fn person(id: impl Into<String>, name: Option<String>) -> Self {
        let person = SubjectPerson { id: id.into(), name, unit: None };
        Self::Person { person, within: None }
    }
}

/// Whom or what it concerns; where a name is not opened, the id stands alone.
pub fn about(order: &Order, opened: &[Disclosure]) -> OrderSubject {
    let Ok((body, _)) = order.parts() else { return OrderSubject::Unknown };
    about_body((order, &body), opened)
}

/// The same of an order whose body was read.
pub fn about_body((order, body): (&Order, &Body), opened: &[Disclosure]) -> OrderSubject {
    let unit = |id: &str| {
        let name = order.basis.unit(id).filter(|name| !name.is_empty());
        SubjectUnit { id: id.to_owned(), name: name.map(str::to_owned) }
    };
    let of = |id: &str, scope: Option<&str>| {
        let held = order.basis.person(id);
        let name = held.and_then(|held| text(&held.name, NAME_PATH, opened));
        let unit_of = held.map(|held| unit(&held.unit));
        let person = SubjectPerson { id: id.to_owned(), name, unit: unit_of };
        OrderSubject::Person { person, within: scope.map(unit) }
    };
    match body {
        Body::Issue(issue) => of(&issue.person, None),
        // Who leaves is who they are, whatever the order calls them.
        Body::Person(one) if one.action == PersonAction::Leave => of(&one.person, None),
        Body::Person(one) => {
            let name = text(&one.name, NAME_PATH, opened);
            let unit = Some(unit(&one.unit));
            OrderSubject::Person {
                person: SubjectPerson { id: one.person.clone(), name, unit },
                within: None,
            }
        }
        Body::Role(role) => of(&role.person, Some(&role.scope)),
        Body::Delegate(one) => of(&one.person, Some(&one.scope)),
        Body::Revoke(revoke) => match &revoke.system {
            Some(one) => OrderSubject::System { id: one.system.clone(), name: one.name.clone() },
            None => of(&revoke.person, None),
        },
        Body::Release(release) => of(&release.person, None),
        Body::Credential(credential) => of(&credential.person, None),
        Body::Unit(unit) => {
            OrderSubject::Unit(SubjectUnit { id: unit.unit.clone(), name: Some(unit.name.clone()) })
        }
        Body::Profile(one) => {
            OrderSubject::Version { id: one.profile.id.clone(), version: one.profile.version }
        }
        Body::Batch(batch) => {
            let first = Box::default();
            OrderSubject::Many { count: batch.rows.len() as u64, first }
        }
        Body::ApprovalRules(rules) => {
            OrderSubject::Version { id: String::new(), version: rules.version }
        }
        Body::Bundle(bundle) => {
            OrderSubject::Version { id: String::new(), version: bundle.version }
        }
        Body::Portal(portal) => OrderSubject::Portal(portal.portal.clone()),
        Body::Agent(agent) => {
            let application = order.basis.application(&agent.application);
            OrderSubject::Gate { application, agent: agent.agent.clone() }
        }
        Body::Mode(mode) => OrderSubject::Application(order.basis.application(&mode.application)),
        Body::Emergency(EmergencyBody { application, .. })
        | Body::EmergencyReview(EmergencyReviewBody { application, .. }) => {
            OrderSubject::Application(order.basis.application(application))
        }
        Body::System(system) => {
            OrderSubject::System { id: system.system.clone(), name: system.name.clone() }
        }
    }
}

fn text(held: &Commitment, path: &str, opened: &[Disclosure]) -> Option<String> {
    let value = commitment::open(held, path, opened).ok()?;
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The same in one line and no language, as it is kept beside an order to be found by; where a name
/// is not opened, the id stands.
pub fn title(order: &Order, opened: &[Disclosure]) -> String {
    order.body().map_or_else(|_| String::new(), |body| title_of((order, &body), opened))
}

/// The same of an order whose body was read.
pub fn title_of((order, body): (&Order, &Body), opened: &[Disclosure]) -> String {
    let named = |person: &str, place: Option<&str>| {
        let held = order.basis.person(person);
        let name = held.and_then(|held| text(&held.name, NAME_PATH, opened));
        let unit = place.or(held.map(|held| held.unit.as_str())).unwrap_or_default();
        format!(
            "{} · {}",
            name.unwrap_or_else(|| person.into()),
            order.basis.unit(unit).unwrap_or(unit)
        )
    };
    match body {
        Body::Issue(issue) => named(&issue.person, None),
        Body::Person(one) if one.action == PersonAction::Leave => named(&one.person, None),
        Body::Person(one) => {
            let name = text(&one.name, NAME_PATH, opened).unwrap_or_else(|| one.person.clone());
            format!("{name} · {}", order.basis.unit(&one.unit).unwrap_or(&one.unit))
        }
        Body::Role(role) => named(&role.person, Some(&role.scope)),
        Body::Delegate(one) => named(&one.person, Some(&one.scope)),
        Body::Revoke(revoke) => match &revoke.system {
            Some(one) => format!("{} ({})", one.name, one.system),
            None => named(&revoke.person, None),
        },
        Body::Release(release) => named(&release.person, None),
        Body::Credential(credential) => named(&credential.person, None),
        Body::Unit(unit) => format!("{} ({})", unit.name, unit.unit),
        Body::Profile(one) => format!("{} v{}", one.profile.id, one.profile.version),
        Body::Batch(batch) => format!("× {}", batch.rows.len()),
        Body::ApprovalRules(rules) => format!("v{}", rules.version),
        Body::Bundle(bundle) => format!("v{}", bundle.version),
        Body::Portal(portal) => portal.portal.clone(),
        Body::Agent(agent) => {
            let called = order.basis.application(&agent.application);
            let name = Some(called.zh.as_str()).filter(|zh| !zh.is_empty());
            format!("{} · {}", name.unwrap_or(&agent.application), agent.agent)
        }
        Body::Mode(mode) => {
            let called = order.basis.application(&mode.application);
            let name = Some(called.zh.as_str()).filter(|zh| !zh.is_empty());
            format!("{} · {}", name.unwrap_or(&mode.application), mode.mode.name())
        }
        Body::Emergency(EmergencyBody { application, .. })
        | Body::EmergencyReview(EmergencyReviewBody { application, .. }) => {
            let called = order.basis.application(application);
            let name = Some(called.zh.as_str()).filter(|zh| !zh.is_empty());
            name.unwrap_or(application).to_owned()
        }
        Body::System(system) => format!("{} ({})", system.name, system.system),
    }
}
