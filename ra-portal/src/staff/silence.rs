//! Who is silent: a gate that should be heard of and is not, a log that stands still.

use ca_api::{GateState, LogState};
use records::access::HEARTBEAT_SECONDS_MAX;

/// A gate without a record of itself for this many seconds is silent, even if no log said so: it
/// makes one in [`HEARTBEAT_SECONDS_MAX`] at the latest.
const SILENT: u64 = HEARTBEAT_SECONDS_MAX + 600;
/// Records are in the tree within a second; this many later the sequencer stands still.
const STANDS_STILL: u64 = 30;

/// Whether what waits for a log's tree waits for too long.
pub(super) fn stands_still(log: &LogState, now: u64) -> bool {
    let since = log.waits_since.as_deref().and_then(records::time::read);
    since.is_some_and(|since| now > since + STANDS_STILL)
}

/// Whether nobody hears of gates: a log that stands still records no silence.
pub(super) fn is_unheard(logs: &[LogState], now: u64) -> bool {
    logs.iter().any(|log| stands_still(log, now))
}

/// Whether a gate that should be heard of is not.
pub(super) fn is_silent(gate: &GateState, is_unheard: bool, now: u64) -> bool {
    let seen = gate.seen.as_deref().and_then(records::time::read);
    let is_old = seen.is_none_or(|seen| now > seen + SILENT);
    gate.open && gate.joined && (is_unheard || gate.silent.is_some() || is_old)
}
