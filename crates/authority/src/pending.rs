//! Records that are recorded and not yet in the tree: what they take away counts at once, what they
//! grant waits. Everything is checked here as it will be when it stands in the tree.

use crate::authority::{Authority, Pending};
use crate::draft::drafter_of;
use crate::id::{NamesOrder, OrderDigest, PersonId, Reference, Serial};
use crate::judge::Judged;
use crate::order::challenge_sha256;
use crate::state::{Delegation, GivenApproval, OpenOrder, OrderEnd};
use crate::wish::wish_of;
use records::approval::Approval;
use records::bytes::Bytes;
use records::order::{AccessMode, Body, PersonAction, RoleAction, UnitAction};
use records::record::{Cause, Event, Record};
use records::rules::Role;
use sha2::{Digest, Sha256};
use std::sync::Arc;

impl Authority {
    /// Takes notice of pending records, oldest first.
    pub fn notice_pending<'a>(&mut self, records: impl IntoIterator<Item = &'a Record>) {
        for record in records {
            self.notice(record);
        }
    }

    /// The same for whoever answers questions and decides nothing: of what is asked for, and of
    /// approvals, only what only takes away is noticed, and that a suspension may be released.
    pub fn notice_withdrawals<'a>(&mut self, records: impl IntoIterator<Item = &'a Record>) {
        for record in records {
            if self.may_take_away(&record.event) {
                self.notice(record);
            }
        }
    }

    fn may_take_away(&self, event: &Event) -> bool {
        let may = |body: &Body| body.takes_away() || matches!(body, Body::Batch(_));
        match event {
            Event::Order { order, .. } => {
                let read = self.signatures.order(&order.0);
                read.is_ok_and(|(_, body)| may(&body) || matches!(*body, Body::Release(_)))
            }
            Event::Approval { approval, .. } => {
                let order = approval.order.order_digest().and_then(|order| self.entry(order));
                order.is_some_and(|open| may(&open.body))
            }
            Event::Application { .. } | Event::Issued { .. } => false,
            _ => true,
        }
    }

    /// Forgets what was pending, because the tree has moved.
    pub fn forget_pending(&mut self) {
        self.pending = Pending::default();
    }

    /// Whether an order that changes authority is recorded and not yet in the tree. Until it is,
    /// nothing else is carried out that it could contradict.
    pub fn is_changing(&self) -> bool {
        self.pending.enacted > 0
    }

    /// Takes notice of the next pending record.
    pub fn notice(&mut self, record: &Record) {
        let unix = record.unix();
        match &record.event {
            Event::Enacted { order, approvals, .. } => {
                if let Ok(judged) = self.judge(order, Some(approvals), unix) {
                    self.notice_enacted(&judged);
                }
            }
            Event::Intent { order, serial, .. } => self.notice_intent(order, serial),
            Event::Order { order, signature, cancels } => {
                self.notice_order((order, signature), cancels, unix)
            }
            Event::Voided { statement, signature } => self.notice_void(statement, signature, unix),
            Event::Letter { statement, signature } => self.notice_letter(statement, signature),
            Event::Withdrawn { statement, signature } => {
                self.notice_withdrawn(statement, signature, unix);
            }
            Event::Declined { decline, person } => self.notice_decline(decline, person, unix),
            Event::Joined { .. } => self.notice_join(&record.event, unix),
            Event::Used { .. } => self.notice_use(&record.event, unix),
            Event::MachineAccount { jws, statement, signature } => {
                self.notice_account(jws, (statement, signature));
            }
            Event::MachineUse { account, jws, serial, .. } => {
                self.notice_machine_use(account, jws, serial);
            }
            Event::MachineEnrolled { statement, signature, serial, .. } => {
                self.notice_enrolled((statement, signature), (serial, unix));
            }
            Event::MachineKey { account, jws } => self.notice_key(account, jws),
            Event::MachineClosed { account, jws } => self.notice_closed(account, jws),
            Event::Application { challenge_sha256, .. } => {
                self.pending.challenges.extend(challenge_sha256.digest());
            }
            Event::Approval { approval, person, acting_for } => {
                self.notice_approval(approval, (person, acting_for.as_deref()), unix);
            }
            Event::Suspended { cause, .. } => self.notice_suspended(cause),
            Event::Revoked { cause, approvals, statement, signature, .. } => {
                self.notice_revoked(cause, approvals, (statement, signature));
            }
            _ => {}
        }
    }

    fn notice_enacted(&mut self, judged: &Judged) {
        if let Body::Person(one) = &**judged.body()
            && one.action != PersonAction::Leave
        {
            self.pending.numbers.extend(one.number.as_ref().and_then(Bytes::digest));
        }
        // Nothing that is decided meanwhile can rest on somebody who is not there yet.
        match &**judged.body() {
            Body::Person(one) if one.action == PersonAction::Create => {
                self.pending.created.extend(PersonId::read(&one.person));
            }
            _ => self.pending.enacted += 1,
        }
        self.pending.ended.insert(judged.digest(), OrderEnd::Consumed);
        self.pending.takes_away(judged.body(), judged.digest());
        self.notice_overtaken(judged.body());
        if let Body::Portal(portal) = &**judged.body() {
            let keys = [
                ("portal-public", &portal.public_key),
                ("portal-staff", &portal.staff_key),
                ("portal-machines", &portal.machines_key),
            ];
            for (process, key) in keys.into_iter().filter(|(_, key)| !key.0.is_empty()) {
                let subject = format!("{}/{process}", portal.portal);
                let key = Sha256::digest(&key.0).into();
                self.pending.keys.insert(key, subject.as_str().into());
            }
        }
    }

    fn notice_intent(&mut self, order: &Bytes, serial: &str) {
        let Some(digest) = order.order_digest() else { return };
        let body = self.entry(digest).map(|open| open.body.clone());
        // No brake is over, and told so, by the word of a record that is not about it.
        let Some(Body::Issue(issue)) = body.as_deref() else { return };
        // Nor an order that officers are still to approve.
        if !self.has_enough(digest) {
            return;
        }
        self.pending.ended.insert(digest, OrderEnd::Consumed);
        let key = Sha256::digest(&issue.key.0).into();
        self.pending.keys.insert(key, issue.person.as_str().into());
        if let Some(person) = PersonId::read(&issue.person) {
            self.pending.certifying.insert((person, issue.profile.id.as_str().into()));
        }
        let Some(serial) = Serial::read(serial) else { return };
        if let Some(reference) = issue.reference.as_deref().and_then(Reference::read) {
            self.pending.intended.insert(reference, serial);
        }
        if let Some(old) = issue.renewal.as_ref().and_then(|one| Serial::read(&one.serial)) {
            self.pending.renewed.insert(old, serial);
        }
    }

    /// A certificate of a service that is on its way.
    pub(crate) fn notice_promise(&mut self, subject: &str, request: &Bytes, serial: &str) {
        let Some(serial) = Serial::read(serial) else { return };
        self.pending.promised.insert(Sha256::digest(&request.0).into(), serial);
        if let Some(read) = self.signatures.request(&request.0) {
            self.pending.keys.insert(read.key().sha256(), subject.into());
        }
    }

    fn notice_order(&mut self, (order, signature): (&Bytes, &Bytes), cancels: &[Bytes], unix: u64) {
        let Ok((digest, open)) = self.read_order(order, signature) else { return };
        if self.orders.contains_key(&digest) || self.closed_orders.contains_key(&digest) {
            return;
        }
        // Once more, under another id, it takes nobody's approval.
        if self.pending.open.contains_key(&digest) {
            return;
        }
        if self.drafter_proven(&open.read, &open.body, unix.max(self.signed_time)).is_err() {
            return;
        }
        for cancelled in self.cancellable(&open, cancels) {
            self.pending.ended.insert(cancelled, OrderEnd::Cancelled);
        }
        for cancelled in self.pending_cancellable(&open, cancels) {
            self.pending.ended.insert(cancelled, OrderEnd::Cancelled);
        }
        if let Some(wish) = wish_of(&open.body) {
            self.notice_counter(&wish.signed_statement());
        }
        if let Some(draft) = &open.read.draft {
            let draft = draft.clone();
            self.notice_draft(&draft, open.read.place.as_ref());
        }
        self.pending.drafting.extend(drafter_of(&open.read).map(|drafter| (drafter, digest)));
        match &*open.body {
            Body::Issue(issue) => {
                if let Some(reference) = issue.reference.as_deref().and_then(Reference::read) {
                    self.pending.newest.insert(reference, digest);
                }
                if let Some(renewal) = &issue.renewal {
                    self.pending.challenges.extend(challenge_sha256(renewal).digest());
                    let old = Serial::read(&renewal.serial);
                    self.pending.renewing.extend(old.map(|old| (old, digest)));
                }
            }
            Body::Revoke(revoke) => {
                if let Some(person) = PersonId::read(&revoke.person) {
                    self.pending.revoking.insert((person, digest));
                }
                if open.read.is_unsigned_wish() {
                    self.pending.wished.insert(digest);
                }
            }
            Body::Batch(batch) => self.notice_batch(digest, batch),
            _ => {}
        }
        self.pending.open.insert(digest, Arc::new(open));
    }

    /// Named orders that are themselves only recorded.
    fn pending_cancellable(&self, by: &OpenOrder, cancels: &[Bytes]) -> Vec<OrderDigest> {
        let replaced = |digest: &OrderDigest| {
            let open = self.pending.open.get(digest);
            open.is_some_and(|open| self.replaces(by, (*digest, open)))
        };
        cancels.iter().filter_map(NamesOrder::order_digest).filter(replaced).collect()
    }

    /// An approval that nobody signed, that is signed by no officer, or that is told as somebody
    /// else's, is as good as none.
    fn notice_approval(&mut self, approval: &Approval, claimed: (&str, Option<&str>), unix: u64) {
        let now = unix.max(self.signed_time);
        let Ok(given) = self.taken(approval, claimed, now) else { return };
        self.notice_counter(&approval.signed_statement());
        let Some(digest) = approval.order.order_digest() else { return };
        self.notice_brake(digest, &given);
        let known = self.pending.given.entry(digest).or_default();
        if known.iter().all(|known| known.id != given.id) {
            known.push_back(given);
        }
    }

    /// Approvals of an order that only takes away count at once: brakes do not wait for the tree.
    fn notice_brake(&mut self, digest: OrderDigest, given: &GivenApproval) {
        let Ok((_, open)) = self.waiting(digest, 0) else { return };
        if !open.body.takes_away() {
            return;
        }
        let mut open = open.clone();
        if open.approvals.iter().all(|known| known.id != given.id) {
            open.approvals.push(given.clone());
        }
        self.pending.open.insert(digest, Arc::new(open));
    }

    fn notice_revoked(&mut self, cause: &Cause, approvals: &[Bytes], since: (&Bytes, &Bytes)) {
        let Ok(at) = self.counts_from(cause, since) else { return };
        let Ok(revoked) = self.revocation(cause, approvals, at) else { return };
        for (serial, revoked) in revoked {
            self.pending.revoked.entry(serial).or_insert_with(|| Arc::new(revoked));
            if matches!(cause, Cause::Abandoned { .. }) {
                self.pending.abandoned.insert(serial);
            }
        }
        match cause {
            Cause::Order { order } => {
                if let Some(digest) = order.order_digest() {
                    self.pending.ended.insert(digest, OrderEnd::Consumed);
                }
            }
            Cause::Loss { reference, .. } => {
                self.pending.lost.extend(Reference::read(reference));
            }
            Cause::Left { .. }
            | Cause::Machine { .. }
            | Cause::Cmp { .. }
            | Cause::Closed { .. }
            | Cause::Lapsed { .. }
            | Cause::Superseded { .. }
            | Cause::Abandoned { .. } => {}
        }
    }
}

