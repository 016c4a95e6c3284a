//! What clients of CMP are told: the CA's message. Where there is none they are told a status and a
//! sentence (RFC 9811 3.2): what a message says of a refusal is protected, and nobody trusts these.

use crate::machines::told::ToldRefusal;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use records::Code;

/// What messages are, either way (RFC 9811 3.3).
pub(super) const MEDIA_TYPE: &str = "application/pkixcmp";

/// An answer of the CA, with what it refuses, for who is in charge of the system.
pub(super) fn message(der: Vec<u8>, refused: Option<Code>) -> Response {
    let kind = HeaderValue::from_static(MEDIA_TYPE);
    let nobody = HeaderValue::from_static("no-store");
    let fields = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, nobody)];
    let mut response = (fields, der).into_response();
    if let Some(code) = refused {
        response.extensions_mut().insert(ToldRefusal::from(code));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::StatusCode;

    #[test]
    fn an_answer_is_the_message_beside_what_it_refuses() {
        let answer = message(vec![0x30, 0], None);
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/pkixcmp");
        assert_eq!(answer.status(), StatusCode::OK);
        assert!(answer.extensions().get::<ToldRefusal>().is_none());
        let refused = message(vec![0x30, 0], Some(Code::SystemNames));
        assert_eq!(refused.extensions().get(), Some(&ToldRefusal::from(Code::SystemNames)));
    }
}
