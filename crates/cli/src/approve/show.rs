//! An order as the officer reads it before they consent, in their language; machines get the same
//! facts in both.

use crate::output::{Output, spoken};
use pki::Certificate;
use portal_api::plain::{self, Fact, Said};
use records::Bytes;
use records::export::{OpenedOrder, OrderProgress};
use records::order::Body;
use serde_json::{Value, json};
use system::speech;

/// Shows everything that is to be consented to.
pub(crate) fn show(
    output: Output,
    opened: &OpenedOrder,
    (officer, standing): (&Certificate, Option<&OrderProgress>),
) {
    let sample = sample(opened, standing);
    let rows = opened.rows().iter().flat_map(|row| of_row(row, &sample));
    for line in lines(opened, officer).into_iter().chain(rows) {
        output.line(&line);
    }
    let order = opened.order();
    output.json(&json!({
        "order": order.order, "kind": order.kind, "body": order.body, "basis": order.basis,
        "drafter": order.drafter, "expires": order.expires,
        "what": both(&plain::kind(opened.body())),
        "facts": plain::facts(opened).iter().map(value).collect::<Vec<_>>(),
        "disclosures": opened.disclosures(),
        "rows": opened.rows().iter().map(row_value).collect::<Vec<_>>(),
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

/// Which orders of a batch officers have to open.
fn sample(opened: &OpenedOrder, standing: Option<&OrderProgress>) -> Vec<Bytes> {
    let wanted = standing.map_or(0, |standing| standing.sample);
    match opened.body() {
        Body::Batch(batch) => batch.sample(&opened.digest(), wanted).into_iter().cloned().collect(),
        _ => Vec::new(),
    }
}

/// An order of a batch, every fact of it.
fn of_row(row: &OpenedOrder, sample: &[Bytes]) -> Vec<String> {
    let digest = row.digest();
    let marked = sample.iter().any(|one| one.0 == digest);
    let mark =
        if marked { speech::both(" ◆ 抽查", " ◆ to be opened") } else { String::new() };
    let mut lines = vec![format!("── {}{mark}", row.order().order)];
    for fact in plain::facts(row) {
        let differs = if fact.differs { "≠ " } else { "" };
        lines.push(format!("     {differs}{}: {}", spoken(&fact.term), spoken(&fact.value)));
        lines.extend(fact.lines.iter().map(|l| format!("       {} {}", l.mark.sign(), l.text)));
    }
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

fn row_value(row: &OpenedOrder) -> Value {
    json!({
        "order": row.order().order, "digest": plain::fingerprint(&row.digest()),
        "facts": plain::facts(row).iter().map(value).collect::<Vec<_>>(),
    })
}

fn both(said: &Said) -> Value {
    json!({ "zh": said.zh, "en": said.en })
}
