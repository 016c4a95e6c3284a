//! What agents last said of themselves, as the log has it.

use super::IssuerError;
use ca_store::{index, lineage};
use records::access::Heartbeat;
use records::record::{Event, Record};
use store::Tx;

/// Records of an agent that are looked at: its newest is a heartbeat, unless it is silent or
/// starts.
const LOOKED: usize = 16;

/// An agent's last heartbeat, with the time that it bears.
pub(super) async fn last(
    tx: &mut Tx,
    agent: &str,
) -> Result<Option<(String, Heartbeat)>, IssuerError> {
    let term = records::term::of_agent(agent);
    for index in index::newest(tx, "access", &term, (u64::MAX, LOOKED)).await? {
        let stored = lineage::stored(tx, "access", index).await?;
        let Some(record) = stored.and_then(|(bytes, _)| Record::read(&bytes).ok()) else {
            continue;
        };
        if let Event::Heartbeat(beat) = &record.event {
            return Ok(Some((records::time::seconds(record.unix()), beat.clone())));
        }
    }
    Ok(None)
}

/// Since when the log does not hear of an agent, if its newest record says so.
pub(super) async fn silent_since(tx: &mut Tx, agent: &str) -> Result<Option<String>, IssuerError> {
    let term = records::term::of_agent(agent);
    let newest = index::newest(tx, "access", &term, (u64::MAX, 1)).await?;
    let Some(index) = newest.first().copied() else { return Ok(None) };
    let stored = lineage::stored(tx, "access", index).await?;
    let event = stored.and_then(|(bytes, _)| Record::read(&bytes).ok()).map(|record| record.event);
    Ok(match event {
        Some(Event::Silent { since, .. }) => Some(since),
        _ => None,
    })
}
