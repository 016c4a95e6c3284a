//! People who are a handler's or an officer's business: found by the beginning of a name, by person
//! or by unit; and one of them with what it takes to draft about them. Nobody else's people are
//! shown.

use super::place::place;
use super::scan::Scan;
use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::loaded::{opening, text};
use crate::officer::{person_of, readable};
use authority::Authority;
use ca_api::OfficerSearch;
use ca_api::handler::{PersonFacts, PersonLine, UnitLine, UnitPeople};
use ca_store::names::names;
use ca_store::table::person::{self, PersonBy};
use pki::Certificate;
use pki::profile::Holder;
use records::order::{MAIL_PATH, NAME_PATH};
use records::{Bytes, Code};
use store::Tx;

/// People after which a page ends, and who are looked at at once for it.
const PAGE: usize = 50;
const CHUNK: i64 = 200;
const TEXT_CHARS_MAX: usize = 80;

/// One page of the people who are the reader's business.
pub(crate) async fn people(
    issuer: &Issuer,
    certificate: &Certificate,
    sought: &OfficerSearch,
) -> Result<UnitPeople, IssuerError> {
    let (view, mut tx) = issuer.current().await?;
    let (authority, now) = (view.authority(), issuer.now());
    let reader = person_of(authority, certificate, now)?;
    if !authority.is_handler(&reader) && !authority.is_approver(&reader) {
        return Err(Code::NotYourRoute.into());
    }
    let text = sought.text.trim();
    if text.chars().count() > TEXT_CHARS_MAX || text.chars().any(char::is_control) {
        return Err(Code::Malformed.into());
    }
    let units = units(authority, |unit| authority.handles(&reader, unit));
    let by = (by(authority, text), text, sought.after.as_str());
    let (found, more) = found(authority, &mut tx, (&reader, now), by).await?;
    let names = names(&mut tx, authority, found.clone()).await?;
    let line = |person: &String| {
        let name = names.get(person).unwrap_or(person).clone();
        line(authority, (person, name), now)
    };
    let lines = found.iter().map(line).collect::<Result<_, Code>>()?;
    Ok(UnitPeople { units, lines, more })
}

/// One person whom a handler handles.
pub(crate) async fn person(
    issuer: &Issuer,
    certificate: &Certificate,
    id: &str,
) -> Result<PersonFacts, IssuerError> {
    let (view, mut tx) = issuer.current().await?;
    let (authority, now) = (view.authority(), issuer.now());
    let handler = handler(authority, certificate, now)?;
    let state = authority.person(id).ok_or(Code::PersonUnknown)?;
    if !authority.handles(&handler, &state.unit) {
        return Err(Code::HandlerScope.into());
    }
    if authority.has_left(id) {
        return Err(Code::PersonLeft.into());
    }
    let known = person::disclosures(&mut tx, vec![id.to_owned()]).await?;
    let opened = known.get(id).and_then(|list| opening(state, list));
    let opened = opened.ok_or(Code::UnsignedAuthority)?;
    let told = |path| text(opened.iter().copied(), path).unwrap_or_default();
    let staff = state.roles.iter().any(|(role, _)| {
        authority.role_rules().role.get(role).is_some_and(|rule| rule.profile == "staff")
    });
    let profiles = authority.profiles().filter(|(_, profile)| match profile.profile.holder() {
        Holder::Person => true,
        Holder::Staff => staff,
        Holder::Service | Holder::System | Holder::Authority | Holder::Signer => false,
    });
    Ok(PersonFacts {
        version: state.version,
        mail: told(MAIL_PATH),
        number: state.number.map(Bytes::from),
        units: units(authority, |_| true),
        profiles: profiles.map(|(id, _)| authority.profile_called(id)).collect(),
        line: line(authority, (id, told(NAME_PATH)), now)?,
    })
}

/// Who holds a certificate, if they handle any unit.
fn handler(authority: &Authority, certificate: &Certificate, now: u64) -> Result<String, Code> {
    let person = person_of(authority, certificate, now)?;
    if authority.is_handler(&person) { Ok(person) } else { Err(Code::NotYourRoute) }
}

/// People of one unit who are the reader's business, and behind whom the list goes on.
pub(super) async fn by_unit(
    authority: &Authority,
    tx: &mut Tx,
    reader: (&str, u64),
    (unit, after): (&str, &str),
) -> Result<(Vec<String>, String), IssuerError> {
    found(authority, tx, reader, (PersonBy::Unit, unit, after)).await
}

/// People who fit a text and are the reader's business, and behind whom the list goes on.
async fn found(
    authority: &Authority,
    tx: &mut Tx,
    (reader, now): (&str, u64),
    (by, text, after): (PersonBy, &str, &str),
) -> Result<(Vec<String>, String), IssuerError> {
    let mut behind = match after {
        "" => (String::new(), String::new()),
        after => person::place(tx, after).await?.ok_or(Code::Malformed)?,
    };
    let (mut page, mut scan) = (Vec::new(), Scan::begin());
    while scan.goes_on().await {
        let chunk = person::found(tx, (by, text), (&behind.0, &behind.1), CHUNK).await?;
        if chunk.is_empty() {
            return Ok((page, String::new()));
        }
        for (name, id) in chunk {
            if page.len() == PAGE {
                return Ok((page, behind.1));
            }
            behind = (name, id.clone());
            if !authority.has_left(&id) && readable(authority, reader, &id, now).is_ok() {
                page.push(id);
            }
            scan.looked(1);
        }
    }
    Ok((page, behind.1))
}

fn by(authority: &Authority, text: &str) -> PersonBy {
    let upper = text.to_ascii_uppercase();
    match text {
        _ if records::letter::read_reference(text).as_ref() == Some(&upper) => PersonBy::Id,
        _ if authority.unit(text).is_some() => PersonBy::Unit,
        _ => PersonBy::Name,
    }
}

pub(super) fn line(
    authority: &Authority,
    (person, name): (&str, String),
    now: u64,
) -> Result<PersonLine, Code> {
    let state = authority.person(person).ok_or(Code::PersonUnknown)?;
    let in_force = state.serials.iter().filter(|serial| authority.is_in_force(serial, now));
    Ok(PersonLine {
        person: person.to_owned(),
        name,
        unit: state.unit.clone(),
        unit_name: place(authority, &state.unit),
        certificates: u32::try_from(in_force.count()).unwrap_or(u32::MAX),
        letter: authority.has_open_letter(person, now),
    })
}

/// Open units that somebody may choose, by name.
fn units(authority: &Authority, may: impl Fn(&str) -> bool) -> Vec<UnitLine> {
    let open = authority.units().filter(|(id, unit)| unit.open && may(id));
    let line = |(id, unit): (&str, &authority::Unit)| UnitLine {
        unit: id.to_owned(),
        name: unit.name.clone(),
    };
    let mut lines: Vec<UnitLine> = open.map(line).collect();
    lines.sort_by(|a, b| (&a.name, &a.unit).cmp(&(&b.name, &b.unit)));
    lines
}
