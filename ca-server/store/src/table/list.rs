//! Revocation lists as rows: bytes that an issuer's key signed; whoever publishes or hands one out
//! verifies it first.

use super::number;
use ca_host::ISSUER;
use ca_host::lists::{ListOf, SHARD};
use pki::PublicKey;
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

/// Keeps a list that was verified; whatever a hand put under its number is not the issuer's and
/// gives way.
pub async fn insert(tx: &mut Tx, of: ListOf, list: &RevocationList) -> Result<(), StoreError> {
    execute!(
        tx,
        "insert into crl (issuer, shard, number, this_update, next_update, list) \
         values ($1, $2, $3, $4, $5, $6) on conflict (issuer, shard, number) do update set \
         this_update = $4, next_update = $5, list = $6",
        of.name(),
        i64::from(SHARD),
        number(list.number()),
        number(list.this_update()),
        number(list.next_update()),
        list.der().to_vec()
    )?;
    Ok(())
}

/// The list of the issuing CA that its key signed under a number.
pub async fn signed(
    tx: &mut Tx,
    (number, key): (u64, &PublicKey),
) -> Result<Option<RevocationList>, StoreError> {
    let found = row!(
        tx,
        (Vec<u8>,),
        "select list from crl where issuer = $1 and shard = 0 and number = $2",
        ISSUER,
        super::number(number)
    )?;
    let list = found.and_then(|(der,)| RevocationList::read(&der).ok());
    Ok(list.filter(|list| list.number() == number && list.is_signed_by(key)))
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

#[cfg(test)]
mod tests {
    use super::*;
    use ca_host::CaConfig;
    use pki::Signer;
    use sample_city::SampleCity;

    /// A row with a list of another key, or under another number than its own, is no list.
    #[tokio::test]
    async fn a_row_is_a_list_where_its_key_signed_it_under_that_number() {
        let folder = tempfile::tempdir().unwrap();
        let config = CaConfig::nowhere().in_folder(folder.path());
        let store = crate::open(&config).await.unwrap();
        let city = SampleCity::found();
        let mut tx = store.write().await.unwrap();
        insert(&mut tx, ListOf::Issuing, &city.list(7)).await.unwrap();
        insert(&mut tx, ListOf::Issuing, &city.list_by(&city.keys.other, 8)).await.unwrap();
        let moved = "insert into crl select issuer, shard, 9, this_update, next_update, list \
                     from crl where number = 7";
        assert_eq!(execute!(&mut tx, moved).unwrap(), 1);
        let key = city.keys.issuing.public_key();
        for (number, is_one) in [(6, false), (7, true), (8, false), (9, false)] {
            let found = signed(&mut tx, (number, key)).await.unwrap();
            assert_eq!(found.is_some(), is_one, "{number}");
        }
        drop(tx);
        store.close().await;
    }
}
