//! Taking an approval: judged against its order, kept once a person, recorded. It counts when its
//! record stands in the tree. Here it is decided that an officer may not approve for herself
//! (`Authority::check_approval`).

use crate::command::{Caller, Officer};
use crate::error::IssuerError;
use crate::round::Round;
use crate::rows::{ApprovalRow, RowChange};
use crate::verify::VerifiedApproval;
use authority::OrderDigest;
use records::export::Approved;
use records::record::Event;
use records::{Approval, Code};

/// Takes an approval that a portal brought.
pub(crate) fn approve(
    round: &mut Round<'_>,
    caller: &Caller,
    officer: &Officer,
    verified: &VerifiedApproval,
) -> Result<Approved, IssuerError> {
    round.admit(caller)?;
    round.approver(officer)?;
    let approval = verified.approval();
    if approval.certificate.0 != officer.0.der() {
        return Err(Code::ApprovalSignature.into());
    }
    record_approval(round, approval)
}

/// Takes an approval, whoever brought it.
pub(crate) fn record_approval(
    round: &mut Round<'_>,
    approval: &Approval,
) -> Result<Approved, IssuerError> {
    let now = round.now();
    let capacity = round.authority().check_approval(approval, now)?;
    let person = capacity.person.to_string();
    let acting_for = capacity.acting_for.map(|absent| absent.to_string());
    let digest = OrderDigest(approval.order.digest().ok_or(Code::OrderUnknown)?);
    let (order, body) = round.authority().open(digest, now)?;
    round.authority().still_rests(&order, &body)?;
    if !body.takes_away() {
        round.clock?;
    }
    let json = serde_json::to_string(approval).map_err(anyhow::Error::from)?;
    let row = ApprovalRow { order: digest, person: person.clone(), approval: json, received: now };
    round.change(RowChange::Approval(row));
    let approval = approval.clone();
    round.record(Event::Approval { approval, person, acting_for }, Vec::new())?;
    let given = round.authority().given(digest, now).len();
    let approvals = u32::try_from(given).map_err(anyhow::Error::from)?;
    let needed = round.authority().needed(&body);
    Ok(Approved { order: order.order.clone(), approvals, needed })
}
