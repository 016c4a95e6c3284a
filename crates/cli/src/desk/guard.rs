//! What every request of a desk passes before anything looks at it: the one host, no foreign page,
//! a session that is not over, the cookie.

use super::bench::Bench;
use super::frame::Frame;
use super::session::{Admitted, COOKIE, OwnForm};
use crate::clock::now;
use crate::files::SigningIdentity;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Form, FromRequest, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// Largest body of a request, in bytes: the file of a passkey with room.
const BODY_BYTES_MAX: usize = 64 * 1024;
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Puts the checks of every request around the routes.
pub(super) fn guarded(routes: Router<Arc<Bench>>, bench: Arc<Bench>) -> Router {
    routes
        .fallback(not_found)
        .method_not_allowed_fallback(not_allowed)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(bench.clone(), looked_at))
        .with_state(bench)
}

async fn not_found(State(bench): State<Arc<Bench>>) -> Response {
    Frame::outside(&bench).told(StatusCode::NOT_FOUND, |w| w.not_found)
}

async fn not_allowed(State(bench): State<Arc<Bench>>) -> Response {
    Frame::outside(&bench).told(StatusCode::METHOD_NOT_ALLOWED, |w| w.not_found)
}

async fn looked_at(State(bench): State<Arc<Bench>>, mut request: Request, next: Next) -> Response {
    let refused = |status, what: fn(&'static super::frame::FrameWords) -> &'static str| {
        Frame::outside(&bench).told(status, what)
    };
    let headers = request.headers();
    let mut response = if !is_own_host(headers, request.uri().authority().is_some(), &bench.host) {
        // Nothing of a page, not even its words: whoever asks is not here.
        StatusCode::MISDIRECTED_REQUEST.into_response()
    } else if !is_own_page(headers, request.method(), &bench.origin()) {
        refused(StatusCode::FORBIDDEN, |w| w.foreign)
    } else if bench.session.is_over(now()) {
        refused(StatusCode::GONE, |w| w.ended)
    } else {
        let cookie = page::cookie::cookie(headers, COOKIE);
        if let Some(admitted) = bench.session.admit(cookie.as_deref(), now()) {
            request.extensions_mut().insert(admitted);
        }
        next.run(request).await
    };
    page::policy::dress(response.headers_mut());
    response
}

/// One Host, to the letter; a name that leads here by rebinding is another one.
fn is_own_host(headers: &HeaderMap, has_authority: bool, host: &str) -> bool {
    let mut named = headers.get_all(header::HOST).iter();
    let own = named.next().is_some_and(|value| value.as_bytes() == host.as_bytes());
    own && named.next().is_none() && !has_authority
}

/// Reading is for whoever came by themselves or from our own page; a change comes from our very
/// origin.
fn is_own_page(headers: &HeaderMap, method: &Method, origin: &str) -> bool {
    let said = |name: &HeaderName| headers.get(name).map(|value| value.as_bytes());
    let site = said(&SEC_FETCH_SITE);
    match *method {
        Method::GET | Method::HEAD => {
            site.is_none_or(|site| site == b"same-origin" || site == b"none")
                && said(&header::ORIGIN).is_none_or(|said| said == origin.as_bytes())
        }
        Method::POST => {
            site.is_none_or(|site| site == b"same-origin")
                && said(&header::ORIGIN) == Some(origin.as_bytes())
        }
        _ => false,
    }
}

/// Who brought the cookie; everybody else is told to come by the link.
impl FromRequestParts<Arc<Bench>> for Admitted {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, bench: &Arc<Bench>) -> Result<Self, Response> {
        let admitted = parts.extensions.get::<Self>().cloned();
        admitted.ok_or_else(|| super::enter::page(bench, StatusCode::FORBIDDEN))
    }
}

/// The open key of who is in; a closed one is opened first.
pub(super) struct Key(pub(super) Arc<SigningIdentity>);

impl FromRequestParts<Arc<Bench>> for Key {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, bench: &Arc<Bench>) -> Result<Self, Response> {
        Admitted::from_request_parts(parts, bench).await?;
        match bench.key.get(now()) {
            Some(opened) => Ok(Self(opened)),
            None => Err(Redirect::to("/key").into_response()),
        }
    }
}

/// A form that a page of this session sent.
pub(super) struct Posted<T> {
    pub(super) form: T,
    pub(super) admitted: Admitted,
    _proof: OwnForm,
}

#[derive(Deserialize)]
struct Tokened<T> {
    token: String,
    #[serde(flatten)]
    form: T,
}

impl<T: DeserializeOwned> FromRequest<Arc<Bench>> for Posted<T> {
    type Rejection = Response;

    async fn from_request(request: Request, bench: &Arc<Bench>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let admitted = Admitted::from_request_parts(&mut parts, bench).await?;
        let request = Request::from_parts(parts, body);
        let no = || Frame::inside(bench, &admitted, "/").told(StatusCode::FORBIDDEN, |w| w.foreign);
        let Ok(Form(Tokened::<T> { token, form })) = Form::from_request(request, bench).await
        else {
            return Err(no());
        };
        match bench.session.own_form(&admitted, &token) {
            Some(proof) => Ok(Self { form, admitted, _proof: proof }),
            None => Err(no()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "abc.localhost:4000";
    const ORIGIN: &str = "http://abc.localhost:4000";

    fn with(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers
                .append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn there_is_one_host() {
        assert!(is_own_host(&with(&[("host", HOST)]), false, HOST));
        for other in ["127.0.0.1:4000", "localhost:4000", "evil.example:4000", "abc.localhost"] {
            assert!(!is_own_host(&with(&[("host", other)]), false, HOST), "{other}");
        }
        assert!(!is_own_host(&with(&[]), false, HOST));
        assert!(!is_own_host(&with(&[("host", HOST)]), true, HOST), "an address in the request");
        assert!(!is_own_host(&with(&[("host", HOST), ("host", "x")]), false, HOST));
        assert!(!is_own_host(&with(&[("host", "ABC.localhost:4000")]), false, HOST));
    }

    #[test]
    fn foreign_pages_read_and_change_nothing() {
        let own = ("origin", ORIGIN);
        let get = |pairs: &[(&str, &str)]| is_own_page(&with(pairs), &Method::GET, ORIGIN);
        let post = |pairs: &[(&str, &str)]| is_own_page(&with(pairs), &Method::POST, ORIGIN);
        assert!(get(&[]) && get(&[("sec-fetch-site", "none")]) && get(&[own]));
        assert!(post(&[own]) && post(&[own, ("sec-fetch-site", "same-origin")]));
        for site in ["cross-site", "same-site"] {
            assert!(!get(&[("sec-fetch-site", site)]) && !post(&[own, ("sec-fetch-site", site)]));
        }
        assert!(!post(&[own, ("sec-fetch-site", "none")]));
        let others = ["null", "http://abc.localhost", "https://abc.localhost:4000"];
        for other in others.into_iter().chain(["https://staff.localhost:9443", ""]) {
            assert!(!post(&[("origin", other)]) && !get(&[("origin", other)]), "{other}");
        }
        assert!(!post(&[]), "a form of nobody");
        for method in [Method::PUT, Method::DELETE, Method::OPTIONS, Method::PATCH] {
            assert!(!is_own_page(&with(&[own]), &method, ORIGIN), "{method}");
        }
    }
}
