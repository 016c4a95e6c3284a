//! Open orders that an officer may approve, oldest first, keyset-paged by time and order id.

use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::officer::person_of;
use crate::query::review_flags::{gravest, look};
use crate::query::scan::Scan;
use authority::{Authority, OrderDigest};
use ca_store::table::number;
use ca_store::table::order::{self, WaitingRow};
use pki::Certificate;
use records::export::{OrderLine, OrderLines, ReviewFlag};
use records::order::{Body, Order, OrderSubject, about, about_body};
use records::{Bytes, Code};
use std::collections::HashMap;
use std::sync::Arc;
use store::Tx;

/// Rows that are looked at for one chunk of a page.
const CHUNK: i64 = 200;

/// Asks for one page of open orders that wait for an officer.
pub(crate) async fn list(
    issuer: &Issuer,
    certificate: &Certificate,
    after: &str,
) -> Result<OrderLines, IssuerError> {
    let (view, mut tx) = issuer.current().await?;
    let now = issuer.now();
    let authority = view.authority();
    let person = person_of(authority, certificate, now)?;
    if !authority.is_approver(&person) {
        return Err(Code::NotYourRoute.into());
    }
    let (page, more) = waiting(authority, &mut tx, (&person, now), after).await?;
    Ok(OrderLines { lines: page.titled(authority, &mut tx, now).await?, more })
}

/// What waits for an officer of the orders that are looked at, and where the next page begins.
async fn waiting(
    authority: &Authority,
    tx: &mut Tx,
    reader: (&str, u64),
    after: &str,
) -> Result<(Listing, String), IssuerError> {
    let (mut since, mut after) = cursor(after)?;
    let (mut page, mut scan) = (Listing::default(), Scan::begin());
    while scan.goes_on().await {
        let chunk = order::waiting(tx, (since, &after), number(reader.1), CHUNK).await?;
        if chunk.is_empty() {
            return Ok((page, String::new()));
        }
        for row in chunk {
            if page.lines.len() == OrderLine::PAGE || scan.is_over() {
                return Ok((page, format!("{since}.{after}")));
            }
            (since, after) = (row.made, row.order.clone());
            scan.looked(page.take(authority, reader, row)?);
        }
    }
    Ok((page, format!("{since}.{after}")))
}

/// Lines of a page, with the order by which each is titled.
#[derive(Default)]
struct Listing {
    lines: Vec<OrderLine>,
    orders: Vec<(OrderDigest, Arc<Order>)>,
    batches: Batches,
}

impl Listing {
    /// Takes a row up if it waits for this officer; says how many rows that looks at: of a batch
    /// each of its orders is one more.
    fn take(
        &mut self,
        authority: &Authority,
        (person, now): (&str, u64),
        row: WaitingRow,
    ) -> Result<usize, IssuerError> {
        let Ok((order, body)) = authority.open(row.digest, now) else { return Ok(1) };
        if self.batches.carries(authority, row.digest, (person, now))
            || authority.may_decide(person, &order, &body, now).is_err()
        {
            return Ok(1);
        }
        let given = authority.given(row.digest, now);
        let time = |unix| ca_store::table::unsigned(unix).map(records::time::seconds);
        let rows = if let Body::Batch(batch) = &*body { batch.rows.len() } else { 0 };
        self.lines.push(OrderLine {
            action: body.action().to_owned(),
            about: about_body((&order, &body), &[]),
            made: time(row.made)?,
            expires: time(row.expires)?,
            approvals: u32::try_from(given.len()).map_err(anyhow::Error::from)?,
            needed: authority.needed(&body),
            given: given.contains_key(person),
            look: look(authority, (&order, &body), &row.look),
            digest: row.digest.into(),
            order: row.order,
            kind: row.kind,
        });
        self.orders.push(first_of(authority, (row.digest, order, &body)));
        Ok(1 + rows)
    }

    /// The lines with what they say of each order.
    async fn titled(
        mut self,
        authority: &Authority,
        tx: &mut Tx,
        now: u64,
    ) -> Result<Vec<OrderLine>, IssuerError> {
        for line in self.lines.iter_mut().filter(|line| line.kind == "batch") {
            let found = in_batch(authority, tx, &line.digest, now).await?;
            line.look = line.look.max(found);
            tokio::task::yield_now().await;
        }
        let digests = self.orders.iter().map(|(digest, _)| *digest).collect();
        let opened = order::disclosures(tx, digests).await?;
        for (line, (digest, order)) in self.lines.iter_mut().zip(&self.orders) {
            let named = about(order, opened.get(digest).map_or(&[], Vec::as_slice));
            line.about = match &line.about {
                OrderSubject::Many { count, .. } => {
                    OrderSubject::Many { count: *count, first: Box::new(named) }
                }
                _ => named,
            };
        }
        Ok(self.lines)
    }
}

