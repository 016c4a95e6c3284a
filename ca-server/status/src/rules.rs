//! The rules in force with the records from which they follow, for agents.

use anyhow::Context;
use authority::Authority;
use ca_store::lineage::{self, Seeds};
use ca_store::{proof, rows};
use records::Bytes;
use records::floor::LogHead;
use records::lineage::Lineage;
use records::trust::Trust;
use std::sync::{Mutex, PoisonError};
use store::Store;

/// Rules with their lineage, once they were verified.
#[derive(Default)]
pub(super) struct RulesInForce(Mutex<Option<(u32, Bytes, Lineage)>>);

/// The rules in force, once the index reaches the record that put them in force: what the rows lead
/// to must be what this process itself has followed.
pub(super) async fn rules(
    known: &RulesInForce,
    (store, trust): (&Store, &Trust),
    authority: &Authority,
) -> anyhow::Result<Option<Lineage>> {
    let (version, digest) = (authority.bundle().version, &authority.bundle().digest);
    let kept = || known.0.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((same, by, lineage)) = &*kept()
        && (*same, by) == (version, digest)
    {
        return Ok(Some(lineage.clone()));
    }
    let mut tx = store.read().await?;
    let order = rows::order_of_bundle(&mut tx, version).await?;
    let order = order.context("the row of the rules in force")?;
    let mut seeds = Seeds::default();
    if !order.is_empty() {
        seeds.orders.insert(Bytes(order));
    }
    let lineage = lineage::collect(&mut tx, seeds).await?;
    drop(tx);
    let key = trust.log_key("control").context("trust file")?;
    let founding = authority.founding_digest();
    let (_, reached) = authority::lineage::replay_lineage(&lineage, &key, &founding)?;
    let bundle = reached.bundle();
    if bundle.version != version || bundle.digest != *digest {
        return Ok(None);
    }
    *kept() = Some((version, digest.clone(), lineage.clone()));
    Ok(Some(lineage))
}

/// The proof that the log of a lineage goes on from so many records, which a gate knows.
pub(super) async fn continuation(
    (store, trust): (&Store, &Trust),
    lineage: &Lineage,
    known: u64,
) -> anyhow::Result<Vec<Bytes>> {
    let key = trust.log_key("control").context("trust file")?;
    let size = LogHead::open(&lineage.checkpoint, &key)?.size();
    let mut tx = store.read().await?;
    Ok(proof::continuation(&mut tx, "control", (known, size)).await?)
}
