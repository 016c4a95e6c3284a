//! How an agent joins and machines renew: a file made on the CA host, and what agent and CA say to
//! each other through the public portal, which can neither make nor change it unseen.

use crate::bytes::Bytes;
use crate::trust::Trust;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What is signed, or authenticated under a token, to use an authorization: the digest of what
/// gives it ‖ challenge ‖ SHA-256(PKCS#10). Whoever passes it on cannot exchange the new key.
pub fn use_message(under: &[u8], challenge: &[u8], request: &[u8]) -> Vec<u8> {
    [under, challenge, Sha256::digest(request).as_slice()].concat()
}

/// The join file; carried to the machine of the agent by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JoinFile {
    /// This is version 1 of the format.
    pub v: u8,
    /// The agent is named by its id: lower-case letters, digits and hyphens.
    pub agent: String,
    /// The agent will stand in front of the application of this id.
    pub application: String,
    /// The application has these host names.
    pub hosts: Vec<String>,
    /// The agent's order is named by its digest, 32 bytes.
    pub order: Bytes,
    /// The token, good for one join.
    pub token: Bytes,
    /// The agent can join until this second, RFC 3339.
    pub expires: String,
    /// Whom to believe, and where they are.
    pub trust: Trust,
}

/// Asks for the agent's certificate.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// The agent is named by its id: lower-case letters, digits and hyphens.
    pub agent: String,
    /// The challenge is 16 random bytes, which the agent draws and the CA takes once.
    pub challenge: Bytes,
    /// PKCS#10, DER, with an empty subject.
    pub request: Bytes,
    /// HMAC under the token, see `authority::join_value`.
    pub value: Bytes,
}

/// Asks for a new certificate under a standing authorization.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Renew {
    /// The authorization is named by its id: lower-case letters, digits and hyphens.
    pub authorization: String,
    /// The challenge is 16 random bytes, which are taken once.
    pub challenge: Bytes,
    /// The request for the new key is PKCS#10 in DER.
    pub request: Bytes,
    /// DER SubjectPublicKeyInfo of the old key.
    pub asked_by: Bytes,
    /// The old key signed the request.
    pub signature: Bytes,
}

/// The chain of the certificate that a renewal brought.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenewedChain {
    /// The chain begins with the leaf and ends with the root, each DER.
    pub chain: Vec<Bytes>,
}
