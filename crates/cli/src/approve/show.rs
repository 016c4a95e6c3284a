//! An order as the officer reads it before they consent, in their language; machines get the same
//! facts in both.

use crate::output::{Output, spoken};
use pki::Certificate;
use portal_api::plain::{self, Fact, Said};
use records::export::OpenedOrder;
use serde_json::{Value, json};
use system::speech;

/// Shows everything that is to be consented to.
pub(crate) fn show(output: Output, opened: &OpenedOrder, officer: &Certificate) {
    for line in lines(opened, officer) {
        output.line(&line);
    }
    let order = opened.order();
    output.json(&json!({
        "order": order.order, "kind": order.kind, "body": order.body, "basis": order.basis,
        "drafter": order.drafter, "expires": order.expires,
        "what": both(&plain::kind(opened.body())),
        "facts": plain::facts(opened).iter().map(value).collect::<Vec<_>>(),
        "disclosures": opened.disclosures(),
        "digest": plain::fingerprint(&opened.digest()),
    }));
}

/// The lines that an officer reads before they consent.
fn lines(opened: &OpenedOrder, officer: &Certificate) -> Vec<String> {
    let name = officer.subject().common_name().unwrap_or_default();
    let what = spoken(&plain::kind(opened.body()));
    let mut lines = vec![
        format!("── {} {} ─ {what}", speech::both("指令", "order"), opened.order().order),
        format!("   {}: {name}", speech::both("审批人", "you")),
    ];
    for fact in plain::facts(opened) {
        let mark = if fact.differs { "≠ " } else { "" };
        lines.push(format!("   {mark}{}: {}", spoken(&fact.term), spoken(&fact.value)));
        lines.extend(fact.lines.iter().map(|l| format!("     {} {}", l.mark.sign(), l.text)));
    }
    let digest = speech::both("摘要", "digest");
    lines.push(format!("   {digest}: {}", plain::fingerprint(&opened.digest())));
    lines
}

fn value(fact: &Fact) -> Value {
    let lines: Vec<Value> = fact
        .lines
        .iter()
        .map(|line| json!({ "mark": line.mark.sign(), "text": line.text }))
        .collect();
    json!({
        "term": both(&fact.term), "value": both(&fact.value), "differs": fact.differs,
        "lines": lines,
    })
}

fn both(said: &Said) -> Value {
    json!({ "zh": said.zh, "en": said.en })
}
