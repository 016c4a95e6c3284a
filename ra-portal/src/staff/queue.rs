//! `GET /`: what waits for this officer, oldest first, in their scope only; whoever approves
//! nothing goes to their certificate.

use super::certificate::{self, ReaderCertificate};
use crate::pages::facts::marked;
use crate::pages::{Frame, FromQuery, Language, Marked, page, show, words};
use crate::refusal::passed_on;
use crate::state::PortalState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use ca_api::{AsOfficer, Page};
use portal_api::plain;
use records::Code;
use records::export::{OrderLine, OrderLines};
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
        nothing_here "已查看的部分没有您的待办，后面还有。" "Nothing of what was looked at waits for you; there is more.";
        from_where "证书申请由持密码信封的人员或续期的持证人提出，人员事项由经办人起草，吊销、解除冻结和代理审批由经办人或审批人员提出，其余事项由操作员在签发主机上起草。" "Applications come from holders of a letter or of a certificate that is renewed; handlers draft about people, handlers and officers ask for revocations, releases and delegations, operators draft the rest on the CA's host.";
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
        batch "全部合并为一批审批：" "All of them in one batch:";
        batch_lead "同类事项可以合并为一批：逐项列出，一次签署，逐项执行。" "What is of one kind can be one batch: all of it is shown, you sign once, each is carried out by itself.";
    }
}

struct QueueItem {
    order: String,
    kind: String,
    about: Marked,
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
    /// Kinds of which several wait: kind, action, what people call it.
    groups: Vec<(String, String, String)>,
    lines: Vec<QueueItem>,
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
    ReaderCertificate(shown): ReaderCertificate,
    FromQuery(from): FromQuery<From>,
) -> Response {
    let message = AsOfficer { certificate: shown.certificate, message: Page { after: from.after } };
    let answer = passed_on(portal.issuer.list(&message).await);
    match portal.recorded_brake("list", &shown.person, answer).await {
        Ok(lines) => page(StatusCode::OK, &filled(f, lines, Clock::system().seconds())),
        Err(Refused(told)) if told.known() == Some(Code::NotYourRoute) => {
            Redirect::to("/certificate").into_response()
        }
        Err(Refused(told)) => certificate::not_seen(&f, &portal, &told),
    }
}

fn filled(f: Frame, OrderLines { lines, more }: OrderLines, now: u64) -> QueuePage {
    let w = QueueWords::of(f.language);
    let after = Some(more).filter(|more| !more.is_empty());
    let groups = groups(f.language, &lines);
    let unix = |time: &str| records::time::read(time).unwrap_or(now);
    let lines = lines.into_iter().map(|line| {
        let age = now.saturating_sub(unix(&line.made));
        let kind = plain::kind_of(&line.kind, &line.action);
        QueueItem {
            kind: f.language.of_both(kind.zh, kind.en),
            about: marked(f.language, &plain::told_about(&line.about)),
            age: match age / 3_600 {
                hours @ 0..48 => format!("{hours} {}", w.hours),
                hours => format!("{} {}", hours / 24, w.days),
            },
            late: age > PROMISED,
            approvals: line.approvals,
            needed: line.needed,
            expires: show::time(f.language, &line.expires),
            ending: unix(&line.expires).saturating_sub(now) < ENDING,
            given: line.given,
            look: line
                .look
                .map(|look| plain::look_in_list(&line.kind, look))
                .map(|said| f.language.of_both(said.zh, said.en)),
            order: line.order,
        }
    });
    QueuePage { lines: lines.collect(), groups, f, w, after }
}

/// Kinds of which more than one order waits for this officer.
fn groups(language: Language, lines: &[OrderLine]) -> Vec<(String, String, String)> {
    let mut groups: Vec<(&str, &str, usize)> = Vec::new();
    for line in lines.iter().filter(|line| !line.given && line.kind != "batch") {
        let of = (line.kind.as_str(), line.action.as_str());
        match groups.iter_mut().find(|(kind, action, _)| (*kind, *action) == of) {
            Some((_, _, count)) => *count += 1,
            None => groups.push((of.0, of.1, 1)),
        }
    }
    let several = groups.into_iter().filter(|(_, _, count)| *count > 1);
    let named = |(kind, action, _): (&str, &str, usize)| {
        let said = plain::kind_of(kind, action);
        (kind.to_owned(), action.to_owned(), language.of_both(said.zh, said.en))
    };
    several.map(named).collect()
}

/// Orders that wait, with everything that a line can say.
#[cfg(test)]
pub(super) fn sample_lines() -> Vec<OrderLine> {
    use super::people::sample_about;
    use records::export::ReviewFlag;
    use records::order::OrderSubject;
    let line =
        |order: &str, (kind, action): (&str, &str), about: OrderSubject, made: &str| OrderLine {
            order: order.into(),
            digest: records::Bytes::from([7; 32]),
            kind: kind.into(),
            action: action.into(),
            about,
            made: made.into(),
            expires: "2026-12-01T08:00:00Z".into(),
            approvals: 1,
            needed: 2,
            given: kind == "role",
            look: match kind {
                "issue" => Some(ReviewFlag::Differs),
                "person" => Some(ReviewFlag::SameName),
                _ => None,
            },
        };
    let issue = ("issue", "");
    let many = OrderSubject::Many { count: 120, first: Box::new(sample_about("陈一")) };
    let hostile = sample_about("<b>\u{202e}张</b>");
    vec![
        line("5GPJWBSG64S36D1P", ("role", "grant"), sample_about("李丹"), "2026-11-20T06:00:00Z"),
        line("5GPJWBSG64S36D1Q", ("person", "move"), hostile, "2026-11-24T06:00:00Z"),
        line("5GPJWBSG64S36D1N", issue, sample_about("王小明"), "2026-11-25T06:00:00Z"),
        line("5GPJWBSG64S36D1R", issue, sample_about("李丹"), "2026-11-25T06:00:01Z"),
        line("5GPJWBSG64S36D1S", ("batch", "issue"), many, "2026-11-25T06:00:02Z"),
    ]
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    let now = records::time::read("2026-11-25T08:00:00Z").unwrap();
    let render = |lines, more: &str| {
        let page = OrderLines { lines, more: more.into() };
        filled(Frame::sample(language, "/"), page, now).render().unwrap()
    };
    vec![
        ("queue", render(sample_lines(), "")),
        ("queue-empty", render(Vec::new(), "")),
        ("queue-nothing-here", render(Vec::new(), "0.5GPJWBSG64S36D1N")),
    ]
}
