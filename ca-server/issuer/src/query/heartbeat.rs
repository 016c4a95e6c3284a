//! What agents last said of themselves, as the log has it.

use crate::error::IssuerError;
use ca_store::{entry, lineage};
use records::access::Heartbeat;
use records::record::{Event, Record};
use store::Tx;

/// Records of an agent that are looked at: its newest is a heartbeat, unless it is silent or
/// starts.
const LOOKED: i64 = 16;

/// An agent's last heartbeat, with the time that it bears.
pub(crate) async fn last(
    tx: &mut Tx,
    agent: &str,
) -> Result<Option<(String, Heartbeat)>, IssuerError> {
    for record in newest(tx, agent, LOOKED).await? {
        if let Event::Heartbeat(beat) = &record.event {
            return Ok(Some((records::time::seconds(record.unix()), beat.clone())));
        }
    }
    Ok(None)
}

/// Since when the log does not hear of an agent, if its newest record says so.
pub(crate) async fn silent_since(tx: &mut Tx, agent: &str) -> Result<Option<String>, IssuerError> {
    let newest = newest(tx, agent, 1).await?.pop();
    Ok(match newest.map(|record| record.event) {
        Some(Event::Silent { since, .. }) => Some(since),
        _ => None,
    })
}

async fn newest(tx: &mut Tx, agent: &str, limit: i64) -> Result<Vec<Record>, IssuerError> {
    let term = records::term::of_agent(agent);
    let mut found = Vec::new();
    for index in lineage::newest_with_term(tx, "access", &term, limit).await? {
        let stored = entry::at(tx, "access", index).await?;
        found.extend(stored.and_then(|(bytes, _)| Record::read(&bytes).ok()));
    }
    Ok(found)
}
