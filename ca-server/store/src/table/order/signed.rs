//! Orders as they were signed, by their digests: whoever reads one believes the bytes, not the row.

use authority::OrderDigest;
use records::{Bytes, SignedOrder};
use std::collections::HashMap;
use store::{StoreError, Tx, row, rows_of};

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
    type Columns = (Vec<u8>, Vec<u8>, String, String, String);
    let keys: Vec<Vec<u8>> = digests.into_iter().map(|digest| digest.0.to_vec()).collect();
    let found = rows_of!(
        tx,
        Columns,
        "select order_bytes, signature, disclosures, state, look from ordered \
         where order_digest in (",
        keys,
        ")"
    );
    let read = |(bytes, signature, disclosures, state, look): Columns| {
        let disclosures = serde_json::from_str(&disclosures).ok()?;
        let digest = OrderDigest::of(&bytes);
        let (order, signature) = (Bytes(bytes), Bytes(signature));
        let signed = SignedOrder { order, signature, disclosures };
        Some((digest, SignedRow { signed, state, look }))
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
