//! `/key`: the passphrase opens the key for fifteen minutes at most.

use super::bench::Bench;
use super::frame::{self, Frame};
use super::guard::Posted;
use super::session::Admitted;
use crate::clock::now;
use crate::exit::Failure;
use crate::prompt;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use page::{show, words};
use records::Problem;
use serde::Deserialize;
use std::sync::Arc;
use zeroize::Zeroizing;

words! {
    KeyWords {
        title "打开密钥" "Open your key";
        lead "密钥只在本机的 yinxin 中打开，最多十五分钟，不会交给浏览器。" "The key is opened inside yinxin on this computer, for fifteen minutes at most, and is never given to the browser.";
        is_open "密钥已打开。" "The key is open.";
        name "姓名" "Name";
        serial "证书序列号" "Serial number";
        until "有效期至" "Valid until";
        passphrase "密钥口令" "Passphrase of the key";
        from_file "口令从您指定的文件读取。" "The passphrase is read from the file that you named.";
        open "打开" "Open";
    }
}

#[derive(Template)]
#[template(path = "desk/key.html")]
pub(super) struct KeyPage {
    pub(super) f: Frame,
    pub(super) w: &'static KeyWords,
    pub(super) serial: String,
    pub(super) until: String,
    pub(super) is_open: bool,
    pub(super) from_file: bool,
    pub(super) problem: Option<Problem>,
}

/// What the page sends.
#[derive(Deserialize)]
pub(super) struct Typed {
    #[serde(default)]
    passphrase: String,
}

/// Answers `GET /key`.
pub(super) async fn show(State(bench): State<Arc<Bench>>, admitted: Admitted) -> Response {
    filled(&bench, &admitted, None)
}

/// Answers `POST /key`.
pub(super) async fn open(State(bench): State<Arc<Bench>>, posted: Posted<Typed>) -> Response {
    let typed = Zeroizing::new(posted.form.passphrase);
    let desk = bench.clone();
    // Stretching takes a while, and other requests go on.
    let opened = tokio::task::spawn_blocking(move || {
        let passphrase = match &desk.passphrase_file {
            Some(path) => prompt::from_file(path)?,
            None => typed,
        };
        desk.opened(&passphrase)
    });
    let opened = opened.await.unwrap_or_else(|_| {
        let en = "the key cannot be opened: a fault in this program";
        Err(Failure::usage("无法打开密钥：程序内部出错。", en))
    });
    match opened {
        Ok(opened) => {
            bench.key.open(opened, now());
            Redirect::to("/").into_response()
        }
        Err(failure) => filled(&bench, &posted.admitted, Some(failure.problem())),
    }
}

fn filled(bench: &Bench, admitted: &Admitted, problem: Option<Problem>) -> Response {
    let f = Frame::inside(bench, admitted, "/key");
    let status = if problem.is_some() { StatusCode::FORBIDDEN } else { StatusCode::OK };
    let until = records::time::seconds(bench.certificate.not_after());
    let until = show::time(f.language, &until);
    let page = KeyPage {
        w: KeyWords::of(f.language),
        f,
        serial: bench.certificate.serial().to_string(),
        until,
        is_open: bench.key.get(now()).is_some(),
        from_file: bench.passphrase_file.is_some(),
        problem,
    };
    frame::page(status, &page)
}
