//! `GET /certificates`: certificates of people and systems within the officer's scope.

use super::certificate::{self, ReaderCertificate};
use crate::pages::{Frame, FromQuery, is_own_step, page, show, words};
use crate::refusal::passed_on;
use crate::state::PortalState;
use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use ca_api::{AsOfficer, CertificateLine, Certificates, OfficerSearch};
use records::suspension::HOLD;
use records::{Code, Problem};
use serde::Deserialize;
use service::Clock;
use service::problem::{Refused, status};
use std::sync::Arc;

words! {
    CertificatesWords {
        title "查找证书" "Find certificates";
        find "查找" "Find";
        hint "姓名（或开头几个字）、人员编号、单位编号、系统编号或序列号" "A name or its beginning, the id of a person, a unit or a system, or a serial number";
        go "查找" "Find";
        found "查找结果" "Found";
        nothing "您的管辖范围内没有符合的证书。" "Nothing fits within your scope.";
        holder "人员或系统" "Person or system";
        unit "单位" "Unit";
        profile "证书模板" "Profile";
        until "有效期至" "Valid until";
        state "状态" "State";
        revoked "已吊销" "revoked";
        suspended "已冻结" "suspended";
        in_force "有效" "in force";
        expired "已过期" "expired";
        nothing_yet "到此为止，您的管辖范围内还没有符合的证书。请输入更多内容，或看下一页。" "Nothing so far within your scope. Type more, or look at the next page.";
        next "下一页" "More";
        elsewhere "管辖范围之外另有：" "Outside your scope there are also:";
    }
}

struct CertificateItem {
    serial: String,
    name: String,
    /// Whose it is: the address and the id of a person or a system.
    whose: (String, String),
    unit: String,
    profile: String,
    until: String,
    suspended: bool,
    revoked: bool,
    /// Whether it is over by the clock of the portal.
    expired: bool,
}

#[derive(Template)]
#[template(path = "staff/certificates.html")]
struct CertificatesPage {
    f: Frame,
    w: &'static CertificatesWords,
    find: String,
    problem: Option<Problem>,
    found: Option<Vec<CertificateItem>>,
    elsewhere: u32,
    /// Address of the next page.
    next: Option<String>,
}

/// What stands in the address.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct PageQuery {
    find: String,
    /// Where the page before said that the list goes on.
    after: String,
}

/// `GET /certificates`
pub(super) async fn show(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    ReaderCertificate(shown): ReaderCertificate,
    FromQuery(asked): FromQuery<PageQuery>,
    headers: HeaderMap,
) -> Response {
    // A link on somebody else's page fills the form and no more: what is looked for is kept in the
    // officer's name.
    let begun = !asked.find.trim().is_empty() && is_own_step(&headers);
    // Without a question only whether they may ask: nobody has this name.
    let text = if begun { asked.find.clone() } else { "-".into() };
    let sought = OfficerSearch { text, after: if begun { asked.after } else { String::new() } };
    let message = AsOfficer { certificate: shown.certificate, message: sought };
    let answer = passed_on(portal.issuer.find(&message).await);
    let now = Clock::system().seconds();
    match portal.recorded_brake("find", &shown.person, answer).await {
        Ok(found) => {
            page(StatusCode::OK, &filled(f, asked.find, begun.then_some(found), (None, now)))
        }
        Err(Refused(told)) => match told.known() {
            Some(code @ Code::Malformed) => {
                page(status(code), &filled(f, asked.find, None, (Some(told), now)))
            }
            _ => certificate::not_seen(&f, &portal, &told),
        },
    }
}

fn filled(
    f: Frame,
    find: String,
    found: Option<Certificates>,
    (problem, now): (Option<Problem>, u64),
) -> CertificatesPage {
    let (elsewhere, more) =
        found.as_ref().map(|f| (f.elsewhere, f.more.as_str())).unwrap_or_default();
    let next = (!more.is_empty()).then(|| {
        format!("/certificates?find={}&after={}", show::escaped(&find), show::escaped(more))
    });
    let line = |line: CertificateLine| CertificateItem {
        serial: line.serial,
        name: show::harmless(&line.name),
        whose: match line.system {
            Some(system) => (format!("/systems/{system}"), system),
            None => (format!("/people/{}", line.person), line.person),
        },
        unit: show::harmless(&line.place),
        profile: f.profile(&line.profile),
        until: show::time(f.language, &line.not_after),
        suspended: line.revoked.as_ref().is_some_and(|(_, reason)| reason == HOLD),
        revoked: line.revoked.is_some(),
        expired: records::time::read(&line.not_after).is_some_and(|until| until < now),
    };
    CertificatesPage {
        w: CertificatesWords::of(f.language),
        found: found.map(|found| found.lines.into_iter().map(line).collect()),
        f,
        find,
        problem,
        elsewhere,
        next,
    }
}

#[cfg(test)]
pub(super) fn sample_lines() -> Vec<CertificateLine> {
    let line = |name: &str, revoked: bool| CertificateLine {
        serial: "01".repeat(18),
        person: "0123456789ABCDEF".into(),
        name: name.into(),
        system: None,
        unit: "sz-office".into(),
        place: "商州区 › 政府办公室".into(),
        profile: "official".into(),
        not_after: "2027-11-24T08:00:00Z".into(),
        revoked: revoked.then(|| ("2026-11-25T08:00:00Z".to_owned(), "keyCompromise".to_owned())),
    };
    vec![line("王小明", false), line("王<b>\u{202e}", true)]
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    let mut lines = sample_lines();
    let profile = "server".into();
    let system = Some("site".to_owned());
    let of_system = |line: &CertificateLine| CertificateLine { system, profile, ..line.clone() };
    lines.extend(lines.first().map(of_system));
    let more = || "0123456789ABCDEF".to_owned();
    let nothing = |more| Some(Certificates { lines: Vec::new(), elsewhere: 40, more });
    let wrong = Problem::new(Code::Malformed, "5GPJWBSG64S36D1N".into());
    let shown = |find: &str, found, problem| {
        let f = Frame::sample(language, "/certificates");
        filled(f, find.into(), found, (problem, 1_795_507_200)).render().unwrap()
    };
    let render = |find: &str, found| shown(find, found, None);
    vec![
        ("certificates", render("", None)),
        ("certificates-none", render("王", nothing(String::new()))),
        ("certificates-none-yet", render("王", nothing(more()))),
        ("certificates-wrong", shown("x\u{7}", None, Some(wrong))),
        (
            "certificates-found",
            render("王", Some(Certificates { lines, elsewhere: 3, more: more() })),
        ),
    ]
}
