//! `/revoke`: what the officer types is shown as it will be signed; then their key signs that a
//! certificate be revoked, and the order that the CA made from it is shown to be read and approved.

use super::bench::Bench;
use super::frame::{self, Frame};
use super::guard::{Key, Posted};
use super::order::FactItem;
use super::session::Admitted;
use crate::consent::{Consentable, at_desk};
use crate::exit::Failure;
use crate::files::SigningIdentity;
use crate::revoke::RevocationWish;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use page::{Language, words};
use portal_api::plain;
use serde::Deserialize;
use std::sync::Arc;

words! {
    RevokeWords {
        title "吊销证书" "Revoke a certificate";
        lead "用您的证书密钥签署吊销请求，签发机构据此制作办件，由两人批准。序列号可在门户的证书页面上找到。" "Your certificate key signs what you ask for; the CA makes an order from it, which two persons approve. The portal's page of a certificate shows its serial number.";
        serial "证书序列号" "Serial number";
        reason "原因" "Reason";
        evidence "依据" "Evidence";
        evidence_hint "看过什么文件、谁来报告的" "What you looked at, who told you";
        look "下一步：核对" "Next: look at it";
        digest "摘要" "Digest";
        sign "签署并提交" "Sign and submit";
    }
}

#[derive(Template)]
#[template(path = "desk/revoke.html")]
pub(super) struct RevokePage {
    pub(super) f: Frame,
    pub(super) w: &'static RevokeWords,
    reasons: Vec<(&'static str, String)>,
    pub(super) look: Option<Look>,
}

/// What is about to be signed.
pub(super) struct Look {
    pub(super) facts: Vec<FactItem>,
    pub(super) digest: String,
}

/// What the page sends.
#[derive(Deserialize)]
pub(super) struct Typed {
    serial: String,
    reason: String,
    evidence: String,
}

impl Typed {
    /// Serial number, reason and evidence; the reason is one of those that the page offers.
    pub(super) fn read(&self) -> Result<(&str, &'static str, &str), Failure> {
        let reason = plain::REASONS.into_iter().find(|reason| *reason == self.reason);
        let reason =
            reason.ok_or_else(|| Failure::usage("请选择原因。", "choose one of the reasons"))?;
        Ok((&self.serial, reason, &self.evidence))
    }
}

/// What the second page sends.
#[derive(Deserialize)]
pub(super) struct Signed {
    pub(super) digest: String,
}

/// Answers `GET /revoke`.
pub(super) async fn show(
    State(bench): State<Arc<Bench>>,
    admitted: Admitted,
    Key(_): Key,
) -> Response {
    frame::page(StatusCode::OK, &filled(Frame::inside(&bench, &admitted, "/revoke")))
}

/// `POST /revoke`: nothing is signed yet.
pub(super) async fn look(
    State(bench): State<Arc<Bench>>,
    Key(opened): Key,
    posted: Posted<Typed>,
) -> Response {
    let f = Frame::inside(&bench, &posted.admitted, "/revoke");
    let asked =
        posted.form.read().and_then(|typed| RevocationWish::new(&bench.trust, &opened, typed));
    match asked {
        Ok(asked) => {
            let look = Look {
                facts: FactItem::all(asked.facts(), f.language),
                digest: asked.digest().map(|sha| plain::fingerprint(&sha)).unwrap_or_default(),
            };
            bench.asked.keep(asked);
            frame::page(StatusCode::OK, &RevokePage { look: Some(look), ..filled(f) })
        }
        Err(failure) => f.failed(&failure),
    }
}

/// Answers `POST /revoke/sign`.
pub(super) async fn sign(
    State(bench): State<Arc<Bench>>,
    Key(opened): Key,
    posted: Posted<Signed>,
) -> Response {
    match ask(&bench, &opened, &posted.form.digest).await {
        Ok(order) => Redirect::to(&format!("/orders/{order}")).into_response(),
        Err(failure) => Frame::inside(&bench, &posted.admitted, "/revoke").failed(&failure),
    }
}

/// What was shown last is signed, once.
async fn ask(bench: &Bench, opened: &SigningIdentity, shown: &str) -> Result<String, Failure> {
    let asked = bench
        .asked
        .take()
        .ok_or_else(|| Failure::usage("请重新填写。", "fill it in again; nothing was signed"))?;
    let message = at_desk(asked, (shown, &[]))?.sign(&*bench.to_sign()?)?;
    Ok(bench.portal(opened)?.wish(&message).await?.order)
}

pub(super) fn filled(f: Frame) -> RevokePage {
    let w = RevokeWords::of(f.language);
    RevokePage { w, reasons: reasons(f.language), look: None, f }
}

/// What a page offers as reasons, each with its words.
pub(super) fn reasons(language: Language) -> Vec<(&'static str, String)> {
    let said = |name| plain::reason(name);
    let one = |name| (name, language.of_both(said(name).zh, said(name).en));
    plain::REASONS.map(one).to_vec()
}
