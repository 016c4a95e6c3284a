//! Orders: their bytes as a copy of what the log has, what opens their commitments, their files.
//! Whether one is open is authority's answer; the column `state` only helps lists.

mod listed;
pub mod operators;
mod signed;

pub use listed::{DraftedRow, WaitingRow, about, drafted_by, of_record, waiting};
pub use signed::{SignedRow, header, read_of, signed};

use super::number;
use authority::OrderDigest;
use records::record::File;
use records::{Bytes, Disclosure};
use std::collections::HashMap;
use store::many::{Value, insert_many, update_many};
use store::{StoreError, Tx, execute, row, rows_of};

/// What ties a public key to a letter.
#[derive(Clone, Debug)]
pub struct KeyBinding {
    /// HMAC under the bind key of the label.
    pub bind: Vec<u8>,
    /// The request is PKCS#10 in DER (RFC 2986).
    pub request: Vec<u8>,
    /// The challenge of the look-up.
    pub challenge: Vec<u8>,
}

/// What is kept beside an order's bytes.
#[derive(Clone, Debug, Default)]
pub struct OrderExtras {
    /// These values open the commitments of the order.
    pub disclosures: Vec<Disclosure>,
    /// Files that it puts in force.
    pub files: Vec<File>,
    /// What ties the key of an application.
    pub binding: Option<KeyBinding>,
}

/// An order as it is kept when it is made.
#[derive(Clone, Debug)]
pub struct OrderRow {
    /// The order is named by its digest, which the registry key signed.
    pub digest: OrderDigest,
    /// People name the order by this id, 16 Crockford base32 characters.
    pub order: String,
    /// The order is of this kind (`docs/formats.md` 4).
    pub kind: &'static str,
    /// Whom or what it concerns, for lists.
    pub title: String,
    /// Person id, if it is about one.
    pub person: Option<String>,
    /// The letter on which the order rests is named by its reference.
    pub reference: Option<String>,
    /// The order is its exact bytes, canonical JSON.
    pub bytes: Vec<u8>,
    /// The registry key made this signature over the order.
    pub signature: Vec<u8>,
    /// These values are kept beside the order, under no signature of its own.
    pub extras: OrderExtras,
    /// It was made at this time, unix seconds.
    pub made: u64,
    /// The order can be approved until this second, unix.
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
pub async fn set_state(
    tx: &mut Tx,
    state: &str,
    digests: Vec<OrderDigest>,
) -> Result<(), StoreError> {
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

/// What is kept beside some orders, as far as their rows can be read.
pub async fn extras(
    tx: &mut Tx,
    digests: Vec<OrderDigest>,
) -> Result<HashMap<OrderDigest, OrderExtras>, StoreError> {
    type Columns = (Vec<u8>, String, String, Option<Vec<u8>>, Option<Vec<u8>>, Option<Vec<u8>>);
    let keys: Vec<Vec<u8>> = digests.into_iter().map(|digest| digest.0.to_vec()).collect();
    let found = rows_of!(
        tx,
        Columns,
        "select order_digest, disclosures, files, bind, request, challenge from ordered \
         where order_digest in (",
        keys,
        ")"
    );
    // A row that says nothing holds up no order but its own.
    let read = |(digest, disclosures, files, bind, request, challenge): Columns| {
        let digest = <[u8; 32]>::try_from(digest).ok()?;
        let binding = match (bind, request, challenge) {
            (Some(bind), Some(request), Some(challenge)) => {
                Some(KeyBinding { bind, request, challenge })
            }
            _ => None,
        };
        let disclosures = serde_json::from_str(&disclosures).ok()?;
        let files = serde_json::from_str(&files).ok()?;
        Some((OrderDigest(digest), OrderExtras { disclosures, files, binding }))
    };
    Ok(found.into_iter().filter_map(read).collect())
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

/// Where the order of an id may be found, as its row says; whoever looks there sees whether it is.
pub async fn place_of(tx: &mut Tx, order: &str) -> Result<Option<OrderDigest>, StoreError> {
    let select = "select order_digest from ordered where order_id = $1";
    let found = row!(tx, (Vec<u8>,), select, order)?;
    Ok(found.and_then(|(digest,)| Some(OrderDigest(<[u8; 32]>::try_from(digest).ok()?))))
}

/// The digest of the order that says that an id is its own.
pub async fn digest_of(tx: &mut Tx, order: &str) -> Result<Option<OrderDigest>, StoreError> {
    let found = row!(tx, (Vec<u8>,), "select order_bytes from ordered where order_id = $1", order)?;
    let own = found.filter(|(bytes,)| is_named(bytes, order));
    Ok(own.map(|(bytes,)| OrderDigest::of(&bytes)))
}

fn is_named(bytes: &[u8], order: &str) -> bool {
    records::Order::read(bytes).is_ok_and(|read| read.order == order)
}

/// What of an order needs a look.
pub async fn look_of(tx: &mut Tx, digest: &OrderDigest) -> Result<String, StoreError> {
    let key = digest.0.to_vec();
    let found = row!(tx, (String,), "select look from ordered where order_digest = $1", key)?;
    Ok(found.map(|(look,)| look).unwrap_or_default())
}

/// What of some orders needs a look; of those of which nothing does nothing is said.
pub async fn looks(
    tx: &mut Tx,
    digests: Vec<OrderDigest>,
) -> Result<HashMap<OrderDigest, String>, StoreError> {
    let keys: Vec<Vec<u8>> = digests.into_iter().map(|digest| digest.0.to_vec()).collect();
    let found = rows_of!(
        tx,
        (Vec<u8>, String),
        "select order_digest, look from ordered where look <> '' and order_digest in (",
        keys,
        ")"
    );
    let read = |(digest, look): (Vec<u8>, String)| {
        Some((OrderDigest(<[u8; 32]>::try_from(digest).ok()?), look))
    };
    Ok(found.into_iter().filter_map(read).collect())
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

#[cfg(test)]
mod tests {
    use super::*;
    use ca_host::CaConfig;

    fn row(number: u8) -> OrderRow {
        OrderRow {
            digest: OrderDigest([number; 32]),
            order: format!("{number}"),
            kind: "revoke",
            title: String::new(),
            person: None,
            reference: None,
            bytes: Vec::new(),
            signature: Vec::new(),
            extras: OrderExtras::default(),
            made: 1,
            expires: 2,
            look: "",
            drafter: None,
        }
    }

    /// A hand spoils what is kept beside one order: it is as if that were missing, and what is kept
    /// beside the others is read.
    #[tokio::test]
    async fn a_row_that_is_spoiled_hides_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let config = CaConfig::nowhere().in_folder(folder.path());
        let store = crate::open(&config).await.unwrap();
        let mut tx = store.write().await.unwrap();
        insert(&mut tx, vec![row(1), row(2), row(3)]).await.unwrap();
        let files = "update ordered set files = 'x' where order_id = '1'";
        execute!(&mut tx, files).unwrap();
        let opened = "update ordered set disclosures = '{' where order_id = '2'";
        execute!(&mut tx, opened).unwrap();
        let all = [1, 2, 3].map(|number| OrderDigest([number; 32]));
        let found = extras(&mut tx, all.to_vec()).await.unwrap();
        assert_eq!(found.into_keys().collect::<Vec<_>>(), [all[2]]);
        drop(tx);
        store.close().await;
    }
}
