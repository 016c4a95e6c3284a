//! A system's standing authorization, field by field beside what is in force.

use super::change::{changed, list};
use super::named::{hosts_named, person_named, shared, unit_named};
use ::plain::bilingual::{Fact, fact, said, yes_no};
use ::plain::value::{FactValue, words};
use data_encoding::HEXLOWER;
use records::Commitment;
use records::export::ShownOrder;
use records::order::{CONTACT_PATH, OPERATOR_PATH, SystemBefore, SystemBody};

/// What a system that closes has.
const ENDING: (&str, &str) = ("随之吊销的证书（张）", "how many certificates are revoked with it");

pub(super) fn about_system(
    opened: &ShownOrder,
    body: &SystemBody,
    was: Option<&SystemBefore>,
) -> Vec<Fact> {
    let what = match (body.action.as_str(), was) {
        ("close", _) => {
            said("关闭，吊销其全部证书", "close, every certificate of it is revoked").into()
        }
        ("register", None) => said("登记", "register").into(),
        ("register", Some(_)) => said(
            "重新登记，原有账户失效，已签发的证书继续有效",
            "register anew, its accounts are over, its certificates stand",
        )
        .into(),
        (other, _) => FactValue::text(other),
    };
    let mut facts = vec![
        fact(("变更", "change"), what),
        fact(("系统编号", "system"), body.system.clone()),
        changed(("系统名称", "name of the system"), was.map(|was| was.name.as_str()), &body.name),
    ];
    facts.extend(responsible(opened, body, was));
    facts.extend(extent(body, was));
    facts.extend(shared(opened));
    facts.extend(limits(body, was));
    let token = HEXLOWER.encode(&body.token_sha256.0);
    facts.push(fact(("令牌的 SHA-256", "SHA-256 of its token"), token));
    facts.extend(was.map(|was| fact(("目前开通", "open now"), yes_no(was.open))));
    let ending = was.filter(|_| body.action == "close").map(|was| was.certificates.to_string());
    facts.extend(ending.map(|count| fact(ENDING, count)));
    facts
}

/// Who owns it, who is in charge of it, who runs it.
fn responsible(opened: &ShownOrder, body: &SystemBody, was: Option<&SystemBefore>) -> Vec<Fact> {
    let text = |held: &Option<Commitment>, path: &str| match held {
        Some(held) => FactValue::text(opened.text(held, path)),
        None => words("—"),
    };
    let operator = was.map(|was| text(&was.operator, OPERATOR_PATH));
    let contact = was.map(|was| text(&was.contact, CONTACT_PATH));
    let unit = was.map(|was| unit_named(opened, &was.unit));
    let leader = was.map(|was| person_named(opened, &was.leader));
    vec![
        changed(("所属单位", "unit that owns it"), unit, unit_named(opened, &body.unit)),
        changed(("谁主管", "who is in charge"), leader, person_named(opened, &body.leader)),
        changed(("谁运行", "who runs it"), operator, text(&body.operator, OPERATOR_PATH)),
        changed(
            ("技术联系人邮箱", "technical contact"),
            contact,
            text(&body.contact, CONTACT_PATH),
        ),
    ]
}

/// What may be certified.
fn extent(body: &SystemBody, was: Option<&SystemBefore>) -> Vec<Fact> {
    let texts = |texts: &[String]| texts.iter().map(FactValue::from).collect::<Vec<_>>();
    let names = was.map_or(&body.names, |was| &was.names);
    let addresses = was.map_or(&body.addresses, |was| &was.addresses);
    vec![
        list(("域名", "names"), &hosts_named(names), &hosts_named(&body.names)),
        changed(
            ("允许通配符证书", "wildcard certificates"),
            was.map(|was| yes_no(was.wildcards)),
            yes_no(body.wildcards),
        ),
        list(("地址", "addresses"), &texts(addresses), &texts(&body.addresses)),
        changed(
            ("逐个名称验证", "a challenge is answered for each name"),
            was.map(|was| yes_no(was.challenges)),
            yes_no(body.challenges),
        ),
        changed(("证书模板", "profile"), was.map(|was| was.profile.as_str()), &body.profile),
    ]
}

/// How much, and until when.
fn limits(body: &SystemBody, was: Option<&SystemBefore>) -> Vec<Fact> {
    let count = |term: (&'static str, &'static str), was: Option<u32>, is: u32| {
        changed(term, was.map(|was| was.to_string()), is.to_string())
    };
    let until = |text: &str| match text {
        "" => words("—"),
        text => FactValue::time(text),
    };
    vec![
        count(("每周证书数", "certificates a week"), was.map(|was| was.per_week), body.per_week),
        count(("同时有效证书数", "certificates that count"), was.map(|was| was.live), body.live),
        count(("账户数", "open accounts"), was.map(|was| was.accounts), body.accounts),
        changed(
            ("授权截止", "authorized until"),
            was.map(|was| until(&was.until)),
            until(&body.until),
        ),
    ]
}
