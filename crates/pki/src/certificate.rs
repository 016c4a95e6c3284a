//! Certificates: built from our own structure, signed as recorded, read back strictly.

mod shown;
mod unread;

pub use shown::shown_key;

use crate::algorithm::{KeyError, PublicKey, SignError, Signer};
use crate::der_fault::DerFault;
use crate::extension::Extension;
use crate::name::{DistinguishedName, both};
use crate::raw::{AlgorithmIdentifier, Signed, SubjectPublicKeyInfo, assemble};
use crate::serial::SerialNumber;
use crate::time::Time;
use der::asn1::{Any, Int, ObjectIdentifier};
use der::{Decode, Encode, Sequence};
use sha2::{Digest, Sha256};

#[derive(Clone, Debug, Sequence)]
struct Validity {
    not_before: Time,
    not_after: Time,
}

#[derive(Clone, Debug, Sequence)]
struct Tbs {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    version: u8,
    serial: Int,
    signature: AlgorithmIdentifier,
    issuer: Any,
    validity: Validity,
    subject: Any,
    key: SubjectPublicKeyInfo,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT")]
    extensions: Vec<Extension>,
}

/// Everything that stands in a certificate; nothing is filled in by a default.
pub struct CertificateContent<'a> {
    /// The certificate has this serial number (RFC 5280 4.1.2.2).
    pub serial: &'a SerialNumber,
    /// DER `AlgorithmIdentifier` of the issuer's signatures.
    pub signature: &'a [u8],
    /// The issuer's subject, byte for byte.
    pub issuer: &'a DistinguishedName,
    /// The certificate is valid from this second on, unix.
    pub not_before: u64,
    /// The certificate is valid until this second, unix.
    pub not_after: u64,
    /// The certificate names this subject (RFC 5280 4.1.2.6).
    pub subject: &'a DistinguishedName,
    /// The subject's key is a SubjectPublicKeyInfo in DER.
    pub key: &'a [u8],
    /// The certificate has these extensions, in this order.
    pub extensions: Vec<Extension>,
}

/// The bytes that will be recorded and then signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TbsCertificate(Vec<u8>);

impl TbsCertificate {
    /// Encodes a v3 TBSCertificate.
    pub fn build(content: CertificateContent<'_>) -> Result<Self, der::Error> {
        let tbs = Tbs {
            version: 2,
            serial: Int::new(content.serial.bytes())?,
            signature: AlgorithmIdentifier::from_der(content.signature)?,
            issuer: Any::from_der(content.issuer.der())?,
            validity: Validity {
                not_before: Time::at(content.not_before)?,
                not_after: Time::at(content.not_after)?,
            },
            subject: Any::from_der(content.subject.der())?,
            key: SubjectPublicKeyInfo::from_der(content.key)?,
            extensions: content.extensions,
        };
        Ok(Self(tbs.to_der()?))
    }

    /// The bytes that a record names by their SHA-256; others are not signed.
    pub fn recorded(der: Vec<u8>, sha256: &[u8; 32]) -> Result<Self, CertificateError> {
        if Sha256::digest(&der).as_slice() != sha256.as_slice() {
            return Err(CertificateError::NotAsRecorded);
        }
        Tbs::from_der(&der)?;
        Ok(Self(der))
    }

    /// The TBSCertificate in DER, exactly as it is signed.
    pub fn der(&self) -> &[u8] {
        &self.0
    }

    /// Signs exactly these bytes, then verifies the signature that came back.
    pub fn sign(&self, signer: &dyn Signer) -> Result<Certificate, CertificateError> {
        self.sign_with(signer, |signature| signer.public_key().verify(&self.0, signature))
    }

    /// The same with a verification of the caller's, which may remember what it verified.
    pub fn sign_with(
        &self,
        signer: &dyn Signer,
        verify: impl FnOnce(&[u8]) -> bool,
    ) -> Result<Certificate, CertificateError> {
        let signature = signer.sign(&self.0)?;
        if !verify(&signature) {
            return Err(CertificateError::Signature);
        }
        let algorithm = signer.public_key().algorithm().signature_identifier()?;
        let certificate = Certificate::read(&assemble(&self.0, &algorithm, &signature)?)?;
        if certificate.tbs_der()? != self.0 {
            return Err(CertificateError::NotAsRecorded);
        }
        Ok(certificate)
    }
}

