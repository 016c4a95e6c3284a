//! The single writer: the only owner of the state, the only caller of `store.write()`. A round takes many
//! commands, decides them one after the other on a copy of the state, and makes all of them durable with one
//! commit. Only then the state moves, views are shown and answers leave. An error drops the round: nothing
//! was believed, so nothing has to be undone.

use crate::catch_up::{CaughtUp, catch_up};
use crate::clock_guard::ClockGuard;
use crate::command::{Command, Outcome, Reply};
use crate::context::IssuanceContext;
use crate::decide;
use crate::effects;
use crate::error::IssuerError;
use crate::issuance::{RecordedIntent, Signed};
use crate::loaded::Loaded;
use crate::round::{Randomness, Round, Written};
use crate::rows;
use crate::state::State;
use crate::view::View;
use arc_swap::ArcSwapOption;
use ca_host::random;
use ca_store::keep::Keep;
use ca_store::replay::{LOG, Replay};
use records::{Code, Problem};
use service::{Clock, Metrics, fault};
use std::sync::Arc;
use std::time::Duration;
use store::{Doorbell, Store, pending};
use tokio::sync::{mpsc, watch};

/// Most commands of one round.
const BATCH_MAX: usize = 512;
/// Commands that wait for the writer; whoever brings more waits.
pub(crate) const QUEUE_MAX: usize = 4_096;
/// Pause after a round that failed.
const AFTER_FAILURE: Duration = Duration::from_millis(200);
/// Somebody else who holds the writers' turn longer than this is told on `/readyz`; the round is tried again.
const TURN_WAIT: Duration = Duration::from_secs(5);

/// The writer.
pub(crate) struct Writer {
    pub(crate) context: Arc<IssuanceContext>,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) metrics: Metrics,
    pub(crate) replay: Replay,
    pub(crate) keep: Keep,
    pub(crate) doorbell: Doorbell,
    pub(crate) state: Option<State>,
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) brakes: mpsc::Receiver<Command>,
    pub(crate) signed: mpsc::UnboundedReceiver<Vec<Signed>>,
    pub(crate) signer: mpsc::UnboundedSender<Vec<RecordedIntent>>,
    pub(crate) view: Arc<ArcSwapOption<View>>,
    pub(crate) moved: watch::Sender<u64>,
    /// What the signer gave back and no commit kept yet.
    pub(crate) unkept: Vec<Signed>,
    /// Intents that the tree holds and the signer does not have yet.
    pub(crate) confirmed: Vec<RecordedIntent>,
    /// Intents that a former process left without a result; see [`crate::marks`].
    pub(crate) left_behind: Vec<authority::Serial>,
    /// Records without effect that a start met and no commit reported yet.
    pub(crate) unsigned: Vec<(records::Bytes, Code)>,
}

/// An answer that waits for the commit.
type Answer = Box<dyn FnOnce(u64) + Send>;

