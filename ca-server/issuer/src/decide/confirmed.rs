//! Taking over what `status` confirmed and the log does not have: its record was kept from us. It
//! is judged by what is signed in it, as if it had come the usual way, and is felt in this round.

use crate::error::IssuerError;
use crate::round::Round;
use authority::Authority;
use records::Record;
use records::record::{Cause, Event};

/// Whether it takes something away that nothing took away yet. Only what `status` confirms is taken
/// over: losses and suspensions.
pub(crate) fn is_missing(authority: &Authority, record: &Record) -> bool {
    match &record.event {
        Event::Revoked { cause, statement, signature, .. } => {
            let Cause::Loss { reference, .. } = cause else { return false };
            let since = authority.counts_from(cause, (statement, signature));
            let lawful = since.and_then(|at| authority.revocation(cause, &[], at)).is_ok();
            lawful && !authority.is_lost(reference)
        }
        Event::Suspended { cause, .. } => {
            let suspended = authority.suspension(cause).unwrap_or_default();
            let stands = |(serial, one): &(_, authority::SuspendedCertificate)| {
                authority.suspended_by(serial, one.said, &one.by).is_some()
            };
            !suspended.iter().all(stands)
        }
        _ => false,
    }
}

/// Records what is missing. Whoever keeps it from the queue again and again takes nothing back
/// between two times: it is felt from here on, until the tree has it.
pub(crate) fn confirmed(round: &mut Round<'_>, records: &[Record]) -> Result<(), IssuerError> {
    for record in records {
        if is_missing(round.authority(), record) {
            round.record_confirmed(record.event.clone())?;
        }
    }
    Ok(())
}
