//! How others see that this agent lives: pulses, which the log keeps in memory only, and heartbeats
//! in the records, when something changed. A pulse that does not come is what the log calls
//! silence.

use crate::gate::{Gate, RULES_NOTICE};
use crate::sessions::PresentSessions;
use crate::spool::Place;
use crate::world::Source;
use ca_api::PulseAnswer;
use records::Code;
use records::access::{GateResource, HEARTBEAT_SECONDS_MAX, Heartbeat, InForce};
use records::order::AccessMode;
use records::record::Event;
use service::Stop;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};
use tlog::Checkpoint;
use tokio::sync::Notify;

/// One pulse may go missing before the log takes an agent for silent, after nine seconds.
const PULSE: Duration = Duration::from_secs(4);
/// How often it is looked whether decisions can be made; heartbeats are at least this far apart.
const LOOK: Duration = Duration::from_secs(1);
/// How often it is looked whether the token key is old.
const KEY_LOOK: Duration = Duration::from_secs(10);
const HEARTBEAT_MAX: Duration = Duration::from_secs(HEARTBEAT_SECONDS_MAX);
/// Heartbeats because of what is full are at least this far apart: a listener fills and empties as
/// fast as somebody wants.
const FULLNESS_APART: Duration = Duration::from_secs(60);

/// What is full, and what is nearly.
type Fullness = [Vec<GateResource>; 2];

/// What pulses and heartbeats tell of.
pub(super) struct Heart {
    pub(super) gate: Arc<Gate>,
    pub(super) source: Arc<Source>,
    /// Told when the log had not heard of this agent before a pulse.
    pub(super) is_back: Arc<Notify>,
}

impl Heart {
    /// Pulses until the stop. A log that cannot be reached is told by the shipper already.
    pub(super) async fn pulse(self: Arc<Self>, sessions: PresentSessions, stop: Stop) {
        loop {
            let pulse = self.beat(state(&self.gate));
            let present = sessions.load_full();
            let answer = tokio::time::timeout(PULSE, present.pulses.pulse(&pulse)).await;
            if matches!(answer, Ok(Ok(PulseAnswer { is_back: true }))) {
                self.is_back.notify_one();
            }
            if !stop.pause(PULSE).await {
                return;
            }
        }
    }

