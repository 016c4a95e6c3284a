//! Who asked for a revocation, an officer under their own signature or a portal in their name; and
//! which handler signed a draft.

use ::plain::bilingual::{Fact, fact, said, sha256};
use ::plain::value::FactValue;
use records::approval::SignedStatement;
use records::draft::{Draft, DraftPlace};
use records::json;
use records::wish::Wish;

/// What is said of a person who drafted an order, by how that is known.
pub(super) fn asked_by(name: FactValue, wish: Option<&Wish>) -> FactValue {
    let how = match wish.map(|wish| signed_with(wish.assertion.is_some())) {
        Some((zh, en)) => said(&format!("，本人用{zh}签名"), &format!(", signed with their {en}")),
        None => said(
            "——仅为门户所说，没有本人签名；一天后失效，可以退回",
            ", as a portal says: no signature of theirs; it ends after a day and can be declined",
        ),
    };
    FactValue::Row(vec![name, how.into()])
}

/// What is said of a person in whose name a batch was made: they signed each order in it, or only a
/// portal says so.
pub(super) fn batched_by(name: FactValue, has_signed: bool) -> FactValue {
    let how = match has_signed {
        true => said("，其中每件均由本人签名起草", ", who signed the draft of each order in it"),
        false => said(
            "——仅为门户所说，没有本人签名；一天后失效",
            ", as a portal says: no signature of theirs; it ends after a day",
        ),
    };
    FactValue::Row(vec![name, how.into()])
}

/// What is said of a person who drafted an order and signed that, or is about to.
pub(super) fn drafted_by(name: FactValue, draft: Option<&Draft>) -> FactValue {
    let Some(draft) = draft else { return name };
    let (zh, en) = signed_with(draft.assertion.is_some());
    let how = said(
        &format!("，经办人本人用{zh}签名"),
        &format!(", who handles their unit, signed with their {en}"),
    );
    FactValue::Row(vec![name, how.into()])
}

/// The same of what officers draft as well as handlers.
pub(super) fn signed_by(name: FactValue, draft: Option<&Draft>) -> FactValue {
    let Some(draft) = draft else { return name };
    let (zh, en) = signed_with(draft.assertion.is_some());
    let how = said(&format!("，起草人本人用{zh}签名"), &format!(", signed with their {en}"));
    FactValue::Row(vec![name, how.into()])
}

fn signed_with(by_passkey: bool) -> (&'static str, &'static str) {
    match by_passkey {
        true => ("通行密钥", "passkey, as the CA checked"),
        false => ("证书密钥", "certificate key"),
    }
}

/// The wish itself: all of what was signed by its digest, and what signed it.
pub(super) fn about_wish(wish: &Wish) -> Vec<Fact> {
    let time = wish.read().map(|said| said.time).unwrap_or_default();
    let terms = Terms {
        time: ("提出时间", "asked at"),
        certificate: ("吊销请求人证书指纹", "fingerprint of who asks"),
        statement: ("吊销请求摘要", "digest of the wish"),
        signature: ("吊销请求签名摘要", "digest of its signature"),
    };
    about(&terms, time, &wish.signed_statement())
}

/// The same of a draft.
pub(super) fn about_draft(draft: &Draft) -> Vec<Fact> {
    let time = draft.read().map(|said| said.time).unwrap_or_default();
    let terms = Terms {
        time: ("起草时间", "drafted at"),
        certificate: ("经办人证书指纹", "fingerprint of who drafted it"),
        statement: ("起草内容摘要", "digest of the draft"),
        signature: ("起草签名摘要", "digest of its signature"),
    };
    about(&terms, time, &draft.signed_statement())
}

/// Where the body of an order stands among those of a draft of many.
pub(super) fn about_place(place: &DraftPlace) -> Vec<Fact> {
    let path: Vec<u8> = place.hashes.iter().flat_map(|hash| hash.0.clone()).collect();
    vec![
        fact(("在起草清单中的位置", "its place in the draft"), (place.index + 1).to_string()),
        fact(("位置证明摘要", "digest of its proof"), sha256(&path)),
    ]
}

struct Terms {
    time: (&'static str, &'static str),
    certificate: (&'static str, &'static str),
    statement: (&'static str, &'static str),
    signature: (&'static str, &'static str),
}

fn about(terms: &Terms, time: String, signed: &SignedStatement<'_>) -> Vec<Fact> {
    let mut facts = vec![
        fact(terms.time, FactValue::time(time)),
        fact(terms.certificate, sha256(&signed.certificate.0)),
        fact(terms.statement, sha256(signed.bytes)),
        fact(terms.signature, sha256(&signed.signature.0)),
    ];
    if let Some(assertion) = signed.assertion {
        let answer = json::write(assertion).unwrap_or_default();
        facts.push(fact(("通行密钥编号", "credential"), assertion.credential.to_string()));
        facts.push(fact(("通行密钥应答摘要", "digest of its answer"), sha256(&answer)));
    }
    facts
}
