//! The page on which a letter is opened, and what stays open afterwards: reference and look-up key
//! in a cookie of this host alone. The portal keeps neither; the code never comes here.

use crate::pages::cookie::cookie;
use crate::pages::{Frame, problem, words};
use crate::refusal::refused;
use crate::state::PortalState;
use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use records::code::Blame;
use records::letter::read_reference;
use records::{Bytes, Code, Problem};
use service::problem::status;
use std::sync::Arc;

/// Cookie of an opened letter.
const COOKIE: &str = "__Host-letter";
/// It stays open for this long, in seconds.
const OPEN_SECONDS: u32 = 1_800;

words! {
    LetterWords {
        title "输入编号和授权码" "Enter reference and code";
        loss_title "挂失：输入编号和授权码" "Report a loss: enter reference and code";
        hold_title "冻结：输入编号和授权码" "Suspend: enter reference and code";
        lead "编号和授权码印在密码信封上。大小写、空格和连字符都没有关系。" "Both are printed in your letter. Case, spaces and hyphens do not matter.";
        reference "编号" "Reference";
        reference_hint "16 个字符，例如 5GPJ-WBSG-64S3-6D1N" "16 characters, such as 5GPJ-WBSG-64S3-6D1N";
        reference_wrong "编号应为 16 个字符，请核对。" "The reference has 16 characters; please check it.";
        code "授权码" "Code";
        code_hint "27 个字符，五个一组。授权码不会离开您的浏览器。" "27 characters in groups of five. The code does not leave your browser.";
        code_wrong "授权码有误，请核对是否输错了字符。" "This is not a code; look for a mistyped character.";
        go "继续" "Continue";
        waiting "这台电脑上有正在办理的密码信封：" "A letter is under way on this computer:";
        go_on "继续办理，不必再输入授权码" "Go on without typing the code again";
        loss_effect "挂失立即生效，不能撤销：用这封密码信封领取的证书将被吊销，密码信封作废。" "This takes effect at once and cannot be undone: certificates from this letter are revoked and the letter is closed.";
        report "下一步：确认挂失" "Next: confirm the loss";
        hold_effect "冻结立即生效：用这封密码信封领取的证书暂停使用，密码信封仍可用于挂失。您自己不能解除，须由另外两名审批人员批准；15 天内无人解除即吊销。" "This takes effect at once: certificates from this letter are suspended; the letter can still report a loss. You cannot release them, two other officers can; after 15 days they are revoked.";
        hold "下一步：确认冻结" "Next: confirm the suspension";
        no_letter "密码信封不在手边？请立即联系本单位经办人或登记处，他们可以马上冻结证书；还能用证书登录的，也可以自己冻结：" "No letter at hand? Call your unit's handler or the registration office at once: they can suspend the certificate immediately. If you can still show it, suspend it yourself:";
        own "我的证书" "My certificate";
        privacy "公用电脑用完后请点击“退出”并关闭浏览器。" "On a shared computer choose “Leave” and close the browser when you are done.";
    }
}

/// The page, for opening a letter, for reporting it lost, or for suspending what came of it.
#[derive(Template)]
#[template(path = "public/letter.html")]
pub(super) struct LetterPage {
    pub(super) f: Frame,
    w: &'static LetterWords,
    founding: String,
    action: &'static str,
    purpose: &'static str,
    reference: String,
    problem: Option<Problem>,
    /// The staff host, where holders suspend what they show.
    staff: String,
}

impl LetterPage {
    /// An empty page for a purpose: `open`, `loss` or `suspend`.
    pub(super) fn new(portal: &PortalState, f: Frame, purpose: &'static str) -> Self {
        let trust = &portal.trust;
        Self::with(f, (trust.founding.to_string(), trust.portal_staff.clone()), purpose)
    }

    fn with(f: Frame, (founding, staff): (String, String), purpose: &'static str) -> Self {
        let action = address(purpose);
        let w = LetterWords::of(f.language);
        Self { f, w, founding, action, purpose, reference: String::new(), problem: None, staff }
    }

