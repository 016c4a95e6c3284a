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

/// An approval that carried an order, as what it counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumedRow {
    /// Which order.
    pub order: OrderDigest,
    /// Who.
    pub person: String,
    /// For whom, if for somebody on leave.
    pub acting_for: Option<String>,
    /// The batch that was approved, where it was not the order itself: its id, how many orders it
    /// is over, and whether this one was opened.
    pub batch: Option<(String, u64, bool)>,
}

/// Remembers whose approvals carried an order.
pub async fn consume(tx: &mut Tx, consumed: Vec<ConsumedRow>) -> Result<(), StoreError> {
    let values = consumed.into_iter().map(|one| {
        let (batch, rows, opened) = match one.batch {
            Some((batch, rows, opened)) => (Some(batch), number(rows), i64::from(opened)),
            None => (None, 0, 0),
        };
        vec![
            one.order.0.into(),
            one.person.into(),
            one.acting_for.into(),
            batch.into(),
            rows.into(),
            opened.into(),
        ]
    });
    insert_many(
        tx,
        "insert into consumed_approval \
         (order_digest, person_id, acting_for, batch, batch_rows, opened)",
        values.collect(),
        "on conflict (order_digest, person_id) do nothing",
    )
    .await?;
    Ok(())
}

/// Who approved what a certificate was issued under, and as what.
pub async fn consumed_by(tx: &mut Tx, order: OrderDigest) -> Result<Vec<ConsumedRow>, StoreError> {
    let found = rows!(
        tx,
        (String, Option<String>, Option<String>, i64, i64),
        "select a.person_id, a.acting_for, a.batch, a.batch_rows, a.opened \
         from consumed_approval a join person p on p.person_id = a.person_id \
         where a.order_digest = $1 order by a.person_id",
        order.0.to_vec()
    )?;
    let row = |(person, acting_for, batch, rows, opened): (String, _, Option<String>, i64, i64)| {
        let rows = u64::try_from(rows).unwrap_or(0);
        let batch = batch.map(|batch| (batch, rows, opened != 0));
        ConsumedRow { order, person, acting_for, batch }
    };
    Ok(found.into_iter().map(row).collect())
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
