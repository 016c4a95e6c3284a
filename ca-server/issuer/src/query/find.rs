//! Finds certificates for officers: of people first, and of systems, only those that they could
//! have revoked; how many fit elsewhere is told, not whose. Rows are an index of people: whose a
//! certificate is, in which unit, of which kind and until when authority says.

use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::officer::{CertificateHolder, is_within, person_of};
use crate::query::place::place;
use crate::query::scan::Scan;
use crate::query::system::counting;
use authority::{Authority, Serial};
use ca_api::{CertificateLine, Certificates, OfficerSearch};
use ca_store::names::names;
use ca_store::table::person::{self, PersonBy};
use pki::Certificate;
use records::Code;
use store::Tx;

/// Certificates after which a page ends, and people who are looked at at once for it.
const PAGE: usize = 50;
const CHUNK: i64 = 100;
/// Longest text that is looked for.
const TEXT_CHARS_MAX: usize = 80;

/// One page of what a text fits.
pub(crate) async fn find(
    issuer: &Issuer,
    certificate: &Certificate,
    sought: &OfficerSearch,
) -> Result<Certificates, IssuerError> {
    let (view, mut tx) = issuer.current().await?;
    let authority = view.authority();
    let mut answer = found(&mut tx, authority, (certificate, issuer.now()), sought).await?;
    let of_people = answer.lines.iter().filter(|line| line.system.is_none());
    let ids = of_people.map(|line| line.person.clone()).collect();
    // The index found them; what they are called is what authority holds.
    let names = names(&mut tx, authority, ids).await?;
    for line in answer.lines.iter_mut().filter(|line| line.system.is_none()) {
        line.name = names.get(&line.person).unwrap_or(&line.person).clone();
    }
    Ok(answer)
}

async fn found(
    tx: &mut Tx,
    authority: &Authority,
    (certificate, now): (&Certificate, u64),
    sought: &OfficerSearch,
) -> Result<Certificates, IssuerError> {
    let officer = person_of(authority, certificate, now)?;
    if !authority.is_approver(&officer) {
        return Err(Code::NotYourRoute.into());
    }
    let text = sought.text.trim();
    let long = text.chars().count() > TEXT_CHARS_MAX;
    if text.is_empty() || long || text.chars().any(char::is_control) {
        return Err(Code::Malformed.into());
    }
    let mut answer = Certificates { lines: Vec::new(), elsewhere: 0, more: String::new() };
    let mut behind = behind(tx, &sought.after).await?;
    let by = match by(authority, text, now) {
        By::Index(by) => by,
        // All of it stands on the first page.
        By::Authority(..) | By::System(..) if !sought.after.is_empty() => return Ok(answer),
        By::Authority(person, serials) => {
            add(authority, (&officer, now), (&person, serials), &mut answer);
            return Ok(answer);
        }
        By::System(system, serials) => {
            add_systems(authority, (&officer, now), (&system, serials), &mut answer);
            return Ok(answer);
        }
    };
    let mut scan = Scan::begin();
    while scan.goes_on().await {
        let people = person::found(tx, (by, text), (&behind.0, &behind.1), CHUNK).await?;
        if people.is_empty() {
            return Ok(answer);
        }
        for (name, id) in people {
            if answer.lines.len() >= PAGE {
                answer.more = behind.1;
                return Ok(answer);
            }
            if fits(authority, (by, text), &id) {
                let serials = authority.serials_of(&id);
                add(authority, (&officer, now), (&id, serials), &mut answer);
            }
            behind = (name, id);
            scan.looked(1);
        }
    }
    answer.more = behind.1;
    Ok(answer)
}

/// Lists somebody's certificates, or counts them only.
fn add(
    authority: &Authority,
    (officer, now): (&str, u64),
    (person, serials): (&str, Vec<Serial>),
    answer: &mut Certificates,
) {
    let lines = serials.iter().filter_map(|serial| line(authority, serial)).collect();
    add_lines(is_within(authority, officer, person, now), lines, answer);
}

