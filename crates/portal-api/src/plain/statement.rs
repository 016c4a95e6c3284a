//! What somebody signs who is no approver: a wish to revoke, a suspension, a draft, a withdrawal, a
//! decline, a renewal. The facts are made from just what is signed, and from what opens its
//! commitments; a test changes each field of each and looks whether that is seen.

use super::officer_drafts::{wanted_delegation, wanted_release, wanted_revocation};
use ::plain::bilingual::{BilingualText, Fact, fact, fingerprint, kind_of, reason, said, sha256};
use ::plain::value::{FactValue, joined, words};
use data_encoding::HEXLOWER;
use pki::Certificate;
use records::commitment::{Commitment, EVIDENCE_PATH, open};
use records::decline::{DeclineStatement, Outcome};
use records::draft::DraftStatement;
use records::drafted::{DraftContent, LetterBody};
use records::enrolment::LookUpAnswer;
use records::order::{MAIL_PATH, NAME_PATH, PersonAction, PersonBody};
use records::suspension::SuspensionStatement;
use records::wish::WishStatement;
use records::withdrawal::{WithdrawalStatement, WithdrawalTarget};
use records::{Bytes, Code, Disclosure};
use serde_json::Value;

/// Where the reason of a decline is committed to.
const REASON_PATH: &str = "/reason";

/// A wish to revoke, before it is signed.
pub fn about_wishing(said: &WishStatement, evidence: &Disclosure) -> Vec<Fact> {
    let mut facts = vec![
        fact(("吊销证书", "to be revoked"), said.serial.clone()),
        about_reason(&said.reason),
        opened(("依据", "evidence"), &said.evidence, EVIDENCE_PATH, evidence),
    ];
    facts.extend(signing(&said.founding, Some(&said.certificate), Some(&said.time)));
    facts
}

/// A suspension, before it is signed: it counts at once, for the reason that a revocation has.
pub fn about_suspending(said: &SuspensionStatement, evidence: &Disclosure) -> Vec<Fact> {
    let mut facts = vec![
        fact(("冻结证书", "to be suspended"), said.serial.clone()),
        fact(
            ("原因（15 天未解除即以此吊销）", "reason, also of its revocation after 15 days"),
            named_reason(&said.reason),
        ),
        opened(("依据", "evidence"), &said.evidence, EVIDENCE_PATH, evidence),
    ];
    facts.extend(signing(&said.founding, Some(&said.certificate), Some(&said.time)));
    facts
}

/// The reason in words and as it is signed: words that nobody knows show themselves.
pub(super) fn named_reason(name: &str) -> FactValue {
    FactValue::Row(vec![reason(name).into(), words(" ("), name.into(), words(")")])
}

/// A draft, before it is signed. `unsaid` names fields of the body that whoever signs did not type:
/// their values are the portal's word, and are marked so.
pub fn about_drafting(
    drafted: &DraftStatement,
    disclosures: &[Disclosure],
    unsaid: &[&str],
) -> Vec<Fact> {
    let body = || drafted.body.clone();
    let mut facts = about_drafted(DraftContent::of(drafted), body, disclosures, unsaid);
    facts.insert(0, fact(("起草", "draft"), kind_of(&drafted.kind, "")));
    facts.extend(signing(&drafted.founding, Some(&drafted.certificate), Some(&drafted.time)));
    facts
}

/// What is drafted, field by field; what cannot be read stands there as it is.
pub(super) fn about_drafted(
    read: Result<DraftContent, Code>,
    body: impl Fn() -> Value,
    disclosures: &[Disclosure],
    unsaid: &[&str],
) -> Vec<Fact> {
    let mut facts = match read {
        Ok(DraftContent::Person(body)) => about_person(&body, disclosures),
        Ok(DraftContent::Letter(body)) => about_wanted_letter(&body),
        Ok(DraftContent::Release(body)) => wanted_release(&body, disclosures),
        Ok(DraftContent::Delegate(body)) => wanted_delegation(&body),
        Ok(DraftContent::Revoke(body)) => wanted_revocation(&body, disclosures),
        Err(_) => vec![fact(("内容", "content"), body().to_string())],
    };
    for fact in facts.iter_mut().filter(|fact| unsaid.contains(&fact.term.en.as_str())) {
        let whose = said("（您没有填写，为门户所述）", " (you did not say it; the portal's word)");
        fact.value = FactValue::Row(vec![fact.value.clone(), whose.into()]);
    }
    facts
}

