//! `GET /passkeys`: an officer's certified passkeys, and where a new one is made. The page
//! certifies nothing: the officer's own `yinxin` asks for it, and others approve.

use super::certificate::{self, ReaderCertificate};
use crate::pages::{Frame, page, show, words};
use crate::refusal::passed_on;
use crate::state::PortalState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use ca_api::{AsOfficer, OwnPasskey};
use pki::Certificate;
use records::Bytes;
use records::passkey::creation_challenge;
use service::problem::Refused;
use std::sync::Arc;

words! {
    PasskeysWords {
        title "通行密钥" "Passkeys";
        lead "通行密钥用于在浏览器里批准，不用于登录。每份办件仍至少需要一人用证书密钥批准。" "A passkey approves in the browser and is never used to log in. Every order still needs at least one approval by certificate key.";
        own "我的通行密钥" "My passkeys";
        none "还没有经认证的通行密钥。" "You have no certified passkey yet.";
        hardware "硬件" "hardware";
        software "软件" "software";
        dead "已随旧证书失效" "died with its certificate";
        new "新的通行密钥" "A new passkey";
        step_1 "点击下面的按钮，按提示触碰安全密钥并验证本人。" "Press the button, touch your security key and verify yourself.";
        step_2 "保存文件，在自己的电脑上用证书密钥提出申请。" "Save the file and ask for it with your certificate key on your own computer.";
        step_3 "另一名安全保密管理员批准后即可使用。" "It can be used once a different security administrator has approved it.";
        make "生成通行密钥" "Make a passkey";
        refused "没有生成：浏览器或安全密钥拒绝了，或者操作超时。请重试。" "It was not made: the browser or the security key refused, or it took too long. Try again.";
        made "通行密钥已生成，尚未认证。" "The passkey is made, and not certified yet.";
        save "保存文件" "Save the file";
    }
}

struct PasskeyItem {
    credential: String,
    kept: &'static str,
    usable: bool,
}

#[derive(Template)]
#[template(path = "staff/passkeys.html")]
struct PasskeysPage {
    f: Frame,
    w: &'static PasskeysWords,
    passkeys: Vec<PasskeyItem>,
    challenge: String,
    person: String,
    name: String,
    known: String,
}

/// `GET /passkeys`
pub(super) async fn show(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    ReaderCertificate(shown): ReaderCertificate,
) -> Response {
    let message = AsOfficer { certificate: shown.certificate.clone(), message: () };
    let answer = passed_on(portal.issuer.passkeys(&message).await);
    match portal.recorded("passkeys", &shown.person, answer).await {
        Ok(own) => page(StatusCode::OK, &filled(f, &shown.certificate, &own)),
        Err(Refused(told)) if told.known() == Some(records::Code::NotYourRoute) => {
            Redirect::to("/certificate").into_response()
        }
        Err(Refused(told)) => certificate::not_seen(&f, &portal, &told),
    }
}

/// Passkeys with which somebody may sign. Without an answer nobody knows that there are none: what
/// was to be signed is not sent unsigned in its place.
pub(super) async fn usable(portal: &PortalState, certificate: Bytes) -> Result<String, Refused> {
    let own = portal.issuer.passkeys(&AsOfficer { certificate, message: () }).await;
    let usable = passed_on(own)?.into_iter().filter(|passkey| passkey.usable);
    let ids: Vec<String> = usable.map(|passkey| passkey.credential.to_string()).collect();
    Ok(ids.join(" "))
}

fn filled(f: Frame, certificate: &Bytes, own: &[OwnPasskey]) -> PasskeysPage {
    let w = PasskeysWords::of(f.language);
    let read = Certificate::read(&certificate.0).ok();
    let sha256 = read.as_ref().map(Certificate::sha256).unwrap_or_default();
    let subject = read.as_ref().map(Certificate::subject);
    let line = |passkey: &OwnPasskey| PasskeyItem {
        credential: passkey.credential.to_string(),
        kept: if passkey.software { w.software } else { w.hardware },
        usable: passkey.usable,
    };
    // An authenticator that holds a dead one may make another.
    let usable = own.iter().filter(|passkey| passkey.usable);
    let known: Vec<String> = usable.map(|passkey| passkey.credential.to_string()).collect();
    PasskeysPage {
        f,
        w,
        passkeys: own.iter().map(line).collect(),
        challenge: Bytes::from(creation_challenge(&sha256)).to_string(),
        person: subject.and_then(|subject| subject.person()).unwrap_or_default().to_owned(),
        name: show::harmless(&subject.and_then(|s| s.common_name()).unwrap_or_default()),
        known: known.join(" "),
    }
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    let passkey =
        |byte, software, usable| OwnPasskey { credential: Bytes(vec![byte; 16]), software, usable };
    let own = [passkey(7, false, true), passkey(8, true, false)];
    let render = |own: &[OwnPasskey]| {
        let f = Frame::sample(language, "/passkeys");
        filled(f, &Bytes::default(), own).render().unwrap()
    };
    vec![("passkeys", render(&own)), ("passkeys-none", render(&[]))]
}
