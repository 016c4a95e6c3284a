//! What a page is asked for in its address. What does not read is a page too.

use super::frame::Frame;
use super::problem;
use crate::refusal::refused;
use crate::state::PortalState;
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use axum::response::Response;
use records::Code;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// The query of an address.
pub(crate) struct FromQuery<T>(pub(crate) T);

/// What a path names.
pub(crate) struct FromPath<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<PortalState>> for FromQuery<T> {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        portal: &Arc<PortalState>,
    ) -> Result<Self, Response> {
        match Query::<T>::from_request_parts(parts, portal).await {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(_) => Err(no(parts, portal, Code::Malformed).await),
        }
    }
}

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<PortalState>> for FromPath<T> {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        portal: &Arc<PortalState>,
    ) -> Result<Self, Response> {
        match Path::<T>::from_request_parts(parts, portal).await {
            Ok(Path(named)) => Ok(Self(named)),
            Err(_) => Err(no(parts, portal, Code::NotFound).await),
        }
    }
}

async fn no(parts: &mut Parts, portal: &Arc<PortalState>, code: Code) -> Response {
    let Ok(mut frame) = Frame::from_request_parts(parts, portal).await;
    // The same address would be refused again.
    frame.back = "/".into();
    problem::page(&frame, &refused(code).0, "/")
}
