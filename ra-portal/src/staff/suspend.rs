//! `/certificate/suspend`: a holder suspends the certificate that they show. It is the portal's
//! word that they do, and told so: for certificates of officials only, who have no key at hand
//! here. A certificate that is lost is suspended in the same way: nobody can use it any more, and
//! it is revoked unless two officers release it.

use super::certificate::{ReaderCertificate, not_seen};
use crate::pages::suspended::SuspendedFacts;
use crate::pages::{Frame, FromQuery, Posted, page, problem, words};
use crate::refusal::{passed_on, refused};
use crate::state::PortalState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use ca_api::{AsOfficer, OwnSuspension};
use pki::Certificate;
use records::Code;
use serde::Deserialize;
use service::problem::Refused;
use std::sync::Arc;

words! {
    SuspendWords {
        title "冻结或挂失我的证书" "Suspend or report my certificate";
        back "返回我的证书" "Back to my certificate";
        what "冻结立即生效：各应用系统几秒钟内即拒绝这张证书，您也不能再用它打开这里的页面。" "It takes effect at once: applications refuse this certificate within seconds, and you cannot open these pages with it.";
        release "您自己不能解除。另外两名审批人员核对后可以解除；15 天内无人解除，证书自动吊销，不可恢复。" "You cannot release it. Two other officers can, after they have checked; if nobody does within 15 days it is revoked for good.";
        letter "手里有密码信封的，可以凭密码信封立即挂失，证书随即吊销。" "With your letter you can report a loss on the public host, which revokes it at once.";
        letter_go "凭密码信封挂失" "Report a loss with a letter";
        serial "序列号" "Serial number";
        reason "原因" "Reason";
        lost "丢失、被盗或可能被他人使用" "Lost, stolen, or perhaps used by somebody else";
        pause "暂时停用" "Not to be used for a while";
        go "立即冻结" "Suspend it now";
    }
}

#[derive(Template)]
#[template(path = "staff/suspend.html")]
struct SuspendPage {
    f: Frame,
    w: &'static SuspendWords,
    serial: String,
    /// Whether it is only not used for a while.
    paused: bool,
    /// The public host.
    public: String,
}

/// What stands in the address.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct PageQuery {
    reason: String,
}

#[derive(Template)]
#[template(path = "staff/suspended.html")]
struct SuspendedPage {
    f: Frame,
    s: SuspendedFacts,
}

/// What the page sends.
#[derive(Deserialize)]
pub(super) struct Form {
    reason: String,
}

/// `GET /certificate/suspend`
pub(super) async fn show(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    ReaderCertificate(shown): ReaderCertificate,
    FromQuery(PageQuery { reason }): FromQuery<PageQuery>,
) -> Response {
    let w = SuspendWords::of(f.language);
    let paused = reason == "privilegeWithdrawn";
    match Certificate::read(&shown.certificate.0) {
        Ok(own) => {
            let serial = own.serial().to_string();
            let public = portal.public_address().to_owned();
            page(StatusCode::OK, &SuspendPage { f, w, serial, paused, public })
        }
        Err(_) => not_seen(&f, &portal, &refused(Code::CertificateForeign).0),
    }
}

/// `POST /certificate/suspend`
pub(super) async fn suspend(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    ReaderCertificate(shown): ReaderCertificate,
    Posted(Form { reason }): Posted<Form>,
) -> Response {
    let Ok(own) = Certificate::read(&shown.certificate.0) else {
        return not_seen(&f, &portal, &refused(Code::CertificateForeign).0);
    };
    let wanted = OwnSuspension { serial: own.serial().to_string(), reason };
    let message = AsOfficer { certificate: shown.certificate, message: wanted };
    let answer = passed_on(portal.issuer.suspend(&message).await);
    let signed = portal.recorded_brake("suspend", &shown.person, answer).await;
    let public = portal.public_address();
    let read = |signed| SuspendedFacts::read(f.language, &signed, public).map_err(refused);
    let facts = signed.and_then(read);
    match facts {
        Ok(s) => page(StatusCode::OK, &SuspendedPage { f, s }),
        Err(Refused(told)) => problem::page(&f, &told, "/certificate"),
    }
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    let (f, w) = (Frame::sample(language, "/certificate"), SuspendWords::of(language));
    let public = "https://portal.example".to_owned();
    let asked = SuspendPage { f: f.clone(), w, serial: "01".repeat(18), paused: true, public };
    let s = SuspendedFacts::sample(language, "portal:portal-1");
    let suspended = SuspendedPage { f, s };
    vec![("own-suspend", asked.render().unwrap()), ("own-suspended", suspended.render().unwrap())]
}
