//! `POST /orders/ORDER/decline`: what will be signed when an order is sent back or rejected, before
//! anybody signs it. Nothing is changed here.

use super::certificate::{self, ReaderCertificate};
use super::review::{self, TypedDecline};
use super::touch::ToTouch;
use crate::pages::facts::{FactItem, lines, typed};
use crate::pages::{Frame, FromPath, Posted, page, problem, show, words};
use crate::refusal::{passed_on, refused, unreadable};
use crate::state::PortalState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use ca_api::{AsOfficer, OrderQuery};
use pki::name::check_readable;
use portal_api::plain;
use records::decline::{DeclineStatement, Outcome, REASON_CHARS_MAX};
use records::export::OpenedOrder;
use records::letter::read_reference;
use records::order::Body;
use records::{Bytes, Code, Disclosure, Problem};
use serde::Deserialize;
use service::Clock;
use service::problem::Refused;
use std::sync::Arc;
use system::random;
use system::speech::Command;

words! {
    DeclineWords {
        back "← 返回审批" "← Back to the order";
        returned "退回" "Send it back";
        rejected "驳回" "Reject it";
        returned_what "申请人会看到理由，修改后可以用同一封密码信封重新申请。" "Whoever applied reads the reason and may apply again with the same letter.";
        rejected_what "办理到此结束，申请人会看到理由，据以申请的密码信封作废；批量中的每一件都是如此。" "It ends here. Whoever applied reads the reason, and a letter that it rests on is used up; of a batch that holds for every order in it.";
        what "将要终止的内容" "What is declined";
        differs "有变化" "differs";
        order "办件编号" "Order";
        kind "类别" "Kind";
        signed "以下内容由您签署" "What you sign";
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
pub(super) struct DeclinePage {
    f: Frame,
    w: &'static DeclineWords,
    outcome: Outcome,
    order: String,
    kind: String,
    /// Everything of the order, and of a batch of each order in it; and what ends with it.
    facts: Vec<FactItem>,
    t: ToTouch,
    /// The reason as it is sent on.
    reason: String,
    salt: String,
    command: String,
}

/// `POST /orders/{order}/decline`
pub(super) async fn decline(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    ReaderCertificate(shown): ReaderCertificate,
    FromPath(order): FromPath<String>,
    Posted(form): Posted<Form>,
) -> Response {
    let Some(order) = read_reference(&order) else {
        return problem::page(&f, &refused(Code::OrderUnknown).0, "/");
    };
    let back = format!("/orders/{order}");
    let reason = one_line(&form.reason);
    if let Err(matter) = check_readable(&reason, REASON_CHARS_MAX) {
        let problem = Some(unreadable(("理由", "The reason"), &matter).0);
        // What cannot be seen comes back as what it is, to be taken out.
        let reason = show::harmless(&reason);
        let typed = TypedDecline { outcome: form.outcome, reason, problem };
        return review::shown_with(&portal, f, shown, order, (None, typed)).await;
    }
    let Some(outcome) = Outcome::from_name(&form.outcome) else {
        let problem = Some(refused(Code::Malformed).0);
        let typed = TypedDecline { outcome: form.outcome, reason, problem };
        return review::shown_with(&portal, f, shown, order, (None, typed)).await;
    };
    let no = |told: &Problem| {
        let kept = review::kept(&f, (&order, outcome), reason.clone());
        certificate::refused_keeping(&f, &portal, told, (&back, Some(kept)))
    };
    let officer = shown.certificate.clone();
    let query = OrderQuery { order: order.clone() };
    let message = AsOfficer { certificate: officer.clone(), message: query };
    let answer = passed_on(portal.issuer.fetch(&message).await);
    let export = match portal.recorded_fetch(&shown.person, answer).await {
        Ok(export) => export,
        Err(Refused(told)) => return no(&told),
    };
    let opened = export.open(&portal.trust, Clock::system().seconds());
    let (Ok(opened), Ok(salt)) = (opened, random::bytes::<32>()) else {
        return no(&refused(Code::OrderAltered).0);
    };
    // A passkey declines no batch.
    let credentials = match opened.body() {
        Body::Batch(_) => Ok(String::new()),
        _ => super::passkeys::usable(&portal, officer).await,
    };
    let credentials = match credentials {
        Ok(credentials) => credentials,
        Err(Refused(told)) => return no(&told),
    };
    let kind = plain::kind(opened.body());
    let kind = f.language.of_both(kind.zh, kind.en);
    let named = (opened.order().order.clone(), kind);
    match filled(f.clone(), named, (outcome, reason.clone()), (&opened, salt), credentials) {
        Some(filled) => page(StatusCode::OK, &filled),
        None => no(&refused(Code::Malformed).0),
    }
}

/// A reason is one paragraph; what breaks lines in a form is a space in it.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(super) fn filled(
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
    let mut facts = plain::facts_of_decision(opened, &[]);
    facts.extend(plain::about_ending(opened, Some(outcome)));
    Some(DeclinePage {
        w: DeclineWords::of(f.language),
        facts: lines(f.language, facts),
        outcome,
        t: ToTouch::decline(f.language, (&statement, &disclosure), credentials)?,
        command: typed(&Command::new(command(outcome), &[&order, &reason])),
        order,
        kind,
        reason,
        salt: Bytes::from(salt).to_string(),
        f,
    })
}

fn command(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Returned => "yinxin return {} --reason {}",
        Outcome::Rejected => "yinxin reject {} --reason {}",
    }
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    let line = |zh: &str, en: &str, value: &str| FactItem {
        term: language.of_both(zh.into(), en.into()),
        value: crate::pages::Marked::new().foreign(value),
        differs: false,
        lines: Vec::new(),
    };
    let facts = |outcome| match outcome {
        Outcome::Returned => vec![
            line("批量事项", "each of them is to", "issue"),
            line("签发证书", "issue a certificate", "5GPJWBSG64S36D1Q"),
            line("证书持有人", "for whom", "<b>王小明</b>"),
            line("随之终止的办件", "orders that end with it", "1"),
        ],
        Outcome::Rejected => vec![line("驳回即作废的密码信封", "letters used up", "1")],
    };
    let render = |outcome, reason: &str, credentials: &str| {
        let opens = Disclosure::new("/reason", [7; 32], reason.into());
        let reason = opens.commitment().unwrap();
        let said = DeclineStatement { v: 1, order: Bytes::from([5; 32]), outcome, reason };
        let page = DeclinePage {
            facts: facts(outcome),
            t: ToTouch::decline(language, (&said, &opens), credentials.into()).unwrap(),
            f: Frame::sample(language, "/orders/5GPJWBSG64S36D1N"),
            w: DeclineWords::of(language),
            outcome,
            order: "5GPJWBSG64S36D1N".into(),
            kind: language.of_both("签发证书".into(), "issue a certificate".into()),
            reason: "-".into(),
            command: "yinxin return 5GPJWBSG64S36D1N --reason '…'".into(),
            salt: "AAAA".into(),
        };
        page.render().unwrap()
    };
    vec![
        ("decline-return", render(Outcome::Returned, "登记的单位不对，请先更正。", "AAAA")),
        ("decline-reject", render(Outcome::Rejected, "<b>\u{202e}不是本单位人员", "")),
    ]
}
