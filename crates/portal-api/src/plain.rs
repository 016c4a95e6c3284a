//! An order in plain words and two languages: who, what, for whom, under which profile, and what
//! differs from the last certificate. The command line and the pages show the same.

use data_encoding::{HEXLOWER, HEXUPPER};
use pki::{Certificate, PublicKey, oid};
use records::Disclosure;
use records::export::{Look, OrderExport};
use records::order::{
    AgentBody, Body, CredentialBody, IssueBody, PersonAction, PersonBody, RevokeBody, RoleAction,
    RoleBody, UnitAction, UnitBody,
};
use records::passkey::PasskeyStatement;
use sha2::{Digest, Sha256};

/// A text in both languages; data are alike in both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// 中文
    pub zh: String,
    /// English
    pub en: String,
}

/// One line of what an officer reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is about.
    pub term: Said,
    /// What is said.
    pub value: Said,
    /// Whether it differs from the last certificate.
    pub differs: bool,
}

/// What of an order needs a look.
pub fn look(look: Look) -> Said {
    match look {
        Look::Differs => said("与上一张证书不同", "differs from the last certificate"),
        Look::SameName => said("本单位已有同名人员", "the unit has somebody of this name"),
    }
}

/// What kind of order it is.
pub fn kind(body: &Body) -> Said {
    kind_of(body.kind(), body.action())
}

/// A kind and what it does, as lists name it.
pub fn kind_of(kind: &str, action: &str) -> Said {
    match (kind, action) {
        ("issue", _) => said("签发证书", "issue a certificate"),
        ("unit", "create") => said("新建单位", "new unit"),
        ("unit", "move") => said("单位划转", "unit moves"),
        ("unit", "close") => said("撤销单位", "unit is closed"),
        ("person", "create") => said("新增人员", "new person"),
        ("person", "move") => said("人员调动", "person moves"),
        ("person", "leave") => said("人员离任", "person leaves"),
        ("role", "grant") => said("授予角色", "grant a role"),
        ("role", "withdraw") => said("撤回角色", "withdraw a role"),
        ("profile", _) => said("证书模板", "certificate profile"),
        ("approval-rules", _) => said("审批规则", "approval rules"),
        ("portal", "close") => said("关闭门户", "portal is closed"),
        ("portal", _) => said("门户", "portal"),
        ("agent", "close") => said("关闭网关", "gate is closed"),
        ("agent", _) => said("登记网关", "new gate"),
        ("bundle", _) => said("访问规则", "access rules"),
        ("revoke", _) => said("吊销证书", "revoke certificates"),
        ("credential", _) => said("认证通行密钥", "certify a passkey"),
        (other, _) => same(other),
    }
}

/// A role as people call it.
pub fn role(name: &str) -> Said {
    match name {
        "official" => said("公职人员", "official"),
        "unit-handler" => said("经办人", "unit handler"),
        "registration-officer" => said("登记员", "registration officer"),
        "system-administrator" => said("系统管理员", "system administrator"),
        "security-administrator" => said("安全保密管理员", "security administrator"),
        "auditor" => said("安全审计员", "auditor"),
        "application-owner" => said("应用负责人", "application owner"),
        other => same(other),
    }
}

/// Why a certificate is revoked, as people say it.
pub fn reason(name: &str) -> Said {
    match name {
        "cessationOfOperation" => said("离职、退休", "left office or retired"),
        "affiliationChanged" => said("调动", "moved to another unit"),
        "keyCompromise" => said("丢失、被盗、泄露", "lost, stolen or known to others"),
        "superseded" => said("已换新证书", "replaced by a new one"),
        "privilegeWithdrawn" => said("授权撤回", "authorization withdrawn"),
        other => same(other),
    }
}

/// Everything that is shown before somebody consents.
pub fn facts(body: &Body, export: &OrderExport) -> Vec<Fact> {
    let disclosed = &export.signed.disclosures;
    match body {
        Body::Issue(issue) => issued(issue, disclosed, export),
        Body::Person(person) => about_person(person, export),
        Body::Role(role) => about_role(role, export),
        Body::Revoke(revoke) => revoked(revoke, export),
        Body::Credential(credential) => about_passkey(credential),
        Body::Unit(unit) => vec![about_unit(unit, export)],
        Body::Profile(profile) => vec![in_force(
            ("证书模板生效", "profile in force"),
            &format!("{} v{}", profile.profile.id, profile.profile.version),
            &profile.profile.digest.0,
        )],
        Body::ApprovalRules(rules) => vec![in_force(
            ("审批规则生效", "approval rules in force"),
            &format!("v{}", rules.version),
            &rules.digest.0,
        )],
        Body::Portal(portal) => vec![fact(
            ("门户", "portal"),
            format!(
                "{}: {} ({}, {})",
                portal.action, portal.portal, portal.public_host, portal.staff_host
            ),
        )],
        Body::Agent(agent) => about_agent(agent, export),
        Body::Bundle(bundle) => vec![in_force(
            ("访问规则生效", "access rules in force"),
            &format!("v{}", bundle.version),
            &bundle.digest.0,
        )],
    }
}

