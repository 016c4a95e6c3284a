//! The key of the registration authority: what devices encrypt for, and what signs the answers.
//! RSA, since SCEP encrypts with nothing else (RFC 8894 3.1).

use crate::envelope::Envelope;
use crate::error::ScepError;
use crate::oid;
use crate::parts::{FIRST, SET, UTF8, algorithm};
use crate::signer::MessageSigner;
use crate::signing::NULL;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize, Pkcs1PrivateDecryptingKey, PrivateDecryptingKey};
use aws_lc_rs::{hmac, signature};
use der::Encode;
use der::asn1::BitString;
use pki::{PublicKey, sequence, wrap};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable};
use zeroize::Zeroizing;

/// Fewest bits of its modulus.
const BITS_MIN: usize = 3072;
/// Bytes of the longest key of content.
const KEY_BYTES_MAX: usize = 32;

/// A private key of RSA that decrypts and signs.
pub struct RaKey {
    decrypting: Pkcs1PrivateDecryptingKey,
    signing: KeyPair,
    public: PublicKey,
    pkcs8: Zeroizing<Vec<u8>>,
    /// What stands in place of a key that was not there.
    rejecting: hmac::Key,
}

impl RaKey {
    /// Draws a new one.
    pub fn generate() -> Result<Self, ScepError> {
        let key = PrivateDecryptingKey::generate(KeySize::Rsa3072).map_err(|_| ScepError::Key)?;
        let der = AsDer::<Pkcs8V1Der<'static>>::as_der(&key).map_err(|_| ScepError::Key)?;
        Self::from_pkcs8(der.as_ref())
    }

    /// Takes a `PrivateKeyInfo` of PKCS#8 in DER.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, ScepError> {
        let key = PrivateDecryptingKey::from_pkcs8(pkcs8).map_err(|_| ScepError::Key)?;
        if key.key_size_bits() < BITS_MIN {
            return Err(ScepError::Key);
        }
        let public = key.public_key();
        let public = AsDer::<PublicKeyX509Der<'static>>::as_der(&public);
        let public = public.map_err(|_| ScepError::Key)?;
        let label = Sha256::new().chain_update("scep implicit rejection").chain_update(pkcs8);
        Ok(Self {
            decrypting: Pkcs1PrivateDecryptingKey::new(key).map_err(|_| ScepError::Key)?,
            signing: KeyPair::from_pkcs8(pkcs8).map_err(|_| ScepError::Key)?,
            public: PublicKey::read(public.as_ref()).map_err(|_| ScepError::Key)?,
            pkcs8: Zeroizing::new(pkcs8.to_vec()),
            rejecting: hmac::Key::new(hmac::HMAC_SHA256, label.finalize().as_slice()),
        })
    }

    /// The PKCS#8 bytes, for its file only.
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The public half.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// The key of an envelope's content, which is for this key under its certificate. What is no
    /// PKCS#1 v1.5, or of another length, gives a key as well, that follows from this key and what
    /// was sent: so whoever tries hears the same as of content that is not right, on the same way
    /// (RFC 8017 7.2.2 says why).
    pub fn content_key(
        &self,
        envelope: &Envelope,
        own: &MessageSigner,
    ) -> Result<Zeroizing<Vec<u8>>, ScepError> {
        let sent = envelope.key_for(own)?;
        let length = envelope.cipher().key_len();
        let instead = hmac::sign(&self.rejecting, sent);
        let mut key = Zeroizing::new(vec![0; KEY_BYTES_MAX]);
        let mut plain = Zeroizing::new(vec![0; self.decrypting.min_output_size()]);
        let read = self.decrypting.decrypt(sent, &mut plain).map_or(0, |read| read.len());
        let is_right = Choice::from(u8::from(read == length));
        for ((byte, other), own) in key.iter_mut().zip(instead.as_ref()).zip(plain.iter()) {
            *byte = u8::conditional_select(other, own, is_right);
        }
        key.truncate(length);
        Ok(key)
    }

    /// A signature by RSA with SHA-256.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, ScepError> {
        let mut made = vec![0; self.signing.public_modulus_len()];
        let random = SystemRandom::new();
        let signed = self.signing.sign(&signature::RSA_PKCS1_SHA256, &random, message, &mut made);
        signed.map_err(|_| ScepError::Key)?;
        Ok(made)
    }

    /// A PKCS#10 (RFC 2986) for this key, whose common name is a host.
    pub fn request(&self, host: &str) -> Result<Vec<u8>, ScepError> {
        let name = [oid::COMMON_NAME.to_der()?, wrap(UTF8, host.as_bytes())?].concat();
        let subject = sequence(&wrap(SET, &sequence(&name)?)?)?;
        let info = [0u8.to_der()?, subject, self.public.spki().to_vec(), wrap(FIRST, &[])?];
        let info = sequence(&info.concat())?;
        let signature = BitString::from_bytes(&self.sign(&info)?)?.to_der()?;
        let parts = [info, algorithm(oid::RSA_SHA256, &NULL)?, signature];
        Ok(sequence(&parts.concat())?)
    }
}

impl core::fmt::Debug for RaKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("RaKey").field("public", &self.public).finish_non_exhaustive()
    }
}
