//! Declining: one officer who may approve an order may also send it back or end it. Orders to revoke are
//! brakes, which nobody releases alone.

use super::{Authority, key};
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
        let (_, body) = self.open(&key(&read.order), now)?;
        let person = self.said_by(&decline.signed_statement(), now)?;
        self.may_approve(&person, &body)?;
        if matches!(body, Body::Revoke(_)) {
            return Err(Code::StateConflict);
        }
        self.counts_on(&decline.signed_statement())?;
        Ok((person, read))
    }

    pub(super) fn add_decline(&mut self, decline: &Decline, now: u64) -> Result<(), Code> {
        let (_, read) = self.check_decline(decline, now)?;
        self.count(&decline.signed_statement());
        if let Some(reference) = self.reference_ended_by(&read)
            && let Some(letter) = self.letters.get_mut(&reference)
        {
            letter.rejected = true;
        }
        self.close(&key(&read.order), read.outcome.code());
        Ok(())
    }

    pub(super) fn notice_decline(&mut self, decline: &Decline, now: u64) {
        let Ok((_, read)) = self.check_decline(decline, now) else { return };
        self.notice_counter(&decline.signed_statement());
        let ended = self.reference_ended_by(&read);
        self.pending.rejected.extend(ended);
        self.pending.orders.insert(key(&read.order), read.outcome.code());
    }

    /// The letter that a rejection uses up.
    fn reference_ended_by(&self, read: &DeclineStatement) -> Option<String> {
        let body = self.open(&key(&read.order), 0).ok()?.1;
        match (read.outcome, body) {
            (Outcome::Rejected, Body::Issue(issue)) => Some(issue.reference),
            _ => None,
        }
    }

    /// Whether an application under this letter was rejected, pending records counted.
    pub fn is_rejected(&self, reference: &str) -> bool {
        self.pending.rejected.contains(reference)
            || self.letters.get(reference).is_some_and(|letter| letter.rejected)
    }
}
