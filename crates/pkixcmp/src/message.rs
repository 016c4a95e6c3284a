//! A message: header, body, protection and the certificates that came along (RFC 9810 5.1). What
//! was protected is kept as the bytes that came.

use crate::error::CmpError;
use crate::fields::{Fields, around, decode, malformed, members, octets, value, whole};
use crate::mac::MacParameters;
use crate::oid;
use der::asn1::{Any, BitString, GeneralizedTime, ObjectIdentifier};
use der::{Tag, TagNumber, Tagged};
use pki::possession::Possession;
use pki::{Certificate, PublicKey, sequence, wrap};

/// Largest message that is read at all, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 32 * 1024;
/// Most certificates that come along.
const CERTIFICATES_MAX: usize = 8;
/// Longest name, longest nonce or transaction id, longest id of a key, in bytes.
const NAME_BYTES_MAX: usize = 1024;
const NONCE_BYTES_MAX: usize = 64;
const KEY_ID_BYTES_MAX: usize = 128;
/// The first byte of a GeneralName that is a name of a directory.
const DIRECTORY_NAME: u8 = 0xa4;

/// What a body is, of those that a client sends (RFC 9810 5.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyKind {
    /// ir: the first certificate.
    Initialization,
    /// cr: one more certificate.
    Certification,
    /// p10cr: one by PKCS#10.
    Pkcs10,
    /// kur: another key in place of one that is certified.
    KeyUpdate,
    /// rr: an end.
    Revocation,
    /// genm: a question.
    General,
    /// certConf: whether a certificate was taken.
    Confirmation,
    /// pollReq: whether something is ready.
    Polling,
    /// error: what a client did not understand.
    Error,
    /// Any other, by its number.
    Other(u32),
}

impl BodyKind {
    fn of(tag: Tag) -> Option<Self> {
        let Tag::ContextSpecific { constructed: true, number: TagNumber(number) } = tag else {
            return None;
        };
        Some(match number {
            0 => Self::Initialization,
            2 => Self::Certification,
            4 => Self::Pkcs10,
            7 => Self::KeyUpdate,
            11 => Self::Revocation,
            21 => Self::General,
            23 => Self::Error,
            24 => Self::Confirmation,
            25 => Self::Polling,
            other => Self::Other(other),
        })
    }

    /// Whether it asks for a certificate.
    pub fn is_request(self) -> bool {
        matches!(self, Self::Initialization | Self::Certification | Self::Pkcs10 | Self::KeyUpdate)
    }
}

/// The header, as far as something follows from it (RFC 9810 5.1.1).
#[derive(Clone, Debug)]
pub struct PkiHeader {
    /// Version of the protocol: 2 or 3.
    pub version: u8,
    /// Who sends it, a GeneralName in DER.
    pub sender: Vec<u8>,
    /// When it was made, unix, if it says so.
    pub time: Option<u64>,
    /// By which secret or key it is protected, if it says so.
    pub sender_key: Vec<u8>,
    /// Names the transaction; empty without one.
    pub transaction: Vec<u8>,
    /// A nonce of whoever sends it; empty without one.
    pub sender_nonce: Vec<u8>,
    /// The nonce that is answered; empty without one.
    pub recipient_nonce: Vec<u8>,
    /// Whether no confirmation is to follow.
    pub implicit: bool,
    /// Whether what it says besides is of its form and fits together (RFC 9483 3.1).
    pub is_consistent: bool,
    /// How it is protected, an AlgorithmIdentifier in DER.
    algorithm: Option<Any>,
}

impl PkiHeader {
    fn read(der: &[u8]) -> Result<Self, CmpError> {
        let mut fields = Fields::read(der)?;
        let version = value(&fields.take()?)?;
        let sender = whole(&fields.take()?)?;
        fields.take()?;
        if sender.len() > NAME_BYTES_MAX {
            return Err(CmpError::Malformed);
        }
        let time = fields.tagged(around(0));
        let time = time.map(|one| decode::<GeneralizedTime>(one.value())).transpose()?;
        let algorithm = fields.tagged(around(1)).map(|one| decode(one.value())).transpose()?;
        let mut text = |number: u32, bytes_max: usize| match fields.tagged(around(number)) {
            Some(one) => octets(one.value(), bytes_max),
            None => Ok(Vec::new()),
        };
        let sender_key = text(2, KEY_ID_BYTES_MAX)?;
        text(3, KEY_ID_BYTES_MAX)?;
        let transaction = text(4, NONCE_BYTES_MAX)?;
        let sender_nonce = text(5, NONCE_BYTES_MAX)?;
        let recipient_nonce = text(6, NONCE_BYTES_MAX)?;
        fields.tagged(around(7));
        let told = fields.tagged(around(8)).map(|one| members(one.value())).transpose()?;
        fields.end()?;
        let (mut implicit, mut waits, mut is_consistent) = (false, false, true);
        for one in told.unwrap_or_default() {
            let (id, said) = told_of(&one)?;
            let tag = said.as_ref().map(Tagged::tag);
            if id == oid::IMPLICIT_CONFIRM {
                implicit = true;
                is_consistent &= tag.is_none_or(|tag| tag == Tag::Null);
            } else if id == oid::CONFIRM_WAIT_TIME {
                waits = true;
                is_consistent &= tag == Some(Tag::GeneralizedTime);
            }
        }
        // How long a client may wait is told from a time on (RFC 9483 3.1).
        is_consistent &= !(waits && (implicit || time.is_none()));
        Ok(Self {
            version,
            sender,
            time: time.map(|time| time.to_unix_duration().as_secs()),
            sender_key,
            transaction,
            sender_nonce,
            recipient_nonce,
            implicit,
            is_consistent,
            algorithm,
        })
    }
}

