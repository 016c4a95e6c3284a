//! An order as the officer reads it before they consent, both languages on each line.

use pki::Certificate;
use portal_api::plain::{self, Said};
use records::export::OrderExport;
use records::order::{Body, Order};

/// The lines that an officer reads before they consent.
pub(crate) fn lines(
    order: &Order,
    body: &Body,
    export: &OrderExport,
    officer: &Certificate,
) -> Vec<String> {
    let name = officer.subject().common_name().unwrap_or_default();
    let mut lines = vec![
        format!("── 指令 / order {} ─ {}", order.order, both(&plain::kind(body))),
        format!("   审批人 / you: {name}"),
    ];
    for fact in plain::facts(body, export) {
        let mark = if fact.differs { "≠ " } else { "" };
        lines.push(format!("   {mark}{}: {}", both(&fact.term), both(&fact.value)));
    }
    lines.push(format!("   有效至 / expires: {}", order.expires));
    lines.push(format!("   摘要 / digest: {}", plain::fingerprint(&export.signed.digest())));
    lines
}

fn both(said: &Said) -> String {
    if said.zh == said.en { said.zh.clone() } else { format!("{} / {}", said.zh, said.en) }
}
