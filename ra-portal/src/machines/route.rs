//! The resources of ACME, a file an endpoint, and what every answer of this host passes.

mod account;
mod authorization;
mod certificate;
mod challenge;
mod directory;
mod finalize;
mod key_change;
mod new_account;
mod new_nonce;
mod new_order;
mod order;
mod orders;
mod renewal_info;
mod revoke_certificate;

use crate::machines::answer::AcmeRefused;
use crate::machines::state::MachinesState;
use crate::machines::{cmp, est, scep, watched};
use crate::own_host::is_for_own_host;
use acme::ProblemKind;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use jose::flat::JWS_BYTES_MAX;
use std::sync::Arc;

const REPLAY_NONCE: HeaderName = HeaderName::from_static("replay-nonce");

/// Every path of ACME.
pub(crate) const PATHS: [&str; 14] = [
    "/acme/directory",
    "/acme/new-nonce",
    "/acme/new-account",
    "/acme/account/{account}",
    "/acme/account/{account}/orders",
    "/acme/new-order",
    "/acme/order/{order}",
    "/acme/order/{order}/finalize",
    "/acme/authorization/{authorization}",
    "/acme/challenge/{authorization}/{kind}",
    "/acme/certificate/{order}",
    "/acme/revoke-certificate",
    "/acme/key-change",
    "/acme/renewal-info/{name}",
];

/// Whether a path stops something, may do so, or is asked on the way to that: an account is closed
/// where it is read, a message of CMP may revoke, and whoever signs needs a nonce first.
pub(crate) fn is_brake(path: &str) -> bool {
    let [directory, nonce, ..] = PATHS;
    let account = path.strip_prefix("/acme/account/");
    let is_account = account.is_some_and(|account| !account.contains('/'));
    path == "/acme/revoke-certificate"
        || path == directory
        || path == nonce
        || is_account
        || cmp::may_end(path)
}

/// The routes with what each of them passes.
pub(crate) fn router(state: Arc<MachinesState>) -> Router {
    let [directory, nonce, new_account, account, orders, new_order, order, finalize, rest @ ..] =
        PATHS;
    let [authorization, challenge, certificate, revoke, key_change, renewal_info] = rest;
    Router::new()
        .route(directory, get(directory::show).post(directory::read))
        .route(nonce, get(new_nonce::draw).head(new_nonce::look).post(new_nonce::read))
        .route(new_account, post(new_account::open))
        .route(account, post(account::change))
        .route(orders, post(orders::list))
        .route(new_order, post(new_order::make))
        .route(order, post(order::read))
        .route(finalize, post(finalize::finalize))
        .route(authorization, post(authorization::change))
        .route(challenge, post(challenge::answer))
        .route(certificate, post(certificate::read))
        .route(revoke, post(revoke_certificate::revoke))
        .route(key_change, post(key_change::change))
        .route(renewal_info, get(renewal_info::show))
        .merge(est::router())
        .merge(scep::router())
        .merge(cmp::router())
        .fallback(unknown)
        .method_not_allowed_fallback(other_method)
        .layer(DefaultBodyLimit::max(JWS_BYTES_MAX))
        .layer(middleware::from_fn_with_state(state.clone(), watched::watched))
        .layer(middleware::from_fn_with_state(state.clone(), own_host))
        .layer(middleware::from_fn_with_state(state.clone(), dressed))
        .with_state(state)
}

/// What is not there is refused in the words of the protocol that was spoken.
async fn unknown(uri: Uri) -> Response {
    match uri.path().starts_with(est::ROOT) {
        true => est::unknown(),
        false => AcmeRefused::from(ProblemKind::NotFound).into_response(),
    }
}

/// A browser asks before it lets a page send what is signed; every other method is refused.
async fn other_method(method: Method) -> Response {
    match method == Method::OPTIONS {
        true => StatusCode::NO_CONTENT.into_response(),
        false => AcmeRefused::from(ProblemKind::MethodNotAllowed).into_response(),
    }
}

/// A request for another host is answered with 421.
async fn own_host(
    State(state): State<Arc<MachinesState>>,
    request: Request,
    next: Next,
) -> Response {
    if !is_for_own_host(&request, |sni| sni.eq_ignore_ascii_case(&state.host)) {
        return service::problem::refusal(records::Code::Misdirected);
    }
    next.run(request).await
}

