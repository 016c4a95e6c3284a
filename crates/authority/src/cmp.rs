//! What a system says by CMP: a request for a certificate or the end of one, judged from the
//! message as its client sent it. A signature over it is verified here, whoever passed it on; of a
//! MAC the registry key says that it was right, since its secret stands in no record.

use crate::authority::Authority;
use crate::id::{Serial, Sha256Value};
use crate::machine_use::{revocation_reason, wanted_code};
use crate::signatures::Signatures;
use pki::host::Host;
use pki::{Certificate, PublicKey};
use pkixcmp::body;
use pkixcmp::request::only;
use pkixcmp::{BodyKind, CmpError, CrmfRequest, PkiMessage};
use records::code::Code;
use records::label::Label;
use sha2::{Digest, Sha256};
use std::sync::Arc;

const END_REASON: &str = "cessationOfOperation";

/// In which form a request for a certificate is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestForm {
    /// PKCS#10.
    Pkcs10,
    /// CRMF: a CertReqMsg.
    Crmf,
}

/// What a request asks for, whose key signed it.
pub(crate) struct AskedCertificate {
    pub(crate) key: PublicKey,
    pub(crate) names: Result<Vec<Host>, Code>,
}

/// What a message that asks for a certificate comes to.
pub(crate) struct CmpUse {
    /// What names the use: who asks again in the same transaction gets the same certificate.
    pub(crate) under: Sha256Value,
    pub(crate) form: RequestForm,
    /// Whether it is a renewal, of the certificate whose key signed it.
    pub(crate) renews: bool,
}

/// The code of a message that is not taken.
pub fn cmp_code(error: &CmpError) -> Code {
    use pki::algorithm::KeyError;
    match error {
        CmpError::TooLarge => Code::TooLarge,
        CmpError::Algorithm => Code::MessageAlgorithm,
        CmpError::Protection => Code::MessageProtection,
        CmpError::Possession => Code::RequestSignature,
        CmpError::Template | CmpError::Subject(_) => Code::RequestExceeds,
        CmpError::Key(KeyError::Weak(_)) => Code::KeyWeak,
        CmpError::Key(KeyError::UnknownAlgorithm(_)) => Code::KeyUnknown,
        CmpError::Key(_) => Code::RequestMalformed,
        _ => Code::Malformed,
    }
}

/// The request in a message, in DER, and its form.
pub fn request_of(message: &PkiMessage) -> Result<(RequestForm, Vec<u8>), Code> {
    match message.kind() {
        BodyKind::Pkcs10 => Ok((RequestForm::Pkcs10, message.content().to_vec())),
        kind if kind.is_request() => {
            let one = only(message.content()).map_err(|error| cmp_code(&error))?;
            Ok((RequestForm::Crmf, one))
        }
        _ => Err(Code::Malformed),
    }
}

/// What names the use of a transaction: SHA-256 over the label, the system, the certificate whose
/// key signed it, and the transaction's id.
pub fn use_of_transaction(
    system: &str,
    shown: Option<&Certificate>,
    transaction: &[u8],
) -> Sha256Value {
    let named = Sha256::new()
        .chain_update(Label::MachineEnrolled.text())
        .chain_update(b"\0cmp\0")
        .chain_update(system)
        .chain_update([0u8])
        .chain_update(shown.map_or([0; 32], Certificate::sha256))
        .chain_update(Sha256::digest(transaction));
    named.finalize().into()
}

impl Signatures {
    /// What a request asks for, if its key signed it.
    pub(crate) fn asked(&self, form: RequestForm, der: &[u8]) -> Result<AskedCertificate, Code> {
        let (key, names) = match form {
            RequestForm::Pkcs10 => {
                let read = self.request(der).ok_or(Code::RequestMalformed)?;
                (read.key().clone(), read.wanted())
            }
            RequestForm::Crmf => {
                let read = CrmfRequest::read_with(der, |claimed| self.possesses(claimed));
                let read = read.map_err(|error| cmp_code(&error))?;
                (read.key().clone(), read.wanted())
            }
        };
        Ok(AskedCertificate { key, names: names.map_err(|error| wanted_code(&error)) })
    }