/// What an InfoTypeAndValue is about, and what it says of it.
fn told_of(one: &Any) -> Result<(ObjectIdentifier, Option<Any>), CmpError> {
    let mut all = members(&whole(one)?)?.into_iter();
    let id = value(&all.next().ok_or(CmpError::Malformed)?)?;
    Ok((id, all.next()))
}

/// A message that was read; what its protection is worth is another question.
#[derive(Clone, Debug)]
pub struct PkiMessage {
    header: PkiHeader,
    kind: BodyKind,
    content: Vec<u8>,
    protected: Vec<u8>,
    parts: Vec<u8>,
    protection: Option<Vec<u8>>,
    certificates: Vec<Vec<u8>>,
}

impl PkiMessage {
    /// Reads a message of DER, nothing behind it.
    pub fn read(der: &[u8]) -> Result<Self, CmpError> {
        if der.len() > MESSAGE_BYTES_MAX {
            return Err(CmpError::TooLarge);
        }
        let mut fields = Fields::read(der)?;
        let (head, body) = (fields.take()?, fields.take()?);
        let protection = fields.tagged(around(0));
        let certificates = fields.tagged(around(1));
        fields.end()?;
        let protected = [whole(&head)?, whole(&body)?].concat();
        let mut parts = protected.clone();
        let protection = match protection {
            Some(bits) => {
                parts.extend(whole(&bits)?);
                Some(signature_bits(bits.value())?)
            }
            None => None,
        };
        let certificates = certificates.map(|all| members(all.value())).transpose()?;
        let certificates = certificates.unwrap_or_default();
        if certificates.len() > CERTIFICATES_MAX {
            return Err(CmpError::TooLarge);
        }
        Ok(Self {
            header: PkiHeader::read(&whole(&head)?)?,
            kind: BodyKind::of(body.tag()).ok_or(CmpError::Malformed)?,
            content: body.value().to_vec(),
            protected: sequence(&protected).map_err(malformed)?,
            parts,
            protection,
            certificates: certificates.iter().map(whole).collect::<Result<_, _>>()?,
        })
    }

    /// The header.
    pub fn header(&self) -> &PkiHeader {
        &self.header
    }

    /// What the body is.
    pub fn kind(&self) -> BodyKind {
        self.kind
    }

    /// What the body holds, in DER.
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// The certificate that came first: that of the key which signed (RFC 9483 3.3).
    pub fn first_certificate(&self) -> Option<&[u8]> {
        self.certificates.first().map(Vec::as_slice)
    }

    /// Whether there is any protection, whatever it is worth.
    pub fn is_protected(&self) -> bool {
        self.protection.is_some()
    }

    /// Whether it names as its sender the subject of a certificate, and the key of it by the
    /// identifier that the certificate has for that (RFC 9483 3.1).
    pub fn is_sent_by(&self, certificate: &Certificate) -> Result<bool, CmpError> {
        let name = wrap(DIRECTORY_NAME, certificate.subject().der()).map_err(malformed)?;
        let own = certificate.key_identifier().unwrap_or_default();
        Ok(self.header.sender == name && self.header.sender_key == own)
    }

    /// Whether its sender is a name of a directory, as one who is known by a secret is (RFC 9483
    /// 3.1).
    pub fn has_directory_name(&self) -> bool {
        self.header.sender.first() == Some(&DIRECTORY_NAME)
    }

    /// The message without the certificates that came along, which no protection covers.
    pub fn without_certificates(&self) -> Result<Vec<u8>, CmpError> {
        sequence(&self.parts).map_err(malformed)
    }

    /// The parameters of a MAC, if that is how it is protected.
    pub fn mac(&self) -> Result<Option<MacParameters>, CmpError> {
        match &self.header.algorithm {
            Some(algorithm) => MacParameters::read(algorithm),
            None => Ok(None),
        }
    }

    /// Whether a MAC with these parameters was made with a secret.
    pub fn verify_mac(&self, parameters: &MacParameters, secret: &[u8]) -> Result<(), CmpError> {
        let tag = self.protection.as_ref().ok_or(CmpError::Protection)?;
        match parameters.verify(secret, &self.protected, tag) {
            true => Ok(()),
            false => Err(CmpError::Protection),
        }
    }

    /// The claim that a key signed it.
    pub fn claimed<'a>(
        &'a self,
        key: &'a PublicKey,
        algorithm: &[u8],
    ) -> Result<Possession<'a>, CmpError> {
        let signature = self.protection.as_ref().ok_or(CmpError::Protection)?;
        Possession::read(key, algorithm, &self.protected, signature)
            .map_err(|_| CmpError::Algorithm)
    }

    /// The algorithm of its protection, an AlgorithmIdentifier in DER.
    pub fn algorithm(&self) -> Result<Vec<u8>, CmpError> {
        whole(self.header.algorithm.as_ref().ok_or(CmpError::Protection)?)
    }
}

/// Whole octets of a BIT STRING.
fn signature_bits(der: &[u8]) -> Result<Vec<u8>, CmpError> {
    let bits: BitString = decode(der)?;
    match bits.unused_bits() {
        0 => Ok(bits.raw_bytes().to_vec()),
        _ => Err(CmpError::Malformed),
    }
}
