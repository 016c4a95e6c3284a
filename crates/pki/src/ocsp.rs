//! The Online Certificate Status Protocol (RFC 6960; nonce by RFC 9654): requests read strictly,
//! answers written and signed by a delegated key. What is good, the caller says.

use crate::algorithm::Signer;
use crate::certificate::Certificate;
use crate::extension::Extension;
use crate::oid;
use crate::raw::{AlgorithmIdentifier, assemble, sequence, wrap};
use crate::serial::SerialNumber;
use aws_lc_rs::digest;
use core::time::Duration;
use der::asn1::{Any, GeneralizedTime, Int, OctetString};
use der::{Decode, Encode, Sequence};

/// Most certificates that one request may ask about.
pub const SINGLES_MAX: usize = 32;
/// Longest nonce (RFC 9654 2.1).
const NONCE_BYTES_MAX: usize = 128;

/// Why an answer carries no status (RFC 6960 4.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OcspRefusal {
    /// The request is not as the standard has it.
    MalformedRequest,
    /// The responder cannot at the moment.
    TryLater,
    /// Nothing that was asked about is this responder's (RFC 5019 2.2.3).
    Unauthorized,
}

impl OcspRefusal {
    fn code(self) -> u8 {
        match self {
            Self::MalformedRequest => 1,
            Self::TryLater => 3,
            Self::Unauthorized => 6,
        }
    }

    /// The refusal's name in RFC 6960 4.2.1, such as `tryLater`.
    pub fn name(self) -> &'static str {
        match self {
            Self::MalformedRequest => "malformedRequest",
            Self::TryLater => "tryLater",
            Self::Unauthorized => "unauthorized",
        }
    }

    /// The refusal as a whole OCSPResponse in DER; nobody signs it.
    pub fn answer(self) -> Vec<u8> {
        vec![0x30, 3, 0x0a, 1, self.code()]
    }
}

#[derive(Sequence)]
struct OcspRequest {
    tbs: TbsRequest,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    signature: Option<Any>,
}

#[derive(Sequence)]
struct TbsRequest {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", default = "Default::default")]
    version: u8,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    requestor: Option<Any>,
    list: Vec<SingleRequest>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", optional = "true")]
    extensions: Option<Vec<Extension>>,
}

#[derive(Sequence)]
struct SingleRequest {
    id: CertId,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    extensions: Option<Vec<Extension>>,
}

#[derive(Clone, Sequence)]
struct CertId {
    algorithm: AlgorithmIdentifier,
    issuer_name: OctetString,
    issuer_key: OctetString,
    serial: Int,
}

/// A request of OCSP as it was read (RFC 6960 4.1).
pub struct Request {
    list: Vec<CertId>,
    /// The nonce extension as it came, to be echoed.
    nonce: Option<Extension>,
}

/// An authority whose certificates are asked about, by its hashes.
pub struct IssuerHashes {
    sha1: (Vec<u8>, Vec<u8>),
    sha256: (Vec<u8>, Vec<u8>),
}

/// What is known of one certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateStatus {
    /// It was issued and is not revoked.
    Good,
    /// It was revoked at this time (unix) for this reason (RFC 5280 5.3.1).
    Revoked {
        /// The certificate is revoked since this second, unix.
        at: u64,
        /// The reason is the number of its CRLReason (RFC 5280 5.3.1).
        reason: u8,
    },
    /// Nobody here issued it.
    Unknown,
}

/// From when to when an answer counts, unix.
#[derive(Clone, Copy, Debug)]
pub struct Period {
    /// The answer is made at this second, which is its producedAt and thisUpdate, unix.
    pub from: u64,
    /// The answer counts until this second, its nextUpdate, unix.
    pub until: u64,
}

impl IssuerHashes {
    /// The hashes of an authority's name and key (RFC 6960 4.1.1).
    pub fn new(certificate: &Certificate) -> Self {
        let pair = |algorithm: &'static digest::Algorithm| {
            let hash = |bytes: &[u8]| digest::digest(algorithm, bytes).as_ref().to_vec();
            (hash(certificate.subject().der()), hash(certificate.key().raw()))
        };
        // SHA-1 names an authority here and protects nothing; most clients use it.
        Self { sha1: pair(&digest::SHA1_FOR_LEGACY_USE_ONLY), sha256: pair(&digest::SHA256) }
    }

    fn is_named_by(&self, id: &CertId) -> bool {
        let (name, key) = match id.algorithm.algorithm {
            oid::SHA1 => &self.sha1,
            oid::SHA256 => &self.sha256,
            _ => return false,
        };
        id.issuer_name.as_bytes() == name && id.issuer_key.as_bytes() == key
    }
}

