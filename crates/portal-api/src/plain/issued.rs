//! The facts of an order to issue: the certificate as it will be, the letter or the old certificate
//! that it rests on, and what differs from the last one.

use super::change::changed;
use super::named::{evidence, person_named, units_named};
use super::service::of_profile;
use ::plain::bilingual::{BilingualText, Fact, fact, key, said, sha256};
use ::plain::value::{FactValue, joined, words};
use data_encoding::HEXLOWER;
use pki::oid;
use records::export::ShownOrder;
use records::order::{CommittedName, IssueBody, ReviewReason, SubjectBody};

/// An order to issue: the certificate field by field, and where it comes from.
pub(super) fn issued(opened: &ShownOrder, issue: &IssueBody) -> Vec<Fact> {
    let label = match issue.label.as_str() {
        "cli" => said("命令行", "command line").into(),
        "page" => said("网页", "page").into(),
        other => FactValue::text(other),
    };
    let subject = &issue.subject;
    let name = opened.text(&subject.cn, "/subject/cn");
    let mut facts = vec![
        fact(("证书持有人", "for whom"), person_named(opened, &issue.person)),
        fact(("人员记录版本", "version of their record"), issue.person_version.to_string()),
        fact(("单位", "unit"), joined(units_named(opened, &subject.ou), " › ")),
        fact(("证书主体", "subject"), distinguished(subject, name)),
        fact(("证书模板", "profile"), of_profile(opened, &issue.profile)),
        fact(
            ("有效期", "validity"),
            BilingualText {
                zh: format!("{} 天", issue.validity_days),
                en: format!("{} days", issue.validity_days),
            },
        ),
        fact(("公钥", "public key"), key(&issue.key.0)),
        fact(("申请方式", "applied by"), label),
    ];
    facts.extend(origin(opened, issue));
    for (place, committed) in issue.names.iter().enumerate() {
        let value = opened.text(&committed.value, &format!("/names/{place}/value"));
        let term = if committed.kind == "mail" { "邮箱" } else { &committed.kind };
        facts.push(fact((term, &committed.kind), value));
    }
    facts.push(evidence(opened, &issue.evidence));
    facts.extend(compared(opened, issue, name));
    facts
}

/// The letter, or the certificate that is renewed and why somebody has to look.
fn origin(opened: &ShownOrder, issue: &IssueBody) -> Vec<Fact> {
    let letter = issue.reference.iter();
    let mut facts: Vec<Fact> =
        letter.map(|letter| fact(("密码信封编号", "letter"), letter.clone())).collect();
    let Some(renewal) = &issue.renewal else { return facts };
    let mut old = vec![(&renewal.serial).into()];
    if let Some(renewed) = opened.renewed() {
        let until = records::time::seconds(renewed.not_after());
        old.extend([words(", ≤ "), FactValue::time(until)]);
    }
    let digest = HEXLOWER.encode(&renewal.certificate.0);
    old.push(words(&format!(", SHA-256 {digest}")));
    let old = FactValue::Row(old);
    facts.push(fact(("续期的证书", "renews the certificate"), old));
    facts.push(fact(
        ("续期申请", "asked for by"),
        said("旧证书密钥签名", "a signature of the old certificate's key"),
    ));
    facts.extend([
        fact(("旧证书密钥", "the old certificate's key"), key(&renewal.asked_by.0)),
        fact(("签名摘要", "digest of that signature"), sha256(&renewal.signature.0)),
        fact(("证书请求摘要", "digest of the request"), sha256(&renewal.request.0)),
        fact(("挑战值", "challenge"), HEXLOWER.encode(&renewal.challenge.0)),
        fact(("提出时间", "asked at"), FactValue::time(&renewal.time)),
    ]);
    let why = |reason: &ReviewReason| match reason {
        ReviewReason::Asked => said("证书模板要求审批", "the profile asks for it"),
        ReviewReason::Expired => said("旧证书已过期", "the old certificate had ended"),
        ReviewReason::Person => said("人员信息有变", "the person's record changed"),
        ReviewReason::Profile => said("证书模板有变", "the profile changed"),
        ReviewReason::Unit => said("单位隶属有变", "the unit stands elsewhere"),
    };
    let term = ("为何须审批", "why it needs approval");
    facts.extend(renewal.review.iter().map(|reason| fact(term, why(reason))));
    if renewal.review.is_empty() {
        facts.push(fact(term, said("无须审批", "it needs none")));
    }
    facts
}

/// What differs from the last certificate.
fn compared(opened: &ShownOrder, issue: &IssueBody, name: &str) -> Vec<Fact> {
    let Some(previous) = opened.previous() else {
        return vec![fact(
            ("与上一张证书相比", "compared with the last one"),
            said("首张", "first"),
        )];
    };
    let until = records::time::seconds(previous.not_after());
    let (serial, digest) = (previous.serial(), HEXLOWER.encode(&previous.sha256()));
    let last = FactValue::Row(vec![
        words(&serial.to_string()),
        said("，有效期至 ", ", until ").into(),
        FactValue::time(until),
        said(&format!("，SHA-256 {digest}"), &format!(", SHA-256 {digest}")).into(),
    ]);
    let last = fact(("上一张证书", "the last one"), last);
    let subject = previous.subject();
    let units = subject.values(oid::ORGANIZATIONAL_UNIT);
    let of_units = |units: &[String]| joined(units.iter().map(FactValue::from), " › ");
    let common = subject.common_name().unwrap_or_default();
    let all = [
        (("姓名", "name"), FactValue::text(common), FactValue::text(name)),
        (("单位", "unit"), of_units(&units), of_units(&issue.subject.ou)),
        (("邮箱", "mail"), mails(previous.mail()), mails(mail(opened, issue))),
        (("公钥", "public key"), words(&key(previous.key().spki())), words(&key(&issue.key.0))),
    ];
    let differing = all.into_iter().filter(|(_, was, is)| was != is);
    let mut facts: Vec<Fact> = vec![last];
    facts.extend(differing.map(|(term, was, is)| changed(term, Some(was), is)));
    facts
}

/// A subject attribute by attribute.
fn distinguished(subject: &SubjectBody, name: &str) -> FactValue {
    let mut row = Vec::new();
    let mut attribute = |kind: &str, value: &str| {
        let between = if row.is_empty() { "" } else { ", " };
        row.extend([words(&format!("{between}{kind}=")), value.into()]);
    };
    attribute("C", &subject.c);
    attribute("O", &subject.o);
    subject.ou.iter().for_each(|unit| attribute("OU", unit));
    attribute("CN", name);
    attribute("SN", &subject.sn);
    FactValue::Row(row)
}

/// The mail addresses that a certificate is asked for with.
fn mail(opened: &ShownOrder, issue: &IssueBody) -> Vec<String> {
    let value = |(place, named): (usize, &CommittedName)| {
        opened.text(&named.value, &format!("/names/{place}/value")).to_owned()
    };
    issue.names.iter().enumerate().map(value).collect()
}

fn mails(mails: Vec<String>) -> FactValue {
    match mails.is_empty() {
        true => words("—"),
        false => joined(mails.into_iter().map(FactValue::from), ", "),
    }
}

/// A value, or the mark of none.
pub(super) fn or_none(text: &str) -> FactValue {
    if text.is_empty() { words("—") } else { text.into() }
}