impl Pending {
    pub(crate) fn is_withdrawn(&self, person: &str, role: Role, scope: &str) -> bool {
        let same = |(who, what, over): &(Arc<str>, Role, Arc<str>)| {
            **who == *person && *what == role && **over == *scope
        };
        self.withdrawn.iter().any(same)
    }

    pub(crate) fn is_undelegated(&self, person: &str, delegation: &Delegation) -> bool {
        self.undelegated.iter().any(|(who, one)| **who == *person && one == delegation)
    }

    fn takes_away(&mut self, body: &Body, order: OrderDigest) {
        match body {
            Body::Role(role) if role.action == RoleAction::Withdraw => {
                let withdrawn =
                    (role.person.as_str().into(), role.role, role.scope.as_str().into());
                self.withdrawn.insert(withdrawn);
            }
            Body::Delegate(one) if one.action == RoleAction::Withdraw => {
                let ended = crate::delegation::read(one);
                self.undelegated.extend(ended.map(|ended| (one.person.as_str().into(), ended)));
            }
            Body::Person(person) if person.action == PersonAction::Leave => {
                self.left.insert(person.person.as_str().into());
            }
            Body::Portal(portal) if portal.action == "close" => {
                self.portals.insert(portal.portal.as_str().into());
            }
            Body::Agent(agent) if agent.action == "close" => {
                self.agents.insert(agent.agent.as_str().into());
            }
            Body::System(system) if system.action == "close" => {
                self.systems.insert(system.system.as_str().into());
            }
            Body::EmergencyReview(review) => self.reviewed.extend(review.order.order_digest()),
            Body::Mode(mode) if mode.mode == AccessMode::Suspended => {
                let application = mode.application.as_str().into();
                self.suspended_applications.insert(application, order.0.into());
            }
            Body::Unit(unit) if unit.action == UnitAction::Close => {
                self.units.insert(unit.unit.as_str().into());
            }
            _ => {}
        }
    }
}
