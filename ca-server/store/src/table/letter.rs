//! Letters and join tokens as rows: secrets sealed under a key of the issuer. What a letter opens
//! is said by its record, which the registry key signed.

use super::number;
use authority::OrderDigest;
use std::collections::HashMap;
use store::many::insert_many;
use store::{StoreError, Tx, execute, rows_of};

/// A letter with its sealed bind keys.
#[derive(Clone, Debug)]
pub struct LetterRow {
    /// The letter is named by its reference, 16 Crockford base32 characters.
    pub reference: String,
    /// The letter is for the person of this id.
    pub person: String,
    /// A certificate of this profile can be had with it.
    pub profile: String,
    /// `cli`, `page` or `loss`.
    pub label: String,
    /// The look-up key is known by its SHA-256 alone.
    pub lookup_sha256: Vec<u8>,
    /// The loss value is known by its SHA-256 alone.
    pub loss_sha256: Vec<u8>,
    /// The keys that follow from the letter's code are kept sealed.
    pub sealed: SealedKeys,
    /// The letter can be used until this second, unix.
    pub expires: u64,
}

/// The sealed bind keys of a letter.
#[derive(Clone, Debug, Default)]
pub struct SealedKeys {
    /// For pages; empty where only the command line may apply.
    pub page: Vec<u8>,
    /// The sealed keys under which the command line applies.
    pub cli: Vec<u8>,
}

/// Keeps the rows of letters.
pub async fn insert(tx: &mut Tx, letters: Vec<LetterRow>) -> Result<(), StoreError> {
    let values = letters.into_iter().map(|letter| {
        vec![
            letter.reference.into(),
            letter.person.into(),
            letter.profile.into(),
            letter.label.into(),
            letter.lookup_sha256.into(),
            letter.loss_sha256.into(),
            letter.sealed.page.into(),
            letter.sealed.cli.into(),
            number(letter.expires).into(),
        ]
    });
    insert_many(
        tx,
        "insert into letter (reference, person_id, profile_id, label, lookup_sha256, \
         loss_sha256, bind_page, bind_cli, expires)",
        values.collect(),
        "",
    )
    .await?;
    Ok(())
}

/// Sealed keys by reference.
pub async fn sealed(
    tx: &mut Tx,
    references: Vec<String>,
) -> Result<HashMap<String, SealedKeys>, StoreError> {
    let found = rows_of!(
        tx,
        (String, Vec<u8>, Vec<u8>),
        "select reference, bind_page, bind_cli from letter where reference in (",
        references,
        ")"
    );
    let keys = |(reference, page, cli)| (reference, SealedKeys { page, cli });
    Ok(found.into_iter().map(keys).collect())
}

/// Keeps the token under which an agent joins.
pub async fn insert_token(
    tx: &mut Tx,
    order: &OrderDigest,
    agent: &str,
    sealed: Vec<u8>,
) -> Result<(), StoreError> {
    execute!(
        tx,
        "insert into join_token (order_digest, agent_id, sealed) values ($1, $2, $3) \
         on conflict (order_digest) do update set agent_id = $2, sealed = $3",
        order.0.to_vec(),
        agent,
        sealed
    )?;
    Ok(())
}

/// Sealed tokens by the digest of their order.
pub async fn tokens(
    tx: &mut Tx,
    orders: Vec<OrderDigest>,
) -> Result<HashMap<OrderDigest, Vec<u8>>, StoreError> {
    let keys: Vec<Vec<u8>> = orders.into_iter().map(|digest| digest.0.to_vec()).collect();
    let found = rows_of!(
        tx,
        (Vec<u8>, Vec<u8>),
        "select order_digest, sealed from join_token where order_digest in (",
        keys,
        ")"
    );
    let token = |(order, sealed): (Vec<u8>, Vec<u8>)| {
        Some((OrderDigest(<[u8; 32]>::try_from(order).ok()?), sealed))
    };
    Ok(found.into_iter().filter_map(token).collect())
}
