//! Open orders that an officer may approve, oldest first, keyset-paged by time and order id.

use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::officer::person_of;
use crate::query::look::look;
use ca_store::table::{number, order};
use pki::Certificate;
use records::Code;
use records::export::OrderLine;
use records::order::title;

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
    while page.len() < OrderLine::PAGE {
        let chunk = order::waiting(&mut tx, (since, &after), number(now), CHUNK).await?;
        let Some(last) = chunk.last() else { break };
        (since, after) = (last.made, last.order.clone());
        for row in chunk {
            let Ok((order, body)) = authority.open(row.digest, now) else { continue };
            if page.len() == OrderLine::PAGE
                || authority.may_decide(&person, &order, &body, now).is_err()
            {
                continue;
            }
            let given = authority.given(row.digest, now);
            let time = |unix| ca_store::table::unsigned(unix).map(records::time::seconds);
            page.push(OrderLine {
                action: body.action().to_owned(),
                about: String::new(),
                made: time(row.made)?,
                expires: time(row.expires)?,
                approvals: u32::try_from(given.len()).map_err(anyhow::Error::from)?,
                needed: authority.needed(&body),
                given: given.contains_key(&person),
                look: look(authority, (&order, &body), &row.look),
                order: row.order,
                kind: row.kind,
            });
            orders.push((row.digest, order));
        }
    }
    let digests = orders.iter().map(|(digest, _)| *digest).collect();
    let opened = order::disclosures(&mut tx, digests).await?;
    for (line, (digest, order)) in page.iter_mut().zip(&orders) {
        line.about = title(order, opened.get(digest).map_or(&[], Vec::as_slice));
    }
    Ok(page)
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
