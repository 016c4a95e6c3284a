//! Systems for who is in charge of them, and for the staff of their units: what each was permitted,
//! how far it used that, and what it has. What counts is what authority holds; rows bring the bytes
//! of certificates, which the city's key signed, and names.

use super::place::place;
use super::scan::Scan;
use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::officer::{CertificateHolder, Reader};
use authority::{Authority, Serial, SystemState};
use ca_api::handler::UnitLine;
use ca_api::systems::{
    SystemFacts, SystemHeld, SystemLine, SystemLines, SystemQuery, SystemsQuery,
};
use ca_store::names::names;
use ca_store::table::certificate;
use pki::Certificate;
use records::Code;
use records::machine::kid;
use records::time::seconds;
use std::collections::HashMap;
use store::Tx;

/// Systems, and certificates, after which a page ends; so many systems are looked at at once.
const PAGE: usize = 50;
const CHUNK: usize = 200;

/// One page of the systems that are the reader's business.
pub(crate) async fn systems(
    issuer: &Issuer,
    shown: &Certificate,
    wanted: &SystemsQuery,
) -> Result<SystemLines, IssuerError> {
    let (view, mut tx) = issuer.current().await?;
    let (authority, now) = (view.authority(), issuer.now());
    let reader = Reader::of(authority, shown, now)?;
    let (mut found, mut more) = (Vec::new(), String::new());
    let (mut after, mut scan) = (wanted.after.clone(), Scan::begin());
    'looking: while scan.goes_on().await {
        more.clear();
        let behind = after.clone();
        for (id, system) in authority.systems_behind(&behind).take(CHUNK) {
            if found.len() == PAGE {
                more.clone_from(&after);
                break 'looking;
            }
            let holder = CertificateHolder::system(authority, id);
            if holder.is_some_and(|holder| holder.is_readable_by(authority, &reader, now)) {
                found.push((id, system));
            }
            after = id.to_owned();
            more.clone_from(&after);
            scan.looked(1);
        }
        if more.is_empty() {
            break;
        }
    }
    let leaders = found.iter().map(|(_, system)| system.leader.clone()).collect();
    let names = names(&mut tx, authority, leaders).await?;
    let line = |(id, system): (&str, &SystemState)| line(authority, (id, system), &names, now);
    Ok(SystemLines { lines: found.into_iter().map(line).collect(), more })
}

fn line(
    authority: &Authority,
    (id, system): (&str, &SystemState),
    names: &HashMap<String, String>,
    now: u64,
) -> SystemLine {
    let leader = &system.leader;
    let mut counting = counting(authority, id, None, now);
    SystemLine {
        system: id.to_owned(),
        name: system.name.clone(),
        unit: UnitLine { unit: system.unit.clone(), name: place(authority, &system.unit) },
        leader: (leader.clone(), names.get(leader).unwrap_or(leader).clone()),
        state: state(authority, (id, system), now).into(),
        until: seconds(system.until),
        certificates: authority.living_count(id, now),
        ends: counting.next().map(|(ends, _)| seconds(ends)).unwrap_or_default(),
    }
}

/// Whether it may be used, and if not, why.
pub(super) fn state(
    authority: &Authority,
    (id, system): (&str, &SystemState),
    now: u64,
) -> &'static str {
    match authority.check_system(id, now) {
        Ok(_) => "in-force",
        Err(_) if now > system.until => "expired",
        Err(_) => "closed",
    }
}

/// What a system has that counts at `now`, those that end first before the others.
pub(super) fn counting(
    authority: &Authority,
    id: &str,
    after: Option<(u64, Serial)>,
    now: u64,
) -> impl Iterator<Item = (u64, Serial)> {
    authority.living_behind(id, after).skip_while(move |(ends, _)| *ends < now)
}

