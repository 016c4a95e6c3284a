//! A message that was opened, and what becomes of it.

use crate::machines::ra_keys::RaInUse;
use crate::machines::state::is_unavailable;
use ca_api::Refusal;
use records::{Bytes, Code};
use scep::{ScepError, ScepFailure, ScepMessage};
use std::sync::Arc;
use zeroize::Zeroizing;

/// A message that was opened.
pub(super) struct OpenedMessage {
    pub(super) message: ScepMessage,
    /// As it came, DER.
    pub(super) sent: Bytes,
    /// The key of what it hides.
    pub(super) content_key: Zeroizing<Vec<u8>>,
    /// What it hides.
    pub(super) content: Zeroizing<Vec<u8>>,
    /// Whose key opened it.
    pub(super) by: Arc<RaInUse>,
    /// From which subscriber it came.
    pub(super) source: u128,
}

/// What becomes of a message.
pub(super) enum Told {
    /// What was asked for.
    Success(Vec<u8>),
    /// It is on its way.
    Pending,
    /// Nothing, and why.
    Failure(ScepFailure, String),
}

/// Why nothing is told: a refusal that the protocol names, or none that it could.
pub(super) enum Stopped {
    Failed(ScepFailure, String),
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
fn fail_info(code: Code) -> ScepFailure {
    match code {
        Code::KeyUnknown | Code::KeyWeak | Code::KeyNotAllowed | Code::KeyPublished => {
            ScepFailure::BadAlg
        }
        Code::RenewalSignature | Code::RequestSignature => ScepFailure::BadMessageCheck,
        Code::CertificateForeign | Code::NotFound => ScepFailure::BadCertId,
        _ => ScepFailure::BadRequest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_the_protocols_name() {
        for (code, info) in [
            (Code::SystemSecret, ScepFailure::BadRequest),
            (Code::CodeUsed, ScepFailure::BadRequest),
            (Code::SystemNames, ScepFailure::BadRequest),
            (Code::CertificateRevoked, ScepFailure::BadRequest),
            (Code::CertificateExpired, ScepFailure::BadRequest),
            (Code::KeyNotAllowed, ScepFailure::BadAlg),
            (Code::RenewalSignature, ScepFailure::BadMessageCheck),
            (Code::CertificateForeign, ScepFailure::BadCertId),
        ] {
            let Stopped::Failed(told, why) = Stopped::from(code) else { panic!("{code}") };
            assert_eq!(told, info, "{code}");
            assert!(why.contains(code.zh()) && why.contains(code.en()), "{why}");
        }
    }
}
