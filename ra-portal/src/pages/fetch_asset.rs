//! `GET /assets/…`: a file of ours, which never changes under its address.

use super::address::FromPath;
use super::asset;
use crate::refusal::refused;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use records::Code;

/// `GET /assets/…`
pub(crate) async fn fetch(FromPath((digest, name)): FromPath<(String, String)>) -> Response {
    match asset::named(&digest, &name) {
        Some(asset) => file(asset),
        None => refused(Code::NotFound).into_response(),
    }
}

/// A file of ours that never changes under its address.
fn file(asset: &asset::Asset) -> Response {
    let mut response = asset.bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(asset::FOR_EVER));
    response
}
