//! Whom or what an order concerns, in one line and no language: people first, by name and unit. It
//! follows from the order and from what opens its commitments, and from nothing else.

use super::{Body, NAME_PATH, Order};
use crate::commitment::{self, Commitment, Disclosure};

/// The line; where a name is not opened, the id stands.
pub fn title(order: &Order, opened: &[Disclosure]) -> String {
    let Ok((body, _)) = order.parts() else { return String::new() };
    let named = |person: &str, place: Option<&str>| {
        let held = order.basis.person(person);
        let name = held.and_then(|held| text(&held.name, NAME_PATH, opened));
        let unit = place.or(held.map(|held| held.unit.as_str())).unwrap_or_default();
        format!("{} · {}", name.unwrap_or(person), order.basis.unit(unit).unwrap_or(unit))
    };
    match &body {
        Body::Issue(issue) => named(&issue.person, None),
        Body::Person(one) => {
            let name = text(&one.name, NAME_PATH, opened).unwrap_or(&one.person);
            format!("{name} · {}", order.basis.unit(&one.unit).unwrap_or(&one.unit))
        }
        Body::Role(role) => named(&role.person, Some(&role.scope)),
        Body::Delegate(one) => named(&one.person, Some(&one.scope)),
        Body::Revoke(revoke) => named(&revoke.person, None),
        Body::Release(release) => named(&release.person, None),
        Body::Credential(credential) => named(&credential.person, None),
        Body::Unit(unit) => format!("{} ({})", unit.name, unit.unit),
        Body::Profile(one) => format!("{} v{}", one.profile.id, one.profile.version),
        Body::Batch(batch) => format!("× {}", batch.rows.len()),
        Body::ApprovalRules(rules) => format!("v{}", rules.version),
        Body::Bundle(bundle) => format!("v{}", bundle.version),
        Body::Portal(portal) => portal.portal.clone(),
        Body::Agent(agent) => format!("{} · {}", agent.application, agent.agent),
    }
}

fn text<'a>(held: &Commitment, path: &str, opened: &'a [Disclosure]) -> Option<&'a str> {
    commitment::open(held, path, opened).ok().and_then(|value| value.as_str())
}
