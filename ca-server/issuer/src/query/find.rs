//! Finds certificates for officers: people first, only those whose certificates they could have
//! revoked; how many fit elsewhere is told, not whose.

use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::officer::{is_within, person_of};
use crate::query::place::place;
use crate::query::scan::Scan;
use authority::Authority;
use ca_api::{CertificateLine, Certificates, Sought};
use ca_store::names::names;
use ca_store::table::certificate::{FoundRow, SearchBy, search};
use ca_store::table::{person, unsigned};
use pki::{Certificate, SerialNumber};
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
    sought: &Sought,
) -> Result<Certificates, IssuerError> {
    let (view, mut tx) = issuer.current().await?;
    let authority = view.authority();
    let mut answer = found(&mut tx, authority, (certificate, issuer.now()), sought).await?;
    let ids = answer.lines.iter().map(|line| line.person.clone()).collect();
    // The row found them; what they are called is what authority holds.
    let names = names(&mut tx, authority, ids).await?;
    for line in &mut answer.lines {
        line.name = names.get(&line.person).unwrap_or(&line.person).clone();
    }
    Ok(answer)
}

async fn found(
    tx: &mut Tx,
    authority: &Authority,
    (certificate, now): (&Certificate, u64),
    sought: &Sought,
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
    let by = by(authority, text);
    let mut behind = behind(tx, &sought.after).await?;
    let mut scan = Scan::begin();
    while scan.goes_on().await {
        let people = search(tx, (by, text), (&behind.0, &behind.1), CHUNK).await?;
        if people.is_empty() {
            return Ok(answer);
        }
        for one in people.chunk_by(|a, b| a.1 == b.1) {
            if answer.lines.len() >= PAGE {
                answer.more = behind.1;
                return Ok(answer);
            }
            add(authority, (&officer, now, one), &mut answer)?;
            if let Some(row) = one.first() {
                behind = (row.0.clone(), row.1.clone());
            }
            scan.looked(1);
        }
    }
    answer.more = behind.1;
    Ok(answer)
}

/// Lists somebody's certificates, or counts them only.
fn add(
    authority: &Authority,
    (officer, now, one): (&str, u64, &[FoundRow]),
    answer: &mut Certificates,
) -> Result<(), IssuerError> {
    for row in one {
        if row.3.is_none() {
            continue;
        }
        match is_within(authority, officer, &row.1, now) {
            true => answer.lines.push(line(authority, row.clone())?),
            false => answer.elsewhere += 1,
        }
    }
    Ok(())
}

fn by(authority: &Authority, text: &str) -> SearchBy {
    let (upper, lower) = (text.to_ascii_uppercase(), text.to_ascii_lowercase());
    match text {
        _ if records::letter::read_reference(text).as_ref() == Some(&upper) => SearchBy::Person,
        _ if text.len() > 16 && SerialNumber::from_hex(&lower).is_some() => SearchBy::Serial,
        _ if authority.unit(text).is_some() => SearchBy::Unit,
        _ => SearchBy::Name,
    }
}

/// The person whom the page before looked at last.
async fn behind(tx: &mut Tx, person: &str) -> Result<(String, String), IssuerError> {
    if person.is_empty() {
        return Ok((String::new(), String::new()));
    }
    Ok(person::place(tx, person).await?.ok_or(Code::Malformed)?)
}

/// A line of one certificate; whether it is revoked, authority says.
pub(crate) fn line(authority: &Authority, row: FoundRow) -> Result<CertificateLine, IssuerError> {
    let (name, person, unit, serial, profile, not_after) = row;
    let (Some(serial), Some(profile), Some(not_after)) = (serial, profile, not_after) else {
        return Err(Code::NotFound.into());
    };
    let revoked = authority.revoked_as(&serial);
    let revoked =
        revoked.map(|revoked| (records::time::seconds(revoked.at), revoked.reason.clone()));
    let not_after = records::time::seconds(unsigned(not_after)?);
    let place = place(authority, &unit);
    Ok(CertificateLine { serial, person, name, unit, place, profile, not_after, revoked })
}
