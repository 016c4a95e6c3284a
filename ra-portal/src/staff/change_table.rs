//! A table of changes of many: the one that a page begins with, filled in with the people of a
//! unit, and the one that was sent: read and checked row by row, also by the CA. What is wrong with
//! it is said of its rows, and they are shown again as text that can be mended.

use super::table_text::as_text;
use crate::refusal::{passed_on, refused};
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use ca_api::handler::{PersonLine, PersonQuery, PersonRecord, UnitLine, UnitPeople};
use ca_api::organisation::UnitQuery;
use ca_api::{AsOfficer, OfficerSearch};
use portal_api::changes::{ChangeEntry, ChangeKind, check_changes, told, wanted};
use portal_api::roster::{NotTaken, RowRefusal, Table, read};
use records::Code;
use records::order::BATCH_ROWS_MAX;
use service::problem::Refused;

/// Rows about which something is said on one page.
pub(super) const TOLD_MAX: usize = 100;
/// Pages of people of a unit that a table is filled in with.
const PAGES_MAX: usize = 4;
/// The first line of every table.
pub(super) const HEADER: &str = "人员编号,姓名,调往单位,吊销原因,核验依据\n";

/// A table that is right, with what the CA holds of each person in it.
pub(super) struct CheckedTable {
    pub(super) kind: ChangeKind,
    pub(super) entries: Vec<ChangeEntry>,
    pub(super) records: Vec<PersonRecord>,
}

/// What is wrong with a table.
pub(super) struct WrongTable {
    /// In Chinese and English.
    pub(super) said: Vec<(String, String)>,
    /// Its rows as text; empty where it could not be read.
    pub(super) rows: String,
}

impl CheckedTable {
    /// Reads and checks what was sent. What is wrong beside the table (`beside`) is said with what
    /// is wrong in it, so that nothing of it has to be filled in again.
    pub(super) async fn of(
        portal: &PortalState,
        shown: &StaffCertificate,
        (kind, bytes): (ChangeKind, Vec<u8>),
        beside: Option<(String, String)>,
    ) -> Result<Result<Self, WrongTable>, Refused> {
        let units = units(portal, shown, kind).await?;
        let turn = portal.rosters.turn(&shown.person, kind != ChangeKind::Transfer).await;
        let turn = turn.ok_or_else(|| refused(Code::Unavailable))?;
        // As of a roster: not one core that others wait for.
        let checking = move || {
            let _turn = turn;
            rows_of(&bytes, kind, &units)
        };
        let taken = tokio::task::spawn_blocking(checking).await;
        let (entries, table) = match (taken.map_err(|_| refused(Code::Unavailable))?, beside) {
            (Ok(taken), None) => taken,
            (Ok((_, table)), Some(said)) => {
                return Ok(Err(WrongTable { said: vec![said], rows: as_text(&table) }));
            }
            (Err(mut wrong), beside) => {
                if let Some(said) = beside {
                    wrong.said.insert(0, said);
                }
                return Ok(Err(wrong));
            }
        };
        let mut records = Vec::with_capacity(entries.len());
        for chunk in entries.chunks(BATCH_ROWS_MAX) {
            let certificate = shown.certificate.clone();
            let message = AsOfficer { certificate, message: wanted(chunk) };
            let answer = passed_on(portal.issuer.records(&message).await);
            let answer = portal.recorded_brake("person", &shown.person, answer).await?;
            match told(kind, chunk, answer).ok_or_else(|| refused(Code::Unavailable))? {
                Ok(known) => records.extend(known),
                Err(rows) => {
                    return Ok(Err(WrongTable { said: said(&rows), rows: as_text(&table) }));
                }
            }
        }
        Ok(Ok(Self { kind, entries, records }))
    }
}

/// The rows of a file, or what is wrong with them.
pub(super) fn rows_of(
    bytes: &[u8],
    kind: ChangeKind,
    units: &[UnitLine],
) -> Result<(Vec<ChangeEntry>, Table), WrongTable> {
    let of_file = |refusal: (String, String), rows| WrongTable { said: vec![refusal], rows };
    let table =
        read(bytes).map_err(|refusal| of_file((refusal.zh(), refusal.en()), String::new()))?;
    match check_changes(&table, kind, units) {
        Ok(entries) => Ok((entries, table)),
        Err(NotTaken::File(refusal)) => Err(of_file((refusal.zh(), refusal.en()), as_text(&table))),
        Err(NotTaken::Rows(rows)) => Err(WrongTable { said: said(&rows), rows: as_text(&table) }),
    }
}

/// One more than is told says that there are more.
fn said(rows: &[RowRefusal]) -> Vec<(String, String)> {
    rows.iter().take(TOLD_MAX + 1).map(|row| (row.zh(), row.en())).collect()
}

/// Units and people that whoever asks handles.
async fn found(
    portal: &PortalState,
    shown: &StaffCertificate,
    text: &str,
) -> Result<UnitPeople, Refused> {
    let sought = OfficerSearch { text: text.to_owned(), after: String::new() };
    let message = AsOfficer { certificate: shown.certificate.clone(), message: sought };
    let answer = passed_on(portal.issuer.people(&message).await);
    portal.recorded("people", &shown.person, answer).await
}

/// Units that whoever asks handles. Nobody has a name like this: only they are wanted.
pub(super) async fn handled(
    portal: &PortalState,
    shown: &StaffCertificate,
) -> Result<Vec<UnitLine>, Refused> {
    Ok(found(portal, shown, "-").await?.units)
}

/// A table of the people of a unit, with what happens left open.
pub(super) async fn of_unit(
    portal: &PortalState,
    shown: &StaffCertificate,
    unit: String,
) -> Result<String, Refused> {
    let (mut rows, mut after) = (HEADER.to_owned(), String::new());
    for _ in 0..PAGES_MAX {
        let wanted = UnitQuery { unit: unit.clone(), after };
        let message = AsOfficer { certificate: shown.certificate.clone(), message: wanted };
        let answer = passed_on(portal.issuer.unit(&message).await);
        let facts = portal.recorded("unit", &shown.person, answer).await?;
        let row = |line: &PersonLine| format!("{},{},,,\n", line.person, line.name);
        rows.extend(facts.people.iter().map(row));
        after = facts.more;
        if after.is_empty() {
            break;
        }
    }
    Ok(rows)
}

/// Units to which somebody may go: every open one of the city, as the CA says beside somebody whom
/// the handler handles.
async fn units(
    portal: &PortalState,
    shown: &StaffCertificate,
    kind: ChangeKind,
) -> Result<Vec<UnitLine>, Refused> {
    if kind != ChangeKind::Transfer {
        return Ok(Vec::new());
    }
    let mine = found(portal, shown, "").await?;
    let Some(first) = mine.lines.first() else { return Ok(mine.units) };
    let message = PersonQuery { person: first.person.clone() };
    let message = AsOfficer { certificate: shown.certificate.clone(), message };
    let answer = passed_on(portal.issuer.person(&message).await);
    Ok(portal.recorded_brake("person", &shown.person, answer).await?.units)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A wrong row is told with its number, and stands there as it was typed.
    #[test]
    fn a_wrong_row_is_told_and_kept() {
        let text = "人员编号,调往单位\n0123456789ABCDEF,外地\n";
        let wrong = rows_of(text.as_bytes(), ChangeKind::Transfer, &[]).err().unwrap();
        assert!(wrong.said[0].0.starts_with("第 2 行"), "{:?}", wrong.said);
        assert!(wrong.rows.contains("外地"), "{}", wrong.rows);
    }
}
