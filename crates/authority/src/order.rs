//! Orders as the registry key signed them, and what closes an order.

use crate::authority::Authority;
use crate::id::{NamesOrder, OrderDigest, PersonId};
use crate::signatures::Signatures;
use crate::state::{Contents, OpenOrder, OrderEnd, PasskeyContents, PortalKeys};
use crate::wish::wish_of;
use pki::PublicKey;
use records::bytes::Bytes;
use records::code::Code;
use records::json;
use records::label::Label;
use records::order::{Body, CredentialBody, IssueBody, ORDER_SECONDS, PortalBody, Renewal, maker};
use records::passkey::PasskeyStatement;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Closed orders are forgotten when so many were added since the last time.
const FORGET_EVERY: u32 = 1_024;

impl Authority {
    pub(crate) fn add_order(
        &mut self,
        (order, signature): (&Bytes, &Bytes),
        cancels: &[Bytes],
        now: u64,
    ) -> Result<(), Code> {
        let (digest, open) = self.read_order(order, signature)?;
        let known = self.closed_orders.contains_key(&digest) || self.orders.contains_key(&digest);
        if known || open.expires < self.signed_time {
            return Err(Code::StateConflict);
        }
        self.drafter_proven(&open.read, &open.body, now)?;
        if let Some(wish) = wish_of(&open.body) {
            self.count(&wish.signed_statement());
        }
        if let Some(draft) = &open.read.draft {
            self.use_draft(draft, open.read.place.as_ref(), now);
        }
        self.remember_draft(digest, &open);
        self.remember_giving(digest, &open);
        self.signed_time = self.signed_time.max(open.expires.saturating_sub(ORDER_SECONDS));
        for cancelled in self.cancellable(&open, cancels) {
            self.close(cancelled, OrderEnd::Cancelled);
        }
        match &*open.body {
            Body::Issue(issue) => {
                if let Some(reference) = &issue.reference {
                    self.newest_under(reference, digest);
                }
                if let Some(renewal) = &issue.renewal {
                    self.newest_renewal(renewal, digest);
                    self.use_challenge(&challenge_sha256(renewal), now);
                }
            }
            Body::Revoke(revoke) => {
                if let Some(person) = PersonId::read(&revoke.person) {
                    self.revoking.insert((person, digest));
                }
                if open.read.is_unsigned_wish() {
                    self.wished.insert(digest);
                }
            }
            Body::Batch(batch) => self.add_batch(digest, batch),
            _ => {}
        }
        self.expiries.insert((open.expires, digest));
        self.orders.insert(digest, Arc::new(open));
        self.forget_old_orders();
        Ok(())
    }

    /// Reads an order of this city that the registry key signed.
    pub(crate) fn read_order(
        &self,
        order: &Bytes,
        signature: &Bytes,
    ) -> Result<(OrderDigest, OpenOrder), Code> {
        let registry = &self.fixed.registry;
        if !self.signatures.verify(Label::Order, registry, &order.0, &signature.0) {
            return Err(Code::OrderAltered);
        }
        let open = self.open_order_of(order, signature)?;
        // What somebody approved of another city is no order here, whoever signs the same bytes.
        if open.read.issuer != maker(&self.fixed.founding.issuer, &self.fixed.digest) {
            return Err(Code::OrderAltered);
        }
        Ok((OrderDigest::of(&order.0), open))
    }

    /// An order without approvals; its signature was verified.
    pub(crate) fn open_order_of(
        &self,
        order: &Bytes,
        signature: &Bytes,
    ) -> Result<OpenOrder, Code> {
        let (read, body) = self.signatures.order(&order.0)?;
        Ok(OpenOrder {
            order: order.clone(),
            signature: signature.clone(),
            expires: read.expires_unix(),
            contents: self.contents(&body),
            read,
            body,
            approvals: Vec::new(),
        })
    }

    /// What a body holds in encodings of its own.
    pub(crate) fn contents(&self, body: &Body) -> Contents {
        match body {
            Body::Issue(issue) => Contents::Key(self.signatures.key(&issue.key.0)),
            Body::Portal(portal) => Contents::Keys(PortalKeys::read(portal)),
            Body::Credential(body) => {
                let read = PasskeyContents::read(body, &self.signatures, &self.fixed.issuing);
                Contents::Passkey(read.map(Box::new))
            }
            _ => Contents::Plain,
        }
    }

