//! The issuer's work between calls: orders that became ready, intents that the
//! tree confirmed, lists that are due. Each part fails by itself; brakes never wait for the others.

use super::following::LOG;
use super::{Issuer, IssuerError, kept};
use ca_store::ledger;
use service::{Stop, fault};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use store::{pending, row};

/// How often the loop looks for a sign of commits.
const LOOK: Duration = Duration::from_millis(8);
/// Pause after a failure.
const AFTER_FAILURE: Duration = Duration::from_millis(500);
/// Rows are compared with the log this often, whether or not anybody seems to have touched them.
const COMPARE_EVERY: Duration = Duration::from_secs(60);
/// The kept authority is written again after this many entries.
const KEEP_ENTRIES: u64 = 5_000;

/// Runs until the stop.
pub(super) async fn run(issuer: Arc<Issuer>, stop: Stop) {
    let mut begun = false;
    let mut fine = false;
    let mut compared = Instant::now();
    let mut watch = issuer.store.watch();
    loop {
        if !watch.changed() && fine {
            if !stop.pause(LOOK).await {
                return;
            }
            continue;
        }
        if !begun {
            begun = done(&issuer, "start", issuer.start().await);
        }
        fine = begun;
        if begun {
            if compared.elapsed() > COMPARE_EVERY {
                compared = Instant::now();
                issuer.following.lock().await.agreed = false;
                fine &= done(&issuer, "compare", issuer.compare_all().await);
            }
            fine &= done(&issuer, "decide", issuer.round().await);
            fine &= done(&issuer, "certify", issuer.sign_waiting().await);
            fine &= done(&issuer, "crl", issuer.lists().await);
            fine &= done(&issuer, "people", issuer.snapshots().await);
        }
        if !stop.pause(if fine { LOOK } else { AFTER_FAILURE }).await {
            return;
        }
    }
}

/// Tells on `/readyz` what does not work.
fn done(issuer: &Issuer, part: &'static str, result: Result<(), IssuerError>) -> bool {
    match result {
        Ok(()) => {
            issuer.metrics.condition(part, "");
            true
        }
        Err(error) => {
            let code = error.code();
            issuer.metrics.condition(part, &format!("{code}: {}", code.en()));
            issuer.metrics.count(part, code.name());
            false
        }
    }
}

impl Issuer {
    /// Takes up the log and what a crash left unfinished.
    async fn start(&self) -> Result<(), IssuerError> {
        self.abandon_unfinished().await?;
        self.publish_lists().await?;
        self.compare_all().await
    }

    /// Compares rows and files with the log and records every difference.
    async fn compare_all(&self) -> Result<(), IssuerError> {
        let mut session = self.begin().await?;
        let found = self.compare(&session.following, &mut session.tx, &[]).await?;
        session.following.agreed = found.is_empty();
        session.following.alarms.extend(found);
        self.commit(session).await
    }

    /// Follows the log, carries out what became ready.
    async fn round(&self) -> Result<(), IssuerError> {
        if !self.something_waits().await? {
            return Ok(());
        }
        let mut session = self.begin().await?;
        let failed = self.execute_ready(&mut session).await?;
        self.metrics.set("control_size", i64::try_from(session.following.edge.size()).unwrap_or(0));
        if session.following.edge.size() >= session.following.kept_size + KEEP_ENTRIES {
            session.following.kept_size = session.following.edge.size();
            let Some(head) = super::following::raise_floor(&mut session.following).ok() else {
                return Err(records::Code::UnsignedAuthority.into());
            };
            tracing::info!(log.size = head.0, "authority kept");
            self.commit(session).await?;
            let following = self.following.lock().await;
            if !following.stale {
                kept::save(&self.config, &following)?;
            }
        } else {
            self.commit(session).await?;
        }
        failed.map_or(Ok(()), Err)
    }

    /// A cheap look whether a decision could be wanted.
    async fn something_waits(&self) -> Result<bool, IssuerError> {
        let mut tx = self.store.read().await?;
        let head = ledger::head(&mut tx, LOG).await?;
        let newest = pending::newest(&mut tx, LOG).await?;
        drop(tx);
        let following = self.following.lock().await;
        let moved = head.is_some_and(|(size, _, _)| size != following.edge.size());
        let unnoticed = newest > following.noticed;
        let ready = !following.ready.is_empty();
        // What a commit did not keep is to be taken up again, and what it would have done with it.
        Ok(following.stale || moved || unnoticed || ready)
    }

    async fn sign_waiting(&self) -> Result<(), IssuerError> {
        let mut tx = self.store.read().await?;
        let waits = row!(
            &mut tx,
            (i64,),
            "select cast(1 as bigint) from intent where state = 'recorded' limit 1"
        )?;
        let unfinished = row!(
            &mut tx,
            (i64,),
            "select cast(1 as bigint) from intent where state = 'signing' limit 1"
        )?;
        drop(tx);
        // Nobody else certifies: what stands half done here failed on the way.
        if unfinished.is_some() {
            self.abandon_unfinished().await?;
        }
        if waits.is_some() {
            self.certify().await?;
        }
        Ok(())
    }

    async fn snapshots(&self) -> Result<(), IssuerError> {
        if self.people_due().await? { self.make_people().await } else { Ok(()) }
    }

    async fn lists(&self) -> Result<(), IssuerError> {
        let (time, waits) = {
            let following = self.following.lock().await;
            (self.list_time(&following), following.crl_due)
        };
        let mut tx = self.store.read().await?;
        let due = self.list_due(&mut tx, time).await?;
        drop(tx);
        if due || waits {
            self.make_list().await?;
        }
        if self.unpublished.load(Ordering::Relaxed) {
            fault::point("crl-before-publish");
            self.publish_lists().await?;
            self.unpublished.store(false, Ordering::Relaxed);
        }
        Ok(())
    }
}
