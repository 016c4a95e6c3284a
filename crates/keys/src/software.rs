//! A key in memory, made and used by aws-lc.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self as sig, KeyPair};
use pkcs8::{AlgorithmIdentifierRef, ObjectIdentifier, PrivateKeyInfoRef};
use pki::algorithm::{Algorithm, SignError, by_name};
use pki::key_kind::{KeyParameters, name_of_kind};
use pki::name::both;
use pki::{PublicKey, Signer};
use system::language::halves;
use zeroize::Zeroizing;

const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");

/// The bytes are no private key that we can use; why not, in both languages or as a library says.
#[derive(Debug, thiserror::Error)]
#[error(
    "私钥无法使用：{zh} / the private key cannot be used: {en}",
    zh = halves(.0).0,
    en = halves(.0).1
)]
pub struct KeyRejected(pub String);

enum Pair {
    Ecdsa(sig::EcdsaKeyPair),
    Ed25519(sig::Ed25519KeyPair),
    Rsa(aws_lc_rs::rsa::KeyPair),
}

/// A private key in this process's memory.
pub struct SoftwareSigner {
    pair: Pair,
    public: PublicKey,
    pkcs8: Zeroizing<Vec<u8>>,
}

fn rejected(error: impl std::fmt::Display) -> KeyRejected {
    KeyRejected(error.to_string())
}

/// What the library finds wrong with a key of a kind that is known.
fn unusable(error: aws_lc_rs::error::KeyRejected) -> KeyRejected {
    rejected(match error.description_() {
        "TooSmall" => "密钥过短 / the key is too short",
        "TooLarge" => "密钥过长 / the key is too long",
        "InconsistentComponents" => "其各部分互不相符 / its parts do not belong together",
        "InvalidEncoding" => "其内容不成形 / its content has no valid form",
        "WrongAlgorithm" => "其内容是另一种密钥 / its content is a key of another kind",
        _ => "其内容不是可用的密钥 / its content is no key that can be used",
    })
}

/// A kind of key that is not in the registry.
fn of_another_kind(algorithm: &AlgorithmIdentifierRef<'_>) -> KeyRejected {
    let curve = algorithm.parameters_oid().ok().map(|curve| curve.to_string());
    let parameters = match (&algorithm.parameters, &curve) {
        (None, _) => KeyParameters::Absent,
        (_, Some(curve)) => KeyParameters::Curve(curve),
        (Some(any), None) if any.is_null() => KeyParameters::Null,
        _ => KeyParameters::Own,
    };
    let (zh, en) = both(&name_of_kind(&algorithm.oid.to_string(), parameters));
    rejected(format!("不支持：{zh} / not supported: {en}"))
}

impl SoftwareSigner {
    /// Draws a new key of a registry member.
    pub fn generate(algorithm: &Algorithm) -> Result<Self, KeyRejected> {
        let random = SystemRandom::new();
        let pkcs8 = match algorithm.name {
            "p256" | "p384" => {
                let signing = ecdsa(algorithm.name);
                let document =
                    sig::EcdsaKeyPair::generate_pkcs8(signing, &random).map_err(rejected)?;
                document.as_ref().to_vec()
            }
            "ed25519" => {
                let pair = sig::Ed25519KeyPair::generate().map_err(rejected)?;
                AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(rejected)?.as_ref().to_vec()
            }
            "rsa2048" => rsa(KeySize::Rsa2048)?,
            "rsa3072" => rsa(KeySize::Rsa3072)?,
            "rsa4096" => rsa(KeySize::Rsa4096)?,
            other => return Err(KeyRejected(other.to_owned())),
        };
        Self::from_pkcs8(&pkcs8)
    }

    /// Draws a new P-256 key, the default of everything online.
    pub fn generate_p256() -> Result<Self, KeyRejected> {
        Self::generate(by_name("p256").ok_or_else(|| KeyRejected("p256".into()))?)
    }

    /// Takes a PKCS#8 `PrivateKeyInfo` in DER, of any registry member.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, KeyRejected> {
        let info = PrivateKeyInfoRef::try_from(pkcs8);
        let info = info.map_err(|_| rejected("不是 PKCS#8 / not PKCS#8"))?;
        let curve = || info.algorithm.parameters_oid().ok();
        let (pair, spki) = match info.algorithm.oid {
            ED25519 => {
                let pair = sig::Ed25519KeyPair::from_pkcs8(pkcs8).map_err(unusable)?;
                let spki = spki(pair.public_key())?;
                (Pair::Ed25519(pair), spki)
            }
            RSA => {
                let pair = aws_lc_rs::rsa::KeyPair::from_pkcs8(pkcs8).map_err(unusable)?;
                let spki = spki(pair.public_key())?;
                (Pair::Rsa(pair), spki)
            }
            EC => {
                let name = match curve() {
                    Some(P256) => "p256",
                    Some(P384) => "p384",
                    _ => return Err(of_another_kind(&info.algorithm)),
                };
                let pair = sig::EcdsaKeyPair::from_pkcs8(ecdsa(name), pkcs8).map_err(unusable)?;
                let spki = spki(pair.public_key())?;
                (Pair::Ecdsa(pair), spki)
            }
            _ => return Err(of_another_kind(&info.algorithm)),
        };
        let public = PublicKey::read(&spki).map_err(rejected)?;
        Ok(Self { pair, public, pkcs8: Zeroizing::new(pkcs8.to_vec()) })
    }

    /// The PKCS#8 bytes, for writing key files and PKCS#12 only.
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }
}

