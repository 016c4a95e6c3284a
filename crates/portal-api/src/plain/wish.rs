//! Who asked for a revocation: an officer under their own signature, or a portal in their name.

use super::said::{Fact, Said, fact, sha256};
use records::json;
use records::wish::Wish;

/// What is said of a person who drafted an order, by how that is known.
pub(super) fn asked_by(name: &str, wish: Option<&Wish>) -> Said {
    let Some(wish) = wish else {
        return Said {
            zh: format!("{name}——仅为门户所说，没有本人签名；一天后失效，可以退回"),
            en: format!(
                "{name}, as a portal says: no signature of theirs; it ends after a day and can be \
                 declined"
            ),
        };
    };
    let (zh, en) = match wish.assertion {
        Some(_) => ("通行密钥", "passkey, as the CA checked"),
        None => ("证书密钥", "certificate key"),
    };
    let zh = format!("{name}，本人用{zh}签名");
    Said { zh, en: format!("{name}, signed with their {en}") }
}

/// The wish itself: all of what was signed by its digest, and what signed it.
pub(super) fn about_wish(wish: &Wish) -> Vec<Fact> {
    let time = wish.read().map(|said| said.time).unwrap_or_default();
    let mut facts = vec![
        fact(("提出时间", "asked at"), time),
        fact(("请求人证书指纹", "fingerprint of who asks"), sha256(&wish.certificate.0)),
        fact(("请求摘要", "digest of the wish"), sha256(&wish.statement.0)),
        fact(("请求签名摘要", "digest of its signature"), sha256(&wish.signature.0)),
    ];
    if let Some(assertion) = &wish.assertion {
        let answer = json::write(assertion).unwrap_or_default();
        facts.push(fact(("通行密钥编号", "credential"), assertion.credential.to_string()));
        facts.push(fact(("通行密钥应答摘要", "digest of its answer"), sha256(&answer)));
    }
    facts
}
