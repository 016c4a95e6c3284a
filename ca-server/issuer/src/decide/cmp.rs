//! What systems ask for by CMP (RFC 9810): a certificate within their authorization, and the end of
//! one. Who asks, a MAC or a signature says that was checked before; it is judged by what holds
//! now.

use super::{est, execute};
use crate::command::Caller;
use crate::error::IssuerError;
use crate::round::Round;
use crate::verify::VerifiedCmp;
use authority::Serial;
use records::Code;

/// Records a use of a system's authorization; gives the serial number of the certificate to come.
/// The same request again in its transaction gives the same certificate.
pub(crate) fn enrol(
    round: &mut Round<'_>,
    caller: &Caller,
    asked: &VerifiedCmp,
) -> Result<String, IssuerError> {
    round.admit(caller)?;
    round.clock?;
    holds(round, asked)?;
    est::begin(round, &asked.statement(&round.context.founding)?)
}

/// Revokes what a message names, or what its transaction gave and its client did not take: a brake.
pub(crate) fn revoke(
    round: &mut Round<'_>,
    caller: &Caller,
    asked: &VerifiedCmp,
) -> Result<(), IssuerError> {
    round.admit(caller)?;
    holds(round, asked)?;
    let authority = round.authority();
    let shown = asked.certificate();
    let der = shown.map(pki::Certificate::der);
    let (serial, _) = authority.cmp_revocation(asked.system(), &asked.message().0, der)?;
    if let Some(shown) = shown
        && Serial::of(shown.serial()) != Some(serial)
    {
        // A key that counts no more ends its own certificate and no other.
        authority.counts_now(shown, round.now())?;
    }
    if authority.is_ended(&serial.to_string()) {
        return Err(Code::CertificateRevoked.into());
    }
    execute::revoke(round, asked.cause(), Vec::new())
}

/// A secret is over with its order.
fn holds(round: &Round<'_>, asked: &VerifiedCmp) -> Result<(), Code> {
    let state = round.authority().system(asked.system()).ok_or(Code::MessageProtection)?;
    let is_in_force = state.order.digest() == Some(asked.order().0);
    match is_in_force || asked.certificate().is_some() {
        true => Ok(()),
        false => Err(Code::MessageProtection),
    }
}
