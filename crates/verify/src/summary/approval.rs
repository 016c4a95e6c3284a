//! Who approved an order, as each approval counted when the order was carried out: by which key,
//! for whom, of the order itself or of a batch; and who had made them approvers. Nothing here is a
//! record's claim: it follows from what was judged again.

use crate::control::Control;
use authority::{CountedApproval, InBatch, Judged};
use plain::value::joined_as;
use plain::{FactValue, NameAndId, phrase, words};
use records::order::{Body, DelegateBody, PersonAction, RoleAction};
use records::passkey::AuthenticatorSaid;
use records::rules::Role;
use std::collections::BTreeMap;

/// Sentences, each in both languages.
pub(super) type Sentences = Vec<FactValue>;

/// Everybody whose approval counted for the order that the record at an index carries out.
pub(super) fn approved(control: &Control, id: &str, at: u64) -> Sentences {
    let Some(judged) = control.judged.get(&at) else { return Vec::new() };
    let mut sentences = Vec::new();
    for one in judged.counted() {
        sentences.push(given(control, id, one));
        sentences.extend(made_approver(control, one, at));
    }
    sentences
}

/// Names a person with their id.
pub(super) fn person(name: &str, id: &str) -> FactValue {
    NameAndId { name: Some(name.to_owned()), id: id.to_owned(), unit: None }.into()
}

/// Tells one approval that counted.
fn given(control: &Control, id: &str, one: &CountedApproval) -> FactValue {
    let absent = match &one.capacity.acting_for {
        Some(absent) => phrase("代 {0} ", ", acting for {0},", vec![named(control, absent)]),
        None => words(""),
    };
    let (of, opened) = match &one.batch {
        Some(batch) => (in_batch(batch), was_opened(batch)),
        None => (words(""), words("")),
    };
    phrase(
        "办件 {0} {4}由 {1} {2}{3}批准{5}。",
        "Order {0} was approved by {1}{2} {3}{4}{5}.",
        vec![id.into(), approver(one), absent, manner(said(one).as_ref()), of, opened],
    )
}

/// That an order was approved as one of many.
fn in_batch(batch: &InBatch) -> FactValue {
    let InBatch { order, rows, .. } = batch;
    phrase(
        "作为批次 {0} 共 {1} 件之一，",
        ", as one of {1} in batch {0}",
        vec![order.to_string().into(), rows.to_string().into()],
    )
}

/// Whether the signature says that it was opened.
fn was_opened(batch: &InBatch) -> FactValue {
    match batch.opened {
        true => phrase(
            "；其签名写明已查看本件",
            "; their signature says that they opened it",
            Vec::new(),
        ),
        false => phrase(
            "；其签名未写明已查看本件",
            "; their signature does not say that they opened it",
            Vec::new(),
        ),
    }
}

/// What the authenticator said, of an approval by passkey.
fn said(one: &CountedApproval) -> Option<AuthenticatorSaid> {
    one.given.approval.assertion.as_ref().and_then(|assertion| assertion.said())
}

/// How somebody approved: with the key of their certificate, or with a passkey, and what its
/// authenticator said of itself. One that says it was backed up and cannot be is refused.
fn manner(said: Option<&AuthenticatorSaid>) -> FactValue {
    let own = |zh, en| phrase(zh, en, Vec::new());
    let Some(said) = said else {
        return own("用本人证书密钥", "with the key of their own certificate");
    };
    let backup = match (said.backup_eligible, said.backed_up) {
        (false, false) => own("不可备份", "cannot be backed up"),
        (false, true) => own("不可备份而已有备份", "cannot be backed up, and is"),
        (true, false) => own("可备份，尚未备份", "can be backed up, and is not"),
        (true, true) => own("已有备份", "is backed up"),
    };
    let seen = match said.user_verified {
        true => own("已核验使用者", "verified its user"),
        false => own("未核验使用者", "did not verify its user"),
    };
    phrase(
        "用经认证的通行密钥（验证器自述：{0}，密钥{1}）",
        "with a passkey certified for them (its authenticator said: it {0}; the key {1})",
        vec![seen, backup],
    )
}

/// Whoever approved, as the certificate names them that they showed.
fn approver(one: &CountedApproval) -> FactValue {
    let name = one.given.certificate().subject().common_name().unwrap_or_default();
    person(&name, &one.capacity.person.to_string())
}

/// Somebody as their newest certificate here names them, or by their id.
fn named(control: &Control, id: &str) -> FactValue {
    match control.names.get(id) {
        Some(name) => person(name, id),
        None => id.into(),
    }
}

