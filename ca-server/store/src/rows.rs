//! The rows that cache authority: written when an order is carried out, compared before anything is
//! decided. A row that says something else than the log decides nothing and is reported.

mod compared;

pub use compared::{differences, people_differences, revocation_differences};

use authority::Authority;
use authority::{Agent, Person, Portal, ProfileState, Unit};
use records::Disclosure;
use records::order::NAME_PATH;
use store::{StoreError, Tx, execute, row, rows};

/// Writes the row of a unit as authority has it.
pub async fn write_unit(tx: &mut Tx, id: &str, unit: &Unit) -> Result<(), StoreError> {
    execute!(
        tx,
        "insert into unit (unit_id, name, county, parent, open) values ($1, $2, $3, $4, $5) \
         on conflict (unit_id) do update set name = $2, county = $3, parent = $4, open = $5",
        id,
        &unit.name,
        i64::from(unit.county),
        &unit.parent,
        i64::from(unit.open)
    )?;
    Ok(())
}

/// Writes a person with what opens the commitments of their record.
pub async fn write_person(
    tx: &mut Tx,
    id: &str,
    person: &Person,
    disclosures: &[Disclosure],
) -> Result<(), StoreError> {
    let name = name_of(person, disclosures);
    let json =
        serde_json::to_string(disclosures).map_err(|_| StoreError::Inconsistent("disclosures"))?;
    execute!(
        tx,
        "insert into person (person_id, unit_id, version, left_office, name, disclosures) \
         values ($1, $2, $3, $4, $5, $6) \
         on conflict (person_id) do update set \
         unit_id = $2, version = $3, left_office = $4, name = $5, disclosures = $6",
        id,
        &person.unit,
        i64::from(person.version),
        i64::from(person.left),
        name.unwrap_or_default(),
        json
    )?;
    write_roles(tx, id, person).await
}

/// Writes that somebody left. What opens their record stays: their order changes nothing of it.
pub async fn write_leaver(tx: &mut Tx, id: &str, person: &Person) -> Result<(), StoreError> {
    execute!(
        tx,
        "update person set version = $2, left_office = $3 where person_id = $1",
        id,
        i64::from(person.version),
        i64::from(person.left)
    )?;
    write_roles(tx, id, person).await
}

/// The name that opens what authority holds.
fn name_of<'a>(person: &Person, disclosures: &'a [Disclosure]) -> Option<&'a str> {
    let opened = records::commitment::open(&person.name, NAME_PATH, disclosures).ok();
    opened.and_then(|value| value.as_str())
}

/// Writes the roles of a person as they are.
pub async fn write_roles(tx: &mut Tx, id: &str, person: &Person) -> Result<(), StoreError> {
    execute!(tx, "delete from role_grant where person_id = $1", id)?;
    for (role, scope) in &person.roles {
        execute!(
            tx,
            "insert into role_grant (person_id, role, scope) values ($1, $2, $3)",
            id,
            role.name(),
            scope
        )?;
    }
    Ok(())
}

/// Writes the row of a portal as authority has it.
pub async fn write_portal(tx: &mut Tx, id: &str, portal: &Portal) -> Result<(), StoreError> {
    execute!(
        tx,
        "insert into portal (portal_id, unit_id, public_host, staff_host, open) \
         values ($1, $2, $3, $4, $5) on conflict (portal_id) do update set \
         unit_id = $2, public_host = $3, staff_host = $4, open = $5",
        id,
        &portal.unit,
        &portal.public_host,
        &portal.staff_host,
        i64::from(portal.open)
    )?;
    Ok(())
}

/// Writes the row of an agent as authority has it.
pub async fn write_agent(tx: &mut Tx, id: &str, agent: &Agent) -> Result<(), StoreError> {
    execute!(
        tx,
        "insert into agent (agent_id, unit_id, application, order_digest, open) \
         values ($1, $2, $3, $4, $5) on conflict (agent_id) do update set \
         unit_id = $2, application = $3, order_digest = $4, open = $5",
        id,
        &agent.unit,
        &agent.application,
        &agent.order.0,
        i64::from(agent.open)
    )?;
    Ok(())
}

/// Writes which access rules are in force.
pub async fn write_bundle(tx: &mut Tx, version: u32, order: &[u8]) -> Result<(), StoreError> {
    execute!(
        tx,
        "insert into bundle (version, order_digest) values ($1, $2) \
         on conflict (version) do update set order_digest = $2",
        i64::from(version),
        order
    )?;
    Ok(())
}

