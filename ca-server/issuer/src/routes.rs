//! The issuer's calls. Each route is typed for one process of a portal; which process speaks follows
//! from its TLS key and the log. One file a call, named by its verb.

mod approve;
mod certify;
mod collect;
mod decline;
mod fetch;
mod find;
mod join;
mod list;
mod look_up;
mod passkeys;
mod renew;
mod revoke;
mod state;
mod submit;
mod who;

use super::Issuer;
use super::session::Session;
use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use ca_api::{both, public, staff};
use mtls::Connection;
use pki::Certificate;
use records::{Code, Problem};
use serde::de::DeserializeOwned;
use service::problem::Refused;
use std::sync::Arc;

/// Largest message, in bytes.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// Every route with the process that may call it; a test prints them as the matrix.
pub(super) const ROUTES: [(&str, &str); 17] = [
    (public::LOOK_UP, "portal-public"),
    (public::SUBMIT, "portal-public"),
    (public::COLLECT, "portal-public"),
    (public::JOIN, "portal-public"),
    (staff::WHO, "portal-staff"),
    (staff::HOLDER, "portal-staff"),
    (staff::LIST, "portal-staff"),
    (staff::FETCH, "portal-staff"),
    (staff::APPROVE, "portal-staff"),
    (staff::DECLINE, "portal-staff"),
    (staff::CERTIFY, "portal-staff"),
    (staff::PASSKEYS, "portal-staff"),
    (staff::FIND, "portal-staff"),
    (staff::CERTIFICATE, "portal-staff"),
    (staff::REVOKE, "portal-staff"),
    (staff::STATE, "portal-staff"),
    (both::RENEW, "portal-public portal-staff"),
];

pub(super) fn router(issuer: Arc<Issuer>) -> Router {
    Router::new()
        .route(public::LOOK_UP, post(look_up::look_up))
        .route(public::SUBMIT, post(submit::submit))
        .route(public::COLLECT, post(collect::collect))
        .route(public::JOIN, post(join::join))
        .route(staff::WHO, post(who::who))
        .route(staff::HOLDER, post(who::holder))
        .route(staff::LIST, post(list::list))
        .route(staff::FETCH, post(fetch::fetch))
        .route(staff::APPROVE, post(approve::approve))
        .route(staff::DECLINE, post(decline::decline))
        .route(staff::CERTIFY, post(certify::certify))
        .route(staff::PASSKEYS, post(passkeys::passkeys))
        .route(staff::FIND, post(find::find))
        .route(staff::CERTIFICATE, post(find::certificate))
        .route(staff::REVOKE, post(revoke::revoke))
        .route(staff::STATE, post(state::state))
        .route(both::RENEW, post(renew::renew))
        .fallback(|| async { Refused(Problem::new(Code::NotFound, String::new())) })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(issuer)
}

/// A message in JSON, or a clear refusal.
pub(super) struct Message<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Message<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let bytes = axum::body::Bytes::from_request(request, state).await;
        let refused = |code| Refused(Problem::new(code, String::new())).into_response();
        let bytes = bytes.map_err(|_| refused(Code::TooLarge))?;
        serde_json::from_slice(&bytes).map(Self).map_err(|_| refused(Code::Malformed))
    }
}

/// Whether the connection belongs to a process that may call `route`.
pub(super) fn may_call(
    session: &Session<'_>,
    connection: &Connection,
    route: &str,
) -> Result<(), Code> {
    let der = connection.certificate.as_ref().ok_or(Code::CertificateRequired)?;
    let certificate = Certificate::read(der).map_err(|_| Code::CertificateForeign)?;
    let authority = session.authority()?;
    if authority.is_revoked(&certificate.serial().to_string()) {
        return Err(Code::CertificateRevoked);
    }
    let (_, process) =
        authority.portal_of(&certificate.key().sha256()).ok_or(Code::PortalUnknown)?;
    let typed = ROUTES.iter().find(|(path, _)| *path == route).map_or("", |(_, who)| *who);
    if typed.split(' ').any(|who| who == process) { Ok(()) } else { Err(Code::NotYourRoute) }
}

/// The officer whose certificate a portal saw; judged anew at every call.
pub(super) fn officer(session: &Session<'_>, certificate: &[u8]) -> Result<String, Code> {
    let certificate = Certificate::read(certificate).map_err(|_| Code::CertificateForeign)?;
    let authority = session.authority()?;
    authority.credential_holder(&certificate, session.now()).map_err(|code| match code {
        Code::ApproverExpired => Code::CertificateExpired,
        Code::ApproverRevoked => Code::CertificateRevoked,
        Code::ApproverUnknown if authority.is_issued_by_us(&certificate) => Code::NotYourRoute,
        _ => Code::CertificateForeign,
    })
}
