//! Rows into changes of people who are registered: transfers, leavers, revocations. A row names a
//! person by their id; the name beside it, if there is one, is compared with the one that is held.

use crate::check::{NotTaken, UnitFound, kept, looked_at};
use crate::refusal::{FileRefusal, RowProblem, RowRefusal};
use crate::table::{Cell, Table, TableRow};
use std::collections::HashMap;

/// What the columns are called; the second and the last may be missing, and the third and fourth
/// where they say nothing.
pub const COLUMNS: [&str; 5] = ["人员编号", "姓名", "调往单位", "吊销原因", "核验依据"];

/// What happens to every person of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// They go to another unit.
    Transfer,
    /// The people leave office.
    Leave,
    /// Their certificates are revoked.
    Revoke,
}

/// A person of the file, and what happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeEntry {
    /// The entry stands in the row of this number, as the file counts.
    pub row: usize,
    /// The row is about the person of this id.
    pub person: String,
    /// Name as it was typed, or empty.
    pub name: String,
    /// Unit id to which they go, or empty.
    pub unit: String,
    /// The unit as the row has it: its id or its name.
    pub unit_typed: String,
    /// RFC 5280 name of the reason of a revocation, or empty.
    pub reason: String,
    /// What was looked at, or empty.
    pub evidence: String,
}

/// What texts of a file mean.
pub struct Meanings<'a> {
    /// Which unit, by id or name.
    pub unit: &'a dyn Fn(&str) -> UnitFound,
    /// Which person id, in its one spelling.
    pub person: &'a dyn Fn(&str) -> Option<String>,
    /// Which reason of a revocation, by the name of RFC 5280 or in words.
    pub reason: &'a dyn Fn(&str) -> Option<String>,
}

/// Checks every row of a file of changes, and says of each that is wrong what is wrong.
pub fn changes(
    table: &Table,
    kind: ChangeKind,
    meanings: &Meanings<'_>,
) -> Result<Vec<ChangeEntry>, NotTaken> {
    let (header, rows) = table.rows.split_first().ok_or(FileRefusal::Nobody)?;
    let places = places((table, header), kind)?;
    if rows.is_empty() {
        return Err(FileRefusal::Nobody.into());
    }
    let (mut entries, mut refused) = (Vec::with_capacity(rows.len()), Vec::new());
    let mut seen: HashMap<String, usize> = HashMap::with_capacity(rows.len());
    for row in rows {
        let mut wrong = |problem| refused.push(RowRefusal { row: row.number, problem });
        let made = change(row, (&places, kind), meanings, &mut wrong);
        let Some(entry) = made else { continue };
        match seen.get(&entry.person) {
            Some(first) => wrong(RowProblem::PersonTwice(*first)),
            None => {
                seen.insert(entry.person.clone(), row.number);
                entries.push(entry);
            }
        }
    }
    if refused.is_empty() { Ok(entries) } else { Err(NotTaken::Rows(refused)) }
}

/// In which column each stands; those that say what happens must be there.
fn places(
    (table, header): (&Table, &TableRow),
    kind: ChangeKind,
) -> Result<[Option<usize>; 5], FileRefusal> {
    if header.is_hidden {
        return Err(FileRefusal::HeaderHidden);
    }
    let needed = |name: &str| match name {
        "人员编号" => true,
        "调往单位" => kind == ChangeKind::Transfer,
        "吊销原因" => kind == ChangeKind::Revoke,
        _ => false,
    };
    let mut places = [None; 5];
    for (place, name) in places.iter_mut().zip(COLUMNS) {
        let mut found = header.cells.iter().enumerate().filter(|(_, cell)| cell.text() == name);
        *place = found.next().map(|(column, _)| column);
        if found.next().is_some() {
            return Err(FileRefusal::ColumnTwice(name));
        }
        if place.is_some_and(|column| table.is_column_hidden(column)) {
            return Err(FileRefusal::ColumnHidden(name));
        }
        if place.is_none() && needed(name) {
            return Err(FileRefusal::ColumnMissing(name));
        }
    }
    Ok(places)
}

