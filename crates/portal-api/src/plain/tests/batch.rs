//! What a batch shows.

use super::super::{FactLine, LineText};
use super::{facts, replaced};
use pki::Signer;
use records::Bytes;
use records::export::{NotTrusted, OrderExport, RowExport};
use sample_city::orders::{SampleOrder, all as samples, registry};
use serde_json::{Value, json as j};

/// A batch comes with every order that it names, and shows each by its digest; with fewer, others
/// or changed ones it is refused.
#[test]
fn a_batch_shows_every_order_in_it() {
    let is_role = |sample: &SampleOrder| sample.order["kind"] == "role";
    let role = samples().into_iter().find(is_role).unwrap();
    let other = SampleOrder {
        order: replaced(&role.order, &j!("official"), &j!("auditor")),
        disclosures: role.disclosures.clone(),
        ..SampleOrder::default()
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
    order["body"] =
        j!({ "of": "role", "action": "grant", "rows": digests, "sample": 1, "flagged": [] });
    order["basis"] = j!({ "people": [], "units": [] });
    let batch = SampleOrder { order: order.clone(), ..SampleOrder::default() };
    let export = OrderExport { rows: rows.clone(), ..batch.export(&order).unwrap() };
    let open = |export: &OrderExport| export.open_under(registry().public_key());
    let opened = open(&export).unwrap();
    assert_eq!(opened.rows().len(), 2);
    let shown = facts(&opened);
    let text = |line: &FactLine| match &line.line {
        LineText::Value(value) => value.en(),
        LineText::File(text) => text.clone(),
    };
    let lines: Vec<String> = shown.iter().flat_map(|fact| &fact.lines).map(text).collect();
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

/// Who made a batch of others' orders is told by a portal; of their own, each draft is signed.
pub(super) fn is_a_portals_word() {
    let drafted = samples().into_iter().find(|one| one.order.get("draft").is_some());
    let row = drafted.filter(|one| one.order.get("place").is_none()).unwrap();
    let signed = row.export(&row.order).unwrap().signed;
    let digest = Bytes::from(signed.digest());
    let told = |drafter: &Value| {
        let mut order = row.order.clone();
        order.as_object_mut().unwrap().remove("draft");
        let (of, action) = (&row.order["kind"], &row.order["body"]["action"]);
        order["body"] =
            j!({ "of": of, "action": action, "rows": [digest], "sample": 1, "flagged": [] });
        (order["kind"], order["drafter"]) = (j!("batch"), drafter.clone());
        let mut people = row.order["basis"]["people"].as_array().unwrap().clone();
        let own = row.order["drafter"].as_str().unwrap().strip_prefix("person:").unwrap();
        people.retain(|one| one["person"] == own);
        let held = people[0]["name"].clone();
        people[0]["person"] = j!(drafter.as_str().unwrap()[7..]);
        let mut units = row.order["basis"]["units"].as_array().unwrap().clone();
        units.retain(|one| one["unit"] == people[0]["unit"]);
        order["basis"] = j!({ "people": people, "units": units });
        let opens = |one: &&records::Disclosure| j!(one.commitment().unwrap()) == held;
        let disclosures = row.disclosures.iter().filter(opens).cloned().collect();
        let batch = SampleOrder { order: order.clone(), disclosures, ..SampleOrder::default() };
        let only = RowExport { signed: signed.clone(), previous: None, renewed: None, look: None };
        let export = OrderExport { rows: vec![only], ..batch.export(&order).unwrap() };
        let facts = facts(&export.open_under(registry().public_key()).unwrap());
        facts.into_iter().find(|fact| fact.term.en == "drafted by").unwrap().value.en()
    };
    let own = told(&row.order["drafter"]);
    assert!(own.ends_with("who signed the draft of each order in it"), "{own}");
    let foreign = told(&j!("person:FEDCBA9876543210"));
    assert!(foreign.contains("as a portal says: no signature of theirs"), "{foreign}");
}
