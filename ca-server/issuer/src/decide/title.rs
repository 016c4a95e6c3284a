//! Whom or what an order concerns, as lists name it: people first, by name and unit, in no
//! language.

use crate::loaded::text;
use crate::round::Round;
use records::Disclosure;
use records::order::Body;

/// One line. Names are those that authority holds, opened; without one the id stands.
pub(crate) fn title(round: &Round<'_>, body: &Body, disclosures: &[Disclosure]) -> String {
    let authority = round.authority();
    let unit =
        |id: &str| authority.unit(id).map_or_else(|| id.to_owned(), |unit| unit.name.clone());
    let name = |id: &str| round.loaded.name(authority, id).unwrap_or_else(|| id.to_owned());
    let disclosed = |path: &str| text(disclosures, path).unwrap_or_default();
    let unit_of = |id: &str| authority.person(id).map_or_else(String::new, |p| unit(&p.unit));
    match body {
        Body::Issue(issue) => format!("{} · {}", disclosed("/subject/cn"), unit_of(&issue.person)),
        Body::Person(person) => format!("{} · {}", disclosed("/name"), unit(&person.unit)),
        Body::Role(role) => format!("{} · {}", name(&role.person), unit(&role.scope)),
        Body::Revoke(revoke) => format!("{} · {}", name(&revoke.person), unit_of(&revoke.person)),
        Body::Credential(body) => format!("{} · {}", name(&body.person), unit_of(&body.person)),
        Body::Unit(unit) => format!("{} ({})", unit.name, unit.unit),
        Body::Profile(one) => format!("{} v{}", one.profile.id, one.profile.version),
        Body::ApprovalRules(rules) => format!("v{}", rules.version),
        Body::Bundle(bundle) => format!("v{}", bundle.version),
        Body::Portal(portal) => portal.portal.clone(),
        Body::Agent(agent) => format!("{} · {}", agent.application, agent.agent),
    }
}
