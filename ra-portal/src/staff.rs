//! The staff host: officers with their certificate. The certificate is optional in TLS, so that people
//! can be told why it is refused, and required in HTTP; the CA judges it anew at every request.

mod approve;
mod fetch;
mod list;

use crate::Route;
use crate::edge::{Portal, refused};
use audit::{Bytes, Code};
use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use mtls::Connection;
use pki::Certificate;
use pki::path::{PathError, Usage, check};
use portal_api::staff::{APPROVE, FETCH, LIST};
use service::Clock;
use std::sync::Arc;

const OFFICERS: &[&str] = &["registration-officer", "security-administrator"];

/// Routes of this host.
pub const ROUTES: [Route; 3] = [
    Route { host: "staff", path: LIST, act: "list", who: OFFICERS },
    Route { host: "staff", path: FETCH, act: "fetch", who: OFFICERS },
    Route { host: "staff", path: APPROVE, act: "approve", who: OFFICERS },
];

/// The routes.
pub fn router() -> Router<Arc<Portal>> {
    Router::new()
        .route(LIST, post(list::list))
        .route(FETCH, post(fetch::fetch))
        .route(APPROVE, post(approve::approve))
}

/// A client certificate that leads to our root and is in time. Who it is, whether it is revoked, and
/// what its holder may do, the CA says at each request.
pub(crate) struct StaffCertificate {
    /// DER.
    pub(crate) certificate: Bytes,
    /// Person id in its subject.
    pub(crate) person: String,
}

impl FromRequestParts<Arc<Portal>> for StaffCertificate {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, portal: &Arc<Portal>) -> Result<Self, Response> {
        let der = parts.extensions.get::<Connection>().and_then(|c| c.certificate.clone());
        let judged = match der {
            None => Err(Code::CertificateRequired),
            Some(der) => judge(portal, &der, Clock::system().seconds()),
        };
        match judged {
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