/// The order that put a version of the access rules in force, as its row says: a place to begin
/// looking. Empty for the founding's.
pub async fn order_of_bundle(tx: &mut Tx, version: u32) -> Result<Option<Vec<u8>>, StoreError> {
    let found = row!(
        tx,
        (Vec<u8>,),
        "select order_digest from bundle where version = $1",
        i64::from(version)
    )?;
    Ok(found.map(|(order,)| order))
}

/// Writes which profile is in force.
pub async fn write_profile(
    tx: &mut Tx,
    id: &str,
    profile: &ProfileState,
) -> Result<(), StoreError> {
    execute!(
        tx,
        "insert into profile (profile_id, version, digest) values ($1, $2, $3) \
         on conflict (profile_id) do update set version = $2, digest = $3",
        id,
        i64::from(profile.version),
        &profile.digest.0
    )?;
    Ok(())
}

/// Writes a revocation; the first one stays, a suspension only until then.
pub async fn write_revocation(
    tx: &mut Tx,
    serial: &str,
    at: u64,
    reason: &str,
    not_after: u64,
) -> Result<(), StoreError> {
    execute!(
        tx,
        "insert into revocation (serial, at, reason, not_after) values ($1, $2, $3, $4) \
         on conflict (serial) do update set at = excluded.at, reason = excluded.reason, \
         not_after = excluded.not_after where revocation.reason = 'certificateHold'",
        serial,
        i64::try_from(at).unwrap_or(i64::MAX),
        reason,
        i64::try_from(not_after).unwrap_or(i64::MAX)
    )?;
    Ok(())
}

/// What opens the commitments of a person's record, if it really opens them.
pub async fn disclosures(
    tx: &mut Tx,
    id: &str,
    person: &Person,
) -> Result<Option<Vec<Disclosure>>, StoreError> {
    let found = row!(tx, (String,), "select disclosures from person where person_id = $1", id)?;
    let list: Option<Vec<Disclosure>> = found.and_then(|(json,)| serde_json::from_str(&json).ok());
    let opens = |list: &Vec<Disclosure>| {
        let mail = person.mail.as_ref();
        records::commitment::open(&person.name, "/name", list).is_ok()
            && mail.is_none_or(|mail| records::commitment::open(mail, "/mail", list).is_ok())
    };
    Ok(list.filter(opens))
}

/// Takes the row of a suspension away that ended; what is revoked stays.
pub async fn remove_suspension(tx: &mut Tx, serial: &str) -> Result<(), StoreError> {
    let held = "delete from revocation where serial = $1 and reason = 'certificateHold'";
    execute!(tx, held, serial)?;
    Ok(())
}

/// Writes every cached row again as the log says it is. What opens people's names is kept.
pub async fn rewrite(tx: &mut Tx, authority: &Authority) -> Result<(), StoreError> {
    execute!(tx, "delete from unit")?;
    execute!(tx, "delete from role_grant")?;
    execute!(tx, "delete from portal")?;
    execute!(tx, "delete from profile")?;
    execute!(tx, "delete from revocation")?;
    execute!(tx, "delete from agent")?;
    let version = i64::from(authority.bundle().version);
    execute!(tx, "delete from bundle where version > $1", version)?;
    for (id, unit) in authority.units() {
        write_unit(tx, id, unit).await?;
    }
    for (id, portal) in authority.portals() {
        write_portal(tx, id, portal).await?;
    }
    for (id, profile) in authority.profiles() {
        write_profile(tx, id, profile).await?;
    }
    for (id, agent) in authority.agents() {
        write_agent(tx, id, agent).await?;
    }
    for (id, person) in authority.people() {
        let opened = disclosures(tx, id, person).await?.unwrap_or_default();
        write_person(tx, id, person, &opened).await?;
    }
    for (serial, revoked) in authority.all_revoked() {
        write_revocation(tx, &serial.to_string(), revoked.at, &revoked.reason, revoked.not_after)
            .await?;
    }
    let ids: Vec<String> = authority.people().map(|(id, _)| id.to_string()).collect();
    for (id,) in rows!(tx, (String,), "select person_id from person")? {
        if ids.binary_search(&id).is_err() {
            execute!(tx, "delete from person where person_id = $1", &id)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
