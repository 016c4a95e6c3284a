//! The one registry of algorithms. A new family (SM2 with SM3, ML-DSA) comes in as a member of
//! [`REGISTRY`]; nothing else matches on key types.

use crate::key_kind::{KeyParameters, name_of_kind};
use crate::low_s;
use crate::name::both;
use crate::raw::{AlgorithmIdentifier, SubjectPublicKeyInfo};
use aws_lc_rs::signature as sig;
use der::asn1::{Any, Null, ObjectIdentifier};
use der::{Decode, Encode};
use sha2::{Digest, Sha256};

/// One member of the registry: a key type together with the one signature algorithm we use with it.
pub struct Algorithm {
    /// The name in profiles, metrics and documents.
    pub name: &'static str,
    key: ObjectIdentifier,
    key_parameters: Parameters,
    signature: ObjectIdentifier,
    signature_parameters: Parameters,
    /// RSA modulus sizes in bits; empty for other keys.
    bits: &'static [usize],
    /// Order of the curve, where a signature can be spelled twice; empty for others.
    order: &'static [u8],
    verifier: &'static dyn sig::VerificationAlgorithm,
}

#[derive(Clone, Copy)]
enum Parameters {
    Absent,
    Null,
    Curve(ObjectIdentifier),
}

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
pub(crate) const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
pub(crate) const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
pub(crate) const ECDSA_SHA256: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const RSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");

const fn rsa(name: &'static str, bits: &'static [usize]) -> Algorithm {
    Algorithm {
        name,
        key: RSA,
        key_parameters: Parameters::Null,
        signature: RSA_SHA256,
        signature_parameters: Parameters::Null,
        bits,
        order: &[],
        verifier: &sig::RSA_PKCS1_2048_8192_SHA256,
    }
}

/// Every algorithm that this build knows, by name.
pub static REGISTRY: [Algorithm; 6] = [
    Algorithm {
        name: "p256",
        key: EC,
        key_parameters: Parameters::Curve(P256),
        signature: ECDSA_SHA256,
        signature_parameters: Parameters::Absent,
        bits: &[],
        order: low_s::P256,
        verifier: &sig::ECDSA_P256_SHA256_ASN1,
    },
    Algorithm {
        name: "p384",
        key: EC,
        key_parameters: Parameters::Curve(P384),
        signature: ECDSA_SHA384,
        signature_parameters: Parameters::Absent,
        bits: &[],
        order: low_s::P384,
        verifier: &sig::ECDSA_P384_SHA384_ASN1,
    },
    Algorithm {
        name: "ed25519",
        key: ED25519,
        key_parameters: Parameters::Absent,
        signature: ED25519,
        signature_parameters: Parameters::Absent,
        bits: &[],
        order: &[],
        verifier: &sig::ED25519,
    },
    rsa("rsa2048", &[2048]),
    rsa("rsa3072", &[3072]),
    rsa("rsa4096", &[4096]),
];

/// The registry's member of this name.
pub fn by_name(name: &str) -> Option<&'static Algorithm> {
    REGISTRY.iter().find(|member| member.name == name)
}

impl Algorithm {
    /// The DER `AlgorithmIdentifier` of signatures made with this member.
    pub fn signature_identifier(&self) -> Result<Vec<u8>, der::Error> {
        let identifier = AlgorithmIdentifier {
            algorithm: self.signature,
            parameters: self.signature_parameters.any()?,
        };
        identifier.to_der()
    }

    /// A signature of this member in its one spelling: ECDSA with the smaller `s`. Whoever signs
    /// gives signatures so; [`PublicKey::verify`] accepts no other.
    pub fn one_spelling(&self, signature: Vec<u8>) -> Vec<u8> {
        if self.order.is_empty() { signature } else { low_s::low(self.order, signature) }
    }

    /// The same of a signature that is r ‖ s, as tokens have it (RFC 7518 3.4).
    pub fn one_spelling_fixed(&self, signature: Vec<u8>) -> Vec<u8> {
        if self.order.is_empty() { signature } else { low_s::low_fixed(self.order, signature) }
    }