    /// What the letter is opened for.
    fn title(&self) -> &'static str {
        match self.purpose {
            "loss" => self.w.loss_title,
            "suspend" => self.w.hold_title,
            _ => self.w.title,
        }
    }

    /// The same after a refusal; what was typed stays.
    pub(super) fn again(mut self, reference: String, problem: Problem) -> Self {
        self.reference = reference;
        self.problem = Some(problem);
        self
    }

    #[cfg(test)]
    pub(super) fn sample(language: crate::pages::Language, purpose: &'static str) -> Self {
        let f = Frame::sample(language, address(purpose));
        Self::with(f, ("AAAA".into(), "https://staff.example".into()), purpose)
    }
}

/// Whether the same letter may be tried once more behind a refusal: what was typed was wrong, or
/// it may be otherwise in a moment. A letter that is used up or of another kind helps nobody again.
pub(super) fn may_be_tried_again(problem: &Problem) -> bool {
    match problem.known() {
        Some(Code::WrongCode | Code::Malformed) => true,
        _ => is_for_now(problem),
    }
}

/// Whether it may be otherwise in a moment, with nothing typed anew.
pub(super) fn is_for_now(problem: &Problem) -> bool {
    let for_now = |code: Code| code == Code::TooManyTries || code.blame() == Blame::Us;
    problem.known().is_none_or(for_now)
}

/// The status of a refusal.
pub(super) fn status_of(problem: &Problem) -> StatusCode {
    problem.known().map_or(StatusCode::SERVICE_UNAVAILABLE, status)
}

/// Where a page for a purpose stands, and where its form goes.
fn address(purpose: &str) -> &'static str {
    match purpose {
        "loss" => "/lost",
        "suspend" => "/suspend",
        _ => "/letter",
    }
}

/// An opened letter.
pub(super) struct OpenLetter {
    pub(super) reference: String,
    /// The look-up key.
    pub(super) key: Bytes,
}

impl OpenLetter {
    /// A letter as a page sends it.
    pub(super) fn read(reference: &str, key: &str) -> Result<Self, Code> {
        let reference = read_reference(reference).ok_or(Code::WrongCode)?;
        let key = Bytes::read(key).filter(|key| key.0.len() == 32).ok_or(Code::WrongCode)?;
        Ok(Self { reference, key })
    }

    /// Keeps it open in this browser.
    pub(super) fn keep(&self, response: &mut Response) {
        let cookie = format!(
            "{COOKIE}={}.{}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={OPEN_SECONDS}",
            self.reference, self.key
        );
        set(response, &cookie);
    }
}

/// Closes what is open in this browser.
pub(super) fn close(response: &mut Response) {
    set(response, &format!("{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0"));
}

fn set(response: &mut Response, cookie: &str) {
    if let Ok(mut cookie) = HeaderValue::from_str(cookie) {
        cookie.set_sensitive(true);
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

impl FromRequestParts<Arc<PortalState>> for OpenLetter {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        portal: &Arc<PortalState>,
    ) -> Result<Self, Response> {
        let kept = cookie(&parts.headers, COOKIE);
        let pair = kept.as_deref().and_then(|kept| kept.split_once('.'));
        if let Some(Ok(letter)) = pair.map(|(reference, key)| Self::read(reference, key)) {
            return Ok(letter);
        }
        let Ok(frame) = Frame::from_request_parts(parts, portal).await;
        Err(problem::page(&frame, &refused(Code::LetterNeeded).0, "/letter"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reference stays where it may help, and a confirmation where nothing has to be typed.
    #[test]
    fn what_was_typed_of_a_letter_stays_where_it_may_count_yet() {
        let told = |code| Problem::new(code, String::new());
        let tried = |code| (may_be_tried_again(&told(code)), is_for_now(&told(code)));
        for code in [Code::Unavailable, Code::LogBehind, Code::TooBusy, Code::TooManyTries] {
            assert_eq!(tried(code), (true, true), "{code}");
        }
        for code in [Code::WrongCode, Code::Malformed] {
            assert_eq!(tried(code), (true, false), "{code}");
        }
        for code in [Code::LetterLost, Code::CodeUsed, Code::CodeExpired, Code::LabelNotAllowed] {
            assert_eq!(tried(code), (false, false), "{code}");
        }
    }
}
