//! `/revoke`: the officer's key signs that a certificate be revoked, and the order that the CA made
//! from it is shown to be read and approved.

use super::bench::Bench;
use super::frame::{self, Frame};
use super::guard::{Key, Posted};
use super::session::Admitted;
use crate::exit::Failure;
use crate::files::Opened;
use crate::revoke::signed;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use page::{Language, words};
use portal_api::plain;
use records::wish::Wished;
use serde::Deserialize;
use std::sync::Arc;

words! {
    RevokeWords {
        title "吊销证书" "Revoke a certificate";
        lead "用您的证书密钥签署吊销请求，签发机构据此制作指令，由两人批准。序列号可在门户的证书页面上找到。" "Your certificate key signs what you ask for; the CA makes an order from it, which two persons approve. The portal's page of a certificate shows its serial number.";
        serial "证书序列号" "Serial number";
        reason "原因" "Reason";
        evidence "依据" "Evidence";
        evidence_hint "看过什么文件、谁来报告的" "What you looked at, who told you";
        sign "签署并提交" "Sign and submit";
    }
}

#[derive(Template)]
#[template(path = "desk/revoke.html")]
pub(super) struct RevokePage {
    pub(super) f: Frame,
    pub(super) w: &'static RevokeWords,
    reasons: Vec<(&'static str, String)>,
}

/// What the page sends.
#[derive(Deserialize)]
pub(super) struct Typed {
    serial: String,
    reason: String,
    evidence: String,
}

/// `GET /revoke`
pub(super) async fn show(
    State(bench): State<Arc<Bench>>,
    admitted: Admitted,
    Key(_): Key,
) -> Response {
    frame::page(StatusCode::OK, &filled(Frame::inside(&bench, &admitted, "/revoke")))
}

/// `POST /revoke`
pub(super) async fn revoke(
    State(bench): State<Arc<Bench>>,
    Key(opened): Key,
    posted: Posted<Typed>,
) -> Response {
    match ask(&bench, &opened, &posted.form).await {
        Ok(order) => Redirect::to(&format!("/orders/{order}")).into_response(),
        Err(failure) => Frame::inside(&bench, &posted.admitted, "/revoke").failed(&failure),
    }
}

async fn ask(bench: &Bench, opened: &Opened, typed: &Typed) -> Result<String, Failure> {
    // Evidence is one line; what a text area breaks is joined again.
    let evidence = typed.evidence.split_whitespace().collect::<Vec<_>>().join(" ");
    let (serial, reason) = (typed.serial.trim(), typed.reason.as_str());
    let asked = Wished { serial, reason, evidence: &evidence };
    let message = signed(&bench.trust, opened, asked)?;
    let made = bench.portal(opened)?.wish(&message).await?;
    // What the portal answers leads to a page of this desk, or to none.
    records::letter::read_reference(&made.order)
        .ok_or_else(|| Failure::usage("门户的应答无法读取。", "the portal's answer cannot be read"))
}

pub(super) fn filled(f: Frame) -> RevokePage {
    let w = RevokeWords::of(f.language);
    let reasons = plain::REASONS.map(|name| (name, said(f.language, plain::reason(name))));
    RevokePage { w, reasons: reasons.to_vec(), f }
}

fn said(language: Language, said: plain::Said) -> String {
    language.of_both(said.zh, said.en)
}
