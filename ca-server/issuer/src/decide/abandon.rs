//! Giving an intent up: its serial number is revoked, whether or not it was signed, and the letter
//! is free again.

use super::execute::revoke;
use crate::error::IssuerError;
use crate::issuance::Issuing;
use crate::round::Round;
use crate::rows::RowChange;
use authority::{Authority, Serial};
use records::Bytes;
use records::record::Cause;

/// Whether nothing stopped an intent since it was recorded.
pub(crate) fn may_be_signed(authority: &Authority, serial: Serial, issuing: &Issuing) -> bool {
    let lost = issuing.reference.as_ref().is_some_and(|reference| authority.is_lost(reference));
    let left = issuing.reference.is_some() && authority.has_left(&issuing.subject);
    !lost && !left && !authority.is_revoked(&serial.to_string())
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
