//! PKIOperation (RFC 8894 4.3): what a device sent is verified and opened, and what it asks for is
//! done. Whoever sends what is not intact hears one thing, on one way, whatever of it was not: the
//! signature, the padding of a key, that of the content, or what stands in it.

use super::answer::{ScepRefused, message};
use super::opened::{OpenedMessage, Stopped, Told};
use super::{enrol, known, poll};
use crate::machines::ra_keys::RaInUse;
use crate::machines::state::MachinesState;
use axum::response::Response;
use records::Code;
use scep::{
    CertRep, CertRepOutcome, ContentCipher, MessageHead, MessageKind, MessageSigner, ScepError,
    Sealing, SentMessage,
};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Answers a message that came from a subscriber.
pub(super) async fn answer(
    state: &MachinesState,
    der: &[u8],
    source: u128,
) -> Result<Response, ScepRefused> {
    let newest = state.scep.newest().ok_or(Code::Unavailable)?;
    let sent = SentMessage::read(der).map_err(|error| match error {
        ScepError::TooLarge => Code::TooLarge,
        _ => Code::Malformed,
    })?;
    let head = sent.head().clone();
    // Keys of RSA are slow: however many messages come, all else that is done here goes on.
    let turn = state.strangers.wait_for_opening(source).await.ok_or(Code::TooBusy)?;
    let opened = match opened(state, sent, (der, source), newest) {
        Ok(opened) => opened,
        Err((error, by)) => {
            let told = Told::Failure(error.into(), error.to_string());
            return signed(&by, &head, None, &told);
        }
    };
    drop(turn);
    let told = match done(state, &opened).await {
        Ok(told) => told,
        Err(Stopped::Failed(info, why)) => Told::Failure(info, why),
        Err(Stopped::Refused(code)) => return Err(code.into()),
    };
    let cipher = opened.message.envelope().map(|envelope| envelope.cipher());
    let cipher = cipher.unwrap_or(ContentCipher::Aes128);
    // What was done is told, whoever else waits.
    let _turn = state.strangers.wait_for_opening(source).await;
    signed(&opened.by, &head, Some((opened.message.signer(), cipher)), &told)
}

/// Verifies and opens a message; where it fails, with the key that answers: that for which it is,
/// whether what it hides could be opened or not.
fn opened(
    state: &MachinesState,
    sent: SentMessage,
    (der, source): (&[u8], u128),
    newest: Arc<RaInUse>,
) -> Result<OpenedMessage, (ScepError, Arc<RaInUse>)> {
    let early = |error: ScepError| (error, newest.clone());
    let message = sent.verify().map_err(early)?;
    let envelope = message.envelope().map_err(early)?;
    let (by, content_key) = state.scep.content_key(&envelope).map_err(early)?;
    match envelope.open(&content_key) {
        Ok(content) => {
            let sent = der.into();
            Ok(OpenedMessage { message, sent, content_key, content, by, source })
        }
        Err(error) => Err((error, by)),
    }
}

/// Does what a message asks for.
async fn done(state: &MachinesState, opened: &OpenedMessage) -> Result<Told, Stopped> {
    opened.message.check_time(state.clock.seconds())?;
    // What is told is encrypted for whoever asked, which SCEP does with RSA alone.
    if !opened.message.signer().key().algorithm().name.starts_with("rsa") {
        return Err(ScepError::Algorithm.into());
    }
    match opened.message.head().kind {
        MessageKind::PkcsReq | MessageKind::RenewalReq => enrol::enrol(state, opened).await,
        MessageKind::CertPoll => poll::poll(state, opened).await,
        MessageKind::GetCert => known::certificate(state, opened).await,
        MessageKind::GetCrl => known::list(state, opened).await,
        MessageKind::CertRep | MessageKind::Unknown => Err(Code::Malformed.into()),
    }
}

/// The answer, signed.
fn signed(
    by: &RaInUse,
    head: &MessageHead,
    to: Option<(&MessageSigner, ContentCipher)>,
    told: &Told,
) -> Result<Response, ScepRefused> {
    let outcome = match told {
        Told::Success(content) => CertRepOutcome::Success(content),
        Told::Pending => CertRepOutcome::Pending,
        Told::Failure(info, why) => CertRepOutcome::Failure(*info, why),
    };
    let cipher = to.map_or(ContentCipher::Aes128, |(_, cipher)| cipher);
    let reply = CertRep { head, to: to.map(|(to, _)| to), cipher, outcome };
    let made = drawn().and_then(|drawn| reply.sign(&by.key, &by.own, &drawn));
    made.map(message).map_err(|error| {
        tracing::error!(%error, "answer");
        Code::Unavailable.into()
    })
}

fn drawn() -> Result<Sealing, ScepError> {
    let nonce = system::random::bytes().map_err(|_| ScepError::Key)?;
    let key = Zeroizing::new(system::random::bytes().map_err(|_| ScepError::Key)?);
    let iv = system::random::bytes().map_err(|_| ScepError::Key)?;
    Ok(Sealing { nonce, key, iv })
}
