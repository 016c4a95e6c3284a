//! Leaving: whoever left loses every certificate. Nobody orders that twice; it follows from the
//! log for as long as one of them counts, whatever became of the record that came with the order.

use super::execute::revoke;
use crate::error::IssuerError;
use crate::round::Round;
use records::record::Cause;

/// Most people of one round.
const LEAVERS_MAX: usize = 256;

/// Revokes what people who left still have; false if there is nothing.
pub(crate) fn leave(round: &mut Round<'_>) -> Result<bool, IssuerError> {
    let leaving: Vec<_> = round.authority().leaving().take(LEAVERS_MAX).copied().collect();
    for person in &leaving {
        revoke(round, Cause::Left { person: person.to_string() }, Vec::new())?;
    }
    Ok(!leaving.is_empty())
}
