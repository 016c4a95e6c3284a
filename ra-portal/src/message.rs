//! A message in JSON, bounded in size and time.

use crate::refusal::refused;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use records::Code;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// A body that takes longer is refused.
const BODY_SECONDS_MAX: u64 = 15;

/// A message in JSON, or a clear refusal.
pub(crate) struct Message<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Message<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if !is_json(kind) {
            return Err(refused(Code::Malformed).into_response());
        }
        let limit = Duration::from_secs(BODY_SECONDS_MAX);
        let bytes = tokio::time::timeout(limit, Bytes::from_request(request, state)).await;
        let bytes = bytes.map_err(|_| refused(Code::RequestLate).into_response())?;
        let unread = |status| match status {
            StatusCode::PAYLOAD_TOO_LARGE => refused(Code::TooLarge).into_response(),
            // Its client broke off.
            _ => refused(Code::Malformed).into_response(),
        };
        let bytes = bytes.map_err(|why| unread(why.status()))?;
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|_| refused(Code::Malformed).into_response())
    }
}

/// Whether a media type is JSON: in whatever case, with or without parameters (RFC 9110 8.3.1).
fn is_json(kind: Option<&str>) -> bool {
    let essence = kind.and_then(|kind| kind.split(';').next()).map(str::trim);
    essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_named_in_any_case_and_with_parameters() {
        for kind in ["application/json", "Application/JSON", "application/json ; charset=utf-8"] {
            assert!(is_json(Some(kind)), "{kind}");
        }
        for kind in [None, Some(""), Some("text/json"), Some("application/jsonp")] {
            assert!(!is_json(kind), "{kind:?}");
        }
    }
}
