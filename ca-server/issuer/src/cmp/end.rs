//! A certificate that a system wants to be revoked: a brake.

use super::heard::{Answer, Heard, made};
use crate::command::Command;
use crate::error::IssuerError;
use crate::issuer::Issuer;
use authority::cmp_code;
use pkixcmp::fail::status_info;
use pkixcmp::{BodyDer, PkiStatus, body};
use records::Code;
use std::sync::Arc;

pub(super) async fn revoke(issuer: &Arc<Issuer>, heard: &Heard<'_>) -> Result<Answer, IssuerError> {
    let wanted = body::revocation(heard.message.content()).map_err(|error| cmp_code(&error))?;
    if wanted.certificate.issuer != issuer.context.issuing_certificate.subject().der() {
        return Err(Code::CertificateForeign.into());
    }
    // What it says besides is compared where the certificate itself asks for its end.
    let shown = heard.verified.certificate();
    let own = shown.filter(|shown| *shown.serial() == wanted.certificate.serial);
    if own.is_some_and(|own| !wanted.fits(own)) {
        return Err(Code::CertificateForeign.into());
    }
    let asked = Box::new(heard.verified.clone());
    issuer.ask(|reply| Command::RevokeByCmp(heard.caller, asked, reply)).await?;
    let status = made(status_info(PkiStatus::Accepted, &[], None))?;
    Ok(Answer::of(made(BodyDer::revoked(&status))?))
}
