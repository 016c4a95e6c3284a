//! The tables of the issuer, one file a noun: what a round loads with one select, and what it
//! writes with one statement. What each row may be asked is said in `docs/rows.md`.

pub mod approval;
pub mod certificate;
pub(crate) mod disclosure;
pub mod intent;
pub mod letter;
pub mod list;
pub mod notice;
pub mod order;
pub mod person;
pub mod revocation;
pub mod snapshot;

/// The one number that a select gives.
async fn counted(tx: &mut store::Tx, sql: &'static str) -> Result<i64, store::StoreError> {
    Ok(store::row!(tx, (i64,), sql)?.map_or(0, |(count,)| count))
}

/// A count or time as rows keep it.
pub fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A count or time as a row has it; what cannot be is refused.
pub fn unsigned(value: i64) -> Result<u64, store::StoreError> {
    u64::try_from(value).map_err(|_| store::StoreError::Inconsistent("a number below zero"))
}
