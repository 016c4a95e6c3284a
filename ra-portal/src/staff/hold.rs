//! `POST /certificates/SERIAL/suspend` shows what will be signed when an officer or handler
//! suspends a certificate in their care, and changes nothing; `POST /certificates/SERIAL/suspended`
//! carries what their passkey signed to the status service, whose receipt it shows. Nothing is
//! suspended on the portal's word here.

use super::certificate::{self, ReaderCertificate};
use super::decline::one_line;
use super::issued::{self, Typed, shown_with};
use super::touch::{ToTouch, Touch};
use crate::pages::facts::typed;
use crate::pages::suspended::SuspendedFacts;
use crate::pages::{Frame, FromPath, Posted, page, problem, show, words};
use crate::refusal::{passed_on, refused, unreadable};
use crate::state::PortalState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use pki::SerialNumber;
use pki::name::check_readable;
use portal_api::plain::REASONS;
use records::commitment::{EVIDENCE_CHARS_MAX, EVIDENCE_PATH};
use records::suspension::{Suspension, SuspensionInput, SuspensionStatement, SuspensionSubmission};
use records::{Bytes, Code, Disclosure, Problem, json};
use serde::Deserialize;
use service::Clock;
use service::problem::Refused;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use system::random;
use system::speech::Command;

words! {
    HoldWords {
        back "← 返回证书" "← Back to the certificate";
        title "冻结证书" "Suspend a certificate";
        what "签署后立即生效：各应用系统几秒钟内即拒绝这张证书。您自己不能解除；另外两名审批人员可以，15 天内无人解除即自动吊销。" "It counts as soon as you sign: applications refuse the certificate within seconds. You cannot release it; two other officers can, and if nobody does within 15 days it is revoked.";
        signed "以下内容由您签署" "What you sign";
        by_passkey "用通行密钥签署并冻结" "Sign with a passkey and suspend";
        or_outside "或者在您的电脑上用自己的证书密钥：" "Or with your certificate key on your own computer:";
        outside "请在您的电脑上用自己的证书密钥冻结：" "Suspend it with your certificate key on your own computer:";
    }
}

/// What the certificate's page sends.
#[derive(Deserialize)]
pub(super) struct Form {
    reason: String,
    evidence: String,
}

/// What the page's script sends.
#[derive(Deserialize)]
pub(super) struct Signed {
    statement: String,
    salt: String,
    evidence: String,
    #[serde(flatten)]
    touch: Touch,
}

#[derive(Template)]
#[template(path = "staff/hold.html")]
pub(super) struct HoldPage {
    f: Frame,
    w: &'static HoldWords,
    serial: String,
    t: ToTouch,
    /// The evidence as it is sent on.
    typed: String,
    salt: String,
    /// That does the same outside of a browser.
    command: String,
}

#[derive(Template)]
#[template(path = "staff/suspended.html")]
struct HeldPage {
    f: Frame,
    s: SuspendedFacts,
}

/// `POST /certificates/{serial}/suspend`
pub(super) async fn check(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    ReaderCertificate(shown): ReaderCertificate,
    FromPath(serial): FromPath<String>,
    Posted(Form { reason, evidence }): Posted<Form>,
) -> Response {
    let back = format!("/certificates/{}", show::escaped(&serial));
    let evidence = one_line(&evidence);
    let known = REASONS.contains(&reason.as_str()) && SerialNumber::from_hex(&serial).is_some();
    if !known {
        return problem::page(&f, &refused(Code::Malformed).0, &back);
    }
    if let Err(matter) = check_readable(&evidence, EVIDENCE_CHARS_MAX) {
        let problem = Some(unreadable(("依据", "The evidence"), &matter).0);
        let typed = Typed { holds: true, reason, evidence, problem };
        let reader = (shown.certificate, shown.person.as_str());
        return shown_with(&portal, f, reader, serial, typed).await;
    }
    let no = |told: &Problem| {
        let kept = issued::kept(&f, (&serial, true), (reason.clone(), evidence.clone()));
        certificate::refused_keeping(&f, &portal, told, (&back, Some(kept)))
    };
    let (Ok(salt), Ok(nonce)) = (random::bytes(), random::bytes()) else {
        return no(&refused(Code::Unavailable).0);
    };
    let said = SuspensionInput { serial: &serial, reason: &reason, evidence: &evidence };
    let own = Sha256::digest(&shown.certificate.0).into();
    let (founding, now) = (&portal.trust.founding, Clock::system().seconds());
    let stated = SuspensionStatement::new(founding, own, said, (salt, nonce), now);
    // An issuer that does not say which passkeys count holds up no suspension: status takes it, and
    // the certificate's key signs it.
    let credentials = match super::passkeys::usable(&portal, shown.certificate).await {
        Ok(credentials) => credentials,
        Err(Refused(told)) if told.known() == Some(Code::Unavailable) => String::new(),
        Err(Refused(told)) => return no(&told),
    };
    let stated = stated.ok();
    let filled =
        stated.and_then(|(stated, opens)| filled(f.clone(), said, (&stated, opens), credentials));
    match filled {
        Some(filled) => page(StatusCode::OK, &filled),
        None => no(&refused(Code::Malformed).0),
    }
}