/// One system, and one page of its certificates.
pub(crate) async fn system(
    issuer: &Issuer,
    shown: &Certificate,
    wanted: &SystemQuery,
) -> Result<SystemFacts, IssuerError> {
    let (view, mut tx) = issuer.current().await?;
    let (authority, now) = (view.authority(), issuer.now());
    let reader = Reader::of(authority, shown, now)?;
    let id = wanted.system.as_str();
    // Whose business it is not hears as much of it as of one that is not there.
    let holder = CertificateHolder::system(authority, id)
        .filter(|holder| holder.is_readable_by(authority, &reader, now));
    holder.ok_or(Code::NotFound)?;
    let state = authority.system(id).ok_or(Code::NotFound)?;
    let names = names(&mut tx, authority, vec![state.leader.clone()]).await?;
    let after = after(authority, &wanted.after)?;
    let mut found: Vec<(u64, Serial)> =
        counting(authority, id, after, now).take(PAGE + 1).collect();
    let has_more = found.len() > PAGE;
    found.truncate(PAGE);
    let last = found.last().filter(|_| has_more);
    let more = last.map(|(_, serial)| serial.to_string()).unwrap_or_default();
    let newest = counting(authority, id, None, now).last();
    let serials = found.iter().chain(&newest).map(|(_, serial)| serial.to_string()).collect();
    let read = issued(authority, &mut tx, serials).await?;
    let from = newest.and_then(|(_, serial)| read.get(&serial.to_string()));
    Ok(SystemFacts {
        names: state.names.clone(),
        wildcards: state.wildcards,
        addresses: state.addresses.clone(),
        profile: state.profile.clone(),
        challenges: state.challenges,
        kid: state.order.digest().map(|order| kid(id, &order)).unwrap_or_default(),
        week: (authority.used_in_week(id, now), state.per_week),
        live: (authority.living_count(id, now), state.live),
        accounts: (authority.account_count(id), state.accounts),
        newest: from.map(|one| seconds(one.not_before())).unwrap_or_default(),
        certificates: found.iter().map(|one| held(authority, one, &read)).collect(),
        more,
        line: line(authority, (id, state), &names, now),
    })
}

/// The place of a certificate in its system's list.
fn after(authority: &Authority, serial: &str) -> Result<Option<(u64, Serial)>, Code> {
    if serial.is_empty() {
        return Ok(None);
    }
    let read = Serial::read(serial).ok_or(Code::Malformed)?;
    let own = authority.system_certificate(serial).ok_or(Code::Malformed)?;
    Ok(Some((own.ends, read)))
}

/// Certificates that the city's key signed, of the rows that have some; of other bytes nothing is
/// told.
pub(super) async fn issued(
    authority: &Authority,
    tx: &mut Tx,
    serials: Vec<String>,
) -> Result<HashMap<String, Certificate>, IssuerError> {
    let rows = certificate::of_serials(tx, serials).await?;
    let read = rows.iter().filter_map(|der| Certificate::read(der).ok());
    let ours = read.filter(|one| authority.is_issued_by_us(one));
    Ok(ours.map(|one| (one.serial().to_string(), one)).collect())
}

fn held(
    authority: &Authority,
    (ends, serial): &(u64, Serial),
    read: &HashMap<String, Certificate>,
) -> SystemHeld {
    let serial = serial.to_string();
    let own = authority.system_certificate(&serial);
    let is_issued = own.is_some_and(|own| own.is_issued);
    let found = read.get(&serial).filter(|_| is_issued);
    let names = found.map(|one| one.hosts().iter().map(ToString::to_string).collect());
    let suspended = authority.suspended_as(&serial).map(|one| seconds(one.revoked.at));
    SystemHeld {
        names: names.unwrap_or_default(),
        from: found.map(|one| seconds(one.not_before())).unwrap_or_default(),
        until: seconds(found.map_or(*ends, Certificate::not_after)),
        by_account: own.is_some_and(|own| own.account.is_some()),
        suspended: suspended.unwrap_or_default(),
        serial,
    }
}
