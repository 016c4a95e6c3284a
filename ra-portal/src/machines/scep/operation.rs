//! PKIOperation (RFC 8894 4.3): what a device sent is verified and opened, and what it asks for is
//! done. Whoever sends what is not intact hears one thing, on one way, whatever of it was not: the
//! signature, the padding of a key, that of the content, or what stands in it.

use super::answer::{ScepRefused, message};
use super::authority::RaInUse;
use super::{enrol, known, poll};
use crate::machines::state::{MachinesState, is_unavailable};
use axum::response::Response;
use ca_api::Refusal;
use records::{Bytes, Code};
use scep::{
    CertRep, ContentCipher, FailInfo, MessageHead, MessageKind, MessageSigner, Outcome, PkiMessage,
    ScepError, Sealing, SentMessage,
};
use std::sync::Arc;
use zeroize::Zeroizing;

/// A message that was opened.
pub(super) struct OpenedMessage {
    pub(super) message: PkiMessage,
    /// As it came, DER.
    pub(super) sent: Bytes,
    /// The key of what it hides.
    pub(super) content_key: Zeroizing<Vec<u8>>,
    /// What it hides.
    pub(super) content: Zeroizing<Vec<u8>>,
    /// Whose key opened it.
    pub(super) by: Arc<RaInUse>,
}

/// What becomes of a message.
pub(super) enum Told {
    /// What was asked for.
    Success(Vec<u8>),
    /// It is on its way.
    Pending,
    /// Nothing, and why.
    Failure(FailInfo, String),
}

/// Why nothing is told: a refusal that the protocol names, or none that it could.
pub(super) enum Stopped {
    Failed(FailInfo, String),
    Refused(Code),
}

impl From<ScepError> for Stopped {
    fn from(error: ScepError) -> Self {
        Self::Failed(error.into(), error.to_string())
    }
}

impl From<Code> for Stopped {
    fn from(code: Code) -> Self {
        Self::Failed(fail_info(code), format!("{} / {} ({})", code.zh(), code.en(), code.name()))
    }
}

impl From<Refusal> for Stopped {
    /// What the CA said; where it could not say anything, the device comes again.
    fn from(refusal: Refusal) -> Self {
        let code = refusal.code();
        match refusal {
            other if is_unavailable(&other) => {
                tracing::error!(error = %other, "issuer");
                Self::Refused(Code::Unavailable)
            }
            Refusal::Refused(problem) => {
                let told = (code.zh(), code.en(), code.name(), problem.reference);
                let text = format!("{} / {} ({} {})", told.0, told.1, told.2, told.3);
                Self::Failed(fail_info(code), text)
            }
            _ => code.into(),
        }
    }
}

/// What the protocol calls a refusal.
fn fail_info(code: Code) -> FailInfo {
    match code {
        Code::KeyUnknown | Code::KeyWeak | Code::KeyNotAllowed | Code::KeyPublished => {
            FailInfo::BadAlg
        }
        Code::RenewalSignature | Code::RequestSignature => FailInfo::BadMessageCheck,
        Code::CertificateForeign | Code::NotFound => FailInfo::BadCertId,
        _ => FailInfo::BadRequest,
    }
}

/// Answers a message.
pub(super) async fn answer(state: &MachinesState, der: &[u8]) -> Result<Response, ScepRefused> {
    let newest = state.scep.newest().ok_or(Code::Unavailable)?;
    let sent = SentMessage::read(der).map_err(|error| match error {
        ScepError::TooLarge => Code::TooLarge,
        _ => Code::Malformed,
    })?;
    let head = sent.head().clone();
    let opened = match opened(state, sent, der) {
        Ok(opened) => opened,
        Err(error) => {
            state.metrics.count("scep", "refused");
            let told = Told::Failure(error.into(), error.to_string());
            return signed(&newest, &head, None, &told);
        }
    };
    let told = match done(state, &opened).await {
        Ok(told) => told,
        Err(Stopped::Failed(info, why)) => Told::Failure(info, why),
        Err(Stopped::Refused(code)) => return Err(code.into()),
    };
    let cipher = opened.message.envelope().map(|envelope| envelope.cipher());
    let cipher = cipher.unwrap_or(ContentCipher::Aes128);
    signed(&opened.by, &head, Some((opened.message.signer(), cipher)), &told)
}

/// Verifies and opens a message.
fn opened(
    state: &MachinesState,
    sent: SentMessage,
    der: &[u8],
) -> Result<OpenedMessage, ScepError> {
    let message = sent.verify()?;
    let envelope = message.envelope()?;
    let (by, content_key) = state.scep.content_key(&envelope)?;
    let content = envelope.open(&content_key)?;
    Ok(OpenedMessage { message, sent: der.into(), content_key, content, by })
}

/// Does what a message asks for.
async fn done(state: &MachinesState, opened: &OpenedMessage) -> Result<Told, Stopped> {
    // What is told is encrypted for whoever asked, which SCEP does with RSA alone.
    if !opened.message.signer().key().algorithm().name.starts_with("rsa") {
        return Err(ScepError::Algorithm.into());
    }
    match opened.message.head().kind {
        MessageKind::PkcsReq | MessageKind::RenewalReq => enrol::enrol(state, opened).await,
        MessageKind::CertPoll => poll::poll(state, opened).await,
        MessageKind::GetCert => known::certificate(state, opened).await,
        MessageKind::GetCrl => known::list(opened).await,
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
        Told::Success(content) => Outcome::Success(content),
        Told::Pending => Outcome::Pending,
        Told::Failure(info, why) => Outcome::Failure(*info, why),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_the_protocols_name() {
        for (code, info) in [
            (Code::SystemSecret, FailInfo::BadRequest),
            (Code::CodeUsed, FailInfo::BadRequest),
            (Code::SystemNames, FailInfo::BadRequest),
            (Code::CertificateRevoked, FailInfo::BadRequest),
            (Code::CertificateExpired, FailInfo::BadRequest),
            (Code::KeyNotAllowed, FailInfo::BadAlg),
            (Code::RenewalSignature, FailInfo::BadMessageCheck),
            (Code::CertificateForeign, FailInfo::BadCertId),
        ] {
            let Stopped::Failed(told, why) = Stopped::from(code) else { panic!("{code}") };
            assert_eq!(told, info, "{code}");
            assert!(why.contains(code.zh()) && why.contains(code.en()), "{why}");
        }
    }
}
