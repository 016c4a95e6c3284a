//! `GET /`: what waits for this officer, oldest first, in their scope only; whoever approves
//! nothing goes to their certificate.

use super::certificate::{self, Shown};
use crate::pages::{Frame, FromQuery, page, show, words};
use crate::refusal::passed_on;
use crate::state::PortalState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use ca_api::{AsOfficer, Page};
use portal_api::plain;
use records::Code;
use records::export::OrderLine;
use serde::Deserialize;
use service::Clock;
use service::problem::Refused;
use std::sync::Arc;

/// What applicants are told they wait for at most, in seconds: two days.
const PROMISED: u64 = 2 * 86_400;
/// An order that ends within a day needs somebody now.
const ENDING: u64 = 86_400;

words! {
    QueueWords {
        title "待办" "Waiting for you";
        lead "按提交时间排列，只列出您有权审批的事项。" "Oldest first, and only what you may approve.";
        nothing "没有待办事项。" "Nothing waits for you.";
        from_where "证书申请来自持信函的人员，其他事项由操作员在 CA 主机上起草。" "Applications come from people with a letter; everything else is drafted by operators on the CA's host.";
        about "事项" "About";
        kind "类别" "Kind";
        age "已等待" "Waiting for";
        approvals "审批" "Approvals";
        until "截止" "Until";
        late "已超过两个工作日" "longer than promised";
        ending "一天内到期" "ends within a day";
        given "您已批准" "approved by you";
        hours "小时" "h";
        days "天" "days";
        more "下一页" "More";
    }
}

struct Line {
    order: String,
    kind: String,
    about: String,
    age: String,
    late: bool,
    approvals: u32,
    needed: u32,
    expires: String,
    ending: bool,
    given: bool,
    /// What needs a look.
    look: Option<String>,
}

#[derive(Template)]
#[template(path = "staff/queue.html")]
struct QueuePage {
    f: Frame,
    w: &'static QueueWords,
    lines: Vec<Line>,
    after: Option<String>,
}

/// Where the list goes on.
#[derive(Deserialize)]
pub(super) struct From {
    #[serde(default)]
    after: String,
}

/// `GET /`
pub(super) async fn show(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    Shown(shown): Shown,
    FromQuery(from): FromQuery<From>,
) -> Response {
    let message = AsOfficer { certificate: shown.certificate, message: Page { after: from.after } };
    let answer = passed_on(portal.issuer.list(&message).await);
    match portal.recorded("list", &shown.person, answer).await {
        Ok(lines) => page(StatusCode::OK, &filled(f, lines, Clock::system().seconds())),
        Err(Refused(told)) if told.known() == Some(Code::NotYourRoute) => {
            Redirect::to("/certificate").into_response()
        }
        Err(Refused(told)) => certificate::not_seen(&f, &portal, &told),
    }
}

fn filled(f: Frame, lines: Vec<OrderLine>, now: u64) -> QueuePage {
    let w = QueueWords::of(f.language);
    let after = lines.last().filter(|_| lines.len() >= OrderLine::PAGE).map(OrderLine::cursor);
    let unix = |time: &str| records::time::read(time).unwrap_or(now);
    let lines = lines.into_iter().map(|line| {
        let age = now.saturating_sub(unix(&line.made));
        let kind = plain::kind_of(&line.kind, &line.action);
        Line {
            kind: f.language.of_both(kind.zh, kind.en),
            about: show::harmless(&line.about),
            age: match age / 3_600 {
                hours @ 0..48 => format!("{hours} {}", w.hours),
                hours => format!("{} {}", hours / 24, w.days),
            },
            late: age > PROMISED,
            approvals: line.approvals,
            needed: line.needed,
            expires: show::time(&line.expires),
            ending: unix(&line.expires).saturating_sub(now) < ENDING,
            given: line.given,
            look: line.look.map(plain::look).map(|said| f.language.of_both(said.zh, said.en)),
            order: line.order,
        }
    });
    QueuePage { lines: lines.collect(), f, w, after }
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    use records::export::Look;
    let line = |order: &str, (kind, action): (&str, &str), about: &str, made: &str| OrderLine {
        order: order.into(),
        kind: kind.into(),
        action: action.into(),
        about: about.into(),
        made: made.into(),
        expires: "2026-12-01T08:00:00Z".into(),
        approvals: 1,
        needed: 2,
        given: kind == "role",
        look: match kind {
            "issue" => Some(Look::Differs),
            "person" => Some(Look::SameName),
            _ => None,
        },
    };
    let now = records::time::read("2026-11-25T08:00:00Z").unwrap();
    let lines = vec![
        line("5GPJWBSG64S36D1P", ("role", "grant"), "李丹 · 区政府办公室", "2026-11-20T06:00:00Z"),
        line(
            "5GPJWBSG64S36D1Q",
            ("person", "move"),
            "<b>\u{202e}张</b> · 财政局",
            "2026-11-24T06:00:00Z",
        ),
        line("5GPJWBSG64S36D1N", ("issue", ""), "王小明 · 区政府办公室", "2026-11-25T06:00:00Z"),
    ];
    let render = |lines| filled(Frame::sample(language, "/"), lines, now).render().unwrap();
    vec![("queue", render(lines)), ("queue-empty", render(Vec::new()))]
}
