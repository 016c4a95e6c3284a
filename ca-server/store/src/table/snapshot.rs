//! People snapshots as rows: bytes that the registry key signed; agents verify them.

use super::number;
use records::Bytes;
use records::people::{PeopleSnapshot, SignedPeople};
use store::{StoreError, Tx, execute, rows};

/// Keeps a snapshot; whatever a hand put under its number is not the
/// issuer's and gives way.
pub async fn insert(
    tx: &mut Tx,
    snapshot: &PeopleSnapshot,
    signed: &SignedPeople,
) -> Result<(), StoreError> {
    execute!(
        tx,
        "insert into people_snapshot (agent_id, number, snapshot, signature) \
         values ($1, $2, $3, $4) on conflict (agent_id, number) do update set \
         snapshot = $3, signature = $4",
        &snapshot.agent,
        number(snapshot.number),
        &signed.snapshot.0,
        &signed.signature.0
    )?;
    Ok(())
}

/// A snapshot under the number that its row has.
pub type NumberedSnapshot = (u64, SignedPeople);

fn numbered(found: Vec<(i64, Vec<u8>, Vec<u8>)>) -> Vec<NumberedSnapshot> {
    let one = |(number, snapshot, signature): (i64, Vec<u8>, Vec<u8>)| {
        let signed = SignedPeople { snapshot: Bytes(snapshot), signature: Bytes(signature) };
        Some((super::unsigned(number).ok()?, signed))
    };
    found.into_iter().filter_map(one).collect()
}

/// Snapshots of an agent behind a number, oldest first.
pub async fn behind(
    tx: &mut Tx,
    agent: &str,
    number: u64,
    limit: i64,
) -> Result<Vec<NumberedSnapshot>, StoreError> {
    let found = rows!(
        tx,
        (i64, Vec<u8>, Vec<u8>),
        "select number, snapshot, signature from people_snapshot \
         where agent_id = $1 and number > $2 order by number limit $3",
        agent,
        super::number(number),
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
) -> Result<Vec<NumberedSnapshot>, StoreError> {
    let found = rows!(
        tx,
        (i64, Vec<u8>, Vec<u8>),
        "select number, snapshot, signature from people_snapshot \
         where agent_id = $1 and number < $2 order by number desc limit $3",
        agent,
        super::number(number),
        limit
    )?;
    Ok(numbered(found))
}
