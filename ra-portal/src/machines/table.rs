//! What this process keeps of clients, in the portal's database: a file a noun. Nothing here
//! decides: the CA judges again what clients signed.

pub(crate) mod account;
pub(crate) mod authorization;
pub(crate) mod certificate;
pub(crate) mod change;
pub(crate) mod nonce;
pub(crate) mod order;
pub(crate) mod secret;
pub(crate) mod transaction;
pub(crate) mod unfinished;

use store::StoreError;

/// A number of a row; what is none is a row that contradicts itself.
fn seconds(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::Inconsistent("time"))
}

/// A number on its way into a row.
fn number(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

/// Until when something is held at most that is taken at a time, until `due`: twice as long, by
/// whose clock whatever. What is held for longer was so by a clock that was wrong.
fn held_max((now, due): (u64, u64)) -> u64 {
    due.saturating_add(due.saturating_sub(now))
}

/// A value that stands as JSON in a row.
fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Inconsistent("JSON"))
}

/// The JSON of a value.
fn text<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|_| StoreError::Inconsistent("JSON"))
}
