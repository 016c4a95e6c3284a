//! The single writer: the only owner of the state, and the only one that writes what follows from
//! it. (`start.rs` writes before it begins; `reads.rs` appends what portals read to the `access`
//! log, from which nothing follows.) A round takes many commands, decides them one after the other
//! on a copy of the state, and makes all of them durable with one commit; brakes have rounds of
//! their own. Only then the state moves, views are shown and answers leave. An error drops the
//! round: nothing was believed, so nothing has to be undone. What could not be kept together is
//! tried again one by one, so that one row that a database refuses holds up nobody else.

mod commit;
mod rounds;

use crate::adopt::adopt;
use crate::answered_brakes::AnswerJournal;
use crate::catch_up::{CaughtUp, catch_up};
use crate::command::Command;
use crate::context::IssuanceContext;
use crate::decide::{self, execute, leave, supersede, system};
use crate::effects::Unwritten;
use crate::error::IssuerError;
use crate::issuance::{RecordedIntent, Signed};
use crate::loaded::Loaded;
use crate::pace::Pace;
use crate::queue::{Commands, Waiting};
use crate::round::{Randomness, Round};
use crate::share::{Failure, Share, Stuck};
use crate::state::State;
use crate::turn::Turn;
use crate::uncopied::Uncopied;
use crate::view::View;
use crate::waits::Waits;
use arc_swap::ArcSwapOption;
use authority::OrderDigest;
use ca_host::random;
use ca_store::keep::Keep;
use ca_store::replay::{LOG, Replay};
use records::Code;
use service::{Clock, Gathering, Metrics};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{Doorbell, Store};
use tokio::sync::{Notify, mpsc, watch};

/// Pause after a round that failed.
const AFTER_FAILURE: Duration = Duration::from_millis(200);
/// A round gives the turn back after this long, whatever it waits for.
const TURN_HELD: Duration = Duration::from_secs(10);
/// Following the log up to there takes no longer than this: where much waits, a round that began
/// with all of it would have no time left, again and again.
const CATCHING_UP: Duration = Duration::from_secs(60);
/// And begins no further command after this long: what was decided by then is kept.
const DECIDING: Duration = Duration::from_secs(4);

/// The writer: the only owner of the state, and the only one who writes decisions.
pub(crate) struct Writer {
    pub(crate) context: Arc<IssuanceContext>,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) metrics: Metrics,
    pub(crate) replay: Replay,
    pub(crate) keep: Keep,
    pub(crate) doorbell: Doorbell,
    pub(crate) state: Option<State>,
    pub(crate) commands: Waiting,
    /// How many brakes, and how many other commands, a round takes on.
    pub(crate) paces: (Pace, Pace),
    pub(crate) signed: mpsc::UnboundedReceiver<Vec<Signed>>,
    pub(crate) signer: mpsc::UnboundedSender<Vec<RecordedIntent>>,
    pub(crate) view: Arc<ArcSwapOption<View>>,
    pub(crate) moved: watch::Sender<u64>,
    pub(crate) news: Arc<Notify>,
    /// What the signer gave back and no commit kept yet.
    pub(crate) unkept: Vec<Signed>,
    /// Intents that the tree holds and the signer does not have yet.
    pub(crate) confirmed: Vec<RecordedIntent>,
    /// Intents that a former process left without a result; see [`crate::marks`].
    pub(crate) left_behind: Vec<authority::Serial>,
    /// Records without effect that a start met and no commit reported yet.
    pub(crate) unsigned: Vec<(String, Code)>,
    /// What a database refuses to keep for now.
    pub(crate) stuck: Stuck,
    /// Copies of what the log says that a table did not take.
    pub(crate) uncopied: Uncopied,
    /// When this process began.
    pub(crate) began: Instant,
    pub(crate) turn: Turn,
    pub(crate) unwritten: Unwritten,
    pub(crate) journal: AnswerJournal,
    /// What comes behind a round of many gathers for a moment.
    pub(crate) gathering: Gathering,
    /// Whether somebody rang, and a look whether there is anything new costs more than to follow.
    pub(crate) rung: bool,
}

/// A round of so much is one of many.
pub(crate) const MANY: usize = 2;

impl Writer {
    /// Runs until every sender is gone; then everything that was decided is durable.
    pub(crate) async fn run(mut self) -> Self {
        let mut wait = false;
        loop {
            self.copy_again().await;
            let Some(taken) = self.next(wait).await else { return self };
            let urgent = !taken.all().is_empty();
            if !urgent && wait && !self.rung && !self.has_news().await {
                continue;
            }
            let many = taken.all().len() + self.unkept.len();
            wait = match self.work(taken).await {
                Ok(more) => {
                    if self.stuck.is_empty() {
                        self.told("decide", "");
                    }
                    !more
                }
                Err(error) => {
                    let code = error.code();
                    self.metrics.count("decide", code.name());
                    self.told("decide", &format!("{code}: {}", code.en()));
                    if !urgent {
                        tokio::time::sleep(AFTER_FAILURE).await;
                    }
                    false
                }
            };
            self.gathering.ended(Instant::now(), many);
        }
    }

