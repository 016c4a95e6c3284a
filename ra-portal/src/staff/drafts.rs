//! `GET /drafts`: what became of what a handler drafted, as the CA says; what is open can be taken
//! back.

use super::certificate::{self, ReaderCertificate};
use crate::pages::facts::marked;
use crate::pages::{Frame, FromQuery, Marked, page, show, words};
use crate::refusal::passed_on;
use crate::state::PortalState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use ca_api::handler::{DraftLine, Drafts};
use ca_api::{AsOfficer, Page};
use portal_api::plain;
use serde::Deserialize;
use service::problem::Refused;
use std::sync::Arc;

words! {
    DraftsWords {
        title "我的办件" "My drafts";
        lead "由您签名起草的事项及办理结果，最近的在前。" "What you drafted under your signature and what became of it, newest first.";
        orders "办件" "Orders";
        letters "密码信封" "Letters";
        nothing "还没有起草过。请从“人员”页面或证书页面起草，办理结果会列在这里。" "Nothing was drafted yet. Begin on the page People or on that of a certificate; what becomes of it stands here.";
        about "事项" "About";
        kind "类别" "Kind";
        made "起草时间" "Drafted";
        state "结果" "Result";
        approvals "审批" "Approvals";
        withdraw "撤回" "Take back";
        next "下一页" "More";
    }
}

struct DraftItem {
    name: String,
    kind: String,
    about: Marked,
    made: String,
    state: String,
    open: bool,
    /// Whether it stands for many, each with a result of its own.
    batch: bool,
    approvals: Option<(u32, u32)>,
    reason: String,
}

#[derive(Template)]
#[template(path = "staff/drafts.html")]
struct DraftsPage {
    f: Frame,
    w: &'static DraftsWords,
    orders: Vec<DraftItem>,
    letters: Vec<DraftItem>,
    next: Option<String>,
}

/// Where the list goes on.
#[derive(Deserialize)]
pub(super) struct From {
    #[serde(default)]
    after: String,
}

/// `GET /drafts`
pub(super) async fn show(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    ReaderCertificate(shown): ReaderCertificate,
    FromQuery(from): FromQuery<From>,
) -> Response {
    let message = AsOfficer { certificate: shown.certificate, message: Page { after: from.after } };
    let answer = passed_on(portal.issuer.drafts(&message).await);
    match portal.recorded("drafts", &shown.person, answer).await {
        Ok(drafts) => page(StatusCode::OK, &filled(f, drafts)),
        Err(Refused(told)) => certificate::not_seen(&f, &portal, &told),
    }
}

fn filled(f: Frame, drafts: Drafts) -> DraftsPage {
    let language = f.language;
    let line = |line: DraftLine| {
        let (kind, state) =
            (plain::kind_of(&line.kind, &line.action), plain::state_of(&line.kind, &line.state));
        let open = line.state == "open";
        DraftItem {
            batch: line.kind == "batch",
            name: line.name,
            kind: language.of_both(kind.zh, kind.en),
            about: marked(language, &plain::told_about(&line.about)),
            made: show::time(language, &line.made),
            state: language.of_both(state.zh, state.en),
            approvals: Some(line.approvals).filter(|(_, needed)| open && *needed > 0),
            open,
            reason: show::harmless(&line.reason),
        }
    };
    let more = &drafts.more;
    let next = (!more.is_empty()).then(|| format!("/drafts?after={}", show::escaped(more)));
    DraftsPage {
        w: DraftsWords::of(language),
        f,
        orders: drafts.orders.into_iter().map(line).collect(),
        letters: drafts.letters.into_iter().map(line).collect(),
        next,
    }
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    let line = |(kind, action): (&str, &str), about: &str, state: &str, reason: &str| DraftLine {
        name: "5GPJWBSG64S36D1N".into(),
        kind: kind.into(),
        action: action.into(),
        about: super::people::sample_about_of(kind, about),
        made: "2026-11-25T06:00:00Z".into(),
        state: state.into(),
        approvals: if kind == "letter" { (0, 0) } else { (1, 2) },
        reason: reason.into(),
        digest: records::Bytes::from([7; 32]),
    };
    let full = Drafts {
        orders: vec![
            line(("person", "create"), "陈一", "open", ""),
            line(("person", "move"), "<b>\u{202e}张</b>", "returned", "登记的单位不对 <b>"),
            line(("person", "leave"), "李丹", "done", ""),
            line(("person", "create"), "陈二", "withdrawn", ""),
        ],
        letters: vec![
            line(("letter", ""), "王小明", "open", ""),
            line(("letter", ""), "李丹", "used", ""),
        ],
        more: "1795507200.5GPJWBSG64S36D1N".into(),
    };
    let none = Drafts { orders: Vec::new(), letters: Vec::new(), more: String::new() };
    let render = |drafts| filled(Frame::sample(language, "/drafts"), drafts).render().unwrap();
    vec![("drafts", render(full)), ("drafts-none", render(none))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::Language;
    use crate::pages::menu::Menu;

    /// Officers draft releases and delegations, and find them again.
    #[test]
    fn whoever_may_draft_finds_their_drafts_in_the_menu() {
        for (approves, handles) in [(true, false), (false, true), (false, false)] {
            let mut f = Frame::sample(Language::Chinese, "/certificate");
            f.menu = Menu { approves, handles, staff: true, audits: false };
            let none = Drafts { orders: Vec::new(), letters: Vec::new(), more: String::new() };
            let text = filled(f, none).render().unwrap();
            let is_named = text.contains("<a href=\"/drafts\">");
            assert_eq!(is_named, approves || handles, "{approves} {handles}");
        }
    }
}
