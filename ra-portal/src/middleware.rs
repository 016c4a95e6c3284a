//! What every request of a portal passes: the host must be the handshake's and the process's own,
//! the body is bounded in size and time, and every answer leaves with the headers that keep others
//! out of it.

use crate::own_host::is_for_own_host;
use crate::pages::{Frame, problem};
use crate::refusal::refused;
use crate::state::PortalState;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use records::Code;
use std::sync::Arc;

/// Largest body of a request, in bytes.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// Puts the checks of every request around the routes.
pub fn guarded(routes: Router<Arc<PortalState>>, portal: Arc<PortalState>) -> Router {
    routes
        .fallback(not_found)
        .method_not_allowed_fallback(not_allowed)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(portal.clone(), own_host))
        .layer(middleware::from_fn(with_security_headers))
        .with_state(portal)
}

/// People read a page, programs a problem.
fn unknown(code: Code, frame: &Frame, headers: &HeaderMap) -> Response {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let told = refused(code);
    match accept.is_some_and(|accept| accept.contains("text/html")) {
        true => problem::page(frame, &told.0, "/"),
        false => told.into_response(),
    }
}

async fn not_found(frame: Frame, headers: HeaderMap) -> Response {
    unknown(Code::NotFound, &frame, &headers)
}

async fn not_allowed(frame: Frame, headers: HeaderMap) -> Response {
    unknown(Code::MethodNotAllowed, &frame, &headers)
}

/// What every answer passes on its way out, whoever gave it.
async fn with_security_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    page::policy::dress(response.headers_mut());
    response
}

/// A request for another host is answered with 421.
async fn own_host(
    State(portal): State<Arc<PortalState>>,
    request: Request,
    next: Next,
) -> Response {
    if !is_for_own_host(&request, |sni| portal.is_own(sni)) {
        portal.metrics.count("request", Code::Misdirected.name());
        return refused(Code::Misdirected).into_response();
    }
    next.run(request).await
}
