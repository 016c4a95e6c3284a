//! Public keys as JSON (RFC 7517, RFC 7518 6, RFC 8037) and their names (RFC 7638). Each becomes a
//! key of `pki`'s registry, where sizes, exponents and small factors are judged.

use crate::algorithm::SignatureAlg;
use crate::base64url::{decode, encode};
use crate::error::JoseError;
use aws_lc_rs::signature as sig;
use der::asn1::{Any, BitString, Null, ObjectIdentifier, UintRef};
use der::{Decode, Encode, Sequence};
use pki::PublicKey;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// Members that only a private or a symmetric key has (RFC 7518 6.2.2, 6.3.2, 6.4.1).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

#[derive(Sequence)]
struct Identifier {
    algorithm: ObjectIdentifier,
    #[asn1(optional = "true")]
    parameters: Option<Any>,
}

#[derive(Sequence)]
struct Spki {
    algorithm: Identifier,
    key: BitString,
}

/// The members that make a key what it is (RFC 7638 3.2), as they are written.
#[derive(Clone, PartialEq, Eq)]
enum Members {
    Ec { crv: &'static str, x: String, y: String },
    Rsa { n: String, e: String },
    Okp { x: String },
}

/// A public key whose kind is known and whose strength was checked.
#[derive(Clone)]
pub struct Jwk {
    members: Members,
    key: PublicKey,
}

impl Jwk {
    /// Reads a key. Members that are not its own are passed by; a private one is refused, so that
    /// nobody keeps what a client should not have sent.
    pub fn read(value: &Value) -> Result<Self, JoseError> {
        let object = value.as_object().ok_or(JoseError::Malformed("jwk"))?;
        if PRIVATE.iter().any(|name| object.contains_key(*name)) {
            return Err(JoseError::KeyKind);
        }
        let text = |name: &'static str| {
            let text = object.get(name).and_then(Value::as_str);
            text.map(str::to_owned).ok_or(JoseError::Malformed("jwk"))
        };
        let members = match (text("kty")?.as_str(), object.get("crv").and_then(Value::as_str)) {
            ("EC", Some("P-256")) => Members::Ec { crv: "P-256", x: text("x")?, y: text("y")? },
            ("EC", Some("P-384")) => Members::Ec { crv: "P-384", x: text("x")?, y: text("y")? },
            ("RSA", _) => Members::Rsa { n: text("n")?, e: text("e")? },
            ("OKP", Some("Ed25519")) => Members::Okp { x: text("x")? },
            _ => return Err(JoseError::KeyKind),
        };
        if !is_for(object, members.alg()) {
            return Err(JoseError::KeyKind);
        }
        let key = PublicKey::read(&members.spki()?)?;
        Ok(Self { members, key })
    }

    /// A key of the registry as JSON has it.
    pub fn of(key: &PublicKey) -> Option<Self> {
        let raw = key.raw();
        // An uncompressed point: the registry reads no other.
        let point = |crv, size| {
            let (x, y) = raw.get(1..)?.split_at_checked(size)?;
            Some(Members::Ec { crv, x: encode(x), y: encode(y) })
        };
        let members = match key.algorithm().name {
            "p256" => point("P-256", 32)?,
            "p384" => point("P-384", 48)?,
            "ed25519" => Members::Okp { x: encode(raw) },
            _ => {
                let RsaKey { modulus, exponent } = RsaKey::from_der(raw).ok()?;
                Members::Rsa { n: encode(modulus.as_bytes()), e: encode(exponent.as_bytes()) }
            }
        };
        Some(Self { members, key: key.clone() })
    }

    /// The base64url SHA-256 thumbprint (RFC 7638).
    pub fn thumbprint(&self) -> String {
        encode(&Sha256::digest(self.members.canonical()))
    }

    /// The key as JSON: its own members and no other.
    pub fn to_json(&self) -> Value {
        match &self.members {
            Members::Ec { crv, x, y } => json!({ "kty": "EC", "crv": crv, "x": x, "y": y }),
            Members::Rsa { n, e } => json!({ "kty": "RSA", "n": n, "e": e }),
            Members::Okp { x } => json!({ "kty": "OKP", "crv": "Ed25519", "x": x }),
        }
    }

    /// The DER `SubjectPublicKeyInfo`.
    pub fn spki_der(&self) -> Vec<u8> {
        self.key.spki().to_vec()
    }

    /// The key of the registry.
    pub fn public_key(&self) -> &PublicKey {
        &self.key
    }

