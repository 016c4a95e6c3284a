//! A unit of the city for officers and handlers: what is below it, whose roles count there, and its
//! own people as far as they are the reader's business.

use super::people::{by_unit, line};
use super::place::role_line;
use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::officer::{person_of, readable};
use authority::Authority;
use ca_api::handler::{PersonLine, UnitLine};
use ca_api::organisation::{HolderLine, UnitBelow, UnitFacts, UnitQuery};
use ca_store::names::names;
use pki::Certificate;
use records::Code;
use records::rules::Role;
use std::collections::HashMap;
use store::Tx;

/// Asks for the facts of a unit and for a page of its people.
pub(crate) async fn unit(
    issuer: &Issuer,
    shown: &Certificate,
    wanted: &UnitQuery,
) -> Result<UnitFacts, IssuerError> {
    let (view, mut tx) = issuer.current().await?;
    let (authority, now) = (view.authority(), issuer.now());
    let reader = person_of(authority, shown, now)?;
    if !authority.is_approver(&reader) && !authority.is_handler(&reader) {
        return Err(Code::NotYourRoute.into());
    }
    let id = match wanted.unit.as_str() {
        "" => authority.city_unit(),
        id => id,
    };
    let state = authority.unit(id).ok_or(Code::UnitUnknown)?;
    let mut path: Vec<UnitLine> =
        authority.above(id).into_iter().map(|id| unit_line(authority, id)).collect();
    path.reverse();
    let census = issuer.census.of(view.state()).await?;
    let (found, more) = by_unit(authority, &mut tx, (&reader, now), (id, &wanted.after)).await?;
    let named = names(&mut tx, authority, found.clone()).await?;
    let person = |person: &String| {
        line(authority, (person, named.get(person).unwrap_or(person).clone()), now)
    };
    let people = found.iter().map(person).collect::<Result<Vec<PersonLine>, Code>>()?;
    let holders = match wanted.after.is_empty() {
        true => {
            let found = census.holders_in(authority, id);
            holders(authority, &mut tx, (&reader, now), found).await?
        }
        false => Vec::new(),
    };
    let below = below(authority, id, &census.below(authority, id));
    Ok(UnitFacts { path, open: state.open, below, holders, people, more })
}

async fn holders(
    authority: &Authority,
    tx: &mut Tx,
    (reader, now): (&str, u64),
    found: Vec<(String, Role, String)>,
) -> Result<Vec<HolderLine>, IssuerError> {
    let ids = found.iter().map(|(id, ..)| id.clone()).collect();
    let named = names(tx, authority, ids).await?;
    let line = |(person, role, scope): (String, Role, String)| HolderLine {
        name: named.get(&person).unwrap_or(&person).clone(),
        role: role_line(authority, role, &scope),
        readable: readable(authority, reader, &person, now).is_ok(),
        person,
    };
    Ok(found.into_iter().map(line).collect())
}

fn below(authority: &Authority, unit: &str, people: &HashMap<String, u32>) -> Vec<UnitBelow> {
    let children = authority.units().filter(|(_, state)| state.parent.as_deref() == Some(unit));
    let mut below: Vec<UnitBelow> = children
        .map(|(id, state)| UnitBelow {
            line: unit_line(authority, id),
            open: state.open,
            people: people.get(id).copied().unwrap_or(0),
        })
        .collect();
    below.sort_by(|a, b| (&a.line.name, &a.line.unit).cmp(&(&b.line.name, &b.line.unit)));
    below
}

fn unit_line(authority: &Authority, id: &str) -> UnitLine {
    let name = authority.unit(id).map(|unit| unit.name.clone()).unwrap_or_default();
    UnitLine { unit: id.to_owned(), name }
}
