//! What a bundle says about how a certificate came to be: under which order, approved by whom, and
//! who had made them approvers.

use super::Sentences;
use crate::control::Control;
use crate::verdict::Failed;
use records::order::{Body, DelegateBody, Renewal, RoleAction};
use records::passkey::AuthenticatorSaid;
use records::record::{Event, approval_id};
use records::{Approval, Bytes};
use std::collections::{BTreeMap, BTreeSet};

/// What a certificate was issued under has to be there: nothing follows from its absence.
pub(super) fn of_certificate(control: &Control, serial: &str) -> Result<Sentences, Failed> {
    let said = match control.certificates.contains_key(serial) {
        true => issued(control, &Approvals::of(control), serial),
        false => Vec::new(),
    };
    match said.is_empty() {
        true => Err(Failed::missing(
            format!("certificate {serial}"),
            "its record, or what it was issued under, is not there",
        )),
        false => Ok(said),
    }
}

fn issued(control: &Control, approvals: &Approvals, serial: &str) -> Sentences {
    let intent = control.records.iter().find_map(|(index, record)| match &record.event {
        Event::Intent { order, approvals, serial: intended, .. } if intended == serial => {
            Some((*index, order, approvals))
        }
        _ => None,
    });
    let Some((at, order, given)) = intent else { return without_order(control, serial) };
    let id = control.orders.get(order).map(|(order, _)| order.order.clone()).unwrap_or_default();
    let (zh, en) = holder(control, serial);
    let mut sentences = vec![(
        format!("证书 {serial} 依据办件 {id} 签发给 {zh}。"),
        format!("Certificate {serial} was issued to {en} under order {id}."),
    )];
    let renewal = control.orders.get(order).and_then(|(_, body)| renewal(body));
    sentences.extend(renewal.map(|renewal| renewed(&id, renewal)));
    for approval in approvals.given(given) {
        let Given { name, person, acting_for, how } = approval;
        let (zh, en) = manner(how.as_ref());
        let (zh_for, en_for) = match acting_for {
            Some(absent) => (format!("代 {absent} "), format!(", acting for {absent},")),
            None => (String::new(), String::new()),
        };
        sentences.push((
            format!("办件 {id} 由 {name}（{person}）{zh_for}{zh}批准。"),
            format!("Order {id} was approved by {name} ({person}){en_for} {en}."),
        ));
        sentences.extend(made_approver(control, approvals, (name, person, at)));
    }
    sentences
}

/// The renewal in a body.
fn renewal(body: &Body) -> Option<&Renewal> {
    match body {
        Body::Issue(issue) => issue.renewal.as_deref(),
        _ => None,
    }
}

/// Who authorized a renewal: the key of the old certificate, alone or beside officers.
fn renewed(id: &str, renewal: &Renewal) -> (String, String) {
    let Renewal { serial, review, .. } = renewal;
    match review.is_empty() {
        true => (
            format!("办件 {id} 由旧证书 {serial} 的密钥签名授权；信息未变，无须审批。"),
            format!(
                "Order {id} was authorized by the key of the old certificate {serial}; nothing had \
                 changed that officers have to look at."
            ),
        ),
        false => (
            format!("办件 {id} 由旧证书 {serial} 的密钥签名提出，须经审批。"),
            format!(
                "Order {id} was asked for by the key of the old certificate {serial}, and needed \
                 approval."
            ),
        ),
    }
}

/// How somebody approved: with the key of their certificate, or with a passkey, and what its
/// authenticator said of itself.
fn manner(said: Option<&AuthenticatorSaid>) -> (String, String) {
    let Some(said) = said else {
        return ("用本人证书密钥".into(), "with the key of their own certificate".into());
    };
    let (zh, en) = match (said.backup_eligible, said.backed_up) {
        (false, _) => ("不可备份", "cannot be backed up"),
        (true, false) => ("可备份，尚未备份", "can be backed up, and is not"),
        (true, true) => ("已有备份", "is backed up"),
    };
    let (seen_zh, seen_en) = if said.user_verified {
        ("已核验使用者", "verified its user")
    } else {
        ("未核验使用者", "did not verify its user")
    };
    (
        format!("用经认证的通行密钥（验证器自述：{seen_zh}，密钥{zh}）"),
        format!(
            "with a passkey certified for them (its authenticator said: it {seen_en}; the key {en})"
        ),
    )
}

