//! What clients of CMP are told: the CA's message, or, where there is none, a status and a sentence
//! (RFC 9811 3.2). What a message says of a refusal is protected; what stands here, nobody trusts.

use crate::machines::told::ToldRefusal;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ca_api::Refusal;
use records::Code;

/// What messages are, either way (RFC 9811 3.3).
pub(super) const MEDIA_TYPE: &str = "application/pkixcmp";
/// A client that could not be answered comes again after this time.
const LATER_SECONDS: &str = "5";

/// An answer of the CA, with what it refuses, for who is in charge of the system.
pub(super) fn message(der: Vec<u8>, refused: Option<Code>) -> Response {
    let kind = HeaderValue::from_static(MEDIA_TYPE);
    let nobody = HeaderValue::from_static("no-store");
    let fields = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, nobody)];
    let mut response = (fields, der).into_response();
    if let Some(code) = refused {
        response.extensions_mut().insert(told(code));
    }
    response
}

fn told(code: Code) -> ToldRefusal {
    ToldRefusal { code: code.name(), words: (code.zh().to_owned(), code.en().to_owned()) }
}

/// A refusal without a message.
#[derive(Debug)]
pub(super) struct CmpRefused {
    code: Code,
    /// What a help desk finds it by.
    reference: String,
}

impl From<Code> for CmpRefused {
    fn from(code: Code) -> Self {
        Self { code, reference: String::new() }
    }
}

impl From<Refusal> for CmpRefused {
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

impl IntoResponse for CmpRefused {
    fn into_response(self) -> Response {
        let status = service::problem::status(self.code);
        let (zh, en, name) = (self.code.zh(), self.code.en(), self.code.name());
        let about = if self.reference.is_empty() { "" } else { " " };
        let text = format!("{zh} / {en} ({name}{about}{})\n", self.reference);
        let mut response = (status, text).into_response();
        response.extensions_mut().insert(told(self.code));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            let later = HeaderValue::from_static(LATER_SECONDS);
            response.headers_mut().insert(header::RETRY_AFTER, later);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_without_a_message_is_a_status_and_a_sentence() {
        let answered = |code: Code| CmpRefused::from(code).into_response();
        assert_eq!(answered(Code::Malformed).status(), StatusCode::BAD_REQUEST);
        assert_eq!(answered(Code::MediaType).status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
        assert!(answered(Code::Unavailable).headers().contains_key(header::RETRY_AFTER));
        let answer = message(vec![0x30, 0], None);
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/pkixcmp");
        assert_eq!(answer.status(), StatusCode::OK);
        assert!(answer.extensions().get::<ToldRefusal>().is_none());
        let refused = message(vec![0x30, 0], Some(Code::SystemNames));
        assert_eq!(refused.extensions().get(), Some(&super::told(Code::SystemNames)));
    }
}
