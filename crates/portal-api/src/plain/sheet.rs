//! What the sheet of a batch says of its orders together, so that none of another sort, and none
//! about somebody who decides over others, hides among many that are alike.

use super::batch::about;
use super::named::unit_named;
use super::office::offices;
use ::plain::bilingual::{Fact, FactLine, LineChange, LineText, fact, reason, role, said};
use ::plain::value::{FactValue, joined, words};
use records::export::{OpenedOrder, ShownOrder};
use records::order::{Body, PriorState};
use std::collections::BTreeMap;

/// Who of those whom it is about holds an office.
const IN_OFFICE: (&str, &str) = (
    "其中涉及任职人员或系统主管人的件数",
    "how many of them are about people in office, or in charge of systems",
);

/// A sort of orders: what it is called, by what it is told apart, and how people read that.
type Sort = ((&'static str, &'static str), String, FactValue);

/// Of which sorts they are, and who in office they are about.
pub(super) fn together(opened: &ShownOrder) -> Vec<Fact> {
    sorts(opened).into_iter().chain(in_office(opened)).collect()
}

/// Each order about somebody who holds a role beside that of an official, is lent one or lends one,
/// or is in charge of a system: what it says of that. Nothing where no order says it of anybody.
fn in_office(opened: &ShownOrder) -> Option<Fact> {
    let held = |row: &OpenedOrder| matches!(row.before(), Some(PriorState::Person(_)));
    let is_said = opened.rows().iter().any(held);
    let line = |(place, row): (usize, &OpenedOrder)| {
        let Some(PriorState::Person(held)) = row.before() else { return None };
        held.has_office().then(|| {
            let place = words(&format!("{}. ", place + 1));
            let line = vec![place, about(row), words(": "), joined(offices(row, held), "; ")];
            kept(FactValue::Row(line))
        })
    };
    let lines: Vec<FactLine> = opened.rows().iter().enumerate().filter_map(line).collect();
    let count = said(&format!("{} 件", lines.len()), &lines.len().to_string());
    is_said.then(|| Fact { lines, ..fact(IN_OFFICE, count) })
}

/// How many orders of each sort there are.
fn sorts(opened: &ShownOrder) -> Option<Fact> {
    let mut term = None;
    let mut all: BTreeMap<String, (FactValue, usize)> = BTreeMap::new();
    for (of, key, value) in opened.rows().iter().filter_map(|row| sort_of(row)) {
        term = Some(of);
        all.entry(key).or_insert((value, 0)).1 += 1;
    }
    let sorts = said(&format!("{} 种", all.len()), &all.len().to_string());
    let line = |(value, count): (FactValue, usize)| {
        kept(FactValue::Row(vec![value, words(&format!(" × {count}"))]))
    };
    let lines = all.into_values().map(line).collect();
    term.map(|term| Fact { lines, ..fact(term, sorts) })
}

fn sort_of(row: &ShownOrder) -> Option<Sort> {
    Some(match row.body() {
        Body::Issue(issue) => {
            let id = &issue.profile.id;
            let called = row.order().basis.profile(id);
            (("其中的证书模板", "profiles in it"), id.clone(), called.into())
        }
        Body::Person(person) => {
            let unit = unit_named(row, &person.unit);
            (("其中办结后所在的单位", "units in it, afterwards"), person.unit.clone(), unit)
        }
        Body::Role(one) => of_role(one.role.name()),
        Body::Delegate(one) => of_role(one.role.name()),
        Body::Revoke(one) => of_reason(&one.reason),
        Body::Release(one) => of_reason(&one.reason),
        _ => return None,
    })
}

fn of_role(name: &str) -> Sort {
    (("其中的角色", "roles in it"), name.to_owned(), role(name).into())
}

fn of_reason(name: &str) -> Sort {
    (("其中的原因", "reasons in it"), name.to_owned(), reason(name).into())
}

fn kept(value: FactValue) -> FactLine {
    FactLine { mark: LineChange::Kept, line: LineText::Value(value) }
}
