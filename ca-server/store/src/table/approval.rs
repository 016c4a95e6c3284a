//! Approvals as rows: a copy of what the log has, and as what each counted, under the issuer's MAC.

use super::number;
use authority::OrderDigest;
use records::Approval;
use store::many::insert_many;
use store::{StoreError, Tx, rows};

/// An approval that was taken.
#[derive(Clone, Debug)]
pub struct ApprovalRow {
    /// The approval is for this order.
    pub order: OrderDigest,
    /// The approval is by the person of this id.
    pub person: String,
    /// The approval is canonical JSON, as it was signed.
    pub approval: String,
    /// The issuer took it in at this time, unix seconds.
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

/// An approval that carried an order, as what it counted; whoever reads it asks the MAC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumedRow {
    /// The approval was used up for this order.
    pub order: OrderDigest,
    /// The approval was by the person of this id.
    pub person: String,
    /// For whom, if for somebody on leave.
    pub acting_for: Option<String>,
    /// The batch that was approved, where it was not the order itself: its id, how many orders it
    /// is over, and whether this one was opened.
    pub batch: Option<(String, u64, bool)>,
    /// The issuer's MAC over all that carried the order.
    pub mac: Vec<u8>,
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
            one.mac.into(),
        ]
    });
    // An order that was not carried out after all is judged again.
    insert_many(
        tx,
        "insert into consumed_approval \
         (order_digest, person_id, acting_for, batch, batch_rows, opened, mac)",
        values.collect(),
        "on conflict (order_digest, person_id) do update set acting_for = excluded.acting_for, \
         batch = excluded.batch, batch_rows = excluded.batch_rows, opened = excluded.opened, \
         mac = excluded.mac",
    )
    .await?;
    Ok(())
}

/// Who approved an order that was carried out, and as what, as rows say.
pub async fn consumed_by(tx: &mut Tx, order: OrderDigest) -> Result<Vec<ConsumedRow>, StoreError> {
    type Columns = (String, Option<String>, Option<String>, i64, i64, Option<Vec<u8>>);
    let found = rows!(
        tx,
        Columns,
        "select person_id, acting_for, batch, batch_rows, opened, mac from consumed_approval \
         where order_digest = $1 order by person_id",
        order.0.to_vec()
    )?;
    let row = |(person, acting_for, batch, rows, opened, mac): Columns| {
        let rows = u64::try_from(rows).unwrap_or(0);
        let batch = batch.map(|batch| (batch, rows, opened != 0));
        ConsumedRow { order, person, acting_for, batch, mac: mac.unwrap_or_default() }
    };
    Ok(found.into_iter().map(row).collect())
}

/// Approvals of an order, as rows have them; whoever reads one verifies it.
pub async fn given(tx: &mut Tx, order: &OrderDigest) -> Result<Vec<Approval>, StoreError> {
    let found = rows!(
        tx,
        (String,),
        "select approval from approval where order_digest = $1 order by received",
        order.0.to_vec()
    )?;
    Ok(found.into_iter().filter_map(|(json,)| serde_json::from_str(&json).ok()).collect())
}
