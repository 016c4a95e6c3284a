//! Giving an intent up: its serial number is revoked, whether or not it was signed, and the letter
//! is free again.

use super::execute::revoke;
use crate::error::IssuerError;
use crate::issuance::IssuanceGrounds;
use crate::round::Round;
use crate::rows::RowChange;
use authority::{Authority, Serial};
use records::Bytes;
use records::record::Cause;

/// Whether nothing stopped an intent since it was recorded. What is suspended is issued all the
/// same, and counts once it is released.
pub(crate) fn may_be_signed(
    authority: &Authority,
    serial: Serial,
    issuing: &IssuanceGrounds,
) -> bool {
    let reference = issuing.reference.as_ref();
    let stands = reference.is_none_or(|reference| authority.check_letter(reference).is_ok());
    let left = reference.is_some() && authority.has_left(&issuing.subject);
    // What is renewed must stand until its successor is there: nothing suspends or revokes it.
    let old = authority.renews(&serial);
    let renews = old.is_none_or(|old| !authority.is_revoked(&old.to_string()));
    stands && !left && renews && !authority.is_ended(&serial.to_string())
}

/// Gives an intent up.
pub(crate) fn abandon(round: &mut Round<'_>, serial: Serial) -> Result<(), IssuerError> {
    round.change(RowChange::IntentState(serial, "abandoned"));
    round.state.issuances.remove(&serial);
    round.state.signing.remove(&serial);
    let Some(intended) = round.authority().intent(&serial.to_string()) else {
        // It was revoked already, by a loss report or a departure.
        return Ok(());
    };
    let order = Bytes::from(intended.under);
    revoke(round, Cause::Abandoned { order }, Vec::new())
}
