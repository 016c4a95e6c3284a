//! Answers of EST: base64 of a message, or a text for people that says why not.

use crate::machines::told::ToldRefusal;
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

/// A refusal on its way out.
#[derive(Debug)]
pub(super) struct EstRefused {
    code: Code,
    /// What a help desk finds it by.
    reference: String,
}

impl From<Code> for EstRefused {
    fn from(code: Code) -> Self {
        Self { code, reference: String::new() }
    }
}

impl From<Refusal> for EstRefused {
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

impl IntoResponse for EstRefused {
    fn into_response(self) -> Response {
        let status = service::problem::status(self.code);
        let (zh, en, name) = (self.code.zh(), self.code.en(), self.code.name());
        let about = if self.reference.is_empty() { "" } else { " " };
        let text = format!("{zh} / {en} ({name}{about}{})\n", self.reference);
        let mut response = (status, text).into_response();
        let words = (zh.to_owned(), en.to_owned());
        response.extensions_mut().insert(ToldRefusal { code: name, words });
        let headers = response.headers_mut();
        match status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(BASIC));
            }
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static(LATER_SECONDS));
            }
            _ => {}
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
        assert_eq!(told(Code::MediaType).status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
        assert_eq!(told(Code::MethodNotAllowed).status(), StatusCode::METHOD_NOT_ALLOWED);
        assert!(told(Code::Unavailable).headers().contains_key(header::RETRY_AFTER));
        let waits = later();
        assert_eq!(waits.status(), StatusCode::ACCEPTED);
        assert!(waits.headers().contains_key(header::RETRY_AFTER));
    }
}
