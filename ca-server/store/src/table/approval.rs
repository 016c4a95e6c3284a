//! Approvals as rows: a copy of what the log has, for operators' lists.

use super::number;
use authority::OrderDigest;
use store::many::insert_many;
use store::{StoreError, Tx, rows};

/// An approval that was taken.
#[derive(Clone, Debug)]
pub struct ApprovalRow {
    /// Which order.
    pub order: OrderDigest,
    /// Who.
    pub person: String,
    /// The approval, JSON.
    pub approval: String,
    /// When, unix.
    pub received: u64,
}

/// Keeps approvals; a later one of the same person stands in place of one that lapsed.
pub async fn insert(tx: &mut Tx, approvals: Vec<ApprovalRow>) -> Result<(), StoreError> {
    let values = approvals.into_iter().map(|one| {
        vec![
            one.order.0.into(),
            one.person.into(),
            one.approval.into(),
            number(one.received).into(),
        ]
    });
    insert_many(
        tx,
        "insert into approval (order_digest, person_id, approval, received)",
        values.collect(),
        "on conflict (order_digest, person_id) do update set \
         approval = excluded.approval, received = excluded.received",
    )
    .await?;
    Ok(())
}

/// Remembers whose approvals carried an order.
pub async fn consume(tx: &mut Tx, consumed: Vec<(OrderDigest, String)>) -> Result<(), StoreError> {
    let values = consumed.into_iter().map(|(order, person)| vec![order.0.into(), person.into()]);
    insert_many(
        tx,
        "insert into consumed_approval (order_digest, person_id)",
        values.collect(),
        "on conflict (order_digest, person_id) do nothing",
    )
    .await?;
    Ok(())
}

/// Names and ids of those who approved what a certificate was issued under.
pub async fn consumed_by(tx: &mut Tx, order: Vec<u8>) -> Result<Vec<(String, String)>, StoreError> {
    rows!(
        tx,
        (String, String),
        "select p.name, p.person_id from consumed_approval a \
         join person p on p.person_id = a.person_id where a.order_digest = $1 \
         order by p.person_id",
        order
    )
}

/// Ids of those who approved an order, in the order of their approvals.
pub async fn people(tx: &mut Tx, order: &OrderDigest) -> Result<Vec<String>, StoreError> {
    let found = rows!(
        tx,
        (String,),
        "select person_id from approval where order_digest = $1 order by received",
        order.0.to_vec()
    )?;
    Ok(found.into_iter().map(|(person,)| person).collect())
}
