//! Records of losses and suspensions that `status` confirmed and that the log does not have after
//! some seconds: a file between the roles of a host, since whoever holds the database can keep a
//! record from the issuer. Nothing rests on the file: the issuer judges each record by what is
//! signed in it.

use crate::durable::replace_private;
use crate::{CaConfig, durable};
use records::{Bytes, Record};
use std::path::PathBuf;

/// Most records that are handed over at once: the first of those that are given.
const RECORDS_MAX: usize = 1_000;
/// Longest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 16 << 20;

fn path(config: &CaConfig) -> PathBuf {
    config.path("status/confirmed")
}

/// Hands these records over, in place of those before.
pub fn hand_over<'a>(
    config: &CaConfig,
    records: impl Iterator<Item = &'a [u8]>,
) -> anyhow::Result<()> {
    let records: Vec<Bytes> = records.take(RECORDS_MAX).map(Bytes::from).collect();
    replace_private(&path(config), &serde_json::to_vec(&records)?)
}

/// What was handed over; what is no record is left out.
pub fn handed_over(config: &CaConfig) -> anyhow::Result<Vec<Record>> {
    let path = path(config);
    match std::fs::metadata(&path) {
        Ok(data) if data.len() <= FILE_BYTES_MAX => {}
        Ok(_) => anyhow::bail!("{} is too long", path.display()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    }
    let records: Vec<Bytes> = serde_json::from_slice(&durable::read_private(&path)?)?;
    let records = records.iter().take(RECORDS_MAX);
    Ok(records.filter_map(|bytes| Record::read(&bytes.0).ok()).collect())
}