/// Why bytes are not a certificate that we accept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// Not strict DER of a v3 certificate.
    #[error(
        "不是 DER 形式的证书：{zh} / not a certificate in DER: {en}",
        zh = DerFault(.0).zh(),
        en = DerFault(.0).en()
    )]
    Malformed(#[from] der::Error),
    /// A certificate that is one and not read here: what of it, in both languages.
    #[error("不支持：{zh} / not supported: {en}", zh = both(.0).0, en = both(.0).1)]
    Unsupported(String),
    /// The subject's key is none we know.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The signature does not verify.
    #[error("证书的签名不正确 / the certificate's signature does not verify")]
    Signature,
    /// What was signed is not what was recorded.
    #[error("签名的内容不是所记录的内容 / the signed bytes are not the recorded bytes")]
    NotAsRecorded,
    /// The signer failed.
    #[error(transparent)]
    Signer(#[from] SignError),
}

/// A certificate that was read strictly; its signature is not judged by reading.
#[derive(Clone, Debug)]
pub struct Certificate {
    der: Vec<u8>,
    serial: SerialNumber,
    issuer: DistinguishedName,
    subject: DistinguishedName,
    not_before: u64,
    not_after: u64,
    key: PublicKey,
    extensions: Vec<Extension>,
}

impl Certificate {
    /// Reads a certificate of DER; an error says which rule of RFC 5280 it breaks.
    pub fn read(der: &[u8]) -> Result<Self, CertificateError> {
        let signed = Signed::read(der)?;
        let content = signed.content()?;
        let unread = |error: der::Error| match unread::why(&content) {
            Some(why) => CertificateError::Unsupported(why),
            None => CertificateError::Malformed(error),
        };
        let tbs = Tbs::from_der(&content).map_err(unread)?;
        let serial = SerialNumber::from_der_content(tbs.serial.as_bytes());
        let serial = serial.filter(|_| tbs.version == 2);
        let serial = serial.ok_or_else(|| unread(der::ErrorKind::Failed.into()))?;
        let malformed = || CertificateError::Malformed(der::ErrorKind::Failed.into());
        if tbs.signature != signed.algorithm {
            return Err(malformed());
        }
        let name = |any: &Any| {
            let der = any.to_der()?;
            DistinguishedName::from_der(&der).map_err(|_| malformed())
        };
        Ok(Self {
            serial,
            issuer: name(&tbs.issuer)?,
            subject: name(&tbs.subject)?,
            not_before: tbs.validity.not_before.unix(),
            not_after: tbs.validity.not_after.unix(),
            key: PublicKey::read(&tbs.key.to_der()?)?,
            extensions: tbs.extensions,
            der: der.to_vec(),
        })
    }

    /// The whole certificate in DER, as it was read.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// SHA-256 of the whole certificate.
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(&self.der).into()
    }

    /// The TBSCertificate in DER, over which the issuer signed.
    pub fn tbs_der(&self) -> Result<Vec<u8>, CertificateError> {
        Ok(Signed::read(&self.der)?.content()?)
    }

    /// The certificate's serial number (RFC 5280 4.1.2.2).
    pub fn serial(&self) -> &SerialNumber {
        &self.serial
    }

    /// The certificate's issuer (RFC 5280 4.1.2.4).
    pub fn issuer(&self) -> &DistinguishedName {
        &self.issuer
    }

    /// The certificate's subject (RFC 5280 4.1.2.6).
    pub fn subject(&self) -> &DistinguishedName {
        &self.subject
    }

    /// The certificate is valid from this second on, unix.
    pub fn not_before(&self) -> u64 {
        self.not_before
    }

    /// The certificate is valid until this second, unix.
    pub fn not_after(&self) -> u64 {
        self.not_after
    }

    /// The public key that the certificate is for.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The value of one extension, without its OCTET STRING, if the certificate has it.
    pub fn extension(&self, id: ObjectIdentifier) -> Option<&[u8]> {
        self.extensions.iter().find(|e| e.id == id).map(|e| e.value.as_bytes())
    }

    /// All extensions in the order of the certificate.
    pub fn extensions(&self) -> &[Extension] {
        &self.extensions
    }

    /// The subject key identifier, if there is one.
    pub fn key_identifier(&self) -> Option<Vec<u8>> {
        let value = self.extension(crate::oid::SUBJECT_KEY_IDENTIFIER)?;
        der::asn1::OctetString::from_der(value).ok().map(|octets| octets.as_bytes().to_vec())
    }

    /// The purposes of the extension extKeyUsage (RFC 5280 4.2.1.12).
    pub fn purposes(&self) -> Vec<ObjectIdentifier> {
        self.extension(crate::oid::EXTENDED_KEY_USAGE)
            .and_then(|value| Vec::<ObjectIdentifier>::from_der(value).ok())
            .unwrap_or_default()
    }

    /// Whether the issuer's key signed this certificate.
    pub fn is_signed_by(&self, issuer: &PublicKey) -> bool {
        self.is_signed_with(issuer, |content, signature| issuer.verify(content, signature))
    }

    /// [`Self::is_signed_by`], where the caller verifies the issuer's signature: it may know the
    /// answer.
    pub fn is_signed_with(
        &self,
        issuer: &PublicKey,
        verify: impl FnOnce(&[u8], &[u8]) -> bool,
    ) -> bool {
        let Ok(signed) = Signed::read(&self.der) else { return false };
        let algorithm = issuer.algorithm().signature_identifier();
        let Ok(content) = signed.content() else { return false };
        algorithm.ok() == signed.algorithm.to_der().ok() && verify(&content, signed.signature())
    }

    /// PEM with 64-character lines (RFC 7468).
    pub fn pem(&self) -> String {
        pem("CERTIFICATE", &self.der)
    }
}

/// Writes DER as PEM with this label (RFC 7468).
pub fn pem(label: &str, der: &[u8]) -> String {
    der::pem::encode_string(label, der::pem::LineEnding::LF, der).unwrap_or_default()
}
