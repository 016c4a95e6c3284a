//! What only takes away, as it waits for the tree. Whoever did it is told that it is done, so it is
//! kept past the database; what nobody signed is kept by nobody, whatever it claims to end.

use crate::authority::Authority;
use crate::decline::ended_by;
use crate::id::{NamesOrder, OrderDigest, Reference, Serial};
use crate::machine::read_account;
use crate::state::{GivenApproval, OpenOrder, OrderEnd};
use pki::crl::RevocationReason;
use records::approval::Approval;
use records::bytes::Bytes;
use records::decline::Decline;
use records::json;
use records::label::Label;
use records::order::{Body, RevokeBody};
use records::record::{Cause, Event, RevokedSerial, VoidStatement};
use records::suspension::SuspensionCause;
use records::withdrawal::WithdrawnStatement;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Why something was revoked, where a record says a word that nobody knows.
const UNKNOWN_REASON: &str = "superseded";

/// Names what a record says, without what stands beside what is signed and has its effect: a hand
/// writes that in as many ways as it likes, and copies under other ids. What is revoked or
/// suspended follows from the cause, whichever certificates a record names.
pub fn signed_digest(event: &Event) -> Option<[u8; 32]> {
    let mut event = event.clone();
    match &mut event {
        Event::Order { cancels, .. } => cancels.clear(),
        Event::Enacted { files, .. } => files.clear(),
        Event::Revoked { certificates, reason, .. }
        | Event::Suspended { certificates, reason, .. } => {
            reason.clear();
            certificates.clear();
        }
        _ => {}
    }
    if let Event::Enacted { approvals, .. } | Event::Revoked { approvals, .. } = &mut event {
        approvals.sort();
    }
    Some(Sha256::digest(json::write(&event).ok()?).into())
}

impl Authority {
    /// Whether a record that was just noticed is of what only takes away, and has its effect:
    /// whoever did it is told that it is done. What follows from something else again and again is
    /// not meant: a loss, which `status` keeps, who left, what is over. Nor is what the tree has
    /// already, or what a key of ours signed about something else: a hand makes any number of them.
    pub fn is_of_brake(&self, event: &Event) -> bool {
        match event {
            Event::Order { order, signature, .. } => {
                self.is_brake(OrderDigest::of(&order.0))
                    && self.is_signed((Label::Order, order), signature)
            }
            Event::Approval { approval, person, acting_for } => {
                self.is_approval_of_brake(approval, (person, acting_for.as_deref()))
            }
            Event::Enacted { order, approvals, .. } => {
                let digest = order.order_digest();
                digest.is_some_and(|digest| {
                    self.is_brake(digest)
                        && self.is_ended_by(digest, OrderEnd::Consumed)
                        && self.are_given(digest, approvals)
                })
            }
            Event::Revoked { cause, certificates, approvals, statement, signature, .. } => {
                self.is_revocation((cause, approvals), certificates)
                    && self.counts_from(cause, (statement, signature)).is_ok()
            }
            Event::MachineClosed { account, jws } => {
                let id = read_account(account);
                id.is_some_and(|id| {
                    self.pending.accounts_closed.contains(&id)
                        && self.check_closing(&id, jws).is_ok()
                })
            }
            Event::Suspended { cause, certificates, .. } => {
                matches!(cause, SuspensionCause::Portal { .. })
                    && !self.knows_suspension(&cause.name())
                    && self.is_told_by_portal(cause, certificates)
            }
            Event::Voided { statement, signature } => {
                self.is_void(statement) && self.is_signed((Label::Void, statement), signature)
            }
            Event::Declined { decline, person } => {
                self.is_decline(decline) && self.is_said_by(decline, person)
            }
            Event::Withdrawn { statement, signature } => {
                self.is_withdrawal(statement)
                    && self.is_signed((Label::Withdrawn, statement), signature)
            }
            _ => false,
        }
    }

    /// Whether an approval needs no other record: the tree has it, or its order is not open.
    pub fn is_settled_approval(&self, approval: &Approval) -> bool {
        let order = approval.order.order_digest();
        let in_tree = order.and_then(|order| self.orders.get(&order));
        in_tree.is_some_and(|open| given(open, approval).is_some())
            || self.waiting(&approval.order, 0).is_err()
    }

    /// Whether the registry key signed it. What was done has its effect, so that a record with
    /// another signature would be told as done too, in as many spellings as a hand writes.
    fn is_signed(&self, (label, bytes): (Label, &Bytes), signature: &Bytes) -> bool {
        self.signatures.verify(label, &self.fixed.registry, &bytes.0, &signature.0)
    }

    /// Whether each of these approvals was given, and is named once.
    fn are_given(&self, order: OrderDigest, approvals: &[Bytes]) -> bool {
        let own = self.entry(order).map(|open| open.approvals.iter());
        let given = own.into_iter().flatten().chain(self.ever_given_by_batches(order));
        let given: BTreeSet<[u8; 32]> = given.map(|given| given.id).collect();
        let is_given = |id: &Bytes| id.digest().is_some_and(|id| given.contains(&id));
        let is_once = approvals.iter().collect::<BTreeSet<_>>().len() == approvals.len();
        is_once && approvals.iter().all(is_given)
    }

