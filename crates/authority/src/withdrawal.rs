//! Withdrawing: whoever drafted an order takes it back, and a handler a letter. What a person
//! drafted they sign for; of what an operator drafted the kernel of the CA's host tells who asks.
//! Orders to revoke are brakes, which nobody takes back.

use crate::authority::Authority;
use crate::id::{NamesOrder, OrderDigest, Reference};
use crate::state::{OpenOrder, OrderEnd};
use records::bytes::Bytes;
use records::code::Code;
use records::draft::PASSKEY_ROWS_MAX;
use records::json;
use records::label::Label;
use records::order::{BatchBody, Body};
use records::record::VoidStatement;
use records::withdrawal::{Withdrawal, WithdrawalTarget, WithdrawnStatement};

impl Authority {
    /// Who took back what, by a credential that holds at `now`: an open order that they drafted, or
    /// a letter that they had made.
    pub fn check_withdrawal(
        &self,
        withdrawal: &Withdrawal,
        now: u64,
    ) -> Result<(String, WithdrawalTarget), Code> {
        let read = withdrawal.read()?;
        if read.founding.0 != self.fixed.digest {
            return Err(Code::ApprovalSignature);
        }
        let said = withdrawal.signed_statement();
        let person = self.said_by(&said, now)?;
        match &read.what {
            WithdrawalTarget::Order { order } => {
                let drafter = format!("person:{person}");
                let (digest, _) = self.may_withdraw(order, &drafter, now)?;
                let ends = self.taken_back_with(digest, &drafter).len();
                // One touch that was meant for something else ends as many as one signs for.
                if said.assertion.is_some() && ends > PASSKEY_ROWS_MAX {
                    return Err(Code::CertificateKeyNeeded);
                }
            }
            WithdrawalTarget::Letter { reference } => {
                let letter = self.letter_at_hand(reference)?;
                if letter.drafter.is_none_or(|drafter| *drafter != *person) {
                    return Err(Code::NotDrafter);
                }
            }
        }
        self.counts_on(&said)?;
        Ok((person, read.what))
    }

    /// An open order that this drafter may take back.
    pub fn may_withdraw(
        &self,
        order: impl NamesOrder,
        drafter: &str,
        now: u64,
    ) -> Result<(OrderDigest, &OpenOrder), Code> {
        let (digest, open) = self.waiting(order, now)?;
        match &*open.body {
            _ if open.read.drafter != drafter => Err(Code::NotDrafter),
            body if body.revokes() => Err(Code::StateConflict),
            // Others drafted what stands in it: their brakes keep the approvals that it has.
            Body::Batch(batch) if open.body.takes_away() && !self.drafted_all(batch, drafter) => {
                Err(Code::StateConflict)
            }
            _ => Ok((digest, open)),
        }
    }

    /// Whether every open order of a batch has this drafter: nobody takes back what others drafted.
    pub(crate) fn drafted_all(&self, batch: &BatchBody, drafter: &str) -> bool {
        self.open_rows(batch, 0).all(|(_, row)| row.read.drafter == drafter)
    }

    /// Orders that end with a batch which is taken back: all of them, or those of others stay.
    fn taken_back_with(&self, batch: OrderDigest, drafter: &str) -> Vec<OrderDigest> {
        let body = self.entry(batch).map(|open| open.body.clone());
        match body.as_deref() {
            Some(Body::Batch(body)) if self.drafted_all(body, drafter) => {
                self.rows_of(batch).collect()
            }
            _ => Vec::new(),
        }
    }

    pub(crate) fn add_withdrawn(
        &mut self,
        statement: &Bytes,
        signature: &Bytes,
        now: u64,
    ) -> Result<(), Code> {
        let (digest, read) = self.withdrawn(statement, signature, now)?;
        if let Some(withdrawal) = &read.withdrawal {
            self.count(&withdrawal.signed_statement());
        }
        let rows = self.taken_back_with(digest, &read.drafter);
        self.close(digest, OrderEnd::Withdrawn);
        self.end_rows(rows, OrderEnd::Withdrawn);
        Ok(())
    }

    pub(crate) fn notice_withdrawn(&mut self, statement: &Bytes, signature: &Bytes, unix: u64) {
        let now = unix.max(self.signed_time);
        let Ok((digest, read)) = self.withdrawn(statement, signature, now) else { return };
        if let Some(withdrawal) = &read.withdrawal {
            self.notice_counter(&withdrawal.signed_statement());
        }
        let rows = self.taken_back_with(digest, &read.drafter);
        self.notice_rows_ended(rows, OrderEnd::Withdrawn);
        self.pending.ended.insert(digest, OrderEnd::Withdrawn);
    }

    /// Which open order a statement of the registry key takes back, in the name of its drafter.
    fn withdrawn(
        &self,
        statement: &Bytes,
        signature: &Bytes,
        now: u64,
    ) -> Result<(OrderDigest, WithdrawnStatement), Code> {
        let registry = &self.fixed.registry;
        if !self.signatures.verify(Label::Withdrawn, registry, &statement.0, &signature.0) {
            return Err(Code::UnsignedAuthority);
        }
        let read: WithdrawnStatement = json::read(&statement.0).map_err(|_| Code::Malformed)?;
        let (digest, _) = self.may_withdraw(&read.order, &read.drafter, now)?;
        let what = WithdrawalTarget::Order { order: read.order.clone() };
        self.signed_for(&read.drafter, read.withdrawal.as_deref(), (&what, now))?;
        if read.v == 1 { Ok((digest, read)) } else { Err(Code::Malformed) }
    }

    /// A person signed for what is taken back in their name; an operator has no key.
    fn signed_for(
        &self,
        drafter: &str,
        withdrawal: Option<&Withdrawal>,
        (what, now): (&WithdrawalTarget, u64),
    ) -> Result<(), Code> {
        match (drafter.strip_prefix("person:"), withdrawal) {
            (None, None) => Ok(()),
            (Some(person), Some(withdrawal)) => {
                let (signed_by, signed) = self.check_withdrawal(withdrawal, now)?;
                let same = signed_by == person && signed == *what;
                if same { Ok(()) } else { Err(Code::ApprovalSignature) }
            }
            _ => Err(Code::ApprovalSignature),
        }
    }

    /// Whether a letter is voided by whom its statement names.
    pub(crate) fn voided_by(
        &self,
        read: &VoidStatement,
        reference: Reference,
        now: u64,
    ) -> Result<(), Code> {
        let what = WithdrawalTarget::Letter { reference: reference.to_string() };
        self.signed_for(&read.drafter, read.withdrawal.as_deref(), (&what, now))
    }
}
