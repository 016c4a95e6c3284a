//! What will be signed when an officer with a passkey asks for a revocation, before they do.
//! Nothing is changed here.

use crate::pages::{Frame, show, words};
use crate::state::PortalState;
use askama::Template;
use portal_api::plain;
use records::trust::Trust;
use records::wish::{Wish, WishStatement, Wished};
use records::{Bytes, json};
use sha2::{Digest, Sha256};
use system::random;

words! {
    WishWords {
        back "← 返回证书" "← Back to the certificate";
        title "签署吊销请求" "Sign the wish to revoke";
        what "签署后生成一份吊销申请，须由两人批准；与其他办件一样七天内有效，不能由一人退回。" "Signing drafts an order that two persons approve. It lives for seven days as all orders do, and nobody declines it alone.";
        serial "证书" "Certificate";
        reason "原因" "Reason";
        evidence "依据" "Evidence";
        by_passkey "用通行密钥签署" "Sign with a passkey";
        or_outside "或者在您的电脑上用自己的证书密钥：运行 yinxin desk，或者" "Or with your certificate key on your own computer: run yinxin desk, or";
        unsigned_what "不签署也可以提出：只凭门户所说，一天后失效，任何有权审批的人都可以退回。" "It can be asked for without a signature: then only the portal says that it was you, it ends after a day, and anybody who may approve it can decline it.";
        unsigned "不签署，直接提出" "Ask without a signature";
        refused "没有签署：浏览器或安全密钥拒绝了，或者操作超时。请重试。" "It was not signed: the browser or the security key refused, or it took too long. Try again.";
    }
}

/// What an officer typed.
pub(super) struct AskedFor {
    pub(super) serial: String,
    /// RFC 5280 name.
    pub(super) reason: String,
    pub(super) evidence: String,
}

#[derive(Template)]
#[template(path = "staff/wish.html")]
pub(super) struct WishPage {
    f: Frame,
    w: &'static WishWords,
    typed: AskedFor,
    /// As people read them.
    reason: String,
    evidence: String,
    /// Between quotation marks of a shell.
    quoted: String,
    statement: String,
    salt: String,
    challenge: String,
    credentials: String,
}

/// The page with the statement to be signed; none without randomness.
pub(super) fn page(
    portal: &PortalState,
    f: Frame,
    typed: AskedFor,
    (certificate, now): (&Bytes, u64),
    credentials: String,
) -> Option<WishPage> {
    let drawn = (random::bytes().ok()?, random::bytes().ok()?);
    let statement = stated(&portal.trust, &typed, (certificate, now), drawn)?;
    Some(filled(f, typed, (statement, drawn.0), credentials))
}

fn stated(
    trust: &Trust,
    typed: &AskedFor,
    (certificate, now): (&Bytes, u64),
    drawn: ([u8; 32], [u8; 16]),
) -> Option<Vec<u8>> {
    let AskedFor { serial, reason, evidence } = typed;
    let asked = Wished { serial, reason, evidence };
    let sha256 = Sha256::digest(&certificate.0).into();
    let (statement, _) = WishStatement::new(&trust.founding, sha256, asked, drawn, now).ok()?;
    json::write(&statement).ok()
}

fn filled(
    f: Frame,
    typed: AskedFor,
    (statement, salt): (Vec<u8>, [u8; 32]),
    credentials: String,
) -> WishPage {
    let reason = plain::reason(&typed.reason);
    let evidence = show::harmless(&typed.evidence);
    WishPage {
        w: WishWords::of(f.language),
        reason: show::harmless(&f.language.of_both(reason.zh, reason.en)),
        quoted: evidence.replace('\'', "'\\''"),
        evidence,
        challenge: Bytes::from(Wish::challenge(&statement)).to_string(),
        statement: Bytes(statement).to_string(),
        salt: Bytes::from(salt).to_string(),
        credentials,
        typed,
        f,
    }
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    let typed = AskedFor {
        serial: "018e9a4c70f3b5d2018e9a4c70f3b5d2018e".into(),
        reason: "keyCompromise".into(),
        evidence: "本人电话报告丢失 <b>\u{202e}".into(),
    };
    let f = Frame::sample(language, "/certificates/018e9a4c70f3b5d2018e9a4c70f3b5d2018e");
    let mut page = filled(f, typed, (Vec::new(), [7; 32]), "AAAA".into());
    // What is sent on is what was typed.
    page.typed.evidence = "-".into();
    page.challenge = "AAAA".into();
    page.quoted = "…".into();
    vec![("wish", page.render().unwrap())]
}
