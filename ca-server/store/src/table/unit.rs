//! Units as rows, for operators' lists.

use store::{StoreError, Tx, rows};

/// A unit as its row says.
pub struct UnitRow {
    /// Unit id.
    pub unit: String,
    /// Name.
    pub name: String,
    /// The unit above; the city has none.
    pub parent: Option<String>,
    /// Whether it takes people.
    pub open: bool,
}

/// Every unit, by id.
pub async fn all(tx: &mut Tx) -> Result<Vec<UnitRow>, StoreError> {
    let found = rows!(
        tx,
        (String, String, Option<String>, i64),
        "select unit_id, name, parent, open from unit order by unit_id"
    )?;
    let unit = |(unit, name, parent, open)| UnitRow { unit, name, parent, open: open != 0 };
    Ok(found.into_iter().map(unit).collect())
}