/// The same of a system.
fn add_systems(
    authority: &Authority,
    (officer, now): (&str, u64),
    (system, serials): (&str, Vec<Serial>),
    answer: &mut Certificates,
) {
    let Some(holder) = CertificateHolder::system(authority, system) else { return };
    let lines = serials.iter().filter_map(|serial| line_of_system(authority, serial)).collect();
    add_lines(holder.is_within(authority, officer, now), lines, answer);
}

fn add_lines(is_within: bool, lines: Vec<CertificateLine>, answer: &mut Certificates) {
    match is_within {
        true => answer.lines.extend(lines),
        false => answer.elsewhere += u32::try_from(lines.len()).unwrap_or(u32::MAX),
    }
}

/// Where what a text asks for is found.
enum By {
    /// Somebody's certificates, whom authority knows by their id or by a serial number.
    Authority(String, Vec<Serial>),
    /// What a system has, by its id or by a serial number.
    System(String, Vec<Serial>),
    /// The index of people.
    Index(PersonBy),
}

fn by(authority: &Authority, text: &str, now: u64) -> By {
    let (upper, lower) = (text.to_ascii_uppercase(), text.to_ascii_lowercase());
    let serial = Serial::read(&lower).filter(|_| text.len() > 16);
    if let Some(own) = authority.system_certificate(&lower).filter(|_| serial.is_some()) {
        return By::System(own.system.to_string(), serial.into_iter().collect());
    }
    match serial {
        _ if records::letter::read_reference(text).as_ref() == Some(&upper) => {
            By::Authority(upper.clone(), authority.serials_of(&upper))
        }
        Some(serial) => {
            let held = authority.held(&lower);
            let person = held.map(|held| held.person.to_string()).unwrap_or_default();
            By::Authority(person, vec![serial])
        }
        None if authority.unit(text).is_some() => By::Index(PersonBy::Unit),
        None if authority.system(text).is_some() => {
            let counting = counting(authority, text, None, now).map(|(_, serial)| serial);
            By::System(text.to_owned(), counting.take(PAGE).collect())
        }
        None => By::Index(PersonBy::Name),
    }
}

/// Whether somebody whom the index has for a unit is there.
fn fits(authority: &Authority, (by, text): (PersonBy, &str), id: &str) -> bool {
    let there = || authority.person(id).is_some_and(|state| state.unit == text);
    !matches!(by, PersonBy::Unit) || there()
}

/// The person whom the page before looked at last.
async fn behind(tx: &mut Tx, person: &str) -> Result<(String, String), IssuerError> {
    if person.is_empty() {
        return Ok((String::new(), String::new()));
    }
    Ok(person::place(tx, person).await?.ok_or(Code::Malformed)?)
}

/// A line of a certificate that was issued, all of it as authority has it. Its name is the id,
/// until whoever lists it opens one.
pub(super) fn line(authority: &Authority, serial: &Serial) -> Option<CertificateLine> {
    let serial = serial.to_string();
    let held = authority.held(&serial).filter(|held| held.sha256.is_some())?;
    let unit = authority.person(&held.person)?.unit.clone();
    let revoked = authority.revoked_as(&serial);
    Some(CertificateLine {
        person: held.person.to_string(),
        name: held.person.to_string(),
        system: None,
        place: place(authority, &unit),
        unit,
        profile: held.profile.to_string(),
        not_after: records::time::seconds(held.not_after),
        revoked: revoked.map(|one| (records::time::seconds(one.at), one.reason.clone())),
        serial,
    })
}

/// The same of a system's, which is called as its order says; about when it ends.
pub(super) fn line_of_system(authority: &Authority, serial: &Serial) -> Option<CertificateLine> {
    let serial = serial.to_string();
    let own = authority.system_certificate(&serial).filter(|own| own.is_issued)?;
    let system = authority.system(&own.system)?;
    let revoked = authority.revoked_as(&serial);
    Some(CertificateLine {
        person: system.leader.clone(),
        name: system.name.clone(),
        system: Some(own.system.to_string()),
        place: place(authority, &system.unit),
        unit: system.unit.clone(),
        profile: system.profile.clone(),
        not_after: records::time::seconds(own.ends),
        revoked: revoked.map(|one| (records::time::seconds(one.at), one.reason.clone())),
        serial,
    })
}
