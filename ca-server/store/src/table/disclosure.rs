//! What opens the commitments of records, as rows: whoever shows one recomputes its commitment.

use records::{Bytes, Disclosure};
use store::many::insert_many;
use store::{StoreError, Tx};

const INSERT: &str = "insert into disclosure (record_id, path, salt, value)";

/// Keeps what opens commitments of records that were just made.
pub(crate) async fn insert(
    tx: &mut Tx,
    opened: Vec<(Bytes, Disclosure)>,
) -> Result<(), StoreError> {
    insert_many(tx, INSERT, opened.into_iter().map(row).collect(), "").await?;
    Ok(())
}

/// The same of records that may be kept already.
pub(crate) async fn insert_again(
    tx: &mut Tx,
    opened: Vec<(Bytes, Disclosure)>,
) -> Result<(), StoreError> {
    let rows = opened.into_iter().map(row).collect();
    insert_many(tx, INSERT, rows, "on conflict do nothing").await?;
    Ok(())
}

fn row((record, opened): (Bytes, Disclosure)) -> Vec<store::many::Value> {
    let Disclosure { path, salt, value } = opened;
    vec![record.0.into(), path.into(), salt.0.into(), value.to_string().into()]
}
