//! What a gate says of itself: what is the matter, and what of it is full.

use crate::pages::show;
use records::Code;
use records::access::{GateResource, Heartbeat};

/// The words for what is the matter with a gate.
pub(super) struct HeartbeatWords {
    pub(super) rule_fails: &'static str,
    pub(super) disk: &'static str,
    pub(super) listener: &'static str,
    pub(super) spool: &'static str,
    pub(super) full: &'static str,
    pub(super) nearly_full: &'static str,
}

/// What a gate said of itself last: `ready`, or what is the matter.
pub(super) fn said(w: &HeartbeatWords, state: &str) -> String {
    match state == Code::PolicyError.name() {
        true => w.rule_fails.to_owned(),
        false => show::harmless(state),
    }
}

/// What of a gate is full, or nearly, as it recorded last.
pub(super) fn room(w: &HeartbeatWords, beat: &Heartbeat) -> Vec<String> {
    let named = |what: &GateResource| match what {
        GateResource::Disk => w.disk,
        GateResource::Listener => w.listener,
        GateResource::Spool => w.spool,
    };
    let said = |(what, how): (&GateResource, &str)| format!("{}: {how}", named(what));
    let full = beat.full.iter().map(|what| (what, w.full));
    full.chain(beat.nearly_full.iter().map(|what| (what, w.nearly_full))).map(said).collect()
}
