//! Superseding what was renewed: when old and new certificate have both counted for long enough,
//! the old one is revoked by itself. Nobody orders that; it follows from the log, and after a crash
//! it follows again.

use super::execute::revoke;
use crate::error::IssuerError;
use crate::round::Round;
use records::record::Cause;

/// Most certificates that one round supersedes.
const SUPERSEDED_MAX: usize = 512;

/// Revokes what is superseded; false if nothing is, or our clock is not believed.
pub(crate) fn supersede(round: &mut Round<'_>) -> Result<bool, IssuerError> {
    if round.clock.is_err() {
        return Ok(false);
    }
    let due = round.authority().superseded(round.now());
    for serial in due.iter().take(SUPERSEDED_MAX) {
        tracing::info!(certificate.serial = %serial, "superseded");
        revoke(round, Cause::Superseded { serial: serial.to_string() }, Vec::new())?;
    }
    Ok(!due.is_empty())
}
