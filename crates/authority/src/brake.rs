//! What only takes away, as it waits for the tree. Whoever did it is told that it is done, so it is
//! kept past the database; what nobody signed is kept by nobody, whatever it claims to end.

use crate::authority::Authority;
use crate::decline::ended_by;
use crate::id::{NamesOrder, OrderDigest, Reference, Serial};
use crate::machine::read_account;
use crate::state::{OpenOrder, OrderEnd};
use records::approval::Approval;
use records::bytes::Bytes;
use records::decline::Decline;
use records::json;
use records::label::Label;
use records::record::{Cause, Event, RevokedSerial, VoidStatement};
use records::suspension::SuspensionCause;
use records::withdrawal::WithdrawnStatement;

impl Authority {
    /// Whether a record that was just noticed is of what only takes away, and has its effect:
    /// whoever did it is told that it is done. What follows from something else again and again is
    /// not meant: a loss, which `status` keeps, who left, what is over. Nor is what the tree has
    /// already, or what a key of ours signed about something else: a hand makes any number of them.
    pub fn is_of_brake(&self, event: &Event) -> bool {
        match event {
            Event::Order { order, .. } => self.is_brake(OrderDigest::of(&order.0)),
            Event::Approval { approval, .. } => self.is_approval_of_brake(approval),
            Event::Enacted { order, .. } => {
                let digest = order.order_digest();
                digest.is_some_and(|digest| {
                    self.is_brake(digest) && self.is_ended_by(digest, OrderEnd::Consumed)
                })
            }
            Event::Revoked { cause, certificates, statement, signature, .. } => {
                self.is_revocation(cause, certificates)
                    && self.counts_from(cause, (statement, signature)).is_ok()
            }
            Event::MachineClosed { account, .. } => {
                let id = read_account(account);
                id.is_some_and(|id| self.pending.accounts_closed.contains(&id))
            }
            Event::Suspended { cause, .. } => {
                matches!(cause, SuspensionCause::Portal { .. })
                    && !self.knows_suspension(&cause.name())
                    && self.suspension(cause).is_ok()
            }
            Event::Voided { statement, signature } => {
                self.is_void(statement) && self.is_ours(Label::Void, (statement, signature))
            }
            Event::Declined { decline, .. } => self.is_decline(decline),
            Event::Withdrawn { statement, signature } => {
                self.is_withdrawal(statement)
                    && self.is_ours(Label::Withdrawn, (statement, signature))
            }
            _ => false,
        }
    }

    /// Whether an approval needs no other record: the tree has it, or its order is not open.
    pub fn is_settled_approval(&self, approval: &Approval) -> bool {
        let order = approval.order.order_digest();
        let in_tree = order.and_then(|order| self.orders.get(&order));
        in_tree.is_some_and(|open| has(open, approval)) || self.waiting(&approval.order, 0).is_err()
    }

    fn is_brake(&self, order: OrderDigest) -> bool {
        self.entry(order).is_some_and(|open| open.body.takes_away())
    }

    fn is_approval_of_brake(&self, approval: &Approval) -> bool {
        let open = approval.order.order_digest().and_then(|order| self.entry(order));
        open.is_some_and(|open| open.body.takes_away() && has(open, approval))
    }

    fn is_ended_by(&self, order: OrderDigest, end: OrderEnd) -> bool {
        self.pending.ended.get(&order) == Some(&end)
    }

    /// What a record names is revoked, and not by its word.
    fn is_revocation(&self, cause: &Cause, certificates: &[RevokedSerial]) -> bool {
        let is_carried_out = match cause {
            Cause::Order { order } => {
                let digest = order.order_digest();
                digest.is_some_and(|digest| self.is_ended_by(digest, OrderEnd::Consumed))
            }
            Cause::Machine { .. } | Cause::Cmp { .. } => !certificates.is_empty(),
            _ => false,
        };
        let is_revoked = |one: &RevokedSerial| {
            Serial::read(&one.serial).is_some_and(|serial| self.is_ended_entry(&serial))
        };
        let is_in_tree = |one: &RevokedSerial| {
            Serial::read(&one.serial).is_some_and(|serial| self.revoked.contains_key(&serial))
        };
        // An order that revokes is closed with that; of others the certificates say it.
        let is_new = matches!(cause, Cause::Order { .. }) || !certificates.iter().all(is_in_tree);
        is_new && is_carried_out && certificates.iter().all(is_revoked)
    }

    /// Whether the registry key signed a statement under a label.
    fn is_ours(&self, label: Label, (statement, signature): (&Bytes, &Bytes)) -> bool {
        self.signatures.verify(label, &self.fixed.registry, &statement.0, &signature.0)
    }

    fn is_void(&self, statement: &Bytes) -> bool {
        let read = json::read::<VoidStatement>(&statement.0).ok();
        let reference = read.and_then(|read| Reference::read(&read.reference));
        reference.is_some_and(|reference| {
            let is_in_tree = self.letters.get(&reference).is_some_and(|letter| letter.voided);
            !is_in_tree && self.pending.voided.contains(&reference)
        })
    }

    fn is_decline(&self, decline: &Decline) -> bool {
        let Ok(read) = decline.read() else { return false };
        let digest = read.order.order_digest();
        digest.is_some_and(|digest| self.is_ended_by(digest, ended_by(read.outcome)))
    }

    fn is_withdrawal(&self, statement: &Bytes) -> bool {
        let read = json::read::<WithdrawnStatement>(&statement.0).ok();
        let digest = read.and_then(|read| read.order.order_digest());
        digest.is_some_and(|digest| self.is_ended_by(digest, OrderEnd::Withdrawn))
    }
}

/// Whether an order has this very approval.
fn has(open: &OpenOrder, approval: &Approval) -> bool {
    open.approvals.iter().any(|known| *known.approval == *approval)
}
