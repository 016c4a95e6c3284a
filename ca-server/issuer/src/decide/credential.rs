//! Making the order that certifies an officer's or a handler's passkey; their certificate key has
//! signed the wish.

use super::order::{OrderParts, make};
use crate::command::{Caller, Officer};
use crate::error::IssuerError;
use crate::officer::person_of;
use crate::round::Round;
use ca_api::OrderCreated;
use records::Code;
use records::order::{Body, CredentialBody};

/// Makes the order.
pub(crate) fn credential(
    round: &mut Round<'_>,
    caller: &Caller,
    officer: &Officer,
    body: &CredentialBody,
) -> Result<OrderCreated, IssuerError> {
    round.admit(caller)?;
    let person = person_of(round.authority(), &officer.0, round.now())?;
    let authority = round.authority();
    if !authority.is_approver(&person) && !authority.is_handler(&person) {
        return Err(Code::NotYourRoute.into());
    }
    if body.certificate.0 != officer.0.der() || body.person != person {
        return Err(Code::ApprovalSignature.into());
    }
    round.clock?;
    let drafter = format!("person:{person}");
    round.state.draft(&drafter)?;
    let made = make(round, &drafter, &Body::Credential(body.clone()), OrderParts::default())?;
    Ok(OrderCreated { order: made.order, needed: made.needed })
}
