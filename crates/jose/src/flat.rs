//! A JWS as it is sent: three texts (RFC 7515 7.2.2).

use crate::base64url::{decode, encode};
use crate::error::JoseError;
use crate::header::{KeyOf, ProtectedHeader};
use crate::jwk::Jwk;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

/// Largest JWS that is read, in bytes; a request of PKCS#10 with a hundred names has a tenth of it.
pub const JWS_BYTES_MAX: usize = 64 * 1024;

/// A flattened JWS: base64url texts exactly as the client sent them, since what is signed is
/// `protected.payload` in that spelling.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlatJws {
    /// The protected header.
    pub protected: String,
    /// What is signed; empty where a resource is read (POST-as-GET).
    pub payload: String,
    /// The signature.
    pub signature: String,
}

/// What a client may send around the three texts: members that nobody knows are ignored (RFC 7515
/// 7.2.1), those that would change how it is read are not (RFC 8555 6.2).
#[derive(Deserialize)]
struct Sent {
    protected: String,
    payload: String,
    signature: String,
    header: Option<IgnoredAny>,
    signatures: Option<IgnoredAny>,
}

impl FlatJws {
    /// Reads the body of a request.
    pub fn read(body: &[u8]) -> Result<Self, JoseError> {
        if body.len() > JWS_BYTES_MAX {
            return Err(JoseError::TooLarge);
        }
        let sent = serde_json::from_slice(body);
        Self::of(sent.map_err(|_| JoseError::Malformed("JSON"))?)
    }

    /// Reads a JWS that stands within another payload.
    pub fn read_value(value: &serde_json::Value) -> Result<Self, JoseError> {
        let sent = Sent::deserialize(value);
        Self::of(sent.map_err(|_| JoseError::Malformed("inner JWS"))?)
    }

    fn of(sent: Sent) -> Result<Self, JoseError> {
        if sent.header.is_some() || sent.signatures.is_some() {
            return Err(JoseError::Malformed("header"));
        }
        let Sent { protected, payload, signature, .. } = sent;
        Ok(Self { protected, payload, signature })
    }

    /// The protected header; of those that are signed with a key pair.
    pub fn header(&self) -> Result<ProtectedHeader, JoseError> {
        self.small()?;
        ProtectedHeader::read(&decode(&self.protected)?)
    }

    /// What it says; nobody has verified it yet.
    pub fn payload(&self) -> Result<Vec<u8>, JoseError> {
        self.small()?;
        decode(&self.payload)
    }

    /// What the signature covers (RFC 7515 5.1).
    pub fn signing_input(&self) -> Vec<u8> {
        [self.protected.as_bytes(), b".", self.payload.as_bytes()].concat()
    }

    /// Gives what it says if this key signed it, with an algorithm that fits the key. A key that
    /// stands in the header is this one.
    pub fn verify(&self, key: &Jwk) -> Result<Vec<u8>, JoseError> {
        let header = self.header()?;
        if matches!(&header.key, KeyOf::Jwk(own) if own != key) {
            return Err(JoseError::Signature);
        }
        let payload = self.payload()?;
        key.verify(header.alg, &self.signing_input(), &self.signature_bytes()?)?;
        Ok(payload)
    }

    /// The signature's bytes.
    pub(crate) fn signature_bytes(&self) -> Result<Vec<u8>, JoseError> {
        decode(&self.signature)
    }

    /// The bytes of the protected header.
    pub(crate) fn protected_bytes(&self) -> Result<Vec<u8>, JoseError> {
        self.small()?;
        decode(&self.protected)
    }

    /// A JWS of these parts.
    pub fn of_parts(protected: &[u8], payload: &[u8], signature: &[u8]) -> Self {
        Self {
            protected: encode(protected),
            payload: encode(payload),
            signature: encode(signature),
        }
    }

    fn small(&self) -> Result<(), JoseError> {
        let bytes = self.protected.len() + self.payload.len() + self.signature.len();
        if bytes > JWS_BYTES_MAX { Err(JoseError::TooLarge) } else { Ok(()) }
    }
}
