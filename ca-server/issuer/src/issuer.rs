//! The issuer of one process, as its routes, its socket and its publisher see it: views to read,
//! queues to command.

use crate::asking::Asking;
use crate::cmp::concluded::Concluded;
use crate::command::{Command, Outcome, Reply};
use crate::context::IssuanceContext;
use crate::error::IssuerError;
use crate::numbers::Numbers;
use crate::query::census::LastCensus;
use crate::queue::Bringing;
use crate::reads::Reads;
use crate::view::View;
use arc_swap::ArcSwapOption;
use authority::Signatures;
use ca_host::ProvenTime;
use ca_host::proven_time::Dates;
use records::Code;
use service::{Clock, Metrics, Neighbours};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use store::{Store, Tx};
use tokio::sync::{Notify, watch};

/// How long a caller waits for the tree to hold what was recorded.
const SETTLE_WAIT: Duration = Duration::from_secs(2);
/// How long a question waits for the writer to have seen what is committed.
pub(crate) const CURRENT_WAIT: Duration = Duration::from_secs(6);

/// The issuer of one process.
pub(crate) struct Issuer {
    pub(crate) context: Arc<IssuanceContext>,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) metrics: Metrics,
    pub(crate) signatures: Signatures,
    pub(crate) view: Arc<ArcSwapOption<View>>,
    pub(crate) commands: Bringing,
    pub(crate) moved: watch::Receiver<u64>,
    /// Wakes the writer: something was committed that it has not seen.
    pub(crate) news: Arc<Notify>,
    /// Whose turn it is to ask.
    pub(crate) asking: Asking,
    /// How many people there are where.
    pub(crate) census: LastCensus,
    /// What was read through portals.
    pub(crate) reads: Reads,
    /// What the other roles of the CA say of themselves.
    pub(crate) neighbours: Neighbours,
    /// Numbers of people snapshots that were given away.
    pub(crate) numbers: Mutex<Numbers>,
    /// Transactions of CMP that are over.
    pub(crate) concluded: Concluded,
}

impl Issuer {
    /// Numbers of people snapshots.
    pub(crate) fn numbers(&self) -> MutexGuard<'_, Numbers> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state as the last round left it; none before the first.
    pub(crate) fn view_now(&self) -> Option<Arc<View>> {
        self.view.load_full()
    }

    /// The same, or that we cannot answer yet.
    pub(crate) fn view(&self) -> Result<Arc<View>, Code> {
        self.view_now().ok_or(Code::LogBehind)
    }

    /// The state, once the first round left one: whoever comes right after a start waits for it.
    pub(crate) async fn opened(&self) -> Result<Arc<View>, Code> {
        if let Some(view) = self.view_now() {
            return Ok(view);
        }
        let mut moved = self.moved();
        let first = moved.wait_for(|_| self.view_now().is_some());
        let _ = tokio::time::timeout(CURRENT_WAIT, first).await;
        self.view()
    }

    /// The state with everything that was committed until now, whoever committed it: a loss that
    /// was reported a moment ago counts already. With it the transaction in which that was seen.
    pub(crate) async fn current(&self) -> Result<(Arc<View>, Tx), IssuerError> {
        let mut moved = self.moved();
        let waiting = async {
            loop {
                moved.mark_unchanged();
                let mut tx = self.store.read().await?;
                if let Some(view) = self.view_now()
                    && view.state().holds_all(&mut tx).await?
                {
                    return Ok((view, tx));
                }
                drop(tx);
                self.news.notify_one();
                if moved.changed().await.is_err() {
                    return Err(Code::Unavailable.into());
                }
            }
        };
        match tokio::time::timeout(CURRENT_WAIT, waiting).await {
            Ok(current) => current,
            Err(_) => Err(Code::LogBehind.into()),
        }
    }

    /// Hears of every round.
    pub(crate) fn moved(&self) -> watch::Receiver<u64> {
        self.moved.clone()
    }

    /// Unix seconds: the clock's if it may be believed, else those that are proven. By these
    /// officers and portals are judged, so that a clock that moved stops no brake.
    pub(crate) fn now(&self) -> u64 {
        self.time().unix()
    }

    /// What lists and snapshots bear now.
    pub(crate) fn dates(&self) -> Dates {
        self.time().dates()
    }

    /// What is recorded bears it.
    pub(crate) fn time(&self) -> ProvenTime {
        let last = self.view_now().map_or(0, |view| view.state().followed.last_time);
        self.context.clock_guard.time(self.clock, last)
    }

    /// Asks the writer; gives what it did, when it is durable.
    pub(crate) async fn ask<T>(
        &self,
        command: impl FnOnce(Reply<T>) -> Command,
    ) -> Result<Outcome<T>, IssuerError> {
        let (reply, answer) = Reply::open();
        let command = command(reply);
        let view = self.view_now();
        let authority = view.as_ref().map(|view| view.authority());
        let place = (command.is_brake(authority), command.weight(authority));
        let gone = || IssuerError::Refused(Code::Unavailable);
        if !self.commands.bring(command, place).await {
            return Err(gone());
        }
        answer.await.map_err(|_| gone())?
    }

    /// The same, answered once the tree holds what was recorded by then.
    pub(crate) async fn ask_settled<T>(
        &self,
        command: impl FnOnce(Reply<T>) -> Command,
    ) -> Result<T, IssuerError> {
        let outcome = self.ask(command).await?;
        match self.settled(outcome.settled_at).await {
            true => Ok(outcome.value),
            false => Err(Code::LogBehind.into()),
        }
    }

    /// Records that a row says what nobody signed, once.
    pub(crate) async fn alarm(&self, about: String) -> Result<(), IssuerError> {
        self.metrics.count("row", Code::UnsignedAuthority.name());
        self.ask(|reply| Command::Alarm(about, reply)).await.map(|_| ())
    }

    /// Waits a little until the tree holds what was recorded; says whether it does. With a stopped
    /// sequencer it goes on: the record is durable all the same.
    pub(crate) async fn settled(&self, size: u64) -> bool {
        let mut moved = self.moved();
        let settled = moved.wait_for(|reached| *reached >= size);
        matches!(tokio::time::timeout(SETTLE_WAIT, settled).await, Ok(Ok(_)))
    }
}
