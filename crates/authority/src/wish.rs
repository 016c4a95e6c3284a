//! Wishes to revoke: whose signature one bears, and those that bear nobody's.

use crate::authority::Authority;
use crate::state::OpenOrder;
use records::code::Code;
use records::drafted::DraftContent;
use records::order::{Body, Order};
use records::wish::Wish;

impl Authority {
    /// Who signed a wish, by a credential that holds at `now`; gives the officer's person id.
    pub fn check_wish(&self, wish: &Wish, now: u64) -> Result<String, Code> {
        if wish.read()?.founding.0 != self.fixed.digest {
            return Err(Code::ApprovalSignature);
        }
        let said = wish.signed_statement();
        let person = self.said_by(&said, now)?;
        self.counts_on(&said)?;
        Ok(person)
    }

    /// Whether the wish, the draft or the renewal in an order, if there is one, is its drafter's:
    /// then they are proven. That it asks for what the order says was seen when the order was read.
    pub(crate) fn drafter_proven(&self, order: &Order, body: &Body, now: u64) -> Result<(), Code> {
        if let Body::Issue(issue) = body {
            self.renewal_proven(order, issue)?;
        }
        let person = match (wish_of(body), &order.draft) {
            (Some(wish), _) => self.check_wish(wish, now)?,
            (None, Some(draft)) => {
                let drafted = DraftContent::of_order(body).ok_or(Code::ApprovalSignature)?;
                let row = order.place.as_ref().map(|place| (place, &drafted));
                self.check_draft(draft, row, now)?.0
            }
            (None, None) => return Ok(()),
        };
        match order.drafter == format!("person:{person}") {
            true => Ok(()),
            false => Err(Code::ApprovalSignature),
        }
    }

    /// Orders to revoke that nobody signed the wish for and that can still be approved at `now`,
    /// pending records counted.
    pub fn unsigned_wishes(&self, now: u64) -> impl Iterator<Item = &OpenOrder> {
        let all = self.wished.iter().chain(&self.pending.wished);
        all.filter_map(move |digest| Some(self.waiting(*digest, now).ok()?.1))
    }
}

/// The wish in an order.
pub(crate) fn wish_of(body: &Body) -> Option<&Wish> {
    match body {
        Body::Revoke(revoke) => revoke.wish.as_deref(),
        _ => None,
    }
}
