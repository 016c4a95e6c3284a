//! What every request of a portal passes: the host must be the handshake's and the process's own,
//! the body is bounded in size and time, and every answer leaves with the headers that keep others
//! out of it.

use crate::pages::{Frame, problem};
use crate::refusal::refused;
use crate::state::PortalState;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use mtls::TlsConnection;
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

/// 421 unless Host, SNI and a name of the process are one (RFC 9110 15.5.20).
async fn own_host(
    State(portal): State<Arc<PortalState>>,
    request: Request,
    next: Next,
) -> Response {
    let named = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = request.uri().authority().map(|authority| authority.as_str()).or(named);
    let connection = request.extensions().get::<TlsConnection>();
    let ours = connection.is_some_and(|connection| {
        connection.is_for_host(host)
            && connection.sni.as_deref().is_some_and(|sni| portal.is_own(sni))
    });
    let both =
        named.is_some() && request.uri().authority().is_some_and(|a| Some(a.as_str()) != named);
    if !ours || both || request.headers().get_all(header::HOST).iter().count() > 1 {
        portal.metrics.count("request", Code::Misdirected.name());
        return refused(Code::Misdirected).into_response();
    }
    next.run(request).await
}