    fn told(&self, condition: &'static str, problem: &str) {
        self.metrics.condition(condition, problem);
    }

    /// What the next round takes on; no commands if somebody else committed or time passed. `None`
    /// when nobody can command any more.
    async fn next(&mut self, wait: bool) -> Option<Commands> {
        self.rung = false;
        gather(&self.commands, &self.gathering).await;
        let mut taken = self.drain();
        if taken.is_none() && self.unkept.is_empty() && wait {
            let refusals_counted = at(self.refusals_due());
            let (written, looks) = (at(self.unwritten.due()), at(self.looks_due()));
            let copies = at(self.uncopied.due());
            tokio::select! {
                biased;
                () = self.commands.come() => {}
                Some(signed) = self.signed.recv() => self.unkept.extend(signed),
                // On a server each look is a round trip.
                rung = self.doorbell.heard() => {
                    self.rung = rung && matches!(self.store, Store::Postgres(_));
                }
                _ = self.news.notified() => {}
                () = refusals_counted => {}
                () = looks => {}
                () = copies => {}
                () = written => self.unwritten.carry_on(&self.context, &self.metrics),
            }
            gather(&self.commands, &self.gathering).await;
            taken = self.drain();
        }
        match taken {
            None if self.commands.is_over() => None,
            taken => Some(taken.unwrap_or(Commands::Others(Vec::new()))),
        }
    }

    /// Whether anybody else committed what this process has not seen, or something of its own
    /// waits. An idle city takes no turn and writes nothing.
    async fn has_news(&mut self) -> bool {
        let Some(state) = &self.state else { return true };
        let waits = !state.ready.is_empty()
            || !self.unkept.is_empty()
            || !self.confirmed.is_empty()
            || state.refusals.ends().is_some_and(|ends| ends <= self.seconds())
            || !state.authority().lapsed_suspensions(self.clock.seconds()).is_empty()
            || state.authority().leaving().next().is_some()
            || supersede::is_due(state.authority(), self.clock.seconds());
        let looked = async {
            let mut tx = self.store.read().await?;
            let extent = ca_store::intake::extent(&mut tx, LOG).await?;
            let same = extent.size == state.followed.edge.size();
            let lacks = !state.has_noticed(&extent)
                || state.misses(&extent)
                || !state.told.gone().is_empty();
            Ok::<bool, IssuerError>(!same || lacks)
        };
        waits || looked.await.map_or(true, |news| news)
    }

    /// Seconds that this process runs: windows in which refusals are counted follow no clock that
    /// moves.
    fn seconds(&self) -> u64 {
        self.began.elapsed().as_secs()
    }

    /// When the next count of refusals is to be recorded.
    fn refusals_due(&self) -> Option<Instant> {
        let ends = self.state.as_ref().and_then(|state| state.refusals.ends());
        ends.map(|ends| self.began + Duration::from_secs(ends))
    }

    /// When it is looked whether something is to be revoked or was taken away: certificates that
    /// were renewed, whose holders left, records that wait for the tree.
    fn looks_due(&self) -> Option<Instant> {
        let state = self.state.as_ref()?;
        let authority = state.authority();
        let waits = state.pending_count > 0
            || !state.told.is_empty()
            || authority.leaving().next().is_some();
        let wait = match waits {
            true => Some(supersede::WAIT_MIN),
            false => supersede::wait(authority, self.clock.seconds()),
        };
        Some(Instant::now() + wait?)
    }

    fn drain(&mut self) -> Option<Commands> {
        while let Ok(signed) = self.signed.try_recv() {
            self.unkept.extend(signed);
        }
        let (brakes, others) = self.paces;
        self.commands.take((brakes.most(), others.most()))
    }

    /// Decides and commits one round of this share.
    async fn round(&mut self, share: &Share<'_>) -> Result<Done, Failure> {
        let floor = self.replay.above(self.keep.floor());
        let (mut tx, state) = (self.turn.take().await?, self.state.clone());
        let (replay, journal, metrics) = (&self.replay, &mut self.journal, &self.metrics);
        let caught = async {
            let mut caught = catch_up(&mut tx, (replay, &floor), (state, share.reads)).await?;
            adopt(&mut tx, (replay, journal), &mut caught.state, metrics).await?;
            Ok::<_, IssuerError>(caught)
        };
        let caught = tokio::time::timeout(CATCHING_UP, caught).await.map_err(|_| Failure::Late)?;
        let caught = caught.map_err(|error| match share.reads {
            true => Failure::unread(error),
            false => Failure::Whole(error),
        })?;
        match tokio::time::timeout(TURN_HELD, self.held(tx, caught, share)).await {
            Ok(done) => done,
            // The transaction is dropped with its turn; whether a commit that hung was durable, the
            // next round sees in the log.
            Err(_) => Err(Failure::Late),
        }
    }

