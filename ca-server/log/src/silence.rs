//! Which agents are heard of, in memory alone: a restart of this process forgets it, and every
//! agent that pulses afterwards is back and records a heartbeat.
//!
//! An agent that was heard of and is not any more is recorded as silent, once. The record stays due
//! until it is written.

use super::state::LogState;
use records::record::{Event, Record};
use service::Stop;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// An agent that was not heard of for this long is silent: two of its pulses are missing.
const SILENT: Duration = Duration::from_secs(9);
const LOOK: Duration = Duration::from_secs(1);

/// When each agent was heard of last.
#[derive(Default)]
pub(crate) struct Silence(Mutex<HashMap<String, Heard>>);

struct Heard {
    at: Instant,
    unix: u64,
    /// Whether its silence is recorded.
    is_silent: bool,
}

impl Silence {
    /// Hears of an agent; says whether it was not heard of before.
    pub(crate) fn hear(&self, agent: String, at: Instant, unix: u64) -> bool {
        let mut agents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = agents.insert(agent, Heard { at, unix, is_silent: false });
        before.is_none_or(|heard| heard.is_silent)
    }

    /// Agents whose silence is not recorded yet, with the time when they were heard of last.
    fn fallen(&self, now: Instant) -> Vec<(String, u64)> {
        let agents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let silent = |heard: &Heard| now.duration_since(heard.at) >= SILENT && !heard.is_silent;
        let fallen = agents.iter().filter(|(_, heard)| silent(heard));
        fallen.map(|(agent, heard)| (agent.clone(), heard.unix)).collect()
    }

    /// The silence since `unix` is recorded. One that pulsed meanwhile is back at its next pulse.
    fn recorded(&self, agent: &str) {
        let mut agents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(heard) = agents.get_mut(agent) {
            heard.is_silent = true;
        }
    }
}

/// Records silences until the stop.
pub(super) async fn watch(state: Arc<LogState>, stop: Stop) {
    while stop.pause(LOOK).await {
        for (agent, unix) in state.silence.fallen(Instant::now()) {
            match record(&state, &agent, unix).await {
                Ok(()) => {
                    state.metrics.count("silence", "done");
                    state.silence.recorded(&agent);
                }
                Err(error) => {
                    tracing::error!(agent, error = format!("{error:#}"), "a silence");
                    state.metrics.count("silence", "unavailable");
                }
            }
        }
    }
}

async fn record(state: &LogState, agent: &str, unix: u64) -> anyhow::Result<()> {
    tracing::warn!(agent, "an agent is not heard of any more");
    let record = Record {
        v: 1,
        id: ca_host::random::bytes::<16>()?.into(),
        log: "access".into(),
        maker: "log".into(),
        time: records::time::micros(state.time().micros()),
        link: None,
        event: Event::Silent { agent: agent.to_owned(), since: records::time::seconds(unix) },
    };
    let mut tx = state.store.write().await?;
    ca_store::intake::insert(&mut tx, &record, record.write()?, ca_host::random::bytes()?).await?;
    tx.commit().await?;
    state.news(&record.log);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(silence: &Silence, at: Instant) -> Vec<String> {
        silence.fallen(at).into_iter().map(|(agent, _)| agent).collect()
    }

    #[test]
    fn a_silence_is_due_after_two_missing_pulses_and_until_it_is_recorded() {
        let (silence, start) = (Silence::default(), Instant::now());
        assert!(silence.hear("gate-1".into(), start, 100), "it was not heard of before");
        let later = start + Duration::from_secs(4);
        assert!(!silence.hear("gate-1".into(), later, 104));
        assert!(names(&silence, start + Duration::from_secs(12)).is_empty());
        let silent = start + Duration::from_secs(13);
        assert_eq!(silence.fallen(silent), [("gate-1".to_owned(), 104)]);
        assert_eq!(names(&silence, silent), ["gate-1"], "it is not recorded yet");
        silence.recorded("gate-1");
        assert!(names(&silence, silent).is_empty());
        assert!(silence.hear("gate-1".into(), silent, 113), "it is back");
        assert!(!silence.hear("gate-1".into(), silent, 114));
        assert_eq!(names(&silence, silent + SILENT), ["gate-1"]);
    }
}
