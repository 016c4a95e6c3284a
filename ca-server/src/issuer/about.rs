//! Whom or what an order concerns, as lists and pages name it: people first, by name and unit, in no language.

use super::IssuerError;
use super::session::Session;
use audit::Disclosure;
use audit::order::Body;
use std::collections::BTreeMap;
use store::row;

/// One line.
pub(super) async fn about(
    session: &mut Session<'_>,
    body: &Body,
    disclosures: &[Disclosure],
) -> Result<String, IssuerError> {
    let names = names(session, body).await?;
    let named = |id: &str| names.get(id).map_or(id, String::as_str).to_owned();
    let disclosed = |path: &str| {
        let found = disclosures.iter().find(|disclosure| disclosure.path == path);
        found.and_then(|disclosure| disclosure.value.as_str()).unwrap_or_default().to_owned()
    };
    let unit_of = |person: &str| {
        let known = session.authority().ok().and_then(|authority| authority.person(person));
        known.map(|person| person.unit.clone()).unwrap_or_default()
    };
    Ok(match body {
        Body::Issue(issue) => {
            format!("{} · {}", disclosed("/subject/cn"), named(&unit_of(&issue.person)))
        }
        Body::Person(person) => format!("{} · {}", disclosed("/name"), named(&person.unit)),
        Body::Role(role) => format!("{} · {}", named(&role.person), named(&role.scope)),
        Body::Revoke(revoke) => {
            format!("{} · {}", named(&revoke.person), named(&unit_of(&revoke.person)))
        }
        Body::Credential(one) => {
            format!("{} · {}", named(&one.person), named(&unit_of(&one.person)))
        }
        Body::Unit(unit) => format!("{} ({})", unit.name, unit.unit),
        Body::Profile(one) => format!("{} v{}", one.profile.id, one.profile.version),
        Body::ApprovalRules(rules) => format!("v{}", rules.version),
        Body::Bundle(bundle) => format!("v{}", bundle.version),
        Body::Portal(portal) => portal.portal.clone(),
        Body::Agent(agent) => format!("{} · {}", agent.application, agent.agent),
    })
}

/// Names of the people and units that an order knows by their ids.
pub(super) async fn names(
    session: &mut Session<'_>,
    body: &Body,
) -> Result<BTreeMap<String, String>, IssuerError> {
    let mut names = BTreeMap::new();
    let person = body.person().unwrap_or_default();
    let found =
        row!(&mut session.tx, (String,), "select name from person where person_id = $1", person)?;
    if let Some((name,)) = found {
        names.insert(person.to_owned(), name);
    }
    let authority = session.authority()?;
    let mut units: Vec<&str> = match body {
        Body::Person(person) => vec![&person.unit],
        Body::Role(role) => vec![&role.scope],
        Body::Unit(unit) => vec![&unit.parent],
        Body::Agent(agent) => agent.units.iter().chain([&agent.unit]).map(String::as_str).collect(),
        _ => Vec::new(),
    };
    units.extend(authority.person(person).map(|known| known.unit.as_str()));
    for id in units {
        if let Some(unit) = authority.unit(id) {
            names.insert(id.to_owned(), unit.name.clone());
        }
    }
    Ok(names)
}
