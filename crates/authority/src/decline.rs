//! Declining: one officer who may approve an order may also send it back or end it. Orders that
//! only take away are brakes, which nobody releases alone; a revocation that a portal asked for in
//! an officer's name is declined as any other.

use crate::authority::Authority;
use crate::id::{NamesOrder, Reference};
use crate::state::OrderEnd;
use records::code::Code;
use records::decline::{Decline, DeclineStatement, Outcome};
use records::order::Body;

impl Authority {
    /// Checks a decline against its order; gives the officer's person id and what they said.
    pub fn check_decline(
        &self,
        decline: &Decline,
        now: u64,
    ) -> Result<(String, DeclineStatement), Code> {
        let read = decline.read()?;
        let (_, open) = self.waiting(&read.order, now)?;
        let person = self.said_by(&decline.signed_statement(), now)?;
        self.may_decide(&person, &open.read, &open.body, now)?;
        if !open.read.can_be_declined(&open.body) {
            return Err(Code::StateConflict);
        }
        // One touch that was meant for something else ends one order, and not thousands.
        if decline.assertion.is_some() && matches!(&*open.body, Body::Batch(_)) {
            return Err(Code::CertificateKeyNeeded);
        }
        self.counts_on(&decline.signed_statement())?;
        Ok((person, read))
    }

    /// Whose decline it is follows from its signature; a record that names somebody else claims
    /// what nobody signed.
    fn declined_by(
        &self,
        decline: &Decline,
        person: &str,
        now: u64,
    ) -> Result<DeclineStatement, Code> {
        let (signer, read) = self.check_decline(decline, now)?;
        if signer == person { Ok(read) } else { Err(Code::UnsignedAuthority) }
    }

    pub(crate) fn add_decline(
        &mut self,
        decline: &Decline,
        person: &str,
        now: u64,
    ) -> Result<(), Code> {
        let read = self.declined_by(decline, person, now)?;
        self.count(&decline.signed_statement());
        if let Some(reference) = self.reference_ended_by(&read)
            && let Some(letter) = self.letters.get_mut(&reference)
        {
            std::sync::Arc::make_mut(letter).rejected = true;
        }
        if let Some(digest) = read.order.order_digest() {
            let rows = self.rows_of(digest).collect();
            self.close(digest, ended_by(read.outcome));
            self.end_rows(rows, ended_by(read.outcome));
        }
        Ok(())
    }

    pub(crate) fn notice_decline(&mut self, decline: &Decline, person: &str, now: u64) {
        let Ok(read) = self.declined_by(decline, person, now) else { return };
        self.notice_counter(&decline.signed_statement());
        if let Some(reference) = self.reference_ended_by(&read) {
            self.pending.rejected.insert(reference);
        }
        if let Some(digest) = read.order.order_digest() {
            let rows = self.rows_of(digest).collect();
            self.notice_rows_ended(rows, ended_by(read.outcome));
            self.pending.ended.insert(digest, ended_by(read.outcome));
        }
    }

    /// The letter that a rejection uses up.
    fn reference_ended_by(&self, read: &DeclineStatement) -> Option<Reference> {
        let (_, open) = self.waiting(&read.order, 0).ok()?;
        match (read.outcome, &*open.body) {
            (Outcome::Rejected, Body::Issue(issue)) => {
                issue.reference.as_deref().and_then(Reference::read)
            }
            _ => None,
        }
    }

    /// Whether an application under this letter was rejected, pending records counted.
    pub fn is_rejected(&self, reference: &str) -> bool {
        let Some(key) = Reference::read(reference) else { return false };
        self.pending.rejected.contains(&key)
            || self.letters.get(&key).is_some_and(|letter| letter.rejected)
    }
}

pub(crate) fn ended_by(outcome: Outcome) -> OrderEnd {
    match outcome {
        Outcome::Returned => OrderEnd::Returned,
        Outcome::Rejected => OrderEnd::Rejected,
    }
}
