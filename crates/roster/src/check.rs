//! Rows into people: each is checked by itself and beside the others, and everything that is wrong
//! is told at once. Of a file with a wrong row nobody is taken.

use crate::refusal::{FileRefusal, RowProblem, RowRefusal};
use crate::table::{Cell, Table, TableRow};
use pki::mail::Mailbox;
use pki::name::{FREE_TEXT_CHARS_MAX, NameError, PersonName, check_readable};
use pki::number::{CitizenNumber, Day, NumberError};
use std::collections::HashMap;

/// What the columns are called, as in the template; the last two may be missing.
pub const COLUMNS: [&str; 5] = ["姓名", "证件号", "单位", "邮箱", "核验依据"];
const NEEDED: usize = 3;

/// Which unit a text means, of those that the handler handles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnitFound {
    /// The one with this id.
    One(String),
    /// No unit was found.
    Nothing,
    /// Several of this name.
    Several,
}

/// A person of a roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterEntry {
    /// The entry stands in the row of this number, as the file counts.
    pub row: usize,
    /// The person has this name, as the row spells it.
    pub name: String,
    /// The person has this national identity number, whose check digit fits.
    pub number: CitizenNumber,
    /// The person belongs to the unit of this id.
    pub unit: String,
    /// The unit as the row has it: its id or its name.
    pub unit_typed: String,
    /// The person's mail address, or nothing.
    pub mail: String,
    /// What was looked at, or empty.
    pub evidence: String,
}

/// Why there are no entries: the file, or rows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// The file as a whole is not taken.
    File(FileRefusal),
    /// Rows, in their order.
    Rows(Vec<RowRefusal>),
}

impl From<FileRefusal> for NotTaken {
    fn from(refusal: FileRefusal) -> Self {
        Self::File(refusal)
    }
}

/// Checks every row. `units` says which unit a text means, by id or name; nobody is born after
/// `today`.
pub fn check(
    table: &Table,
    units: impl Fn(&str) -> UnitFound,
    today: Day,
) -> Result<Vec<RosterEntry>, NotTaken> {
    let (header, rows) = table.rows.split_first().ok_or(FileRefusal::Nobody)?;
    let places = places(table, header)?;
    if rows.is_empty() {
        return Err(FileRefusal::Nobody.into());
    }
    let (mut entries, mut refused) = (Vec::with_capacity(rows.len()), Vec::new());
    let mut seen: HashMap<CitizenNumber, usize> = HashMap::with_capacity(rows.len());
    for row in rows {
        let mut wrong = |problem| refused.push(RowRefusal { row: row.number, problem });
        let made = person(row, &places, (&units, today), &mut wrong);
        let Some(entry) = made else { continue };
        match seen.get(&entry.number) {
            Some(first) => wrong(RowProblem::Duplicate(*first)),
            None => {
                seen.insert(entry.number.clone(), row.number);
                entries.push(entry);
            }
        }
    }
    if refused.is_empty() { Ok(entries) } else { Err(NotTaken::Rows(refused)) }
}

/// In which column each of the template's stands.
fn places(table: &Table, header: &TableRow) -> Result<[Option<usize>; 5], FileRefusal> {
    if header.is_hidden {
        return Err(FileRefusal::HeaderHidden);
    }
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
    }
    for (place, name) in places.iter().zip(COLUMNS).take(NEEDED) {
        place.ok_or(FileRefusal::ColumnMissing(name))?;
    }
    Ok(places)
}

/// A row as a person; everything that is the matter with it is told.
fn person(
    row: &TableRow,
    places: &[Option<usize>; 5],
    (units, today): (&impl Fn(&str) -> UnitFound, Day),
    wrong: &mut impl FnMut(RowProblem),
) -> Option<RosterEntry> {
    let empty = Cell::Empty;
    let cells = places.map(|place| place.and_then(|column| row.cells.get(column)));
    let [name, number, unit, mail, evidence] = cells.map(|cell| cell.unwrap_or(&empty));
    // Nobody registers or changes whom they did not see in the file.
    if row.is_hidden {
        wrong(RowProblem::Hidden);
    }
    if [name, unit, mail, evidence].into_iter().any(Cell::runs) {
        wrong(RowProblem::Formula);
    }
    let name = match (name, PersonName::read(name.text())) {
        (Cell::Text(_), Ok(name)) => Ok(name.as_str().to_owned()),
        (Cell::Number(_), _) => Err(RowProblem::NotText("姓名")),
        (_, Err(error)) => Err(RowProblem::Name(error)),
        (_, Ok(_)) => Err(RowProblem::Name(NameError::Empty)),
    };
    let number = match number {
        Cell::Empty => Err(RowProblem::NumberMissing),
        Cell::Number(_) => Err(RowProblem::Number(NumberError::ByExcel)),
        Cell::Text(text) => CitizenNumber::read(text, today).map_err(RowProblem::Number),
    };
    let typed = unit.text().to_owned();
    let unit = match (unit.text(), units(unit.text())) {
        ("", _) => Err(RowProblem::UnitMissing),
        (_, UnitFound::One(id)) => Ok(id),
        (text, UnitFound::Nothing) => Err(RowProblem::UnitUnknown(text.to_owned())),
        (text, UnitFound::Several) => Err(RowProblem::UnitAmbiguous(text.to_owned())),
    };
    let mail = match mail.text() {
        "" => Ok(String::new()),
        text => match Mailbox::read(text) {
            Ok(mailbox) => Ok(mailbox.as_str().to_owned()),
            Err(error) => Err(RowProblem::Mail(error)),
        },
    };
    let (name, number) = (kept(name, wrong), kept(number, wrong));
    let (unit, mail) = (kept(unit, wrong), kept(mail, wrong));
    let evidence = kept(looked_at(evidence), wrong);
    Some(RosterEntry {
        row: row.number,
        name: name?,
        number: number?,
        unit: unit?,
        unit_typed: typed,
        mail: mail?,
        evidence: evidence?,
    })
}

/// What was looked at, as a cell says it: a day that a spreadsheet keeps as a number is another
/// text than whoever typed it sees.
pub(crate) fn looked_at(cell: &Cell) -> Result<String, RowProblem> {
    match (cell, cell.text()) {
        (Cell::Number(_), _) => Err(RowProblem::NotText("核验依据")),
        (_, "") => Ok(String::new()),
        (_, text) => match check_readable(text, FREE_TEXT_CHARS_MAX) {
            Ok(()) => Ok(text.to_owned()),
            Err(error) => Err(RowProblem::Evidence(error)),
        },
    }
}

/// What was read, or nothing, and then it is told.
pub(crate) fn kept<T>(
    read: Result<T, RowProblem>,
    wrong: &mut impl FnMut(RowProblem),
) -> Option<T> {
    read.map_err(wrong).ok()
}
