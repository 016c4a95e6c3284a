//! The facts of an order: each kind of body field by field, beside what is in force.

use super::change::{changed, files, list};
use super::issued::{issued, or_none};
use super::passkey::about_passkey;
use super::said::{
    Fact, FactLine, LineChange, Said, fact, key, kind_of, reason, role, said, same, told, yes_no,
};
use super::wish::{about_draft, about_place, about_wish, asked_by, drafted_by};
use data_encoding::HEXLOWER;
use records::Bytes;
use records::commitment::EVIDENCE_PATH;
use records::export::{OpenedOrder, ShownOrder};
use records::founding::Holding;
use records::order::{
    AgentBefore, AgentBody, BatchBody, Before, Body, CertificateBefore, DelegateBody, FilesBefore,
    MAIL_PATH, NAME_PATH, PersonAction, PersonBefore, PersonBody, PortalBefore, PortalBody,
    ProfileRef, ReleaseBody, RevokeBody, RoleAction, RoleBody, UnitAction, UnitBefore, UnitBody,
    title,
};

/// Everything that is shown before somebody consents, who drafted it included.
pub fn facts(opened: &OpenedOrder) -> Vec<Fact> {
    let mut facts = facts_unsigned(opened);
    let order = opened.order();
    facts.push(fact(("办件编号", "order"), format!("{}, v{}", order.order, order.version)));
    facts.push(fact(("签发机构", "issuing CA"), order.issuer.clone()));
    facts
}

/// What an order would say that nobody signed: of a draft, before its handler signs.
pub fn facts_unsigned(opened: &ShownOrder) -> Vec<Fact> {
    let before = opened.before();
    let person = match before {
        Some(Before::Person(before)) => Some(before),
        _ => None,
    };
    let mut facts = match (opened.body(), before) {
        (Body::Issue(issue), _) => issued(opened, issue),
        (Body::Person(body), _) => about_person(opened, body, person),
        (Body::Role(body), _) => about_role(opened, body, person),
        (Body::Delegate(body), _) => about_delegation(opened, body, person),
        (Body::Revoke(body), _) => revoked(opened, body, person),
        (Body::Release(body), _) => released(opened, body, person),
        (Body::Credential(body), _) => {
            let who = fact(("证书持有人", "for whom"), person_named(opened, &body.person));
            std::iter::once(who).chain(about_passkey(body)).collect()
        }
        (Body::Unit(body), Some(Before::Unit(before))) => about_unit(opened, body, Some(before)),
        (Body::Unit(body), _) => about_unit(opened, body, None),
        (Body::Batch(body), _) => about_batch(opened, body),
        (Body::Profile(body), _) => profile(opened, &body.profile),
        (Body::ApprovalRules(body), _) => in_force(
            opened,
            ("审批规则生效", "approval rules in force"),
            body.version,
            &body.digest,
        ),
        (Body::Bundle(body), _) => {
            in_force(opened, ("访问规则生效", "access rules in force"), body.version, &body.digest)
        }
        (Body::Portal(body), Some(Before::Portal(was))) => about_portal(opened, body, Some(was)),
        (Body::Portal(body), _) => about_portal(opened, body, None),
        (Body::Agent(body), Some(Before::Agent(was))) => about_agent(opened, body, Some(was)),
        (Body::Agent(body), _) => about_agent(opened, body, None),
    };
    facts.extend(files(opened.files_before(), opened.files()));
    if !opened.is_comparable() {
        let moved =
            said("已是另一个版本，无法比较；只能退回", "another one; this can only be declined");
        facts.push(told(("现行文件", "what is in force now"), moved));
    }
    facts.push(drafted(opened));
    let draft = opened.order().draft.as_deref().into_iter();
    facts.extend(draft.flat_map(about_draft));
    facts.extend(opened.order().place.iter().flat_map(about_place));
    facts.push(fact(("有效至", "expires"), opened.order().expires.clone()));
    facts
}

/// Who drafted it: a user of the CA host as its kernel told, an officer, or whoever applied.
fn drafted(opened: &ShownOrder) -> Fact {
    let drafter = &opened.order().drafter;
    let value = match drafter.split_once(':') {
        Some(("operator", user)) => Said {
            zh: format!("签发主机的操作员，系统用户号 {user}（由主机内核确认）"),
            en: format!("operator of the CA host, user {user} (told by its kernel)"),
        },
        Some(("person", person)) => match opened.body() {
            Body::Revoke(body) => asked_by(&person_named(opened, person), body.wish.as_deref()),
            _ => drafted_by(&person_named(opened, person), opened.order().draft.as_deref()),
        },
        Some(("letter", reference)) => Said {
            zh: format!("密码信封 {reference} 的申请人"),
            en: format!("whoever applied under letter {reference}"),
        },
        _ => same(drafter),
    };
    told(("起草人", "drafted by"), value)
}