/// A nonce with every answer to what was signed (RFC 8555 6.5), the directory beside everything of
/// ACME (7.1), and nothing that anybody keeps.
async fn dressed(
    State(state): State<Arc<MachinesState>>,
    request: Request,
    next: Next,
) -> Response {
    let is_acme = request.uri().path().starts_with("/acme/");
    let is_signed = is_acme && request.method() == Method::POST;
    let is_asked_before = request.method() == Method::OPTIONS;
    let is_directory = request.uri().path() == "/acme/directory";
    let path = request.uri().path();
    let is_well_known = [est::ROOT, "/.well-known/cmp"];
    let is_plain = scep::is_scep(path) || is_well_known.iter().any(|one| path.starts_with(one));
    let response = next.run(request).await;
    // EST, SCEP and CMP tell in plain text.
    let mut response = if is_plain { response } else { as_problem(response) };
    let nonce = if is_signed { Some(state.nonces.draw()) } else { None };
    let nonce = match nonce.transpose() {
        Ok(nonce) => nonce.and_then(|nonce| HeaderValue::from_str(&nonce).ok()),
        Err(error) => return AcmeRefused::from(error).into_response(),
    };
    let headers = response.headers_mut();
    if let Some(nonce) = nonce {
        headers.insert(REPLAY_NONCE, nonce);
    }
    let index = format!("<{}>;rel=\"index\"", state.urls.directory());
    if let (Ok(index), true) = (HeaderValue::from_str(&index), is_acme && !is_directory) {
        headers.append(header::LINK, index);
    }
    if is_acme {
        open_to_pages(headers, is_asked_before);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Nothing of ACME rests on who a browser is: a page may be a client (RFC 8555 6.1), which reads
/// the fields that clients need, and sends what is signed once its browser asked whether it may.
fn open_to_pages(headers: &mut HeaderMap, is_asked_before: bool) {
    let told = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, "Link, Location, Replay-Nonce, Retry-After"),
    ];
    let asked = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "Content-Type"),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    ];
    let asked = asked.into_iter().filter(|_| is_asked_before);
    for (name, value) in told.into_iter().chain(asked) {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// What was refused before any route saw it, as an address that is no text, is told as everything
/// else is.
fn as_problem(response: Response) -> Response {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let is_plain = kind.is_none_or(|kind| kind.starts_with("text/"));
    match is_plain && response.status().is_client_error() {
        true => AcmeRefused::from(ProblemKind::Malformed).into_response(),
        false => response,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever revokes finds a place by whichever protocol, and on the way to it; whoever asks for
    /// certificates has those of all others.
    #[test]
    fn whatever_may_be_a_brake_of_systems_has_places_of_brakes() {
        for path in [
            "/acme/directory",
            "/acme/new-nonce",
            "/acme/revoke-certificate",
            "/acme/account/abc",
            "/.well-known/cmp",
            "/.well-known/cmp/revocation",
            "/.well-known/cmp/p/server",
            "/.well-known/cmp/p/server/revocation",
        ] {
            assert!(is_brake(path), "{path}");
        }
        for path in [
            "/acme/new-account",
            "/acme/new-order",
            "/acme/account/abc/orders",
            "/acme/order/1/finalize",
            "/.well-known/cmp/pkcs10",
            "/.well-known/cmp/p/server/initialization",
            "/.well-known/cmpx",
            "/.well-known/est/simpleenroll",
            "/scep",
        ] {
            assert!(!is_brake(path), "{path}");
        }
    }

    /// Fetch: what is signed has a media type that no page sends unasked, and a nonce that none
    /// reads unless it is exposed.
    #[tokio::test]
    async fn a_page_of_any_origin_may_be_a_client() {
        assert_eq!(other_method(Method::OPTIONS).await.status(), StatusCode::NO_CONTENT);
        for other in [Method::GET, Method::PUT, Method::DELETE] {
            let status = other_method(other).await.status();
            assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
        }
        let told = |is_asked_before: bool, name: &HeaderName| {
            let mut headers = HeaderMap::new();
            open_to_pages(&mut headers, is_asked_before);
            headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        let exposed = told(false, &header::ACCESS_CONTROL_EXPOSE_HEADERS).unwrap();
        assert!(["Replay-Nonce", "Location", "Link"].iter().all(|one| exposed.contains(one)));
        for is_asked_before in [true, false] {
            let origin = told(is_asked_before, &header::ACCESS_CONTROL_ALLOW_ORIGIN);
            assert_eq!(origin.as_deref(), Some("*"));
            let credentials = told(is_asked_before, &header::ACCESS_CONTROL_ALLOW_CREDENTIALS);
            assert_eq!(credentials, None, "nobody is known here by a browser");
        }
        let fields = told(true, &header::ACCESS_CONTROL_ALLOW_HEADERS);
        assert_eq!(fields.as_deref(), Some("Content-Type"));
        assert_eq!(told(false, &header::ACCESS_CONTROL_ALLOW_HEADERS), None);
    }

    #[test]
    fn every_refusal_is_a_problem_document() {
        let kind = |response: Response| {
            let response = as_problem(response);
            let kind = response.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned();
            (response.status().as_u16(), kind)
        };
        let problem = "application/problem+json".to_owned();
        let plain = (StatusCode::BAD_REQUEST, "Invalid UTF-8").into_response();
        assert_eq!(kind(plain), (400, problem.clone()));
        let refused = AcmeRefused::from(ProblemKind::NotFound).into_response();
        assert_eq!(kind(refused), (404, problem));
        let elsewhere = service::problem::refusal(records::Code::Misdirected);
        assert_eq!(kind(elsewhere).0, 421);
        assert_eq!(kind("fine".into_response()).0, 200);
    }
}
