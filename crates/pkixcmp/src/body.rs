//! What else a client says: that it took a certificate or did not, that it waits, that one is to be
//! revoked, what it wants to know.

use crate::error::CmpError;
use crate::fields::{
    Fields, algorithm, around, decode, malformed, members, octets, plain, value, whole,
};
use crate::mac::hash_of;
use crate::request::IssuerAndSerial;
use aws_lc_rs::digest;
use der::asn1::{Any, GeneralizedTime, ObjectIdentifier, UtcTime};
use der::{Encode, Tag};
use pki::extension::Extension;
use pki::{Certificate, PublicKey, SerialNumber, sequence};

/// Longest hash of a certificate, in bytes.
const HASH_BYTES_MAX: usize = 64;
/// Most questions of one message.
const QUESTIONS_MAX: usize = 16;

/// Whether a certificate was taken (RFC 9810 5.3.18).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenCertificate {
    /// A hash of the certificate.
    pub hash: Vec<u8>,
    /// The number of its request.
    pub id: i64,
    /// Whether it was taken.
    pub accepted: bool,
    /// Whether a failure is told as well, which fits nothing that was taken.
    pub says_failure: bool,
    /// By which algorithm the hash is, if that is said.
    pub hashed_by: Option<ObjectIdentifier>,
}

impl TakenCertificate {
    /// Whether the hash is of this certificate: by the algorithm that is said, and by that of the
    /// signature of whoever issued it where none is.
    pub fn is_of(&self, certificate: &[u8], issuer: &PublicKey) -> Result<bool, CmpError> {
        let is_by = |hash: &'static digest::Algorithm| {
            digest::digest(hash, certificate).as_ref() == self.hash.as_slice()
        };
        Ok(match (self.hashed_by, issuer.algorithm().name) {
            (Some(id), _) => is_by(hash_of(id)?),
            (None, "p384") => is_by(&digest::SHA384),
            // It names no hash: whoever says none means one of these.
            (None, "ed25519") => {
                [&digest::SHA256, &digest::SHA384, &digest::SHA512].into_iter().any(is_by)
            }
            (None, _) => is_by(&digest::SHA256),
        })
    }
}

/// Reads a certConf; nothing if no certificate is named in it, which then was not taken.
pub fn confirmation(content: &[u8]) -> Result<Option<TakenCertificate>, CmpError> {
    let all = members(content)?;
    let one = match all.as_slice() {
        [] => return Ok(None),
        [one] => one,
        _ => return Err(CmpError::Count),
    };
    let mut fields = Fields::read(&whole(one)?)?;
    let hash = octets(&whole(&fields.take()?)?, HASH_BYTES_MAX)?;
    let id = value(&fields.take()?)?;
    let status = fields.tagged(Tag::Sequence);
    let named = fields.tagged(around(0));
    let named = named.map(|one| algorithm(&decode::<Any>(one.value())?)).transpose()?;
    fields.end()?;
    let (accepted, says_failure) = match status {
        Some(status) => {
            let mut fields = Fields::read(&whole(&status)?)?;
            let said: u8 = value(&fields.take()?)?;
            fields.tagged(Tag::Sequence);
            let says_failure = fields.tagged(Tag::BitString).is_some();
            match said {
                0 | 1 => (true, says_failure),
                2 => (false, says_failure),
                _ => return Err(CmpError::Malformed),
            }
        }
        None => (true, false),
    };
    let hashed_by = named.map(|(id, _)| id);
    Ok(Some(TakenCertificate { hash, id, accepted, says_failure, hashed_by }))
}

/// The number of the request that a pollReq asks about (RFC 9810 5.3.22).
pub fn polled(content: &[u8]) -> Result<i64, CmpError> {
    match members(content)?.as_slice() {
        [one] => {
            let mut fields = Fields::read(&whole(one)?)?;
            let id = value(&fields.take()?)?;
            fields.end()?;
            Ok(id)
        }
        _ => Err(CmpError::Count),
    }
}

/// What is to be revoked (RFC 9810 5.3.9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedRevocation {
    /// The certificate.
    pub certificate: IssuerAndSerial,
    /// Why, by its number (RFC 5280 5.3.1), if it is said.
    pub reason: Option<u8>,
    /// Its subject in DER, if that is said.
    pub subject: Option<Vec<u8>>,
    /// Its SubjectPublicKeyInfo in DER, if that is said.
    pub key: Option<Vec<u8>>,
}

impl WantedRevocation {
    /// Whether all that is said of the certificate is true of this one (RFC 9483 4.2).
    pub fn fits(&self, certificate: &Certificate) -> bool {
        let subject = self.subject.as_deref().is_none_or(|one| one == certificate.subject().der());
        let key = self.key.as_deref().is_none_or(|one| one == certificate.key().spki());
        self.certificate.is_of(certificate) && subject && key
    }
}

