//! People snapshots as rows; whoever hands one out verifies it first.

use records::Bytes;
use records::people::SignedPeople;
use store::{StoreError, Tx, rows};

/// A snapshot under the number that its row has.
pub type Numbered = (u64, SignedPeople);

fn numbered(found: Vec<(i64, Vec<u8>, Vec<u8>)>) -> Vec<Numbered> {
    let one = |(number, snapshot, signature): (i64, Vec<u8>, Vec<u8>)| {
        let signed = SignedPeople { snapshot: Bytes(snapshot), signature: Bytes(signature) };
        Some((u64::try_from(number).ok()?, signed))
    };
    found.into_iter().filter_map(one).collect()
}

/// Snapshots of an agent behind a number, oldest first.
pub async fn behind(
    tx: &mut Tx,
    agent: &str,
    number: u64,
    limit: i64,
) -> Result<Vec<Numbered>, StoreError> {
    let found = rows!(
        tx,
        (i64, Vec<u8>, Vec<u8>),
        "select number, snapshot, signature from people_snapshot \
         where agent_id = $1 and number > $2 order by number limit $3",
        agent,
        i64::try_from(number).unwrap_or(i64::MAX),
        limit
    )?;
    Ok(numbered(found))
}

/// Snapshots of an agent before a number, newest first.
pub async fn before(
    tx: &mut Tx,
    agent: &str,
    number: u64,
    limit: i64,
) -> Result<Vec<Numbered>, StoreError> {
    let found = rows!(
        tx,
        (i64, Vec<u8>, Vec<u8>),
        "select number, snapshot, signature from people_snapshot \
         where agent_id = $1 and number < $2 order by number desc limit $3",
        agent,
        i64::try_from(number).unwrap_or(i64::MAX),
        limit
    )?;
    Ok(numbered(found))
}
