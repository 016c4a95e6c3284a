//! Superseding what was renewed: when old and new certificate have both counted for long enough,
//! the old one is revoked by itself. Nobody orders that; it follows from the log, and after a crash
//! it follows again.

use super::execute::revoke;
use crate::error::IssuerError;
use crate::round::Round;
use authority::Authority;
use records::record::Cause;
use std::time::Duration;

/// Most certificates that one round supersedes.
const SUPERSEDED_MAX: usize = 512;
/// What is due is tried once a second while it cannot be done.
pub(crate) const WAIT_MIN: Duration = Duration::from_secs(1);
/// Clocks are set: what is due later is looked at every minute.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// How long until it is time to supersede a certificate, or to look at the clock again, which says
/// `now`.
pub(crate) fn wait(authority: &Authority, now: u64) -> Option<Duration> {
    let left = Duration::from_secs(authority.next_superseded()?.saturating_sub(now));
    Some(left.clamp(WAIT_MIN, WAIT_MAX))
}

/// Whether a certificate is to be superseded by `now`.
pub(crate) fn is_due(authority: &Authority, now: u64) -> bool {
    authority.next_superseded().is_some_and(|due| due <= now)
}

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
