//! The certificate that a reader of the staff host shows.

use crate::refusal::refused;
use crate::state::PortalState;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use mtls::TlsConnection;
use records::{Bytes, Code};
use service::Clock;
use std::sync::Arc;

/// A client certificate that leads to our root and is in time. Who it is, whether it is revoked,
/// and what its holder may do, the CA says at each request.
pub(crate) struct StaffCertificate {
    /// DER.
    pub(crate) certificate: Bytes,
    /// Person id in its subject.
    pub(crate) person: String,
}

impl FromRequestParts<Arc<PortalState>> for StaffCertificate {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        portal: &Arc<PortalState>,
    ) -> Result<Self, Response> {
        match judged(parts, portal) {
            Ok(certificate) => Ok(certificate),
            Err(code) => {
                Err(match portal.recorded("certificate", "", Err::<(), _>(refused(code))).await {
                    Err(refusal) => refusal.into_response(),
                    Ok(()) => refused(code).into_response(),
                })
            }
        }
    }
}

/// The certificate of a connection, if it leads to our root and is in time.
pub(crate) fn judged(parts: &Parts, portal: &PortalState) -> Result<StaffCertificate, Code> {
    let der = parts.extensions.get::<TlsConnection>().and_then(|c| c.certificate.clone());
    let der = der.ok_or(Code::CertificateRequired)?;
    let certificate = portal.paths.certificate(&der, Clock::system().seconds())?;
    let person = certificate.subject().person().ok_or(Code::NotYourRoute)?;
    Ok(StaffCertificate { certificate: der.as_slice().into(), person: person.to_owned() })
}
