//! Orders: their bytes as a copy of what the log has, what opens their commitments, their files.
//! Whether one is open is authority's answer; the column `state` only helps lists.

pub mod shown;

use super::number;
use authority::OrderDigest;
use records::record::File;
use records::{Bytes, Disclosure, SignedOrder};
use std::collections::HashMap;
use store::many::{Value, insert_many, update_many};
use store::{StoreError, Tx, execute, row, rows, rows_of};

/// What ties a public key to a letter.
#[derive(Clone, Debug)]
pub struct KeyBinding {
    /// HMAC under the bind key of the label.
    pub bind: Vec<u8>,
    /// PKCS#10, DER.
    pub request: Vec<u8>,
    /// The challenge of the look-up.
    pub challenge: Vec<u8>,
}

/// What is kept beside an order's bytes.
#[derive(Clone, Debug, Default)]
pub struct OrderExtras {
    /// What opens its commitments.
    pub disclosures: Vec<Disclosure>,
    /// Files that it puts in force.
    pub files: Vec<File>,
    /// What ties the key of an application.
    pub binding: Option<KeyBinding>,
}

/// An order as it is kept when it is made.
#[derive(Clone, Debug)]
pub struct OrderRow {
    /// Digest.
    pub digest: OrderDigest,
    /// Id for people.
    pub order: String,
    /// Kind.
    pub kind: &'static str,
    /// Whom or what it concerns, for lists.
    pub title: String,
    /// Person id, if it is about one.
    pub person: Option<String>,
    /// Reference of the letter.
    pub reference: Option<String>,
    /// The order's bytes.
    pub bytes: Vec<u8>,
    /// The registry key's signature.
    pub signature: Vec<u8>,
    /// What is kept beside.
    pub extras: OrderExtras,
    /// When it was made, unix.
    pub made: u64,
    /// Last second, unix.
    pub expires: u64,
    /// What needs a look, or empty.
    pub look: &'static str,
    /// The person who drafted it under their own signature.
    pub drafter: Option<String>,
}

/// Keeps orders that were made.
pub async fn insert(tx: &mut Tx, orders: Vec<OrderRow>) -> Result<(), StoreError> {
    let json = |_| StoreError::Inconsistent("an order has no JSON");
    let mut values = Vec::with_capacity(orders.len());
    for order in orders {
        let OrderExtras { disclosures, files, binding } = order.extras;
        let (bind, request, challenge) = match binding {
            Some(binding) => (Some(binding.bind), Some(binding.request), Some(binding.challenge)),
            None => (None, None, None),
        };
        values.push(vec![
            order.digest.0.into(),
            order.order.into(),
            order.kind.into(),
            order.title.into(),
            order.person.into(),
            order.reference.into(),
            order.bytes.into(),
            order.signature.into(),
            serde_json::to_string(&disclosures).map_err(json)?.into(),
            serde_json::to_string(&files).map_err(json)?.into(),
            bind.into(),
            request.into(),
            challenge.into(),
            number(order.made).into(),
            number(order.expires).into(),
            order.look.into(),
            "open".into(),
            order.drafter.into(),
        ]);
    }
    insert_many(
        tx,
        "insert into ordered (order_digest, order_id, kind, about, person_id, reference, \
         order_bytes, signature, disclosures, files, bind, request, challenge, made, expires, \
         look, state, drafter)",
        values,
        "",
    )
    .await?;
    Ok(())
}

/// Says in the rows what became of orders; the log decides what they are.
pub async fn mark(tx: &mut Tx, state: &str, digests: Vec<OrderDigest>) -> Result<(), StoreError> {
    let keys = digests.into_iter().map(|digest| Value::from(digest.0)).collect();
    update_many(
        tx,
        ("update ordered set state = ", state.into(), " where order_digest in ("),
        keys,
    )
    .await?;
    Ok(())
}

/// Which record says why an order was declined.
pub async fn decline(
    tx: &mut Tx,
    digest: &OrderDigest,
    record_id: &Bytes,
) -> Result<(), StoreError> {
    execute!(
        tx,
        "insert into declined (order_digest, record_id) values ($1, $2) \
         on conflict (order_digest) do nothing",
        digest.0.to_vec(),
        &record_id.0
    )?;
    Ok(())
}

/// What is kept beside some orders.
pub async fn extras(
    tx: &mut Tx,
    digests: Vec<OrderDigest>,
) -> Result<HashMap<OrderDigest, OrderExtras>, StoreError> {
    type Row = (Vec<u8>, String, String, Option<Vec<u8>>, Option<Vec<u8>>, Option<Vec<u8>>);
    let keys: Vec<Vec<u8>> = digests.into_iter().map(|digest| digest.0.to_vec()).collect();
    let found = rows_of!(
        tx,
        Row,
        "select order_digest, disclosures, files, bind, request, challenge from ordered \
         where order_digest in (",
        keys,
        ")"
    );
    let json = |_| StoreError::Inconsistent("an order's disclosures");
    let mut extras = HashMap::with_capacity(found.len());
    for (digest, disclosures, files, bind, request, challenge) in found {
        let digest = <[u8; 32]>::try_from(digest)
            .map_err(|_| StoreError::Inconsistent("an order's digest"))?;
        let binding = match (bind, request, challenge) {
            (Some(bind), Some(request), Some(challenge)) => {
                Some(KeyBinding { bind, request, challenge })
            }
            _ => None,
        };
        let one = OrderExtras {
            disclosures: serde_json::from_str(&disclosures).map_err(json)?,
            files: serde_json::from_str(&files).map_err(json)?,
            binding,
        };
        extras.insert(OrderDigest(digest), one);
    }
    Ok(extras)
}

