//! Batches: many open orders that are approved as one. A batch decides nothing by itself: whoever
//! approves it approves each order in it, and is judged for each.

use crate::approver::Capacity;
use crate::authority::Authority;
use crate::id::{NamesOrder, OrderDigest, Reference};
use crate::state::{BatchState, Ended, GivenApproval, OpenOrder};
use records::approval::Approval;
use records::code::Code;
use records::order::{BatchBody, Body};
use records::rules::ApprovalRule;
use std::sync::Arc;

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
    pub(crate) fn batches_with(&self, row: OrderDigest) -> impl Iterator<Item = &OpenOrder> {
        let range = (row, OrderDigest([0; 32]))..=(row, OrderDigest([255; 32]));
        let pending = self.pending.in_batches.range(range.clone());
        let pending = pending.filter(|pair| !self.in_batches.contains(*pair));
        let all = self.in_batches.range(range).chain(pending);
        all.filter_map(|(_, batch)| {
            let is_over = self.pending.ended.contains_key(batch);
            self.entry(*batch).filter(|_| !is_over)
        })
    }

    /// Batches that an order stood in and in which no order is open any more.
    pub fn batches_over_with(&self, row: OrderDigest) -> impl Iterator<Item = OrderDigest> + '_ {
        let range = (row, OrderDigest([0; 32]))..=(row, OrderDigest([255; 32]));
        let all = self.in_batches.range(range).map(|(_, batch)| *batch);
        all.filter(|batch| self.rows_left(*batch) == 0 && !self.orders.contains_key(batch))
    }

    /// An open batch in which an order stands.
    pub fn batch_of(&self, row: OrderDigest) -> Option<&OpenOrder> {
        self.batches_with(row).next()
    }

    /// How many open batches an order stands in.
    pub fn batches_of(&self, row: OrderDigest) -> usize {
        self.batches_with(row).count()
    }

    /// Whether an order stands in a batch that can still be approved.
    pub fn is_in_batch(&self, row: OrderDigest, now: u64) -> bool {
        self.batches_with(row).any(|batch| batch.expires >= now)
    }

    /// Every approval that a batch brings to an order, if it counts for that order.
    pub(crate) fn given_by_batches(
        &self,
        row: OrderDigest,
        now: u64,
    ) -> impl Iterator<Item = &GivenApproval> {
        let open = self.batches_with(row).filter(move |batch| batch.expires >= now);
        open.flat_map(|batch| batch.approvals.iter())
    }

    /// Every order in it is of the kind that it names, and some are open.
    pub(crate) fn batch_fits(&self, batch: &BatchBody) -> Result<(), Code> {
        let mut open = false;
        for digest in batch.rows.iter().filter_map(NamesOrder::order_digest) {
            let Some(row) = self.entry(digest) else { continue };
            open |= !self.pending.ended.contains_key(&digest);
            if (row.body.kind(), row.body.action()) != (batch.of.as_str(), batch.action.as_str()) {
                return Err(Code::StateConflict);
            }
        }
        if open { Ok(()) } else { Err(Code::OrderConsumed) }
    }

    /// As what a person may decide about each open order of a batch: none is about them, each is in
    /// their scope, none was drafted by them, and they speak for one and the same in all of them.
    pub(crate) fn may_decide_all(
        &self,
        person: &str,
        batch: &BatchBody,
        now: u64,
    ) -> Result<Capacity, Code> {
        let mut all: Option<Capacity> = None;
        for (_, row) in self.open_rows(batch, 0) {
            let one = self.may_decide(person, &row.read, &row.body, now)?;
            if all.get_or_insert_with(|| one.clone()) != &one {
                return Err(Code::StateConflict);
            }
        }
        all.ok_or(Code::OrderConsumed)
    }

    /// Whether some open order of a batch lacks an officer of its own unit among those who decided.
    pub(crate) fn row_lacks_local(&self, batch: &BatchBody, one: &Capacity, now: u64) -> bool {
        self.open_rows(batch, 0).any(|(digest, row)| {
            let counting = self.counting(digest, now).into_iter();
            let mut decided: Vec<Capacity> = counting.map(|(one, _)| one).collect();
            decided.push(one.clone());
            self.lacks_local(&decided, &row.read, &row.body)
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

    /// How many orders of a batch have to be opened before it is approved.
    pub fn sample_size(&self, body: &Body) -> u16 {
        let Body::Batch(batch) = body else { return 0 };
        self.rules.approvals.rule(&batch.of).map_or(0, |rule| rule.sample)
    }

    /// Whether an approval names every order that had to be opened, and names none where no batch
    /// is approved.
    pub(crate) fn has_opened(
        &self,
        approval: &Approval,
        digest: OrderDigest,
        body: &Body,
    ) -> Result<(), Code> {
        let Body::Batch(batch) = body else {
            return if approval.opened.is_none() { Ok(()) } else { Err(Code::Malformed) };
        };
        let sample = batch.sample(&digest.0, self.sample_size(body));
        match sample.iter().all(|row| approval.has_opened(&row.0)) {
            true => Ok(()),
            false => Err(Code::RowUnopened),
        }
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
        let range = (row, OrderDigest([0; 32]))..=(row, OrderDigest([255; 32]));
        let pairs: Vec<_> = self.in_batches.range(range).copied().collect();
        for (_, batch) in &pairs {
            let Some(state) = self.batches.get_mut(batch) else { continue };
            state.left = state.left.saturating_sub(1);
            if state.left == 0 {
                self.close(*batch, Ended::Consumed);
            }
        }
    }

    /// What ends a batch before it was approved ends the orders in it that are open.
    pub(crate) fn end_rows(&mut self, batch: OrderDigest, ended: Ended) {
        let rows: Vec<OrderDigest> = self.rows_of(batch).collect();
        for row in rows {
            if ended == Ended::Rejected
                && let Some(reference) = self.reference_of(row)
                && let Some(letter) = self.letters.get_mut(&reference)
            {
                Arc::make_mut(letter).rejected = true;
            }
            self.close(row, ended);
        }
    }

    pub(crate) fn notice_rows_ended(&mut self, batch: OrderDigest, ended: Ended) {
        let open = |row: &OrderDigest| self.entry(*row).is_some();
        let rows: Vec<OrderDigest> = self.rows_of(batch).filter(open).collect();
        for row in rows {
            if ended == Ended::Rejected {
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

    /// Who gave an approval that a batch brings, if it counts for this order now.
    pub(crate) fn counts_for_row(
        &self,
        row: &OpenOrder,
        given: &GivenApproval,
        now: u64,
    ) -> Result<Capacity, Code> {
        let capacity = self.still_counts(row, given, now)?;
        let batch = given.approval.order.order_digest().ok_or(Code::OrderUnknown)?;
        let body = &self.entry(batch).ok_or(Code::OrderUnknown)?.body;
        self.has_opened(&given.approval, batch, body).map(|()| capacity)
    }
}
