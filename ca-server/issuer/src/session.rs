//! One decision: the lock, a write transaction that has followed the log, and a mark to go back to.
//!
//! What the log says is kept whatever becomes of the decision; what a refused decision wrote is rolled
//! back to the mark, and the refusal itself is recorded. A session that is dropped leaves rows behind
//! that are not committed: the next one takes the kept state up again and follows anew.

use super::following::{Following, LOG};
use super::{Issuer, IssuerError, kept};
use authority::Authority;
use ca_store::{ledger, rows};
use records::code::Blame;
use records::record::Event;
use records::{Code, Problem};
use service::fault;
use store::{StoreError, Tx, execute, pending};
use tokio::sync::MutexGuard;

/// A decision in the making.
pub(super) struct Session<'a> {
    pub(super) following: MutexGuard<'a, Following>,
    pub(super) tx: Tx,
    /// The time of this decision, unix microseconds: judged by and recorded.
    pub(super) micros: u64,
}

impl Session<'_> {
    /// Unix seconds of this decision.
    pub(super) fn now(&self) -> u64 {
        self.micros / 1_000_000
    }

    /// Unix seconds of this decision as rows keep them.
    pub(super) fn unix(&self) -> i64 {
        i64::try_from(self.now()).unwrap_or(i64::MAX)
    }

    /// What decides.
    pub(super) fn authority(&self) -> Result<&Authority, Code> {
        self.following.authority()
    }

    /// Keeps what was written so far, whatever becomes of the rest.
    pub(super) async fn mark(&mut self) -> Result<(), StoreError> {
        execute!(&mut self.tx, "savepoint decision").map(|_| ())
    }

    /// Goes back to the mark.
    pub(super) async fn back(&mut self) -> Result<(), StoreError> {
        execute!(&mut self.tx, "rollback to savepoint decision").map(|_| ())
    }
}

impl Issuer {
    /// Begins a decision.
    pub(super) async fn begin(&self) -> Result<Session<'_>, IssuerError> {
        let mut following = self.following.lock().await;
        if following.stale {
            *following = kept::load(&self.config)?;
        }
        let mut tx = self.store.write().await?;
        pending::lock(&mut tx, LOG).await?;
        // Following writes rows as well: look before it does.
        if rows::touched(&mut tx).await? != following.touched {
            following.agreed = false;
        }
        let before = following.edge.size();
        following.stale = true;
        self.follow(&mut following, &mut tx).await?;
        following.stale = following.edge.size() != before;
        let mut session = Session { following, tx, micros: self.clock.micros() };
        session.mark().await?;
        Ok(session)
    }

    /// Ends a decision that came to nothing: what it followed and noticed stays, what it wrote does not.
    pub(super) async fn give_up(&self, mut session: Session<'_>) -> Result<(), IssuerError> {
        session.back().await?;
        self.commit(session).await
    }

    /// Ends a decision: what was done is durable, what was refused is recorded with a reference.
    /// `about` is what it concerned; with an empty one the refusal is only counted.
    pub(super) async fn finish<T>(
        &self,
        mut session: Session<'_>,
        act: &'static str,
        about: &str,
        result: Result<T, IssuerError>,
    ) -> Result<T, Problem> {
        let outcome = match result {
            Ok(value) => Ok(value),
            Err(error) => {
                let code = error.code();
                self.refused(&mut session, act, about, code)
                    .await
                    .map_err(|error| self.unavailable(act, error))
                    .and_then(|problem| Err(problem))
            }
        };
        let code = outcome.as_ref().map_or_else(|p: &Problem| name_of(p), |_| "done");
        self.metrics.count(act, code);
        fault::point_of(act, "before-commit");
        self.commit(session).await.map_err(|error| self.unavailable(act, error))?;
        fault::point_of(act, "after-commit");
        outcome
    }

    async fn refused(
        &self,
        session: &mut Session<'_>,
        act: &'static str,
        about: &str,
        code: Code,
    ) -> Result<Problem, IssuerError> {
        session.back().await?;
        let reference = if about.is_empty() || code.blame() == Blame::Us {
            ca_host::random::id()?
        } else {
            self.record_refusal(session, act, about, code).await?
        };
        tracing::info!(act, code = code.name(), refusal.reference = reference, "refused");
        Ok(Problem::new(code, reference))
    }

    /// Records a refusal; gives its reference number.
    pub(super) async fn record_refusal(
        &self,
        session: &mut Session<'_>,
        act: &str,
        about: &str,
        code: Code,
    ) -> Result<String, IssuerError> {
        let reference = ca_host::random::id()?;
        let event = Event::Refusal {
            code,
            act: act.to_owned(),
            about: about.to_owned(),
            reference: reference.clone(),
        };
        ledger::write(&mut session.tx, "issuer", session.micros, event, &[]).await?;
        Ok(reference)
    }

    /// Makes a session durable; from here on memory and rows agree.
    pub(super) async fn commit(&self, mut session: Session<'_>) -> Result<(), IssuerError> {
        self.write_alarms(&mut session).await?;
        // Nobody else writes while this transaction is open: what changed since the guard is our own.
        let touched = rows::touched(&mut session.tx).await?;
        let Session { mut following, tx, .. } = session;
        tx.commit().await?;
        following.touched = touched;
        following.stale = false;
        Ok(())
    }

    /// What a caller is told when we cannot.
    pub(super) fn unavailable(&self, act: &'static str, error: IssuerError) -> Problem {
        let code = error.code();
        self.metrics.count(act, code.name());
        Problem::new(code, ca_host::random::id().unwrap_or_default())
    }
}

fn name_of(problem: &Problem) -> &'static str {
    problem.known().map_or("unavailable", Code::name)
}