/// The fields of a person's record that a draft may leave to what is held, as
/// [`about_drafting`] names them.
pub mod field {
    /// The fact is the person's name.
    pub const NAME: &str = "name";
    /// The fact is the person's mail address.
    pub const MAIL: &str = "mail";
    /// The digest of the national number.
    pub const NUMBER: &str = "digest of the identity number";
    /// The fact is the unit of this id.
    pub const UNIT: &str = "unit";
    /// The version of the record.
    pub const VERSION: &str = "version of the record";
    /// The fact is the holder of the certificate that is released.
    pub const HOLDER: &str = "holder, by person id";
    /// The suspension that is released, by its name.
    pub const SUSPENSION: &str = "suspension";
    /// The fact says who suspended.
    pub const BY: &str = "suspended by, person id";
    /// The fact says for which reason they suspended.
    pub const HELD_FOR: &str = "suspended because of";
    /// The fact says since when it is suspended.
    pub const SINCE: &str = "suspended since";

    /// A certificate that is revoked.
    pub const REVOKED: &str = "to be revoked, by serial number";

    /// What of a release follows from the certificate's number alone.
    pub const OF_RELEASE: [&str; 5] = [HOLDER, SUSPENSION, BY, HELD_FOR, SINCE];
}

fn about_person(body: &PersonBody, disclosures: &[Disclosure]) -> Vec<Fact> {
    let what = match body.action {
        PersonAction::Create => said("新增", "create"),
        PersonAction::Move => said("更正信息或调动", "correct the record, or transfer"),
        PersonAction::Leave => said(
            "离任：全部角色终止，全部证书吊销",
            "leaves: every role ends, every certificate is revoked",
        ),
    };
    let text = |committed: &Commitment, path: &str| disclosed(committed, path, disclosures);
    let mail = match &body.mail {
        Some(mail) => text(mail, MAIL_PATH),
        None => said("无", "none").into(),
    };
    vec![
        fact(("变更", "change"), what),
        fact(("人员编号", "person"), body.person.clone()),
        fact(("姓名", field::NAME), text(&body.name, NAME_PATH)),
        fact(("单位", field::UNIT), body.unit.clone()),
        fact(("邮箱", field::MAIL), mail),
        fact(("证件号摘要", field::NUMBER), number_of(body.number.as_ref())),
        fact(("核验依据", "evidence"), text(&body.evidence, EVIDENCE_PATH)),
        fact(("记录版本", field::VERSION), body.version.to_string()),
    ]
}

