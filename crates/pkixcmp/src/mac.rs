//! Protection by a secret that both have: PasswordBasedMac (RFC 4211 4.4) and PBMAC1 (RFC 8018
//! 7.1). Whoever sends a message says how often its secret is hashed, so that there are bounds.

use crate::error::CmpError;
use crate::fields::{Fields, algorithm, octets, value, whole};
use crate::oid;
use aws_lc_rs::{digest, hmac, pbkdf2};
use core::num::NonZeroU32;
use der::asn1::{Any, ObjectIdentifier};
use der::{Encode, Tag, Tagged};
use pki::{sequence, wrap};
use zeroize::Zeroizing;

/// Fewest and most rounds of hashing.
pub const ITERATIONS_MIN: u32 = 100;
/// A message that asks for more is refused before anything is hashed.
pub const ITERATIONS_MAX: u32 = 20_000;
/// Rounds in what we send: the secrets are random, and nothing is gained by more.
const OWN_ITERATIONS: u32 = 1_000;
/// Longest salt, in bytes.
const SALT_BYTES_MAX: usize = 64;
/// Bytes of a salt that we draw.
pub const SALT_BYTES: usize = 16;

/// By which a secret is hashed.
static HASHES: [(ObjectIdentifier, &digest::Algorithm); 3] = [
    (pki::oid::SHA256, &digest::SHA256),
    (oid::SHA384, &digest::SHA384),
    (oid::SHA512, &digest::SHA512),
];