/// Reads an rr.
pub fn revocation(content: &[u8]) -> Result<WantedRevocation, CmpError> {
    let all = members(content)?;
    let [one] = all.as_slice() else { return Err(CmpError::Count) };
    let mut fields = Fields::read(&whole(one)?)?;
    let template = fields.take()?;
    let details = fields.tagged(Tag::Sequence);
    fields.end()?;
    let mut fields = Fields::read(&whole(&template)?)?;
    fields.tagged(plain(0));
    let serial = fields.tagged(plain(1)).ok_or(CmpError::Template)?;
    fields.tagged(around(2));
    let issuer = fields.tagged(around(3)).ok_or(CmpError::Template)?;
    fields.tagged(around(4));
    let subject = fields.tagged(around(5)).map(|name| name.value().to_vec());
    let key = fields.tagged(around(6)).map(|key| sequence(key.value()));
    let key = key.transpose().map_err(malformed)?;
    let serial = SerialNumber::from_der_content(serial.value()).ok_or(CmpError::Template)?;
    let certificate = IssuerAndSerial { issuer: issuer.value().to_vec(), serial };
    let extensions: Vec<Extension> = match details {
        Some(details) => value(&details)?,
        None => Vec::new(),
    };
    let mut reasons = extensions.iter().filter(|one| one.id == pki::oid::CRL_REASON);
    let reason = match reasons.next().map(|one| one.value.as_bytes()) {
        // ENUMERATED
        Some([0x0a, 1, reason]) => Some(*reason),
        Some(_) => return Err(CmpError::Malformed),
        None => None,
    };
    match reasons.next() {
        None => Ok(WantedRevocation { certificate, reason, subject, key }),
        Some(_) => Err(CmpError::Malformed),
    }
}

/// A question with what it says besides (RFC 9810 5.3.19).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneralQuestion {
    /// What is asked for; nothing for what is not known here.
    pub kind: Option<InfoType>,
    /// What is said with it, in DER.
    pub value: Option<Vec<u8>>,
}

/// What is asked for and told in general messages (RFC 9810 5.3.19, RFC 9483 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InfoType {
    /// id-it-currentCRL: the newest list.
    CurrentList,
    /// id-it-caCerts: certificates of CAs.
    CaCertificates,
    /// id-it-rootCaCert: whether a root has a successor.
    RootCertificate,
    /// id-it-rootCaKeyUpdate: the answer to that.
    RootUpdate,
    /// id-it-certReqTemplate: what a request had better have.
    RequestTemplate,
    /// id-it-crlStatusList: which lists are known to whoever asks.
    KnownLists,
    /// id-it-crls: lists that are newer.
    NewerLists,
}

impl InfoType {
    const ALL: [(Self, ObjectIdentifier); 7] = [
        (Self::CurrentList, ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.4.6")),
        (Self::CaCertificates, ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.4.17")),
        (Self::RootCertificate, ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.4.20")),
        (Self::RootUpdate, ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.4.18")),
        (Self::RequestTemplate, ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.4.19")),
        (Self::KnownLists, ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.4.22")),
        (Self::NewerLists, ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.4.23")),
    ];

    fn of(id: ObjectIdentifier) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, known)| *known == id).map(|(kind, _)| kind)
    }

    pub(crate) fn der(self) -> der::Result<Vec<u8>> {
        let mut all = Self::ALL.into_iter();
        let own = all.find(|(kind, _)| *kind == self).map(|(_, id)| id);
        own.ok_or(der::ErrorKind::Failed)?.to_der()
    }
}

/// Reads a genm.
pub fn questions(content: &[u8]) -> Result<Vec<GeneralQuestion>, CmpError> {
    let all = members(content)?;
    if all.len() > QUESTIONS_MAX {
        return Err(CmpError::Count);
    }
    let read = |one: &Any| {
        let (id, value) = algorithm(one)?;
        let value = value.as_ref().map(whole).transpose()?;
        Ok(GeneralQuestion { kind: InfoType::of(id), value })
    };
    all.iter().map(read).collect()
}

/// Since when the lists are that somebody has, unix, as an id-it-crlStatusList says it; nothing if
/// one of them has no time.
pub fn known_since(value: &[u8]) -> Result<Option<u64>, CmpError> {
    let mut oldest = Some(u64::MAX);
    for one in members(value)? {
        let mut fields = Fields::read(&whole(&one)?)?;
        fields.take()?;
        let unix = if let Some(time) = fields.tagged(Tag::UtcTime) {
            Some(decode::<UtcTime>(&whole(&time)?)?.to_unix_duration().as_secs())
        } else if let Some(time) = fields.tagged(Tag::GeneralizedTime) {
            Some(decode::<GeneralizedTime>(&whole(&time)?)?.to_unix_duration().as_secs())
        } else {
            None
        };
        fields.end()?;
        oldest = oldest.zip(unix).map(|(oldest, unix)| oldest.min(unix));
    }
    Ok(oldest.filter(|oldest| *oldest < u64::MAX))
}
