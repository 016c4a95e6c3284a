//! Keys of identity tokens: ES256 as JWS wants it (RFC 7518 3.4: r ‖ s, 32 bytes each).

use crate::software::KeyRejected;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use pki::algorithm::{SignError, by_name};
use zeroize::Zeroizing;

/// An ES256 key in this process's memory.
pub struct TokenKey {
    pair: EcdsaKeyPair,
    random: SystemRandom,
    pkcs8: Zeroizing<Vec<u8>>,
}

impl TokenKey {
    /// Draws a new key.
    pub fn generate() -> Result<Self, KeyRejected> {
        let random = SystemRandom::new();
        let signing = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(signing, &random)
            .map_err(|error| KeyRejected(error.to_string()))?;
        Self::from_pkcs8(pkcs8.as_ref())
    }

    /// Takes a PKCS#8 `PrivateKeyInfo` of a P-256 key in DER.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, KeyRejected> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8)
            .map_err(|error| KeyRejected(error.to_string()))?;
        let pkcs8 = Zeroizing::new(pkcs8.to_vec());
        Ok(Self { pair, random: SystemRandom::new(), pkcs8 })
    }

    /// The PKCS#8 bytes, for its key file only.
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The point's coordinates, 32 bytes each.
    pub fn coordinates(&self) -> (&[u8], &[u8]) {
        let point = self.pair.public_key().as_ref().get(1..).unwrap_or_default();
        point.split_at_checked(32).unwrap_or_default()
    }

    /// Signs: r ‖ s, in its one spelling.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let signature = self.pair.sign(&self.random, message);
        let signature = signature.map_err(|error| SignError(error.to_string()))?;
        let p256 = by_name("p256").ok_or_else(|| SignError("p256".into()))?;
        Ok(p256.one_spelling_fixed(signature.as_ref().to_vec()))
    }
}
