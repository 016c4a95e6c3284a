//! An order as it was fetched: checked before anything of it is shown or signed, said in a few
//! words, and as machines get it.

use crate::clock::now;
use crate::exit::Failure;
use portal_api::plain::{self, BilingualText};
use records::export::{OpenedOrder, OrderExport};
use records::trust::Trust;
use serde_json::{Map, Value, json};

/// The order, if the CA signed it, every disclosure is what was committed to, and it is the one
/// that was asked for. Nothing is shown or signed that did not pass here.
pub(crate) fn checked(
    export: &OrderExport,
    wanted: Option<&str>,
    trust: &Trust,
) -> Result<OpenedOrder, Failure> {
    let shown = export.open(trust, now()).map_err(|e| Failure::not_trusted(&e))?;
    if wanted.is_some_and(|wanted| {
        records::letter::read_reference(wanted).as_ref() != Some(&shown.order().order)
    }) {
        return Err(Failure::usage(
            "收到的不是所要的办件。",
            "this is not the order that was asked for",
        ));
    }
    Ok(shown)
}

/// Why an order is not approved of which a portal says that its basis moved, or with which it did
/// not hand on what is in force.
pub(crate) fn moved() -> Failure {
    Failure::usage(
        "门户称依据已变化，或没有附上现行文件：不能批准，只能退回。",
        "the portal says that what it rests on changed, or left out what is in force: it can only \
         be declined",
    )
}

/// An order in a few words.
pub(crate) fn what(opened: &OpenedOrder) -> BilingualText {
    let (kind, order) = (plain::kind(opened.body()), &opened.order().order);
    BilingualText {
        zh: format!("办件 {order}：{}", kind.zh),
        en: format!("order {order}: {}", kind.en),
    }
}

/// What machines get of an order beside its facts.
pub(crate) fn machine(opened: &OpenedOrder) -> Map<String, Value> {
    let order = opened.order();
    let rows: Vec<Map<String, Value>> = opened.rows().iter().map(machine).collect();
    let document = json!({
        "order": order.order, "kind": order.kind, "body": order.body, "basis": order.basis,
        "drafter": order.drafter, "expires": order.expires, "disclosures": opened.disclosures(),
        "rows": rows,
    });
    document.as_object().cloned().unwrap_or_default()
}
