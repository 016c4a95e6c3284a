//! Refusals of protocols that have no message for them: a status and a sentence, and when to come
//! again.

use crate::machines::told::ToldRefusal;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ca_api::Refusal;
use records::Code;

/// A client that was turned away had better come again after this time.
const LATER_SECONDS: &str = "5";

/// A refusal on its way out.
#[derive(Debug)]
pub(crate) struct WordedRefusal {
    code: Code,
    /// What a help desk finds it by.
    reference: String,
}

impl From<Code> for WordedRefusal {
    fn from(code: Code) -> Self {
        Self { code, reference: String::new() }
    }
}

impl From<Refusal> for WordedRefusal {
    /// What the CA said.
    fn from(refusal: Refusal) -> Self {
        let code = refusal.code();
        match refusal {
            Refusal::Refused(problem) => Self { code, reference: problem.reference },
            other => {
                tracing::error!(error = %other, "issuer");
                code.into()
            }
        }
    }
}

impl IntoResponse for WordedRefusal {
    fn into_response(self) -> Response {
        let status = service::problem::status(self.code);
        let (zh, en, name) = (self.code.zh(), self.code.en(), self.code.name());
        let about = if self.reference.is_empty() { "" } else { " " };
        let text = format!("{zh} / {en} ({name}{about}{})\n", self.reference);
        let mut response = (status, text).into_response();
        response.extensions_mut().insert(ToldRefusal::from(self.code));
        if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            let later = HeaderValue::from_static(LATER_SECONDS);
            response.headers_mut().insert(header::RETRY_AFTER, later);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use records::Problem;

    /// Whoever may come again hears when, and whoever may not hears nothing of that.
    #[test]
    fn a_refusal_without_a_message_is_a_status_and_a_sentence() {
        let answered = |code: Code| WordedRefusal::from(code).into_response();
        let malformed = answered(Code::Malformed);
        assert_eq!(malformed.status(), StatusCode::BAD_REQUEST);
        assert_eq!(malformed.headers()[header::CONTENT_TYPE], "text/plain; charset=utf-8");
        assert_eq!(malformed.extensions().get(), Some(&ToldRefusal::from(Code::Malformed)));
        assert!(!malformed.headers().contains_key(header::RETRY_AFTER));
        assert_eq!(answered(Code::MediaType).status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
        assert_eq!(answered(Code::MethodNotAllowed).status(), StatusCode::METHOD_NOT_ALLOWED);
        for code in [Code::Unavailable, Code::TooBusy] {
            assert_eq!(answered(code).headers()[header::RETRY_AFTER], LATER_SECONDS, "{code:?}");
        }
        let said = Problem::new(Code::SystemNames, "5GPJWBSG64S36D1N".into());
        let refused = WordedRefusal::from(Refusal::Refused(said));
        assert_eq!(refused.reference, "5GPJWBSG64S36D1N");
        assert_eq!(refused.into_response().status(), StatusCode::FORBIDDEN);
    }
}