/// What of the orders in a batch needs a look: they are not listed by themselves.
async fn in_batch(
    authority: &Authority,
    tx: &mut Tx,
    digest: &Bytes,
    now: u64,
) -> Result<Option<ReviewFlag>, IssuerError> {
    let open = digest.digest().and_then(|digest| authority.open(OrderDigest(digest), now).ok());
    let Some((_, body)) = open else { return Ok(None) };
    let Body::Batch(batch) = &*body else { return Ok(None) };
    let rows = authority.open_rows(batch, 0).map(|(digest, _)| digest).collect();
    Ok(gravest(authority, batch, &order::looks(tx, rows).await?))
}

/// Batches that the officer may approve, or has approved: their orders are not listed one by one.
#[derive(Default)]
struct Batches(HashMap<OrderDigest, bool>);

impl Batches {
    fn carries(
        &mut self,
        authority: &Authority,
        row: OrderDigest,
        (person, now): (&str, u64),
    ) -> bool {
        authority.batches_with(row).any(|(digest, _)| self.may(authority, digest, (person, now)))
    }

    fn may(
        &mut self,
        authority: &Authority,
        digest: OrderDigest,
        (person, now): (&str, u64),
    ) -> bool {
        let may = || {
            let told = authority.may_join(person, digest, now);
            matches!(told, Ok(()) | Err(Code::ApproverTwice))
        };
        *self.0.entry(digest).or_insert_with(may)
    }
}

/// The order by which a line is titled: of a batch its first one that is open.
fn first_of(
    authority: &Authority,
    (digest, order, body): (OrderDigest, Arc<Order>, &Body),
) -> (OrderDigest, Arc<Order>) {
    let Body::Batch(batch) = body else { return (digest, order) };
    let first = authority.open_rows(batch, 0).next();
    first.map_or((digest, order), |(row, open)| (row, open.read.clone()))
}

/// Where a page begins: behind a time and the order id of then.
fn cursor(after: &str) -> Result<(i64, String), Code> {
    if after.is_empty() {
        return Ok((0, String::new()));
    }
    let (made, order) = after.split_once('.').ok_or(Code::Malformed)?;
    let order = records::letter::read_reference(order).ok_or(Code::Malformed)?;
    Ok((made.parse().map_err(|_| Code::Malformed)?, order))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ca_host::CaConfig;
    use ca_store::table::order::{OrderExtras, OrderRow, insert};
    use sample_city::SampleCity;

    /// However many orders of others wait, one page looks at so many of them and says where the
    /// next begins; the last one says that there are no more.
    #[tokio::test]
    async fn a_page_of_the_list_looks_at_so_many_orders_and_says_where_it_ended() {
        let folder = std::env::temp_dir().join(format!("list-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let config = CaConfig::nowhere().in_folder(&folder);
        let store = ca_store::open(&config).await.unwrap();
        let rows = (0..12_000_u32).map(|one| {
            let mut digest = [0; 32];
            digest[..4].copy_from_slice(&one.to_be_bytes());
            OrderRow {
                digest: OrderDigest(digest),
                order: records::letter::reference(*digest.first_chunk().unwrap()),
                kind: "issue",
                title: String::new(),
                person: None,
                reference: None,
                drafter: None,
                bytes: Vec::new(),
                signature: Vec::new(),
                look: "",
                made: 1,
                expires: 1 << 40,
                extras: OrderExtras::default(),
            }
        });
        let mut tx = store.write().await.unwrap();
        insert(&mut tx, rows.collect()).await.unwrap();
        tx.commit().await.unwrap();
        let city = SampleCity::found();
        let mut tx = store.read().await.unwrap();
        let (mut after, mut pages) = (String::new(), 0);
        loop {
            let (page, more) =
                waiting(&city.authority, &mut tx, ("0123456789ABCDEF", 2), &after).await.unwrap();
            assert!(page.lines.is_empty(), "nobody ordered these");
            pages += 1;
            if more.is_empty() {
                break;
            }
            after = more;
        }
        assert_eq!(pages, 3, "5,000 of 12,000 at a time");
        drop(tx);
        store.close().await;
        std::fs::remove_dir_all(folder).unwrap();
    }
}
