//! People and units, their roles and certificates, beside what is in force.

use super::change::{changed, list};
use super::issued::or_none;
use super::moved::{led, moving};
use super::named::{evidence, person_named, unit_named};
use super::statement::{field, number_of};
use ::plain::bilingual::{Fact, fact, role, said, yes_no};
use ::plain::value::{FactValue, NameAndId, joined, words};
use records::Bytes;
use records::export::ShownOrder;
use records::founding::Holding;
use records::order::{
    CertificateBefore, DelegateBody, EndingSystem, LedSystem, LentBefore, MAIL_PATH, NAME_PATH,
    PersonAction, PersonBefore, PersonBody, RoleAction, RoleBody, UnitAction, UnitBefore, UnitBody,
};

/// Roles that others lend to somebody.
pub(super) const LENT: (&str, &str) = ("他人交其代理的角色", "roles that others lend to them");
/// What ends with a role, or with all of them.
const LENDS: (&str, &str) = ("随之终止的代理", "what they lend, which ends with it");
/// What ends with no transfer.
const GOES_ON: (&str, &str) =
    ("本人交他人代理的角色（不因本办件终止）", "what they lend, which goes on");
/// By what whoever gets a certificate is in office.
const OFFICES: (&str, &str) = (
    "持有人任职、代理及主管的系统",
    "offices of the holder, roles lent to them or by them, and systems in their charge",
);
/// What ends with a unit.
const ENDS: (&str, &str) = (
    "随之关闭的系统（吊销其全部证书）",
    "systems that end with it, and every certificate of theirs",
);
const MORE_ENDS: (&str, &str) =
    ("另有未列出的此类系统（个）", "how many more such systems, which are not listed");

pub(super) fn about_person(
    opened: &ShownOrder,
    body: &PersonBody,
    before: Option<&PersonBefore>,
) -> Vec<Fact> {
    let held = opened.order().basis.person(&body.person);
    let is_same_unit = held.is_some_and(|held| held.unit == body.unit);
    let what = match body.action {
        PersonAction::Create => said("新增", "create"),
        PersonAction::Move if is_same_unit => said("更正信息", "correct the record"),
        PersonAction::Move => said("调动", "transfer"),
        PersonAction::Leave => said("离任，吊销全部证书", "leaves, every certificate is revoked"),
    };
    let unit_before = held.map(|held| unit_named(opened, &held.unit));
    let mail_before = before.and_then(|before| before.mail.as_ref());
    let mail_before = mail_before.map(|mail| opened.text(mail, MAIL_PATH));
    let mail = body.mail.as_ref().map_or("", |mail| opened.text(mail, MAIL_PATH));
    let mut facts = vec![
        fact(("变更", "change"), what),
        changed(("姓名", "name"), opened.name_of(&body.person), name_after(opened, body)),
        fact(("人员编号", "person"), body.person.clone()),
        fact(("记录版本", "version of the record"), body.version.to_string()),
        changed(("单位", "unit"), unit_before, unit_named(opened, &body.unit)),
    ];
    let was = held.map(|_| or_none(mail_before.unwrap_or_default()));
    facts.push(changed(("邮箱", "mail"), was, or_none(mail)));
    facts.extend(about_number(body.number.as_ref(), held.and(before)));
    facts.push(evidence(opened, &body.evidence));
    let Some(before) = before else { return facts };
    let (roles, certificates) =
        (roles(opened, &before.roles), certificates(opened, &before.certificates));
    let leaves = body.action == PersonAction::Leave;
    let after = |list: &[FactValue]| if leaves { Vec::new() } else { list.to_vec() };
    facts.push(list(("角色", "roles"), &roles, &after(&roles)));
    let (lent, lends) = (lent(opened, &before.lent), self::lent(opened, &before.lends));
    facts.push(list(LENT, &lent, &after(&lent)));
    facts.extend(leaves.then(|| list(LENDS, &lends, &[])));
    facts.extend((!leaves && !lends.is_empty()).then(|| list(GOES_ON, &lends, &lends)));
    facts.push(list(("有效证书", "certificates"), &certificates, &after(&certificates)));
    facts.extend(led(before, leaves || !is_same_unit));
    facts
}

/// The name that somebody has afterwards. Where no row opens the one that authority holds, as of a
/// brake, it is the word of whoever drafted it alone, and is told so.
fn name_after(opened: &ShownOrder, body: &PersonBody) -> FactValue {
    let name = opened.text(&body.name, NAME_PATH);
    let is_new = body.action == PersonAction::Create;
    if is_new || opened.name_of(&body.person).is_some() {
        return name.into();
    }
    let whose = said(
        "（仅为起草人所写；登记的姓名无法打开，请核对人员编号）",
        " (the drafter's word alone: the registered name does not open; compare the person's id)",
    );
    FactValue::Row(vec![name.into(), whose.into()])
}

