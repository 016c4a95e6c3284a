//! Orders as operators see them: lists, one order, and all of it to be carried to an officer.

use crate::table::{counted, unsigned};
use authority::OrderDigest;
use records::record::File;
use records::{Bytes, SignedOrder};
use store::{StoreError, Tx, row, rows};

/// Most orders of one list.
const LINES_MAX: i64 = 200;

/// A line of a list, as its row says.
pub struct ShownRow {
    /// Order id.
    pub order: String,
    /// Digest.
    pub digest: OrderDigest,
    /// Kind.
    pub kind: String,
    /// Last second, unix.
    pub expires: u64,
    /// What became of it.
    pub state: String,
}

type Line = (String, Vec<u8>, String, i64, String);

fn shown((order, digest, kind, expires, state): Line) -> Result<ShownRow, StoreError> {
    let digest = <[u8; 32]>::try_from(digest);
    let digest = digest.map_err(|_| StoreError::Inconsistent("an order's digest"))?;
    let expires = unsigned(expires)?;
    Ok(ShownRow { order, digest: OrderDigest(digest), kind, expires, state })
}

/// Orders in a state, or in every one if it is `all`, behind an order id.
pub async fn list(tx: &mut Tx, state: &str, after: &str) -> Result<Vec<ShownRow>, StoreError> {
    let found = rows!(
        tx,
        Line,
        "select order_id, order_digest, kind, expires, state from ordered \
         where ($1 = 'all' or state = $1) and order_id > $2 order by order_id limit $3",
        state,
        after,
        LINES_MAX
    )?;
    found.into_iter().map(shown).collect()
}

/// An order by its id.
pub async fn by_id(tx: &mut Tx, order: &str) -> Result<Option<ShownRow>, StoreError> {
    let found = row!(
        tx,
        Line,
        "select order_id, order_digest, kind, expires, state from ordered \
         where order_id = $1",
        order
    )?;
    found.map(shown).transpose()
}

/// An order as it is signed, with the files that it puts in force; whoever reads it verifies it.
pub async fn whole(
    tx: &mut Tx,
    order: &str,
) -> Result<Option<(SignedOrder, Vec<File>)>, StoreError> {
    let found = row!(
        tx,
        (Vec<u8>, Vec<u8>, String, String),
        "select order_bytes, signature, disclosures, files from ordered where order_id = $1",
        order
    )?;
    let Some((bytes, signature, disclosures, files)) = found else { return Ok(None) };
    let json = |_| StoreError::Inconsistent("an order's disclosures");
    let signed = SignedOrder {
        order: Bytes(bytes),
        signature: Bytes(signature),
        disclosures: serde_json::from_str(&disclosures).map_err(json)?,
    };
    Ok(Some((signed, serde_json::from_str(&files).map_err(json)?)))
}

/// The files of every order of a kind.
pub async fn files_of_kind(tx: &mut Tx, kind: &str) -> Result<Vec<Vec<File>>, StoreError> {
    let found = rows!(tx, (String,), "select files from ordered where kind = $1", kind)?;
    let json = |_| StoreError::Inconsistent("an order's files");
    found.into_iter().map(|(files,)| serde_json::from_str(&files).map_err(json)).collect()
}

/// How many orders are open, as rows say.
pub async fn count_open(tx: &mut Tx) -> Result<i64, StoreError> {
    counted(tx, "select count(*) from ordered where state = 'open'").await
}