/// What a commitment commits to, as a disclosure opens it.
pub(super) fn disclosed(
    committed: &Commitment,
    path: &str,
    disclosures: &[Disclosure],
) -> FactValue {
    match open(committed, path, disclosures) {
        Ok(value) => {
            FactValue::Text(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        }
        Err(_) => unopened().into(),
    }
}

/// The keyed digest of a national number, as it is compared; the number itself is nowhere.
pub(super) fn number_of(digest: Option<&Bytes>) -> FactValue {
    match digest {
        Some(digest) => fingerprint(&digest.0).into(),
        None => said("未登记", "not registered").into(),
    }
}

fn about_wanted_letter(body: &LetterBody) -> Vec<Fact> {
    vec![
        fact(("证书持有人（人员编号）", "for whom, by person id"), body.person.clone()),
        fact(("证书模板", "profile"), body.profile.clone()),
    ]
}

/// A withdrawal, before it is signed.
pub fn about_withdrawing(said: &WithdrawalStatement) -> Vec<Fact> {
    let what = match &said.what {
        WithdrawalTarget::Order { order } => {
            fact(("撤回办件，摘要", "order taken back, digest"), fingerprint(&order.0))
        }
        WithdrawalTarget::Letter { reference } => {
            fact(("撤回密码信封", "letter taken back"), reference.clone())
        }
    };
    std::iter::once(what).chain(signing(&said.founding, None, None)).collect()
}

/// A decline, before it is signed, behind the facts of its order.
pub fn about_declining(declined: &DeclineStatement, reason: &Disclosure) -> Vec<Fact> {
    let what = match declined.outcome {
        Outcome::Returned => said("退回，可重新申请", "sent back; they may apply again"),
        Outcome::Rejected => said("驳回，到此结束", "rejected; it ends here"),
    };
    vec![
        fact(("决定", "decision"), what),
        opened(("理由", "reason"), &declined.reason, REASON_PATH, reason),
        fact(("办件摘要", "digest of the order"), fingerprint(&declined.order.0)),
    ]
}

/// What whoever holds a letter does with its keys: everything under it is meant.
pub fn about_letter_act(reference: &str, founding: &Bytes) -> Vec<Fact> {
    let whole = said("凭此密码信封签发的全部证书", "every certificate that came from this letter");
    let mut facts = about_letter(reference, founding);
    facts.push(fact(("涉及", "concerns"), whole));
    facts
}

/// Which letter of which city.
pub fn about_letter(reference: &str, founding: &Bytes) -> Vec<Fact> {
    vec![fact(("密码信封", "letter"), reference), fact(("城市", "city"), fingerprint(&founding.0))]
}

/// For whom a letter is, as a portal passes it on.
pub fn about_own_record(record: &LookUpAnswer) -> Vec<Fact> {
    let days = record.validity_days;
    let days = said(&format!("{days} 天"), &format!("{days} days"));
    vec![
        fact(("姓名", "name"), record.name.clone()),
        fact(("编号", "person"), record.person.clone()),
        fact(("单位", "unit"), joined(record.units.iter().map(FactValue::from), " › ")),
        fact(("证书模板", "profile"), record.profile.clone()),
        fact(("有效期", "validity"), days),
    ]
}

/// The reason that is signed, or that counts without being said.
pub fn about_reason(name: &str) -> Fact {
    fact(("原因", "reason"), named_reason(name))
}

/// What the old key signs of a renewal: SHA-256 of the old certificate, the CA's challenge, and the
/// request of the new key.
pub fn about_renewing(old: &Certificate, challenge: &Bytes, request: &[u8]) -> Vec<Fact> {
    let until = records::time::seconds(old.not_after());
    vec![
        fact(
            ("续期的证书", "renews the certificate"),
            FactValue::Row(vec![words(&format!("{}, ≤ ", old.serial())), FactValue::time(until)]),
        ),
        fact(("其指纹", "its fingerprint"), fingerprint(&old.sha256())),
        fact(("新密钥的请求，摘要", "request of the new key, digest"), sha256(request)),
        fact(("签发机构的挑战值", "the CA's challenge"), HEXLOWER.encode(&challenge.0)),
    ]
}

/// What every statement has.
pub(super) fn signing(
    founding: &Bytes,
    certificate: Option<&Bytes>,
    time: Option<&String>,
) -> Vec<Fact> {
    let certificate = certificate.map(|sha256| {
        fact(("用此证书签署，指纹", "signed with the certificate"), fingerprint(&sha256.0))
    });
    let time = time.map(|time| fact(("签署时间", "signed at"), FactValue::time(time)));
    let city = fact(("城市", "city"), fingerprint(&founding.0));
    certificate.into_iter().chain(time).chain([city]).collect()
}

fn opened(term: (&str, &str), committed: &Commitment, path: &str, by: &Disclosure) -> Fact {
    match open(committed, path, std::slice::from_ref(by)).ok() {
        Some(value) => fact(term, value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
        None => fact(term, unopened()),
    }
}

fn unopened() -> BilingualText {
    said("与承诺不符！", "NOT what is committed to")
}

#[cfg(test)]
mod tests;
