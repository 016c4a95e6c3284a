//! Brings losses and suspensions that were confirmed here into the log, until the log has them; and
//! hands them to the issuer past the database, which nothing that waits for the database holds up.

use super::confirmed::Loss;
use super::listed::Rank;
use super::state::Status;
use anyhow::Context;
use ca_host::confirmed;
use ca_store::intake::{self, RecordPlace};
use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::time::timeout;

/// A loss that the log does not have after this long is told.
const OPEN_MAX: Duration = Duration::from_secs(10);
/// A loss that the log does not have after this long is handed to the issuer.
const HANDED_AFTER: Duration = Duration::from_secs(3);
/// The database has so long for each of them.
const BRING_MAX: Duration = Duration::from_secs(5);
/// While a loss is open, the log is looked at this often at least; and whether one is late.
const LOOK: Duration = Duration::from_secs(1);
/// What is settled is looked for this often.
const FORGET: Duration = Duration::from_secs(60);
/// What is told of a journal for which no room could be taken beforehand.
const NO_ROOM: &str = "the disk has no room for the journal of losses: once it is full, reports of \
                       losses and suspensions are refused";

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
        let bring = |at: usize| {
            let one = open.get(at);
            async move {
                let Some((reference, loss)) = one else { return Ok(()) };
                let brought = timeout(BRING_MAX, self.bring(reference, loss)).await;
                brought.context("the database does not answer").flatten()
            }
        };
        each(open.len(), bring).await;
        open.len()
    }

    /// Hands over and tells what is late, each second, until the stop: a task of its own, which
    /// asks no database.
    pub(super) async fn hand_losses_over(self: Arc<Self>) {
        loop {
            if let Some(authority) = self.follower.latest() {
                let open = self.losses.open_ones(&authority);
                let late = open.iter().filter(|(_, loss)| loss.since.elapsed() > OPEN_MAX).count();
                let told = format!("{late} confirmed losses or suspensions are not in the log yet");
                self.metrics.condition("loss", if late > 0 { &told } else { "" });
                let room = if self.losses.has_room() { "" } else { NO_ROOM };
                self.metrics.notice("loss", room);
                self.hand_over(&open);
            }
            if !self.stop.pause(LOOK).await {
                return;
            }
        }
    }

    /// Forgets what is settled, now and then, until the stop.
    pub(super) async fn forget_losses(self: Arc<Self>) {
        while self.stop.pause(FORGET).await {
            let (authority, list) = (self.follower.latest(), self.lists.newest());
            let Some((authority, list)) = authority.zip(list) else { continue };
            let now = self.time().unix();
            match self.losses.forget_settled(&authority, &list, now).await {
                Ok(0) => {}
                Ok(count) => tracing::info!(count, "settled losses left the journal"),
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), "the journal is not shortened");
                }
            }
        }
    }

    /// Hands what the log should have by now to the issuer, past the database.
    fn hand_over(&self, open: &[(String, Arc<Loss>)]) {
        let late = open.iter().filter(|(_, loss)| loss.since.elapsed() > HANDED_AFTER);
        let late = in_turn(late.map(|(key, loss)| (loss.rank(), key, &*loss.bytes)));
        let names: BTreeSet<String> = late.iter().map(|(key, _)| (*key).clone()).collect();
        let mut handed = self.handed.lock().unwrap_or_else(PoisonError::into_inner);
        if handed.as_ref() == Some(&names) {
            return;
        }
        match confirmed::hand_over(&self.config, late.iter().map(|(_, bytes)| *bytes)) {
            Ok(()) => *handed = Some(names),
            Err(error) => tracing::error!(error = format!("{error:#}"), "losses for the issuer"),
        }
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
        let standing = intake::place_of(&mut tx, id, &loss.bytes, &loss.salt).await?;
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
        intake::insert(&mut tx, &loss.record, loss.bytes.clone(), loss.salt).await?;
        intake::disclose(&mut tx, &loss.record, &loss.opened).await?;
        service::fault::point("loss-before-commit");
        tx.commit().await?;
        service::fault::point("loss-after-commit");
        self.follower.ring();
        Ok(())
    }
}

/// What goes first comes first: there is room for so many only.
fn in_turn<'a>(
    late: impl Iterator<Item = (Rank, &'a String, &'a [u8])>,
) -> Vec<(&'a String, &'a [u8])> {
    let mut late: Vec<_> = late.collect();
    late.sort_unstable();
    late.into_iter().map(|(_, key, bytes)| (key, bytes)).collect()
}

/// Brings each; one that the database refuses, or is silent about, holds up no other. Gives how
/// many are left.
async fn each<F: Future<Output = anyhow::Result<()>>>(
    count: usize,
    bring: impl Fn(usize) -> F,
) -> usize {
    let mut left = 0;
    for at in 0..count {
        if let Err(error) = bring(at).await {
            tracing::warn!(error = format!("{error:#}"), "a loss is not in the log yet");
            left += 1;
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listed::Counted;
    use std::sync::Mutex;

    /// However many suspensions are late, a loss is handed over before them, and of each the
    /// oldest.
    #[test]
    fn what_is_handed_over_has_losses_first() {
        let rank = |counted, at| Rank { counted, is_behind: false, at, since: at };
        let keys = ["a", "b", "c", "d"].map(str::to_owned);
        let (hold, loss) = (Counted::Suspended, Counted::Revoked);
        let ranks = [rank(hold, 2), rank(hold, 1), rank(loss, 9), rank(loss, 8)];
        let late = ranks.into_iter().zip(&keys).map(|(rank, key)| (rank, key, key.as_bytes()));
        let first: String = in_turn(late).into_iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(first, "dcba");
    }

    #[tokio::test]
    async fn a_loss_that_is_refused_holds_up_no_other() {
        let tried = Mutex::new(Vec::new());
        let bring = |at: usize| {
            tried.lock().unwrap().push(at);
            async move { if at == 1 { anyhow::bail!("refused") } else { Ok(()) } }
        };
        assert_eq!(each(4, bring).await, 1);
        assert_eq!(*tried.lock().unwrap(), [0, 1, 2, 3]);
    }
}
