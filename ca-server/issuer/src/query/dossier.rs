//! A person whole, for whoever decides about them or handles their papers: certificates, letters,
//! roles and requests. What counts is what authority holds; rows bring names, bytes and the orders
//! that are over.

use super::drafts::{cursor, letter_line, order};
use super::find;
use super::people::line;
use super::place::{place, role_line, rule_line};
use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::loaded::{opening, text};
use crate::officer::{person_of, readable};
use crate::view::View;
use authority::{Authority, Delegation, PersonId, Serial};
use ca_api::CertificateLine;
use ca_api::handler::DraftLine;
use ca_api::organisation::{
    Consequences, ConsequencesQuery, DelegationLine, Dossier, DossierQuery, HeldLine, RoleLine,
};
use ca_store::names::names;
use ca_store::table::{certificate, order as orders, person};
use pki::Certificate;
use records::Code;
use records::drafted::DraftContent;
use records::order::{
    Body, DelegateBody, MAIL_PATH, NAME_PATH, OrderSubject, PersonAction, RoleAction,
};
use records::rules::Role;
use std::cmp::Reverse;
use std::collections::HashMap;
use store::Tx;

/// Requests of one page, and certificates and letters that are shown.
const PAGE: usize = 50;

/// One person, and one page of what was asked about them.
pub(crate) async fn dossier(
    issuer: &Issuer,
    shown: &Certificate,
    wanted: &DossierQuery,
) -> Result<Dossier, IssuerError> {
    let (view, mut tx) = issuer.current().await?;
    let (authority, now) = (view.authority(), issuer.now());
    let reader = person_of(authority, shown, now)?;
    let id = wanted.person.as_str();
    readable(authority, &reader, id, now)?;
    let state = authority.person(id).ok_or(Code::PersonUnknown)?;
    let known = person::disclosures(&mut tx, vec![id.to_owned()]).await?;
    let opened = known.get(id).and_then(|list| opening(state, list)).unwrap_or_default();
    let told = |path| text(opened.iter().copied(), path);
    let name = told(NAME_PATH).unwrap_or_else(|| id.to_owned());
    let roles = state.roles.iter().filter(|(role, scope)| authority.holds(id, *role, scope));
    let (requests, more) = requests(issuer, &view, &mut tx, (id, &wanted.after, now)).await?;
    let (mut certificates, mut letters) = (Vec::new(), Vec::new());
    if wanted.after.is_empty() {
        certificates = held(authority, &mut tx, (id, &name)).await?;
        letters = letters_of(authority, (id, &name), now);
    }
    let has_left = authority.has_left(id);
    Ok(Dossier {
        place: place(authority, &state.unit),
        mail: told(MAIL_PATH).unwrap_or_default(),
        version: state.version,
        left: has_left,
        roles: roles.map(|(role, scope)| role_line(authority, *role, scope)).collect(),
        delegations: delegations(authority, &mut tx, (id, now)).await?,
        applications: match has_left {
            true => Vec::new(),
            false => authority.applications_of(&state.unit).into_iter().collect(),
        },
        certificates,
        letters,
        requests,
        more,
        drafts: !has_left && authority.handles(&reader, &state.unit),
        lends: match has_left {
            true => Vec::new(),
            false => lends(authority, &reader, id),
        },
        line: line(authority, (id, name), now)?,
    })
}

/// Roles of somebody that a reader may draft a delegation of.
fn lends(authority: &Authority, reader: &str, absent: &str) -> Vec<RoleLine> {
    let state = authority.person(absent);
    let held = state.into_iter().flat_map(|state| state.roles.iter());
    let counts = held
        .filter(|(role, scope)| authority.decides(*role) && authority.holds(absent, *role, scope));
    let may = |(role, scope): &&(Role, String)| {
        let body = DelegateBody {
            action: RoleAction::Grant,
            person: String::new(),
            absent: absent.to_owned(),
            role: *role,
            scope: scope.clone(),
            from: String::new(),
            until: String::new(),
        };
        authority.may_draft(reader, &DraftContent::Delegate(body)).is_ok()
    };
    counts.filter(may).map(|(role, scope)| role_line(authority, *role, scope)).collect()
}

/// What a transfer or leaving takes away.
pub(crate) async fn consequences(
    issuer: &Issuer,
    shown: &Certificate,
    wanted: &ConsequencesQuery,
) -> Result<Consequences, IssuerError> {
    let view = issuer.opened().await?;
    let (authority, now) = (view.authority(), issuer.now());
    let reader = person_of(authority, shown, now)?;
    told(authority, &reader, wanted, now)
}

