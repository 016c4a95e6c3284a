//! Batches: many open orders that are approved as one. A batch decides nothing by itself: whoever
//! approves it approves each order in it, and is judged for each.

use crate::approver::Capacity;
use crate::authority::Authority;
use crate::id::{NamesOrder, OrderDigest, Reference};
use crate::pool::Locals;
use crate::state::{BatchState, GivenApproval, OpenOrder, OrderEnd};
use records::approval::Approval;
use records::code::Code;
use records::order::{BatchBody, Body, NamedPerson, RevokeBody};
use records::rules::ApprovalRule;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// Every batch beside one of its orders.
fn all_with(row: OrderDigest) -> RangeInclusive<(OrderDigest, OrderDigest)> {
    (row, OrderDigest([0; 32]))..=(row, OrderDigest([255; 32]))
}

impl Authority {
    /// The orders of a batch that are open at `now`, pending records counted.
    pub fn open_rows<'a>(
        &'a self,
        batch: &'a BatchBody,
        now: u64,
    ) -> impl Iterator<Item = (OrderDigest, &'a OpenOrder)> {
        let digests = batch.rows.iter().filter_map(NamesOrder::order_digest);
        digests.filter_map(move |digest| self.waiting(digest, now).ok())
    }

    /// The orders of a batch that was made, for as long as it is remembered.
    pub fn rows_of(&self, batch: OrderDigest) -> impl Iterator<Item = OrderDigest> + '_ {
        let known = self.batches.get(&batch).or_else(|| self.pending.batches.get(&batch));
        known.into_iter().flat_map(|state| state.rows.iter().copied())
    }

    /// How many orders of a batch may still become something.
    pub fn rows_left(&self, batch: OrderDigest) -> usize {
        self.batches.get(&batch).map_or(0, |state| state.left)
    }

    /// Open batches that an order stands in, those counted that are only recorded.
    pub fn batches_with(
        &self,
        row: OrderDigest,
    ) -> impl Iterator<Item = (OrderDigest, &OpenOrder)> {
        let all = self.batches_ever_with(row);
        all.filter(|(batch, _)| !self.pending.ended.contains_key(batch))
    }

    /// The same with those that are over since.
    fn batches_ever_with(
        &self,
        row: OrderDigest,
    ) -> impl Iterator<Item = (OrderDigest, &OpenOrder)> {
        let pending = self.pending.in_batches.range(all_with(row));
        let pending = pending.filter(|pair| !self.in_batches.contains(*pair));
        let all = self.in_batches.range(all_with(row)).chain(pending);
        all.filter_map(|(_, batch)| self.entry(*batch).map(|open| (*batch, open)))
    }

    /// Approvals of every batch in which an order stands or stood, whether or not they count.
    pub(crate) fn ever_given_by_batches(
        &self,
        row: OrderDigest,
    ) -> impl Iterator<Item = &GivenApproval> {
        self.batches_ever_with(row).flat_map(|(_, batch)| batch.approvals.iter())
    }

    /// Batches that an order stood in and that ended with the last of their orders.
    pub fn batches_over_with(&self, row: OrderDigest) -> impl Iterator<Item = OrderDigest> + '_ {
        let all = self.in_batches.range(all_with(row)).map(|(_, batch)| *batch);
        let carried = |batch: &OrderDigest| {
            let closed = self.closed_orders.get(batch);
            closed.is_some_and(|(_, ended)| *ended == OrderEnd::Consumed)
        };
        all.filter(move |batch| self.rows_left(*batch) == 0 && carried(batch))
    }

    /// Open batches that a newer one of the same drafter takes the place of, pending records
    /// counted: those with an order in common that nobody approved.
    pub fn batches_replaced_by(&self, batch: &BatchBody, drafter: &str) -> Vec<OrderDigest> {
        let rows = batch.rows.iter().filter_map(NamesOrder::order_digest);
        let all: BTreeSet<OrderDigest> =
            rows.flat_map(|row| self.batches_with(row).map(|(batch, _)| batch)).collect();
        let replaced = |one: &OrderDigest| {
            let given = self.pending.given.get(one).is_some_and(|given| !given.is_empty());
            let open = self.entry(*one).filter(|_| !given);
            open.is_some_and(|open| self.gives_way((*one, open), (batch, drafter)))
        };
        all.into_iter().filter(replaced).collect()
    }

    /// Whether a batch that nobody approved has a drafter and an order in common with a newer one.
    pub(crate) fn gives_way(
        &self,
        (digest, open): (OrderDigest, &OpenOrder),
        (batch, drafter): (&BatchBody, &str),
    ) -> bool {
        let stands = |row: OrderDigest| {
            let pair = (row, digest);
            self.in_batches.contains(&pair) || self.pending.in_batches.contains(&pair)
        };
        // What its drafter signed, row by row, gives way to nothing that a portal says.
        let signed = matches!(&*open.body, Body::Batch(old) if self.drafted_all(old, drafter));
        let mut rows = batch.rows.iter().filter_map(NamesOrder::order_digest);
        let is_theirs = open.read.drafter == drafter && !signed;
        is_theirs && open.approvals.is_empty() && rows.any(stands)
    }

    /// Every approval that a batch brings to an order, if it counts for that order.
    pub(crate) fn given_by_batches(
        &self,
        row: OrderDigest,
        now: u64,
    ) -> impl Iterator<Item = &GivenApproval> {
        let open = self.batches_with(row).filter(move |(_, batch)| batch.expires >= now);
        open.flat_map(|(_, batch)| batch.approvals.iter())
    }

    /// Every order in it is of the kind that it names, some are open, and no rule asks since for
    /// more of them to be opened.
    pub(crate) fn batch_fits(&self, batch: &BatchBody) -> Result<(), Code> {
        let mut open = false;
        for digest in batch.rows.iter().filter_map(NamesOrder::order_digest) {
            let Some(row) = self.entry(digest) else { continue };
            open |= !self.pending.ended.contains_key(&digest);
            if (row.body.kind(), row.body.action()) != (batch.of.as_str(), batch.action.as_str()) {
                return Err(Code::StateConflict);
            }
        }
        let fewer = batch.sample < self.sample_size(&batch.of, batch.rows.len());
        match open {
            true if fewer => Err(Code::StateConflict),
            true => Ok(()),
            false => Err(Code::OrderConsumed),
        }
    }

    /// Everything as which a person may decide about each open order of a batch: none is about
    /// them, each is in their scope, none was drafted by them, and they speak for one and the same
    /// in all of them. About what a brake takes away and is elsewhere by now others decide: it
    /// holds up nothing that stands beside it, and is judged by itself.
    pub(crate) fn capacities_of_all(
        &self,
        person: &str,
        batch: &BatchBody,
        now: u64,
    ) -> Result<Vec<Capacity>, Code> {
        let (mut all, mut elsewhere) = (None, Vec::new());
        for (_, row) in self.open_rows(batch, 0) {
            let each = self.capacities(person, (&row.read, &row.body), now);
            match self.is_elsewhere(row) {
                true => elsewhere.push(each),
                false => retain_common(&mut all, each?)?,
            }
        }
        let is_beside = all.is_some();
        for each in elsewhere {
            match each {
                Ok(_) | Err(Code::ApproverScope | Code::ApproverRole) if is_beside => {}
                each => retain_common(&mut all, each?)?,
            }
        }
        all.ok_or(Code::OrderConsumed)
    }

    /// Whether what a brake takes away has another unit than when its order was made: whoever is
    /// transferred between two approvals, a unit or a system that moves.
    pub(crate) fn is_elsewhere(&self, row: &OpenOrder) -> bool {
        if !row.body.takes_away() {
            return false;
        }
        let unit_of = |system: &str| self.system(system).map(|known| known.unit.as_str());
        let (was, is) = match &*row.body {
            Body::System(body) => (Some(body.unit.as_str()), unit_of(&body.system)),
            Body::Revoke(RevokeBody { system: Some(of), .. }) => {
                (Some(of.unit.as_str()), unit_of(&of.system))
            }
            Body::Unit(body) => {
                let known = self.unit(&body.unit).and_then(|known| known.parent.as_deref());
                (Some(body.parent.as_str()), known)
            }
            body => {
                let named = |one: &&NamedPerson| Some(one.person.as_str()) == body.person();
                let was = row.read.basis.people.iter().find(named).map(|one| one.unit.as_str());
                let is = body.person().and_then(|person| self.person(person));
                (was, is.map(|person| person.unit.as_str()))
            }
        };
        was.is_some() && is.is_some() && was != is
    }

    /// Whether some open order of a batch lacks an officer of its own unit among those who decided.
    pub(crate) fn row_lacks_local(&self, batch: &BatchBody, one: &Capacity, now: u64) -> bool {
        let mut locals = Locals::default();
        self.open_rows(batch, 0).any(|(digest, row)| {
            let counting = self.counting(digest, now).into_iter();
            let mut decided: Vec<Capacity> = counting.map(|(one, _)| one).collect();
            decided.push(one.clone());
            self.lacks_local(&decided, (&row.read, &row.body), &mut locals)
        })
    }

    /// The rules of all open orders of a batch, each once.
    pub(crate) fn rules_for_all(&self, batch: &BatchBody) -> Result<Vec<ApprovalRule>, Code> {
        let mut rules: Vec<ApprovalRule> = Vec::new();
        for row in self.open_rows(batch, 0).map(|(_, row)| row) {
            for rule in self.rules_for(&row.body)? {
                if !rules.contains(&rule) {
                    rules.push(rule);
                }
            }
        }
        Ok(rules)
    }

    /// How many orders of a batch of so many of a kind each approver has to open today.
    pub fn sample_size(&self, kind: &str, rows: usize) -> u16 {
        self.rules.approvals.rule(kind).map_or(0, |rule| rule.sample_of(rows))
    }

    /// Whether an approval names just the orders that its person had to open, in the order of the
    /// batch, and names none where no batch is approved: nothing more is said to be opened.
    pub(crate) fn has_opened(
        &self,
        (approval, person): (&Approval, &str),
        (digest, body): (OrderDigest, &Body),
    ) -> Result<(), Code> {
        let Body::Batch(batch) = body else {
            return if approval.opened.is_none() { Ok(()) } else { Err(Code::Malformed) };
        };
        let opened = approval.opened.as_ref().map_or(&[][..], |opened| &opened.0);
        let wanted = batch.to_open(&digest.0, person);
        let named: BTreeSet<&[u8]> = opened.chunks(32).collect();
        if !wanted.iter().all(|row| named.contains(&*row.0)) {
            return Err(Code::RowUnopened);
        }
        let just = wanted.iter().flat_map(|row| row.0.iter()).eq(opened);
        let said = approval.opened.is_some() != wanted.is_empty();
        if just && said { Ok(()) } else { Err(Code::Malformed) }
    }

    pub(crate) fn add_batch(&mut self, digest: OrderDigest, batch: &BatchBody) {
        let rows: Arc<[OrderDigest]> =
            batch.rows.iter().filter_map(NamesOrder::order_digest).collect();
        let open = rows.iter().filter(|row| self.orders.contains_key(*row));
        let left = open.count();
        self.in_batches.extend(rows.iter().map(|row| (*row, digest)));
        self.batches.insert(digest, BatchState { rows, left });
    }

    pub(crate) fn forget_batch(&mut self, digest: OrderDigest) {
        let Some(state) = self.batches.remove(&digest) else { return };
        for row in &*state.rows {
            self.in_batches.remove(&(*row, digest));
        }
    }

    pub(crate) fn notice_batch(&mut self, digest: OrderDigest, batch: &BatchBody) {
        let rows: Arc<[OrderDigest]> =
            batch.rows.iter().filter_map(NamesOrder::order_digest).collect();
        self.pending.in_batches.extend(rows.iter().map(|row| (*row, digest)));
        self.pending.batches.insert(digest, BatchState { left: rows.len(), rows });
    }

    /// An order is over: a batch of which every order is over, is over as well.
    pub(crate) fn row_ended(&mut self, row: OrderDigest) {
        let pairs: Vec<_> = self.in_batches.range(all_with(row)).copied().collect();
        for (_, batch) in &pairs {
            let Some(state) = self.batches.get_mut(batch) else { continue };
            state.left = state.left.saturating_sub(1);
            if state.left == 0 {
                self.close(*batch, OrderEnd::Consumed);
            }
        }
    }

    /// What ends a batch before it was approved ends the orders in it that are open.
    pub(crate) fn end_rows(&mut self, rows: Vec<OrderDigest>, ended: OrderEnd) {
        for row in rows {
            if ended == OrderEnd::Rejected
                && let Some(reference) = self.reference_of(row)
                && let Some(letter) = self.letters.get_mut(&reference)
            {
                Arc::make_mut(letter).rejected = true;
            }
            self.close(row, ended);
        }
    }

    pub(crate) fn notice_rows_ended(&mut self, rows: Vec<OrderDigest>, ended: OrderEnd) {
        for row in rows {
            if self.entry(row).is_none() {
                continue;
            }
            if ended == OrderEnd::Rejected {
                let reference = self.reference_of(row);
                self.pending.rejected.extend(reference);
            }
            self.pending.ended.entry(row).or_insert(ended);
        }
    }

    /// The letter of an open order to issue.
    fn reference_of(&self, row: OrderDigest) -> Option<Reference> {
        match &*self.entry(row)?.body {
            Body::Issue(issue) => issue.reference.as_deref().and_then(Reference::read),
            _ => None,
        }
    }
}

/// Leaves of what somebody may decide as what they may also decide the next order as.
fn retain_common(all: &mut Option<Vec<Capacity>>, each: Vec<Capacity>) -> Result<(), Code> {
    match all {
        Some(common) => common.retain(|one| each.contains(one)),
        None => *all = Some(each),
    }
    let is_none = all.as_ref().is_some_and(Vec::is_empty);
    if is_none { Err(Code::StateConflict) } else { Ok(()) }
}
