//! Answers of EST: base64 of a message, or a text for people that says why not.

use crate::machines::worded_refusal::WordedRefusal;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ca_api::Refusal;
use records::Code;

/// When a client had better come again, in seconds.
const LATER_SECONDS: &str = "5";
const CERTS_ONLY: &str = "application/pkcs7-mime; smime-type=certs-only";
const ATTRIBUTES: &str = "application/csrattrs";
const BASIC: &str = "Basic realm=\"EST\", charset=\"UTF-8\"";
const TRANSFER_ENCODING: HeaderName = HeaderName::from_static("content-transfer-encoding");

/// Certificates, in base64 (RFC 7030 4.1.3, 4.2.3).
pub(super) fn certificates(text: String) -> Response {
    encoded(CERTS_ONLY, text)
}

/// Attributes of requests, in base64 (RFC 7030 4.5.2).
pub(super) fn attributes(text: String) -> Response {
    encoded(ATTRIBUTES, text)
}

fn encoded(kind: &'static str, text: String) -> Response {
    let mut response = text.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("base64"));
    response
}

/// The certificate is on its way; the same request again is answered with it (RFC 7030 4.2.3).
pub(super) fn later() -> Response {
    let text = "尚未办结，请稍后以同一请求再来。 / It is not finished yet; send the same again.\n";
    let mut response = (StatusCode::ACCEPTED, text).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(LATER_SECONDS));
    response
}

/// A refusal on its way out, which names another way to say who asks.
#[derive(Debug)]
pub(super) struct EstRefused(WordedRefusal);

impl From<Code> for EstRefused {
    fn from(code: Code) -> Self {
        Self(code.into())
    }
}

impl From<Refusal> for EstRefused {
    fn from(refusal: Refusal) -> Self {
        Self(refusal.into())
    }
}

impl IntoResponse for EstRefused {
    fn into_response(self) -> Response {
        let mut response = self.0.into_response();
        if response.status() == StatusCode::UNAUTHORIZED {
            let basic = HeaderValue::from_static(BASIC);
            response.headers_mut().insert(header::WWW_AUTHENTICATE, basic);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_why_and_what_would_help() {
        let told = |code: Code| EstRefused::from(code).into_response();
        let secret = told(Code::SystemSecret);
        assert_eq!(secret.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(secret.headers()[header::WWW_AUTHENTICATE], BASIC);
        assert_eq!(secret.headers()[header::CONTENT_TYPE], "text/plain; charset=utf-8");
        let revoked = told(Code::CertificateRevoked);
        assert_eq!(revoked.headers()[header::WWW_AUTHENTICATE], BASIC, "a password is another way");
        assert_eq!(told(Code::RequestMalformed).status(), StatusCode::BAD_REQUEST);
        assert_eq!(told(Code::SystemNames).status(), StatusCode::FORBIDDEN);
        assert!(!told(Code::SystemNames).headers().contains_key(header::WWW_AUTHENTICATE));
        let waits = later();
        assert_eq!(waits.status(), StatusCode::ACCEPTED);
        assert!(waits.headers().contains_key(header::RETRY_AFTER));
    }
}
