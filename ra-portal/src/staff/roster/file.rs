//! The file of a roster, checked row by row: everybody whom it names, or what is wrong with it.

use super::super::table_text::as_text;
use ca_api::handler::UnitLine;
use portal_api::roster::{Day, NotTaken, RosterEntry, Table, check, read, unit_of};

/// Rows about which something is said on one page.
pub(super) const TOLD_MAX: usize = 100;

/// A file that was checked, or what is wrong with it in both languages and its rows as text.
pub(super) enum Checked {
    Right(Vec<RosterEntry>, Table),
    Wrong(Vec<(String, String)>, Option<String>),
}

pub(super) fn checked(bytes: &[u8], units: &[UnitLine], today: Day) -> Checked {
    let table = match read(bytes) {
        Ok(table) => table,
        Err(refusal) => return Checked::Wrong(vec![(refusal.zh(), refusal.en())], None),
    };
    match check(&table, |text| unit_of(units, text), today) {
        Ok(entries) => Checked::Right(entries, table),
        Err(NotTaken::File(refusal)) => Checked::Wrong(vec![(refusal.zh(), refusal.en())], None),
        Err(NotTaken::Rows(rows)) => {
            // One more than is told says that there are more.
            let said = rows.iter().take(TOLD_MAX + 1).map(|row| (row.zh(), row.en())).collect();
            Checked::Wrong(said, Some(as_text(&table)))
        }
    }
}
