//! Whom or what an order concerns, as lists and pages name it: people first, by name and unit, in
//! no language. Names are the rows'; nothing is decided by them.

use records::Disclosure;
use records::order::Body;
use std::collections::BTreeMap;
use store::{StoreError, Tx, row};

/// One line.
pub async fn about(
    tx: &mut Tx,
    body: &Body,
    disclosures: &[Disclosure],
) -> Result<String, StoreError> {
    let names = names(tx, body).await?;
    let named = |id: &str| names.get(id).map_or(id, String::as_str).to_owned();
    let disclosed = |path: &str| {
        let found = records::commitment::at(path, disclosures);
        found.and_then(|disclosure| disclosure.value.as_str()).unwrap_or_default().to_owned()
    };
    let person = body.person().unwrap_or_default();
    let unit = named(&unit_of(tx, person).await?);
    Ok(match body {
        Body::Issue(_) => format!("{} · {unit}", disclosed("/subject/cn")),
        Body::Person(person) => format!("{} · {}", disclosed("/name"), named(&person.unit)),
        Body::Role(role) => format!("{} · {}", named(&role.person), named(&role.scope)),
        Body::Revoke(_) | Body::Credential(_) => format!("{} · {unit}", named(person)),
        Body::Unit(unit) => format!("{} ({})", unit.name, unit.unit),
        Body::Profile(one) => format!("{} v{}", one.profile.id, one.profile.version),
        Body::ApprovalRules(rules) => format!("v{}", rules.version),
        Body::Bundle(bundle) => format!("v{}", bundle.version),
        Body::Portal(portal) => portal.portal.clone(),
        Body::Agent(agent) => format!("{} · {}", agent.application, agent.agent),
    })
}

/// Names of the people and units that an order knows by their ids.
pub async fn names(tx: &mut Tx, body: &Body) -> Result<BTreeMap<String, String>, StoreError> {
    let mut names = BTreeMap::new();
    let person = body.person().unwrap_or_default();
    let found = row!(tx, (String,), "select name from person where person_id = $1", person)?;
    if let Some((name,)) = found {
        names.insert(person.to_owned(), name);
    }
    let mut units = vec![unit_of(tx, person).await?];
    match body {
        Body::Person(person) => units.push(person.unit.clone()),
        Body::Role(role) => units.push(role.scope.clone()),
        Body::Unit(unit) => units.push(unit.parent.clone()),
        Body::Agent(agent) => {
            units.push(agent.unit.clone());
            units.extend(agent.units.iter().cloned());
        }
        _ => {}
    }
    for id in units {
        let found = row!(tx, (String,), "select name from unit where unit_id = $1", &id)?;
        if let Some((name,)) = found {
            names.insert(id, name);
        }
    }
    Ok(names)
}

async fn unit_of(tx: &mut Tx, person: &str) -> Result<String, StoreError> {
    let found = row!(tx, (String,), "select unit_id from person where person_id = $1", person)?;
    Ok(found.map(|(unit,)| unit).unwrap_or_default())
}