/// What opens the commitments of some orders, as rows have it; whoever reads it opens them.
pub async fn disclosures(
    tx: &mut Tx,
    digests: Vec<OrderDigest>,
) -> Result<HashMap<OrderDigest, Vec<Disclosure>>, StoreError> {
    let keys: Vec<Vec<u8>> = digests.into_iter().map(|digest| digest.0.to_vec()).collect();
    let found = rows_of!(
        tx,
        (Vec<u8>, String),
        "select order_digest, disclosures from ordered where order_digest in (",
        keys,
        ")"
    );
    let read = |(digest, json): (Vec<u8>, String)| {
        let digest = <[u8; 32]>::try_from(digest).ok()?;
        Some((OrderDigest(digest), serde_json::from_str(&json).ok()?))
    };
    Ok(found.into_iter().filter_map(read).collect())
}

/// An order's digest by its id.
pub async fn digest_of(tx: &mut Tx, order: &str) -> Result<Option<OrderDigest>, StoreError> {
    let found =
        row!(tx, (Vec<u8>,), "select order_digest from ordered where order_id = $1", order)?;
    Ok(found.and_then(|(digest,)| <[u8; 32]>::try_from(digest).ok()).map(OrderDigest))
}

/// A line of the officers' list, as rows have it.
pub struct WaitingRow {
    /// Order id.
    pub order: String,
    /// Digest.
    pub digest: OrderDigest,
    /// Kind.
    pub kind: String,
    /// Whom or what it concerns.
    pub title: String,
    /// What needs a look.
    pub look: String,
    /// When it was made, unix.
    pub made: i64,
    /// Last second, unix.
    pub expires: i64,
}

/// Orders that may be open, oldest first, behind a time and an order id.
pub async fn waiting(
    tx: &mut Tx,
    (since, after): (i64, &str),
    now: i64,
    limit: i64,
) -> Result<Vec<WaitingRow>, StoreError> {
    type Row = (String, Vec<u8>, String, String, String, i64, i64);
    let found = rows!(
        tx,
        Row,
        "select order_id, order_digest, kind, about, look, made, expires from ordered \
         where state = 'open' and (made, order_id) > ($1, $2) and expires >= $3 \
         order by made, order_id limit $4",
        since,
        after,
        now,
        limit
    )?;
    let line = |(order, digest, kind, title, look, made, expires): Row| {
        let digest = OrderDigest(<[u8; 32]>::try_from(digest).ok()?);
        Some(WaitingRow { order, digest, kind, title, look, made, expires })
    };
    Ok(found.into_iter().filter_map(line).collect())
}

/// An order in the list of its drafter, or of whom it is about, as rows have it.
pub struct DraftedRow {
    /// Digest.
    pub digest: OrderDigest,
    /// The order's bytes.
    pub bytes: Vec<u8>,
    /// What opens its commitments.
    pub disclosures: Vec<Disclosure>,
    /// When it was made, unix.
    pub made: i64,
    /// What became of it.
    pub state: String,
}

/// Orders that a person drafted under their own signature, newest first, before a time and an
/// order id.
pub async fn drafted_by(
    tx: &mut Tx,
    (drafter, (until, before)): (&str, (i64, String)),
    limit: i64,
) -> Result<Vec<DraftedRow>, StoreError> {
    let found = rows!(
        tx,
        ListedRow,
        "select order_digest, order_bytes, disclosures, made, state from ordered \
         where drafter = $1 and (made, order_id) < ($2, $3) \
         order by made desc, order_id desc limit $4",
        drafter,
        until,
        before,
        limit
    )?;
    Ok(found.into_iter().filter_map(listed).collect())
}

/// Orders about a person, newest first, before a time and an order id.
pub async fn about(
    tx: &mut Tx,
    (person, (until, before)): (&str, (i64, String)),
    limit: i64,
) -> Result<Vec<DraftedRow>, StoreError> {
    let found = rows!(
        tx,
        ListedRow,
        "select order_digest, order_bytes, disclosures, made, state from ordered \
         where person_id = $1 and (made, order_id) < ($2, $3) \
         order by made desc, order_id desc limit $4",
        person,
        until,
        before,
        limit
    )?;
    Ok(found.into_iter().filter_map(listed).collect())
}

type ListedRow = (Vec<u8>, Vec<u8>, String, i64, String);

fn listed((digest, bytes, disclosures, made, state): ListedRow) -> Option<DraftedRow> {
    let digest = OrderDigest(<[u8; 32]>::try_from(digest).ok()?);
    let disclosures = serde_json::from_str(&disclosures).unwrap_or_default();
    Some(DraftedRow { digest, bytes, disclosures, made, state })
}

