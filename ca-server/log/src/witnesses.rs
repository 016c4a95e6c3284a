//! Turns of agents that ask whether the log has a certificate: few of each at once, and few of all,
//! so that readers of the database are left to acknowledgements, whoever asks without a pause.

use ca_api::log::ISSUED_AT_ONCE;
use mtls::listen::{KeyedPlace, KeyedPlaces};
use records::Code;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Questions that are answered at a time.
const AT_ONCE_MAX: usize = 8;
/// A question that has no turn by then has no answer.
const TURN: Duration = Duration::from_secs(1);

/// Whose questions are answered.
pub(super) struct Witnesses {
    all: Semaphore,
    own: KeyedPlaces<String>,
}

/// The turn of a question. Its end is the next one's.
pub(super) struct WitnessTurn<'a> {
    _all: SemaphorePermit<'a>,
    _own: KeyedPlace<String>,
}

impl Default for Witnesses {
    fn default() -> Self {
        Self { all: Semaphore::new(AT_ONCE_MAX), own: KeyedPlaces::default() }
    }
}

impl Witnesses {
    /// The turn of an agent's question: one that has as many under way is told to come again, and
    /// waits for nobody.
    pub(super) async fn turn(&self, agent: String) -> Result<WitnessTurn<'_>, Code> {
        let own = self.own.enter(agent, ISSUED_AT_ONCE).ok_or(Code::TooBusy)?;
        let all = tokio::time::timeout(TURN, self.all.acquire()).await;
        let all = all.map_err(|_| Code::TooBusy)?.map_err(|_| Code::Unavailable)?;
        Ok(WitnessTurn { _all: all, _own: own })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An agent that asks without a pause has its turns, and leaves those of others.
    #[tokio::test]
    async fn an_agent_has_so_many_questions_about_certificates_and_leaves_others_theirs() {
        let witnesses = Witnesses::default();
        let mut under_way = Vec::new();
        for _ in 0..ISSUED_AT_ONCE {
            under_way.push(witnesses.turn("gate-1".into()).await.unwrap());
        }
        let more = witnesses.turn("gate-1".into()).await;
        assert_eq!(more.err(), Some(Code::TooBusy));
        assert!(witnesses.turn("gate-2".into()).await.is_ok());
        under_way.pop();
        assert!(witnesses.turn("gate-1".into()).await.is_ok());
    }
}
