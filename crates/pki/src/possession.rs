//! Proof of possession in requests: programs of others sign theirs with more algorithms than we do.
//! What is proven is that they hold the key, and no more; nothing is named by such a signature.

use crate::algorithm::PublicKey;
use crate::raw::AlgorithmIdentifier;
use aws_lc_rs::signature as sig;
use der::Decode;
use der::asn1::ObjectIdentifier;

/// The claim that a key signed a message, with an algorithm that is known here.
pub struct Possession<'a> {
    /// The key that is claimed to have signed.
    pub key: &'a PublicKey,
    /// The algorithm is named as in the registry of algorithms.
    pub algorithm: &'static str,
    /// The message is the bytes that were signed.
    pub message: &'a [u8],
    /// The signature, in either spelling.
    pub signature: &'a [u8],
    /// Verifies by an algorithm that is not the one of the registry for this key.
    other: Option<&'static dyn sig::VerificationAlgorithm>,
}

/// A signature algorithm of requests: the keys it is for, by the names of our registry.
struct Known {
    name: &'static str,
    id: ObjectIdentifier,
    keys: &'static [&'static str],
    verifier: &'static dyn sig::VerificationAlgorithm,
}

const RSA_KEYS: &[&str] = &["rsa2048", "rsa3072", "rsa4096"];

const fn known(
    name: &'static str,
    id: &'static str,
    keys: &'static [&'static str],
    verifier: &'static dyn sig::VerificationAlgorithm,
) -> Known {
    Known { name, id: ObjectIdentifier::new_unwrap(id), keys, verifier }
}

static KNOWN: [Known; 10] = [
    known("RSA with SHA-256", "1.2.840.113549.1.1.11", RSA_KEYS, &sig::RSA_PKCS1_2048_8192_SHA256),
    known("RSA with SHA-384", "1.2.840.113549.1.1.12", RSA_KEYS, &sig::RSA_PKCS1_2048_8192_SHA384),
    known("RSA with SHA-512", "1.2.840.113549.1.1.13", RSA_KEYS, &sig::RSA_PKCS1_2048_8192_SHA512),
    known("ECDSA with SHA-256", "1.2.840.10045.4.3.2", &["p256"], &sig::ECDSA_P256_SHA256_ASN1),
    known("ECDSA with SHA-384", "1.2.840.10045.4.3.3", &["p256"], &sig::ECDSA_P256_SHA384_ASN1),
    known("ECDSA with SHA-512", "1.2.840.10045.4.3.4", &["p256"], &sig::ECDSA_P256_SHA512_ASN1),
    known("ECDSA with SHA-256", "1.2.840.10045.4.3.2", &["p384"], &sig::ECDSA_P384_SHA256_ASN1),
    known("ECDSA with SHA-384", "1.2.840.10045.4.3.3", &["p384"], &sig::ECDSA_P384_SHA384_ASN1),
    known("ECDSA with SHA-512", "1.2.840.10045.4.3.4", &["p384"], &sig::ECDSA_P384_SHA512_ASN1),
    known("Ed25519", "1.3.101.112", &["ed25519"], &sig::ED25519),
];

/// Algorithms that are known by name and not accepted, for the sentence that says so.
const NAMES: [(&str, &str); 10] = [
    ("1.2.840.113549.1.1.4", "RSA with MD5"),
    ("1.2.840.113549.1.1.5", "RSA with SHA-1"),
    ("1.2.840.113549.1.1.10", "RSA-PSS"),
    ("1.2.840.113549.1.1.14", "RSA with SHA-224"),
    ("1.2.840.10045.4.1", "ECDSA with SHA-1"),
    ("1.2.840.10045.4.3.1", "ECDSA with SHA-224"),
    ("1.2.840.10040.4.3", "DSA with SHA-1"),
    ("2.16.840.1.101.3.4.3.2", "DSA with SHA-256"),
    ("1.2.156.10197.1.501", "SM2 with SM3"),
    ("1.3.101.113", "Ed448"),
];

impl<'a> Possession<'a> {
    /// The claim of a signature whose AlgorithmIdentifier is given in DER; an error names the
    /// algorithm that is not known here for this key.
    pub fn read(
        key: &'a PublicKey,
        identifier: &[u8],
        message: &'a [u8],
        signature: &'a [u8],
    ) -> Result<Self, String> {
        let identifier = AlgorithmIdentifier::from_der(identifier).map_err(|e| e.to_string())?;
        Self::claimed(key, &identifier, message, signature)
    }

    /// The claim of a signature, or the name of the algorithm that is not known here for this key.
    pub(crate) fn claimed(
        key: &'a PublicKey,
        identifier: &AlgorithmIdentifier,
        message: &'a [u8],
        signature: &'a [u8],
    ) -> Result<Self, String> {
        let id = identifier.algorithm;
        let null = identifier.parameters.as_ref().is_none_or(der::asn1::Any::is_null);
        let fits = |known: &&Known| known.id == id && known.keys.contains(&key.algorithm().name);
        match KNOWN.iter().find(fits).filter(|_| null) {
            Some(Known { name, verifier, .. }) => {
                let other = (!key.signs_with(id)).then_some(*verifier);
                Ok(Self { key, algorithm: name, message, signature, other })
            }
            None => Err(name_of(id)),
        }
    }

    /// Whether the key made the signature.
    pub fn holds(&self) -> bool {
        let Some(verifier) = self.other else {
            return self.key.verify_any_spelling(self.message, self.signature);
        };
        crate::counted::verified();
        let key = sig::UnparsedPublicKey::new(verifier, self.key.raw());
        key.verify(self.message, self.signature).is_ok()
    }
}

fn name_of(id: ObjectIdentifier) -> String {
    let text = id.to_string();
    let unknown = NAMES.iter().find(|(known, _)| *known == text).map(|(_, name)| *name);
    let known = || KNOWN.iter().find(|known| known.id == id).map(|known| known.name);
    unknown.or_else(known).map(str::to_owned).unwrap_or(text)
}
