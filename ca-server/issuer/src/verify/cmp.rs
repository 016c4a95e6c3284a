//! A message of CMP whose protection was checked before the turn: by the secret of an order, which
//! the CA derives itself, or by the key of a system's certificate. What it asks for is judged when
//! it is decided.

use crate::error::weakness_code;
use authority::{Authority, OrderDigest, RequestForm, cmp_code, request_of};
use pki::possession::Possession;
use pki::{Certificate, CertificationRequest, PublicKey, weak_key};
use pkixcmp::mac::MacParameters;
use pkixcmp::{CrmfRequest, PkiMessage};
use records::cmp::CMP_SECRET;
use records::est::EnrolledStatement;
use records::machine::secret;
use records::record::Cause;
use records::{Bytes, Code};
use std::sync::Arc;

/// The secret of CMP under an order's token, as clients have it: in base64url.
pub(crate) fn cmp_secret(token: &[u8]) -> zeroize::Zeroizing<String> {
    zeroize::Zeroizing::new(secret(token, CMP_SECRET).to_string())
}

/// A message that its system sent.
///
/// ```compile_fail,E0451
/// let (system, order, message, certificate) = todo!();
/// let forged = ca_issuer::verify::VerifiedCmp { system, order, message, certificate };
/// ```
#[derive(Clone)]
pub struct VerifiedCmp {
    system: Arc<str>,
    /// The order whose secret protected it, or that was in force.
    order: OrderDigest,
    /// Without certificates that came along.
    message: Bytes,
    certificate: Option<Arc<Certificate>>,
}

impl VerifiedCmp {
    /// Checks the MAC by the secret of an order.
    pub fn by_secret(
        message: &PkiMessage,
        parameters: &MacParameters,
        (system, order, secret): (&str, OrderDigest, &[u8]),
    ) -> Result<Self, Code> {
        let verified = message.verify_mac(parameters, secret);
        verified.map_err(|error| cmp_code(&error))?;
        let message = whole(message)?;
        Ok(Self { system: system.into(), order, message, certificate: None })
    }

    /// Checks the signature by the key of the certificate that came first: one of ours, and a
    /// system's, which the message names as who sends it.
    pub fn signed(message: &PkiMessage, authority: &Authority) -> Result<Self, Code> {
        if !message.is_protected() {
            return Err(Code::MessageProtection);
        }
        let der = message.first_certificate().ok_or(Code::CertificateRequired)?;
        let first = Certificate::read(der).map_err(|_| Code::CertificateForeign)?;
        if !message.is_sent_by(&first).map_err(|error| cmp_code(&error))? {
            return Err(Code::MessageProtection);
        }
        let (system, certificate) = authority.system_of_certificate(der)?;
        authority.signatures().signed_message(message, &certificate)?;
        let state = authority.system(&system).ok_or(Code::SystemClosed)?;
        let order = OrderDigest(state.order.digest().ok_or(Code::UnsignedAuthority)?);
        let message = whole(message)?;
        Ok(Self { system, order, message, certificate: Some(certificate) })
    }

    /// The system that sent it.
    pub fn system(&self) -> &str {
        &self.system
    }

    /// The order under which it was sent.
    pub fn order(&self) -> OrderDigest {
        self.order
    }

    /// The certificate whose key signed it, if one did.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_deref()
    }

    /// The message, without certificates that came along.
    pub fn message(&self) -> &Bytes {
        &self.message
    }

    fn certificate_der(&self) -> Option<Bytes> {
        self.certificate.as_ref().map(|certificate| certificate.der().into())
    }

    /// What is recorded about the certificate that it asks for; the request's key is judged.
    pub fn statement(&self, founding: &[u8; 32]) -> Result<EnrolledStatement, Code> {
        let read = PkiMessage::read(&self.message.0).map_err(|error| cmp_code(&error))?;
        let (_, request) = request_of(&read)?;
        Ok(EnrolledStatement {
            v: 1,
            founding: (*founding).into(),
            system: self.system.to_string(),
            order: self.order.into(),
            request: Bytes(request),
            certificate: self.certificate_der(),
            message: Some(self.message.clone()),
            ..EnrolledStatement::default()
        })
    }

    /// Why something is revoked that it asks to be.
    pub fn cause(&self) -> Cause {
        Cause::Cmp {
            system: self.system.to_string(),
            message: self.message.clone(),
            certificate: self.certificate_der(),
        }
    }
}

fn whole(message: &PkiMessage) -> Result<Bytes, Code> {
    message.without_certificates().map(Bytes).map_err(|error| cmp_code(&error))
}

/// Checks that a request is signed by its own key, and judges that key.
pub(crate) fn check_cmp_request(message: &PkiMessage, authority: &Authority) -> Result<(), Code> {
    let signatures = authority.signatures();
    let remembered = |claimed: &Possession<'_>| signatures.possesses(claimed);
    let judge = |key: &PublicKey| weak_key::judge(key).map_err(weakness_code);
    match request_of(message)? {
        (RequestForm::Pkcs10, der) => {
            let read = CertificationRequest::read_with(&der, remembered);
            judge(read.map_err(crate::error::request_code)?.key())
        }
        (RequestForm::Crmf, der) => {
            let read = CrmfRequest::read_with(&der, remembered);
            judge(read.map_err(|error| cmp_code(&error))?.key())
        }
    }
}
