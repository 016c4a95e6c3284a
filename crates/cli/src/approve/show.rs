//! An order in plain words and two languages: who, what, for whom, under which profile, and what
//! differs from the last certificate.

use audit::Disclosure;
use audit::export::OrderExport;
use audit::order::{
    AgentBody, Body, IssueBody, Order, PersonAction, PersonBody, RevokeBody, RoleAction, RoleBody,
    UnitAction,
};
use pki::{Certificate, PublicKey, oid};

/// The lines that an officer reads before they consent.
pub(super) fn lines(
    order: &Order,
    body: &Body,
    export: &OrderExport,
    officer: &Certificate,
) -> Vec<String> {
    let disclosed = &export.signed.disclosures;
    let name = officer.subject().common_name().unwrap_or_default();
    let mut lines = vec![
        format!("── 指令 / order {} ─ {}", order.order, kind(body)),
        format!("   审批人 / you: {name}"),
    ];
    match body {
        Body::Issue(issue) => lines.extend(issued(issue, disclosed, export)),
        Body::Person(person) => lines.extend(about_person(person, disclosed)),
        Body::Role(role) => lines.push(about_role(role)),
        Body::Revoke(revoke) => lines.extend(revoked(revoke, disclosed)),
        Body::Unit(unit) => {
            let what = match unit.action {
                UnitAction::Create => "新建 / create",
                UnitAction::Move => "划转 / move",
                UnitAction::Close => "撤销 / close",
            };
            let county = if unit.county { "（县 county）" } else { "" };
            lines.push(format!("   {what}: {} {}{county} < {}", unit.name, unit.unit, unit.parent));
        }
        Body::Profile(profile) => lines.push(format!(
            "   证书模板生效 / profile in force: {} v{}, SHA-256 {}",
            profile.profile.id,
            profile.profile.version,
            hex(&profile.profile.digest.0)
        )),
        Body::ApprovalRules(rules) => lines.push(format!(
            "   审批规则生效 / approval rules in force: v{}, SHA-256 {}",
            rules.version,
            hex(&rules.digest.0)
        )),
        Body::Portal(portal) => lines.push(format!(
            "   门户 / portal {}: {} ({}, {})",
            portal.action, portal.portal, portal.public_host, portal.staff_host
        )),
        Body::Agent(agent) => lines.extend(about_agent(agent)),
        Body::Bundle(bundle) => lines.push(format!(
            "   访问规则生效 / access rules in force: v{}, SHA-256 {}",
            bundle.version,
            hex(&bundle.digest.0)
        )),
    }
    lines.push(format!("   有效至 / expires: {}", order.expires));
    lines.push(format!("   摘要 / digest: {}", hex(&export.signed.digest())));
    lines
}

fn kind(body: &Body) -> &'static str {
    match body {
        Body::Issue(_) => "签发证书 / issue a certificate",
        Body::Unit(_) => "单位 / unit",
        Body::Person(_) => "人员 / person",
        Body::Role(_) => "角色 / role",
        Body::Profile(_) => "证书模板 / certificate profile",
        Body::ApprovalRules(_) => "审批规则 / approval rules",
        Body::Portal(_) => "门户 / portal",
        Body::Agent(_) => "网关代理 / agent",
        Body::Bundle(_) => "访问规则包 / rule bundle",
        Body::Revoke(_) => "吊销证书 / revoke certificates",
    }
}

fn issued(issue: &IssueBody, disclosed: &[Disclosure], export: &OrderExport) -> Vec<String> {
    let name = text(disclosed, "/subject/cn");
    let label = match issue.label.as_str() {
        "cli" => "命令行 / command line",
        _ => "网页 / page",
    };
    let mut lines = vec![
        format!("   为谁 / for whom: {name} ({})", issue.person),
        format!("   单位 / unit: {} › {}", issue.subject.o, issue.subject.ou.join(" › ")),
        format!(
            "   证书模板 / profile: {} v{}, {} 天 days",
            issue.profile.id, issue.profile.version, issue.validity_days
        ),
        format!("   公钥 / public key: {}", key(&issue.key.0)),
        format!("   申请方式 / applied by: {label}"),
    ];
    for (position, committed) in issue.names.iter().enumerate() {
        let value = text(disclosed, &format!("/names/{position}/value"));
        lines.push(format!("   {} : {value}", committed.kind));
    }
    lines.push(format!("   核验依据 / evidence: {}", text(disclosed, "/evidence")));
    lines.extend(compared(issue, &name, export));
    lines
}

