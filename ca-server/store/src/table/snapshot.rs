//! People snapshots as rows: bytes that the registry key signed; agents verify them.

use super::number;
use records::Bytes;
use records::people::{PeopleSnapshot, SignedPeople};
use std::collections::HashMap;
use store::{StoreError, Tx, execute, rows};

/// What an agent's newest snapshot says and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentSnapshot {
    /// Its number; none was made yet if 0.
    pub number: u64,
    /// SHA-256 of what it says, number and times left out.
    pub said: Vec<u8>,
    /// Last second of use, unix.
    pub next_update: u64,
}

/// The newest snapshot of every agent.
pub async fn current(tx: &mut Tx) -> Result<HashMap<String, CurrentSnapshot>, StoreError> {
    let found = rows!(
        tx,
        (String, i64, Vec<u8>, i64),
        "select c.agent_id, (select max(s.number) from people_snapshot s \
         where s.agent_id = c.agent_id), c.said, c.next_update from people_current c"
    )?;
    let mut current = HashMap::with_capacity(found.len());
    for (agent, made, said, next_update) in found {
        let (number, next_update) = (super::unsigned(made)?, super::unsigned(next_update)?);
        current.insert(agent, CurrentSnapshot { number, said, next_update });
    }
    Ok(current)
}

/// Keeps a snapshot as the newest of its agent.
pub async fn insert(
    tx: &mut Tx,
    snapshot: &PeopleSnapshot,
    signed: &SignedPeople,
    said: &[u8],
) -> Result<(), StoreError> {
    execute!(
        tx,
        "insert into people_snapshot (agent_id, number, snapshot, signature) \
         values ($1, $2, $3, $4)",
        &snapshot.agent,
        number(snapshot.number),
        &signed.snapshot.0,
        &signed.signature.0
    )?;
    execute!(
        tx,
        "insert into people_current (agent_id, number, said, next_update) \
         values ($1, $2, $3, $4) on conflict (agent_id) do update set \
         number = $2, said = $3, next_update = $4",
        &snapshot.agent,
        number(snapshot.number),
        said,
        number(snapshot.next_update_unix())
    )?;
    Ok(())
}

/// A snapshot under the number that its row has.
pub type Numbered = (u64, SignedPeople);

fn numbered(found: Vec<(i64, Vec<u8>, Vec<u8>)>) -> Vec<Numbered> {
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
) -> Result<Vec<Numbered>, StoreError> {
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
) -> Result<Vec<Numbered>, StoreError> {
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
