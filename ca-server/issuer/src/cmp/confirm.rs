//! Whether a client took what it got (RFC 9810 5.3.18). What it did not take is revoked. What
//! nobody confirms stands: it is in the log, its client may have taken it and been cut off, and its
//! system can end it at any time.

use super::enrol::{is_number_of, promised};
use super::heard::{Answer, Heard, made};
use super::nonce;
use crate::command::Command;
use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::query::collect;
use authority::cmp_code;
use pkixcmp::body::TakenCertificate;
use pkixcmp::{BodyDer, BodyKind, body};
use records::Code;
use std::sync::Arc;

pub(super) async fn confirm(
    issuer: &Arc<Issuer>,
    heard: &Heard<'_>,
) -> Result<Answer, IssuerError> {
    let said = body::confirmation(heard.message.content()).map_err(|error| cmp_code(&error))?;
    let header = heard.message.header();
    let serial = promised(issuer, heard)?;
    let asks = nonce::read(&issuer.context, &header.transaction, &header.recipient_nonce);
    let kind = asks.flatten().ok_or(Code::MessageNonce)?;
    if said.as_ref().is_some_and(|said| !is_sound(said, kind, header.version)) {
        return Err(Code::Malformed.into());
    }
    let is_taken = match &said {
        Some(said) => {
            let chain = match collect::of_system(issuer, &serial).await {
                // Nobody has what is not there.
                Err(error) if error.code() == Code::NotReady => Err(Code::NotFound.into()),
                other => other,
            }?;
            let leaf = chain.first().ok_or(Code::Unavailable)?;
            let by = issuer.context.issuing_certificate.key();
            if !said.is_of(&leaf.0, by).map_err(|error| cmp_code(&error))? {
                return Err(Code::CertificateForeign.into());
            }
            said.accepted
        }
        None => false,
    };
    if !is_taken {
        let asked = Box::new(heard.verified.clone());
        let command = |reply| Command::RevokeByCmp(heard.caller, asked, reply);
        match issuer.ask(command).await {
            Ok(_) => {}
            Err(error) if error.code() == Code::CertificateRevoked => {}
            Err(error) => return Err(error),
        }
    }
    issuer.concluded.conclude(heard.transaction());
    Ok(Answer::of(made(BodyDer::confirmed())?))
}

/// Whether what is said of a certificate fits together and is of the request of its transaction:
/// another hash than that of its signature is named in version 3 alone (RFC 9483 4.1.1).
fn is_sound(said: &TakenCertificate, kind: BodyKind, version: u8) -> bool {
    let names_hash = said.hashed_by.is_some();
    let fits = !(said.accepted && said.says_failure) && (!names_hash || version >= 3);
    fits && is_number_of(kind, said.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_confirmation_is_of_its_request_and_fits_together() {
        let said = |id, accepted, says_failure, hashed_by| TakenCertificate {
            hash: vec![7; 32],
            id,
            accepted,
            says_failure,
            hashed_by,
        };
        let first = BodyKind::Initialization;
        assert!(is_sound(&said(0, true, false, None), first, 2));
        assert!(is_sound(&said(0, false, true, None), first, 2));
        assert!(!is_sound(&said(0, true, true, None), first, 2), "taken, and a failure");
        for id in [-1, 1] {
            assert!(!is_sound(&said(id, true, false, None), first, 2), "{id}");
        }
        assert!(is_sound(&said(-1, true, false, None), BodyKind::Pkcs10, 2));
        assert!(is_sound(&said(0, true, false, None), BodyKind::Pkcs10, 2));
        let hash = Some(pki::oid::SHA256);
        assert!(!is_sound(&said(0, true, false, hash), first, 2));
        assert!(is_sound(&said(0, true, false, hash), first, 3));
    }
}