fn issued(issue: &IssueBody, disclosed: &[Disclosure], export: &OrderExport) -> Vec<Fact> {
    let name = text(disclosed, "/subject/cn");
    let label = match issue.label.as_str() {
        "cli" => said("命令行", "command line"),
        _ => said("网页", "page"),
    };
    let mut facts = vec![
        fact(("为谁", "for whom"), format!("{name} ({})", issue.person)),
        fact(("单位", "unit"), format!("{} › {}", issue.subject.o, issue.subject.ou.join(" › "))),
        fact(
            ("证书模板", "profile"),
            format!(
                "{} v{}, {} 天 days",
                issue.profile.id, issue.profile.version, issue.validity_days
            ),
        ),
        fact(("公钥", "public key"), key(&issue.key.0)),
        Fact { term: said("申请方式", "applied by"), value: label, differs: false },
    ];
    for (position, committed) in issue.names.iter().enumerate() {
        let value = text(disclosed, &format!("/names/{position}/value"));
        facts.push(Fact { term: same(&committed.kind), value: same(&value), differs: false });
    }
    facts.push(evidence(disclosed));
    facts.extend(compared(issue, &name, export));
    facts
}

/// What differs from the last certificate.
fn compared(issue: &IssueBody, name: &str, export: &OrderExport) -> Vec<Fact> {
    let previous = export.previous.as_ref().and_then(|der| Certificate::read(&der.0).ok());
    let Some(previous) = previous else {
        let term = said("与上一张证书相比", "compared with the last one");
        return vec![Fact { term, value: said("首张", "first"), differs: false }];
    };
    let until = records::time::seconds(previous.not_after());
    let mut facts = vec![fact(
        ("上一张证书", "the last one"),
        format!("{}, 至 / until {until}", previous.serial()),
    )];
    let mut differs = |zh: &str, en: &str, was: String, is: String| {
        if was != is {
            let value = same(&format!("{was} → {is}"));
            facts.push(Fact { term: said(zh, en), value, differs: true });
        }
    };
    let subject = previous.subject();
    differs("姓名", "name", subject.common_name().unwrap_or_default(), name.to_owned());
    let units = subject.values(oid::ORGANIZATIONAL_UNIT).join(" › ");
    differs("单位", "unit", units, issue.subject.ou.join(" › "));
    differs("公钥", "public key", key(previous.key().spki()), key(&issue.key.0));
    facts
}

fn about_person(body: &PersonBody, export: &OrderExport) -> Vec<Fact> {
    let disclosed = &export.signed.disclosures;
    let what = match body.action {
        PersonAction::Create => ("新增", "create"),
        PersonAction::Move => ("调动", "move"),
        PersonAction::Leave => ("离任，吊销全部证书", "leaves, every certificate is revoked"),
    };
    let mut facts = vec![
        fact(what, format!("{} ({})", text(disclosed, "/name"), body.person)),
        fact(("单位", "unit"), named(export, &body.unit)),
    ];
    if body.mail.is_some() {
        facts.push(fact(("邮箱", "mail"), text(disclosed, "/mail")));
    }
    facts.push(evidence(disclosed));
    facts
}

fn about_role(body: &RoleBody, export: &OrderExport) -> Vec<Fact> {
    let what = match body.action {
        RoleAction::Grant => said("授予", "grant"),
        RoleAction::Withdraw => said("撤回", "withdraw"),
    };
    vec![
        fact(("人员", "person"), named(export, &body.person)),
        Fact { term: what, value: role(body.role.name()), differs: false },
        fact(("范围", "scope"), named(export, &body.scope)),
    ]
}

/// A name with its id; the id alone where no name is known.
fn named(export: &OrderExport, id: &str) -> String {
    export.names.get(id).map_or_else(|| id.to_owned(), |name| format!("{name} ({id})"))
}

