//! Portals and gates, and what comes into force: profiles and rules.

use super::change::{changed, list};
use super::named::{host_named, hosts_named, shared, unit_named, units_named};
use ::plain::bilingual::{Fact, fact, key, said, yes_no};
use ::plain::value::{FactValue, words};
use data_encoding::HEXLOWER;
use records::Bytes;
use records::export::ShownOrder;
use records::order::{
    AgentBefore, AgentBody, FilesBefore, PortalBefore, PortalBody, PriorState, ProfileRef,
};

pub(super) fn of_profile(opened: &ShownOrder, profile: &ProfileRef) -> FactValue {
    let digest = HEXLOWER.encode(&profile.digest.0);
    let which = words(&format!(" v{}, SHA-256 {digest}", profile.version));
    let called = opened.order().basis.profile(&profile.id);
    FactValue::Row(vec![called.into(), which])
}

pub(super) fn profile(opened: &ShownOrder, profile: &ProfileRef) -> Vec<Fact> {
    let mut facts = vec![fact(("证书模板", "profile"), profile.id.clone())];
    let term = ("证书模板生效", "profile in force");
    facts.extend(in_force(opened, term, profile.version, &profile.digest));
    facts
}

/// A version that comes into force beside the one that is.
pub(super) fn in_force(
    opened: &ShownOrder,
    term: (&str, &str),
    version: u32,
    digest: &Bytes,
) -> Vec<Fact> {
    let written = |version: u32, digest: &Bytes| {
        words(&format!("v{version}, SHA-256 {}", HEXLOWER.encode(&digest.0)))
    };
    let was = match opened.before() {
        Some(PriorState::Files(FilesBefore { version, digest })) => Some(written(*version, digest)),
        _ => None,
    };
    vec![changed(term, was, written(version, digest))]
}

pub(super) fn about_portal(
    opened: &ShownOrder,
    body: &PortalBody,
    was: Option<&PortalBefore>,
) -> Vec<Fact> {
    let what = match body.action.as_str() {
        // Whoever held it may have chosen their keys.
        "close" => said(
            "关闭，在其工作台生成的通行密钥一并失效",
            "close, passkeys that were made at its staff host end with it",
        )
        .into(),
        "register" => said("登记", "register").into(),
        other => FactValue::text(other),
    };
    let unit = was.map(|was| unit_named(opened, &was.unit));
    let process = |bytes: &Bytes| match bytes.0.is_empty() {
        true => words("—"),
        false => words(&key(&bytes.0)),
    };
    let mut facts = vec![
        fact(("变更", "change"), what),
        fact(("门户", "portal"), body.portal.clone()),
        changed(("单位", "unit"), unit, unit_named(opened, &body.unit)),
        changed(
            ("公众域名", "public host"),
            was.map(|was| host_named(&was.public_host)),
            host_named(&body.public_host),
        ),
        fact(("公众进程公钥", "key of the public process"), process(&body.public_key)),
        changed(
            ("工作台域名", "staff host"),
            was.map(|was| host_named(&was.staff_host)),
            host_named(&body.staff_host),
        ),
        fact(("工作台进程公钥", "key of the staff process"), process(&body.staff_key)),
        changed(
            ("机器协议域名", "host of the machines' protocols"),
            was.map(|was| host_named(&was.machines_host)),
            host_named(&body.machines_host),
        ),
        fact(("机器协议进程公钥", "key of the machines' process"), process(&body.machines_key)),
    ];
    facts.extend(shared(opened));
    let Some(was) = was else { return facts };
    facts.push(list(("公众进程现有公钥", "public keys now"), &hex(&was.public_keys), &[]));
    facts.push(list(("工作台进程现有公钥", "staff keys now"), &hex(&was.staff_keys), &[]));
    facts.push(list(("机器协议进程现有公钥", "machines' keys now"), &hex(&was.machines_keys), &[]));
    facts.push(fact(("目前开通", "open now"), yes_no(was.open)));
    facts
}

fn hex(keys: &[Bytes]) -> Vec<FactValue> {
    keys.iter().map(|key| HEXLOWER.encode(&key.0).into()).collect()
}

pub(super) fn about_agent(
    opened: &ShownOrder,
    body: &AgentBody,
    was: Option<&AgentBefore>,
) -> Vec<Fact> {
    let what = match (body.action.as_str(), was) {
        ("close", _) => said("关闭", "close").into(),
        ("register", None) => said("登记", "register").into(),
        ("register", Some(_)) => {
            said("重新登记，须重新加入", "register anew, it joins again").into()
        }
        (other, _) => FactValue::text(other),
    };
    let unit = was.map(|was| unit_named(opened, &was.unit));
    let called = |application: &str| opened.order().basis.application(application);
    let hosts = was.map_or(&body.hosts, |was| &was.hosts);
    let units = was.map_or(&body.units, |was| &was.units);
    let mut facts = vec![
        fact(("变更", "change"), what),
        fact(("网关", "gate"), body.agent.clone()),
        changed(("运行单位", "unit that runs it"), unit, unit_named(opened, &body.unit)),
        changed(
            ("应用系统", "application"),
            was.map(|was| called(&was.application)),
            called(&body.application),
        ),
        list(("域名", "hosts"), &hosts_named(hosts), &hosts_named(&body.hosts)),
        list(
            ("服务单位", "units served"),
            &units_named(opened, units),
            &units_named(opened, &body.units),
        ),
        fact(("加入令牌的 SHA-256", "SHA-256 of its token"), HEXLOWER.encode(&body.token_sha256.0)),
        changed(
            ("可更新次数", "renewals"),
            was.and_then(|was| was.renewals).map(|renewals| renewals.to_string()),
            body.renewals.to_string(),
        ),
    ];
    facts.extend(shared(opened));
    let Some(was) = was else { return facts };
    facts.push(list(("现有公钥", "keys now"), &hex(&was.keys), &[]));
    facts.push(fact(("目前开通", "open now"), yes_no(was.open)));
    facts
}
