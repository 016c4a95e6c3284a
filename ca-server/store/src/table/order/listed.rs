//! Orders in lists of officers, of their drafters, and of whom they are about.

use authority::OrderDigest;
use records::Disclosure;
use store::{StoreError, Tx, rows};

/// A line of the officers' list, as rows have it.
pub struct WaitingRow {
    /// People name the order by this id, 16 Crockford base32 characters.
    pub order: String,
    /// The order is named by its digest, which the registry key signed.
    pub digest: OrderDigest,
    /// The order is of this kind (`docs/formats.md` 4).
    pub kind: String,
    /// It concerns this person, unit or thing.
    pub title: String,
    /// A row remembers that the order needs a look, as of when it was made.
    pub look: String,
    /// It was made at this time, unix seconds.
    pub made: i64,
    /// The order can be approved until this second, unix.
    pub expires: i64,
}

/// Orders that may be open, oldest first, behind a time and an order id.
pub async fn waiting(
    tx: &mut Tx,
    (since, after): (i64, &str),
    now: i64,
    limit: i64,
) -> Result<Vec<WaitingRow>, StoreError> {
    type Columns = (String, Vec<u8>, String, String, String, i64, i64);
    let found = rows!(
        tx,
        Columns,
        "select order_id, order_digest, kind, about, look, made, expires from ordered \
         where state = 'open' and (made, order_id) > ($1, $2) and expires >= $3 \
         order by made, order_id limit $4",
        since,
        after,
        now,
        limit
    )?;
    let line = |(order, digest, kind, title, look, made, expires): Columns| {
        let digest = OrderDigest(<[u8; 32]>::try_from(digest).ok()?);
        Some(WaitingRow { order, digest, kind, title, look, made, expires })
    };
    Ok(found.into_iter().filter_map(line).collect())
}

/// An order in the list of its drafter, or of whom it is about, as rows have it.
pub struct DraftedRow {
    /// The order is named by its digest, which the registry key signed.
    pub digest: OrderDigest,
    /// The order is its exact bytes, canonical JSON.
    pub bytes: Vec<u8>,
    /// These values open the commitments of the order.
    pub disclosures: Vec<Disclosure>,
    /// It was made at this time, unix seconds.
    pub made: i64,
    /// A row says that this became of it; the log decides.
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

/// What opens the newest orders about a person's record, as rows have it: each commits to what it
/// sets and to what it replaces. Whoever reads it opens the commitments.
pub async fn of_record(
    tx: &mut Tx,
    person: &str,
    limit: i64,
) -> Result<Vec<Disclosure>, StoreError> {
    let found = rows!(
        tx,
        (String,),
        "select disclosures from ordered where person_id = $1 and kind = 'person' \
         order by made desc, order_id desc limit $2",
        person,
        limit
    )?;
    let read =
        |(json,): (String,)| serde_json::from_str::<Vec<Disclosure>>(&json).unwrap_or_default();
    Ok(found.into_iter().flat_map(read).collect())
}

type ListedRow = (Vec<u8>, Vec<u8>, String, i64, String);

fn listed((digest, bytes, disclosures, made, state): ListedRow) -> Option<DraftedRow> {
    let digest = OrderDigest(<[u8; 32]>::try_from(digest).ok()?);
    let disclosures = serde_json::from_str(&disclosures).unwrap_or_default();
    Some(DraftedRow { digest, bytes, disclosures, made, state })
}
