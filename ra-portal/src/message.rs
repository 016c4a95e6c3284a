//! A message in JSON, bounded in size and time.

use crate::refusal::refused;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header;
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
        let json = kind.is_some_and(|kind| kind.split(';').next() == Some("application/json"));
        if !json {
            return Err(refused(Code::Malformed).into_response());
        }
        let limit = Duration::from_secs(BODY_SECONDS_MAX);
        let bytes = tokio::time::timeout(limit, Bytes::from_request(request, state)).await;
        let bytes = bytes.map_err(|_| refused(Code::Malformed).into_response())?;
        let bytes = bytes.map_err(|_| refused(Code::TooLarge).into_response())?;
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|_| refused(Code::Malformed).into_response())
    }
}
