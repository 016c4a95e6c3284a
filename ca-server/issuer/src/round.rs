//! One round of the writer: a copy of the state on which commands are decided one after the other,
//! with what they record and change. Nothing here waits, reads a clock or touches a row; a round
//! that is dropped leaves nothing behind.

use crate::context::IssuanceContext;
use crate::error::IssuerError;
use crate::loaded::Loaded;
use crate::rows::RowChange;
use crate::state::{MAKER, Refused, State};
use authority::Authority;
use ca_host::ProvenTime;
use ca_host::random::NoRandomness;
use ca_store::record::NewRecord;
use pki::PublicKey;
use records::code::Blame;
use records::record::{Event, Record};
use records::{Bytes, Code, Disclosure, Problem};
use serde_json::Value;
use std::collections::BTreeSet;

/// Kinds of refusals that are told apart within a minute; beyond them nothing says about what.
const REFUSALS_MAX: usize = 60;
/// Most records that vanished and are put on their way again in one round: however many did, it
/// ends in its time, and the next one goes on.
const AGAIN_MAX: usize = 1_000;

/// Draws random bytes; the writer takes them from the operating system, tests from a counter.
pub(crate) type Randomness = dyn FnMut(&mut [u8]) -> Result<(), NoRandomness> + Send;

/// A round: what the writer decides and commits at once, on a copy of the state.
pub(crate) struct Round<'a> {
    /// The context gives keys, certificates and addresses, which no round changes.
    pub(crate) context: &'a IssuanceContext,
    /// The rows that were loaded give these values.
    pub(crate) loaded: &'a Loaded,
    /// The state as it is when the round is durable.
    pub(crate) state: State,
    /// The time of this round, unix microseconds: judged by and recorded. The last proven time
    /// while the clock is not believed.
    pub(crate) micros: u64,
    /// Whether the clock may be believed; brakes work all the same.
    pub(crate) clock: Result<(), Code>,
    /// Both, as statements are judged by.
    pub(crate) time: ProvenTime,
    /// The latest time of a statement that was ahead of the clock, unix.
    pub(crate) said_ahead: u64,
    random: &'a mut Randomness,
    records: Vec<NewRecord>,
    rows: Vec<RowChange>,
    effects: Vec<Effect>,
}

/// What is done outside of rows once the round is durable.
pub(crate) enum Effect {
    /// A letter or join file is written where only the operator reads it; the path below the state
    /// directory, and the sheet if it is a letter.
    File(String, zeroize::Zeroizing<Vec<u8>>),
    /// A letter with the sheet to print.
    Letter(String, Box<records::letter::Letter>),
    /// What goes by short message beside a letter, by its reference.
    MessageCode(String, Box<records::message_code::MessageCode>),
    /// A policy file as it is in force now.
    Policy(String, String),
    /// A folder of policy files in which no others lie than those of these names.
    Only(String, BTreeSet<String>),
}

/// How far a round was, to go back to.
pub(crate) struct Savepoint {
    state: State,
    records: usize,
    rows: usize,
    effects: usize,
}

/// What a round leaves to be written.
pub(crate) struct Written {
    pub(crate) state: State,
    pub(crate) records: Vec<NewRecord>,
    pub(crate) rows: Vec<RowChange>,
    pub(crate) effects: Vec<Effect>,
    pub(crate) said_ahead: u64,
}

impl<'a> Round<'a> {
    /// A round on a copy of the state.
    pub(crate) fn new(
        context: &'a IssuanceContext,
        loaded: &'a Loaded,
        state: State,
        time: ProvenTime,
        random: &'a mut Randomness,
    ) -> Self {
        Self {
            context,
            loaded,
            state,
            // An order or approval proves time: a clock that moved must not enter the log with a
            // brake.
            micros: time.micros(),
            clock: time.clock(),
            time,
            said_ahead: 0,
            random,
            records: Vec::new(),
            rows: Vec::new(),
            effects: Vec::new(),
        }
    }

    /// Unix seconds of this round.
    pub(crate) fn now(&self) -> u64 {
        self.micros / 1_000_000
    }

    /// Whether a statement of `said` (unix) counts, which does so for these seconds. What only
    /// takes away counts as well if it is ahead of our clock; that is told.
    pub(crate) fn is_fresh(&mut self, said: u64, seconds: u64, takes_away: bool) -> bool {
        if self.time.is_timely(said, seconds) {
            return true;
        }
        let counts = takes_away && self.time.of_brake(said, seconds).is_some();
        if counts && self.clock.is_ok() {
            self.said_ahead = self.said_ahead.max(said);
        }
        counts
    }

    /// Who and what may decide.
    pub(crate) fn authority(&self) -> &Authority {
        self.state.authority()
    }

    /// Whether a key may be certified for a subject: no list of weak keys has it, and authority
    /// says so ([`Authority::may_certify`]).
    pub(crate) fn may_certify(&self, key: &PublicKey, subject: &str) -> Result<(), Code> {
        match self.context.weak_keys.names(key) {
            true => Err(Code::KeyPublished),
            false => self.authority().may_certify(key, subject),
        }
    }

    /// How far it is.
    pub(crate) fn savepoint(&self) -> Savepoint {
        Savepoint {
            state: self.state.clone(),
            records: self.records.len(),
            rows: self.rows.len(),
            effects: self.effects.len(),
        }
    }

