//! `/passkey`: what the staff page saved is looked at, then the officer's key asks for it to be
//! certified.

use super::bench::Bench;
use super::frame::{self, Frame};
use super::guard::{Key, Posted};
use super::order::FactItem;
use super::session::Admitted;
use crate::consent::{Consentable, at_desk};
use crate::exit::Failure;
use crate::files::SigningIdentity;
use crate::passkey::SignablePasskey;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use page::{show, words};
use portal_api::{NewPasskey, plain};
use records::json::Misfit;
use serde::Deserialize;
use std::sync::Arc;

words! {
    PasskeyWords {
        title "认证通行密钥" "Certify a passkey";
        lead "通行密钥在门户工作台的页面上生成，并保存为文件；在这里用您的证书密钥申请认证，再由另一名安全保密管理员批准。" "A passkey is made on the portal's staff page, which saves a file. Here your certificate key asks for it to be certified; another security administrator then approves it.";
        file "页面保存的文件" "The file that the page saved";
        saved "文件内容" "What the file says";
        saved_hint "选好文件后自动填入，也可粘贴" "Filled in from the file, or paste it";
        hardware "保管在硬件安全密钥中，不能导出" "It lives in a hardware key that it cannot leave";
        look "下一步：核对" "Next: look at it";
        digest "摘要" "Digest";
        yours "这是您刚刚生成的通行密钥吗？" "Is this the passkey that you made?";
        certify "是，申请认证" "Yes, ask for it";
        asked "已提交，等待批准" "Submitted; it waits for approval";
        order "办件编号" "Order";
        needed "需要的批准" "Approvals needed";
    }
}

/// The step at which the certification of a passkey stands.
pub(super) enum Step {
    /// Nothing was brought yet.
    Bring,
    /// What was brought, to be looked at.
    Look { facts: Vec<FactItem>, digest: String, saved: String, hardware: bool },
    /// It was asked for.
    Asked { order: String, needed: u32 },
}

#[derive(Template)]
#[template(path = "desk/passkey.html")]
pub(super) struct PasskeyPage {
    pub(super) f: Frame,
    pub(super) w: &'static PasskeyWords,
    pub(super) step: Step,
}

/// What the page sends; the digest comes back of what was looked at.
#[derive(Deserialize)]
pub(super) struct Brought {
    saved: String,
    #[serde(default)]
    hardware: String,
    #[serde(default)]
    digest: String,
}

/// Answers `GET /passkey`.
pub(super) async fn show(
    State(bench): State<Arc<Bench>>,
    admitted: Admitted,
    Key(_): Key,
) -> Response {
    filled(Frame::inside(&bench, &admitted, "/passkey"), Ok(Step::Bring))
}

/// Answers `POST /passkey`.
pub(super) async fn look(
    State(bench): State<Arc<Bench>>,
    Key(opened): Key,
    posted: Posted<Brought>,
) -> Response {
    let f = Frame::inside(&bench, &posted.admitted, "/passkey");
    let Brought { saved, hardware, .. } = posted.form;
    let step = certifying(&bench, &opened, &saved, &hardware).map(|made| Step::Look {
        facts: FactItem::all(made.facts(), f.language),
        digest: made.digest().map(|digest| plain::fingerprint(&digest)).unwrap_or_default(),
        saved,
        hardware: !hardware.is_empty(),
    });
    filled(f, step)
}

/// Answers `POST /passkey/certify`.
pub(super) async fn certify(
    State(bench): State<Arc<Bench>>,
    Key(opened): Key,
    posted: Posted<Brought>,
) -> Response {
    let f = Frame::inside(&bench, &posted.admitted, "/passkey");
    let asked = async {
        let Brought { saved, hardware, digest } = &posted.form;
        let made = certifying(&bench, &opened, saved, hardware)?;
        let body = at_desk(made, (digest, &[]))?.sign(&*bench.to_sign()?)?;
        let made = bench.portal(&opened)?.certify(&body).await?;
        Ok(Step::Asked { order: show::harmless(&made.order), needed: made.needed })
    };
    let step = asked.await;
    filled(f, step)
}

fn certifying(
    bench: &Bench,
    opened: &SigningIdentity,
    saved: &str,
    hardware: &str,
) -> Result<SignablePasskey, Failure> {
    let new: NewPasskey = serde_json::from_str(saved).map_err(|error| {
        let misfit = Misfit::of(&error, saved.as_bytes());
        let why = format!("not the page's file: {}", misfit.en());
        Failure::usage(format!("这不是工作台页面保存的文件：{}。", misfit.zh()), why)
    })?;
    SignablePasskey::new(&bench.trust, opened, &new, hardware.is_empty())
}

fn filled(f: Frame, step: Result<Step, Failure>) -> Response {
    match step {
        Ok(step) => {
            let w = PasskeyWords::of(f.language);
            frame::page(StatusCode::OK, &PasskeyPage { f, w, step })
        }
        Err(failure) => f.failed(&failure),
    }
}
