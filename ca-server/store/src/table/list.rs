//! Revocation lists as rows: bytes that an issuer's key signed; whoever publishes or hands one out
//! verifies it first.

use super::number;
use ca_host::ISSUER;
use ca_host::lists::SHARD;
use pki::crl::RevocationList;
use store::{StoreError, Tx, execute, row, rows};

/// Keeps a list of an issuer under its number. One that is taken is an error: somebody else
/// published it.
pub async fn insert_new(
    tx: &mut Tx,
    issuer: &str,
    list: &RevocationList,
) -> Result<(), StoreError> {
    execute!(
        tx,
        "insert into crl (issuer, shard, number, this_update, next_update, list) \
         values ($1, $2, $3, $4, $5, $6)",
        issuer,
        i64::from(SHARD),
        number(list.number()),
        number(list.this_update()),
        number(list.next_update()),
        list.der().to_vec()
    )?;
    Ok(())
}

/// Keeps a list of the issuing CA; whatever a hand put under its number is not the issuer's and
/// gives way.
pub async fn insert(tx: &mut Tx, list: &RevocationList) -> Result<(), StoreError> {
    execute!(
        tx,
        "insert into crl (issuer, shard, number, this_update, next_update, list) \
         values ($1, $2, $3, $4, $5, $6) on conflict (issuer, shard, number) do update set \
         this_update = $4, next_update = $5, list = $6",
        ISSUER,
        i64::from(SHARD),
        number(list.number()),
        number(list.this_update()),
        number(list.next_update()),
        list.der().to_vec()
    )?;
    Ok(())
}

/// A list of the issuing CA by its number.
pub async fn by_number(tx: &mut Tx, number: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let list = row!(
        tx,
        (Vec<u8>,),
        "select list from crl where issuer = $1 and shard = 0 and number = $2",
        ISSUER,
        super::number(number)
    )?;
    Ok(list.map(|(der,)| der))
}

/// Issuer, number, thisUpdate and nextUpdate of every issuer's newest list.
pub async fn newest(tx: &mut Tx) -> Result<Vec<(String, i64, i64, i64)>, StoreError> {
    rows!(
        tx,
        (String, i64, i64, i64),
        "select c.issuer, c.number, c.this_update, c.next_update from crl c \
         where c.number = (select max(n.number) from crl n where n.issuer = c.issuer) \
         order by c.issuer"
    )
}

/// Lists of the issuing CA behind a number, as their rows say, oldest first; whoever takes one up
/// verifies it first.
pub async fn behind(
    tx: &mut Tx,
    number: u64,
    limit: i64,
) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
    let found = rows!(
        tx,
        (i64, Vec<u8>),
        "select number, list from crl where issuer = $1 and shard = 0 and number > $2 \
         order by number limit $3",
        ISSUER,
        super::number(number),
        limit
    )?;
    let list = |(number, list)| Some((super::unsigned(number).ok()?, list));
    Ok(found.into_iter().filter_map(list).collect())
}

/// The number of an issuer's newest list.
pub async fn last_number(tx: &mut Tx, issuer: &str) -> Result<Option<u64>, StoreError> {
    let last = row!(tx, (Option<i64>,), "select max(number) from crl where issuer = $1", issuer)?;
    last.and_then(|(number,)| number).map(super::unsigned).transpose()
}