    /// Whether a signature has the one spelling.
    pub(crate) fn is_one_spelling(&self, signature: &[u8]) -> bool {
        self.order.is_empty() || low_s::is_low(self.order, signature)
    }
}

impl core::fmt::Debug for Algorithm {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name)
    }
}

impl Parameters {
    fn any(self) -> Result<Option<Any>, der::Error> {
        Ok(match self {
            Parameters::Absent => None,
            Parameters::Null => Some(Any::encode_from(&Null)?),
            Parameters::Curve(oid) => Some(Any::encode_from(&oid)?),
        })
    }
}

/// Why a public key is not accepted; what it is stands there in both languages too.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// Not a SubjectPublicKeyInfo in DER.
    #[error("公钥不是正确的 DER / the public key is not valid DER")]
    Malformed,
    /// No member of the registry has this algorithm or curve.
    #[error(
        "不支持这种密钥：{zh} / not supported: a key of {en}",
        zh = both(.0).0,
        en = both(.0).1
    )]
    UnknownAlgorithm(String),
    /// RSA below 2048 bits, with an exponent below 65537, or a modulus that has a small factor.
    #[error("密钥强度不足：{zh} / the key is too weak: {en}", zh = both(.0).0, en = both(.0).1)]
    Weak(&'static str),
}

/// A public key that the registry knows and whose strength was checked.
#[derive(Clone)]
pub struct PublicKey {
    spki: Vec<u8>,
    /// Its bits, read once: no verification reads the point of a curve again.
    parsed: sig::ParsedPublicKey,
    algorithm: &'static Algorithm,
}

#[derive(der::Sequence)]
struct RsaPublicKey {
    modulus: der::asn1::Uint,
    exponent: der::asn1::Uint,
}

impl PublicKey {
    /// Reads a DER `SubjectPublicKeyInfo`.
    pub fn read(spki: &[u8]) -> Result<Self, KeyError> {
        let info = SubjectPublicKeyInfo::from_der(spki).map_err(|_| KeyError::Malformed)?;
        let raw = info.key.raw_bytes();
        // One key has one encoding: whole octets, and EC points uncompressed (RFC 5480 2.2).
        let form = match raw.first() {
            Some(2 | 3) if info.algorithm.algorithm == EC => Some("压缩点 / a compressed point"),
            Some(6 | 7) if info.algorithm.algorithm == EC => Some("混合点 / a hybrid point"),
            _ => None,
        };
        if let Some(form) = form {
            return Err(KeyError::UnknownAlgorithm(form.into()));
        }
        if info.key.unused_bits() != 0 {
            return Err(KeyError::Malformed);
        }
        let bits = if info.algorithm.algorithm == RSA { rsa_bits(raw)? } else { 0 };
        for member in &REGISTRY {
            let parameters = member.key_parameters.any().map_err(|_| KeyError::Malformed)?;
            if member.key == info.algorithm.algorithm
                && parameters == info.algorithm.parameters
                && (member.bits.is_empty() || member.bits.contains(&bits))
            {
                let parsed = sig::ParsedPublicKey::new(member.verifier, raw);
                let parsed = parsed.map_err(|_| KeyError::Malformed)?;
                return Ok(Self { spki: spki.to_vec(), parsed, algorithm: member });
            }
        }
        if bits > 0 && REGISTRY.iter().all(|member| !member.bits.contains(&bits)) {
            return Err(rsa_of(bits));
        }
        Err(KeyError::UnknownAlgorithm(kind_of_key(&info.algorithm)))
    }

