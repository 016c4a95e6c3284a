//! What devices ask for by SCEP (RFC 8894): a certificate by the challenge of a system's order,
//! which stands in the request that the device's key signed, and a renewal by what the key of the
//! old certificate signed. A portal decrypted either, and its word counts in neither.

use super::est::begin;
use super::system::token;
use crate::command::Caller;
use crate::error::IssuerError;
use crate::round::Round;
use authority::{OrderDigest, read_renewal, renewal_alone};
use records::est::EnrolledStatement;
use records::machine::{kid, system_of};
use records::scep::{EnrolDevice, RenewDevice, challenge, challenge_in, kid_of};
use records::{Bytes, Code};
use subtle::ConstantTimeEq;

/// Records a use of a system's authorization by its challenge; gives the serial number of the
/// certificate to come. The same again gives the same certificate.
pub(crate) fn enrol(
    round: &mut Round<'_>,
    caller: &Caller,
    message: &EnrolDevice,
) -> Result<String, IssuerError> {
    round.admit(caller)?;
    round.clock?;
    let (system, order) = known_by_challenge(round, &message.request)?;
    let said = EnrolledStatement {
        v: 1,
        founding: round.context.founding.into(),
        system,
        order: order.into(),
        request: message.request.clone(),
        challenge: true,
        ..EnrolledStatement::default()
    };
    begin(round, &said)
}

/// The same for a renewal: what was signed names the certificate, and that the system.
pub(crate) fn renew(
    round: &mut Round<'_>,
    caller: &Caller,
    message: &RenewDevice,
) -> Result<String, IssuerError> {
    round.admit(caller)?;
    round.clock?;
    let asked = read_renewal(&message.signed)?;
    let (system, _) = round.authority().system_of_certificate(&asked.certificate.0)?;
    let state = round.authority().system(&system).ok_or(Code::SystemClosed)?;
    let said = EnrolledStatement {
        v: 1,
        founding: round.context.founding.into(),
        system: system.to_string(),
        order: state.order.clone(),
        request: asked.request,
        certificate: Some(asked.certificate),
        signed: Some(renewal_alone(&message.signed)?),
        ..EnrolledStatement::default()
    };
    begin(round, &said)
}

/// The system whose challenge stands in a request, and its order. Whoever does not have it is told
/// nothing of the system.
fn known_by_challenge(round: &Round<'_>, request: &Bytes) -> Result<(String, OrderDigest), Code> {
    let given = challenge_in(request).ok_or(Code::SystemSecret)?;
    let named = kid_of(&given).ok_or(Code::SystemSecret)?;
    let system = system_of(named).ok_or(Code::SystemSecret)?;
    let state = round.authority().system(system).ok_or(Code::SystemSecret)?;
    let order = OrderDigest(state.order.digest().ok_or(Code::UnsignedAuthority)?);
    if kid(system, &order.0) != named {
        return Err(Code::SystemSecret);
    }
    let right = challenge(&token(round, system, order)?, named);
    match bool::from(right.as_bytes().ct_eq(given.as_bytes())) {
        true => Ok((system.to_owned(), order)),
        false => Err(Code::SystemSecret),
    }
}