    /// Goes back: what was decided since came to nothing.
    pub(crate) fn roll_back(&mut self, to: Savepoint) {
        self.state = to.state;
        self.records.truncate(to.records);
        self.rows.truncate(to.rows);
        self.effects.truncate(to.effects);
    }

    /// What is left to be written.
    pub(crate) fn finish(self) -> Written {
        let Self { state, records, rows, effects, said_ahead, .. } = self;
        Written { state, records, rows, effects, said_ahead }
    }

    /// Draws random bytes for this round; an error says that there are none.
    pub(crate) fn random<const N: usize>(&mut self) -> Result<[u8; N], NoRandomness> {
        let mut bytes = [0; N];
        (self.random)(&mut bytes)?;
        Ok(bytes)
    }

    /// An id: 16 Crockford characters.
    pub(crate) fn id(&mut self) -> Result<String, NoRandomness> {
        Ok(records::letter::reference(self.random()?))
    }

    /// Records an event; what it takes away is felt by the next decision of this round. Gives its
    /// id.
    pub(crate) fn record(
        &mut self,
        event: Event,
        disclosures: Vec<Disclosure>,
    ) -> Result<Bytes, IssuerError> {
        self.put((event, disclosures), false)
    }

    /// Records what `status` confirmed: somebody has its receipt, so it is told as ours are.
    pub(crate) fn record_confirmed(&mut self, event: Event) -> Result<Bytes, IssuerError> {
        self.put((event, Vec::new()), true)
    }

    fn put(
        &mut self,
        (event, disclosures): (Event, Vec<Disclosure>),
        is_confirmed: bool,
    ) -> Result<Bytes, IssuerError> {
        let id = Bytes::from(self.random::<16>()?);
        let record = Record {
            v: 1,
            id: id.clone(),
            log: ca_store::replay::LOG.into(),
            maker: MAKER.into(),
            time: records::time::micros(self.micros),
            link: None,
            event,
        };
        let (bytes, salt) = (record.write()?, self.random()?);
        self.state.notice(&record);
        let new = NewRecord { record, bytes, salt, disclosures };
        if is_confirmed || self.state.authority().is_of_brake(&new.record.event) {
            self.state.told.tell(&new);
        }
        self.records.push(new);
        Ok(id)
    }

    /// Puts on its way again what was told as done and neither the tree nor the queue has, so many
    /// in a round; under a new id, where the tree has something else under its own.
    pub(crate) fn again(&mut self) -> Result<(), IssuerError> {
        for one in self.state.told.gone().into_iter().take(AGAIN_MAX) {
            self.state.pending_count += 1;
            let mut again = (*one).clone();
            if self.state.told.is_taken(&one.record.id) {
                again.record.id = Bytes::from(self.random::<16>()?);
                again.bytes = again.record.write()?;
                self.state.told.renewed(&one.record.id, &again);
            }
            self.state.told.waits(&again.record);
            self.records.push(again);
        }
        Ok(())
    }

    /// Leaves a change of a row to be written behind the round.
    pub(crate) fn change(&mut self, change: RowChange) {
        self.rows.push(change);
    }

    /// Does something once the round is durable.
    pub(crate) fn after(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// How much is done once the round is durable.
    pub(crate) fn effects(&self) -> usize {
        self.effects.len()
    }

    /// A commitment under a fresh salt, with what opens it.
    pub(crate) fn commitment(
        &mut self,
        path: &str,
        value: impl Into<Value>,
    ) -> Result<(Bytes, Disclosure), IssuerError> {
        let disclosure = Disclosure::new(path, self.random()?, value.into());
        Ok((disclosure.commitment()?, disclosure))
    }

    /// Records a refusal and gives what the caller is told; of one kind the first at once, those
    /// after it are counted. With an empty `about` it is told by metrics only, and so is what is
    /// our own fault.
    pub(crate) fn refusal(
        &mut self,
        act: &str,
        about: &str,
        code: Code,
    ) -> Result<Problem, IssuerError> {
        let reference = self.id()?;
        if !about.is_empty() && code.blame() != Blame::Us && !self.state.is_full() {
            self.count_refusal((act.to_owned(), code, about.to_owned()), &reference)?;
        }
        tracing::info!(act, code = code.name(), refusal.reference = reference, "refused");
        Ok(Problem::new(code, reference))
    }

    fn count_refusal(&mut self, kind: Refused, reference: &str) -> Result<(), IssuerError> {
        let (act, code, _) = &kind;
        // However many things somebody is refused about: a minute has so many records.
        let is_one_too_many = self.state.refusals.len() >= REFUSALS_MAX;
        let kind = match is_one_too_many && !self.state.refusals.is_told(&kind, 1) {
            true => (act.clone(), *code, String::new()),
            false => kind,
        };
        if self.state.refusals.is_told(&kind, 1) {
            self.state.refusals.count(&kind, reference.to_owned());
            return Ok(());
        }
        self.state.refusals.told(kind.clone());
        self.record_refusal(kind, reference.to_owned(), 1)
    }

    /// Records what was counted of refusals since they were told last.
    pub(crate) fn sum_refusals_up(&mut self) -> Result<(), IssuerError> {
        for (kind, count, reference) in self.state.refusals.due() {
            self.record_refusal(kind, reference, count)?;
        }
        Ok(())
    }

    fn record_refusal(
        &mut self,
        (act, code, about): Refused,
        reference: String,
        count: u64,
    ) -> Result<(), IssuerError> {
        self.record(Event::Refusal { code, act, about, reference, count }, Vec::new())?;
        Ok(())
    }
}
