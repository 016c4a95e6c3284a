//! What stands around every page of a desk, and how a page leaves.

use super::bench::Bench;
use super::session::Admitted;
use crate::exit::Failure;
use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use page::{Language, show, words};
use records::{Code, Problem};

words! {
    /// Words of the frame.
    FrameWords {
        service "审批工作台（本机）" "Desk on your own computer";
        skip "跳到正文" "Skip to the content";
        sample "示例城市，仅供试用，证书没有任何效力。" "A sample city for trying out; its certificates mean nothing.";
        navigation "主导航" "Main navigation";
        queue "待办" "Waiting for you";
        revoke "吊销" "Revoke";
        suspend "冻结" "Suspend";
        passkey "认证通行密钥" "Certify a passkey";
        audit "审计检索" "Audit search";
        key "密钥" "Key";
        close "结束" "End";
        own_program "本页由您电脑上的 yinxin 提供，签名和内容均由它核对，门户网页不参与。" "This page comes from yinxin on your own computer, which checked what it shows; no page of the portal takes part.";
        other_language "English" "简体中文";
        problem "办理失败" "This did not work";
        code "代码" "Code";
        reference "查询号" "Reference";
        go_on "返回待办" "Back to the list";
        not_found "没有这个页面" "There is no such page";
        foreign "请求不是从本页面发出的，未作任何操作" "This did not come from a page of this desk; nothing was done";
        ended "已经结束" "It has ended";
        ended_how "需要时再运行 yinxin desk。" "When you need it again: yinxin desk.";
    }
}

/// The frame of one page.
pub(super) struct Frame {
    pub(super) w: &'static FrameWords,
    pub(super) language: Language,
    pub(super) city: String,
    pub(super) sample: bool,
    /// Path of the page, for the navigation and for the choice of a language.
    pub(super) path: String,
    /// Who is in, if somebody is.
    pub(super) name: String,
    /// Token of forms; empty while nobody is in, who sees no form of the frame.
    pub(super) token: String,
}

#[derive(Template)]
#[template(path = "desk/problem.html")]
pub(super) struct ProblemPage {
    pub(super) f: Frame,
    pub(super) problem: Problem,
}

#[derive(Template)]
#[template(path = "desk/told.html")]
pub(super) struct ToldPage {
    pub(super) f: Frame,
    pub(super) told: &'static str,
    pub(super) ended: bool,
}

impl Frame {
    /// Around a page for whoever is in.
    pub(super) fn inside(bench: &Bench, admitted: &Admitted, path: &str) -> Self {
        let name = bench.certificate.subject().common_name().unwrap_or_default();
        Self {
            city: bench.trust.city.clone(),
            sample: bench.trust.sample,
            path: path.to_owned(),
            name: show::harmless(&name),
            token: bench.session.token(admitted).to_owned(),
            ..Self::outside(bench)
        }
    }

    /// Around a page for anybody, which says nothing of whose desk it is.
    pub(super) fn outside(bench: &Bench) -> Self {
        let language = bench.language();
        Self {
            w: FrameWords::of(language),
            language,
            city: "印信 Yinxin".into(),
            sample: false,
            path: String::new(),
            name: String::new(),
            token: String::new(),
        }
    }

    /// A page that only says something.
    pub(super) fn told(
        self,
        status: StatusCode,
        what: impl Fn(&'static FrameWords) -> &'static str,
    ) -> Response {
        let told = what(self.w);
        let ended = told == self.w.ended;
        page(status, &ToldPage { f: self, told, ended })
    }

    /// The page of what did not work.
    pub(super) fn failed(self, failure: &Failure) -> Response {
        let problem = failure.problem();
        let status = match problem.known() {
            Some(Code::OrderUnknown | Code::NotFound) => StatusCode::NOT_FOUND,
            _ => StatusCode::CONFLICT,
        };
        page(status, &ProblemPage { f: self, problem })
    }

    /// The frame of the samples.
    #[cfg(test)]
    pub(super) fn sample(language: Language, path: &str) -> Self {
        Self {
            w: FrameWords::of(language),
            language,
            city: "商洛市".into(),
            sample: true,
            path: path.into(),
            name: "陈登记".into(),
            token: "TOKEN".into(),
        }
    }
}

/// Answers with a page made of a template.
pub(super) fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => {
            (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response()
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
