//! What agents last said of themselves, as the log has it.

use super::IssuerError;
use ca_store::lineage;
use records::access::Heartbeat;
use records::record::{Event, Record};
use store::{Tx, rows};

/// Records of an agent that are looked at: its newest is a heartbeat, unless it is silent or starts.
const LOOKED: i64 = 16;

/// An agent's last heartbeat, with the time that it bears.
pub(super) async fn last(
    tx: &mut Tx,
    agent: &str,
) -> Result<Option<(String, Heartbeat)>, IssuerError> {
    let newest = rows!(
        &mut *tx,
        (i64,),
        "select idx from log_term where log_id = 'access' and term = $1 order by idx desc limit $2",
        records::term::key(&records::term::of_agent(agent)),
        LOOKED
    )?;
    for (index,) in newest {
        let index = u64::try_from(index).unwrap_or(0);
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
    let newest = store::row!(
        &mut *tx,
        (i64,),
        "select idx from log_term where log_id = 'access' and term = $1 order by idx desc limit 1",
        records::term::key(&records::term::of_agent(agent))
    )?;
    let Some(index) = newest.and_then(|(index,)| u64::try_from(index).ok()) else {
        return Ok(None);
    };
    let stored = lineage::stored(tx, "access", index).await?;
    let event = stored.and_then(|(bytes, _)| Record::read(&bytes).ok()).map(|record| record.event);
    Ok(match event {
        Some(Event::Silent { since, .. }) => Some(since),
        _ => None,
    })
}
