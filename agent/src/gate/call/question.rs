//! What an application asks, and what it is told: one JSON document each (`docs/gate.md`).

use records::{Bytes, Code};
use serde::{Deserialize, Serialize};

/// A question.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase", tag = "ask")]
pub(super) enum CallQuestion {
    /// Whether a certificate counts here now.
    Certificate {
        /// The certificate, DER.
        certificate: Bytes,
    },
    /// Whether a signature is of the key of a certificate that counts here now.
    Signature {
        /// The certificate, DER.
        certificate: Bytes,
        /// What was signed; or its SHA-256.
        #[serde(default)]
        message: Option<Bytes>,
        #[serde(default)]
        sha256: Option<Bytes>,
        /// ECDSA in DER (RFC 3279 2.2.3), RSA with PKCS #1 v1.5, or Ed25519.
        signature: Bytes,
    },
    /// Whether somebody may do something.
    Permission {
        /// Their certificate, which has to count; or who they are, as an identity token says.
        #[serde(default)]
        certificate: Option<Bytes>,
        #[serde(default)]
        person: Option<String>,
        /// Method and target of the request that it would be.
        method: String,
        target: String,
    },
}

impl CallQuestion {
    /// The certificate that it is about, DER.
    pub(super) fn certificate(&self) -> Option<&Bytes> {
        match self {
            Self::Certificate { certificate } | Self::Signature { certificate, .. } => {
                Some(certificate)
            }
            Self::Permission { certificate, .. } => certificate.as_ref(),
        }
    }

    /// How long the target is that its record keeps.
    pub(super) fn target_bytes(&self) -> usize {
        match self {
            Self::Certificate { .. } | Self::Signature { .. } => 0,
            Self::Permission { target, .. } => target.len(),
        }
    }
}

/// An answer. Whoever asks acts on `yes` alone.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct CallAnswer {
    /// Whether it is as was asked.
    pub(super) yes: bool,
    /// `yes`, or the code of why not (`docs/errors.md`).
    pub(super) code: &'static str,
    /// Why not, for people; else empty.
    pub(super) zh: &'static str,
    pub(super) en: &'static str,
    /// Whom it is about: their id, and of a certificate their name and units, highest first.
    pub(super) person: String,
    pub(super) name: String,
    pub(super) org: Vec<String>,
    /// Serial number of a certificate of ours.
    pub(super) serial: String,
    /// The rule that permitted it, or forbade it.
    pub(super) rule: String,
    /// The name of its record; empty where a no could not be recorded.
    pub(super) record: String,
}

impl CallAnswer {
    /// What becomes of a question.
    pub(super) fn says(&mut self, outcome: Result<(), Code>) {
        match outcome {
            Ok(()) => (self.yes, self.code) = (true, records::access::ApplicationCall::YES),
            Err(code) => {
                (self.yes, self.code) = (false, code.name());
                (self.zh, self.en) = (code.zh(), code.en());
            }
        }
    }
}