    /// Whether a certificate's key signed a message.
    pub fn signed_message(&self, message: &PkiMessage, by: &Certificate) -> Result<(), Code> {
        let code = |error: CmpError| cmp_code(&error);
        let algorithm = message.algorithm().map_err(code)?;
        let claimed = message.claimed(by.key(), &algorithm).map_err(code)?;
        match self.possesses(&claimed) {
            true => Ok(()),
            false => Err(Code::MessageProtection),
        }
    }
}

impl Authority {
    /// Reads a message that asks for a certificate, by the certificate whose key signed it, if one
    /// did. The request is the one that stands in it.
    pub(crate) fn cmp_use(
        &self,
        system: &str,
        (message, request): (&[u8], &[u8]),
        shown: Option<&Certificate>,
    ) -> Result<CmpUse, Code> {
        let message = PkiMessage::read(message).map_err(|error| cmp_code(&error))?;
        if let Some(shown) = shown {
            self.signatures.signed_message(&message, shown)?;
        }
        let (form, own) = request_of(&message)?;
        if own != request {
            return Err(Code::Malformed);
        }
        let renews = message.kind() == BodyKind::KeyUpdate;
        // Only the key of what is renewed asks for that.
        if renews && shown.is_none() {
            return Err(Code::CertificateRequired);
        }
        if renews {
            let read = CrmfRequest::read_with(&own, |claimed| self.signatures.possesses(claimed));
            let read = read.map_err(|error| cmp_code(&error))?;
            let is_shown = |old: &pkixcmp::request::IssuerAndSerial| {
                shown.is_some_and(|shown| *shown.serial() == old.serial)
            };
            if !read.replaces().is_none_or(is_shown) {
                return Err(Code::CertificateForeign);
            }
        }
        let under = use_of_transaction(system, shown, &message.header().transaction);
        Ok(CmpUse { under, form, renews })
    }

    /// The certificate that was promised in a transaction, pending records counted.
    pub fn promised_in(
        &self,
        system: &str,
        shown: Option<&Certificate>,
        transaction: &[u8],
    ) -> Option<Serial> {
        self.promised(&use_of_transaction(system, shown, transaction))
    }

    /// What a message of a system revokes, and why: a certificate of that system which it names, or
    /// the one of its transaction, which its client did not take.
    pub fn cmp_revocation(
        &self,
        system: &str,
        message: &[u8],
        certificate: Option<&[u8]>,
    ) -> Result<(Serial, &'static str), Code> {
        let code = |error: CmpError| cmp_code(&error);
        let message = PkiMessage::read(message).map_err(code)?;
        let shown = certificate.map(|der| self.certificate_of(system, der)).transpose()?;
        if let Some(shown) = &shown {
            self.signatures.signed_message(&message, shown)?;
        }
        let (serial, reason) = match message.kind() {
            BodyKind::Revocation => {
                let wanted = body::revocation(message.content()).map_err(code)?;
                let serial = Serial::of(&wanted.certificate.serial);
                (serial, revocation_reason(wanted.reason)?)
            }
            BodyKind::Confirmation => {
                let said = body::confirmation(message.content()).map_err(code)?;
                if said.is_some_and(|said| said.accepted) {
                    return Err(Code::Malformed);
                }
                let transaction = &message.header().transaction;
                (self.promised_in(system, shown.as_deref(), transaction), END_REASON)
            }
            _ => return Err(Code::Malformed),
        };
        let serial = serial.ok_or(Code::CertificateForeign)?;
        let own = self.system_certificates.get(&serial).ok_or(Code::CertificateForeign)?;
        match *own.system == *system {
            true => Ok((serial, reason)),
            false => Err(Code::CertificateForeign),
        }
    }

    /// A certificate of this system; whether it counts is another question.
    fn certificate_of(&self, system: &str, der: &[u8]) -> Result<Arc<Certificate>, Code> {
        let (own, certificate) = self.system_of_certificate(der)?;
        if *own == *system { Ok(certificate) } else { Err(Code::CertificateForeign) }
    }
}
