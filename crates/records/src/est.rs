//! What a portal's machines' process and the CA say to each other about EST (RFC 7030), and what
//! the CA signs about a certificate that was asked for by it, or by SCEP ([`crate::scep`]).
//!
//! A client of EST signs nothing that the CA could verify later. By its password the CA knows it
//! itself, and says so; by the certificate of its handshake the portal knows it: its word.

use crate::bytes::Bytes;
use crate::json;
use crate::label::Label;
use crate::machine::SignAccountError;
use crate::scep::SignedRenewal;
use pki::Signer;
use serde::{Deserialize, Serialize};

/// What of the token is the password of EST, behind base64url.
pub const EST_SECRET: &str = "est";

/// Asks for a certificate by user and password.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolSystem {
    /// As the client sent it: the id of the secret.
    pub user: String,
    /// As the client sent it.
    pub password: String,
    /// The PKCS#10, DER.
    pub request: Bytes,
    /// The label under which it was asked: a profile id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
}

/// Asks for a certificate by the one that stands in a handshake.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenewSystem {
    /// The certificate whose key was proven to the portal, DER: its word.
    pub certificate: Bytes,
    /// The PKCS#10, DER.
    pub request: Bytes,
    /// The label under which it was asked: a profile id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
}

/// What the registry key signs about a certificate that is asked for by EST, SCEP or CMP: by whom,
/// with what, under which order of the system. No record shows a password, which its file may have
/// for long; the challenge of a device stands in its request. Both are used up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolledStatement {
    /// Format: 1.
    pub v: u8,
    /// Founding digest of the city.
    pub founding: Bytes,
    /// System id.
    pub system: String,
    /// Digest of the system's order.
    pub order: Bytes,
    /// The request, DER: a PKCS#10, or a CertReqMsg of CMP.
    pub request: Bytes,
    /// The certificate that is renewed, or whose key signed the message, DER; without it the
    /// password, the challenge or the MAC was right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Bytes>,
    /// Whether it was asked for by the challenge of SCEP that stands in the request.
    #[serde(default, skip_serializing_if = "is_not")]
    pub challenge: bool,
    /// Whether it was asked for by the password of EST, which is used up by that. What was stated
    /// before there was this member used none up.
    #[serde(default, skip_serializing_if = "is_not")]
    pub password: bool,
    /// What the certificate's key signed, by SCEP; without it a portal says that the certificate
    /// was shown to it in a handshake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<SignedRenewal>,
    /// The message of CMP in which the request came, without certificates that came along; what
    /// stands in `certificate` then signed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Bytes>,
}

/// What is not so is left out.
fn is_not(said: &bool) -> bool {
    !said
}

impl EnrolledStatement {
    /// Its bytes with the registry key's signature.
    pub fn sign(&self, registry: &dyn Signer) -> Result<(Bytes, Bytes), SignAccountError> {
        let bytes = json::write(self)?;
        let signature = Label::MachineEnrolled.sign(registry, &bytes)?;
        Ok((Bytes(bytes), Bytes(signature)))
    }

    /// Whether it was asked for by SCEP.
    pub fn is_by_scep(&self) -> bool {
        self.challenge || self.signed.is_some()
    }

    /// By which protocol it was asked for, by the name that it has.
    pub fn protocol(&self) -> &'static str {
        match (self.message.is_some(), self.is_by_scep()) {
            (true, _) => "CMP",
            (false, true) => "SCEP",
            (false, false) => "EST",
        }
    }

    /// Reads a statement; who signed it is another question.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        json::read::<Self>(bytes).ok().filter(|read| read.v == 1)
    }
}
