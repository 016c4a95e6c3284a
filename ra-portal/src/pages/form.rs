//! What comes back from pages: forms of our own pages and nobody else's.

use super::frame::Frame;
use super::problem;
use crate::refusal::refused;
use crate::state::PortalState;
use axum::extract::{Form, FromRequest, FromRequestParts, Request};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::Response;
use records::Code;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;

/// A body that takes longer is refused.
const BODY_SECONDS_MAX: u64 = 15;
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// A form that a page of this very host sent.
pub(crate) struct Posted<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Arc<PortalState>> for Posted<T> {
    type Rejection = Response;

    async fn from_request(request: Request, portal: &Arc<PortalState>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let Ok(frame) = Frame::from_request_parts(&mut parts, portal).await;
        let no = |code| problem::page(&frame, &refused(code).0, "/");
        if !is_own(&parts.headers, parts.uri.authority().map(|host| host.as_str())) {
            portal.metrics.count("request", Code::CrossSite.name());
            return Err(no(Code::CrossSite));
        }
        let request = Request::from_parts(parts, body);
        let limit = Duration::from_secs(BODY_SECONDS_MAX);
        let read = tokio::time::timeout(limit, Form::<T>::from_request(request, portal)).await;
        match read {
            Ok(Ok(Form(form))) => Ok(Self(form)),
            Ok(Err(why)) => Err(no(unread(why.status()))),
            Err(_) => Err(no(Code::RequestLate)),
        }
    }
}

/// Why a body was not read.
pub(super) fn unread(status: StatusCode) -> Code {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => Code::TooLarge,
        _ => Code::Malformed,
    }
}

/// Whether a change comes from a page of this host: its origin is ours to the letter, and the
/// browser says so too, if it says anything. The staff host and the public host are one site and
/// two origins.
pub(super) fn is_own(headers: &HeaderMap, authority: Option<&str>) -> bool {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let host = authority.or_else(|| text(&header::HOST));
    let origin = text(&header::ORIGIN).and_then(|origin| origin.strip_prefix("https://"));
    let site = text(&SEC_FETCH_SITE).is_none_or(|site| site == "same-origin");
    host.is_some() && origin == host && site
}

/// Whether a person came here by themselves or from our own page, as far as their browser says.
pub(crate) fn is_own_step(headers: &HeaderMap) -> bool {
    let site = headers.get(SEC_FETCH_SITE).map(|site| site.as_bytes());
    site.is_none_or(|site| site == b"same-origin" || site == b"none")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers
                .append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn only_our_own_pages_change_anything() {
        let host = ("host", "portal.localhost:9443");
        let own = ("origin", "https://portal.localhost:9443");
        assert!(is_own(&with(&[host, own]), None));
        assert!(is_own(&with(&[host, own, ("sec-fetch-site", "same-origin")]), None));
        assert!(is_own(&with(&[own]), Some("portal.localhost:9443")));
        for foreign in [
            with(&[host]),
            with(&[own]),
            with(&[host, ("origin", "https://staff.localhost:9443")]),
            with(&[host, ("origin", "https://portal.localhost")]),
            with(&[host, ("origin", "http://portal.localhost:9443")]),
            with(&[host, ("origin", "null")]),
            with(&[host, own, ("sec-fetch-site", "same-site")]),
            with(&[host, own, ("sec-fetch-site", "cross-site")]),
            with(&[host, own, ("sec-fetch-site", "none")]),
        ] {
            assert!(!is_own(&foreign, None), "{foreign:?}");
        }
    }
}