    /// Which of the named orders a new one replaces: open ones to issue under the same letter, or
    /// to renew the same certificate; of a batch those of its drafter that give way.
    pub(crate) fn cancellable(&self, by: &OpenOrder, cancels: &[Bytes]) -> Vec<OrderDigest> {
        let replaced = |digest: &OrderDigest| {
            let open = self.orders.get(digest);
            open.is_some_and(|open| self.replaces(by, (*digest, open)))
        };
        cancels.iter().filter_map(NamesOrder::order_digest).filter(replaced).collect()
    }

    pub(crate) fn replaces(
        &self,
        by: &OpenOrder,
        (digest, open): (OrderDigest, &OpenOrder),
    ) -> bool {
        match (&*by.body, &*open.body) {
            (Body::Issue(own), Body::Issue(other)) => has_same_origin(own, other),
            (Body::Batch(own), Body::Batch(_)) => {
                self.gives_way((digest, open), (own, &by.read.drafter))
            }
            _ => false,
        }
    }

    /// Whether the tree holds that an order was carried out, ended or taken back; that is forgotten
    /// once its time would have been over.
    pub fn is_closed(&self, digest: &OrderDigest) -> bool {
        self.closed_orders.contains_key(digest)
    }

    /// Takes an order out of those that can be approved.
    pub(crate) fn close(&mut self, digest: OrderDigest, ended: OrderEnd) {
        let Some(open) = self.orders.remove(&digest) else { return };
        self.closed_orders.insert(digest, (open.expires, ended));
        self.no_longer_drafting(digest, &open);
        self.no_longer_giving(digest, &open);
        match &*open.body {
            Body::Issue(issue) => {
                if let Some(reference) = &issue.reference {
                    self.ended_under(reference, digest, ended);
                }
                if let Some(renewal) = &issue.renewal {
                    self.ended_renewal(renewal, digest, ended);
                }
            }
            Body::Revoke(revoke) => self.no_longer_revoking(&revoke.person, digest),
            _ => {}
        }
        self.row_ended(digest);
    }

    fn no_longer_revoking(&mut self, person: &str, digest: OrderDigest) {
        if let Some(person) = PersonId::read(person) {
            self.revoking.remove(&(person, digest));
        }
        self.wished.remove(&digest);
    }

    /// Orders that no record can bring back any more need no memory.
    fn forget_old_orders(&mut self) {
        self.forget_old_drafts();
        self.added += 1;
        if self.added < FORGET_EVERY {
            return;
        }
        self.added = 0;
        let floor = self.signed_time;
        while let Some((expires, digest)) = self.expiries.get_min().copied() {
            if expires >= floor {
                break;
            }
            self.expiries.remove(&(expires, digest));
            self.closed_orders.remove(&digest);
            self.forget_batch(digest);
            let Some(open) = self.orders.remove(&digest) else { continue };
            self.no_longer_drafting(digest, &open);
            self.no_longer_giving(digest, &open);
            if let Body::Revoke(revoke) = &*open.body {
                self.no_longer_revoking(&revoke.person, digest);
            }
        }
    }
}

/// SHA-256 of the challenge that a renewal used up.
pub(crate) fn challenge_sha256(renewal: &Renewal) -> Bytes {
    Bytes::from(Sha256::digest(&renewal.challenge.0).as_slice())
}

/// Whether two orders to issue rest on the same letter, or renew the same certificate.
pub(crate) fn has_same_origin(one: &IssueBody, other: &IssueBody) -> bool {
    let renewed = |body: &IssueBody| body.renewal.as_ref().map(|renewal| renewal.serial.clone());
    one.reference == other.reference && renewed(one) == renewed(other)
}

impl PortalKeys {
    /// The keys of a portal, if each is one; that of the machines' process may be left out.
    fn read(body: &PortalBody) -> Option<Self> {
        let read = |key: &Bytes| PublicKey::read(&key.0).ok().map(|key| key.sha256());
        let machines = match body.serves_machines() {
            true => Some(read(&body.machines_key)?),
            false => None,
        };
        Some(Self { public: read(&body.public_key)?, staff: read(&body.staff_key)?, machines })
    }
}

impl PasskeyContents {
    fn read(
        body: &CredentialBody,
        signatures: &Signatures,
        issuing: &PublicKey,
    ) -> Result<Self, Code> {
        let certificate = signatures.certificate(&body.certificate.0);
        let certificate = certificate.ok_or(Code::ApproverUnknown)?;
        let statement: PasskeyStatement =
            json::read(&body.statement.0).map_err(|_| Code::Malformed)?;
        let key = certificate.key();
        let own = signatures.verify(Label::Passkey, key, &body.statement.0, &body.signature.0);
        let signed = own && signatures.is_issued(&certificate, issuing);
        let readable = records::passkey::key(&statement.key.0).is_some();
        Ok(Self { certificate, statement, signed, readable })
    }
}
