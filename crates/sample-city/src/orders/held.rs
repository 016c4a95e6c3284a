//! What somebody holds before an order about them, where the vectors do not say it.

use super::office::lent;
use super::sample_order::SampleOrder;
use serde_json::{Value, json as j};

/// Who is lent a role has it below other units, and who is revoked acts for somebody.
pub(super) fn hold(sample: &mut SampleOrder) {
    let order = &mut sample.order;
    let (is_drafted, body) = (order.get("draft").is_some(), &order["body"]);
    let wished = body.get("wish").is_some();
    let person = body["person"].clone();
    match order["kind"].as_str() {
        Some("delegate") if is_drafted => place(order),
        Some("revoke") if !wished => {
            order["basis"]["before"]["lent"] = j!([lent(&person, "official")]);
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