pub(super) fn person_named(opened: &ShownOrder, person: &str) -> String {
    // A brake names by id alone whose name no row opens.
    let Some(held) = opened.order().basis.person(person) else { return person.to_owned() };
    let name = opened.name_of(person).unwrap_or_default();
    format!("{name} ({person}), {}", unit_named(opened, &held.unit))
}

fn unit_named(opened: &ShownOrder, unit: &str) -> String {
    let name = opened.order().basis.unit(unit).unwrap_or_default();
    if name.is_empty() { unit.to_owned() } else { format!("{name} ({unit})") }
}

pub(super) fn units_named(opened: &ShownOrder, units: &[String]) -> Vec<String> {
    units.iter().map(|unit| unit_named(opened, unit)).collect()
}

pub(super) fn evidence(opened: &ShownOrder, committed: &Bytes) -> Fact {
    fact(("核验依据", "evidence"), opened.text(committed, EVIDENCE_PATH))
}

fn about_person(
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
        told(("变更", "change"), what),
        changed(("姓名", "name"), opened.name_of(&body.person), opened.text(&body.name, NAME_PATH)),
        fact(("人员编号", "person"), body.person.clone()),
        fact(("记录版本", "version of the record"), body.version.to_string()),
        changed(("单位", "unit"), unit_before.as_deref(), &unit_named(opened, &body.unit)),
    ];
    let was = held.map(|_| or_none(mail_before.unwrap_or_default().to_owned()));
    facts.push(changed(("邮箱", "mail"), was.as_deref(), &or_none(mail.to_owned())));
    facts.push(evidence(opened, &body.evidence));
    let Some(before) = before else { return facts };
    let (roles, certificates) = (roles(opened, &before.roles), certificates(&before.certificates));
    let leaves = body.action == PersonAction::Leave;
    let after = |list: &[String]| if leaves { Vec::new() } else { list.to_vec() };
    facts.push(list(("角色", "roles"), &roles, &after(&roles)));
    facts.push(list(("有效证书", "certificates"), &certificates, &after(&certificates)));
    facts
}

fn about_role(opened: &ShownOrder, body: &RoleBody, before: Option<&PersonBefore>) -> Vec<Fact> {
    let what = match body.action {
        RoleAction::Grant => ("授予", "grant"),
        RoleAction::Withdraw => ("撤回", "withdraw"),
    };
    let held = before.map(|before| certificates(&before.certificates)).unwrap_or_default();
    let before = before.map(|before| before.roles.clone()).unwrap_or_default();
    let changed = Holding { role: body.role, scope: body.scope.clone() };
    let after = match body.action {
        RoleAction::Grant => before.iter().cloned().chain([changed]).collect::<Vec<_>>(),
        RoleAction::Withdraw => before.iter().filter(|one| **one != changed).cloned().collect(),
    };
    vec![
        fact(("人员", "person"), person_named(opened, &body.person)),
        told(what, role(body.role.name())),
        fact(("范围", "scope"), unit_named(opened, &body.scope)),
        list(("全部角色", "all roles"), &roles(opened, &before), &roles(opened, &after)),
        list(("有效证书", "certificates"), &held, &held),
    ]
}

fn about_delegation(
    opened: &ShownOrder,
    body: &DelegateBody,
    before: Option<&PersonBefore>,
) -> Vec<Fact> {
    let what = match body.action {
        RoleAction::Grant => said("代理审批", "delegate while on leave"),
        RoleAction::Withdraw => said("提前终止代理", "end a delegation before its time"),
    };
    let held = before.map(|before| certificates(&before.certificates)).unwrap_or_default();
    let roles = before.map(|before| roles(opened, &before.roles)).unwrap_or_default();
    vec![
        told(("变更", "change"), what),
        fact(("代理人", "who acts"), person_named(opened, &body.person)),
        fact(("被代理人", "who is on leave"), person_named(opened, &body.absent)),
        told(("代理的角色", "the role that is lent"), role(body.role.name())),
        fact(("范围", "scope"), unit_named(opened, &body.scope)),
        fact(("自", "from"), body.from.clone()),
        fact(("至", "until"), body.until.clone()),
        list(("代理人自己的角色", "own roles of who acts"), &roles, &roles),
        list(("有效证书", "certificates"), &held, &held),
    ]
}

