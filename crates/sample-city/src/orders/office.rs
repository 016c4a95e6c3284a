//! Orders about somebody in office, and what they hold before them where the vectors do not say it.

use super::sample_order::SampleOrder;
use records::{Bytes, Disclosure};
use serde_json::{Value, json as j};

/// Who is lent a role has it below other units, and who is revoked acts for somebody.
pub(super) fn hold(sample: &mut SampleOrder) {
    let order = &mut sample.order;
    let (is_drafted, is_wished) =
        (order.get("draft").is_some(), order["body"].get("wish").is_some());
    match order["kind"].as_str() {
        Some("delegate") if is_drafted => place(order),
        Some("revoke") if !is_wished => {
            let lent = lent(&order["body"]["person"], "official");
            order["basis"]["before"]["lent"] = j!([lent]);
        }
        _ => {}
    }
}

/// A role that is given over a unit below another.
pub(super) fn below(sample: &SampleOrder) -> Option<SampleOrder> {
    let mut order = sample.order.clone();
    if order["kind"] != "role" {
        return None;
    }
    place(&mut order);
    Some(SampleOrder { order, disclosures: sample.disclosures.clone(), ..SampleOrder::default() })
}

/// Puts the unit of a role below the city, which nothing else in the order names.
fn place(order: &mut Value) {
    let basis = &mut order["basis"];
    basis["before"]["above"] = j!(["shangluo"]);
    if let Some(units) = basis["units"].as_array_mut() {
        units.insert(0, j!({ "unit": "shangluo", "name": "商洛市" }));
    }
}

/// Of somebody who leaves, what they were and hold.
pub(super) fn leaving(sample: &SampleOrder, mut order: Value) -> Option<SampleOrder> {
    order["body"]["action"] = j!("leave");
    let held = Disclosure::new("/name", [8; 32], "旧名".into());
    let mail = Disclosure::new("/mail", [8; 32], "old@shangluo.example".into());
    let before = j!({
        "person": order["body"]["person"], "unit": "sz-office",
        "name": held.commitment().unwrap(),
    });
    order["basis"]["people"].as_array_mut()?.push(before);
    order["basis"]["before"] = j!({
        "mail": mail.commitment().unwrap(), "number": Bytes::from([9; 32]),
        "roles": [{ "role": "auditor", "scope": "sz-office" }],
        "certificates": [{
            "serial": "01".repeat(18), "profile": "staff",
            "not_after": "2027-01-01T00:00:00Z",
        }],
        "lent": [lent(&order["body"]["person"], "auditor")],
        "lends": [lent(&order["body"]["person"], "official")],
        "leads": led(), "more_leads": 2,
    });
    let disclosures = sample.disclosures.iter().cloned().chain([held, mail]).collect();
    Some(SampleOrder { order, disclosures, ..SampleOrder::default() })
}

/// Of somebody who gets a certificate by a letter, by what they are in office.
pub(super) fn certified(sample: &SampleOrder, mut order: Value) -> Option<SampleOrder> {
    order["body"].get("reference")?;
    order["basis"]["before"] = j!({
        "roles": [{ "role": "registration-officer", "scope": "shangzhou" }],
        "certificates": [],
        "lent": [lent(&order["body"]["person"], "auditor")],
        "lends": [lent(&order["body"]["person"], "registration-officer")],
        "leads": led(), "more_leads": 2,
    });
    let (disclosures, previous) = (sample.disclosures.clone(), sample.previous.clone());
    Some(SampleOrder { order, disclosures, previous, ..SampleOrder::default() })
}

/// A role that is lent.
pub(super) fn lent(person: &Value, role: &str) -> Value {
    j!({
        "person": person, "role": role, "scope": "sz-office",
        "from": "2026-11-01T00:00:00Z", "until": "2026-11-09T00:00:00Z",
    })
}

/// Systems of which somebody is in charge.
fn led() -> Value {
    j!([{ "system": "site", "name": "门户网站" }])
}