    /// The key's algorithm, as the registry of algorithms has it.
    pub fn algorithm(&self) -> &'static Algorithm {
        self.algorithm
    }

    /// The key is a SubjectPublicKeyInfo in DER (RFC 5280 4.1.2.7).
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The SHA-256 of the SubjectPublicKeyInfo, by which a key is named.
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(&self.spki).into()
    }

    /// The key identifier of RFC 7093 method 1: leftmost 160 bits of SHA-256 of the key's bits.
    pub fn identifier(&self) -> Vec<u8> {
        let digest = Sha256::digest(self.raw());
        digest.iter().take(20).copied().collect()
    }

    /// The key's bits without their algorithm: an EC point, 32 bytes of Ed25519, an RSAPublicKey.
    pub fn raw(&self) -> &[u8] {
        self.parsed.as_ref()
    }

    /// The modulus of an RSA key, big endian.
    pub(crate) fn modulus(&self) -> Option<Vec<u8>> {
        let key = (self.algorithm.key == RSA).then(|| RsaPublicKey::from_der(self.raw()))?;
        key.ok().map(|key| key.modulus.as_bytes().to_vec())
    }

    /// Whether `signature` over `message` was made by this key, in its one spelling: so for every
    /// document, certificate and list. Only the key can make other bytes that pass.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.algorithm.is_one_spelling(signature) && self.verify_any_spelling(message, signature)
    }

    /// [`Self::verify`] for what programs of others sign to prove that they hold a key, PKCS#10 and
    /// handshakes: both spellings pass, and nothing may be named by such bytes.
    pub fn verify_any_spelling(&self, message: &[u8], signature: &[u8]) -> bool {
        crate::counted::verified();
        self.parsed.verify_sig(message, signature).is_ok()
    }

    /// Whether the registry has this signature algorithm for the key.
    pub(crate) fn signs_with(&self, signature: ObjectIdentifier) -> bool {
        self.algorithm.signature == signature
    }
}

impl PublicKey {
    /// [`Self::verify_any_spelling`] of a message that is known by its SHA-256 alone. Keys of P-256
    /// and RSA sign that; of any other nothing passes.
    pub fn verify_sha256(&self, digest: &[u8; 32], signature: &[u8]) -> bool {
        use aws_lc_rs::digest::{Digest, SHA256};
        if ![ECDSA_SHA256, RSA_SHA256].contains(&self.algorithm.signature) {
            return false;
        }
        let Ok(digest) = Digest::import_less_safe(digest, &SHA256) else { return false };
        crate::counted::verified();
        self.parsed.verify_digest_sig(&digest, signature).is_ok()
    }

    /// Whether this key made a signature of a TLS 1.3 handshake (RFC 8446 4.2.3): as
    /// [`Self::verify_any_spelling`], except that RSA keys sign with PSS there.
    pub fn verify_tls13(&self, scheme: u16, message: &[u8], signature: &[u8]) -> bool {
        let rsa = self.algorithm.key == RSA;
        let verifier: &dyn sig::VerificationAlgorithm = match (scheme, self.algorithm.name) {
            (0x0403, "p256") | (0x0503, "p384") | (0x0807, "ed25519") => self.algorithm.verifier,
            (0x0804, _) if rsa => &sig::RSA_PSS_2048_8192_SHA256,
            (0x0805, _) if rsa => &sig::RSA_PSS_2048_8192_SHA384,
            (0x0806, _) if rsa => &sig::RSA_PSS_2048_8192_SHA512,
            _ => return false,
        };
        sig::UnparsedPublicKey::new(verifier, self.raw()).verify(message, signature).is_ok()
    }

    /// The same of a TLS 1.2 handshake, where a scheme names no curve (RFC 8446 4.2.3) and RSA keys
    /// sign in either way.
    pub fn verify_tls12(&self, scheme: u16, message: &[u8], signature: &[u8]) -> bool {
        let rsa = self.algorithm.key == RSA;
        let verifier: &dyn sig::VerificationAlgorithm = match (scheme, self.algorithm.name) {
            (0x0403, "p384") => &sig::ECDSA_P384_SHA256_ASN1,
            (0x0503, "p256") => &sig::ECDSA_P256_SHA384_ASN1,
            (0x0603, "p256") => &sig::ECDSA_P256_SHA512_ASN1,
            (0x0603, "p384") => &sig::ECDSA_P384_SHA512_ASN1,
            (0x0401, _) if rsa => &sig::RSA_PKCS1_2048_8192_SHA256,
            (0x0501, _) if rsa => &sig::RSA_PKCS1_2048_8192_SHA384,
            (0x0601, _) if rsa => &sig::RSA_PKCS1_2048_8192_SHA512,
            _ => return self.verify_tls13(scheme, message, signature),
        };
        sig::UnparsedPublicKey::new(verifier, self.raw()).verify(message, signature).is_ok()
    }
}