    /// Whether this key signed a message by this algorithm, which must be the one of its kind.
    pub fn verify(
        &self,
        alg: SignatureAlg,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), JoseError> {
        let verifier: &'static dyn sig::VerificationAlgorithm = match (alg, &self.members) {
            (SignatureAlg::Es256, Members::Ec { crv: "P-256", .. }) => {
                &sig::ECDSA_P256_SHA256_FIXED
            }
            (SignatureAlg::Es384, Members::Ec { crv: "P-384", .. }) => {
                &sig::ECDSA_P384_SHA384_FIXED
            }
            (SignatureAlg::Rs256, Members::Rsa { .. }) => &sig::RSA_PKCS1_2048_8192_SHA256,
            (SignatureAlg::EdDsa, Members::Okp { .. }) => &sig::ED25519,
            _ => return Err(JoseError::Algorithm),
        };
        let key = sig::UnparsedPublicKey::new(verifier, self.key.raw());
        key.verify(message, signature).map_err(|_| JoseError::Signature)
    }
}

/// Whether a key, as far as it says that of itself, is there to verify signatures by its algorithm
/// (RFC 7517 4.2, 4.3, 4.4): one for something else signs nothing.
fn is_for(key: &serde_json::Map<String, Value>, alg: SignatureAlg) -> bool {
    let says = |name: &str, wanted: &str| key.get(name).is_none_or(|said| said == wanted);
    let verifies = |operations: &Value| {
        let all = operations.as_array().map(Vec::as_slice).unwrap_or_default();
        all.iter().any(|one| one == "verify" || one == "sign")
    };
    says("use", "sig") && says("alg", alg.name()) && key.get("key_ops").is_none_or(verifies)
}

impl Members {
    /// The algorithm of its kind.
    fn alg(&self) -> SignatureAlg {
        match self {
            Self::Ec { crv: "P-256", .. } => SignatureAlg::Es256,
            Self::Ec { .. } => SignatureAlg::Es384,
            Self::Rsa { .. } => SignatureAlg::Rs256,
            Self::Okp { .. } => SignatureAlg::EdDsa,
        }
    }

    /// The members in the order of their names, without white space (RFC 7638 3.3). Each of them is
    /// base64url or a name of ours, so that nothing is escaped.
    fn canonical(&self) -> String {
        match self {
            Self::Ec { crv, x, y } => {
                format!(r#"{{"crv":"{crv}","kty":"EC","x":"{x}","y":"{y}"}}"#)
            }
            Self::Rsa { n, e } => format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#),
            Self::Okp { x } => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#),
        }
    }

    fn spki(&self) -> Result<Vec<u8>, JoseError> {
        let (algorithm, parameters, bits) = match self {
            Self::Ec { crv, x, y } => {
                let (curve, size) = if *crv == "P-256" { (P256, 32) } else { (P384, 48) };
                let point = [vec![4], sized(x, size)?, sized(y, size)?].concat();
                (EC, Some(Any::encode_from(&curve).map_err(malformed)?), point)
            }
            Self::Rsa { n, e } => {
                let (n, e) = (number(n)?, number(e)?);
                (RSA, Some(Any::encode_from(&Null).map_err(malformed)?), rsa_public_key(&n, &e)?)
            }
            Self::Okp { x } => (ED25519, None, sized(x, 32)?),
        };
        let key = BitString::from_bytes(&bits).map_err(malformed)?;
        let spki = Spki { algorithm: Identifier { algorithm, parameters }, key };
        spki.to_der().map_err(malformed)
    }
}

#[derive(Sequence)]
struct RsaKey<'a> {
    modulus: UintRef<'a>,
    exponent: UintRef<'a>,
}

fn rsa_public_key(modulus: &[u8], exponent: &[u8]) -> Result<Vec<u8>, JoseError> {
    let modulus = UintRef::new(modulus).map_err(malformed)?;
    let exponent = UintRef::new(exponent).map_err(malformed)?;
    RsaKey { modulus, exponent }.to_der().map_err(malformed)
}

fn malformed(_: der::Error) -> JoseError {
    JoseError::Malformed("jwk")
}

/// A coordinate of the curve's whole size (RFC 7518 6.2.1.2).
fn sized(text: &str, size: usize) -> Result<Vec<u8>, JoseError> {
    let bytes = decode(text)?;
    if bytes.len() == size { Ok(bytes) } else { Err(JoseError::Malformed("jwk")) }
}

/// A number in as few octets as it has (RFC 7518 2, Base64urlUInt).
fn number(text: &str) -> Result<Vec<u8>, JoseError> {
    let bytes = decode(text)?;
    match bytes.first() {
        Some(first) if *first != 0 => Ok(bytes),
        _ => Err(JoseError::Malformed("jwk")),
    }
}

impl PartialEq for Jwk {
    fn eq(&self, other: &Self) -> bool {
        self.members == other.members
    }
}

impl Eq for Jwk {}

impl core::fmt::Debug for Jwk {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Jwk({})", self.thumbprint())
    }
}

impl Serialize for Jwk {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Jwk {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(&Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