/// MACs. HMAC-SHA-1 is what OpenSSL 3.0 sends unless it is told otherwise; as a MAC it is not
/// broken, and nothing of ours is sent by it.
static MACS: [(ObjectIdentifier, hmac::Algorithm); 5] = [
    (oid::HMAC_SHA1_PKIX, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
    (oid::HMAC_SHA1, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
    (oid::HMAC_SHA256, hmac::HMAC_SHA256),
    (oid::HMAC_SHA384, hmac::HMAC_SHA384),
    (oid::HMAC_SHA512, hmac::HMAC_SHA512),
];

/// By which PBKDF2 derives a key.
static DERIVATIONS: [(ObjectIdentifier, pbkdf2::Algorithm); 3] = [
    (oid::HMAC_SHA256, pbkdf2::PBKDF2_HMAC_SHA256),
    (oid::HMAC_SHA384, pbkdf2::PBKDF2_HMAC_SHA384),
    (oid::HMAC_SHA512, pbkdf2::PBKDF2_HMAC_SHA512),
];

/// Which of the two it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MacScheme {
    /// PasswordBasedMac.
    Pbm,
    /// PBMAC1.
    Pbmac1,
}

/// How a key follows from the secret.
#[derive(Clone)]
enum KeyRule {
    Hashed(&'static digest::Algorithm),
    Derived(pbkdf2::Algorithm, usize),
}

/// A MAC as the header of a message describes it.
#[derive(Clone)]
pub struct MacParameters {
    salt: Vec<u8>,
    iterations: NonZeroU32,
    rule: KeyRule,
    mac: hmac::Algorithm,
}

impl MacParameters {
    /// Reads an AlgorithmIdentifier; nothing if it is none of a MAC. A MAC by a bare secret is none
    /// that is taken (RFC 9481 6.1).
    pub(crate) fn read(identifier: &Any) -> Result<Option<Self>, CmpError> {
        let (id, parameters) = algorithm(identifier)?;
        let read = if id == oid::PBM {
            Self::pbm
        } else if id == oid::PBMAC1 {
            Self::pbmac1
        } else if MACS.iter().any(|(mac, _)| *mac == id) {
            return Err(CmpError::Algorithm);
        } else {
            return Ok(None);
        };
        read(&parameters.ok_or(CmpError::Malformed)?).map(Some)
    }

    fn pbm(parameters: &Any) -> Result<Self, CmpError> {
        let mut fields = Fields::read(&whole(parameters)?)?;
        let salt = octets(&whole(&fields.take()?)?, SALT_BYTES_MAX)?;
        let (hash, _) = algorithm(&fields.take()?)?;
        let iterations = iterations(&fields.take()?)?;
        let (mac, _) = algorithm(&fields.take()?)?;
        fields.end()?;
        let rule = KeyRule::Hashed(one_of(&HASHES, hash)?);
        Ok(Self { salt, iterations, rule, mac: one_of(&MACS, mac)? })
    }

    fn pbmac1(parameters: &Any) -> Result<Self, CmpError> {
        let mut fields = Fields::read(&whole(parameters)?)?;
        let (kdf, kdf_parameters) = algorithm(&fields.take()?)?;
        let (mac, _) = algorithm(&fields.take()?)?;
        fields.end()?;
        let kdf_parameters = kdf_parameters.filter(|_| kdf == oid::PBKDF2);
        let mac = one_of(&MACS, mac)?;
        let mut fields = Fields::read(&whole(&kdf_parameters.ok_or(CmpError::Algorithm)?)?)?;
        let salt = octets(&whole(&fields.take()?)?, SALT_BYTES_MAX)?;
        let iterations = iterations(&fields.take()?)?;
        let own = mac.digest_algorithm().output_len;
        let length = match fields.tagged(Tag::Integer) {
            Some(length) => usize::from(value::<u16>(&length)?),
            None => own,
        };
        // By default it would be SHA-1.
        let (prf, _) = algorithm(&fields.tagged(Tag::Sequence).ok_or(CmpError::Algorithm)?)?;
        fields.end()?;
        let prf = one_of(&DERIVATIONS, prf)?;
        match (16..=digest::MAX_OUTPUT_LEN).contains(&length) {
            true => Ok(Self { salt, iterations, rule: KeyRule::Derived(prf, length), mac }),
            false => Err(CmpError::Algorithm),
        }
    }

    /// Parameters of ours.
    pub(crate) fn own(scheme: MacScheme, salt: [u8; SALT_BYTES]) -> Self {
        let rule = match scheme {
            MacScheme::Pbm => KeyRule::Hashed(&digest::SHA256),
            MacScheme::Pbmac1 => {
                KeyRule::Derived(pbkdf2::PBKDF2_HMAC_SHA256, digest::SHA256_OUTPUT_LEN)
            }
        };
        let iterations = NonZeroU32::new(OWN_ITERATIONS).unwrap_or(NonZeroU32::MIN);
        Self { salt: salt.to_vec(), iterations, rule, mac: hmac::HMAC_SHA256 }
    }

    /// Which of the two it is.
    pub fn scheme(&self) -> MacScheme {
        match self.rule {
            KeyRule::Hashed(_) => MacScheme::Pbm,
            KeyRule::Derived(..) => MacScheme::Pbmac1,
        }
    }

    /// The AlgorithmIdentifier of parameters of ours, in DER.
    pub(crate) fn identifier(&self) -> der::Result<Vec<u8>> {
        let salt = wrap(0x04, &self.salt)?;
        let iterations = self.iterations.get().to_der()?;
        let mac = oid::HMAC_SHA256.to_der()?;
        let parts = match self.rule {
            KeyRule::Hashed(_) => {
                let hash = sequence(&pki::oid::SHA256.to_der()?)?;
                let parameters = [salt, hash, iterations, sequence(&mac)?].concat();
                [oid::PBM.to_der()?, sequence(&parameters)?]
            }
            KeyRule::Derived(_, length) => {
                let length = u32::try_from(length).unwrap_or_default().to_der()?;
                let null = der::asn1::Null.to_der()?;
                let mac = sequence(&[mac, null].concat())?;
                let own = sequence(&[salt, iterations, length, mac.clone()].concat())?;
                let kdf = sequence(&[oid::PBKDF2.to_der()?, own].concat())?;
                [oid::PBMAC1.to_der()?, sequence(&[kdf, mac].concat())?]
            }
        };
        sequence(&parts.concat())
    }

    /// Whether a MAC over a message was made with this secret.
    pub(crate) fn verify(&self, secret: &[u8], message: &[u8], tag: &[u8]) -> bool {
        hmac::verify(&self.key(secret), message, tag).is_ok()
    }

    /// A MAC over a message.
    pub(crate) fn sign(&self, secret: &[u8], message: &[u8]) -> Vec<u8> {
        hmac::sign(&self.key(secret), message).as_ref().to_vec()
    }

    fn key(&self, secret: &[u8]) -> hmac::Key {
        let bytes = match &self.rule {
            KeyRule::Hashed(hash) => {
                let first = Zeroizing::new([secret, self.salt.as_slice()].concat());
                let mut key = Zeroizing::new(digest::digest(hash, &first).as_ref().to_vec());
                for _ in 1..self.iterations.get() {
                    key = Zeroizing::new(digest::digest(hash, &key).as_ref().to_vec());
                }
                key
            }
            KeyRule::Derived(prf, length) => {
                let mut key = Zeroizing::new(vec![0; *length]);
                pbkdf2::derive(*prf, self.iterations, &self.salt, secret, &mut key);
                key
            }
        };
        hmac::Key::new(self.mac, &bytes)
    }
}

impl core::fmt::Debug for MacParameters {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "MacParameters({:?}, {})", self.scheme(), self.iterations)
    }
}

/// How often is hashed, within the bounds.
fn iterations(any: &Any) -> Result<NonZeroU32, CmpError> {
    if any.tag() != Tag::Integer {
        return Err(CmpError::Malformed);
    }
    // What no u32 holds is no less a bomb.
    let count: u32 = value(any).map_err(|_| CmpError::Algorithm)?;
    let within = (ITERATIONS_MIN..=ITERATIONS_MAX).contains(&count);
    NonZeroU32::new(count).filter(|_| within).ok_or(CmpError::Algorithm)
}

/// The hash of this name, if it is taken.
pub(crate) fn hash_of(id: ObjectIdentifier) -> Result<&'static digest::Algorithm, CmpError> {
    one_of(&HASHES, id)
}

/// What an algorithm of this name is.
fn one_of<T: Copy>(known: &[(ObjectIdentifier, T)], id: ObjectIdentifier) -> Result<T, CmpError> {
    let found = known.iter().find(|(name, _)| *name == id).map(|(_, own)| *own);
    found.ok_or(CmpError::Algorithm)
}