fn about_unit(unit: &UnitBody, export: &OrderExport) -> Fact {
    let what = match unit.action {
        UnitAction::Create => ("新建", "create"),
        UnitAction::Move => ("划转", "move"),
        UnitAction::Close => ("撤销", "close"),
    };
    let county = if unit.county { "（县 county）" } else { "" };
    let parent = named(export, &unit.parent);
    fact(what, format!("{} ({}){county} < {parent}", unit.name, unit.unit))
}

fn about_agent(body: &AgentBody, export: &OrderExport) -> Vec<Fact> {
    let units: Vec<String> = body.units.iter().map(|unit| named(export, unit)).collect();
    let what = match body.action.as_str() {
        "close" => ("关闭", "close"),
        _ => ("登记", "register"),
    };
    vec![
        fact(what, format!("{}, {}", body.agent, named(export, &body.unit))),
        fact(("应用", "application"), body.application.clone()),
        fact(("域名", "hosts"), body.hosts.join(", ")),
        fact(("服务单位", "units served"), units.join(", ")),
        fact(("可更新次数", "renewals"), body.renewals.to_string()),
    ]
}

fn revoked(body: &RevokeBody, export: &OrderExport) -> Vec<Fact> {
    let why = Fact { term: said("原因", "reason"), value: reason(&body.reason), differs: false };
    let mut facts = vec![
        fact(("人员", "person"), named(export, &body.person)),
        why,
        evidence(&export.signed.disclosures),
    ];
    facts.extend(body.serials.iter().map(|serial| fact(("序列号", "serial"), serial.clone())));
    facts
}

/// A passkey that is to be certified.
pub fn about_passkey(body: &CredentialBody) -> Vec<Fact> {
    let certificate = Certificate::read(&body.certificate.0).ok();
    let name = certificate.as_ref().and_then(|c| c.subject().common_name()).unwrap_or_default();
    let mut facts = vec![fact(("为谁", "for whom"), format!("{name} ({})", body.person))];
    let statement: Option<PasskeyStatement> = records::json::read(&body.statement.0).ok();
    let Some(statement) = statement else { return facts };
    let kept = match statement.software {
        true => said("软件（仅限示例城市）", "software (sample cities only)"),
        false => said("硬件", "hardware"),
    };
    let copied = match (statement.backup_eligible, statement.backed_up) {
        (true, true) => said("可复制，已复制到其他设备", "may be copied, and was"),
        (true, false) => said("可复制到其他设备", "may be copied to other devices"),
        _ => said("不能离开这台设备", "cannot leave its device"),
    };
    let of = |zh: &str, en: &str, value| Fact { term: said(zh, en), value, differs: false };
    facts.extend([
        of("用于", "for", same(&statement.origin)),
        of("保管方式", "kept in", kept),
        of("备份", "backup", copied),
        of("通行密钥编号", "credential", same(&statement.credential.to_string())),
        of("公钥", "public key", same(&HEXLOWER.encode(&Sha256::digest(&statement.key.0)))),
        of("绑定证书", "bound to certificate", same(&fingerprint(&statement.certificate.0))),
    ]);
    facts
}

fn in_force(term: (&str, &str), what: &str, digest: &[u8]) -> Fact {
    fact(term, format!("{what}, SHA-256 {}", HEXLOWER.encode(digest)))
}

fn evidence(disclosed: &[Disclosure]) -> Fact {
    fact(("核验依据", "evidence"), text(disclosed, "/evidence"))
}

fn fact((zh, en): (&str, &str), value: String) -> Fact {
    Fact { term: said(zh, en), value: same(&value), differs: false }
}

fn said(zh: &str, en: &str) -> Said {
    Said { zh: zh.into(), en: en.into() }
}

fn same(text: &str) -> Said {
    said(text, text)
}

fn text(disclosed: &[Disclosure], path: &str) -> String {
    let found = records::commitment::at(path, disclosed);
    found.and_then(|disclosure| disclosure.value.as_str()).unwrap_or("—").to_owned()
}

fn key(spki: &[u8]) -> String {
    match PublicKey::read(spki) {
        Ok(key) => format!("{} {}", key.algorithm().name, HEXLOWER.encode(&key.sha256())),
        Err(error) => error.to_string(),
    }
}

/// A digest in groups of four, as people compare it, on every screen alike.
pub fn fingerprint(digest: &[u8]) -> String {
    let groups: Vec<String> = digest.chunks(2).map(|pair| HEXUPPER.encode(pair)).collect();
    groups.join(" ")
}