fn roles(opened: &ShownOrder, held: &[Holding]) -> Vec<String> {
    let one = |held: &Holding| {
        format!("{}: {}", role(held.role.name()).both(), unit_named(opened, &held.scope))
    };
    held.iter().map(one).collect()
}

fn certificates(held: &[CertificateBefore]) -> Vec<String> {
    held.iter().map(certificate).collect()
}

fn certificate(held: &CertificateBefore) -> String {
    format!("{} ({}, ≤ {})", held.serial, held.profile, held.not_after)
}

fn revoked(opened: &ShownOrder, body: &RevokeBody, before: Option<&PersonBefore>) -> Vec<Fact> {
    let held = before.map(|before| before.certificates.as_slice()).unwrap_or_default();
    let stays: Vec<String> =
        held.iter().filter(|one| !body.serials.contains(&one.serial)).map(certificate).collect();
    let mut facts = vec![
        fact(("人员", "person"), person_named(opened, &body.person)),
        told(("原因", "reason"), reason(&body.reason)),
        evidence(opened, &body.evidence),
    ];
    facts.extend(body.serials.iter().map(|serial| {
        let known = held.iter().find(|one| one.serial == *serial);
        fact(("吊销证书", "revoked is"), known.map_or_else(|| serial.clone(), certificate))
    }));
    facts.push(list(("保留的证书", "certificates that stay"), &stays, &stays));
    let roles = before.map(|before| roles(opened, &before.roles)).unwrap_or_default();
    facts.push(list(("角色", "roles"), &roles, &roles));
    facts.extend(body.wish.as_deref().into_iter().flat_map(about_wish));
    facts
}

/// Who suspended what, since when and why; two others release it.
fn released(opened: &ShownOrder, body: &ReleaseBody, before: Option<&PersonBefore>) -> Vec<Fact> {
    let held = before.map(|before| before.certificates.as_slice()).unwrap_or_default();
    let known = held.iter().find(|one| one.serial == body.serial);
    let roles = before.map(|before| roles(opened, &before.roles)).unwrap_or_default();
    let by = match body.by == body.person {
        true => said("持证人本人", "the holder"),
        false => same(person_named(opened, &body.by)),
    };
    vec![
        fact(("人员", "person"), person_named(opened, &body.person)),
        fact(
            ("解除冻结的证书", "released is"),
            known.map_or_else(|| body.serial.clone(), certificate),
        ),
        told(("冻结者", "suspended by"), by),
        told(("冻结原因", "suspended because of"), reason(&body.reason)),
        fact(("冻结时间", "suspended since"), body.since.clone()),
        fact(("冻结编号", "suspension"), HEXLOWER.encode(&body.suspension.0)),
        evidence(opened, &body.evidence),
        list(("角色", "roles"), &roles, &roles),
    ]
}

fn about_unit(opened: &ShownOrder, unit: &UnitBody, before: Option<&UnitBefore>) -> Vec<Fact> {
    let what = match unit.action {
        UnitAction::Create => said("新建", "create"),
        UnitAction::Move => said("划转", "move"),
        UnitAction::Close => said("撤销，不再接收人员", "close, it takes no more people"),
    };
    let above = |parent: &str| match parent {
        "" => "—".to_owned(),
        parent => unit_named(opened, parent),
    };
    let was = before.map(|before| above(&before.parent));
    let county = |is: bool| yes_no(is).both();
    let mut facts = vec![
        told(("变更", "change"), what),
        changed(("名称", "name"), opened.order().basis.unit(&unit.unit), &unit.name),
        fact(("单位编号", "unit"), unit.unit.clone()),
        changed(
            ("是否县区", "county"),
            before.map(|before| county(before.county)).as_deref(),
            &county(unit.county),
        ),
        changed(("上级单位", "unit above"), was.as_deref(), &above(&unit.parent)),
    ];
    if let Some(before) = before {
        facts.push(told(("目前接收人员", "takes people now"), yes_no(before.open)));
    }
    facts
}

/// Every order of a batch by its digest, under which the batch names it, with whom it concerns.
fn about_batch(opened: &ShownOrder, batch: &BatchBody) -> Vec<Fact> {
    let line = |(place, digest): (usize, &Bytes)| {
        let row = opened.rows().get(place);
        let about = row.map(|row| title(row.order(), row.disclosures())).unwrap_or_default();
        let order = row.map(|row| row.order().order.as_str()).unwrap_or_default();
        let text = format!("{}. {about} [{order}] {}", place + 1, HEXLOWER.encode(&digest.0));
        FactLine { mark: LineChange::Kept, text }
    };
    let lines = batch.rows.iter().enumerate().map(line).collect();
    let count = batch.rows.len();
    vec![
        told(("批量事项", "each of them is to"), kind_of(&batch.of, &batch.action)),
        Fact {
            term: said("共", "how many"),
            value: said(&format!("{count} 项"), &count.to_string()),
            differs: false,
            lines,
        },
    ]
}

