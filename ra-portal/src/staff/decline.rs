//! `POST /orders/ORDER/decline`: what will be signed when an order is sent back or rejected, before
//! anybody signs it. Nothing is changed here.

use super::certificate::{self, Shown};
use crate::pages::{Frame, FromPath, Posted, page, problem, show, words};
use crate::refusal::{passed_on, refused};
use crate::state::PortalState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use ca_api::{AsOfficer, Wanted};
use portal_api::plain;
use records::decline::{Decline, DeclineStatement, Outcome, REASON_CHARS_MAX};
use records::export::OpenedOrder;
use records::letter::read_reference;
use records::{Bytes, Code, Disclosure, json};
use serde::Deserialize;
use service::Clock;
use service::problem::Refused;
use std::sync::Arc;
use system::random;

words! {
    DeclineWords {
        back "← 返回审批" "← Back to the order";
        returned "退回" "Send it back";
        rejected "驳回" "Reject it";
        returned_what "申请人会看到理由，修改后可以用同一封密码信封重新申请。" "Whoever applied reads the reason and may apply again with the same letter.";
        rejected_what "办理到此结束，申请人会看到理由，其密码信封作废。" "It ends here. Whoever applied reads the reason; the letter is used up.";
        order "办件编号" "Order";
        kind "类别" "Kind";
        reason "理由" "Reason";
        by_passkey "用通行密钥确认" "Confirm with a passkey";
        or_outside "或者在您的电脑上用自己的证书密钥：" "Or with your certificate key on your own computer:";
        outside "请在您的电脑上用自己的证书密钥确认：" "Confirm it with your certificate key on your own computer:";
        refused "没有确认：浏览器或安全密钥拒绝了，或者操作超时。请重试。" "It was not confirmed: the browser or the security key refused, or it took too long. Try again.";
    }
}

/// What the review page sends.
#[derive(Deserialize)]
pub(super) struct Form {
    outcome: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "staff/decline.html")]
struct DeclinePage {
    f: Frame,
    w: &'static DeclineWords,
    outcome: Outcome,
    order: String,
    kind: String,
    /// As it is shown, and as it is signed.
    reason: (String, String),
    command: String,
    statement: String,
    salt: String,
    challenge: String,
    credentials: String,
}

/// `POST /orders/{order}/decline`
pub(super) async fn decline(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    Shown(shown): Shown,
    FromPath(order): FromPath<String>,
    Posted(form): Posted<Form>,
) -> Response {
    let Some(order) = read_reference(&order) else {
        return problem::page(&f, &refused(Code::OrderUnknown).0, "/");
    };
    let back = format!("/orders/{order}");
    let reason = one_line(&form.reason);
    let length = reason.chars().count();
    let outcome = Outcome::from_name(&form.outcome);
    let Some(outcome) = outcome.filter(|_| (1..=REASON_CHARS_MAX).contains(&length)) else {
        return problem::page(&f, &refused(Code::Malformed).0, &back);
    };
    let officer = shown.certificate.clone();
    let message = AsOfficer { certificate: officer.clone(), message: Wanted { order } };
    let answer = passed_on(portal.issuer.fetch(&message).await);
    let export = match portal.recorded_fetch(&shown.person, answer).await {
        Ok(export) => export,
        Err(Refused(told)) => {
            return match told.known() {
                Some(
                    Code::CertificateRevoked
                    | Code::CertificateSuspended
                    | Code::CertificateExpired,
                ) => certificate::not_seen(&f, &portal, &told),
                _ => problem::page(&f, &told, "/"),
            };
        }
    };
    let opened = export.open(&portal.trust, Clock::system().seconds());
    let (Ok(opened), Ok(salt)) = (opened, random::bytes::<32>()) else {
        return problem::page(&f, &refused(Code::OrderAltered).0, &back);
    };
    let credentials = super::review::usable(&portal, officer).await;
    let kind = plain::kind(opened.body());
    let kind = f.language.of_both(kind.zh, kind.en);
    let named = (opened.order().order.clone(), kind);
    match filled(f.clone(), named, (outcome, reason), (&opened, salt), credentials) {
        Some(filled) => page(StatusCode::OK, &filled),
        None => problem::page(&f, &refused(Code::Malformed).0, &back),
    }
}

/// A reason is one paragraph; what breaks lines in a form is a space in it.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn filled(
    f: Frame,
    (order, kind): (String, String),
    (outcome, reason): (Outcome, String),
    (opened, salt): (&OpenedOrder, [u8; 32]),
    credentials: String,
) -> Option<DeclinePage> {
    let disclosure = Disclosure::new("/reason", salt, reason.clone().into());
    let statement = DeclineStatement {
        v: 1,
        order: opened.digest().into(),
        outcome,
        reason: disclosure.commitment().ok()?,
    };
    let statement = json::write(&statement).ok()?;
    let verb = match outcome {
        Outcome::Returned => "return",
        Outcome::Rejected => "reject",
    };
    let shown = show::harmless(&reason);
    Some(DeclinePage {
        w: DeclineWords::of(f.language),
        f,
        outcome,
        command: format!("yinxin {verb} {order} --reason '{}'", shown.replace('\'', "'\\''")),
        order,
        kind,
        reason: (shown, reason),
        challenge: Bytes::from(Decline::challenge(&statement)).to_string(),
        statement: Bytes(statement).to_string(),
        salt: Bytes::from(salt).to_string(),
        credentials,
    })
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    let render = |outcome, reason: &str, credentials: &str| {
        let page = DeclinePage {
            f: Frame::sample(language, "/orders/5GPJWBSG64S36D1N"),
            w: DeclineWords::of(language),
            outcome,
            order: "5GPJWBSG64S36D1N".into(),
            kind: language.of_both("签发证书".into(), "issue a certificate".into()),
            reason: (show::harmless(reason), "-".into()),
            command: "yinxin return 5GPJWBSG64S36D1N --reason '…'".into(),
            statement: "AAAA".into(),
            salt: "AAAA".into(),
            challenge: "AAAA".into(),
            credentials: credentials.into(),
        };
        page.render().unwrap()
    };
    vec![
        ("decline-return", render(Outcome::Returned, "登记的单位不对，请先更正。", "AAAA")),
        ("decline-reject", render(Outcome::Rejected, "<b>\u{202e}不是本单位人员", "")),
    ]
}
