//! Orders as operators see them: lists, one order, and all of it to be carried to an officer.

use crate::table::{counted, number};
use authority::OrderDigest;
use records::record::File;
use records::{Bytes, SignedOrder};
use store::{StoreError, Tx, row, rows};

/// Ids and digests of orders in a state, as rows say, or in every one if it is `all`, behind an
/// order id; of open ones those that are in time.
pub async fn places(
    tx: &mut Tx,
    (state, after): (&str, &str),
    (now, limit): (u64, usize),
) -> Result<Vec<(String, OrderDigest)>, StoreError> {
    let found = rows!(
        tx,
        (String, Vec<u8>),
        "select order_id, order_digest from ordered \
         where ($1 = 'all' or state = $1) and ($1 <> 'open' or expires >= $3) and order_id > $2 \
         order by order_id limit $4",
        state,
        after,
        number(now),
        i64::try_from(limit).unwrap_or(i64::MAX)
    )?;
    let place = |(order, digest): (String, Vec<u8>)| {
        Some((order, OrderDigest(<[u8; 32]>::try_from(digest).ok()?)))
    };
    Ok(found.into_iter().filter_map(place).collect())
}

/// The order that says that an id is its own, as it is signed, with the files that it puts in
/// force; whoever reads it verifies it.
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
    let own = found.filter(|(bytes, ..)| super::is_named(bytes, order));
    let Some((bytes, signature, disclosures, files)) = own else { return Ok(None) };
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
