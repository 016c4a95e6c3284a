//! The writers' turn. Another process that holds it for too long is told on `/readyz`, and the wait
//! goes on in the place in the queue that it has.

use crate::error::IssuerError;
use ca_store::replay::LOG;
use records::Code;
use service::Metrics;
use std::pin::Pin;
use std::time::Duration;
use store::{Store, StoreError, Tx, pending};

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
    /// Nobody waits yet.
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
            let held = "another process holds the database's turn for too long";
            self.metrics.condition("turn", held);
            return Err(Code::Unavailable.into());
        };
        self.waiting = None;
        let turn = turn?;
        self.metrics.condition("turn", "");
        Ok(turn)
    }
}
