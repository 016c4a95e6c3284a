//! Whether a client took what it got (RFC 9810 5.3.18). What it did not take is revoked. What
//! nobody confirms stands: it is in the log, its client may have taken it and been cut off, and its
//! system can end it at any time.

use super::enrol::promised;
use super::heard::{Answer, Heard, made};
use super::nonce;
use crate::command::Command;
use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::query::collect;
use authority::cmp_code;
use pkixcmp::{BodyDer, body};
use records::Code;
use std::sync::Arc;

pub(super) async fn confirm(
    issuer: &Arc<Issuer>,
    heard: &Heard<'_>,
) -> Result<Answer, IssuerError> {
    let said = body::confirmation(heard.message.content()).map_err(|error| cmp_code(&error))?;
    let header = heard.message.header();
    nonce::read(&issuer.context, &header.transaction, &header.recipient_nonce)
        .ok_or(Code::MessageNonce)?;
    let serial = promised(issuer, heard)?;
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
