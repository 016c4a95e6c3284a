//! What will be signed when an officer with a passkey asks for a revocation, before they do.
//! Nothing is changed here.

use super::touch::ToTouch;
use crate::pages::facts;
use crate::pages::{Frame, words};
use crate::state::PortalState;
use askama::Template;
use records::wish::{WishInput, WishStatement};
use records::{Bytes, Disclosure};
use sha2::{Digest, Sha256};
use system::random;
use system::speech::Command;

words! {
    WishWords {
        back "← 返回证书" "← Back to the certificate";
        title "签署吊销请求" "Sign the wish to revoke";
        what "签署后生成一份吊销办件，须由两人批准；与其他办件一样七天内有效，不能由一人退回。" "Signing drafts an order that two persons approve. It lives for seven days as all orders do, and nobody declines it alone.";
        signed "以下内容由您签署" "What you sign";
        by_passkey "用通行密钥签署" "Sign with a passkey";
        or_outside "或者在您的电脑上用自己的证书密钥：运行 yinxin desk，或者" "Or with your certificate key on your own computer: run yinxin desk, or";
        unsigned_what "不签署也可以提出：只凭门户所说，一天后失效，任何有权审批的人都可以退回。" "It can be asked for without a signature: then only the portal says that it was you, it ends after a day, and anybody who may approve it can decline it.";
        unsigned "不签署，直接提出" "Ask without a signature";
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
    /// As it is sent on.
    typed: AskedFor,
    t: ToTouch,
    /// That does the same outside of a browser.
    command: String,
    salt: String,
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
    let AskedFor { serial, reason, evidence } = &typed;
    let asked = WishInput { serial, reason, evidence };
    let sha256 = Sha256::digest(&certificate.0).into();
    let founding = &portal.trust.founding;
    let (said, opens) = WishStatement::new(founding, sha256, asked, drawn, now).ok()?;
    filled(f, typed, (&said, opens), credentials)
}

pub(super) fn filled(
    f: Frame,
    typed: AskedFor,
    (said, evidence): (&WishStatement, Disclosure),
    credentials: String,
) -> Option<WishPage> {
    Some(WishPage {
        w: WishWords::of(f.language),
        t: ToTouch::wish(f.language, (said, &evidence), credentials)?,
        command: command(&typed),
        salt: evidence.salt.to_string(),
        typed,
        f,
    })
}

fn command(typed: &AskedFor) -> String {
    let AskedFor { serial, reason, evidence } = typed;
    let text = "yinxin revoke {} --reason {} --evidence {}";
    facts::typed(&Command::new(text, &[serial, reason, evidence]))
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    let typed = AskedFor {
        serial: "018e9a4c70f3b5d2018e9a4c70f3b5d2018e".into(),
        reason: "keyCompromise".into(),
        evidence: "本人电话报告丢失 <b>\u{202e}".into(),
    };
    let AskedFor { serial, reason, evidence } = &typed;
    let (asked, drawn) = (WishInput { serial, reason, evidence }, ([7; 32], [4; 16]));
    let made = WishStatement::new(&Bytes::from([1; 32]), [2; 32], asked, drawn, 1_795_507_200);
    let (said, opens) = made.unwrap();
    let f = Frame::sample(language, "/certificates/018e9a4c70f3b5d2018e9a4c70f3b5d2018e");
    // What is sent on is what was typed.
    let sent = |evidence: &str| AskedFor {
        evidence: evidence.into(),
        serial: serial.clone(),
        reason: reason.clone(),
    };
    let mut page = filled(f, sent("-"), (&said, opens), "AAAA".into()).unwrap();
    page.command = command(&sent("…"));
    vec![("wish", page.render().unwrap())]
}
