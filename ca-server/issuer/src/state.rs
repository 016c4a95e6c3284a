//! What decides: authority at the head that was followed, with what is recorded since. A value: a
//! round works on a copy, and the writer takes the copy over when its commit is durable, never
//! before.

use crate::answered_brakes::AnsweredBrakes;
use crate::command::Caller;
use crate::error::IssuerError;
use crate::expiring::{Expiring, HOUR, Rates};
use crate::issuance::PendingIssuance;
use crate::reported::ReportedOnce;
use authority::{Authority, OrderDigest, Serial};
use ca_store::intake::Extent;
use ca_store::replay::{Followed, LOG};
use ca_store::table::number;
use imbl::{OrdMap, OrdSet};
use records::letter::CHALLENGE_SECONDS;
use records::record::Event;
use records::withdrawal::WithdrawnStatement;
use records::{Bytes, Code};
use service::Tally;
use std::sync::Arc;
use store::Tx;

/// Who makes the records of this role.
pub(crate) const MAKER: &str = "issuer";

/// A kind of refusals: what was asked for, why not, about what.
pub(crate) type Refused = (String, Code, String);

/// The issuer's state: authority at the head of the log, and what the writer remembers beside it.
#[derive(Clone)]
pub(crate) struct State {
    /// Authority and tree; what is recorded and not in the tree is noticed in it.
    pub(crate) followed: Followed,
    /// Position of the newest pending record that was noticed.
    pub(crate) pending_seen: i64,
    /// Records that are noticed and not in the tree.
    pub(crate) pending_count: u64,
    /// Rows among them that are no record, which the sequencer drops.
    pub(crate) pending_none: u64,
    /// Orders that got an approval since they were last looked at.
    pub(crate) ready: OrdSet<OrderDigest>,
    /// What was told as done and only takes away, until the tree has it.
    pub(crate) told: AnsweredBrakes,
    /// Whether a brake of ours waits that was never told.
    pub(crate) is_unadopted: bool,
    /// What was told as revoked and came into the tree without effect, and why it was revoked.
    pub(crate) undone: OrdMap<Serial, String>,
    /// Orders that were told as declined or taken back and that the tree has open all the same:
    /// none of them is carried out.
    pub(crate) over: OrdSet<OrderDigest>,
    /// How often those of them were tried that could not be carried out.
    pub(crate) in_vain: OrdMap<OrderDigest, u32>,
    /// Intents whose bytes this process holds, until they have a result.
    pub(crate) issuances: OrdMap<Serial, Arc<PendingIssuance>>,
    /// Those that the signer has.
    pub(crate) signing: OrdSet<Serial>,
    /// Whether a revocation waits for its list.
    pub(crate) list_due: bool,
    /// How often something changed that people snapshots tell of.
    pub(crate) people_change: u64,
    /// Which of these changes was the last that only takes away.
    pub(crate) people_taken: u64,
    /// Whether something was taken away since the floor was last raised.
    pub(crate) withdrew: bool,
    /// Refusals that are recorded once.
    pub(crate) reported: ReportedOnce,
    /// Serial numbers whose results are recorded and wait for the tree.
    pub(crate) results: OrdSet<Serial>,
    /// Refusals that were recorded, and those after them that are counted.
    pub(crate) refusals: Tally<Refused, String>,
    /// Who had how much made within an hour.
    rates: Rates,
    /// Challenges that refused submissions used up, until they would have expired.
    challenges: Expiring<[u8; 32], ()>,
}

impl State {
    /// The state at a head, before anything pending was noticed.
    pub(crate) fn at(followed: Followed) -> Self {
        let waiting = followed.authority.open_orders().filter(|(_, open)| {
            !open.approvals.is_empty() || followed.authority.carries_itself(&open.body)
        });
        let ready = waiting.flat_map(|(digest, _)| readied(&followed.authority, digest));
        Self {
            ready: ready.collect(),
            told: AnsweredBrakes::default(),
            is_unadopted: false,
            undone: OrdMap::new(),
            over: OrdSet::new(),
            in_vain: OrdMap::new(),
            followed,
            pending_seen: 0,
            pending_count: 0,
            pending_none: 0,
            issuances: OrdMap::new(),
            signing: OrdSet::new(),
            list_due: true,
            people_change: 0,
            people_taken: 0,
            withdrew: false,
            reported: ReportedOnce::nothing(),
            results: OrdSet::new(),
            refusals: Tally::default(),
            rates: Rates::begin(),
            challenges: Expiring::new(),
        }
    }

    /// Who and what may decide.
    pub(crate) fn authority(&self) -> &Authority {
        &self.followed.authority
    }

    /// Size of the tree when everything that is recorded now stands in it.
    pub(crate) fn size_to_come(&self) -> u64 {
        self.followed.edge.size() + self.pending_count
    }

