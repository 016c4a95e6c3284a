//! PKCSReq and RenewalReq (RFC 8894 3.3.1): a certificate by the challenge in the request, or by
//! the one whose key signed the message.

use super::opened::{OpenedMessage, Stopped, Told};
use crate::machines::state::{MachinesState, is_not_yet, is_unavailable, outcome};
use crate::machines::table::transaction;
use crate::machines::zones;
use pki::CertificationRequest;
use pki::request::RequestError;
use records::machine::CollectMachine;
use records::scep::{EnrolDevice, RenewDevice, SignedRenewal};
use records::{Bytes, Code};
use scep::{MessageKind, ScepError};
use std::time::{Duration, Instant};

/// A certificate that is there by then is told at once.
const WAIT: Duration = Duration::from_secs(5);

pub(super) async fn enrol(state: &MachinesState, opened: &OpenedMessage) -> Result<Told, Stopped> {
    let signer = opened.message.signer();
    // Nobody learns here how far what was opened was a request; of one it is told that it is old.
    let request = CertificationRequest::read(&opened.content).map_err(|error| match error {
        RequestError::Key(_) | RequestError::Unsupported(_) => ScepError::Algorithm,
        _ => ScepError::Integrity,
    })?;
    let has_challenge = request.challenge().is_ok_and(|challenge| challenge.is_some());
    let is_by_itself = request.key().spki() == signer.key().spki();
    // Programs that know no RenewalReq ask so with the certificate that they have.
    let renews = opened.message.head().kind == MessageKind::RenewalReq
        || !(signer.is_own() || has_challenge && is_by_itself);
    // The key that is to be certified signed the message, or the one that is renewed.
    if !renews && !is_by_itself {
        return Err(ScepError::Integrity.into());
    }
    zones::permit_request(state, &opened.content, opened.source).await?;
    // Everybody makes a key that signs, and encrypts for ours: nobody is known by it yet.
    let place = state.strangers.enter(opened.source);
    let place = place.ok_or(Stopped::Refused(Code::TooBusy))?;
    let (act, told) = match renews {
        false => {
            let message = EnrolDevice { request: opened.content.as_slice().into() };
            ("machine-enrol", state.issuer.enrol_device(&message).await)
        }
        true => {
            let content_key = Bytes::from(opened.content_key.as_slice());
            let signed = SignedRenewal { message: opened.sent.clone(), content_key };
            ("machine-renew", state.issuer.renew_device(&RenewDevice { signed }).await)
        }
    };
    drop(place);
    if !state.keeps(act, outcome(&told)).await {
        return Err(Stopped::Refused(Code::Unavailable));
    }
    let serial = told?.serial;
    let name = transaction::name_of(signer.key(), &opened.message.head().transaction);
    let now = state.clock.seconds();
    if let Err(error) = transaction::keep(&state.store, &name, &serial, now).await {
        tracing::error!(%error, "transaction");
        return Err(Stopped::Refused(Code::Unavailable));
    }
    hand_out(state, serial).await
}

/// The certificate of a serial number, once the tree has it.
pub(super) async fn hand_out(state: &MachinesState, serial: String) -> Result<Told, Stopped> {
    let asked = CollectMachine { serial };
    let until = Instant::now() + WAIT;
    loop {
        match state.issuer.collect_machine(&asked).await {
            Ok(told) => return leaf(&told.chain),
            // The CA waits a little itself.
            Err(refusal) if is_not_yet(&refusal) && Instant::now() < until => {}
            Err(refusal) if is_not_yet(&refusal) || is_unavailable(&refusal) => {
                return Ok(Told::Pending);
            }
            // A crash came between: the same request again gets another one.
            Err(refusal) if refusal.code() == Code::CertificateRevoked => {
                return Err(Stopped::Refused(Code::Unavailable));
            }
            Err(refusal) => return Err(refusal.into()),
        }
    }
}

/// The certificate alone, in a message that nobody signed (RFC 8894 3.4).
pub(super) fn leaf(chain: &[Bytes]) -> Result<Told, Stopped> {
    let leaf = chain.first().ok_or(Stopped::Refused(Code::Unavailable))?;
    let message = pki::est::certs_only(&[&leaf.0]).map_err(|error| {
        tracing::error!(%error, "certificate");
        Stopped::Refused(Code::Unavailable)
    })?;
    Ok(Told::Success(message))
}
