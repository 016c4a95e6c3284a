//! An order over many: each of them in a line.

use super::sheet::together;
use ::plain::bilingual::{Fact, FactLine, LineChange, LineText, fact, kind_of, said};
use ::plain::value::{FactValue, NameAndId, joined, words};
use data_encoding::HEXLOWER;
use records::Bytes;
use records::export::ShownOrder;
use records::order::{BatchBody, OrderSubject, SubjectUnit, about_body};

/// The list of all orders of a batch, and of those that everybody opens: where each of them stands
/// below by itself, marked where it is to be opened, these have no lines.
const LISTS: [&str; 2] = ["how many", "each approver opens beside those"];

/// The facts of a batch where its orders stand below, one by one.
pub(super) fn without_lists(mut facts: Vec<Fact>) -> Vec<Fact> {
    let lists = facts.iter_mut().filter(|fact| LISTS.contains(&fact.term.en.as_str()));
    lists.for_each(|fact| fact.lines.clear());
    facts
}

/// Every order of a batch by its digest, under which the batch names it, with whom it concerns.
pub(super) fn about_batch(opened: &ShownOrder, batch: &BatchBody) -> Vec<Fact> {
    let line = |(place, digest): (usize, &Bytes)| {
        let row = opened.rows().get(place);
        let about = row.map_or_else(|| words("—"), |row| about(row));
        let order = row.map(|row| row.order().order.as_str()).unwrap_or_default();
        let line = FactValue::Row(vec![
            words(&format!("{}. ", place + 1)),
            about,
            words(" ["),
            order.into(),
            words(&format!("] {}", HEXLOWER.encode(&digest.0))),
        ]);
        FactLine { mark: LineChange::Kept, line: LineText::Value(line) }
    };
    let flagged = |place: &u16| {
        let row = opened.rows().get(usize::from(*place));
        let about = row.map_or_else(|| words("—"), |row| about(row));
        let place = words(&format!("{}. ", u32::from(*place) + 1));
        let line = FactValue::Row(vec![place, about]);
        FactLine { mark: LineChange::Kept, line: LineText::Value(line) }
    };
    let to_open = batch.flagged.len();
    let [of_rows, of_flagged] = LISTS;
    let to_open = fact(
        ("另须每人查看的件数", of_flagged),
        said(&format!("{to_open} 件"), &to_open.to_string()),
    );
    let to_open = Fact { lines: batch.flagged.iter().map(flagged).collect(), ..to_open };
    let lines = batch.rows.iter().enumerate().map(line).collect();
    let count = batch.rows.len();
    let many = said(&format!("{count} 项"), &count.to_string());
    let mut facts = vec![
        fact(("批量事项", "each of them is to"), kind_of(&batch.of, &batch.action)),
        Fact { lines, ..fact(("共", of_rows), many) },
    ];
    facts.extend(together(opened));
    let drawn = batch.sample.to_string();
    facts.extend([fact(("每位审批人员须查看的件数", "each approver opens"), drawn), to_open]);
    facts
}

/// Whom or what an order concerns.
pub fn about(opened: &ShownOrder) -> FactValue {
    told_about(&about_body((opened.order(), opened.body()), opened.disclosures()))
}

/// The same as a list has it: each name with its id, in marks that it cannot hold itself.
pub fn told_about(told: &OrderSubject) -> FactValue {
    match told {
        OrderSubject::Unknown => words("—"),
        OrderSubject::Person { person, within } => {
            let person: FactValue = NameAndId {
                name: person.name.clone(),
                id: person.id.clone(),
                unit: person.unit.as_ref().map(|unit| Box::new(unit_told(unit))),
            }
            .into();
            match within {
                Some(scope) => joined([person, unit_told(scope).into()], " · "),
                None => person,
            }
        }
        OrderSubject::Unit(unit) => unit_told(unit).into(),
        OrderSubject::Version { id, version } if id.is_empty() => words(&format!("v{version}")),
        OrderSubject::Version { id, version } => versioned(id, *version),
        OrderSubject::Many { count, first } if **first == OrderSubject::Unknown => {
            words(&format!("× {count}"))
        }
        OrderSubject::Many { count, first } => {
            let many = said(&format!("，共 {count} 项"), &format!(", {count} in all"));
            FactValue::Row(vec![told_about(first), many.into()])
        }
        OrderSubject::Portal(portal) => FactValue::Row(vec![portal.into()]),
        OrderSubject::Gate { application, agent } => {
            joined([application.clone().into(), agent.into()], " · ")
        }
        OrderSubject::Application(application) => FactValue::Row(vec![application.clone().into()]),
        OrderSubject::System { id, name } => joined([name.into(), id.into()], " · "),
    }
}

fn unit_told(unit: &SubjectUnit) -> NameAndId {
    NameAndId { name: unit.name.clone(), id: unit.id.clone(), unit: None }
}

fn versioned(name: &str, version: u32) -> FactValue {
    FactValue::Row(vec![name.into(), words(&format!(" v{version}"))])
}