fn change(
    row: &TableRow,
    (places, kind): (&[Option<usize>; 5], ChangeKind),
    meanings: &Meanings<'_>,
    wrong: &mut impl FnMut(RowProblem),
) -> Option<ChangeEntry> {
    let empty = Cell::Empty;
    let cells = places.map(|place| place.and_then(|column| row.cells.get(column)));
    let [person, name, unit, reason, evidence] = cells.map(|cell| cell.unwrap_or(&empty));
    // Nobody changes whom they did not see in the file.
    if row.is_hidden {
        wrong(RowProblem::Hidden);
    }
    if [person, name, unit, reason, evidence].into_iter().any(Cell::runs) {
        wrong(RowProblem::Formula);
    }
    let id = match (person, (meanings.person)(person.text())) {
        // One of digits alone is another one, once a spreadsheet rounded it.
        (Cell::Number(_), _) => Err(RowProblem::NotText("人员编号")),
        (_, Some(id)) => Ok(id),
        (_, None) => Err(RowProblem::NoPerson(person.text().to_owned())),
    };
    let typed = unit.text().to_owned();
    let unit = match (kind, unit.text()) {
        (ChangeKind::Leave | ChangeKind::Revoke, _) => Ok(String::new()),
        (ChangeKind::Transfer, "") => Err(RowProblem::UnitMissing),
        (ChangeKind::Transfer, text) => match (meanings.unit)(text) {
            UnitFound::One(id) => Ok(id),
            UnitFound::Nothing => Err(RowProblem::UnitNowhere(text.to_owned())),
            UnitFound::Several => Err(RowProblem::UnitAmbiguous(text.to_owned())),
        },
    };
    let reason = match kind {
        ChangeKind::Revoke => (meanings.reason)(reason.text())
            .ok_or_else(|| RowProblem::NoReason(reason.text().to_owned())),
        ChangeKind::Transfer | ChangeKind::Leave => Ok(String::new()),
    };
    let (id, unit) = (kept(id, wrong), kept(unit, wrong));
    let (reason, evidence) = (kept(reason, wrong), kept(looked_at(evidence), wrong));
    Some(ChangeEntry {
        row: row.number,
        person: id?,
        name: name.text().to_owned(),
        unit: unit?,
        unit_typed: typed,
        reason: reason?,
        evidence: evidence?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read;

    fn taken(kind: ChangeKind, text: &str) -> Result<Vec<ChangeEntry>, Vec<String>> {
        let unit = |text: &str| match text {
            "sz-office" | "区政府办" => UnitFound::One("sz-office".into()),
            "办公室" => UnitFound::Several,
            _ => UnitFound::Nothing,
        };
        let person = |text: &str| (text.len() == 16).then(|| text.to_owned());
        let reason = |text: &str| (text == "停用").then(|| "cessationOfOperation".to_owned());
        let meanings = Meanings { unit: &unit, person: &person, reason: &reason };
        changes(&read(text.as_bytes()).unwrap(), kind, &meanings).map_err(|refused| match refused {
            NotTaken::File(refusal) => vec![refusal.zh()],
            NotTaken::Rows(rows) => rows.iter().map(RowRefusal::zh).collect(),
        })
    }

    #[test]
    fn each_row_names_a_person_and_what_happens() {
        let text = "人员编号,姓名,调往单位\n0123456789ABCDEF,李丹,区政府办\n";
        let one = taken(ChangeKind::Transfer, text).unwrap().remove(0);
        assert_eq!((one.person.as_str(), one.unit.as_str()), ("0123456789ABCDEF", "sz-office"));
        assert_eq!((one.name.as_str(), one.unit_typed.as_str()), ("李丹", "区政府办"));
        let leaves = taken(ChangeKind::Leave, "人员编号\n0123456789ABCDEF\n").unwrap();
        assert_eq!((leaves[0].row, leaves[0].unit.as_str()), (2, ""));
        let text = "人员编号,吊销原因,核验依据\n0123456789ABCDEF,停用,离职清单\n";
        let revoked = taken(ChangeKind::Revoke, text).unwrap().remove(0);
        assert_eq!(revoked.reason, "cessationOfOperation");
        assert_eq!(revoked.evidence, "离职清单");
    }

    #[test]
    fn what_is_wrong_with_a_change_is_told_with_its_row() {
        let text = "人员编号,调往单位\n李丹,区政府办\n0123456789ABCDEF,办公室\n\
            0123456789ABCDEG,外地\n0123456789ABCDEH,区政府办\n0123456789ABCDEH,区政府办\n\
            =1+1,区政府办\n";
        let said = taken(ChangeKind::Transfer, text).unwrap_err();
        for (row, matter) in
            [(2, "人员编号"), (3, "多个单位"), (4, "没有单位"), (6, "第 5 行"), (7, "公式")]
        {
            let told =
                |one: &String| one.starts_with(&format!("第 {row} 行")) && one.contains(matter);
            assert!(said.iter().any(told), "{row} {matter}: {said:?}");
        }
        let missing = |kind, text: &str| taken(kind, text).unwrap_err().remove(0);
        let bare = "人员编号\n0123456789ABCDEF\n";
        assert!(missing(ChangeKind::Transfer, bare).contains("调往单位"));
        assert!(missing(ChangeKind::Revoke, bare).contains("吊销原因"));
        assert!(missing(ChangeKind::Leave, "姓名\n李丹\n").contains("人员编号"));
        let unknown = "人员编号,吊销原因\n0123456789ABCDEF,随便\n";
        assert!(missing(ChangeKind::Revoke, unknown).contains("随便"));
    }
}
