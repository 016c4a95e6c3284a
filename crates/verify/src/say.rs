//! What a bundle proves, in sentences: who did what, under which certificate, who approved it, and
//! who had made them approvers.

use crate::access::GateRequest;
use crate::control::Control;
use crate::verdict::Failed;
use records::order::{Body, RoleAction};
use records::record::{Event, approval_id};
use records::{Approval, Bytes};
use std::collections::BTreeSet;

type Sentences = Vec<(String, String)>;

/// Sentences about a request.
pub fn request(control: &Control, request: &GateRequest) -> Sentences {
    let decision = &request.decision;
    let name = request.certificate.subject().common_name().unwrap_or_default();
    let person = &decision.person;
    let (zh, en) = match decision.outcome.as_str() {
        "permitted" => {
            (format!("规则 {} 允许", decision.rule), format!("permitted by rule {}", decision.rule))
        }
        other => (format!("被拒绝（{other}）"), format!("denied ({other})")),
    };
    let mut sentences =
        vec![(format!("请求 {}。", request.name), format!("GateRequest {}.", request.name))];
    sentences.push((
        format!(
            "{name}（{person}，{}）于 {} 经 {} 对 {} 请求 {} {}，{zh}。",
            decision.unit,
            request.time,
            request.agent,
            decision.resource,
            decision.method,
            request.target
        ),
        format!(
            "{name} ({person}, {}) asked at {} through {} for {} {} on {}: {en}.",
            decision.unit,
            request.time,
            request.agent,
            decision.method,
            request.target,
            decision.resource
        ),
    ));
    sentences.push(match &request.completion {
        Some(ended) => (
            format!("结果：{}，应答 {}，{} 字节。", ended.outcome, ended.status, ended.down),
            format!("It ended: {}, status {}, {} bytes.", ended.outcome, ended.status, ended.down),
        ),
        None if decision.outcome == "permitted" => {
            ("结果：本证据包未包含完成记录。".into(), "Its end: this bundle shows none.".into())
        }
        None => ("请求未转发给应用。".into(), "Nothing was forwarded.".into()),
    });
    sentences.extend(of_certificate(control, &decision.serial));
    sentences
}

/// Sentences about a certificate.
pub fn certificate(control: &Control, serial: &str) -> Result<Sentences, Failed> {
    let sentences = of_certificate(control, serial);
    if sentences.is_empty() || !control.certificates.contains_key(serial) {
        return Err(Failed::missing(format!("certificate {serial}"), "its record is not there"));
    }
    Ok(sentences)
}

fn of_certificate(control: &Control, serial: &str) -> Sentences {
    let intent = control.events().find_map(|event| match event {
        Event::Intent { order, approvals, serial: intended, .. } if intended == serial => {
            Some((order, approvals))
        }
        _ => None,
    });
    let Some((order, approvals)) = intent else { return founding_certificate(control, serial) };
    let id = control.orders.get(order).map(|(order, ..)| order.order.clone()).unwrap_or_default();
    let (zh, en) = holder(control, serial);
    let mut sentences = vec![(
        format!("证书 {serial} 依据指令 {id} 签发给 {zh}。"),
        format!("Certificate {serial} was issued to {en} under order {id}."),
    )];
    for (name, person) in approvers(control, approvals) {
        sentences.push((
            format!("指令 {id} 由 {name}（{person}）用本人证书密钥批准。"),
            format!("Order {id} was approved by {name} ({person}) with their own certificate key."),
        ));
        sentences.extend(made_approver(control, &name, &person));
    }
    sentences
}

fn founding_certificate(control: &Control, serial: &str) -> Sentences {
    if !control.certificates.contains_key(serial) {
        return Vec::new();
    }
    let (zh, en) = holder(control, serial);
    vec![(
        format!("证书 {serial} 依据创立声明签发给 {zh}。"),
        format!("Certificate {serial} was issued to {en} under the founding statement."),
    )]
}

/// The holder of a certificate, in both languages.
fn holder(control: &Control, serial: &str) -> (String, String) {
    let Some(certificate) = control.certificates.get(serial) else { return Default::default() };
    let name = certificate.subject().common_name().unwrap_or_default();
    match certificate.subject().person() {
        Some(person) => (format!("{name}（{person}）"), format!("{name} ({person})")),
        None => (name.clone(), name),
    }
}

/// Who gave approvals: name and person id.
fn approvers(control: &Control, approvals: &[Bytes]) -> Vec<(String, String)> {
    let named = |approval: &Approval| approval_id(approval).is_ok_and(|id| approvals.contains(&id));
    let found = control.events().filter_map(|event| match event {
        Event::Approval { approval, person } if named(approval) => {
            let certificate = approval.certificate()?;
            Some((certificate.subject().common_name().unwrap_or_default(), person.clone()))
        }
        _ => None,
    });
    found.collect()
}

/// What made someone an approver: the founding statement, or orders that others approved.
fn made_approver(control: &Control, name: &str, person: &str) -> Sentences {
    let founding = control.authority.founding();
    let mut sentences = Vec::new();
    if let Some(first) = founding.people.iter().find(|first| first.person == person) {
        let roles: Vec<&str> = first.roles.iter().map(|held| held.role.name()).collect();
        sentences.push((
            format!("{name} 由创立声明任命（{}）。", roles.join("、")),
            format!("{name} was named by the founding statement ({}).", roles.join(", ")),
        ));
    }
    let mut seen = BTreeSet::new();
    for event in control.events() {
        let Event::Enacted { order, approvals, .. } = event else { continue };
        let Some((made, Body::Role(role), _)) = control.orders.get(order) else { continue };
        if role.person != person || role.action != RoleAction::Grant || !seen.insert(order) {
            continue;
        }
        let by: Vec<String> =
            approvers(control, approvals).into_iter().map(|(name, _)| name).collect();
        let what = role.role.name();
        sentences.push((
            format!("{name} 的角色 {what} 由指令 {} 授予，批准人：{}。", made.order, by.join("、")),
            format!("{name} holds {what} by order {}, approved by {}.", made.order, by.join(", ")),
        ));
    }
    sentences
}