/// The keyed digest of the national number beside the one that is held; and of one that is new,
/// what the CA saw to before it made the order.
fn about_number(number: Option<&Bytes>, before: Option<&PersonBefore>) -> Vec<Fact> {
    let was = before.and_then(|before| before.number.as_ref());
    let term = ("证件号摘要", field::NUMBER);
    let digest = changed(term, before.map(|_| number_of(was)), number_of(number));
    let checked = said(
        "格式无误，起草时在册人员中无人登记此号（签发机构核对）",
        "well-formed, and nobody in office had it when this was drafted (the CA looked)",
    );
    let is_told = number.is_some() || was.is_some() || before.is_none();
    let is_new = number.is_some() && number != was;
    let checked = is_new.then(|| fact(("证件号核对", "identity number"), checked));
    is_told.then_some(digest).into_iter().chain(checked).collect()
}

pub(super) fn about_role(
    opened: &ShownOrder,
    body: &RoleBody,
    before: Option<&PersonBefore>,
) -> Vec<Fact> {
    let what = match body.action {
        RoleAction::Grant => ("授予", "grant"),
        RoleAction::Withdraw => ("撤回", "withdraw"),
    };
    let held = before.map(|before| certificates(opened, &before.certificates)).unwrap_or_default();
    let lent_to = before.map(|before| lent(opened, &before.lent)).unwrap_or_default();
    let lends = before.map(|before| lent(opened, &before.lends)).unwrap_or_default();
    let place = before.and_then(|before| place(opened, before));
    let before = before.map(|before| before.roles.clone()).unwrap_or_default();
    let changed = Holding { role: body.role, scope: body.scope.clone() };
    let after = match body.action {
        RoleAction::Grant => before.iter().cloned().chain([changed]).collect::<Vec<_>>(),
        RoleAction::Withdraw => before.iter().filter(|one| **one != changed).cloned().collect(),
    };
    let mut facts = vec![
        fact(("人员", "person"), person_named(opened, &body.person)),
        fact(what, role(body.role.name())),
        fact(("范围", "scope"), unit_named(opened, &body.scope)),
        list(("全部角色", "all roles"), &roles(opened, &before), &roles(opened, &after)),
        list(LENT, &lent_to, &lent_to),
    ];
    facts.extend(place);
    let ends = body.action == RoleAction::Withdraw || !lends.is_empty();
    facts.extend(ends.then(|| list(LENDS, &lends, &[])));
    facts.push(list(("有效证书", "certificates"), &held, &held));
    facts
}

pub(super) fn about_delegation(
    opened: &ShownOrder,
    body: &DelegateBody,
    before: Option<&PersonBefore>,
) -> Vec<Fact> {
    let what = match body.action {
        RoleAction::Grant => said("代理审批", "delegate while on leave"),
        RoleAction::Withdraw => said("提前终止代理", "end a delegation before its time"),
    };
    let held = before.map(|before| certificates(opened, &before.certificates)).unwrap_or_default();
    let roles = before.map(|before| roles(opened, &before.roles)).unwrap_or_default();
    let place = before.and_then(|before| place(opened, before));
    let before = before.map(|before| before.lent.clone()).unwrap_or_default();
    let changed = LentBefore {
        person: body.absent.clone(),
        role: body.role,
        scope: body.scope.clone(),
        from: body.from.clone(),
        until: body.until.clone(),
    };
    let after = match body.action {
        RoleAction::Grant => before.iter().cloned().chain([changed]).collect::<Vec<_>>(),
        RoleAction::Withdraw => before.iter().filter(|one| **one != changed).cloned().collect(),
    };
    let mut facts = vec![
        fact(("变更", "change"), what),
        fact(("代理人", "who acts"), person_named(opened, &body.person)),
        fact(("被代理人", "who is on leave"), person_named(opened, &body.absent)),
        fact(("代理的角色", "the role that is lent"), role(body.role.name())),
        fact(("范围", "scope"), unit_named(opened, &body.scope)),
        fact(("代理起始时间", "from"), FactValue::time(&body.from)),
        fact(("代理截止时间", "until"), FactValue::time(&body.until)),
        list(("代理人自己的角色", "own roles of who acts"), &roles, &roles),
        list(LENT, &lent(opened, &before), &lent(opened, &after)),
        list(("有效证书", "certificates"), &held, &held),
    ];
    facts.extend(place);
    facts
}

/// Where the unit stands over which a role is given: the units above it, the highest first.
fn place(opened: &ShownOrder, held: &PersonBefore) -> Option<Fact> {
    let above = held.above.iter().rev().map(|unit| unit_named(opened, unit));
    let term = ("范围所在的上级单位", "units above the scope");
    (!held.above.is_empty()).then(|| fact(term, joined(above, " › ")))
}

