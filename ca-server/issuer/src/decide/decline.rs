//! Taking an officer's decline of an order: recorded with its reason, and felt at once.

use crate::command::{Caller, Officer};
use crate::error::IssuerError;
use crate::round::Round;
use crate::rows::RowChange;
use crate::verify::VerifiedDecline;
use authority::OrderDigest;
use records::Code;
use records::decline::Declined;
use records::record::Event;

/// Takes a decline.
pub(crate) fn decline(
    round: &mut Round<'_>,
    caller: &Caller,
    officer: &Officer,
    verified: &VerifiedDecline,
) -> Result<Declined, IssuerError> {
    round.admit(caller)?;
    round.approver(officer)?;
    round.clock?;
    let decline = &verified.declining().decline;
    if decline.certificate.0 != officer.0.der() {
        return Err(Code::ApprovalSignature.into());
    }
    let now = round.now();
    let (person, read) = round.authority().check_decline(decline, now)?;
    let digest = OrderDigest(read.order.digest().ok_or(Code::OrderUnknown)?);
    let (order, _) = round.authority().open(digest, now)?;
    let authority = round.authority();
    let rows = authority.rows_of(digest).filter(|row| authority.open(*row, 0).is_ok());
    let rows: Vec<OrderDigest> = rows.collect();
    let event = Event::Declined { decline: decline.clone(), person };
    let record = round.record(event, vec![verified.declining().reason.clone()])?;
    round.state.ready.remove(&digest);
    round.change(RowChange::OrderState(digest, read.outcome.name()));
    // Whoever asked for an order that ends with its batch reads the same reason.
    for ended in std::iter::once(digest).chain(rows) {
        round.change(RowChange::OrderDeclined(ended, record.clone()));
    }
    Ok(Declined { order: order.order.clone(), outcome: read.outcome })
}
