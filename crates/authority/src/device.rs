//! What a device signed with the key of its certificate so that this be renewed: read here as it
//! was sent, whoever passed it on.

use records::bytes::Bytes;
use records::code::Code;
use records::scep::{SCEP_RENEWAL_BYTES_MAX, SignedRenewal};
use scep::{MessageKind, ScepError, SentMessage};

/// What a message asks for, and whose key signed it.
#[derive(Clone, Debug)]
pub struct DeviceRenewal {
    /// The certificate of the key that signed, DER; whether it is ours is another question.
    pub certificate: Bytes,
    /// The PKCS#10 that it hides, DER.
    pub request: Bytes,
}

/// The code of a message of SCEP that is not taken.
pub fn scep_code(error: ScepError) -> Code {
    match error {
        ScepError::TooLarge => Code::TooLarge,
        ScepError::Algorithm => Code::KeyUnknown,
        ScepError::Integrity => Code::RenewalSignature,
        _ => Code::RequestMalformed,
    }
}

/// A renewal as it is recorded: what its device signed and nothing beside it, so that whoever
/// passed it on writes no word of its own into the log.
pub fn renewal_alone(signed: &SignedRenewal) -> Result<SignedRenewal, Code> {
    let sent = SentMessage::read(&signed.message.0).map_err(scep_code)?;
    let message = sent.signed_alone().map_err(scep_code)?.into();
    Ok(SignedRenewal { message, content_key: signed.content_key.clone() })
}

/// Reads a renewal: verified by the key of the certificate in it, and opened by the key of its
/// content. A key that opens what was signed to something else that is a request as well, nobody
/// finds.
pub fn read_renewal(signed: &SignedRenewal) -> Result<DeviceRenewal, Code> {
    if signed.message.0.len() > SCEP_RENEWAL_BYTES_MAX {
        return Err(Code::TooLarge);
    }
    let sent = SentMessage::read(&signed.message.0).map_err(scep_code)?;
    let message = sent.verify().map_err(scep_code)?;
    if !matches!(message.head().kind, MessageKind::RenewalReq | MessageKind::PkcsReq) {
        return Err(Code::RequestMalformed);
    }
    let envelope = message.envelope().map_err(scep_code)?;
    let request = envelope.open(&signed.content_key.0).map_err(scep_code)?;
    Ok(DeviceRenewal {
        certificate: message.signer().der().into(),
        request: request.as_slice().into(),
    })
}
