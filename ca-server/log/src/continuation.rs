//! That a log goes on from what an auditor saw of it before.

use anyhow::Context;
use ca_store::proof::Tiles;
use ca_store::sequenced;
use records::Bytes;
use std::collections::BTreeMap;
use store::Tx;

/// The consistency proof from the size that an auditor knows to the newest checkpoint. Where the
/// log is not longer than that there is none to give: the auditor judges what was signed.
pub(super) async fn prove(
    tx: &mut Tx,
    log: &str,
    known: &BTreeMap<String, u64>,
) -> anyhow::Result<Vec<Bytes>> {
    let Some(known) = known.get(log).copied() else { return Ok(Vec::new()) };
    let (size, ..) = sequenced::head(tx, log).await?.context("head")?;
    if known >= size {
        return Ok(Vec::new());
    }
    let hashes = Tiles::default().consistency(tx, log, known, size).await?;
    Ok(hashes.into_iter().map(Bytes::from).collect())
}