    /// Records a heartbeat when there is a reason for one, until the stop; and looks after the age
    /// of the token key.
    pub(super) async fn record(self: Arc<Self>, stop: Stop) {
        let mut told: Option<(Instant, &'static str, InForce)> = None;
        let mut fullness: (Option<Instant>, Fullness) = Default::default();
        let mut key_looked: Option<Instant> = None;
        let mut is_back = false;
        loop {
            if key_looked.is_none_or(|at| at.elapsed() > KEY_LOOK) {
                key_looked = Some(Instant::now());
                if let Err(error) = self.gate.tokens.rotate(self.gate.clock.seconds()) {
                    tracing::error!(error = format!("{error:#}"), "no new token key");
                }
            }
            let world = self.gate.world.load().in_force();
            if told.as_ref().is_some_and(|(_, _, before)| before.policy != world.policy) {
                // Other rules: what the old ones could not judge is asked again.
                self.gate.metrics.notice(RULES_NOTICE, "");
            }
            let state = told_state(&self.gate);
            let is_due = told.as_ref().is_none_or(|(at, known, in_force)| {
                let changed = is_back || *known != state || *in_force != world;
                at.elapsed() > HEARTBEAT_MAX || (changed && at.elapsed() > LOOK)
            });
            let full = full(&self.gate);
            let is_other = full != fullness.1;
            let is_told_again = fullness.0.is_none_or(|at| at.elapsed() > FULLNESS_APART);
            if is_due || (is_other && is_told_again) {
                is_back = false;
                let event = Event::Heartbeat(self.beat(state));
                // One that is not recorded is due again; the spool tells on `/readyz` why it is
                // not.
                if self.gate.spool.record(event, Vec::new(), Place::Ends).await.is_ok() {
                    told = Some((Instant::now(), state, world));
                    if is_other {
                        fullness = (Some(Instant::now()), full);
                    }
                }
            }
            tokio::select! {
                () = self.source.swapped.notified() => {}
                () = self.is_back.notified() => is_back = true,
                go = stop.pause(LOOK) => if !go { return },
            }
        }
    }

    /// The same, and whether decisions can be made.
    pub(super) fn now(&self) -> Heartbeat {
        self.beat(state(&self.gate))
    }

    /// What there is to say now.
    pub(super) fn beat(&self, state: &str) -> Heartbeat {
        let checkpoint = {
            let marks = self.source.marks.lock().unwrap_or_else(PoisonError::into_inner);
            Checkpoint::said_size(&marks.access).unwrap_or(0)
        };
        let (permitted, denied, connections) = self.gate.counts.read();
        let world = self.gate.world.load();
        let [full, nearly_full] = full(&self.gate);
        Heartbeat {
            application: self.gate.application.clone(),
            permitted,
            denied,
            excepted: self.gate.counts.excepted(),
            mode: Some(world.mode(self.gate.clock.seconds()))
                .filter(|mode| *mode != AccessMode::Enforce),
            connections,
            world: world.in_force(),
            checkpoint,
            spooled: self.gate.spool.waiting(),
            state: state.into(),
            full,
            nearly_full,
        }
    }
}

/// What `/readyz` says is full, and nearly.
fn full(gate: &Gate) -> Fullness {
    gate.metrics.named().map(|names| resources(&names))
}

/// What of a gate these are; a port of a tunnel is a listener of it as well.
fn resources(names: &[&str]) -> Vec<GateResource> {
    let is_named = |what: &GateResource| {
        let is_tunnel = *what == GateResource::Listener && names.contains(&"tunnel");
        names.contains(&what.name()) || is_tunnel
    };
    GateResource::ALL.into_iter().filter(is_named).collect()
}

/// What the city is told of the gate: `ready`, or the name of a code. A rule that cannot be
/// evaluated keeps people out although decisions are made, and who mends rules reads no `/readyz`.
fn state(gate: &Gate) -> &'static str {
    let [_, notices] = gate.metrics.named();
    named_state(unusable(gate), &notices)
}

fn named_state(unusable: Option<Code>, notices: &[&str]) -> &'static str {
    match unusable {
        Some(code) => code.name(),
        None if notices.contains(&RULES_NOTICE) => Code::PolicyError.name(),
        None => "ready",
    }
}

/// Why no decisions can be made, where that is so.
fn unusable(gate: &Gate) -> Option<Code> {
    gate.world.load().usable(gate.clock.seconds()).err()
}

/// The same as [`state`]; says on `/readyz` whether decisions can be made.
fn told_state(gate: &Gate) -> &'static str {
    let limit = i64::try_from(gate.world.load().limit()).unwrap_or(0);
    let now = i64::try_from(gate.clock.seconds()).unwrap_or(0);
    gate.metrics.set("world_seconds_left", limit - now);
    gate.metrics.condition("world-age", unusable(gate).map_or("", Code::en));
    state(gate)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the log hears of, and the state page shows: listeners of people and of tunnels alike.
    #[test]
    fn a_full_tunnel_is_a_full_listener() {
        assert_eq!(resources(&["tunnel", "list"]), [GateResource::Listener]);
        assert_eq!(resources(&["listener", "tunnel"]), [GateResource::Listener]);
        assert_eq!(resources(&["spool", "disk"]), [GateResource::Disk, GateResource::Spool]);
        assert!(resources(&["world-age"]).is_empty());
    }

    /// What the state page reads: that nobody passes, or else that a rule keeps people out which
    /// cannot be evaluated.
    #[test]
    fn a_rule_without_an_answer_is_told_to_the_city() {
        assert_eq!(named_state(None, &[]), "ready");
        assert_eq!(named_state(None, &["spool", "upstream"]), "ready");
        assert_eq!(named_state(None, &["rules", "spool"]), "policy-error");
        assert_eq!(named_state(Some(Code::StatusStale), &["rules"]), "status-stale");
    }
}
