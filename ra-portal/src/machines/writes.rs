//! Writes of this process: one commit for all that came during the last one, whatever each of them
//! changes, so that the disk is waited for once by many.

use crate::machines::table::certificate;
use crate::machines::table::change::{MachineWrite, WriteOutcome};
use std::collections::BTreeSet;
use store::{Store, StoreError};
use tokio::sync::{mpsc, oneshot};

/// Those that came meanwhile share a commit.
const TOGETHER_MAX: usize = 256;

/// The way to the tables; what was written is durable when it is answered.
#[derive(Clone)]
pub(crate) struct Writes(mpsc::Sender<Waiting>);

/// A write, and who waits for it.
struct Waiting {
    write: MachineWrite,
    answer: oneshot::Sender<WriteOutcome>,
}

/// Nobody knows whether it was written; what failed is in the diagnostic log.
#[derive(Debug, thiserror::Error)]
#[error("the tables of machines cannot be written")]
pub(crate) struct NotWritten;

impl Writes {
    /// Begins to write.
    pub(crate) fn open(store: Store) -> Self {
        let (writes, waiting) = mpsc::channel(TOGETHER_MAX);
        tokio::spawn(write_together(store, waiting));
        Self(writes)
    }

    /// Waits until something is written.
    pub(crate) async fn write(&self, write: MachineWrite) -> Result<WriteOutcome, NotWritten> {
        let (answer, written) = oneshot::channel();
        self.0.send(Waiting { write, answer }).await.map_err(|_| NotWritten)?;
        written.await.map_err(|_| NotWritten)
    }
}

/// Writes until nobody can bring more. Whoever is not answered hears that by the end of the wait.
async fn write_together(store: Store, mut waiting: mpsc::Receiver<Waiting>) {
    let mut batch = Vec::new();
    while waiting.recv_many(&mut batch, TOGETHER_MAX).await > 0 {
        match written(&store, &batch).await {
            Ok(outcomes) => {
                for (one, outcome) in batch.drain(..).zip(outcomes) {
                    // Whoever asked may be gone.
                    let _ = one.answer.send(outcome);
                }
            }
            Err(error) => {
                tracing::error!(%error, "writes of machines");
                batch.clear();
            }
        }
    }
}

async fn written(store: &Store, batch: &[Waiting]) -> Result<Vec<WriteOutcome>, StoreError> {
    let (mut tx, mut outcomes) = (store.write().await?, Vec::with_capacity(batch.len()));
    let followed: BTreeSet<&str> = batch.iter().filter_map(|one| one.write.follows()).collect();
    certificate::hold(&mut tx, &followed).await?;
    for one in batch {
        outcomes.push(one.write.write(&mut tx).await?);
    }
    tx.commit_here().await?;
    Ok(outcomes)
}
