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
        kept "您填写的内容还在下面，可以再试一次。" "What you typed is still below; you can try again.";
        go "重新核对" "Check it again";
    }
}

/// What somebody typed, on the page of its refusal: it goes to where it is checked, and nothing is
/// done before they sign once more.
pub(crate) struct KeptForm {
    pub(crate) action: String,
    /// What was chosen is sent on as it is: the field and its value.
    pub(crate) chosen: &'static str,
    pub(crate) choice: String,
    /// What was typed stands in its field again: the field, what it is called, and the text.
    pub(crate) field: &'static str,
    pub(crate) label: &'static str,
    pub(crate) typed: String,
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    f: &'a Frame,
    problem: &'a Problem,
    help: &'static str,
    next: &'a str,
    w: &'static HelpWords,
    kept: Option<KeptForm>,
}

/// The page; `next` is where its button leads.
pub(crate) fn page(frame: &Frame, problem: &Problem, next: &str) -> Response {
    answer::page(code(problem), &filled(frame, problem, next, None))
}

/// The page with what was typed.
pub(crate) fn keeping(frame: &Frame, problem: &Problem, next: &str, kept: KeptForm) -> Response {
    answer::page(code(problem), &filled(frame, problem, next, Some(kept)))
}

fn code(problem: &Problem) -> StatusCode {
    problem.known().map_or(StatusCode::SERVICE_UNAVAILABLE, service::problem::status)
}

fn filled<'a>(
    f: &'a Frame,
    problem: &'a Problem,
    next: &'a str,
    kept: Option<KeptForm>,
) -> ProblemPage<'a> {
    ProblemPage { f, problem, help: help(f, problem), next, w: HelpWords::of(f.language), kept }
}

#[cfg(test)]
pub(crate) fn sample(frame: &Frame, problem: &Problem, kept: Option<KeptForm>) -> String {
    filled(frame, problem, "/", kept).render().unwrap()
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

#[cfg(test)]
mod tests {
    use super::*;
    use page::Language;

    /// What was typed stands on the page of a refusal as text, and is sent to where it is checked.
    #[test]
    fn what_was_typed_is_sent_again_from_the_page_of_a_refusal() {
        let kept = || KeptForm {
            action: "/orders/5GPJWBSG64S36D1N/decline".into(),
            chosen: "outcome",
            choice: "returned".into(),
            field: "reason",
            label: "理由",
            typed: "登记的<b>单位不对".into(),
        };
        for language in Language::BOTH {
            let f = Frame::sample(language, "/");
            let told = Problem::new(Code::Unavailable, "5GPJWBSG64S36D1N".into());
            let page = sample(&f, &told, Some(kept()));
            for shown in [
                "action=\"/orders/5GPJWBSG64S36D1N/decline\"",
                "name=\"outcome\" value=\"returned\"",
                "name=\"reason\"",
                "单位不对</textarea>",
                HelpWords::of(language).kept,
                "5GPJWBSG64S36D1N",
            ] {
                assert!(page.contains(shown), "{shown}: {page}");
            }
            assert!(!page.contains("<b>"), "{page}");
            assert!(!sample(&f, &told, None).contains("<textarea"), "nothing was typed");
        }
    }
}