/// What differs from the last certificate.
fn compared(issue: &IssueBody, name: &str, export: &OrderExport) -> Vec<String> {
    let previous = export.previous.as_ref().and_then(|der| Certificate::read(&der.0).ok());
    let Some(previous) = previous else {
        return vec!["   与上一张证书相比 / compared with the last one: 首张 first".into()];
    };
    let mut lines = vec![format!(
        "   上一张证书 / the last one: {}, 至 / until {}",
        previous.serial(),
        audit::time::seconds(previous.not_after())
    )];
    let mut differs = |zh: &str, en: &str, was: String, is: String| {
        if was != is {
            lines.push(format!("   ≠ {zh} / {en}: {was} → {is}"));
        }
    };
    let subject = previous.subject();
    differs("姓名", "name", subject.common_name().unwrap_or_default(), name.to_owned());
    let units = subject.values(oid::ORGANIZATIONAL_UNIT).join(" › ");
    differs("单位", "unit", units, issue.subject.ou.join(" › "));
    differs("公钥", "public key", key(previous.key().spki()), key(&issue.key.0));
    lines
}

fn about_person(body: &PersonBody, disclosed: &[Disclosure]) -> Vec<String> {
    let what = match body.action {
        PersonAction::Create => "新增 / create",
        PersonAction::Move => "调动 / move",
        PersonAction::Leave => "离任，吊销全部证书 / leaves, every certificate is revoked",
    };
    let mut lines = vec![
        format!("   {what}: {} ({})", text(disclosed, "/name"), body.person),
        format!("   单位 / unit: {}", body.unit),
    ];
    if body.mail.is_some() {
        lines.push(format!("   邮箱 / mail: {}", text(disclosed, "/mail")));
    }
    lines.push(format!("   核验依据 / evidence: {}", text(disclosed, "/evidence")));
    lines
}

fn about_role(body: &RoleBody) -> String {
    let what = match body.action {
        RoleAction::Grant => "授予 / grant",
        RoleAction::Withdraw => "撤回 / withdraw",
    };
    format!("   {what}: {} → {} @ {}", body.role.name(), body.person, body.scope)
}

fn about_agent(body: &AgentBody) -> Vec<String> {
    let what = match body.action.as_str() {
        "close" => "关闭 / close",
        _ => "登记 / register",
    };
    vec![
        format!("   {what}: {} ({})", body.agent, body.unit),
        format!("   应用 / application: {}", body.application),
        format!("   域名 / hosts: {}", body.hosts.join(", ")),
        format!("   服务单位 / units served: {}", body.units.join(", ")),
        format!("   可更新次数 / renewals: {}", body.renewals),
    ]
}

fn revoked(body: &RevokeBody, disclosed: &[Disclosure]) -> Vec<String> {
    let mut lines = vec![
        format!("   人员 / person: {}", body.person),
        format!("   原因 / reason: {}", body.reason),
        format!("   依据 / evidence: {}", text(disclosed, "/evidence")),
    ];
    lines.extend(body.serials.iter().map(|serial| format!("   序列号 / serial: {serial}")));
    lines
}

fn text(disclosed: &[Disclosure], path: &str) -> String {
    let found = disclosed.iter().find(|disclosure| disclosure.path == path);
    found.and_then(|disclosure| disclosure.value.as_str()).unwrap_or("—").to_owned()
}

fn key(spki: &[u8]) -> String {
    match PublicKey::read(spki) {
        Ok(key) => format!("{} {}", key.algorithm().name, hex(&key.sha256())),
        Err(error) => error.to_string(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
