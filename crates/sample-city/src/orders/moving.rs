//! An order that moves a unit.

use super::sample_order::SampleOrder;
use records::Disclosure;
use serde_json::{Value, json as j};

/// A unit that moves, with all that goes with it.
pub(super) fn moving(mut order: Value) -> Option<SampleOrder> {
    order["body"]["action"] = j!("move");
    let names = [[8; 32], [9; 32]].map(|salt| Disclosure::new("/name", salt, "某人".into()));
    let [one, other] = ["5GPJWBSG64S36D1N", "8GPJWBSG64S36D1N"];
    let [first, second] = names.each_ref().map(|name| name.commitment().unwrap());
    let mut moved = j!({
        "units": 2, "people": 40, "certificates": 5, "systems": 3,
        "gains": [{ "person": one, "role": "registration-officer", "scope": "luonan" }],
        "more_gains": 1,
        "loses": [{ "person": other, "role": "auditor", "scope": "shangzhou" }],
        "more_loses": 2, "enters": ["exchange"], "leaves": ["petitions"],
    });
    let beside = j!({
        "gains_lent": [acting((other, one), "registration-officer", "luonan")],
        "more_gains_lent": 3,
        "loses_lent": [acting((one, other), "auditor", "shangzhou")], "more_loses_lent": 4,
        "begins": [{ "application": "exchange", "rule": "county", "unit": "luonan" }],
        "more_begins": 5,
        "ends": [{ "application": "petitions", "rule": "GET /seal", "unit": "shangzhou" }],
        "more_ends": 6,
        "follows": [{ "application": "exchange", "rule": "own-unit" }], "more_follows": 7,
    });
    moved.as_object_mut()?.extend(beside.as_object()?.clone());
    let units = [("luonan", "洛南县"), ("shangzhou", "商州区"), ("sz-water", "区水利局")];
    order["basis"] = j!({
        "people": [
            { "person": one, "unit": "luonan", "name": first },
            { "person": other, "unit": "sz-water", "name": second },
        ],
        "units": units.map(|(unit, name)| j!({ "unit": unit, "name": name })),
        "applications": [
            { "id": "exchange", "zh": "公文交换", "en": "Document exchange" },
            { "id": "petitions", "zh": "信访", "en": "Petitions" },
        ],
        "before": { "county": true, "parent": "shangzhou", "open": true, "moved": moved },
    });
    Some(SampleOrder { order, disclosures: names.to_vec(), ..SampleOrder::default() })
}

/// Somebody acts for another, whose role reaches a unit that moves.
fn acting((person, absent): (&str, &str), role: &str, scope: &str) -> Value {
    j!({
        "person": person, "absent": absent, "role": role, "scope": scope,
        "from": "2026-11-01T00:00:00Z", "until": "2026-11-09T00:00:00Z",
    })
}
