//! Making a batch: open orders of one kind that officers approve as one. It changes nothing that
//! the orders say, and ends nothing if it is not approved.

use super::order::{NewOrder, OrderParts, make};
use crate::command::{Caller, Officer};
use crate::error::IssuerError;
use crate::round::Round;
use authority::OrderDigest;
use ca_api::{Batching, OrderCreated};
use records::order::{BATCH_ROWS_MAX, BatchBody, Body};
use records::{Bytes, Code};

/// Open batches in which one order stands: who makes batches fills no log with them.
const BATCHES_OF_ROW_MAX: usize = 2;

/// Makes a batch of orders about all of which the officer may decide.
pub(crate) fn batch(
    round: &mut Round<'_>,
    caller: &Caller,
    officer: &Officer,
    wanted: &Batching,
) -> Result<OrderCreated, IssuerError> {
    round.admit(caller)?;
    let person = round.approver(officer)?;
    let (drafter, now) = (format!("person:{person}"), round.now());
    if wanted.rows.len() > BATCH_ROWS_MAX {
        return Err(Code::TooLarge.into());
    }
    let body = Body::Batch(body_of(round, wanted.rows.clone())?);
    round.authority().may_approve(&person, &body, now)?;
    if !body.revokes() {
        round.clock?;
    }
    round.state.draft(&drafter)?;
    let made = make(round, &drafter, &body, OrderParts::default())?;
    Ok(OrderCreated { order: made.order, needed: made.needed })
}

/// The batch over orders that were just made from one draft.
pub(crate) fn over(
    round: &mut Round<'_>,
    drafter: &str,
    rows: Vec<Bytes>,
) -> Result<NewOrder, IssuerError> {
    let body = Body::Batch(body_of(round, rows)?);
    make(round, drafter, &body, OrderParts::default())
}

/// Every order is open, and of the kind of the first.
fn body_of(round: &Round<'_>, rows: Vec<Bytes>) -> Result<BatchBody, Code> {
    let (authority, now) = (round.authority(), round.now());
    let mut kind = None;
    for row in &rows {
        let digest = OrderDigest(row.digest().ok_or(Code::Malformed)?);
        // What was only recorded a moment ago is open as soon as the tree has it.
        let (_, body) = authority.open(digest, now)?;
        let own = (body.kind().to_owned(), body.action().to_owned());
        let same = kind.get_or_insert_with(|| own.clone()) == &own;
        if own.0 == "batch" {
            return Err(Code::Malformed);
        }
        if !same || authority.batches_of(digest) >= BATCHES_OF_ROW_MAX {
            return Err(Code::StateConflict);
        }
    }
    let (of, action) = kind.ok_or(Code::Malformed)?;
    Ok(BatchBody { of, action, rows })
}
