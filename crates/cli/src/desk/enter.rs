//! `POST /open`: the secret of the link becomes a cookie. A browser keeps what stands behind `#` to
//! itself, so a script of ours puts it into the form; it can also be pasted.

use super::bench::Bench;
use super::frame::{self, Frame};
use super::session::COOKIE;
use crate::clock::now;
use askama::Template;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use page::words;
use serde::Deserialize;
use std::sync::Arc;

words! {
    EnterWords {
        title "请用链接打开" "Open it with the link";
        why "只有持有 yinxin desk 所显示链接的人才能进入；链接只能用一次。" "Only who has the link comes in; it works once. What prints it: yinxin desk.";
        again "链接已经用过，或者不对。请回到原来的浏览器窗口，或重新运行 yinxin desk。" "The link was used before, or is wrong. Go back to the window where you opened it, or start anew: yinxin desk.";
        secret "链接中 # 后面的内容" "What stands behind # in the link";
        go_on "进入" "Enter";
    }
}

#[derive(Template)]
#[template(path = "desk/enter.html")]
pub(super) struct EnterPage {
    pub(super) f: Frame,
    pub(super) w: &'static EnterWords,
    pub(super) refused: bool,
}

/// What the link says.
#[derive(Deserialize)]
pub(super) struct EntryLink {
    secret: String,
}

/// The page for whoever brings no cookie.
pub(super) fn page(bench: &Bench, status: StatusCode) -> Response {
    filled(bench, status, false)
}

fn filled(bench: &Bench, status: StatusCode, refused: bool) -> Response {
    let f = Frame::outside(bench);
    frame::page(status, &EnterPage { w: EnterWords::of(f.language), f, refused })
}

/// Answers `POST /open`.
pub(super) async fn open(
    State(bench): State<Arc<Bench>>,
    said: Result<Form<EntryLink>, FormRejection>,
) -> Response {
    let secret = said.map(|Form(said)| said.secret).unwrap_or_default();
    match bench.session.open(secret.trim(), now()) {
        Some(cookie) => {
            let cookie = format!("{COOKIE}={cookie}; Path=/; HttpOnly; SameSite=Strict");
            ([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response()
        }
        None => filled(&bench, StatusCode::FORBIDDEN, true),
    }
}