impl Request {
    /// Reads DER. A signature on a request says nothing here and is not looked at.
    pub fn read(der: &[u8]) -> Result<Self, OcspRefusal> {
        let malformed = OcspRefusal::MalformedRequest;
        let OcspRequest { tbs, signature: _ } =
            OcspRequest::from_der(der).map_err(|_| malformed)?;
        let TbsRequest { version, requestor: _, list, extensions } = tbs;
        let extensions = extensions.unwrap_or_default();
        let mut own: Vec<Extension> = Vec::new();
        for extension in extensions {
            match extension.id {
                oid::OCSP_NONCE if !own.is_empty() => return Err(malformed),
                oid::OCSP_NONCE => own.push(extension),
                _ if extension.critical => return Err(malformed),
                _ => {}
            }
        }
        let nonce = own.pop();
        let critical = |single: &SingleRequest| {
            single.extensions.iter().flatten().any(|extension| extension.critical)
        };
        let fits = version == 0
            && (1..=SINGLES_MAX).contains(&list.len())
            && !list.iter().any(critical)
            && nonce.as_ref().is_none_or(is_sound_nonce);
        let list = list.into_iter().map(|single| single.id).collect();
        if fits { Ok(Self { list, nonce }) } else { Err(malformed) }
    }

    /// Serial numbers of an authority's certificates that are asked about; none of them:
    /// unauthorized.
    pub fn serials(&self, issuer: &IssuerHashes) -> Result<Vec<SerialNumber>, OcspRefusal> {
        let named: Vec<&CertId> = self.list.iter().filter(|id| issuer.is_named_by(id)).collect();
        if named.is_empty() {
            return Err(OcspRefusal::Unauthorized);
        }
        Ok(named.into_iter().filter_map(serial_of).collect())
    }

    /// Whether the answer is for this request alone.
    pub fn has_nonce(&self) -> bool {
        self.nonce.is_some()
    }

    /// The signed answer, DER.
    pub fn answer(
        &self,
        issuer: &IssuerHashes,
        status: impl Fn(&SerialNumber) -> CertificateStatus,
        period: Period,
        (signer, certificate): (&dyn Signer, &Certificate),
    ) -> Result<Vec<u8>, OcspError> {
        let mut singles = Vec::new();
        for id in &self.list {
            let known = serial_of(id).filter(|_| issuer.is_named_by(id));
            let status = known.map_or(CertificateStatus::Unknown, |serial| status(&serial));
            singles.extend(single(id, &status, period)?);
        }
        let key_hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, signer.public_key().raw());
        let by_key = wrap(0xa2, &OctetString::new(key_hash.as_ref())?.to_der()?)?;
        let mut body = [by_key, time(period.from)?, sequence(&singles)?].concat();
        if let Some(nonce) = &self.nonce {
            body.extend(wrap(0xa1, &sequence(&nonce.to_der()?)?)?);
        }
        let tbs = sequence(&body)?;
        let algorithm = signer.public_key().algorithm().signature_identifier()?;
        let signature = signer.sign(&tbs)?;
        if !certificate.key().verify(&tbs, &signature) {
            return Err(OcspError::Signature);
        }
        let certificates = wrap(0xa0, &sequence(certificate.der())?)?;
        let signed = assemble(&tbs, &algorithm, &signature)?;
        // The certificates stand behind the signature, inside the same SEQUENCE.
        let inner = Any::from_der(&signed)?;
        let basic = sequence(&[inner.value(), &certificates].concat())?;
        let bytes = [oid::OCSP_BASIC.to_der()?, OctetString::new(basic)?.to_der()?].concat();
        let successful = [0x0a, 1, 0];
        Ok(sequence(&[successful.as_slice(), &wrap(0xa0, &sequence(&bytes)?)?].concat())?)
    }
}

/// The answer could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OcspError {
    /// The answer has no DER encoding.
    #[error("could not encode an OCSP answer: {0}")]
    Encode(#[from] der::Error),
    /// The key did not sign.
    #[error(transparent)]
    Sign(#[from] crate::algorithm::SignError),
    /// The signature does not verify with the responder's certificate.
    #[error("the OCSP key and its certificate do not belong together")]
    Signature,
}

fn is_sound_nonce(extension: &Extension) -> bool {
    OctetString::from_der(extension.value.as_bytes())
        .is_ok_and(|nonce| (1..=NONCE_BYTES_MAX).contains(&nonce.as_bytes().len()))
}

fn serial_of(id: &CertId) -> Option<SerialNumber> {
    SerialNumber::from_der_content(id.serial.as_bytes())
}

/// SingleResponse; the id goes back as it came.
fn single(id: &CertId, status: &CertificateStatus, period: Period) -> der::Result<Vec<u8>> {
    let status = match status {
        CertificateStatus::Good => wrap(0x80, &[])?,
        CertificateStatus::Unknown => wrap(0x82, &[])?,
        CertificateStatus::Revoked { at, reason } => {
            let reason = wrap(0xa0, &wrap(0x0a, &[*reason])?)?;
            wrap(0xa1, &[time(*at)?, reason].concat())?
        }
    };
    let next = wrap(0xa0, &time(period.until)?)?;
    sequence(&[id.to_der()?, status, time(period.from)?, next].concat())
}

fn time(unix: u64) -> der::Result<Vec<u8>> {
    GeneralizedTime::from_unix_duration(Duration::from_secs(unix))?.to_der()
}
