//! `GET /lost/receipt`: the receipt of a loss report, as the status service signed it. Asking for
//! it again reports the same loss again, which changes nothing.

use super::letter::OpenLetter;
use crate::pages::cookie::cookie;
use crate::pages::facts::{FactItem, lines};
use crate::pages::suspended::ReceiptCode;
use crate::pages::{Frame, page, problem, words};
use crate::refusal::refused;
use crate::state::PortalState;
use askama::Template;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use portal_api::plain;
use records::enrolment::{ReportLoss, SignedReceipt};
use records::letter::LossReceipt;
use records::{Bytes, Code};
use service::problem::Refused;
use std::sync::Arc;

/// Cookie of a report, until the browser closes.
const COOKIE: &str = "__Host-loss";

words! {
    ReceiptWords {
        title "挂失回执" "Receipt of your loss report";
        revoked "证书已吊销。各应用系统几秒钟内即拒绝这张证书。" "The certificate is revoked. Applications refuse it within seconds.";
        nothing_yet "密码信封已作废，还没有用它签发过证书。" "The letter is closed; no certificate had been issued with it.";
        signature "状态服务签名" "Signature of the status service";
        keep "请打印或保存这份回执。挂失以本回执为准，请妥善保存。" "Print or save this receipt. Without a receipt nothing has been reported.";
        code "扫码核验这份回执，或打开：" "Scan to check this receipt, or open:";
        download "保存回执（JSON）" "Save the receipt (JSON)";
        next "需要新证书的，请向本单位登记员索取新的密码信封。" "If you need a new certificate, ask your registration officer for a new letter.";
    }
}

#[derive(Template)]
#[template(path = "public/receipt.html")]
struct ReceiptPage {
    f: Frame,
    w: &'static ReceiptWords,
    /// Whether anything was revoked.
    revoked: bool,
    /// Everything that the receipt says.
    facts: Vec<FactItem>,
    signature: String,
    code: Option<ReceiptCode>,
}

/// Forgets a report in this browser.
pub(super) fn forget(response: &mut Response) {
    let cookie = format!("{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// A report that this browser made.
pub(super) struct Reported(ReportLoss);

impl Reported {
    /// A report as a page sends it.
    pub(super) fn read(reference: &str, value: &str) -> Option<Self> {
        let letter = OpenLetter::read(reference, value).ok()?;
        Some(Self(ReportLoss { reference: letter.reference, value: letter.key }))
    }

    /// Carries it to the status service.
    pub(super) async fn report(&self, portal: &PortalState) -> Result<SignedReceipt, Refused> {
        let answer = crate::refusal::passed_on(portal.status.report_loss(&self.0).await);
        portal.recorded_brake("loss", "", answer).await
    }

    /// Remembers it for the receipt.
    pub(super) fn keep(&self, response: &mut Response) {
        let (reference, value) = (&self.0.reference, &self.0.value);
        let cookie =
            format!("{COOKIE}={reference}.{value}; Path=/; Secure; HttpOnly; SameSite=Strict");
        if let Ok(mut cookie) = HeaderValue::from_str(&cookie) {
            cookie.set_sensitive(true);
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
}

impl FromRequestParts<Arc<PortalState>> for Reported {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        portal: &Arc<PortalState>,
    ) -> Result<Self, Response> {
        let kept = cookie(&parts.headers, COOKIE);
        let pair = kept.as_deref().and_then(|kept| kept.split_once('.'));
        if let Some(reported) = pair.and_then(|(reference, value)| Self::read(reference, value)) {
            return Ok(reported);
        }
        let Ok(frame) = Frame::from_request_parts(parts, portal).await;
        Err(problem::page(&frame, &refused(Code::LetterNeeded).0, "/lost"))
    }
}

/// `GET /lost/receipt`
pub(super) async fn show(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    reported: Reported,
) -> Response {
    let told = match reported.report(&portal).await {
        Ok(signed) => match records::json::read::<LossReceipt>(&signed.receipt.0) {
            Ok(receipt) => {
                let code = ReceiptCode::of(&signed, portal.public_address());
                return page(StatusCode::OK, &filled(f, &receipt, &signed.signature, code));
            }
            Err(_) => refused(Code::Unavailable).0,
        },
        Err(Refused(told)) => told,
    };
    problem::page(&f, &told, "/lost")
}

/// `GET /lost/receipt.json`: what `yinxin` and others check.
pub(super) async fn download(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    reported: Reported,
) -> Response {
    match reported.report(&portal).await {
        Ok(signed) => {
            let kept = [(header::CONTENT_DISPOSITION, "attachment; filename=\"receipt.json\"")];
            (kept, axum::Json(signed)).into_response()
        }
        Err(Refused(told)) => problem::page(&f, &told, "/lost"),
    }
}

fn filled(
    f: Frame,
    receipt: &LossReceipt,
    signature: &Bytes,
    code: Option<ReceiptCode>,
) -> ReceiptPage {
    ReceiptPage {
        w: ReceiptWords::of(f.language),
        revoked: !receipt.serials.is_empty(),
        facts: lines(f.language, plain::about_loss(receipt)),
        f,
        signature: signature.to_string(),
        code,
    }
}

#[cfg(test)]
pub(super) fn sample(language: crate::pages::Language) -> String {
    let receipt = LossReceipt {
        v: 1,
        reference: "0123456789ABCDEF".into(),
        serials: vec!["01".repeat(18)],
        time: "2026-11-24T08:00:00Z".into(),
        founding: Bytes(vec![3; 32]),
    };
    let f = Frame::sample(language, "/lost/receipt");
    let code = ReceiptCode::sample();
    filled(f, &receipt, &Bytes(vec![9; 70]), code).render().unwrap()
}
