//! Revocation lists as rows, each with the record that says it was made.

use crate::intake::{self, LedgerError};
use crate::table;
use pki::crl::RevocationList;
use records::Bytes;
use records::record::Event;
use sha2::{Digest, Sha256};
use store::{StoreError, Tx, rows};

/// Keeps a list under its number, and records it. A number that is taken is an error: somebody else
/// published it.
pub async fn insert(
    tx: &mut Tx,
    maker: &str,
    micros: u64,
    issuer: &str,
    list: &RevocationList,
) -> Result<(), LedgerError> {
    table::list::insert_new(tx, issuer, list).await?;
    let event = Event::Crl {
        issuer: issuer.to_owned(),
        number: list.number(),
        sha256: Bytes::from(Sha256::digest(list.der()).as_slice()),
        this_update: records::time::seconds(list.this_update()),
        next_update: records::time::seconds(list.next_update()),
        entries: list.revoked().len() as u64,
    };
    intake::write(tx, maker, micros, event, &[]).await?;
    Ok(())
}

/// The newest lists of an issuer, as rows say: whoever takes one up verifies it first, and a few
/// rows of a hand hide none.
pub async fn newest(tx: &mut Tx, issuer: &str) -> Result<Vec<Vec<u8>>, StoreError> {
    let newest = rows!(
        tx,
        (Vec<u8>,),
        "select list from crl where issuer = $1 and shard = 0 order by number desc limit 4",
        issuer
    )?;
    Ok(newest.into_iter().map(|(der,)| der).collect())
}