/// What made somebody an approver: the roles that they held then, or those of whoever they acted
/// for and the delegation by which they did.
fn made_approver(control: &Control, one: &CountedApproval, at: u64) -> Sentences {
    let name = approver(one);
    let mut sentences = roles_of(control, &name, &one.capacity.person, at);
    let (Some(absent), Some(lent)) = (&one.capacity.acting_for, &one.lent) else {
        return sentences;
    };
    let by = enacted(control, at).rev().find_map(|(_, order, body)| match body {
        Body::Delegate(body) if is_granted(body, &one.capacity.person, lent) => Some((order, body)),
        _ => None,
    });
    sentences.extend(by.map(|(order, body)| delegated(control, (order, name), body)));
    sentences.extend(roles_of(control, &named(control, absent), absent, at));
    sentences
}

/// Whether an order lends just this.
fn is_granted(body: &DelegateBody, person: &str, lent: &authority::Delegation) -> bool {
    let time = records::time::read;
    body.action == RoleAction::Grant
        && body.person == person
        && (body.absent.as_str(), body.role) == (&*lent.absent, lent.role)
        && body.scope == lent.scope
        && (time(&body.from), time(&body.until)) == (Some(lent.from), Some(lent.until))
}

/// Orders that were carried out before the record at an index: its own place, id and body.
fn enacted(control: &Control, before: u64) -> impl DoubleEndedIterator<Item = (u64, &str, &Body)> {
    let carried = control.enacted.range(..before);
    carried.filter_map(|(index, order)| {
        let (made, body) = control.orders.get(order)?;
        Some((*index, made.order.as_str(), body))
    })
}

/// The roles that somebody held before a record, each with what gave it: the founding statement, or
/// an order that others approved. What was withdrawn before is none of them.
fn roles_of(control: &Control, name: &FactValue, person: &str, before: u64) -> Sentences {
    let founding = control.authority.founding();
    let first = founding.people.iter().find(|first| first.person == person);
    let first = first.into_iter().flat_map(|first| &first.roles);
    let mut held: BTreeMap<(Role, &str), Option<(u64, &str)>> =
        first.map(|held| ((held.role, held.scope.as_str()), None)).collect();
    for (at, order, body) in enacted(control, before) {
        match body {
            Body::Role(role) if role.person == person => {
                let which = (role.role, role.scope.as_str());
                match role.action {
                    RoleAction::Grant => held.insert(which, Some((at, order))),
                    RoleAction::Withdraw => held.remove(&which),
                };
            }
            Body::Person(one) if one.person == person && one.action == PersonAction::Leave => {
                held.clear();
            }
            _ => {}
        }
    }
    let by_founding = held.iter().filter(|(_, by)| by.is_none());
    let names: Vec<FactValue> = by_founding.map(|((role, _), _)| words(role.name())).collect();
    let mut sentences = Vec::new();
    if !names.is_empty() {
        sentences.push(phrase(
            "{0} 由建立声明任命（{1}）。",
            "{0} was named by the founding statement ({1}).",
            vec![name.clone(), joined_as(names, ("、", ", "))],
        ));
    }
    let granted = held.into_iter().filter_map(|((role, _), by)| Some((role, by?)));
    sentences.extend(granted.map(|(role, (at, order))| {
        phrase(
            "{0} 的角色 {1} 由办件 {2} 授予，批准人：{3}。",
            "{0} was granted {1} by order {2}, approved by {3}.",
            vec![
                name.clone(),
                words(role.name()),
                order.into(),
                names_of(control, control.judged.get(&at)),
            ],
        )
    }));
    sentences
}

/// Everybody who approved an order in a few words, with for whom and in which batch.
fn names_of(control: &Control, judged: Option<&Judged>) -> FactValue {
    let one = |one: &CountedApproval| {
        let mut row = vec![approver(one)];
        if let Some(absent) = &one.capacity.acting_for {
            let absent = vec![named(control, absent)];
            row.push(phrase("（代 {0}）", " (acting for {0})", absent));
        }
        if let Some(batch) = &one.batch {
            let batch = vec![in_batch(batch), was_opened(batch)];
            row.push(phrase("（{0}审批{1}）", " (approved{0}{1})", batch));
        }
        FactValue::Row(row)
    };
    joined_as(judged.into_iter().flat_map(Judged::counted).map(one), ("、", ", "))
}

/// By which order somebody acts for somebody on leave.
fn delegated(
    control: &Control,
    (order, name): (&str, FactValue),
    lent: &DelegateBody,
) -> FactValue {
    let DelegateBody { absent, role, scope, from, until, .. } = lent;
    phrase(
        "{0} 依据办件 {1} 代理 {2} 的角色 {3}（{4}），自 {5} 至 {6}。",
        "{0} acts for {2} as {3} of {4} from {5} until {6}, by order {1}.",
        vec![
            name,
            order.into(),
            named(control, absent),
            words(role.name()),
            scope.into(),
            FactValue::time(from),
            FactValue::time(until),
        ],
    )
}

#[cfg(test)]
mod tests;
