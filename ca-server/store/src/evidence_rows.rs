//! What evidence shows of tables that others write: rows that are verified by whoever reads the
//! evidence.

use records::Disclosure;
use store::{Tx, row};

/// A people snapshot of an agent, with its signature.
pub async fn people_snapshot(
    tx: &mut Tx,
    agent: &str,
    number: u64,
) -> anyhow::Result<Option<(Vec<u8>, Vec<u8>)>> {
    Ok(row!(
        tx,
        (Vec<u8>, Vec<u8>),
        "select snapshot, signature from people_snapshot where agent_id = $1 and number = $2",
        agent,
        i64::try_from(number)?
    )?)
}

/// A revocation list by its number.
pub async fn list(tx: &mut Tx, issuer: &str, number: u64) -> anyhow::Result<Option<Vec<u8>>> {
    let found = row!(
        tx,
        (Vec<u8>,),
        "select list from crl where issuer = $1 and number = $2",
        issuer,
        i64::try_from(number)?
    )?;
    Ok(found.map(|(list,)| list))
}

/// What opens the commitments of an order.
pub async fn order_disclosures(tx: &mut Tx, digest: Vec<u8>) -> anyhow::Result<Vec<Disclosure>> {
    let found =
        row!(tx, (String,), "select disclosures from ordered where order_digest = $1", digest)?;
    let Some((json,)) = found else { return Ok(Vec::new()) };
    Ok(serde_json::from_str(&json)?)
}