    /// What is done while the turn is held.
    async fn held(
        &mut self,
        mut tx: store::Tx,
        caught: CaughtUp,
        share: &Share<'_>,
    ) -> Result<Done, Failure> {
        let began = Instant::now();
        let (without_bytes, is_uncopied) = (caught.without_bytes, caught.is_uncopied);
        let CaughtUp { mut state, rows: copied, effects: policies, confirmed, unsigned, .. } =
            caught;
        state.at_second(self.seconds());
        let chosen = share.orders(&state, &self.stuck);
        let loaded = match share.loads() {
            true => Loaded::load(&mut tx, &state, share.commands, &chosen).await,
            false => Ok(Loaded::default()),
        };
        let loaded = loaded.map_err(Failure::unread)?;
        let guard = &self.context.clock_guard;
        let time = guard.time_told(self.clock, state.followed.last_time, &self.metrics);
        let mut random: Box<Randomness> = Box::new(random::fill);
        let context = self.context.clone();
        let mut round = Round::new(&context, &loaded, state, time, &mut *random);
        let is_time = || began.elapsed() < DECIDING;
        if share.again {
            round.again()?;
        }
        let answers = decide::command::commands(&mut round, share.commands, &self.metrics, is_time);
        let decided = answers.len();
        let orders = still(&chosen, share.orders(&round.state, &self.stuck), &round.state);
        let ready = round.state.ready.len();
        let failed = execute::execute(&mut round, orders);
        let executes = round.state.ready.len() < ready;
        decide::suspend::hold_undone(&mut round)?;
        for signed in &share.signed {
            // Signed once and kept once; what a failing commit left is kept by a later round.
            decide::result::result(&mut round, signed)?;
        }
        let waits = Waits {
            confirmed: self.confirmed.iter().cloned().chain(confirmed).collect(),
            unsigned: self.unsigned.iter().cloned().chain(unsigned).collect(),
            left_behind: self.left_behind.iter().copied().chain(without_bytes).collect(),
        };
        let settles = share.rest;
        let lapses = settles && !round.authority().lapsed_suspensions(round.now()).is_empty();
        let (to_sign, waits) = if settles { waits.settle(&mut round)? } else { (vec![], waits) };
        let left = settles && leave::leave(&mut round)?;
        let ended = settles && system::end(&mut round)?;
        let superseded = settles && supersede::supersede(&mut round)?;
        let mut written = round.finish();
        let later = self.uncopied.split(share, (copied, is_uncopied), &mut written.rows);
        let effects = std::mem::take(&mut written.effects);
        let said_ahead = written.said_ahead;
        let done = share.commands.iter().take(decided);
        let acts = acts(done, [executes, lapses, left, ended, superseded]);
        self.commit(tx, written, &acts, !share.signed.is_empty()).await?;
        self.uncopied.take(later);
        (self.confirmed, self.unsigned) = (waits.confirmed, waits.unsigned);
        self.left_behind = waits.left_behind;
        self.context.clock_guard.heard(said_ahead);
        if !to_sign.is_empty() {
            let _ = self.signer.send(to_sign);
        }
        let settled_at = self.state.as_ref().map_or(0, State::size_to_come);
        let with = (&*self.context, &self.metrics);
        self.unwritten.carry_out(with, policies);
        let failed_effects = self.unwritten.carry_out(with, effects);
        for answer in answers {
            answer.send(settled_at, &failed_effects);
        }
        if let Some(error) = failed {
            return Err(error.into());
        }
        let is_left = self.state.as_ref().is_some_and(|state| !state.ready.is_empty());
        let waits = !self.commands.is_empty() || !self.unkept.is_empty();
        Ok(Done { decided, more: waits || lapses || (executes && is_left) })
    }
}

/// What a round came to.
struct Done {
    /// How many of its commands it came to.
    decided: usize,
    /// Whether another round is wanted at once.
    more: bool,
}

/// What a round did: its commands, and what it carried out, lapsed, took from who left and from
/// systems that are over, and superseded.
fn acts<'a>(commands: impl Iterator<Item = &'a Command>, own: [bool; 5]) -> Vec<&'static str> {
    let own = own.into_iter().zip(["execute", "lapse", "leave", "end-system", "supersede"]);
    let own = own.filter_map(|(does, act)| does.then_some(act));
    commands.map(Command::act).chain(own).collect()
}

/// Those of the orders for which rows were loaded, and brakes, which need none.
fn still(loaded: &[OrderDigest], orders: Vec<OrderDigest>, state: &State) -> Vec<OrderDigest> {
    let loaded: BTreeSet<_> = loaded.iter().collect();
    let may = |one: &OrderDigest| loaded.contains(one) || execute::is_brake(state, one);
    orders.into_iter().filter(may).collect()
}

/// Waits until then; for ever without a time.
async fn at(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}

/// Lets what comes in a busy time gather for a moment; a brake waits for nobody.
async fn gather(commands: &Waiting, gathering: &Gathering) {
    let Some(until) = gathering.until(Instant::now()) else { return };
    tokio::select! {
        () = commands.braked() => {}
        () = at(Some(until)) => {}
    }
}
