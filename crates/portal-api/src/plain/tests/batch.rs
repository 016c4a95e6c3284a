//! What a batch shows.

use super::{Sample, facts, registry, replaced, samples, without_files};
use pki::Signer;
use records::Bytes;
use records::export::{NotTrusted, OrderExport, RowExport};
use serde_json::json as j;

/// A batch comes with every order that it names, and shows each by its digest; with fewer, others
/// or changed ones it is refused.
#[test]
fn a_batch_shows_every_order_in_it() {
    let is_role = |sample: &Sample| sample.order["kind"] == "role";
    let role = samples().into_iter().find(is_role).unwrap();
    let other = Sample {
        order: replaced(&role.order, &j!("official"), &j!("auditor")),
        disclosures: role.disclosures.clone(),
        ..without_files()
    };
    let rows: Vec<RowExport> = [&role, &other]
        .iter()
        .map(|one| RowExport {
            signed: one.export(&one.order).unwrap().signed,
            previous: None,
            renewed: None,
            look: None,
        })
        .collect();
    let digests: Vec<Bytes> = rows.iter().map(|row| Bytes::from(row.signed.digest())).collect();
    let mut order = role.order.clone();
    order["kind"] = j!("batch");
    order["body"] = j!({ "of": "role", "action": "grant", "rows": digests });
    order["basis"] = j!({ "people": [], "units": [] });
    let batch = Sample { order: order.clone(), ..without_files() };
    let export = OrderExport { rows: rows.clone(), ..batch.export(&order).unwrap() };
    let open = |export: &OrderExport| export.open_under(registry().public_key());
    let opened = open(&export).unwrap();
    assert_eq!(opened.rows().len(), 2);
    let shown = facts(&opened);
    let lines: Vec<&str> =
        shown.iter().flat_map(|fact| &fact.lines).map(|line| line.text.as_str()).collect();
    for row in &rows {
        let digest = data_encoding::HEXLOWER.encode(&row.signed.digest());
        assert!(lines.iter().any(|line| line.contains(&digest)), "{lines:?}");
    }
    let without = OrderExport { rows: rows[..1].to_vec(), ..export.clone() };
    assert_eq!(open(&without).err(), Some(NotTrusted::Rows));
    let swapped = rows.iter().rev().cloned().collect();
    let swapped = OrderExport { rows: swapped, ..export.clone() };
    assert_eq!(open(&swapped).err(), Some(NotTrusted::Rows));
    let mut changed = export.clone();
    changed.rows[1].signed.order = rows[0].signed.order.clone();
    assert!(open(&changed).is_err(), "not signed so");
    order["body"]["action"] = j!("withdraw");
    let otherwise = OrderExport { rows, ..batch.export(&order).unwrap() };
    assert_eq!(open(&otherwise).err(), Some(NotTrusted::Rows), "not what they do");
}
