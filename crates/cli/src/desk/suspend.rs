//! `/suspend`: what the officer types is shown as it will be signed; then their key signs that a
//! certificate be suspended at once, and the receipt of the status service is shown, checked, and
//! can be saved. Two others release it: that order waits at their desks like all others.

use super::bench::Bench;
use super::frame::{self, Frame};
use super::guard::{Key, Posted};
use super::order::FactItem;
use super::revoke::{Look, Signed, Typed};
use super::session::Admitted;
use crate::consent::{Consentable, at_desk};
use crate::exit::Failure;
use crate::suspend::{SignableSuspension, about_done, handed_in};
use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use page::words;
use portal_api::plain::{self, Fact};
use std::sync::Arc;

words! {
    SuspendWords {
        title "冻结证书" "Suspend a certificate";
        lead "用您的证书密钥签署，立即生效：各应用系统几秒钟内即拒绝这张证书。您自己不能解除；另外两名审批人员可以，15 天内无人解除即自动吊销。" "You sign with your certificate key, and it counts at once: applications refuse the certificate within seconds. You cannot release it; two other officers can, and if nobody does within 15 days it is revoked.";
        serial "证书序列号" "Serial number";
        reason "原因" "Reason";
        evidence "依据" "Evidence";
        evidence_hint "看过什么文件、谁来报告的" "What you looked at, who told you";
        look "下一步：核对" "Next: look at it";
        digest "摘要" "Digest";
        sign "签署并冻结" "Sign and suspend";
        done "已冻结。回执由状态服务签名，yinxin 已核对。" "It is suspended. The status service signed the receipt, which yinxin has checked.";
        save "保存回执" "Save the receipt";
    }
}

#[derive(Template)]
#[template(path = "desk/suspend.html")]
pub(super) struct SuspendPage {
    pub(super) f: Frame,
    pub(super) w: &'static SuspendWords,
    reasons: Vec<(&'static str, String)>,
    pub(super) look: Option<Look>,
    /// What the receipt says, once it is done.
    pub(super) done: Vec<FactItem>,
}

/// Answers `GET /suspend`.
pub(super) async fn show(
    State(bench): State<Arc<Bench>>,
    admitted: Admitted,
    Key(_): Key,
) -> Response {
    frame::page(StatusCode::OK, &filled(Frame::inside(&bench, &admitted, "/suspend")))
}

/// `POST /suspend`: nothing is signed yet.
pub(super) async fn look(
    State(bench): State<Arc<Bench>>,
    Key(opened): Key,
    posted: Posted<Typed>,
) -> Response {
    let f = Frame::inside(&bench, &posted.admitted, "/suspend");
    let asked =
        posted.form.read().and_then(|typed| SignableSuspension::new(&bench.trust, &opened, typed));
    match asked {
        Ok(said) => {
            let look = Look {
                facts: FactItem::all(said.facts(), f.language),
                digest: said.digest().map(|sha| plain::fingerprint(&sha)).unwrap_or_default(),
            };
            bench.suspends.keep(said);
            frame::page(StatusCode::OK, &SuspendPage { look: Some(look), ..filled(f) })
        }
        Err(failure) => f.failed(&failure),
    }
}

/// Answers `POST /suspend/sign`.
pub(super) async fn sign(
    State(bench): State<Arc<Bench>>,
    Key(_): Key,
    posted: Posted<Signed>,
) -> Response {
    let f = Frame::inside(&bench, &posted.admitted, "/suspend");
    match suspended(&bench, &posted.form.digest).await {
        Ok(facts) => {
            let done = FactItem::all(facts, f.language);
            frame::page(StatusCode::OK, &SuspendPage { done, ..filled(f) })
        }
        Err(failure) => f.failed(&failure),
    }
}

/// What was shown last is signed, once; what the receipt says.
async fn suspended(bench: &Bench, shown: &str) -> Result<Vec<Fact>, Failure> {
    let said = bench
        .suspends
        .take()
        .ok_or_else(|| Failure::usage("请重新填写。", "fill it in again; nothing was signed"))?;
    let (serial, (reason, time)) = (said.serial().to_owned(), said.asked());
    let said = at_desk(said, (shown, &[]))?;
    let (receipt, notice) = handed_in(&bench.trust, &*bench.to_sign()?, (said, &serial)).await?;
    let bytes = serde_json::to_vec_pretty(&receipt)
        .map_err(|error| Failure::because("无法写出回执", &error))?;
    bench.receipt.keep(bytes);
    Ok(about_done(&notice, (&reason, time)))
}

/// Answers `GET /suspend/receipt.json`.
pub(super) async fn fetch(State(bench): State<Arc<Bench>>, admitted: Admitted) -> Response {
    match bench.receipt.get() {
        Some(receipt) => {
            let headers = [
                (header::CONTENT_TYPE, "application/json"),
                (header::CONTENT_DISPOSITION, "attachment; filename=\"receipt.json\""),
            ];
            (headers, receipt).into_response()
        }
        None => Frame::inside(&bench, &admitted, "/").told(StatusCode::NOT_FOUND, |w| w.not_found),
    }
}

pub(super) fn filled(f: Frame) -> SuspendPage {
    let w = SuspendWords::of(f.language);
    let reasons = super::revoke::reasons(f.language);
    SuspendPage { w, reasons, look: None, done: Vec::new(), f }
}
