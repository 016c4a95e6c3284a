//! Records that are recorded and not yet in the tree: what they take away counts at once, what they
//! grant waits. Everything is checked here as it will be when it stands in the tree.

use super::state::Pending;
use super::{Authority, OpenOrder, key};
use records::approval::Approval;
use records::bytes::Bytes;
use records::code::Code;
use records::label::Label;
use records::order::{Body, Order, PersonAction, RoleAction, UnitAction};
use records::record::{Cause, Event, Record, approval_id};

impl Authority {
    /// Takes notice of pending records, oldest first.
    pub fn notice_pending<'a>(&mut self, records: impl IntoIterator<Item = &'a Record>) {
        for record in records {
            self.notice(record);
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

    fn notice(&mut self, record: &Record) {
        match &record.event {
            Event::Enacted { order, approvals, .. } => {
                if let Ok(judged) = self.judge(&key(order), Some(approvals), record.unix()) {
                    self.pending.enacted += 1;
                    self.pending.orders.insert(key(order), Code::OrderConsumed);
                    self.pending.takes_away(&judged.body);
                }
            }
            Event::Intent { order, .. } => {
                self.pending.orders.insert(key(order), Code::OrderConsumed);
            }
            Event::Order { order, signature, cancels } => {
                self.notice_order(order, signature, cancels)
            }
            Event::Declined { decline, .. } => self.notice_decline(decline, record.unix()),
            Event::Joined { agent, .. } => {
                self.pending.joined.insert(agent.clone());
            }
            Event::Approval { approval, .. } => {
                self.notice_counter(&approval.signed_statement());
                self.notice_brake(approval);
                self.pending.given.push(approval.clone());
            }
            Event::Revoked { cause, approvals, .. } => {
                let Ok(revoked) = self.revocation(cause, approvals, record.unix()) else { return };
                for (serial, revoked) in revoked {
                    self.pending.revoked.entry(serial).or_insert(revoked);
                }
                match cause {
                    Cause::Order { order } => {
                        self.pending.orders.insert(key(order), Code::OrderConsumed);
                    }
                    Cause::Loss { reference, .. } => {
                        self.pending.lost.insert(reference.clone());
                    }
                    Cause::Left { .. } | Cause::Abandoned { .. } => {}
                }
            }
            _ => {}
        }
    }

    fn notice_order(&mut self, order: &Bytes, signature: &Bytes, cancels: &[Bytes]) {
        let Ok(registry) = self.registry_key() else { return };
        let signed = Label::Order.verify(&registry, &order.0, &signature.0);
        let Some(read) = Order::read(&order.0).ok().filter(|_| signed) else { return };
        for cancelled in self.cancellable(&read, cancels) {
            self.pending.orders.insert(cancelled, Code::OrderCancelled);
        }
        let digest = key(&Bytes::from(records::order::digest(&order.0)));
        let known = self.orders.contains_key(&digest) || self.closed_orders.contains_key(&digest);
        if !known {
            self.pending.open.insert(digest, OpenOrder::new(&read, order, signature));
        }
    }

    /// Approvals of an order to revoke count at once: brakes do not wait for the tree.
    fn notice_brake(&mut self, approval: &Approval) {
        let digest = key(&approval.order);
        let Ok((_, Body::Revoke(_))) = self.open(&digest, 0) else { return };
        let Some(mut open) = self.entry(&digest).cloned() else { return };
        let Ok(id) = approval_id(approval) else { return };
        if open.approvals.iter().all(|(known, _)| *known != id) {
            open.approvals.push((id, approval.clone()));
        }
        self.pending.open.insert(digest, open);
    }

    /// Which of the named orders a new one replaces: open ones to issue under the same letter.
    pub(super) fn cancellable(&self, by: &Order, cancels: &[Bytes]) -> Vec<String> {
        let reference = |order: &Order| match order.body() {
            Ok(Body::Issue(issue)) => Some(issue.reference),
            _ => None,
        };
        let Some(own) = reference(by) else { return Vec::new() };
        let replaced = |digest: &String| {
            let open = self.orders.get(digest).and_then(|open| Order::read(&open.order.0).ok());
            open.and_then(|order| reference(&order)).is_some_and(|other| other == own)
        };
        cancels.iter().map(key).filter(replaced).collect()
    }
}

impl Pending {
    /// Approvals of an order that are recorded and not yet in the tree.
    pub(super) fn given_to<'a>(&'a self, digest: &'a str) -> impl Iterator<Item = &'a Approval> {
        self.given.iter().filter(move |approval| key(&approval.order) == digest)
    }

    fn takes_away(&mut self, body: &Body) {
        match body {
            Body::Role(role) if role.action == RoleAction::Withdraw => {
                self.withdrawn.insert((role.person.clone(), role.role, role.scope.clone()));
            }
            Body::Person(person) if person.action == PersonAction::Leave => {
                self.left.insert(person.person.clone());
            }
            Body::Portal(portal) if portal.action == "close" => {
                self.portals.insert(portal.portal.clone());
            }
            Body::Agent(agent) if agent.action == "close" => {
                self.agents.insert(agent.agent.clone());
            }
            Body::Unit(unit) if unit.action == UnitAction::Close => {
                self.units.insert(unit.unit.clone());
            }
            _ => {}
        }
    }
}