/// `POST /certificates/{serial}/suspended`
pub(super) async fn suspended(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    ReaderCertificate(shown): ReaderCertificate,
    FromPath(serial): FromPath<String>,
    Posted(signed): Posted<Signed>,
) -> Response {
    let said = Bytes::read(&signed.statement);
    let said = said.and_then(|said| json::read::<SuspensionStatement>(&said.0).ok());
    let kept =
        said.map(|said| issued::kept(&f, (&serial, true), (said.reason, signed.evidence.clone())));
    let told = match suspending(&shown.certificate, signed) {
        Some(message) => {
            let answer = passed_on(portal.status.suspend(&message).await);
            portal.recorded_brake("suspend", &shown.person, answer).await
        }
        None => Err(refused(Code::Malformed)),
    };
    let public = portal.public_address();
    let read = |signed| SuspendedFacts::read(f.language, &signed, public).map_err(refused);
    let facts = told.and_then(read);
    match facts {
        Ok(s) => page(StatusCode::OK, &HeldPage { f, s }),
        Err(Refused(told)) => {
            let back = format!("/certificates/{}", show::escaped(&serial));
            certificate::refused_keeping(&f, &portal, &told, (&back, kept))
        }
    }
}

fn suspending(certificate: &Bytes, signed: Signed) -> Option<SuspensionSubmission> {
    let statement = Bytes::read(&signed.statement)?;
    let suspension = Suspension::by_passkey(statement, certificate.clone(), signed.touch.read()?);
    let salt = Bytes::read(&signed.salt)?;
    let value = signed.evidence.into();
    Some(SuspensionSubmission {
        suspension,
        evidence: Disclosure { path: EVIDENCE_PATH.into(), salt, value },
    })
}

pub(super) fn filled(
    f: Frame,
    said: SuspensionInput<'_>,
    (stated, evidence): (&SuspensionStatement, Disclosure),
    credentials: String,
) -> Option<HoldPage> {
    Some(HoldPage {
        w: HoldWords::of(f.language),
        t: ToTouch::suspension(f.language, (stated, &evidence), credentials)?,
        command: command(said),
        serial: said.serial.to_owned(),
        typed: said.evidence.to_owned(),
        salt: evidence.salt.to_string(),
        f,
    })
}

fn command(SuspensionInput { serial, reason, evidence }: SuspensionInput<'_>) -> String {
    let text = "yinxin suspend {} --reason {} --evidence {}";
    typed(&Command::new(text, &[serial, reason, evidence]))
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    let serial = "018e9a4c70f3b5d2018e9a4c70f3b5d2018e";
    let path = format!("/certificates/{serial}");
    let said = SuspensionInput {
        serial,
        reason: "keyCompromise",
        evidence: "本人电话报告丢失 <b>\u{202e}",
    };
    let (founding, drawn) = (Bytes::from([1; 32]), ([7; 32], [4; 16]));
    let render = |credentials: &str| {
        let f = Frame::sample(language, &path);
        let stated = SuspensionStatement::new(&founding, [2; 32], said, drawn, 1_795_507_200);
        let (stated, opens) = stated.unwrap();
        let mut page = filled(f, said, (&stated, opens), credentials.into()).unwrap();
        // What is sent on is what was typed.
        page.typed = "-".into();
        page.command = command(SuspensionInput { evidence: "…", ..said });
        page.render().unwrap()
    };
    vec![("hold", render("AAAA")), ("hold-outside", render(""))]
}
