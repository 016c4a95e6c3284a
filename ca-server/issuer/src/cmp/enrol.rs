//! A certificate that is asked for: recorded as any other use, and handed out once the tree has it.
//! Until then the client waits, and asks again.

use super::heard::{Answer, Heard, made};
use super::nonce;
use crate::command::Command;
use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::query::collect;
use crate::verify::check_cmp_request;
use authority::{RequestForm, request_of};
use pki::{Certificate, CertificationRequest};
use pkixcmp::fail::status_info;
use pkixcmp::request::number_of;
use pkixcmp::{BodyDer, BodyKind, CrmfRequest, PkiMessage, PkiStatus, body};
use records::{Bytes, Code};
use std::sync::Arc;

/// A certificate that was given up after a crash is asked for once more.
const TRIES: usize = 2;
/// When a client had better come again, in seconds.
const AGAIN_SECONDS: u32 = 3;

/// Records the use, and gives the certificate, or that it is not there yet.
pub(super) async fn certify(
    issuer: &Arc<Issuer>,
    heard: &Heard<'_>,
) -> Result<Answer, IssuerError> {
    check_cmp_request(heard.message, issuer.view()?.authority())?;
    if issuer.concluded.has(&heard.transaction()) {
        return Err(Code::TransactionUsed.into());
    }
    let (kind, number) = (heard.message.kind(), number_of(heard.message));
    let mut told = Err(Code::Unavailable.into());
    for _ in 0..TRIES {
        let asked = Box::new(heard.verified.clone());
        let command = |reply| Command::EnrolByCmp(heard.caller, asked, reply);
        let serial = issuer.ask(command).await?.value;
        told = collect::of_system(issuer, &serial).await;
        let is_given_up = |error: &IssuerError| error.code() == Code::CertificateRevoked;
        if !told.as_ref().is_err_and(is_given_up) {
            break;
        }
    }
    let implicit = heard.message.header().implicit;
    match told {
        Ok(chain) => {
            let status = status_of(issuer, heard.message, &chain)?;
            given(issuer, heard, (kind, number), (status, &chain), implicit)
        }
        Err(error) if is_later(&error) => {
            let status = made(status_info(PkiStatus::Waiting, &[], None))?;
            let body = made(BodyDer::without_certificate((kind, number), &status))?;
            Ok(Answer { body, implicit: false, asks: Some(kind) })
        }
        Err(error) => Err(error),
    }
}

/// Gives a client that waits its certificate, or says when to come again.
pub(super) async fn polled(issuer: &Arc<Issuer>, heard: &Heard<'_>) -> Result<Answer, IssuerError> {
    let number = body::polled(heard.message.content()).map_err(|_| Code::Malformed)?;
    let header = heard.message.header();
    let asks = nonce::read(&issuer.context, &header.transaction, &header.recipient_nonce);
    let kind = asks.flatten().ok_or(Code::MessageNonce)?;
    let serial = promised(issuer, heard)?;
    match collect::of_system(issuer, &serial).await {
        Ok(chain) => {
            // What it asked for differs or not; it is told what it got.
            let given_as = (PkiStatus::GrantedWithMods, chain.as_slice());
            given(issuer, heard, (kind, number), given_as, header.implicit)
        }
        Err(error) if is_later(&error) => {
            let body = made(BodyDer::poll_again(number, AGAIN_SECONDS))?;
            Ok(Answer { body, implicit: false, asks: Some(kind) })
        }
        // It was given up after a crash; the request itself gets another one.
        Err(error) if error.code() == Code::CertificateRevoked => Err(Code::Unavailable.into()),
        Err(error) => Err(error),
    }
}

/// The serial number that the transaction of a message was promised.
pub(super) fn promised(issuer: &Issuer, heard: &Heard<'_>) -> Result<String, Code> {
    let view = issuer.view()?;
    let (verified, header) = (heard.verified, heard.message.header());
    let shown = verified.certificate();
    let known = view.authority().promised_in(verified.system(), shown, &header.transaction);
    known.map(|serial| serial.to_string()).ok_or(Code::NotFound)
}

fn given(
    issuer: &Issuer,
    heard: &Heard<'_>,
    asked: (BodyKind, i64),
    (status, chain): (PkiStatus, &[Bytes]),
    implicit: bool,
) -> Result<Answer, IssuerError> {
    let leaf = chain.first().ok_or(Code::Unavailable)?;
    let is_first = asked.0 == BodyKind::Initialization && heard.verified.certificate().is_none();
    let root = is_first.then(|| issuer.context.root_certificate.der());
    let body = made(BodyDer::issued(asked, status, &leaf.0, root))?;
    Ok(Answer { body, implicit, asks: Some(asked.0) })
}

/// Whether a certificate is what was asked for, as far as a request says more than names.
fn status_of(
    issuer: &Issuer,
    message: &PkiMessage,
    chain: &[Bytes],
) -> Result<PkiStatus, IssuerError> {
    let leaf = chain.first().ok_or(Code::Unavailable)?;
    let leaf = Certificate::read(&leaf.0).map_err(anyhow::Error::from)?;
    let (form, der) = request_of(message)?;
    let is_same = match form {
        RequestForm::Pkcs10 => {
            let read = CertificationRequest::read_with(&der, |_| true);
            read.is_ok_and(|read| read.subject() == leaf.subject())
        }
        RequestForm::Crmf => CrmfRequest::read_with(&der, |_| true).is_ok_and(|read| {
            let issuer = issuer.context.issuing_certificate.subject().der();
            let is_ours = read.issuer().is_none_or(|named| named == issuer);
            is_ours && !read.says_validity() && read.subject() == leaf.subject()
        }),
    };
    Ok(if is_same { PkiStatus::Accepted } else { PkiStatus::GrantedWithMods })
}

/// Whether it is to be asked for again.
fn is_later(error: &IssuerError) -> bool {
    matches!(error.code(), Code::NotReady | Code::LogBehind | Code::Unavailable)
}
