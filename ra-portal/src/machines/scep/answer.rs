//! Answers of SCEP: messages, and texts for people where no message can be given.

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use records::Code;

const CERTIFICATES: &str = "application/x-x509-ca-ra-cert";
const MESSAGE: &str = "application/x-pki-message";
/// When a client had better come again, in seconds.
const LATER_SECONDS: &str = "5";

/// Certificates of the registration authority and of the CA (RFC 8894 4.2.1.2).
pub(super) fn certificates(der: Vec<u8>) -> Response {
    of_kind(CERTIFICATES, der.into_response())
}

/// An answer that is signed.
pub(super) fn message(der: Vec<u8>) -> Response {
    of_kind(MESSAGE, der.into_response())
}

/// A text of ours.
pub(super) fn text(text: &'static str) -> Response {
    text.into_response()
}

fn of_kind(kind: &'static str, mut response: Response) -> Response {
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// What every answer of a listener of its own has.
pub(super) async fn undressed(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// A refusal of what is no message, or of one that nobody can answer now.
#[derive(Debug)]
pub(super) struct ScepRefused(Code);

impl From<Code> for ScepRefused {
    fn from(code: Code) -> Self {
        Self(code)
    }
}

impl IntoResponse for ScepRefused {
    fn into_response(self) -> Response {
        let status = service::problem::status(self.0);
        let (zh, en, name) = (self.0.zh(), self.0.en(), self.0.name());
        let mut response = (status, format!("{zh} / {en} ({name})\n")).into_response();
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

    #[test]
    fn what_is_no_message_is_refused_in_words() {
        let told = |code: Code| ScepRefused::from(code).into_response();
        assert_eq!(told(Code::Malformed).status(), StatusCode::BAD_REQUEST);
        assert_eq!(told(Code::NotFound).status(), StatusCode::NOT_FOUND);
        assert_eq!(told(Code::MethodNotAllowed).status(), StatusCode::METHOD_NOT_ALLOWED);
        let kind = told(Code::Malformed).headers()[header::CONTENT_TYPE].clone();
        assert_eq!(kind, "text/plain; charset=utf-8");
        assert!(told(Code::Unavailable).headers().contains_key(header::RETRY_AFTER));
        assert_eq!(message(vec![1]).headers()[header::CONTENT_TYPE], MESSAGE);
        assert_eq!(certificates(vec![1]).headers()[header::CONTENT_TYPE], CERTIFICATES);
    }
}
