//! That a log goes on from what an auditor saw of it before.

use anyhow::Context;
use ca_store::{proof, sequenced};
use records::Bytes;
use std::collections::BTreeMap;
use store::Tx;

/// The proof that the newest checkpoint goes on from the size that an auditor knows.
pub(super) async fn prove(
    tx: &mut Tx,
    log: &str,
    known: &BTreeMap<String, u64>,
) -> anyhow::Result<Vec<Bytes>> {
    let Some(known) = known.get(log).copied() else { return Ok(Vec::new()) };
    let (size, ..) = sequenced::head(tx, log).await?.context("head")?;
    Ok(proof::continuation(tx, log, (known, size)).await?)
}
