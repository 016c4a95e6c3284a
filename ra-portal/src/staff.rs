//! The staff host: everybody with a certificate. It is optional in TLS, so that people can be told
//! why it is refused, and required in HTTP; the CA judges it anew at every request. In the order in
//! which people meet them: [`certificate`] (for everybody), [`passkeys`], [`queue`], [`review`]
//! with [`approve`], [`decline`] and [`declined`], [`certificates`], [`issued`] and [`revoke`],
//! [`applications`], [`state`], [`audit_search`]; [`api`] is the same for the command line.

mod api;
mod applications;
mod approve;
mod audit_search;
mod certificate;
mod certificates;
mod decline;
mod declined;
mod issued;
mod passkeys;
mod queue;
mod review;
mod revoke;
mod state;

pub use api::ROUTES;

use crate::edge::{Portal, refused};
use crate::pages::{Frame, asset, language};
use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use mtls::Connection;
use pki::Certificate;
use pki::path::{PathError, Usage, check};
use records::{Bytes, Code};
use service::Clock;
use std::sync::Arc;

/// Pages that are read.
pub const PAGES: [&str; 9] = [
    "/",
    "/applications",
    "/audit",
    "/certificate",
    "/certificates",
    "/certificates/{serial}",
    "/orders/{order}",
    "/passkeys",
    "/state",
];

/// Where forms go.
pub const FORMS: [&str; 5] = [
    "/certificates/{serial}/revoke",
    "/language",
    "/orders/{order}/approve",
    "/orders/{order}/decline",
    "/orders/{order}/declined",
];

/// Whether a path stops something: revoking has places of its own.
pub fn is_brake(path: &str) -> bool {
    path.starts_with("/certificates/") && path.ends_with("/revoke")
}

/// The routes.
pub fn router() -> Router<Arc<Portal>> {
    api::router()
        .route("/", get(queue::show))
        .route("/certificate", get(certificate::show))
        .route("/orders/{order}", get(review::show))
        .route("/orders/{order}/approve", post(approve::approve))
        .route("/orders/{order}/decline", post(decline::decline))
        .route("/orders/{order}/declined", post(declined::declined))
        .route("/certificates", get(certificates::show))
        .route("/certificates/{serial}", get(issued::show))
        .route("/certificates/{serial}/revoke", post(revoke::revoke))
        .route("/applications", get(applications::show))
        .route("/state", get(state::show))
        .route("/passkeys", get(passkeys::show))
        .route("/audit", get(audit_search::show))
        .route("/language", post(language::choose))
        .route(asset::ROUTE, get(asset::fetch))
}

/// A client certificate that leads to our root and is in time. Who it is, whether it is revoked,
/// and what its holder may do, the CA says at each request.
pub(crate) struct StaffCertificate {
    /// DER.
    pub(crate) certificate: Bytes,
    /// Person id in its subject.
    pub(crate) person: String,
}

/// The same for pages: who has none that counts reads why, and what to do.
pub(crate) struct Shown(pub(crate) StaffCertificate);

impl FromRequestParts<Arc<Portal>> for Shown {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, portal: &Arc<Portal>) -> Result<Self, Response> {
        let Ok(frame) = Frame::from_request_parts(parts, portal).await;
        let told = match judged(parts, portal) {
            Ok(certificate) => return Ok(Self(certificate)),
            Err(code) => portal.told("certificate", "", Err::<(), _>(refused(code))).await,
        };
        let told = told.err().map_or_else(|| refused(Code::Unavailable).0, |refusal| refusal.0);
        Err(certificate::not_seen(&frame, portal, &told))
    }
}

impl FromRequestParts<Arc<Portal>> for StaffCertificate {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, portal: &Arc<Portal>) -> Result<Self, Response> {
        match judged(parts, portal) {
            Ok(certificate) => Ok(certificate),
            Err(code) => {
                Err(match portal.told("certificate", "", Err::<(), _>(refused(code))).await {
                    Err(refusal) => refusal.into_response(),
                    Ok(()) => refused(code).into_response(),
                })
            }
        }
    }
}

pub(crate) fn judged(parts: &Parts, portal: &Portal) -> Result<StaffCertificate, Code> {
    let der = parts.extensions.get::<Connection>().and_then(|c| c.certificate.clone());
    let der = der.ok_or(Code::CertificateRequired)?;
    judge(portal, &der, Clock::system().seconds())
}

fn judge(portal: &Portal, der: &[u8], now: u64) -> Result<StaffCertificate, Code> {
    let certificate = Certificate::read(der).map_err(|_| Code::CertificateForeign)?;
    let issuing = std::slice::from_ref(&portal.issuing);
    if !certificate.is_signed_by(portal.issuing.key()) {
        return Err(Code::CertificateForeign);
    }
    check(&certificate, issuing, &portal.root, now, Usage::Client).map_err(
        |error| match error {
            PathError::Expired { .. } | PathError::NotYetValid { .. } => Code::CertificateExpired,
            _ => Code::CertificateForeign,
        },
    )?;
    let person = certificate.subject().person().ok_or(Code::NotYourRoute)?;
    Ok(StaffCertificate { certificate: der.into(), person })
}

/// Sample pages.
#[cfg(test)]
pub(crate) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    let mut samples = certificate::samples(language);
    samples.extend(queue::samples(language));
    samples.extend(certificates::samples(language));
    samples.extend(issued::samples(language));
    samples.extend(passkeys::samples(language));
    samples.extend(audit_search::samples(language));
    samples.extend(review::samples(language));
    samples.extend(decline::samples(language));
    samples.extend(applications::samples(language));
    samples.extend(state::samples(language));
    samples
}
