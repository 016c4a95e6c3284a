//! A city in memory in which the issuer decides: without a process, a database, a file or a clock.
//! Tests give commands, let the log take in what was recorded, and look at what came of it.

pub(crate) mod act;
mod ask;
pub(crate) mod batch;
pub(crate) mod cmp;
pub(crate) mod devices;
mod draft;
pub(crate) mod enrol;
pub(crate) mod machines;
pub(crate) mod operate;
mod place;

pub(crate) use sample_city::{SampleAnswer, SampleCity, SampleOfficer, SamplePasskey};

use crate::catch_up::{CaughtUp, Openings};
use crate::command::{Command, Reply};
use crate::context::IssuanceContext;
use crate::decide::{self, execute};
use crate::issuance::{IntentEntry, RecordedIntent};
use crate::loaded::sample::Rows;
use crate::round::{Effect, Randomness, Round};
use crate::state::State;
use crate::waits::Waits;
use authority::{Authority, OrderDigest, Serial, UnsignedClaim};
use ca_host::ProvenTime;
use keys::SoftwareSigner;
use pki::Certificate;
use records::record::{Event, Record};
use records::{Code, Disclosure};
use service::Metrics;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A city in memory, with its issuer's state and a portal, for tests of decisions.
pub(crate) struct Sample {
    /// Its people with their keys, and the time.
    pub(crate) city: SampleCity,
    pub(crate) context: Arc<IssuanceContext>,
    pub(crate) state: State,
    pub(crate) rows: Rows,
    /// Whether the clock may be believed.
    pub(crate) clock: Result<(), Code>,
    /// Everything that was recorded, oldest first.
    pub(crate) recorded: Vec<Record>,
    /// How many of them the tree holds.
    in_tree: usize,
    /// What opens the commitments of records.
    pub(crate) opened: Vec<Disclosure>,
    /// What was done outside of rows.
    pub(crate) effects: Vec<Effect>,
    /// The records that had no effect, each with its kind and why.
    pub(crate) unsigned: Vec<(String, Code)>,
    confirmed: Vec<RecordedIntent>,
    drawn: Arc<AtomicU64>,
}

/// Draws a new P-256 key.
pub(crate) fn key() -> SoftwareSigner {
    SoftwareSigner::generate_p256().unwrap()
}

impl Sample {
    /// What follows from what was recorded.
    pub(crate) fn authority(&self) -> &Authority {
        self.state.authority()
    }

    /// Lets so many seconds pass.
    pub(crate) fn pass(&mut self, seconds: u64) {
        self.city.now += seconds;
    }

    /// The time as rounds believe it.
    pub(crate) fn time(&self) -> ProvenTime {
        let last = self.state.followed.last_time;
        let proven = if self.clock.is_ok() { self.city.now } else { last };
        let time = (self.city.now * 1_000_000, self.clock);
        ProvenTime::new(time, (proven, last), self.context.clock_guard.ahead_max())
    }

