//! PKCS#10 requests (RFC 2986), read with proof of possession; `keys` makes those of our own
//! people.

mod wanted;

pub(crate) use wanted::judge;
pub use wanted::{WANTED_NAMES_MAX, WantedError, challenge_of, wanted_hosts};

use crate::algorithm::{KeyError, PublicKey, SignError};
use crate::der_fault::DerFault;
use crate::name::DistinguishedName;
use crate::possession::Possession;
use crate::raw::{Signed, SubjectPublicKeyInfo};
use der::asn1::Any;
use der::{Decode, Encode, Sequence, Tag, TagNumber, Tagged};
use sha2::{Digest, Sha256};

/// Largest request that is read at all, in bytes.
pub const REQUEST_BYTES_MAX: usize = 8 * 1024;

/// The tag in front of a request's attributes.
const ATTRIBUTES: Tag = Tag::ContextSpecific { constructed: true, number: TagNumber(0) };

#[derive(Sequence)]
struct Info {
    version: u8,
    subject: Any,
    key: SubjectPublicKeyInfo,
    /// [0] IMPLICIT SET OF: nothing is taken from it, so that its order is not judged.
    #[asn1(optional = "true")]
    attributes: Option<Any>,
}

/// Why a request is not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// Larger than [`REQUEST_BYTES_MAX`].
    #[error(
        "请求超过 {REQUEST_BYTES_MAX} 字节 / the request is larger than {REQUEST_BYTES_MAX} bytes"
    )]
    TooLarge,
    /// Not PKCS#10 in DER.
    #[error(
        "不是 PKCS#10 请求：{zh} / not a PKCS#10 request: {en}",
        zh = DerFault(.0).zh(),
        en = DerFault(.0).en()
    )]
    Malformed(#[from] der::Error),
    /// The key is unknown or weak.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Another version of PKCS#10 than the first, which is the only one (RFC 2986 4.1).
    #[error(
        "不支持版本 {version} 的请求 / not supported: a request of version {version}",
        version = u16::from(*.0) + 1
    )]
    Version(u8),
    /// The signature's algorithm is none that is accepted for this key.
    #[error("不支持用 {0} 签名的请求 / not supported: a request signed with {0}")]
    Unsupported(String),
    /// The signature is not by the key in the request.
    #[error("请求没有用它自己的密钥签名 / the request is not signed by its own key")]
    Possession,
    /// The key could not sign a request of ours.
    #[error(transparent)]
    Signer(#[from] SignError),
}

/// A request whose signature proves possession of its key.
#[derive(Clone, Debug)]
pub struct CertificationRequest {
    der: Vec<u8>,
    subject: DistinguishedName,
    key: PublicKey,
    has_attributes: bool,
    once_signed: [u8; 32],
}

impl CertificationRequest {
    /// Reads DER and checks size, key and proof of possession. Programs of others sign requests in
    /// either spelling; nothing is named by a request's bytes that its key did not sign once more.
    pub fn read(der: &[u8]) -> Result<Self, RequestError> {
        Self::read_with(der, |claimed| claimed.holds())
    }

