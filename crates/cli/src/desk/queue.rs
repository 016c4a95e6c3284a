//! `GET /`: what waits for the officer, as the portal lists it; what it lists is checked when it is
//! opened.

use super::bench::Bench;
use super::frame::{self, Frame};
use super::guard::Key;
use super::order::marked;
use super::session::Admitted;
use crate::exit::Failure;
use askama::Template;
use axum::extract::{FromRequestParts, Query, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use page::{Marked, show, words};
use portal_api::{Pages, plain};
use records::Code;
use records::export::OrderLine;
use serde::Deserialize;
use std::sync::Arc;

words! {
    QueueWords {
        title "待办" "Waiting for you";
        lead "此列表来自门户；打开一项后，内容由本机核对。" "The portal's list; what you open is checked on this computer.";
        nothing "没有待办事项。" "Nothing waits for you.";
        nothing_here "已查看的部分没有您的待办，后面还有。" "Nothing of what was looked at waits for you; there is more.";
        about "事项" "About";
        kind "类别" "Kind";
        approvals "审批" "Approvals";
        until "截止" "Until";
        given "您已批准" "approved by you";
        more "下一页" "More";
    }
}

pub(super) struct QueueItem {
    pub(super) order: String,
    pub(super) kind: String,
    pub(super) about: Marked,
    pub(super) approvals: u32,
    pub(super) needed: u32,
    pub(super) expires: String,
    pub(super) given: bool,
    pub(super) look: Option<String>,
}

#[derive(Template)]
#[template(path = "desk/queue.html")]
pub(super) struct QueuePage {
    pub(super) f: Frame,
    pub(super) w: &'static QueueWords,
    pub(super) lines: Vec<QueueItem>,
    pub(super) after: Option<String>,
}

/// Where the list goes on.
#[derive(Deserialize)]
struct From {
    #[serde(default)]
    after: String,
}

/// `GET /`: for whoever has only the link, the page that exchanges it.
pub(super) async fn show(State(bench): State<Arc<Bench>>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let Ok(admitted) = Admitted::from_request_parts(&mut parts, &bench).await else {
        return super::enter::page(&bench, StatusCode::OK);
    };
    let Key(opened) = match Key::from_request_parts(&mut parts, &bench).await {
        Ok(key) => key,
        Err(response) => return response,
    };
    let f = Frame::inside(&bench, &admitted, "/");
    let after = Query::<From>::try_from_uri(&parts.uri).map(|Query(from)| from.after);
    let mut pages = Pages::from(after.unwrap_or_default());
    let listed = async { Ok::<_, Failure>(bench.portal(&opened)?.list(&mut pages).await?) };
    match listed.await {
        Ok(page) => frame::page(StatusCode::OK, &filled(f, page.lines, pages.next())),
        // Who approves nothing has come to search.
        Err(failure) if failure.problem().known() == Some(Code::NotYourRoute) => {
            Redirect::to("/audit").into_response()
        }
        Err(failure) => f.failed(&failure),
    }
}

fn filled(f: Frame, lines: Vec<OrderLine>, after: Option<&str>) -> QueuePage {
    let after = after.map(str::to_owned);
    let lines = lines.into_iter().map(|line| {
        let kind = plain::kind_of(&line.kind, &line.action);
        QueueItem {
            kind: show::harmless(&f.language.of_both(kind.zh, kind.en)),
            about: marked(f.language, &plain::told_about(&line.about)),
            approvals: line.approvals,
            needed: line.needed,
            expires: show::time(f.language, &line.expires),
            given: line.given,
            look: line
                .look
                .map(|look| plain::look_in_list(&line.kind, look))
                .map(|said| f.language.of_both(said.zh, said.en)),
            order: line.order,
        }
    });
    QueuePage { lines: lines.collect(), w: QueueWords::of(f.language), after, f }
}