pub(super) fn roles(opened: &ShownOrder, held: &[Holding]) -> Vec<FactValue> {
    let one = |held: &Holding| {
        let scope = unit_named(opened, &held.scope);
        FactValue::Row(vec![role(held.role.name()).into(), words(": "), scope])
    };
    held.iter().map(one).collect()
}

/// What whoever gets a certificate holds, where they hold an office.
pub(super) fn about_holder(opened: &ShownOrder, held: &PersonBefore) -> Fact {
    fact(OFFICES, joined(offices(opened, held), "; "))
}

/// Everything by which somebody is in office, each in words.
pub(super) fn offices(row: &ShownOrder, held: &PersonBefore) -> Vec<FactValue> {
    let titled =
        |(zh, en): (&str, &str), value: FactValue| FactValue::Row(vec![said(zh, en).into(), value]);
    let led = |one: &LedSystem| -> FactValue {
        NameAndId { name: Some(one.name.clone()), id: one.system.clone(), unit: None }.into()
    };
    let mut all = roles(row, &held.roles);
    let acts = lent(row, &held.lent).into_iter();
    all.extend(acts.map(|one| titled(("代理 ", "acts for "), one)));
    let lends = lent(row, &held.lends).into_iter();
    all.extend(lends.map(|one| titled(("交他人代理 ", "lends to "), one)));
    let leads = held.leads.iter().map(led);
    all.extend(leads.map(|one| titled(("主管系统 ", "in charge of "), one)));
    let more = held.more_leads;
    let more =
        (more > 0).then(|| said(&format!("另主管系统 {more} 个"), &format!("and {more} more")));
    all.extend(more.map(FactValue::Words));
    all
}

/// What others lend to somebody, or they to others: each beside the other of the two.
pub(super) fn lent(opened: &ShownOrder, all: &[LentBefore]) -> Vec<FactValue> {
    let one = |one: &LentBefore| {
        FactValue::Row(vec![
            person_named(opened, &one.person),
            words(": "),
            role(one.role.name()).into(),
            words(", "),
            unit_named(opened, &one.scope),
            words(", "),
            FactValue::time(&one.from),
            words(" – "),
            FactValue::time(&one.until),
        ])
    };
    all.iter().map(one).collect()
}

pub(super) fn certificates(opened: &ShownOrder, held: &[CertificateBefore]) -> Vec<FactValue> {
    held.iter().map(|one| certificate(opened, one)).collect()
}

pub(super) fn certificate(opened: &ShownOrder, held: &CertificateBefore) -> FactValue {
    FactValue::Row(vec![
        (&held.serial).into(),
        words(" ("),
        opened.order().basis.profile(&held.profile).into(),
        words(", ≤ "),
        FactValue::time(&held.not_after),
        words(")"),
    ])
}

/// What ends with a unit: none of its systems can be used, or has a certificate, any more.
fn ending(before: &UnitBefore) -> Fact {
    let named = |one: &EndingSystem| {
        let named = NameAndId { name: Some(one.name.clone()), id: one.system.clone(), unit: None };
        let count = one.certificates;
        let count = said(&format!("，证书 {count} 张"), &format!(", certificates: {count}"));
        FactValue::Row(vec![named.into(), count.into()])
    };
    let systems: Vec<FactValue> = before.systems.iter().map(named).collect();
    list(ENDS, &systems, &[])
}

pub(super) fn about_unit(
    opened: &ShownOrder,
    unit: &UnitBody,
    before: Option<&UnitBefore>,
) -> Vec<Fact> {
    let what = match unit.action {
        UnitAction::Create => said("新建", "create"),
        UnitAction::Move => said("划转", "move"),
        UnitAction::Close => said("撤销，不再接收人员", "close, it takes no more people"),
    };
    let above = |parent: &str| match parent {
        "" => words("—"),
        parent => unit_named(opened, parent),
    };
    let was = before.map(|before| above(&before.parent));
    let mut facts = vec![
        fact(("变更", "change"), what),
        changed(("名称", "name"), opened.order().basis.unit(&unit.unit), &unit.name),
        fact(("单位编号", "unit"), unit.unit.clone()),
        changed(
            ("是否县区", "county"),
            before.map(|before| yes_no(before.county)),
            yes_no(unit.county),
        ),
        changed(("上级单位", "unit above"), was, above(&unit.parent)),
    ];
    let Some(before) = before else { return facts };
    facts.push(fact(("目前接收人员", "takes people now"), yes_no(before.open)));
    facts.extend((unit.action == UnitAction::Close).then(|| ending(before)));
    let more = (before.more_systems > 0).then(|| before.more_systems.to_string());
    facts.extend(more.map(|more| fact(MORE_ENDS, more)));
    facts.extend(before.moved.iter().flat_map(|moved| moving(opened, moved)));
    facts
}