/// The same of an order about a person, where something follows and the reader may know it.
pub(super) fn consequence_for(
    authority: &Authority,
    reader: &str,
    body: &Body,
    now: u64,
) -> Option<Consequences> {
    let Body::Person(person) = body else { return None };
    let unit = match person.action {
        PersonAction::Create => return None,
        PersonAction::Move => Some(person.unit.clone()),
        PersonAction::Leave => None,
    };
    let wanted = ConsequencesQuery { person: person.person.clone(), unit };
    told(authority, reader, &wanted, now).ok()
}

fn told(
    authority: &Authority,
    reader: &str,
    wanted: &ConsequencesQuery,
    now: u64,
) -> Result<Consequences, IssuerError> {
    readable(authority, reader, &wanted.person, now)?;
    let told = authority.consequence(&wanted.person, wanted.unit.as_deref(), now)?;
    let roles = told.roles.iter().map(|(role, scope)| role_line(authority, *role, scope));
    let called = |id: &String| authority.application_called(id);
    Ok(Consequences {
        certificates: told.certificates.iter().map(Serial::to_string).collect(),
        roles: roles.collect(),
        letters: told.letters.iter().map(|reference| reference.to_string()).collect(),
        orders: u32::try_from(told.orders.len()).unwrap_or(u32::MAX),
        applications: told.applications.iter().map(called).collect(),
        enters: told.enters.iter().map(called).collect(),
        begins: told.begins.into_iter().map(|one| rule_line(authority, one)).collect(),
        ends: told.ends.into_iter().map(|one| rule_line(authority, one)).collect(),
    })
}

/// Delegations to and of a person.
async fn delegations(
    authority: &Authority,
    tx: &mut Tx,
    (person, now): (&str, u64),
) -> Result<Vec<DelegationLine>, IssuerError> {
    let about = |(deputy, one): &(&PersonId, &Delegation)| {
        deputy.as_str() == person || one.absent.as_str() == person
    };
    let found: Vec<_> = authority.delegations().filter(about).collect();
    let ids = found.iter().flat_map(|(deputy, one)| [deputy.to_string(), one.absent.to_string()]);
    let names = names(tx, authority, ids.collect()).await?;
    let named = |id: &PersonId| {
        let id = id.to_string();
        let name = names.get(&id).unwrap_or(&id).clone();
        (id, name)
    };
    let line = |(deputy, one): (&PersonId, &Delegation)| DelegationLine {
        deputy: named(deputy),
        absent: named(&one.absent),
        role: role_line(authority, one.role, &one.scope),
        from: records::time::seconds(one.from),
        until: records::time::seconds(one.until),
        counts: authority.is_acting(deputy, one, now),
    };
    Ok(found.into_iter().map(line).collect())
}

async fn requests(
    issuer: &Issuer,
    view: &View,
    tx: &mut Tx,
    (person, after, now): (&str, &str, u64),
) -> Result<(Vec<DraftLine>, String), IssuerError> {
    let rows = orders::about(tx, (person, cursor(after)?), PAGE as i64 + 1).await?;
    let has_more = rows.len() > PAGE;
    let mut lines = Vec::new();
    let mut more = String::new();
    for row in rows.into_iter().take(PAGE) {
        let made = row.made;
        let line = order(issuer, view, tx, (row, now)).await?;
        more = format!("{made}.{}", line.name);
        lines.push(line);
    }
    Ok((lines, if has_more { more } else { String::new() }))
}

/// The newest certificates of a person. Of bytes that are not those that were issued nothing is
/// told.
async fn held(
    authority: &Authority,
    tx: &mut Tx,
    (person, name): (&str, &str),
) -> Result<Vec<HeldLine>, IssuerError> {
    let rows = certificate::of_people(tx, vec![person.to_owned()]).await?;
    let read = rows.iter().filter_map(|der| Certificate::read(der).ok());
    let read: HashMap<String, Certificate> =
        read.map(|one| (one.serial().to_string(), one)).collect();
    let serials = authority.serials_of(person).into_iter().rev().take(PAGE);
    let line = |serial: Serial| {
        let line = CertificateLine { name: name.to_owned(), ..find::line(authority, &serial)? };
        let held = authority.held(&line.serial)?;
        let same = read.get(&line.serial).filter(|one| held.sha256 == Some(one.sha256()));
        let issued = same.map(|one| records::time::seconds(one.not_before()));
        Some(HeldLine { line, issued: issued.unwrap_or_default() })
    };
    Ok(serials.filter_map(line).collect())
}

fn letters_of(authority: &Authority, (person, name): (&str, &str), now: u64) -> Vec<DraftLine> {
    let mut own: Vec<_> = authority.letters_for(person).collect();
    own.sort_by_key(|(_, letter)| Reverse(letter.expires));
    own.truncate(PAGE);
    let about = OrderSubject::person(person, (!name.is_empty()).then(|| name.to_owned()));
    own.into_iter().map(|one| letter_line(authority, one, (about.clone(), now))).collect()
}
