//! Brings losses and suspensions that were confirmed here into the log, until the log has them.

use super::losses::Loss;
use super::state::Status;
use anyhow::Context;
use ca_store::ledger::{self, RecordPlace};
use std::sync::Arc;
use std::time::Duration;

/// A loss that the log does not have after this long is told.
const OPEN_MAX: Duration = Duration::from_secs(10);
/// While a loss is open, the log is looked at this often at least.
const LOOK: Duration = Duration::from_secs(1);

impl Status {
    /// Brings every loss into the log that is not there, until the stop.
    pub(super) async fn bring_losses(self: Arc<Self>) {
        let mut changes = self.follower.changes();
        loop {
            let open = self.bring_open().await;
            let pause = async {
                match open {
                    0 => std::future::pending().await,
                    _ => tokio::time::sleep(LOOK).await,
                }
            };
            tokio::select! {
                _ = changes.changed() => {}
                () = self.losses_due.notified() => {}
                () = pause => {}
                () = self.stop.wait() => return,
            }
        }
    }

    /// How many losses are open.
    async fn bring_open(&self) -> usize {
        let Some(authority) = self.follower.latest() else { return 1 };
        let open = self.losses.open_ones(&authority);
        let late = open.iter().filter(|(_, loss)| loss.since.elapsed() > OPEN_MAX).count();
        let told = format!("{late} confirmed losses or suspensions are not in the log yet");
        self.metrics.condition("loss", if late > 0 { &told } else { "" });
        for (reference, loss) in &open {
            if let Err(error) = self.bring(reference, loss).await {
                tracing::warn!(error = format!("{error:#}"), "a loss is not in the log yet");
                break;
            }
        }
        open.len()
    }

    /// Puts one loss on its way that was confirmed a moment ago.
    pub(super) async fn bring_now(&self, reference: &str) -> anyhow::Result<()> {
        let loss = self.losses.get(reference);
        match loss {
            Some(loss) => self.bring(reference, &loss).await,
            None => Ok(()),
        }
    }

    async fn bring(&self, reference: &str, loss: &Loss) -> anyhow::Result<()> {
        let id = &loss.record.id.0;
        let mut tx = self.store.read().await?;
        let standing = ledger::place_of(&mut tx, id, &loss.bytes, &loss.salt).await?;
        drop(tx);
        match standing {
            RecordPlace::Waiting => return Ok(()),
            RecordPlace::Absent => {}
            // The log is followed that far in a moment. What it gives no effect is told as open:
            // another record of the same would have none either.
            RecordPlace::Sequenced(_) => return Ok(()),
            // In its place stands what is no loss, or the log is not followed that far yet.
            RecordPlace::Taken(_) if self.follower.fresh().await.is_err() => return Ok(()),
            RecordPlace::Taken(_) | RecordPlace::Exchanged => {
                let authority = self.follower.latest().context("authority")?;
                let has = loss.is_in(&authority);
                return if has { Ok(()) } else { self.losses.renew(reference, loss) };
            }
        }
        let mut tx = self.store.write().await?;
        ledger::insert(&mut tx, &loss.record, loss.bytes.clone(), loss.salt).await?;
        ledger::disclose(&mut tx, &loss.record, &loss.opened).await?;
        service::fault::point("loss-before-commit");
        tx.commit().await?;
        service::fault::point("loss-after-commit");
        self.follower.ring();
        Ok(())
    }
}
