//! A certificate that is asked for: recorded as any other use, and handed out once the tree has it.
//! Until then the client waits, and asks again.

use super::heard::{Answer, Heard, made};
use super::nonce;
use crate::command::Command;
use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::query::collect;
use crate::verify::check_cmp_request;
use authority::{RequestForm, cmp_code, request_of};
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
    check_profile(heard.message, heard.verified.certificate())?;
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
    if !is_number_of(kind, number) {
        return Err(Code::Malformed.into());
    }
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

/// What is said of a request beyond what follows from it: its number, and which certificate an
/// update is of (RFC 9483 4.1.1, 4.1.3).
fn check_profile(message: &PkiMessage, shown: Option<&Certificate>) -> Result<(), Code> {
    if !is_number_of(message.kind(), number_of(message)) {
        return Err(Code::Malformed);
    }
    if message.kind() != BodyKind::KeyUpdate {
        return Ok(());
    }
    let (_, der) = request_of(message)?;
    let read = CrmfRequest::read_with(&der, |_| true).map_err(|error| cmp_code(&error))?;
    match read.replaces().is_none_or(|old| shown.is_some_and(|shown| old.is_of(shown))) {
        true => Ok(()),
        false => Err(Code::CertificateForeign),
    }
}

/// Whether a number is that of the request of a transaction: there is one, and one by PKCS#10 has
/// none (RFC 9483 4.1.1, 4.1.4).
pub(super) fn is_number_of(kind: BodyKind, number: i64) -> bool {
    number == 0 || kind == BodyKind::Pkcs10 && number == -1
}

/// The serial number that the transaction of a message was promised.
pub(super) fn promised(issuer: &Issuer, heard: &Heard<'_>) -> Result<String, Code> {
    let view = issuer.view()?;
    let (verified, header) = (heard.verified, heard.message.header());
    let shown = verified.certificate();
    let known = view.authority().promised_in(verified.system(), shown, &header.transaction);
    let answers = nonce::read(&issuer.context, &header.transaction, &header.recipient_nonce);
    match known {
        Some(serial) => Ok(serial.to_string()),
        // It answers us, by a secret, in a transaction that a key began.
        None if answers.is_some() && shown.is_none() => Err(Code::CertificateRequired),
        None => Err(Code::NotFound),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::cmp::{FIRST, UPDATE, named, signed, wish};
    use crate::sample::operate::site;
    use crate::sample::{Sample, key};
    use pkixcmp::request::IssuerAndSerial;

    #[test]
    fn an_update_is_of_the_certificate_whose_key_signed_it() {
        let mut sample = Sample::found();
        let file = sample.inner_system(site("register", "inner"));
        let mut enrolled = |name: &str| sample.enrolled(&file, &key(), &[name]);
        let (own, other) = (&enrolled("a.acme.test"), &enrolled("b.acme.test"));
        let names = named(&["a.acme.test"]);
        let sent = |number, old| signed(1, &wish(number, &key(), &names, old), (&key(), own));
        assert_eq!(check_profile(&sent(UPDATE, Some(own)), Some(own)), Ok(()));
        assert_eq!(check_profile(&sent(UPDATE, None), Some(own)), Ok(()));
        for shown in [Some(other), None] {
            let told = check_profile(&sent(UPDATE, Some(own)), shown);
            assert_eq!(told, Err(Code::CertificateForeign));
        }
        assert_eq!(check_profile(&sent(FIRST, None), None), Ok(()));
        // The same number of another authority is another certificate.
        let (issuer, serial) = (other.subject().der().to_vec(), own.serial().clone());
        assert!(!IssuerAndSerial { issuer, serial: serial.clone() }.is_of(own));
        assert!(IssuerAndSerial { issuer: own.issuer().der().to_vec(), serial }.is_of(own));
    }

    #[test]
    fn a_request_has_the_number_that_it_has() {
        for (kind, number, is_it) in [
            (BodyKind::Initialization, 0, true),
            (BodyKind::Initialization, -1, false),
            (BodyKind::KeyUpdate, 1, false),
            (BodyKind::Pkcs10, -1, true),
            (BodyKind::Pkcs10, 0, true),
            (BodyKind::Pkcs10, 1, false),
        ] {
            assert_eq!(is_number_of(kind, number), is_it, "{kind:?} {number}");
        }
    }
}
