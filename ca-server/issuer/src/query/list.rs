//! Open orders that an officer may approve, oldest first, keyset-paged by time and order id.

use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::officer::person_of;
use crate::query::look::look;
use authority::{Authority, OrderDigest};
use ca_store::table::{number, order};
use pki::Certificate;
use records::Code;
use records::export::OrderLine;
use records::order::{Body, Order, title};
use std::collections::HashMap;
use std::sync::Arc;

/// Rows that are looked at for one chunk of a page.
const CHUNK: i64 = 200;

/// One page.
pub(crate) async fn list(
    issuer: &Issuer,
    certificate: &Certificate,
    after: &str,
) -> Result<Vec<OrderLine>, IssuerError> {
    let (view, mut tx) = issuer.current().await?;
    let now = issuer.now();
    let authority = view.authority();
    let person = person_of(authority, certificate, now)?;
    if !authority.is_approver(&person) {
        return Err(Code::NotYourRoute.into());
    }
    let (mut since, mut after) = cursor(after)?;
    let (mut page, mut orders) = (Vec::new(), Vec::new());
    let mut batches = Batches::default();
    while page.len() < OrderLine::PAGE {
        let chunk = order::waiting(&mut tx, (since, &after), number(now), CHUNK).await?;
        let Some(last) = chunk.last() else { break };
        (since, after) = (last.made, last.order.clone());
        for row in chunk {
            let Ok((order, body)) = authority.open(row.digest, now) else { continue };
            if page.len() == OrderLine::PAGE
                || batches.carries(authority, row.digest, (&person, now))
                || authority.may_decide(&person, &order, &body, now).is_err()
            {
                continue;
            }
            let given = authority.given(row.digest, now);
            let time = |unix| ca_store::table::unsigned(unix).map(records::time::seconds);
            page.push(OrderLine {
                action: body.action().to_owned(),
                about: if let Body::Batch(_) = *body { title(&order, &[]) } else { String::new() },
                made: time(row.made)?,
                expires: time(row.expires)?,
                approvals: u32::try_from(given.len()).map_err(anyhow::Error::from)?,
                needed: authority.needed(&body),
                given: given.contains_key(&person),
                look: look(authority, (&order, &body), &row.look),
                digest: row.digest.into(),
                order: row.order,
                kind: row.kind,
            });
            orders.push(first_of(authority, (row.digest, order, &body)));
        }
    }
    let digests = orders.iter().map(|(digest, _)| *digest).collect();
    let opened = order::disclosures(&mut tx, digests).await?;
    for (line, (digest, order)) in page.iter_mut().zip(&orders) {
        let about = title(order, opened.get(digest).map_or(&[], Vec::as_slice));
        line.about = match line.kind.as_str() {
            "batch" => format!("{about} {}", line.about),
            _ => about,
        };
    }
    Ok(page)
}

/// Batches about which the officer may decide: their orders are not listed one by one.
#[derive(Default)]
struct Batches(HashMap<OrderDigest, bool>);

impl Batches {
    fn carries(
        &mut self,
        authority: &Authority,
        row: OrderDigest,
        (person, now): (&str, u64),
    ) -> bool {
        let Some(batch) = authority.batch_of(row) else { return false };
        let digest = OrderDigest::of(&batch.order.0);
        let may = || authority.may_decide(person, &batch.read, &batch.body, now).is_ok();
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
