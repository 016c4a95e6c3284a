//! `POST /drafts/withdraw` shows what is to be taken back, to be signed with a passkey or by
//! `yinxin`; `POST /drafts/withdrawn` carries what the passkey signed. The CA checks all of it.

use super::certificate::Shown;
use super::touch::Touch;
use crate::pages::{Frame, Posted, page, problem, words};
use crate::refusal::{passed_on, refused};
use crate::state::PortalState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use ca_api::AsOfficer;
use records::letter::read_reference;
use records::trust::Trust;
use records::withdrawal::{TakenBack, Withdrawal, WithdrawalStatement};
use records::{Bytes, Code, json};
use serde::Deserialize;
use service::problem::Refused;
use std::sync::Arc;

words! {
    WithdrawWords {
        back "← 返回我的办件" "← Back to my drafts";
        title "撤回" "Take back";
        what "撤回后此事项立即终止，不能再审批；需要时请重新起草。" "It ends at once and cannot be approved any more. Draft it again if you need it.";
        what_letter "撤回后此密码信封立即作废，不能再用。" "The letter is void at once and cannot be used any more.";
        order "办件编号" "Order";
        letter "密码信封编号" "Letter";
        by_passkey "用通行密钥签署撤回" "Sign with a passkey";
        or_outside "或者在您的电脑上：" "Or on your own computer:";
        outside "请在您的电脑上：" "On your own computer:";
        refused "没有签署：浏览器或安全密钥拒绝了，或者操作超时。请重试。" "It was not signed: the browser or the security key refused, or it took too long. Try again.";
    }
}

/// What the list sends.
#[derive(Deserialize)]
pub(super) struct Wanted {
    name: String,
    /// Of an order; empty of a letter.
    digest: String,
}

/// What the page's script sends.
#[derive(Deserialize)]
pub(super) struct Form {
    statement: String,
    #[serde(flatten)]
    touch: Touch,
}

#[derive(Template)]
#[template(path = "staff/withdraw.html")]
struct WithdrawPage {
    f: Frame,
    w: &'static WithdrawWords,
    name: String,
    letter: bool,
    statement: String,
    challenge: String,
    credentials: String,
}

/// `POST /drafts/withdraw`
pub(super) async fn check(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    Shown(shown): Shown,
    Posted(wanted): Posted<Wanted>,
) -> Response {
    let credentials = super::review::usable(&portal, shown.certificate.clone()).await;
    match filled(f.clone(), &portal.trust, &wanted, credentials) {
        Some(filled) => page(StatusCode::OK, &filled),
        None => problem::page(&f, &refused(Code::Malformed).0, "/drafts"),
    }
}

/// `POST /drafts/withdrawn`
pub(super) async fn withdrawn(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    Shown(shown): Shown,
    Posted(form): Posted<Form>,
) -> Response {
    let told = match withdrawal(&shown.certificate, form) {
        Some(message) => {
            let message = AsOfficer { certificate: shown.certificate, message };
            let answer = passed_on(portal.issuer.withdraw(&message).await);
            portal.recorded_brake("withdraw", &shown.person, answer).await
        }
        None => Err(refused(Code::Malformed)),
    };
    match told {
        Ok(_) => Redirect::to("/drafts").into_response(),
        Err(Refused(told)) => problem::page(&f, &told, "/drafts"),
    }
}

fn withdrawal(certificate: &Bytes, form: Form) -> Option<Withdrawal> {
    let statement = Bytes::read(&form.statement)?;
    Some(Withdrawal::by_passkey(statement, certificate.clone(), form.touch.read()?))
}

fn filled(f: Frame, trust: &Trust, wanted: &Wanted, credentials: String) -> Option<WithdrawPage> {
    let name = read_reference(&wanted.name)?;
    let letter = wanted.digest.is_empty();
    let what = match letter {
        true => TakenBack::Letter { reference: name.clone() },
        false => TakenBack::Order { order: Bytes::read(&wanted.digest)? },
    };
    let statement = WithdrawalStatement { v: 1, founding: trust.founding.clone(), what };
    let statement = json::write(&statement).ok()?;
    Some(WithdrawPage {
        w: WithdrawWords::of(f.language),
        f,
        name,
        letter,
        challenge: Bytes::from(Withdrawal::challenge(&statement)).to_string(),
        statement: Bytes(statement).to_string(),
        credentials,
    })
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    let render = |letter: bool, credentials: &str| {
        let page = WithdrawPage {
            f: Frame::sample(language, "/drafts"),
            w: WithdrawWords::of(language),
            name: "5GPJWBSG64S36D1N".into(),
            letter,
            statement: "AAAA".into(),
            challenge: "AAAA".into(),
            credentials: credentials.into(),
        };
        page.render().unwrap()
    };
    vec![("withdraw", render(false, "AAAA")), ("withdraw-letter", render(true, ""))]
}
