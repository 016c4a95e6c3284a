//! Sequenced records, one by one: by where they stand, or by their id.

use store::{StoreError, Tx, row};

/// A sequenced record's bytes and salt.
pub async fn at(
    tx: &mut Tx,
    log: &str,
    index: u64,
) -> Result<Option<(Vec<u8>, Vec<u8>)>, StoreError> {
    row!(
        tx,
        (Vec<u8>, Vec<u8>),
        "select record, salt from log_entry where log_id = $1 and idx = $2",
        log,
        i64::try_from(index).unwrap_or(i64::MAX)
    )
}

/// Index and entry of a sequenced record, by its id; records of runs are found by their runs.
pub async fn by_id(tx: &mut Tx, record_id: &[u8]) -> Result<Option<(u64, Vec<u8>)>, StoreError> {
    let found = row!(
        tx,
        (i64, Vec<u8>),
        "select idx, entry from log_entry where record_id = $1",
        record_id
    )?;
    Ok(found.and_then(|(index, entry)| Some((u64::try_from(index).ok()?, entry))))
}