/// An order as it is signed; whoever reads it verifies it.
pub struct SignedRow {
    /// The order, with what opens its commitments.
    pub signed: SignedOrder,
    /// What became of it, as the row says.
    pub state: String,
    /// What of it needs a look.
    pub look: String,
}

/// Some orders as they are signed. The digest covers the bytes.
pub async fn signed(
    tx: &mut Tx,
    digests: Vec<OrderDigest>,
) -> Result<HashMap<OrderDigest, SignedRow>, StoreError> {
    type Row = (Vec<u8>, Vec<u8>, String, String, String);
    let keys: Vec<Vec<u8>> = digests.into_iter().map(|digest| digest.0.to_vec()).collect();
    let found = rows_of!(
        tx,
        Row,
        "select order_bytes, signature, disclosures, state, look from ordered \
         where order_digest in (",
        keys,
        ")"
    );
    let read = |(bytes, signature, disclosures, state, look): Row| {
        let disclosures = serde_json::from_str(&disclosures).ok()?;
        let digest = OrderDigest::of(&bytes);
        let (order, signature) = (Bytes(bytes), Bytes(signature));
        let signed = SignedOrder { order, signature, disclosures };
        Some((digest, SignedRow { signed, state, look }))
    };
    Ok(found.into_iter().filter_map(read).collect())
}

/// What of an order needs a look.
pub async fn look_of(tx: &mut Tx, digest: &OrderDigest) -> Result<String, StoreError> {
    let key = digest.0.to_vec();
    let found = row!(tx, (String,), "select look from ordered where order_digest = $1", key)?;
    Ok(found.map(|(look,)| look).unwrap_or_default())
}

/// The record that says why an order was declined, with what opens its reason: record, salt, value.
pub async fn reason_of(
    tx: &mut Tx,
    digest: &OrderDigest,
) -> Result<Option<(Vec<u8>, Vec<u8>, String)>, StoreError> {
    let found = row!(
        tx,
        (Vec<u8>, Vec<u8>, String),
        "select o.record_id, o.salt, o.value from declined d \
         join disclosure o on o.record_id = d.record_id \
         where d.order_digest = $1 and o.path = '/reason'",
        digest.0.to_vec()
    )?;
    let Some((id, salt, value)) = found else { return Ok(None) };
    let record = row!(
        tx,
        (Vec<u8>,),
        "select record from log_entry where record_id = $1 union all \
         select record from log_pending where record_id = $1",
        id
    )?;
    Ok(record.map(|(record,)| (record, salt, value)))
}

/// Orders that were carried out, with what opens their commitments. The digest covers the bytes; a
/// body whose commitments do not open comes without disclosures.
pub async fn enacted(
    tx: &mut Tx,
    digests: Vec<OrderDigest>,
) -> Result<HashMap<OrderDigest, (records::order::Body, Vec<Disclosure>)>, StoreError> {
    let keys: Vec<Vec<u8>> = digests.into_iter().map(|digest| digest.0.to_vec()).collect();
    let found = rows_of!(
        tx,
        (Vec<u8>, String),
        "select order_bytes, disclosures from ordered where order_digest in (",
        keys,
        ")"
    );
    let read = |(bytes, disclosures): (Vec<u8>, String)| {
        let body = records::Order::read(&bytes).ok()?.body().ok()?;
        let opened: Vec<Disclosure> = serde_json::from_str(&disclosures).ok()?;
        Some((OrderDigest::of(&bytes), (body, opened)))
    };
    Ok(found.into_iter().filter_map(read).collect())
}

/// Orders with their bodies, whatever became of them: their bytes are those that the digests name.
pub async fn read_of(
    tx: &mut Tx,
    digests: Vec<OrderDigest>,
) -> Result<HashMap<OrderDigest, (records::Order, records::order::Body)>, StoreError> {
    let keys: Vec<Vec<u8>> = digests.into_iter().map(|digest| digest.0.to_vec()).collect();
    let found = rows_of!(
        tx,
        (Vec<u8>,),
        "select order_bytes from ordered where order_digest in (",
        keys,
        ")"
    );
    let read = |(bytes,): (Vec<u8>,)| {
        let order = records::Order::read(&bytes).ok()?;
        let body = order.body().ok()?;
        Some((OrderDigest::of(&bytes), (order, body)))
    };
    Ok(found.into_iter().filter_map(read).collect())
}

/// An order's id, body and last second, also when it is no longer open.
pub async fn header(
    tx: &mut Tx,
    digest: &OrderDigest,
) -> Result<Option<(String, records::order::Body, String)>, StoreError> {
    let found = row!(
        tx,
        (Vec<u8>,),
        "select order_bytes from ordered where order_digest = $1",
        digest.0.to_vec()
    )?;
    let Some((bytes,)) = found.filter(|(bytes,)| OrderDigest::of(bytes) == *digest) else {
        return Ok(None);
    };
    let read = records::Order::read(&bytes).ok();
    Ok(read.and_then(|order| Some((order.order.clone(), order.body().ok()?, order.expires))))
}