impl core::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "PublicKey({})", self.algorithm.name)
    }
}

/// The name of a kind of key that is not in the registry.
fn kind_of_key(identifier: &AlgorithmIdentifier) -> String {
    let id = identifier.algorithm.to_string();
    let named = |any: &Any| any.decode_as::<ObjectIdentifier>().ok().map(|curve| curve.to_string());
    let curve = identifier.parameters.as_ref().and_then(named);
    let parameters = match (&identifier.parameters, &curve) {
        (None, _) => KeyParameters::Absent,
        (_, Some(curve)) => KeyParameters::Curve(curve),
        (Some(any), None) if any.is_null() => KeyParameters::Null,
        _ => KeyParameters::Own,
    };
    name_of_kind(&id, parameters)
}

/// Smallest and largest modulus of the registry, in bits.
const RSA_BITS_MIN: usize = 2048;
const RSA_BITS_MAX: usize = 4096;

/// Modulus size; refuses what the size alone does not show.
fn rsa_bits(raw: &[u8]) -> Result<usize, KeyError> {
    let key = RsaPublicKey::from_der(raw).map_err(|_| KeyError::Malformed)?;
    let (modulus, exponent) = (key.modulus.as_bytes(), key.exponent.as_bytes());
    let top = modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
    let bits = modulus.len() * 8 - top;
    if bits < RSA_BITS_MIN {
        return Err(KeyError::Weak("RSA 密钥至少 2048 位 / RSA keys have 2048 bits at least"));
    }
    // What is larger than ours is not weak; nobody here counts with it.
    if bits > RSA_BITS_MAX {
        return Err(rsa_of(bits));
    }
    if exponent != [1, 0, 1] {
        let smaller =
            exponent.len() < 3 || (exponent.len() == 3 && exponent < [1, 0, 1].as_slice());
        return Err(match smaller {
            true => {
                KeyError::Weak("RSA 的公开指数小于 65537 / the RSA exponent is smaller than 65537")
            }
            false => KeyError::UnknownAlgorithm(
                "公开指数大于 65537 的 RSA / RSA with an exponent above 65537".to_owned(),
            ),
        });
    }
    if modulus.last().is_none_or(|last| last % 2 == 0) {
        return Err(KeyError::Weak("RSA 的模数是偶数 / the RSA modulus is even"));
    }
    if (3..=751u32).step_by(2).any(|small| remainder(modulus, small) == 0) {
        let why = "RSA 的模数有小因子 / the RSA modulus has a small factor";
        return Err(KeyError::Weak(why));
    }
    Ok(bits)
}

/// A modulus of a size that the registry does not have.
fn rsa_of(bits: usize) -> KeyError {
    KeyError::UnknownAlgorithm(format!("{bits} 位的 RSA / RSA of {bits} bits"))
}

/// `number` (big endian) modulo a small number.
fn remainder(number: &[u8], modulo: u32) -> u32 {
    number.iter().fold(0, |rest, byte| ((rest << 8) | u32::from(*byte)) % modulo)
}

/// A private key of a person, service or CA, wherever it lives.
pub trait Signer: Send + Sync {
    /// The public half of the key.
    fn public_key(&self) -> &PublicKey;
    /// A signature over `message` (ECDSA in DER) by the registry member of the public key, in its
    /// [one spelling](Algorithm::one_spelling).
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError>;
}

/// The key could not sign: hardware gone, wrong session, no entropy.
#[derive(Debug, thiserror::Error)]
#[error("密钥无法签名 / the key could not sign: {0}")]
pub struct SignError(pub String);
