//! What a draft about many people needs of each: asked at once, and judged for each as if it came
//! alone.

use super::place::place;
use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::loaded::{opening, text};
use crate::officer::{person_of, readable};
use authority::Authority;
use ca_api::handler::{PeopleQuery, PeopleRecords, PersonRecord, RecordLine};
use ca_store::table::person;
use pki::Certificate;
use records::order::{BATCH_ROWS_MAX, MAIL_PATH, NAME_PATH, REVOKED_MAX};
use records::{Bytes, Code, Disclosure};

/// A line for each of them.
pub(crate) async fn records(
    issuer: &Issuer,
    shown: &Certificate,
    wanted: &PeopleQuery,
) -> Result<PeopleRecords, IssuerError> {
    let (view, mut tx) = issuer.current().await?;
    let (authority, now) = (view.authority(), issuer.now());
    let reader = person_of(authority, shown, now)?;
    if !authority.is_approver(&reader) && !authority.is_handler(&reader) {
        return Err(Code::NotYourRoute.into());
    }
    if !(1..=BATCH_ROWS_MAX).contains(&wanted.people.len()) {
        return Err(Code::Malformed.into());
    }
    let known = person::disclosures(&mut tx, wanted.people.clone()).await?;
    let line = |id: &String| {
        let opened = known.get(id).map_or(&[][..], Vec::as_slice);
        match record(authority, (&reader, now), (id, opened)) {
            Ok(record) => RecordLine::Known(Box::new(record)),
            Err(code) => RecordLine::Refused(code),
        }
    };
    Ok(PeopleRecords { lines: wanted.people.iter().map(line).collect() })
}

fn record(
    authority: &Authority,
    (reader, now): (&str, u64),
    (id, known): (&str, &[Disclosure]),
) -> Result<PersonRecord, Code> {
    readable(authority, reader, id, now)?;
    let state = authority.person(id).ok_or(Code::PersonUnknown)?;
    if authority.has_left(id) {
        return Err(Code::PersonLeft);
    }
    let opened = opening(state, known).ok_or(Code::UnsignedAuthority)?;
    let told = |path| text(opened.iter().copied(), path).unwrap_or_default();
    let serials = authority.serials_of(id).into_iter().map(|serial| serial.to_string());
    let counts = |serial: &String| {
        let held = authority.held(serial).filter(|held| held.sha256.is_some());
        held.is_some_and(|held| held.not_after >= now) && !authority.is_ended(serial)
    };
    Ok(PersonRecord {
        person: id.to_owned(),
        name: told(NAME_PATH),
        unit: state.unit.clone(),
        place: place(authority, &state.unit),
        version: state.version,
        mail: told(MAIL_PATH),
        number: state.number.map(Bytes::from),
        serials: serials.filter(counts).take(REVOKED_MAX).collect(),
    })
}
