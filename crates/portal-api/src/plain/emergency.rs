//! Emergencies, and the closing of their cases, field by field.

use super::named::person_named;
use ::plain::bilingual::{Fact, FactLine, LineChange, LineText, fact, said};
use ::plain::value::FactValue;
use data_encoding::HEXLOWER;
use records::commitment::EVIDENCE_PATH;
use records::export::ShownOrder;
use records::order::{EmergencyBefore, EmergencyBody, EmergencyReviewBody};

pub(super) fn about_emergency(opened: &ShownOrder, body: &EmergencyBody) -> Vec<Fact> {
    let called = opened.order().basis.application(&body.application);
    let means = said(
        "放行规则拒绝的请求；证书吊销、冻结、过期照常拒绝；逐项入账，事后核查结案",
        "what rules deny passes; revoked, suspended and expired certificates are refused as ever; \
         each request is recorded, and the case is looked at afterwards",
    );
    vec![
        fact(("应用系统", "application"), FactValue::Row(vec![called.into()])),
        fact(("效力", "what it does"), FactValue::Row(vec![means.into()])),
        people(opened, ("应急人员", "for whom"), &body.people),
        fact(("起", "from"), FactValue::time(&body.from)),
        fact(("止，不能续期", "until; it cannot be renewed"), FactValue::time(&body.until)),
        fact(("事由", "why"), FactValue::text(opened.text(&body.evidence, EVIDENCE_PATH))),
    ]
}

pub(super) fn about_review(
    opened: &ShownOrder,
    body: &EmergencyReviewBody,
    was: Option<&EmergencyBefore>,
) -> Vec<Fact> {
    let called = opened.order().basis.application(&body.application);
    let mut facts = vec![
        fact(("应用系统", "application"), FactValue::Row(vec![called.into()])),
        fact(("应急办件摘要", "digest of the emergency"), HEXLOWER.encode(&body.order.0)),
        fact(
            ("核查结果", "what was found"),
            FactValue::text(opened.text(&body.evidence, EVIDENCE_PATH)),
        ),
    ];
    let term =
        ("应急人员、批准人及被代理人，均不得结案", "whose matter it was; none of them closes it");
    facts.push(people(opened, term, &body.about));
    let Some(was) = was else { return facts };
    facts.push(people(opened, ("应急人员", "for whom it was"), &was.people));
    facts.push(fact(("起", "from"), FactValue::time(&was.from)));
    facts.push(fact(("止", "until"), FactValue::time(&was.until)));
    facts
}

fn people(opened: &ShownOrder, term: (&'static str, &'static str), ids: &[String]) -> Fact {
    let line = |id: &String| FactLine {
        mark: LineChange::Kept,
        line: LineText::Value(person_named(opened, id)),
    };
    let count = said(&format!("{} 人", ids.len()), &ids.len().to_string());
    let lines = ids.iter().map(line).collect();
    Fact { lines, ..fact(term, FactValue::Row(vec![count.into()])) }
}
