//! `POST /language`: the form in every footer.

use super::form::Posted;
use super::frame::LANGUAGE as COOKIE;
use crate::state::PortalState;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use std::sync::Arc;

/// The form in every footer.
#[derive(Deserialize)]
pub(crate) struct Chosen {
    language: String,
    back: String,
}

/// `POST /language`: remembers the language and goes back.
pub(crate) async fn choose(
    State(_): State<Arc<PortalState>>,
    Posted(chosen): Posted<Chosen>,
) -> Response {
    let tag = if chosen.language == "en" { "en" } else { "zh-CN" };
    // A path of this host and nothing that a browser takes for another one.
    let inside = chosen.back.starts_with('/')
        && !chosen.back.starts_with("//")
        && chosen.back.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let back = if inside { chosen.back.as_str() } else { "/" };
    let mut response = Redirect::to(back).into_response();
    let cookie =
        format!("{COOKIE}={tag}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=31536000");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
