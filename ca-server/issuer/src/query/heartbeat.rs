//! What agents last said of themselves, as the log has it.

use crate::error::IssuerError;
use ca_store::proven_log::ProvenLog;
use records::access::Heartbeat;
use records::record::{Event, Record};
use store::Tx;

/// Records of an agent that are looked at: its newest is a heartbeat, unless it is silent or
/// starts.
const LOOKED: usize = 16;

/// An agent's last heartbeat, with the time that it bears.
pub(crate) async fn last(
    (log, tx): (&mut ProvenLog, &mut Tx),
    agent: &str,
) -> Result<Option<(String, Heartbeat)>, IssuerError> {
    let term = records::term::of_agent(agent);
    let beat = |record: &Record| match &record.event {
        Event::Heartbeat(beat) => Some((records::time::seconds(record.unix()), beat.clone())),
        _ => None,
    };
    Ok(log.newest(tx, (&term, LOOKED), beat).await?)
}

/// Since when the log does not hear of an agent, if its newest record says so.
pub(crate) async fn silent_since(
    (log, tx): (&mut ProvenLog, &mut Tx),
    agent: &str,
) -> Result<Option<String>, IssuerError> {
    let term = records::term::of_agent(agent);
    let silent = |record: &Record| match &record.event {
        Event::Silent { since, .. } => Some(since.clone()),
        _ => None,
    };
    Ok(log.newest(tx, (&term, 1), silent).await?)
}