impl Signer for SoftwareSigner {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let failed = |error: aws_lc_rs::error::Unspecified| SignError(error.to_string());
        match &self.pair {
            Pair::Ecdsa(pair) => {
                let signature = pair.sign(&SystemRandom::new(), message).map_err(failed)?;
                Ok(self.public.algorithm().one_spelling(signature.as_ref().to_vec()))
            }
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let random = SystemRandom::new();
                pair.sign(&sig::RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .map_err(failed)?;
                Ok(signature)
            }
        }
    }
}

fn ecdsa(name: &str) -> &'static sig::EcdsaSigningAlgorithm {
    match name {
        "p384" => &sig::ECDSA_P384_SHA384_ASN1_SIGNING,
        _ => &sig::ECDSA_P256_SHA256_ASN1_SIGNING,
    }
}

fn rsa(size: KeySize) -> Result<Vec<u8>, KeyRejected> {
    let pair = aws_lc_rs::rsa::KeyPair::generate(size).map_err(rejected)?;
    Ok(AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(rejected)?.as_ref().to_vec())
}

fn spki(public: &impl AsDer<PublicKeyX509Der<'static>>) -> Result<Vec<u8>, KeyRejected> {
    Ok(public.as_der().map_err(rejected)?.as_ref().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use openssl::hash::MessageDigest;
    use openssl::pkey::PKey;
    use openssl::sign;

    /// A key that is not used is told as what it is, in both languages and in no library's words.
    #[test]
    fn a_key_that_is_not_used_is_named() {
        use openssl::ec::{EcGroup, EcKey};
        use openssl::{nid::Nid, rsa::Rsa};
        let p521 = EcGroup::from_curve_name(Nid::SECP521R1).unwrap();
        let p521 = PKey::from_ec_key(EcKey::generate(&p521).unwrap()).unwrap();
        let small = PKey::from_rsa(Rsa::generate(1024).unwrap()).unwrap();
        let told = |key: PKey<openssl::pkey::Private>| {
            let pkcs8 = key.private_key_to_pkcs8().unwrap();
            both(&SoftwareSigner::from_pkcs8(&pkcs8).err().unwrap())
        };
        let unused = "私钥无法使用：不支持：";
        assert_eq!(told(p521).0, format!("{unused}曲线 P-521"));
        assert_eq!(told(PKey::generate_x25519().unwrap()).0, format!("{unused}X25519"));
        let (zh, en) = told(small);
        assert!(zh.starts_with("私钥无法使用：") && !zh.contains('「'), "{zh}");
        assert!(en.starts_with("the private key cannot be used: ") && en.is_ascii(), "{en}");
    }

    /// What clients of TLS 1.2 sign with, as OpenSSL signs it; a scheme of another hash, key or
    /// version is none.
    #[test]
    fn a_handshake_of_tls_1_2_is_verified_by_its_scheme() {
        let hashes = [MessageDigest::sha256(), MessageDigest::sha384(), MessageDigest::sha512()];
        for (name, schemes) in [
            ("p256", [0x0403, 0x0503, 0x0603]),
            ("p384", [0x0403, 0x0503, 0x0603]),
            ("rsa2048", [0x0401, 0x0501, 0x0601]),
        ] {
            let key = SoftwareSigner::generate(pki::algorithm::by_name(name).unwrap()).unwrap();
            let other = PKey::private_key_from_der(key.pkcs8()).unwrap();
            for (at, scheme) in schemes.into_iter().enumerate() {
                let mut signer = sign::Signer::new(hashes[at], &other).unwrap();
                let signature = signer.sign_oneshot_to_vec(b"messages").unwrap();
                let public = key.public_key();
                let holds = |scheme| public.verify_tls12(scheme, b"messages", &signature);
                assert!(holds(scheme), "{name} {scheme:04x}");
                assert!(!holds(schemes[(at + 1) % 3]), "{name} {scheme:04x}: another hash");
                assert!(!holds(0x0203) && !holds(0x0201) && !holds(0x0804), "{name}");
                assert!(!public.verify_tls12(scheme, b"massages", &signature), "{name}");
            }
        }
        let rsa = SoftwareSigner::generate(pki::algorithm::by_name("rsa2048").unwrap()).unwrap();
        let signature = rsa.sign(b"messages").unwrap();
        assert!(rsa.public_key().verify_tls12(0x0401, b"messages", &signature));
        assert!(!rsa.public_key().verify_tls13(0x0401, b"messages", &signature), "PSS alone");
    }
}
