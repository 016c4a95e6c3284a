//! Whose approvals carried an order, and as what each counted, as it was judged here. The rows that
//! say it are under one MAC of the issuer, so that a hand adds nobody, leaves nobody out and has
//! nobody told as acting for somebody.

use crate::rows::ConsumedRow;
use crate::seal::SealKey;
use authority::{Judged, OrderDigest};
use std::collections::BTreeMap;

/// The rows that say it of an order that is carried out.
pub(crate) fn sealed(
    (seal, founding): (&SealKey, &[u8; 32]),
    judged: &Judged,
) -> impl Iterator<Item = ConsumedRow> {
    let counted = judged.counted().iter().map(|one| ConsumedRow {
        order: judged.digest(),
        person: one.capacity.person.to_string(),
        acting_for: one.capacity.acting_for.map(|absent| absent.to_string()),
        batch: one.batch.as_ref().map(|one| (one.order.clone(), one.rows as u64, one.opened)),
        mac: Vec::new(),
    });
    let rows: Vec<ConsumedRow> = counted.collect();
    let mac = seal.mac(&parts(&said((founding, judged.digest()), &rows)));
    rows.into_iter().map(move |row| ConsumedRow { mac: mac.clone(), ..row })
}

/// What an order's rows say, if all that were written together are there as they were written;
/// otherwise nothing.
pub(crate) fn opened(
    (seal, founding): (&SealKey, &[u8; 32]),
    order: OrderDigest,
    rows: Vec<ConsumedRow>,
) -> Vec<ConsumedRow> {
    let mut together: BTreeMap<Vec<u8>, Vec<ConsumedRow>> = BTreeMap::new();
    for row in rows {
        together.entry(row.mac.clone()).or_default().push(row);
    }
    let ours = |(mac, rows): &(Vec<u8>, Vec<ConsumedRow>)| {
        seal.is_ours(mac, &parts(&said((founding, order), rows)))
    };
    together.into_iter().find(ours).map(|(_, rows)| rows).unwrap_or_default()
}

/// What the MAC covers: the order, and of everybody who approved it as what they counted.
fn said((founding, order): (&[u8; 32], OrderDigest), rows: &[ConsumedRow]) -> Vec<Vec<u8>> {
    let mut rows: Vec<&ConsumedRow> = rows.iter().collect();
    rows.sort_by(|a, b| a.person.cmp(&b.person));
    let head = [b"approved".to_vec(), founding.to_vec(), order.0.to_vec()];
    head.into_iter().chain(rows.into_iter().flat_map(counted)).collect()
}

fn counted(row: &ConsumedRow) -> [Vec<u8>; 4] {
    // What is not there is told apart from what is empty.
    let text = |text: &str| [[1].as_slice(), text.as_bytes()].concat();
    let (batch, place) = match &row.batch {
        Some((batch, rows, opened)) => {
            (text(batch), [rows.to_be_bytes().as_slice(), &[u8::from(*opened)]].concat())
        }
        None => (Vec::new(), Vec::new()),
    };
    let absent = row.acting_for.as_deref().map_or_else(Vec::new, text);
    [text(&row.person), absent, batch, place]
}

fn parts(said: &[Vec<u8>]) -> Vec<&[u8]> {
    said.iter().map(Vec::as_slice).collect()
}

#[cfg(test)]
mod tests;
