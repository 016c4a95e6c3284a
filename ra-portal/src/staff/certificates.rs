//! `GET /certificates`: people and their certificates within the officer's scope.

use super::{Shown, certificate};
use crate::edge::{Portal, passed_on};
use crate::pages::{Frame, page, show, words};
use askama::Template;
use audit::{Code, Problem};
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use ca_api::{AsOfficer, CertificateLine, Certificates, Sought};
use serde::Deserialize;
use service::problem::{Refused, status};
use std::sync::Arc;

words! {
    CertificatesWords {
        title "查找证书" "Find certificates";
        find "查找" "Find";
        hint "姓名（或开头几个字）、人员编号、单位编号或序列号" "A name or its beginning, a person id, a unit id or a serial number";
        go "查找" "Find";
        found "查找结果" "Found";
        nothing "您的管辖范围内没有符合的证书。" "Nothing fits within your scope.";
        person "人员" "Person";
        unit "单位" "Unit";
        profile "模板" "Profile";
        until "有效至" "Until";
        state "状态" "State";
        revoked "已吊销" "revoked";
        in_force "有效" "in force";
        more "没有全部列出，请输入更多内容。" "Not everything is listed; type more.";
        next "下一页" "More";
        elsewhere "管辖范围之外另有：" "Outside your scope there are also:";
    }
}

struct Line {
    serial: String,
    name: String,
    person: String,
    unit: String,
    profile: String,
    until: String,
    revoked: bool,
}

#[derive(Template)]
#[template(path = "staff/certificates.html")]
struct CertificatesPage {
    f: Frame,
    w: &'static CertificatesWords,
    find: String,
    problem: Option<Problem>,
    found: Option<Vec<Line>>,
    elsewhere: u32,
    more: bool,
    /// Address of the next page.
    next: Option<String>,
}

/// What stands in the address.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    find: String,
    /// Serial number of the last certificate of the page before.
    after: String,
}

/// `GET /certificates`
pub(super) async fn show(
    State(portal): State<Arc<Portal>>,
    f: Frame,
    Shown(shown): Shown,
    Query(asked): Query<Asked>,
) -> Response {
    let begun = !asked.find.trim().is_empty();
    // Without a question only whether they may ask: nobody has this name.
    let text = if begun { asked.find.clone() } else { "-".into() };
    let sought = Sought { text, after: if begun { asked.after } else { String::new() } };
    let message = AsOfficer { certificate: shown.certificate, message: sought };
    let answer = passed_on(portal.issuer.find(&message).await);
    match portal.told("find", &shown.person, answer).await {
        Ok(found) => page(StatusCode::OK, &filled(f, asked.find, begun.then_some(found), None)),
        Err(Refused(told)) => match told.known() {
            Some(code @ Code::Malformed) => {
                page(status(code), &filled(f, asked.find, None, Some(told)))
            }
            _ => certificate::not_seen(&f, &portal, &told),
        },
    }
}

fn filled(
    f: Frame,
    find: String,
    found: Option<Certificates>,
    problem: Option<Problem>,
) -> CertificatesPage {
    let (elsewhere, more) =
        found.as_ref().map(|found| (found.elsewhere, found.more)).unwrap_or_default();
    let last = found.as_ref().and_then(|found| found.lines.last()).filter(|_| more);
    let next = last.map(|line| {
        format!("/certificates?find={}&after={}", show::escaped(&find), show::escaped(&line.serial))
    });
    let line = |line: CertificateLine| Line {
        serial: line.serial,
        name: show::harmless(&line.name),
        person: line.person,
        unit: show::harmless(&line.unit),
        profile: line.profile,
        until: show::time(&line.not_after),
        revoked: line.revoked.is_some(),
    };
    CertificatesPage {
        w: CertificatesWords::of(f.language),
        f,
        find,
        problem,
        found: found.map(|found| found.lines.into_iter().map(line).collect()),
        elsewhere,
        more,
        next,
    }
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    let line = |name: &str, revoked: bool| CertificateLine {
        serial: "0101010101".into(),
        person: "0123456789ABCDEF".into(),
        name: name.into(),
        unit: "sz-office".into(),
        profile: "official".into(),
        not_after: "2027-11-24T08:00:00Z".into(),
        revoked: revoked.then(|| ("2026-11-25T08:00:00Z".to_owned(), "keyCompromise".to_owned())),
    };
    let lines = vec![line("王小明", false), line("王<b>\u{202e}", true)];
    let render = |find: &str, found| {
        let f = Frame::sample(language, "/certificates");
        filled(f, find.into(), found, None).render().unwrap()
    };
    vec![
        ("certificates", render("", None)),
        (
            "certificates-found",
            render("王", Some(Certificates { lines, elsewhere: 3, more: true })),
        ),
    ]
}