    /// What is told on `/readyz` of the records that wait for the tree: somebody has to look at the
    /// log before nothing but brakes is recorded.
    pub(crate) fn waiting_told(&self) -> &'static str {
        match self.pending_count {
            0..PENDING_NEARLY => "",
            PENDING_NEARLY..PENDING_MAX => "nearly full: the log takes nothing in",
            PENDING_MAX.. => "full: the log takes nothing in, only brakes are recorded",
        }
    }

    /// Whether only brakes are recorded until the log goes on.
    pub(crate) fn is_full(&self) -> bool {
        self.pending_count >= PENDING_MAX
    }

    /// Whether nothing is committed that is not in it: neither an entry of the tree nor a record
    /// that waits.
    pub(crate) async fn holds_all(&self, tx: &mut Tx) -> Result<bool, IssuerError> {
        let extent = ca_store::intake::extent(tx, LOG).await?;
        // A head below the one that was followed hides something: nothing is answered from it.
        let reach = self.followed.edge.size()..=self.size_to_come();
        Ok(reach.contains(&extent.size) && self.has_noticed(&extent))
    }

    /// Whether every row that waits was noticed, also one that stands below another's position.
    pub(crate) fn has_noticed(&self, extent: &Extent) -> bool {
        let known = number(self.followed.edge.size()) + self.rows_seen();
        extent.newest <= self.pending_seen && number(extent.size) + extent.rows <= known
    }

    /// Whether a row that was noticed is neither in the tree nor waits any more.
    pub(crate) fn misses(&self, extent: &Extent) -> bool {
        number(extent.size) + extent.rows < number(self.followed.edge.size()) + self.rows_seen()
    }

    /// Rows that were noticed.
    pub(crate) fn rows_seen(&self) -> i64 {
        number(self.pending_count + self.pending_none)
    }

    /// Whether a challenge was used up.
    pub(crate) fn is_challenge_used(&self, sha256: &[u8; 32]) -> bool {
        self.challenges.get(sha256).is_some() || self.authority().is_challenge_used(sha256)
    }

    /// Uses a challenge up, whatever becomes of the submission.
    pub(crate) fn use_challenge(&mut self, sha256: [u8; 32], now: u64) {
        self.challenges.keep(sha256, (), (now, now + CHALLENGE_SECONDS + 1));
        self.challenges.keep_at_most(CHALLENGES_MAX);
    }
}

/// Challenges that are remembered as used. A challenge lasts for a day, and whoever has a letter
/// draws as many as they like: of what was accepted the log knows, and what was refused and is
/// forgotten is refused again.
const CHALLENGES_MAX: usize = 100_000;
/// Orders that one letter, or one officer for passkeys, may have made within an hour. Each is some
/// kilobytes of the log for ever.
pub(crate) const DRAFTS_MAX: u32 = 60;
/// Rows that somebody has looked at within an hour through one portal, whatever became of them:
/// twenty of the largest batches.
pub(crate) const ROWS_OF_HOUR_MAX: u32 = 40_000;

impl State {
    /// Moves on to a time in which refusals and acts are counted, in seconds of what never goes
    /// back: no clock that moves gives anybody more of them, or keeps anybody waiting.
    pub(crate) fn at_second(&mut self, seconds: u64) {
        self.told.at_round();
        self.refusals.at(seconds);
        self.rates.at(seconds);
    }

    /// Counts an order that somebody has made, unless they had too many made within an hour.
    pub(crate) fn draft(&mut self, drafter: &str) -> Result<(), Code> {
        self.allow(drafter, DRAFTS_MAX, 1)
    }

    /// Counts so much of what costs for ever, unless there was too much of it within an hour.
    pub(crate) fn allow(&mut self, what: &str, most: u32, by: u32) -> Result<(), Code> {
        self.allow_within(what, (most, HOUR), by)
    }

    /// The same within a time of its own.
    pub(crate) fn allow_within(
        &mut self,
        what: &str,
        (most, seconds): (u32, u64),
        by: u32,
    ) -> Result<(), Code> {
        match self.rates.count(what, (most, seconds), by) {
            true => Ok(()),
            false => Err(Code::TooManyTries),
        }
    }

    /// Counts rows that somebody has looked at through a portal, unless they had too many within an
    /// hour.
    pub(crate) fn allow_rows(
        &mut self,
        (what, caller, person): &(&str, &Caller, String),
        rows: usize,
    ) -> Result<(), Code> {
        let who = format!("{what}:{}:{person}", Bytes::from(caller.key_sha256));
        self.allow(&who, ROWS_OF_HOUR_MAX, u32::try_from(rows).unwrap_or(u32::MAX))
    }

    /// How much of something was counted within its time.
    pub(crate) fn counted(&self, what: &str) -> u32 {
        self.rates.counted(what)
    }

    /// Forgets of orders that were tried in vain those that are not ready any more.
    pub(crate) fn forget_in_vain(&mut self) {
        let ready = &self.ready;
        let waits = self.in_vain.iter().filter(|(digest, _)| ready.contains(*digest));
        self.in_vain = waits.map(|(digest, tries)| (*digest, *tries)).collect();
    }
}

/// What an approval may make ready: the order, or every open order of the batch.
pub(crate) fn readied(authority: &Authority, approved: OrderDigest) -> Vec<OrderDigest> {
    let mut rows = authority.rows_of(approved).peekable();
    match rows.peek() {
        Some(_) => rows.filter(|row| authority.open(*row, 0).is_ok()).collect(),
        None => vec![approved],
    }
}