impl Writer {
    /// Runs until every sender is gone; then everything that was decided is durable.
    pub(crate) async fn run(mut self) -> Self {
        let mut wait = false;
        loop {
            let Some(batch) = self.next(wait).await else { return self };
            if batch.is_empty() && wait && !self.has_news().await {
                continue;
            }
            let urgent = !batch.is_empty();
            wait = match self.round(batch).await {
                Ok(more) => {
                    self.told("decide", "");
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
        }
    }

    fn told(&self, condition: &'static str, problem: &str) {
        self.metrics.condition(condition, problem);
    }

    /// The commands of the next round, brakes first; none if somebody else committed or time passed. `None`
    /// when nobody can command any more.
    async fn next(&mut self, wait: bool) -> Option<Vec<Command>> {
        let mut batch = Vec::new();
        self.drain(&mut batch);
        if batch.is_empty() && self.unkept.is_empty() && wait {
            tokio::select! {
                biased;
                Some(command) = self.brakes.recv() => batch.push(command),
                Some(signed) = self.signed.recv() => self.unkept.extend(signed),
                command = self.commands.recv() => batch.push(command?),
                _ = self.doorbell.heard() => {}
            }
            self.drain(&mut batch);
        } else if batch.is_empty() && self.commands.is_closed() && self.commands.is_empty() {
            return None;
        }
        Some(batch)
    }

    /// Whether anybody else committed what this process has not seen, or something of its own waits. An
    /// idle city takes no turn and writes nothing.
    async fn has_news(&self) -> bool {
        let Some(state) = &self.state else { return true };
        let waits =
            !state.ready.is_empty() || !self.unkept.is_empty() || !self.confirmed.is_empty();
        let looked = async {
            let mut tx = self.store.read().await?;
            let head = ca_store::ledger::head(&mut tx, LOG).await?;
            let newest = pending::newest(&mut tx, LOG).await?;
            let size = head.map_or(0, |(size, ..)| size);
            Ok::<bool, IssuerError>(
                size != state.followed.edge.size() || newest > state.pending_seen,
            )
        };
        waits || looked.await.map_or(true, |news| news)
    }

    fn drain(&mut self, batch: &mut Vec<Command>) {
        while let Ok(signed) = self.signed.try_recv() {
            self.unkept.extend(signed);
        }
        while batch.len() < BATCH_MAX
            && let Ok(command) = self.brakes.try_recv()
        {
            batch.push(command);
        }
        while batch.len() < BATCH_MAX
            && let Ok(command) = self.commands.try_recv()
        {
            batch.push(command);
        }
    }

    /// One round; says whether another is wanted at once.
    async fn round(&mut self, batch: Vec<Command>) -> Result<bool, IssuerError> {
        let turn = tokio::time::timeout(TURN_WAIT, self.store.write()).await;
        let Ok(turn) = turn else {
            self.told("turn", "another process holds the database's turn for too long");
            return Err(Code::Unavailable.into());
        };
        let mut tx = turn?;
        self.told("turn", "");
        pending::lock(&mut tx, LOG).await?;
        let floor = self.keep.floor();
        let caught =
            catch_up(&mut tx, &self.context, (&self.replay, &floor), self.state.clone()).await?;
        let CaughtUp { state, rows: mut copied, effects: mut done, confirmed, unsigned } = caught;
        let loaded = Loaded::load(&mut tx, &state, &batch).await?;
        let micros = self.clock.micros();
        let clock = self.clock_guard(micros / 1_000_000, state.followed.last_time);
        let mut random: Box<Randomness> = Box::new(random::fill);
        let context = self.context.clone();
        let mut round = Round::new(&context, &loaded, state, (micros, clock), &mut *random);
        for (record, code) in self.unsigned.iter().cloned().chain(unsigned) {
            let about = format!("record {record} ({code})");
            if round.state.reported.insert(about.clone()).is_none() {
                round.refusal("follow", &about, Code::UnsignedAuthority)?;
            }
        }
        let acts: Vec<&'static str> = batch.iter().map(Command::act).collect();
        let answers = decide_all(&mut round, batch, &self.metrics);
        let mut failed = decide::execute::execute_ready(&mut round);
        for serial in &self.left_behind {
            tracing::warn!(certificate.serial = %serial, "abandoned after a crash");
            decide::abandon::abandon(&mut round, *serial)?;
        }
        for signed in &self.unkept {
            // Signed once and kept once; what a crash or a failing commit left is kept by a later round.
            decide::result::result(&mut round, signed)?;
        }
        let mut to_sign: Vec<RecordedIntent> = Vec::new();
        for intent in self.confirmed.iter().chain(&confirmed) {
            let serial = intent.serial();
            if !decide::abandon::may_be_signed(round.authority(), serial, intent.issuing()) {
                decide::abandon::abandon(&mut round, serial)?;
            } else if round.clock.is_ok() {
                round.state.signing.insert(serial);
                to_sign.push(intent.clone());
            }
        }
        let waits = round
            .clock
            .is_err()
            .then(|| self.confirmed.iter().chain(&confirmed).cloned().collect::<Vec<_>>());
        let Written { state, records, rows, effects } = round.finish();
        copied.extend(rows);
        done.extend(effects);
        let worked = !records.is_empty() || !copied.is_empty();
        let kept = (!self.unkept.is_empty()).then_some("certify");
        let acts: Vec<&'static str> = acts.into_iter().chain(kept).collect();
        self.commit(tx, state, (records, copied), (worked, &acts)).await?;
        self.unkept.clear();
        self.left_behind.clear();
        self.unsigned.clear();
        self.confirmed = waits.unwrap_or_else(Vec::new);
        effects::carry_out(&self.context, done)?;
        if !to_sign.is_empty() {
            let _ = self.signer.send(to_sign);
        }
        let settled_at = self.state.as_ref().map_or(0, State::size_to_come);
        for answer in answers {
            answer(settled_at);
        }
        match failed.take() {
            Some(error) => Err(error),
            None => Ok(!self.commands.is_empty() || !self.brakes.is_empty()),
        }
    }

    /// Makes a round durable; from here on it is true.
    async fn commit(
        &mut self,
        mut tx: store::Tx,
        mut state: State,
        (records, rows): (Vec<ca_store::record::NewRecord>, Vec<rows::RowChange>),
        (worked, acts): (bool, &[&'static str]),
    ) -> Result<(), IssuerError> {
        if worked {
            rows::write(&mut tx, rows, state.authority()).await?;
            let appended = !records.is_empty();
            let newest = ca_store::record::append_many(&mut tx, records).await?;
            if appended {
                state.pending_seen = newest;
            }
            for act in acts {
                fault::point_of(act, "before-commit");
            }
            tx.commit().await?;
            for act in acts {
                fault::point_of(act, "after-commit");
            }
            self.doorbell.ring();
        }
        if state.withdrew {
            // What was taken away may not come back with an older log: the floor is durable before any
            // answer rests on it.
            self.keep.raise(state.followed.floor())?;
            state.withdrew = false;
        }
        let size = state.followed.edge.size();
        self.metrics.set("control_size", i64::try_from(size).map_err(anyhow::Error::from)?);
        self.view.store(Some(Arc::new(View::new(state.clone()))));
        self.state = Some(state);
        self.moved.send_replace(size);
        Ok(())
    }

    fn clock_guard(&self, now: u64, last: u64) -> Result<(), Code> {
        let checked = ClockGuard::read(&self.context.config).check(now, last);
        let problem = match checked {
            Ok(()) => "",
            Err(_) => "the clock moved; see `ca-server doctor`",
        };
        self.told("clock", problem);
        checked
    }
}

/// Decides every command; a refusal is recorded and stays, what it would have changed does not.
fn decide_all(round: &mut Round<'_>, batch: Vec<Command>, metrics: &Metrics) -> Vec<Answer> {
    batch.into_iter().map(|command| decide_one(round, command, metrics)).collect()
}

fn decide_one(round: &mut Round<'_>, command: Command, metrics: &Metrics) -> Answer {
    let mut run = Run { round, metrics };
    match command {
        Command::Submit(caller, submission, reply) => {
            let about = run.known_reference(submission.reference());
            let decided = run.decide("submit", &about, |round| {
                decide::submit::submit(round, &caller, &submission)
            });
            if let Err(error) = &decided {
                decide::submit::refused(run.round, &submission, error.code());
            }
            answer(reply, decided)
        }
        Command::WrongKey(caller, reference, reply) => {
            run.round.change(crate::rows::RowChange::Try(reference.clone()));
            let decided = run.decide("look-up", &reference, |round| {
                round.admit(&caller)?;
                Err(Code::WrongCode.into())
            });
            answer(reply, decided)
        }
        Command::Approve(caller, officer, approval, reply) => {
            let about = approval.approval().order.to_string();
            answer(
                reply,
                run.decide("approve", &about, |round| {
                    decide::approve::approve(round, &caller, &officer, &approval)
                }),
            )
        }
        Command::Decline(caller, officer, decline, reply) => {
            let about = decline.statement().order.to_string();
            answer(
                reply,
                run.decide("decline", &about, |round| {
                    decide::decline::decline(round, &caller, &officer, &decline)
                }),
            )
        }
        Command::Credential(caller, officer, body, reply) => {
            let about = body.person.clone();
            answer(
                reply,
                run.decide("certify", &about, |round| {
                    decide::credential::credential(round, &caller, &officer, &body)
                }),
            )
        }
        Command::Revoke(caller, officer, wanted, reply) => {
            let about = wanted.serial.clone();
            answer(
                reply,
                run.decide("revoke", &about, |round| {
                    decide::revoke::revoke(round, &caller, &officer, &wanted)
                }),
            )
        }
        Command::Renew(caller, message, reply) => {
            let about = run.standing(&message.authorization);
            answer(
                reply,
                run.decide_machine("renew", &about, |round| {
                    round.admit(&caller)?;
                    decide::renew::renew(round, &message)
                }),
            )
        }
        Command::Join(caller, message, reply) => {
            let about = run.agent(&message.agent);
            answer(
                reply,
                run.decide_machine("join", &about, |round| {
                    decide::agent::join(round, &caller, &message)
                }),
            )
        }
        Command::Operator(request, drafter, reply) => answer(
            reply,
            run.decide("operator", &drafter, |round| {
                decide::operator::operator(round, *request, &drafter)
            }),
        ),
        Command::List(list, reply) => {
            answer(reply, run.decide("crl", "", |round| decide::list::list(round, &list)))
        }
        Command::People(made, reply) => answer(
            reply,
            run.decide("people", "", |round| decide::snapshot::snapshots(round, made)),
        ),
    }
}

/// One command on its round.
struct Run<'r, 'a> {
    round: &'r mut Round<'a>,
    metrics: &'r Metrics,
}

impl Run<'_, '_> {
    /// The reference as it may stand in a refusal: only one that exists.
    fn known_reference(&self, reference: &str) -> String {
        let known = self.round.authority().letter(reference).is_some();
        if known { reference.to_owned() } else { String::new() }
    }

    fn standing(&self, authorization: &str) -> String {
        let known = self.round.authority().standing(authorization).is_some();
        if known { authorization.to_owned() } else { String::new() }
    }

    fn agent(&self, agent: &str) -> String {
        let known = self.round.authority().agent(agent).is_some();
        if known { agent.to_owned() } else { String::new() }
    }

    /// Decides; what is refused goes back and is recorded.
    fn decide<T>(
        &mut self,
        act: &'static str,
        about: &str,
        verb: impl FnOnce(&mut Round<'_>) -> Result<T, IssuerError>,
    ) -> Result<T, IssuerError> {
        let before = self.round.savepoint();
        let decided = verb(self.round);
        match decided {
            Ok(value) => {
                self.metrics.count(act, "done");
                Ok(value)
            }
            Err(error) => {
                self.round.back(before);
                let code = error.code();
                self.metrics.count(act, code.name());
                Err(IssuerError::Recorded(self.refused(act, about, code)?))
            }
        }
    }

    /// The same for machines: anybody can reach these through the public portal, and who proves nothing is
    /// counted, but does not write to the log.
    fn decide_machine<T>(
        &mut self,
        act: &'static str,
        about: &str,
        verb: impl FnOnce(&mut Round<'_>) -> Result<T, IssuerError>,
    ) -> Result<T, IssuerError> {
        let mut proves_nothing = false;
        let before = self.round.savepoint();
        let decided = verb(self.round);
        if let Err(error) = &decided {
            proves_nothing = matches!(
                error.code(),
                Code::UseSignature | Code::KeyUnknown | Code::RequestMalformed | Code::Malformed
            );
        }
        let about = if proves_nothing { "" } else { about };
        match decided {
            Ok(value) => {
                self.metrics.count(act, "done");
                Ok(value)
            }
            Err(error) => {
                self.round.back(before);
                self.metrics.count(act, error.code().name());
                Err(IssuerError::Recorded(self.refused(act, about, error.code())?))
            }
        }
    }

    fn refused(&mut self, act: &str, about: &str, code: Code) -> Result<Problem, IssuerError> {
        self.round.refusal(act, about, code)
    }
}

/// The answer to a command, once the round is durable.
fn answer<T: Send + 'static>(reply: Reply<T>, decided: Result<T, IssuerError>) -> Answer {
    Box::new(move |settled_at| {
        // Whoever asked may be gone.
        let _ = reply.send(decided.map(|value| Outcome { value, settled_at }));
    })
}
