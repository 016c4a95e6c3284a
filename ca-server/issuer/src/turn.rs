//! The writers' turn. Another process that holds it for too long is told on `/readyz`, and the wait
//! goes on in the place in the queue that it has.

use crate::error::IssuerError;
use ca_store::replay::LOG;
use records::Code;
use service::Metrics;
use std::pin::Pin;
use std::time::Duration;
use store::{Store, StoreError, TurnHolder, Tx, pending};

/// Somebody else who holds the writers' turn longer than this is told on `/readyz`; the round is
/// tried again.
const WAIT: Duration = Duration::from_secs(5);

/// The turn, and the place in the queue for it while somebody else has it.
pub(crate) struct Turn {
    store: Store,
    metrics: Metrics,
    waiting: Option<Waiting>,
}

type Waiting = Pin<Box<dyn Future<Output = Result<Tx, StoreError>> + Send>>;

impl Turn {
    /// A turn for which nobody waits yet.
    pub(crate) fn new(store: Store, metrics: Metrics) -> Self {
        Self { store, metrics, waiting: None }
    }

    /// Takes the turn. Whoever asked for something is told that nothing was done if it does not
    /// come.
    pub(crate) async fn take(&mut self) -> Result<Tx, IssuerError> {
        let store = self.store.clone();
        let waiting = self.waiting.get_or_insert_with(|| {
            Box::pin(async move {
                let mut tx = store.write().await?;
                pending::lock(&mut tx, LOG).await?;
                Ok(tx)
            })
        });
        let Ok(turn) = tokio::time::timeout(WAIT, waiting).await else {
            let held = &held_by(self.store.turn_holder());
            self.metrics.condition("turn", held);
            return Err(Code::Unavailable.into());
        };
        self.waiting = None;
        let turn = turn?;
        self.metrics.condition("turn", "");
        Ok(turn)
    }
}

/// Who has the turn, and what to do about it.
fn held_by(holder: Option<TurnHolder>) -> String {
    let held = "another process holds the database's turn for too long";
    match holder.filter(|holder| holder.process != std::process::id()) {
        Some(holder) => format!(
            "{held}: {holder}, since {}; one that is stopped has to go on or be ended",
            records::time::seconds(holder.since)
        ),
        None => held.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_which_process_has_the_turn_and_since_when() {
        let told = held_by(Some(TurnHolder { process: u32::MAX, since: 1_800_000_000 }));
        assert!(told.contains("process 4294967295") && told.contains("2027-01-15T08:00:00Z"));
        let own = TurnHolder { process: std::process::id(), since: 0 };
        assert_eq!(held_by(Some(own)), held_by(None), "nobody else is accused");
    }
}