/// Most records that wait for the tree, but for those of brakes; from the second number on it is
/// told.
pub(crate) const PENDING_MAX: u64 = ca_store::intake::PENDING_MAX;
const PENDING_NEARLY: u64 = 80_000;

impl State {
    /// Forgets what waited: the tree grew, and what still waits is noticed anew.
    pub(crate) fn forget_pending(&mut self) {
        self.followed.authority.forget_pending();
        (self.pending_seen, self.pending_count, self.pending_none) = (0, 0, 0);
        self.told.forget();
        self.results = OrdSet::new();
    }

    /// Feels what was told and neither the tree nor the queue has: whoever takes a record away
    /// takes nothing back, nor does whoever has an approval come before its order.
    pub(crate) fn feel_told(&mut self) {
        self.settle_approvals();
        for one in self.told.unfelt() {
            tracing::warn!(record = %one.record.id, "told, and not in the log: recorded again");
            self.feel(&one.record);
        }
        for one in self.told.in_vain() {
            if !self.authority().is_of_brake(&one.record.event) {
                self.told.let_go(&one.record.id);
            }
        }
    }

    /// Lets go of approvals that need no other record. Where an order vanished as well, it is felt
    /// before them.
    fn settle_approvals(&mut self) {
        let in_vain = self.told.in_vain();
        if in_vain.is_empty() {
            return;
        }
        let orders: OrdSet<OrderDigest> = self.told.orders().collect();
        for one in in_vain {
            let Event::Approval { approval, .. } = &one.record.event else { continue };
            let order = approval.order.digest().map(OrderDigest);
            let waits = order.is_some_and(|order| orders.contains(&order));
            if !waits && self.authority().is_settled_approval(approval) {
                self.told.let_go(&one.record.id);
            }
        }
    }

    /// Notes that a certificate was issued: nothing more is to be signed for it.
    pub(crate) fn note_issued(&mut self, serial: &str) {
        if let Some(serial) = Serial::read(serial) {
            self.issuances.remove(&serial);
            self.signing.remove(&serial);
        }
    }

    /// Notes of a record without effect what it was told to take away: whoever has it come behind
    /// something that it does not hold behind takes nothing back.
    pub(crate) fn note_undone(&mut self, record: &records::Record, was_told: bool) {
        if !was_told {
            return;
        }
        let undone = self.authority().taken_away(&record.event);
        self.undone.extend(undone);
        if let Some(order) = ended(&record.event) {
            self.end_undone(order);
        }
    }

    /// Has an order carried out by nobody, nor what stands in it if it is a batch.
    pub(crate) fn end_undone(&mut self, order: OrderDigest) {
        let rows: Vec<OrderDigest> = self.authority().rows_of(order).collect();
        self.over.extend(rows.into_iter().chain([order]));
    }

    /// Takes notice of a record that is not in the tree: what it takes away counts at once; a
    /// revocation wants its list, an approved brake its order, and gates hear of who went.
    pub(crate) fn notice(&mut self, record: &records::Record) {
        self.pending_count += 1;
        self.told.waits(record);
        self.feel(record);
    }

    /// The same of one that waits in the queue: whether it is a brake of ours that was never told,
    /// only who reads it there can say.
    pub(crate) fn notice_waiting(&mut self, record: &records::Record) {
        self.notice(record);
        let is_own = record.maker == MAKER && self.authority().is_of_brake(&record.event);
        self.is_unadopted |= is_own && !self.told.has(&record.id);
    }

    fn feel(&mut self, record: &records::Record) {
        match &record.event {
            Event::Enacted { order, .. } => {
                let open = self.authority().open(order, 0);
                if open.is_ok_and(|(_, body)| body.closes_at_gates()) {
                    self.people_change += 1;
                    self.people_taken = self.people_change;
                }
            }
            Event::Revoked { .. } | Event::Suspended { .. } => self.list_due = true,
            Event::Issued { serial, .. } if self.authority().is_result(&record.event) => {
                self.results.extend(Serial::read(serial));
            }
            Event::Approval { approval, .. } => {
                let approved = approval.order.digest().map(OrderDigest);
                let authority = &self.followed.authority;
                let mut ready = approved.map_or_else(Vec::new, |order| readied(authority, order));
                // Where the tree has to hold it first, it is looked at when the tree does.
                let open = |one: &OrderDigest| authority.open(*one, 0).ok();
                ready.retain(|one| open(one).is_none_or(|(_, body)| body.takes_away()));
                self.ready.extend(ready);
            }
            _ => {}
        }
        self.followed.authority.notice(record);
    }
}

/// The order that a record declines or takes back.
pub(crate) fn ended(event: &Event) -> Option<OrderDigest> {
    let order = match event {
        Event::Declined { decline, .. } => decline.read().ok()?.order,
        Event::Withdrawn { statement, .. } => {
            records::json::read::<WithdrawnStatement>(&statement.0).ok()?.order
        }
        _ => return None,
    };
    order.digest().map(OrderDigest)
}