    /// One round; what it leaves is kept as if its commit were durable.
    pub(crate) fn round<T>(
        &mut self,
        (commands, orders): (&[Command], &[OrderDigest]),
        run: impl FnOnce(&mut Round<'_>) -> T,
    ) -> T {
        let context = self.context.clone();
        let loaded = self.rows.load(&self.state, commands, orders);
        let mut random = self.randomness();
        let mut state = self.state.clone();
        let time = self.time();
        state.at_second(self.city.now);
        let mut round = Round::new(&context, &loaded, state, time, &mut *random);
        round.again().unwrap();
        let value = run(&mut round);
        let written = round.finish();
        self.state = written.state;
        for record in written.records {
            self.recorded.push(Record::read(&record.bytes).unwrap());
            self.opened.extend(record.disclosures);
        }
        written.rows.into_iter().for_each(|change| self.rows.keep(change));
        self.effects.extend(written.effects);
        value
    }

    /// Bytes that nobody drew before, the same at every run.
    pub(crate) fn randomness(&self) -> Box<Randomness> {
        let drawn = self.drawn.clone();
        Box::new(move |bytes| {
            for chunk in bytes.chunks_mut(32) {
                let count = drawn.fetch_add(1, Ordering::Relaxed);
                let block = Sha256::digest(count.to_be_bytes());
                chunk.copy_from_slice(block.split_at(chunk.len()).0);
            }
            Ok(())
        })
    }

    /// Decides a command in a round of its own; gives what whoever asked is told.
    pub(crate) fn decide<T>(
        &mut self,
        command: impl FnOnce(Reply<T>) -> Command,
    ) -> Result<T, Code> {
        let (reply, mut told) = Reply::open();
        let commands = [command(reply)];
        let answer = self.round((&commands, &[]), |round| {
            let [command] = &commands;
            decide::command::command(round, command, &Metrics::default())
        });
        answer(self.state.size_to_come());
        let told = told.try_recv().unwrap();
        told.map(|outcome| outcome.value).map_err(|error| error.code())
    }

    /// Carries out what has its approvals; gives why something cannot be done now.
    pub(crate) fn execute(&mut self) -> Option<Code> {
        let orders = execute::chosen(&self.state, &BTreeSet::new(), 512);
        let failed = self.round((&[], &orders), |round| execute::execute(round, orders.clone()));
        failed.map(|error| error.code())
    }

    /// The tree takes in what waits: what was noticed is forgotten, and applied.
    pub(crate) fn sequence(&mut self) {
        let mut caught = self.caught_up();
        let waiting = self.recorded.get(self.in_tree..).unwrap().to_vec();
        let openings = self.openings(&waiting);
        caught.state.forget_pending();
        let mut effects = Vec::new();
        for record in &waiting {
            let followed = &mut caught.state.followed;
            followed.edge.append(Sha256::digest(record.write().unwrap()).into());
            if record.proves_time() {
                followed.last_time = followed.last_time.max(record.unix());
            }
            effects.push(followed.authority.apply_judged(record));
        }
        for (record, effect) in waiting.iter().zip(effects) {
            let effect = effect.as_ref().map(Option::as_ref).map_err(|unsigned| *unsigned);
            if caught.apply_effects(record, effect, &openings) {
                let intent = confirmed(&caught.state, record);
                caught.confirmed.extend(intent);
            }
        }
        self.in_tree = self.recorded.len();
        caught.state.feel_told();
        self.state = caught.state;
        caught.rows.into_iter().for_each(|change| self.rows.keep(change));
        self.effects.extend(caught.effects);
        self.unsigned.extend(caught.unsigned);
        self.confirmed.extend(caught.confirmed);
    }

    /// The tree takes in what waits of some kind and gives it no effect: a hand had it come behind
    /// something that it does not hold behind.
    pub(crate) fn sequence_without_effect(&mut self, which: impl Fn(&Event) -> bool) {
        let waiting = self.recorded.split_off(self.in_tree);
        let (lost, stays): (Vec<Record>, Vec<Record>) =
            waiting.into_iter().partition(|record| which(&record.event));
        self.recorded.extend(stays);
        let mut caught = self.caught_up();
        caught.state.forget_pending();
        for record in &lost {
            let kind = record.event.kind();
            let unsigned = UnsignedClaim { kind, code: Code::ApproverRevoked };
            caught.apply_effects(record, Err(unsigned), &Openings::new());
        }
        self.state = caught.state;
        for record in self.recorded.get(self.in_tree..).unwrap() {
            self.state.notice(record);
        }
        self.state.feel_told();
    }

    fn caught_up(&self) -> CaughtUp {
        CaughtUp {
            state: self.state.clone(),
            rows: Vec::new(),
            effects: Vec::new(),
            confirmed: Vec::new(),
            unsigned: Vec::new(),
            without_bytes: Vec::new(),
            is_uncopied: false,
        }
    }

    /// What waits for the tree.
    pub(crate) fn waiting(&self) -> &[Record] {
        self.recorded.get(self.in_tree..).unwrap()
    }

    /// Somebody takes records out of those that wait, and the writer looks again.
    pub(crate) fn take_away(&mut self, lost: impl Fn(&Event) -> bool) {
        let waiting = self.recorded.split_off(self.in_tree);
        self.recorded.extend(waiting.into_iter().filter(|record| !lost(&record.event)));
        self.state.forget_pending();
        for record in self.recorded.get(self.in_tree..).unwrap() {
            self.state.notice(record);
        }
        self.state.feel_told();
    }

    /// Somebody has records that wait come behind all others.
    pub(crate) fn put_behind(&mut self, which: impl Fn(&Event) -> bool) {
        let waiting = self.recorded.split_off(self.in_tree);
        let (behind, before): (Vec<Record>, Vec<Record>) =
            waiting.into_iter().partition(|record| which(&record.event));
        self.recorded.extend(before.into_iter().chain(behind));
    }

    /// Somebody puts another record in the place of one that waits, under its id.
    pub(crate) fn exchange(&mut self, id: &records::Bytes) {
        let other = self.recorded.first().unwrap().event.clone();
        for record in self.recorded.get_mut(self.in_tree..).unwrap() {
            if record.id == *id {
                record.event = other.clone();
            }
        }
    }

    /// What people who left still have is revoked, as a round does that anything began.
    pub(crate) fn leave(&mut self) -> bool {
        self.round((&[], &[]), decide::leave::leave).unwrap()
    }

    /// What systems still have that are over is revoked, as a round does that anything began.
    pub(crate) fn end_systems(&mut self) -> bool {
        self.round((&[], &[]), decide::system::end).unwrap()
    }

    fn openings(&self, waiting: &[Record]) -> Openings {
        let opened = |record: &Record| {
            let Event::Enacted { order, .. } = &record.event else { return None };
            let digest = order.digest().map(OrderDigest)?;
            Some((digest, self.rows.orders.get(&digest)?.disclosures.clone()))
        };
        waiting.iter().filter_map(opened).collect()
    }

    /// Signs what the tree holds, as far as nothing stopped it since, and records the certificates.
    pub(crate) fn sign(&mut self) -> Vec<Certificate> {
        let confirmed = std::mem::take(&mut self.confirmed);
        let unsigned = std::mem::take(&mut self.unsigned);
        let waits = Waits { confirmed, unsigned, left_behind: Vec::new() };
        let (to_sign, waits) = self.round((&[], &[]), |round| waits.settle(round)).unwrap();
        self.confirmed = waits.confirmed;
        let sign = |intent: RecordedIntent| {
            let signed = intent.sign(&self.context.issuing, &authority::Signatures::new()).unwrap();
            self.round((&[], &[]), |round| decide::result::result(round, &signed)).unwrap();
            signed.certificate().clone()
        };
        to_sign.into_iter().map(sign).collect()
    }

    /// What a crash left without a result is settled.
    pub(crate) fn settle_left_behind(&mut self, serial: Serial) {
        self.confirmed.retain(|intent| intent.serial() != serial);
        let left_behind = vec![serial];
        let waits = Waits { confirmed: Vec::new(), unsigned: Vec::new(), left_behind };
        self.round((&[], &[]), |round| waits.settle(round)).unwrap();
    }

    /// Supersedes what is due, as a round does that somebody's command or the clock began.
    pub(crate) fn supersede(&mut self) -> bool {
        self.round((&[], &[]), decide::supersede::supersede).unwrap()
    }

    /// Somebody else records something, as the status service records a loss.
    pub(crate) fn notice(&mut self, event: Event) {
        let record = self.city.record(event);
        self.state.notice(&record);
        self.recorded.push(record);
    }

    /// The newest order that was made.
    pub(crate) fn newest_order(&self) -> OrderDigest {
        let digest = |record: &Record| match &record.event {
            Event::Order { order, .. } => Some(OrderDigest::of(&order.0)),
            _ => None,
        };
        self.recorded.iter().rev().find_map(digest).unwrap()
    }

    /// Whether an order is open, or what became of it.
    pub(crate) fn became_of(&self, order: OrderDigest) -> Result<(), Code> {
        self.authority().open(order, self.city.now).map(drop)
    }

    /// An order's id for people.
    pub(crate) fn order_id(&self, digest: OrderDigest) -> String {
        let id = |record: &Record| match &record.event {
            Event::Order { order, .. } if OrderDigest::of(&order.0) == digest => {
                Some(records::Order::read(&order.0).unwrap().order)
            }
            _ => None,
        };
        self.recorded.iter().find_map(id).unwrap()
    }

    /// Every refusal that was recorded: act, what it was about, code.
    pub(crate) fn refusals(&self) -> Vec<(&str, &str, Code)> {
        fn refusal(record: &Record) -> Option<(&str, &str, Code)> {
            match &record.event {
                Event::Refusal { act, about, code, .. } => Some((act, about, *code)),
                _ => None,
            }
        }
        self.recorded.iter().filter_map(refusal).collect()
    }

    /// The same with how many each stands for.
    pub(crate) fn counted_refusals(&self) -> Vec<(&str, &str, Code, u64)> {
        fn refusal(record: &Record) -> Option<(&str, &str, Code, u64)> {
            match &record.event {
                Event::Refusal { act, about, code, count, .. } => Some((act, about, *code, *count)),
                _ => None,
            }
        }
        self.recorded.iter().filter_map(refusal).collect()
    }

    /// A round without commands, when time passed.
    pub(crate) fn sum_up(&mut self) {
        self.round((&[], &[]), |round| round.sum_refusals_up()).unwrap();
    }

    /// How many records of a kind there are.
    pub(crate) fn count(&self, kind: &str) -> usize {
        self.recorded.iter().filter(|record| record.event.kind() == kind).count()
    }
}

/// The intent of a record that the tree holds now.
fn confirmed(state: &State, record: &Record) -> Option<RecordedIntent> {
    let (Event::Intent { serial, .. }
    | Event::Used { serial, .. }
    | Event::Joined { serial, .. }
    | Event::MachineUse { serial, .. }
    | Event::MachineEnrolled { serial, .. }) = &record.event
    else {
        return None;
    };
    let serial = Serial::read(serial)?;
    let entry = IntentEntry::unfinished(state.authority(), serial)?;
    RecordedIntent::confirmed(&entry, state.issuances.get(&serial)?)
}
