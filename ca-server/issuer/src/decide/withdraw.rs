//! Taking back what was drafted by mistake: an order ends, a letter is voided. Whoever drafted it
//! does that, under their signature if they are a person.

use super::letter;
use crate::command::{Caller, Officer};
use crate::error::IssuerError;
use crate::officer::person_of;
use crate::round::Round;
use crate::rows::RowChange;
use crate::verify::VerifiedWithdrawal;
use authority::OrderDigest;
use records::label::Label;
use records::record::Event;
use records::withdrawal::{Withdrawal, WithdrawalAnswer, WithdrawalTarget, WithdrawnStatement};
use records::{Bytes, Code};

/// Takes back what a person drafted, as they signed it.
pub(crate) fn withdraw(
    round: &mut Round<'_>,
    caller: &Caller,
    officer: &Officer,
    verified: &VerifiedWithdrawal,
) -> Result<WithdrawalAnswer, IssuerError> {
    round.admit(caller)?;
    person_of(round.authority(), &officer.0, round.now())?;
    let withdrawal = verified.withdrawal();
    if withdrawal.certificate.0 != officer.0.der() {
        return Err(Code::ApprovalSignature.into());
    }
    let (person, what) = round.authority().check_withdrawal(withdrawal, round.now())?;
    let drafter = format!("person:{person}");
    match what {
        WithdrawalTarget::Order { order } => order_of(round, &drafter, &order, Some(withdrawal)),
        WithdrawalTarget::Letter { reference } => {
            letter::take_back(round, &drafter, &reference, withdrawal)?;
            Ok(WithdrawalAnswer { name: reference })
        }
    }
}

/// Takes back an open order in the name of whoever drafted it.
pub(crate) fn order_of(
    round: &mut Round<'_>,
    drafter: &str,
    order: &Bytes,
    withdrawal: Option<&Withdrawal>,
) -> Result<WithdrawalAnswer, IssuerError> {
    let (digest, open) = round.authority().may_withdraw(order, drafter, round.now())?;
    let name = open.read.order.clone();
    let statement = records::json::write(&WithdrawnStatement {
        v: 1,
        order: order.clone(),
        drafter: drafter.to_owned(),
        withdrawal: withdrawal.cloned().map(Box::new),
    })?;
    let signature = Label::Withdrawn.sign(&round.context.registry, &statement);
    let signature = signature.map_err(anyhow::Error::from)?;
    let event = Event::Withdrawn { statement: statement.into(), signature: signature.into() };
    round.record(event, Vec::new())?;
    ended(round, digest);
    Ok(WithdrawalAnswer { name })
}

fn ended(round: &mut Round<'_>, digest: OrderDigest) {
    round.state.ready.remove(&digest);
    round.change(RowChange::OrderState(digest, "withdrawn"));
}