pub(super) fn of_profile(profile: &ProfileRef) -> String {
    let digest = HEXLOWER.encode(&profile.digest.0);
    format!("{} v{}, SHA-256 {digest}", profile.id, profile.version)
}

fn profile(opened: &ShownOrder, profile: &ProfileRef) -> Vec<Fact> {
    let mut facts = vec![fact(("证书模板", "profile"), profile.id.clone())];
    let term = ("证书模板生效", "profile in force");
    facts.extend(in_force(opened, term, profile.version, &profile.digest));
    facts
}

/// A version that comes into force beside the one that is.
fn in_force(opened: &ShownOrder, term: (&str, &str), version: u32, digest: &Bytes) -> Vec<Fact> {
    let written = |version: u32, digest: &Bytes| {
        format!("v{version}, SHA-256 {}", HEXLOWER.encode(&digest.0))
    };
    let was = match opened.before() {
        Some(Before::Files(FilesBefore { version, digest })) => Some(written(*version, digest)),
        _ => None,
    };
    vec![changed(term, was.as_deref(), &written(version, digest))]
}

fn about_portal(opened: &ShownOrder, body: &PortalBody, was: Option<&PortalBefore>) -> Vec<Fact> {
    let what = match body.action.as_str() {
        "close" => said("关闭", "close"),
        "register" => said("登记", "register"),
        other => same(other),
    };
    let unit = was.map(|was| unit_named(opened, &was.unit));
    let process = |bytes: &Bytes| match bytes.0.is_empty() {
        true => "—".to_owned(),
        false => key(&bytes.0),
    };
    let mut facts = vec![
        told(("变更", "change"), what),
        fact(("门户", "portal"), body.portal.clone()),
        changed(("单位", "unit"), unit.as_deref(), &unit_named(opened, &body.unit)),
        changed(
            ("公众域名", "public host"),
            was.map(|was| was.public_host.as_str()),
            &body.public_host,
        ),
        fact(("公众进程公钥", "key of the public process"), process(&body.public_key)),
        changed(
            ("工作台域名", "staff host"),
            was.map(|was| was.staff_host.as_str()),
            &body.staff_host,
        ),
        fact(("工作台进程公钥", "key of the staff process"), process(&body.staff_key)),
    ];
    let Some(was) = was else { return facts };
    facts.push(list(("公众进程现有公钥", "public keys now"), &hex(&was.public_keys), &[]));
    facts.push(list(("工作台进程现有公钥", "staff keys now"), &hex(&was.staff_keys), &[]));
    facts.push(told(("目前开通", "open now"), yes_no(was.open)));
    facts
}

fn hex(keys: &[Bytes]) -> Vec<String> {
    keys.iter().map(|key| HEXLOWER.encode(&key.0)).collect()
}

fn about_agent(opened: &ShownOrder, body: &AgentBody, was: Option<&AgentBefore>) -> Vec<Fact> {
    let what = match (body.action.as_str(), was) {
        ("close", _) => said("关闭", "close"),
        ("register", None) => said("登记", "register"),
        ("register", Some(_)) => said("重新登记，须重新加入", "register anew, it joins again"),
        (other, _) => same(other),
    };
    let unit = was.map(|was| unit_named(opened, &was.unit));
    let hosts = was.map_or(&body.hosts, |was| &was.hosts);
    let units = was.map_or(&body.units, |was| &was.units);
    let mut facts = vec![
        told(("变更", "change"), what),
        fact(("网关", "gate"), body.agent.clone()),
        changed(
            ("运行单位", "unit that runs it"),
            unit.as_deref(),
            &unit_named(opened, &body.unit),
        ),
        changed(
            ("应用", "application"),
            was.map(|was| was.application.as_str()),
            &body.application,
        ),
        list(("域名", "hosts"), hosts, &body.hosts),
        list(
            ("服务单位", "units served"),
            &units_named(opened, units),
            &units_named(opened, &body.units),
        ),
        fact(("加入令牌的 SHA-256", "SHA-256 of its token"), HEXLOWER.encode(&body.token_sha256.0)),
        fact(("可更新次数", "renewals"), body.renewals.to_string()),
    ];
    let Some(was) = was else { return facts };
    facts.push(list(("现有公钥", "keys now"), &hex(&was.keys), &[]));
    facts.push(told(("目前开通", "open now"), yes_no(was.open)));
    facts
}
