//! `GET /`: three doors.

use crate::pages::{Frame, page, words};
use crate::state::PortalState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use std::sync::Arc;

words! {
    HomeWords {
        title "请选择办理事项" "What do you need?";
        lead "数字证书证明您是谁。每一次申请、审批和使用都记入不可更改的日志。" "A digital certificate proves who you are. Every application, approval and use stands in a log that nobody can change.";
        letter "我有密码信封" "I have a letter";
        letter_what "用密码信封上的编号和授权码领取您的证书，约需五分钟；或查看申请办到哪一步。" "Get your certificate with the reference and code of your letter, in about five minutes; or see how far it is.";
        letter_go "输入编号和授权码" "Enter reference and code";
        certificate "我有证书" "I have a certificate";
        certificate_what "检查证书能否使用，查看有效期；审批人员和管理人员由此进入工作台。" "Test whether it works and how long it is valid; officers and administrators go to their desk from here.";
        certificate_go "检查我的证书" "Test my certificate";
        application "我负责一个应用系统" "I own an application";
        application_what "让网关为您的应用系统验证身份、执行规则并留下记录。" "Let a gate authenticate, decide and record in front of your application.";
        application_go "进入工作台" "Go to the desk";
        root "第一次使用这台电脑？先信任本市根证书" "The first time on this computer? Trust this city's root certificate first";
        lost "证书或密码信封丢失、被盗？立即挂失" "Certificate or letter lost or stolen? Report it now";
        renew "证书快到期或刚过期？续期" "Does your certificate end soon, or has it just ended? Renew it";
        suspend "还不确定？先冻结" "Not sure yet? Suspend it first";
        receipt "别人向您出示了回执：核验回执" "You were shown a receipt: check it";
    }
}

#[derive(Template)]
#[template(path = "public/home.html")]
struct HomePage {
    f: Frame,
    w: &'static HomeWords,
    staff: String,
}

/// `GET /`
pub(super) async fn show(State(portal): State<Arc<PortalState>>, f: Frame) -> Response {
    let w = HomeWords::of(f.language);
    page(StatusCode::OK, &HomePage { f, w, staff: portal.trust.portal_staff.clone() })
}

#[cfg(test)]
pub(super) fn sample(language: crate::pages::Language) -> String {
    let (f, w) = (Frame::sample(language, "/"), HomeWords::of(language));
    HomePage { f, w, staff: "https://staff.example".into() }.render().unwrap()
}
