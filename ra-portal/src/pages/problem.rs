//! The page of a refusal: one plain sentence, what to do, a code that never changes, a reference.

use super::answer;
use super::frame::Frame;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use page::words;
use records::{Code, Problem};

words! {
    /// What helps, by kind.
    HelpWords {
        again "请回到上一步，从头再来一次。什么都没有丢失。" "Go back and begin again; nothing is lost.";
        letter "请核对密码信封，或向本单位登记员索取新密码信封。" "Check your letter, or ask your registration officer for a new one.";
        cli "这封密码信封只能在 yinxin 命令行中使用。" "This letter may be used with the yinxin command line only.";
        later "这是系统一方的问题，请稍后再试。" "This is the system's fault; try again later.";
        none "" "";
    }
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    f: &'a Frame,
    problem: &'a Problem,
    help: &'static str,
    next: &'a str,
}

/// The page; `next` is where its button leads.
pub(crate) fn page(frame: &Frame, problem: &Problem, next: &str) -> Response {
    let status = problem.known().map_or(StatusCode::SERVICE_UNAVAILABLE, service::problem::status);
    let help = help(frame, problem);
    answer::page(status, &ProblemPage { f: frame, problem, help, next })
}

#[cfg(test)]
pub(crate) fn sample(frame: &Frame, problem: &Problem) -> String {
    ProblemPage { f: frame, problem, help: help(frame, problem), next: "/" }.render().unwrap()
}

fn help(frame: &Frame, problem: &Problem) -> &'static str {
    let words = HelpWords::of(frame.language);
    match problem.known() {
        Some(
            Code::ChallengeUsed
            | Code::CrossSite
            | Code::LetterNeeded
            | Code::Malformed
            | Code::BindMismatch,
        ) => words.again,
        Some(
            Code::WrongCode
            | Code::CodeUsed
            | Code::CodeExpired
            | Code::LetterLost
            | Code::LetterVoided,
        ) => words.letter,
        Some(Code::LabelNotAllowed) => words.cli,
        Some(Code::Unavailable | Code::LogBehind | Code::ClockMoved | Code::TooManyTries) => {
            words.later
        }
        _ => words.none,
    }
}