    /// [`Self::read`], where the caller verifies the signature: it may know the answer.
    pub fn read_with(
        der: &[u8],
        verify: impl FnOnce(&Possession<'_>) -> bool,
    ) -> Result<Self, RequestError> {
        if der.len() > REQUEST_BYTES_MAX {
            return Err(RequestError::TooLarge);
        }
        let signed = Signed::read(der)?;
        let content = signed.content()?;
        let info = Info::from_der(&content)?;
        let key = PublicKey::read(&info.key.to_der()?)?;
        if info.version != 0 {
            return Err(RequestError::Version(info.version));
        }
        let set = info.attributes.as_ref().is_none_or(|set| set.tag() == ATTRIBUTES);
        if !set {
            return Err(RequestError::Malformed(der::ErrorKind::Failed.into()));
        }
        let claimed = Possession::claimed(&key, &signed.algorithm, &content, signed.signature());
        if !verify(&claimed.map_err(RequestError::Unsupported)?) {
            return Err(RequestError::Possession);
        }
        // Where in the request it is, the name's own bytes do not say.
        let subject = DistinguishedName::try_from_der(&info.subject.to_der()?)
            .map_err(|error| RequestError::Malformed(error.kind().into()))?;
        let has_attributes = info.attributes.is_some_and(|set| !set.value().is_empty());
        let signature = key.algorithm().one_spelling(signed.signature().to_vec());
        let once_signed = Sha256::new().chain_update(&content).chain_update(signature);
        let once_signed = once_signed.finalize().into();
        Ok(Self { der: der.to_vec(), subject, key, has_attributes, once_signed })
    }

    /// The whole request in DER, as it was read.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// SHA-256 of what its key signed and of that signature, ECDSA with the smaller `s`: whoever
    /// spells the request in another way makes no other one.
    pub fn once_signed_sha256(&self) -> [u8; 32] {
        self.once_signed
    }

    /// The subject that the request asks for; people's requests have none.
    pub fn subject(&self) -> &DistinguishedName {
        &self.subject
    }

    /// The key whose possession was proven.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Whether it asks for extensions or anything else; of people we take nothing but the key.
    pub fn has_attributes(&self) -> bool {
        self.has_attributes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw::{assemble, sequence, wrap};
    use openssl::bn::{BigNum, BigNumContext};
    use openssl::ec::{EcGroup, EcKey};
    use openssl::ecdsa::EcdsaSig;
    use openssl::hash::MessageDigest;
    use openssl::nid::Nid;
    use openssl::pkey::PKey;
    use openssl::x509::X509Req;

    fn group() -> EcGroup {
        EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap()
    }

    fn request(key: &EcKey<openssl::pkey::Private>) -> Vec<u8> {
        let key = PKey::from_ec_key(key.clone()).unwrap();
        let mut request = X509Req::builder().unwrap();
        request.set_pubkey(&key).unwrap();
        request.sign(&key, MessageDigest::sha256()).unwrap();
        request.build().to_der().unwrap()
    }

    /// The same with (r, n − s).
    fn respelled(der: &[u8]) -> Vec<u8> {
        let signed = Signed::read(der).unwrap();
        let read = EcdsaSig::from_der(signed.signature()).unwrap();
        let (mut order, mut other) = (BigNum::new().unwrap(), BigNum::new().unwrap());
        group().order(&mut order, &mut BigNumContext::new().unwrap()).unwrap();
        other.checked_sub(&order, read.s()).unwrap();
        let r = read.r().to_owned().unwrap();
        let other = EcdsaSig::from_private_components(r, other).unwrap().to_der().unwrap();
        let algorithm = signed.algorithm.to_der().unwrap();
        assemble(&signed.content().unwrap(), &algorithm, &other).unwrap()
    }

    /// A type of text that is read nowhere is named; others are read as what they are.
    #[test]
    fn what_is_the_matter_with_a_subject_is_told() {
        let key = PKey::from_ec_key(EcKey::generate(&group()).unwrap()).unwrap();
        let algorithm = crate::algorithm::by_name("p256").unwrap().signature_identifier().unwrap();
        let read = |text: &[u8]| {
            let attribute = sequence(&[&[6, 3, 0x55, 4, 3], text].concat()).unwrap();
            let name = sequence(&wrap(0x31, &attribute).unwrap()).unwrap();
            let key = key.public_key_to_der().unwrap();
            let content = [&[2, 1, 0][..], &name, &key, &[0xa0, 0]].concat();
            let der = assemble(&sequence(&content).unwrap(), &algorithm, &[0]).unwrap();
            CertificationRequest::read_with(&der, |_| true)
        };
        for text in [&b"\x1e\x02\x73\x8b"[..], b"\x0c\x03\xe7\x8e\x8b"] {
            assert_eq!(read(text).unwrap().subject().common_name().as_deref(), Some("王"));
        }
        let told = read(b"\x1c\x04\0\0\x73\x8b").unwrap_err().to_string();
        assert!(told.contains("不支持 UniversalString"), "{told}");
        assert!(told.ends_with(" / not a PKCS#10 request: UniversalString is not supported"));
    }

    /// Both spellings are read, since programs of others write either, and are one request; what
    /// the key signed once more is another one.
    #[test]
    fn a_request_that_is_spelled_otherwise_is_the_same() {
        let key = EcKey::generate(&group()).unwrap();
        let (one, more) = (request(&key), request(&key));
        let read = |der: &[u8]| CertificationRequest::read(der).unwrap().once_signed_sha256();
        let other = respelled(&one);
        assert_ne!(one, other);
        assert_eq!(read(&one), read(&other));
        assert_ne!(read(&one), read(&more));
    }
}
