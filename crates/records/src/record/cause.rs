//! What a record of a revocation or of new rules carries beside its kind.

use crate::bytes::Bytes;
use jose::FlatJws;
use serde::{Deserialize, Serialize};

/// A file whose digest a record puts in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// The file has this name below `policies/`.
    pub name: String,
    /// The content of the file is text.
    pub content: String,
}

/// A certificate that is being revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokedSerial {
    /// The serial number is lower-case hexadecimal.
    pub serial: String,
    /// The certificate would have been valid until this second, RFC 3339.
    pub not_after: String,
}

/// Why a revocation is lawful.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Cause {
    /// An order of kind `revoke`, or of kind `person` that lets someone leave.
    Order {
        /// Digest of the order.
        order: Bytes,
    },
    /// A loss report; its value is the evidence.
    Loss {
        /// Reference of the letter.
        reference: String,
        /// HMAC under the loss key.
        value: Bytes,
    },
    /// The person left office by an order of kind `person`.
    Left {
        /// The person is named by their id, 16 Crockford base32 characters.
        person: String,
    },
    /// It was renewed, and the time in which both certificates count is over.
    Superseded {
        /// Serial number of the certificate that was renewed.
        serial: String,
    },
    /// Nobody released a suspension in its time.
    Lapsed {
        /// What the registry key signed, a `LapseStatement`.
        statement: Bytes,
        /// Its signature over it.
        signature: Bytes,
    },
    /// A system asked for it, by the key of its account or by the certificate's own.
    Machine {
        /// Id of the account that signed; none where the certificate's own key did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<String>,
        /// What was signed (RFC 8555 7.6).
        jws: FlatJws,
    },
    /// A system asked for it by CMP, or did not take what it had asked for.
    Cmp {
        /// System id.
        system: String,
        /// The message as its client sent it, without certificates that came along (RFC 9810).
        message: Bytes,
        /// The certificate whose key signed it, DER; without it the MAC was right.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        certificate: Option<Bytes>,
    },
    /// The system's authorization was closed, or its unit.
    Closed {
        /// System id.
        system: String,
    },
    /// The issuer found a mark `signing` without a result after a crash.
    Abandoned {
        /// Digest of the order.
        order: Bytes,
    },
}
