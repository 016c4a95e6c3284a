//! The replay of a lineage: the authority that follows from records which are proven to stand in
//! the log, from leaf 0 on. Whoever knows the founding digest and the log's key believes nobody.

use crate::authority::Authority;
use crate::judge::Judged;
use records::Record;
use records::lineage::{Lineage, LineageError};
use tlog::{Checkpoint, VerifierKey};

/// The authority that follows from a lineage, with the head under which its records stand.
pub fn replay_lineage(
    lineage: &Lineage,
    key: &VerifierKey,
    founding: &[u8; 32],
) -> Result<(Checkpoint, Authority), LineageError> {
    let (head, records) = lineage.open(key)?;
    let authority = replay(&records, founding)?;
    Ok((head, authority))
}

/// The authority that follows from opened records.
pub fn replay(records: &[(u64, Record)], founding: &[u8; 32]) -> Result<Authority, LineageError> {
    replay_judged(records, founding, |_, _| ())
}

/// The same; `told` hears how the order was judged that the record at an index carries out.
pub fn replay_judged(
    records: &[(u64, Record)],
    founding: &[u8; 32],
    mut told: impl FnMut(u64, Judged),
) -> Result<Authority, LineageError> {
    let Some(((0, first), rest)) = records.split_first() else {
        return Err(LineageError::Founding);
    };
    let mut authority = Authority::found(first, founding).map_err(|_| LineageError::Founding)?;
    for (index, record) in rest {
        let index = *index;
        let judged = authority
            .apply_judged(record)
            .map_err(|unsigned| LineageError::Unsigned { index, code: unsigned.code })?;
        if let Some(judged) = judged {
            told(index, judged);
        }
    }
    Ok(authority)
}
