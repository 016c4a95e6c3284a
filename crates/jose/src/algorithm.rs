//! Algorithms of requests (RFC 7518 3.1, RFC 8037 3.1).

use crate::error::JoseError;

/// How a request is signed: with a key pair. There is no other member, so that nothing which a
/// header says makes a public key serve as a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureAlg {
    /// ECDSA over P-256 with SHA-256 (RFC 7518 3.4).
    Es256,
    /// ECDSA over P-384 with SHA-384.
    Es384,
    /// RSA with PKCS#1 1.5 and SHA-256 (RFC 7518 3.3).
    Rs256,
    /// Ed25519 (RFC 8037 3.1).
    EdDsa,
}

impl SignatureAlg {
    /// Those that are taken, by their names.
    pub const NAMES: [&str; 4] = ["ES256", "ES384", "RS256", "EdDSA"];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Rs256 => "RS256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// One of them.
    pub fn by_name(name: &str) -> Result<Self, JoseError> {
        match name {
            "ES256" => Ok(Self::Es256),
            "ES384" => Ok(Self::Es384),
            "RS256" => Ok(Self::Rs256),
            "EdDSA" => Ok(Self::EdDsa),
            _ => Err(JoseError::Algorithm),
        }
    }
}
