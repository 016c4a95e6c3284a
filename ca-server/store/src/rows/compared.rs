//! What differs between the rows that cache authority and the log.

use super::name_of;
use authority::{Authority, Unit};
use records::Disclosure;
use std::collections::BTreeMap;
use store::{StoreError, Tx, row, rows};

/// Every difference between the small tables and the log: units, roles, portals, profiles, gates.
pub async fn differences(tx: &mut Tx, authority: &Authority) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    units(tx, authority, &mut found).await?;
    roles(tx, authority, &mut found).await?;
    portals(tx, authority, &mut found).await?;
    profiles(tx, authority, &mut found).await?;
    agents(tx, authority, &mut found).await?;
    Ok(found)
}

async fn units(
    tx: &mut Tx,
    authority: &Authority,
    found: &mut Vec<String>,
) -> Result<(), StoreError> {
    type Columns = (String, String, i64, Option<String>, i64);
    let listed = rows!(tx, Columns, "select unit_id, name, county, parent, open from unit")?;
    let listed: BTreeMap<String, Unit> = listed
        .into_iter()
        .map(|(id, name, county, parent, open)| {
            (id, Unit { name, county: county != 0, parent, open: open != 0 })
        })
        .collect();
    let signed = authority.units().map(|(id, unit)| (id.to_owned(), unit.clone())).collect();
    compare("unit", &listed, &signed, found);
    Ok(())
}

async fn roles(
    tx: &mut Tx,
    authority: &Authority,
    found: &mut Vec<String>,
) -> Result<(), StoreError> {
    let listed =
        rows!(tx, (String, String, String), "select person_id, role, scope from role_grant")?;
    let listed: BTreeMap<String, ()> = listed
        .into_iter()
        .map(|(person, role, scope)| (format!("{person} {role} {scope}"), ()))
        .collect();
    let signed: BTreeMap<String, ()> = authority
        .people()
        .flat_map(|(id, person)| {
            person
                .roles
                .iter()
                .map(move |(role, scope)| (format!("{id} {} {scope}", role.name()), ()))
        })
        .collect();
    compare("role_grant", &listed, &signed, found);
    Ok(())
}

async fn portals(
    tx: &mut Tx,
    authority: &Authority,
    found: &mut Vec<String>,
) -> Result<(), StoreError> {
    type Columns = (String, String, String, String, i64);
    let listed =
        rows!(tx, Columns, "select portal_id, unit_id, public_host, staff_host, open from portal")?;
    let key = |unit: &str, public: &str, staff: &str, open: bool| {
        format!("{unit} {public} {staff} {open}")
    };
    let listed: BTreeMap<String, String> = listed
        .into_iter()
        .map(|(id, unit, public, staff, open)| (id, key(&unit, &public, &staff, open != 0)))
        .collect();
    let signed: BTreeMap<String, String> = authority
        .portals()
        .map(|(id, p)| (id.to_owned(), key(&p.unit, &p.public_host, &p.staff_host, p.open)))
        .collect();
    compare("portal", &listed, &signed, found);
    Ok(())
}

async fn profiles(
    tx: &mut Tx,
    authority: &Authority,
    found: &mut Vec<String>,
) -> Result<(), StoreError> {
    let listed =
        rows!(tx, (String, i64, Vec<u8>), "select profile_id, version, digest from profile")?;
    let listed: BTreeMap<String, (i64, Vec<u8>)> =
        listed.into_iter().map(|(id, version, digest)| (id, (version, digest))).collect();
    let signed: BTreeMap<String, (i64, Vec<u8>)> = authority
        .profiles()
        .map(|(id, p)| (id.to_owned(), (i64::from(p.version), p.digest.0.clone())))
        .collect();
    compare("profile", &listed, &signed, found);
    Ok(())
}

async fn agents(
    tx: &mut Tx,
    authority: &Authority,
    found: &mut Vec<String>,
) -> Result<(), StoreError> {
    type Columns = (String, String, String, Vec<u8>, i64);
    let listed =
        rows!(tx, Columns, "select agent_id, unit_id, application, order_digest, open from agent")?;
    let listed: BTreeMap<String, (String, String, Vec<u8>, bool)> = listed
        .into_iter()
        .map(|(id, unit, application, order, open)| (id, (unit, application, order, open != 0)))
        .collect();
    let signed: BTreeMap<String, (String, String, Vec<u8>, bool)> = authority
        .agents()
        .map(|(id, a)| {
            (id.to_owned(), (a.unit.clone(), a.application.clone(), a.order.0.clone(), a.open))
        })
        .collect();
    compare("agent", &listed, &signed, found);
    Ok(())
}

fn compare<T: PartialEq>(
    table: &str,
    listed: &BTreeMap<String, T>,
    signed: &BTreeMap<String, T>,
    found: &mut Vec<String>,
) {
    let changed = listed.iter().filter(|(key, value)| signed.get(*key) != Some(value));
    found.extend(changed.map(|(key, _)| format!("{table} {key}")));
    let gone = signed.keys().filter(|key| !listed.contains_key(*key));
    found.extend(gone.map(|key| format!("{table} {key} is missing")));
}

/// People whose rows differ from the log, among the given ids.
pub async fn people_differences(
    tx: &mut Tx,
    authority: &Authority,
    ids: &[String],
) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    for id in ids {
        let listed = row!(
            tx,
            (String, i64, i64, String, String),
            "select unit_id, version, left_office, name, disclosures from person \
             where person_id = $1",
            id
        )?;
        let held = authority.person(id);
        let named = match (held, &listed) {
            (Some(held), Some((.., name, disclosures))) => {
                let opened: Vec<Disclosure> = serde_json::from_str(disclosures).unwrap_or_default();
                name_of(held, &opened) == Some(name)
            }
            _ => true,
        };
        let listed = listed.map(|(unit, version, left, ..)| (unit, version, left));
        let signed = held.map(|p| (p.unit.clone(), i64::from(p.version), i64::from(p.left)));
        if listed != signed || !named {
            found.push(format!("person {id}"));
        }
    }
    Ok(found)
}

/// Revoked serial numbers whose rows are lost or changed, or that the table alone knows.
pub async fn revocation_differences(
    tx: &mut Tx,
    authority: &Authority,
) -> Result<Vec<String>, StoreError> {
    let listed = rows!(tx, (String, String), "select serial, reason from revocation")?;
    let listed = listed.into_iter().collect();
    let signed = authority.revoked().map(|(serial, one)| (serial.to_string(), one.reason.clone()));
    let mut found = Vec::new();
    compare("revocation", &listed, &signed.collect(), &mut found);
    Ok(found)
}