    /// Whether an officer said it, whose credential may have ended since.
    fn is_said_by(&self, decline: &Decline, person: &str) -> bool {
        let said = decline.signed_statement();
        let Some(shown) = self.signatures.certificate(&said.certificate.0) else { return false };
        let named = self.named_credential(&shown, &shown.key().sha256());
        let is_signed = match said.assertion {
            Some(_) => self.check_assertion(&said, &shown).is_ok(),
            None => self.signatures.signer(&said).is_some(),
        };
        named.is_ok_and(|(named, _)| named.as_str() == person)
            && self.is_issued_by_us(&shown)
            && is_signed
    }

    fn is_brake(&self, order: OrderDigest) -> bool {
        self.entry(order).is_some_and(|open| open.body.takes_away())
    }

    /// Whether it has its effect as the record claims it: given by this person, for this absent one
    /// or for none.
    fn is_approval_of_brake(&self, approval: &Approval, claimed: (&str, Option<&str>)) -> bool {
        let open = approval.order.order_digest().and_then(|order| self.entry(order));
        let open = open.filter(|open| open.body.takes_away());
        let given = open.and_then(|open| given(open, approval));
        given.is_some_and(|given| {
            let signer = given.certificate.subject().person();
            (signer, approval.acting_for.as_deref()) == (Some(claimed.0), claimed.1)
        })
    }

    fn is_ended_by(&self, order: OrderDigest, end: OrderEnd) -> bool {
        self.pending.ended.get(&order) == Some(&end)
    }

    /// What a revocation takes away, and why: of one by order whatever that names, however little
    /// of it a record says.
    pub fn taken_away(&self, event: &Event) -> Vec<(Serial, String)> {
        let Event::Revoked { cause, certificates, reason, .. } = event else {
            return Vec::new();
        };
        let (named, reason): (Vec<&String>, _) = match self.ordered_revocation(cause) {
            Some(body) => (body.serials.iter().collect(), &body.reason),
            None => (certificates.iter().map(|one| &one.serial).collect(), reason),
        };
        let known = RevocationReason::from_name(reason);
        let reason = known.map_or(UNKNOWN_REASON, |_| reason.as_str());
        let read = named.into_iter().filter_map(|serial| Serial::read(serial));
        read.map(|serial| (serial, reason.to_owned())).collect()
    }

    /// The open order to revoke that a cause names.
    fn ordered_revocation(&self, cause: &Cause) -> Option<&RevokeBody> {
        let Cause::Order { order } = cause else { return None };
        match &*self.entry(order.order_digest()?)?.body {
            Body::Revoke(body) => Some(body),
            _ => None,
        }
    }

    /// The certificates that a record of this cause may name: those of its order, or the one that a
    /// system's word is about.
    fn may_be_named(&self, cause: &Cause) -> BTreeSet<Serial> {
        let by_system = match cause {
            Cause::Machine { jws, .. } => self.named_by_jws(jws),
            Cause::Cmp { system, message, certificate } => {
                let shown = certificate.as_ref().map(|der| der.0.as_slice());
                self.cmp_revocation(system, &message.0, shown).ok().map(|(serial, _)| serial)
            }
            _ => None,
        };
        let ordered = self.ordered_revocation(cause).into_iter();
        let ordered = ordered.flat_map(|body| &body.serials);
        ordered.filter_map(|serial| Serial::read(serial)).chain(by_system).collect()
    }

    /// What a record names is revoked, and not by its word.
    fn is_revocation(
        &self,
        (cause, approvals): (&Cause, &[Bytes]),
        certificates: &[RevokedSerial],
    ) -> bool {
        let is_carried_out = match cause {
            Cause::Order { order } => {
                let digest = order.order_digest();
                digest.is_some_and(|digest| {
                    self.is_ended_by(digest, OrderEnd::Consumed)
                        && self.are_given(digest, approvals)
                })
            }
            Cause::Machine { .. } | Cause::Cmp { .. } => !certificates.is_empty(),
            _ => false,
        };
        let may_be_named = self.may_be_named(cause);
        let is_revoked = |one: &RevokedSerial| {
            let named = Serial::read(&one.serial).filter(|serial| may_be_named.contains(serial));
            named.is_some_and(|serial| self.is_ended_entry(&serial))
        };
        let is_in_tree = |one: &RevokedSerial| {
            Serial::read(&one.serial).is_some_and(|serial| self.revoked.contains_key(&serial))
        };
        // An order that revokes is closed with that; of others the certificates say it.
        let is_new = matches!(cause, Cause::Order { .. }) || !certificates.iter().all(is_in_tree);
        is_new && is_carried_out && certificates.iter().all(is_revoked)
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

/// This very approval, if an order has it.
fn given<'a>(open: &'a OpenOrder, approval: &Approval) -> Option<&'a GivenApproval> {
    open.approvals.iter().find(|known| *known.approval == *approval)
}