/// A certificate of a machine, or of the founding: what it was issued under is there, or nothing is
/// said.
fn without_order(control: &Control, serial: &str) -> Sentences {
    let Some(promised) = issued_under(control, serial) else { return Vec::new() };
    let under = control.events().find_map(|event| match event {
        Event::Used { authorization, serial: used, .. } if used == serial => {
            Some((format!("常设授权 {authorization}"), format!("authorization {authorization}")))
        }
        Event::Joined { agent, serial: joined, .. } if joined == serial => {
            Some((format!("网关 {agent} 的加入"), format!("the joining of agent {agent}")))
        }
        _ => None,
    });
    let founding = (*promised == control.founding)
        .then(|| ("创立声明".to_owned(), "the founding statement".to_owned()));
    let Some((why_zh, why_en)) = under.or(founding) else { return Vec::new() };
    let (zh, en) = holder(control, serial);
    vec![(
        format!("证书 {serial} 依据{why_zh}签发给 {zh}。"),
        format!("Certificate {serial} was issued to {en} under {why_en}."),
    )]
}

/// What the record of a certificate says that it was issued under.
fn issued_under<'a>(control: &'a Control, serial: &str) -> Option<&'a Bytes> {
    control.events().find_map(|event| match event {
        Event::Issued { serial: issued, under, .. } if issued == serial => Some(under),
        _ => None,
    })
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

/// An approval as the replay took it: who gave it, by the certificate that it shows.
struct Given {
    name: String,
    person: String,
    /// For whom, as the record says.
    acting_for: Option<String>,
    how: Option<AuthenticatorSaid>,
}

/// Every approval in the bundle by its id.
struct Approvals(BTreeMap<Bytes, Given>);

impl Approvals {
    fn of(control: &Control) -> Self {
        let read = |approval: &Approval, acting_for: &Option<String>| {
            let subject = approval.certificate()?.subject().clone();
            let how = match &approval.assertion {
                Some(assertion) => Some(assertion.said()?),
                None => None,
            };
            let name = subject.common_name().unwrap_or_default();
            let (person, acting_for) = (subject.person()?.to_owned(), acting_for.clone());
            let given = Given { name, person, acting_for, how };
            Some((approval_id(approval).ok()?, given))
        };
        let all = control.events().filter_map(|event| match event {
            Event::Approval { approval, acting_for, .. } => read(approval, acting_for),
            _ => None,
        });
        Self(all.collect())
    }

    fn given<'a>(&'a self, named: &'a [Bytes]) -> impl Iterator<Item = &'a Given> {
        named.iter().filter_map(|id| self.0.get(id))
    }
}

/// What made someone an approver before a record: the founding statement, or orders that others
/// approved.
fn made_approver(
    control: &Control,
    approvals: &Approvals,
    (name, person, before): (&str, &str, u64),
) -> Sentences {
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
    for (_, record) in control.records.iter().take_while(|(index, _)| *index < before) {
        let Event::Enacted { order, approvals: given, .. } = &record.event else { continue };
        let Some((made, body)) = control.orders.get(order) else { continue };
        if let Body::Delegate(lent) = body
            && lent.person == person
            && lent.action == RoleAction::Grant
            && seen.insert(order)
        {
            sentences.push(delegated(&made.order, name, lent));
        }
        let Body::Role(role) = body else { continue };
        if role.person != person || role.action != RoleAction::Grant || !seen.insert(order) {
            continue;
        }
        let by: Vec<&str> = approvals.given(given).map(|given| given.name.as_str()).collect();
        let what = role.role.name();
        sentences.push((
            format!("{name} 的角色 {what} 由办件 {} 授予，批准人：{}。", made.order, by.join("、")),
            format!(
                "{name} was granted {what} by order {}, approved by {}.",
                made.order,
                by.join(", ")
            ),
        ));
    }
    sentences
}

/// That somebody acts for somebody on leave.
fn delegated(order: &str, name: &str, lent: &DelegateBody) -> (String, String) {
    let DelegateBody { absent, role, scope, from, until, .. } = lent;
    let role = role.name();
    (
        format!(
            "{name} 依据办件 {order} 代理 {absent} 的角色 {role}（{scope}），自 {from} 至 {until}。"
        ),
        format!(
            "{name} acts for {absent} as {role} of {scope} from {from} until {until}, by order \
             {order}."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_of_approving_is_told_as_what_it_was() {
        let (zh, en) = manner(None);
        assert!(zh.contains("本人证书密钥") && en.contains("key of their own certificate"));
        let said = |user_verified, backup_eligible, backed_up| {
            let said = AuthenticatorSaid { user_verified, backup_eligible, backed_up };
            let (zh, en) = manner(Some(&said));
            assert!(zh.contains("通行密钥") && !zh.contains("证书密钥"), "{zh}");
            assert!(en.contains("passkey") && !en.contains("own certificate"), "{en}");
            en
        };
        assert!(
            said(true, false, false).contains("verified its user; the key cannot be backed up")
        );
        assert!(said(true, true, false).contains("can be backed up, and is not"));
        assert!(said(true, true, true).contains("the key is backed up"));
        assert!(said(false, false, false).contains("did not verify its user"));
    }
}
