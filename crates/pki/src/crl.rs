//! Certificate revocation lists v2 (RFC 5280 5): built, signed as recorded, read back.

use crate::algorithm::{PublicKey, SignError, Signer};
use crate::der_fault::DerFault;
use crate::extension::{self, Extension};
use crate::name::DistinguishedName;
use crate::raw::{AlgorithmIdentifier, Signed, assemble};
use crate::serial::SerialNumber;
use crate::time::Time;
use der::asn1::{Any, Int};
use der::{Decode, Encode, Sequence};
use std::collections::HashMap;

/// Reasons of RFC 5280 5.3.1 that we use, by their names there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevocationReason {
    /// keyCompromise: lost, stolen, or used by someone else.
    KeyCompromise,
    /// affiliationChanged: moved or renamed.
    AffiliationChanged,
    /// superseded: a newer certificate takes its place.
    Superseded,
    /// cessationOfOperation: left office, service closed.
    CessationOfOperation,
    /// privilegeWithdrawn: may no longer.
    PrivilegeWithdrawn,
    /// certificateHold: suspended, until it is released or revoked.
    CertificateHold,
}

impl RevocationReason {
    /// Those for which something is revoked for good.
    pub const ALL: [Self; 5] = [
        Self::KeyCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
        Self::PrivilegeWithdrawn,
    ];

    /// The code in a CRL entry.
    pub fn code(self) -> u8 {
        match self {
            Self::KeyCompromise => 1,
            Self::AffiliationChanged => 3,
            Self::Superseded => 4,
            Self::CessationOfOperation => 5,
            Self::PrivilegeWithdrawn => 9,
            Self::CertificateHold => 6,
        }
    }

    /// The reason of a code in a CRL entry.
    fn of_code(code: u8) -> Option<Self> {
        let all = Self::ALL.into_iter().chain([Self::CertificateHold]);
        all.into_iter().find(|reason| reason.code() == code)
    }

    /// The reason's name in RFC 5280 5.3.1, such as `keyCompromise`.
    pub fn name(self) -> &'static str {
        match self {
            Self::KeyCompromise => "keyCompromise",
            Self::AffiliationChanged => "affiliationChanged",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessationOfOperation",
            Self::PrivilegeWithdrawn => "privilegeWithdrawn",
            Self::CertificateHold => "certificateHold",
        }
    }

    /// What an entry says, a suspension counted; by the RFC's name.
    pub fn of_entry(name: &str) -> Option<Self> {
        let hold = Some(Self::CertificateHold).filter(|hold| hold.name() == name);
        Self::from_name(name).or(hold)
    }

    /// Why something is revoked for good, by the RFC's name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

/// A certificate as an entry of a list tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokedCertificate {
    /// The entry is about the certificate with this serial number.
    pub serial: SerialNumber,
    /// The certificate is revoked since this second, unix.
    pub at: u64,
    /// The certificate is revoked for this reason (RFC 5280 5.3.1).
    pub reason: RevocationReason,
}

#[derive(Sequence)]
struct Entry {
    serial: Int,
    at: Time,
    #[asn1(optional = "true")]
    extensions: Option<Vec<Extension>>,
}

#[derive(Sequence)]
struct TbsList {
    version: u8,
    signature: AlgorithmIdentifier,
    issuer: Any,
    this_update: Time,
    next_update: Time,
    #[asn1(optional = "true")]
    revoked: Option<Vec<Entry>>,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    extensions: Vec<Extension>,
}

/// What stands in a list.
pub struct ListContent<'a> {
    /// The list is issued by this name, the subject of its issuer's certificate.
    pub issuer: &'a DistinguishedName,
    /// The issuer's key has this identifier (authorityKeyIdentifier).
    pub key_identifier: &'a [u8],
    /// The list has this cRLNumber (RFC 5280 5.2.3).
    pub number: u64,
    /// The list is made at its thisUpdate, unix seconds.
    pub this_update: u64,
    /// The list ends at its nextUpdate, unix seconds.
    pub next_update: u64,
    /// The shard's address for issuingDistributionPoint; lists for the whole issuer have none.
    pub shard_url: Option<&'a str>,
    /// The list has these entries.
    pub revoked: &'a [RevokedCertificate],
}

/// Why bytes are not a list that we accept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CrlError {
    /// Not strict DER of a v2 list.
    #[error(
        "不是 DER 形式的吊销列表：{zh} / not a certificate revocation list in DER: {en}",
        zh = DerFault(.0).zh(),
        en = DerFault(.0).en()
    )]
    Malformed(#[from] der::Error),
    /// The signature that came back does not verify.
    #[error("吊销列表的签名不正确 / the list's signature does not verify")]
    Signature,
    /// The signer failed.
    #[error(transparent)]
    Signer(#[from] SignError),
    /// The issuer's certificate names no key identifier, which every list bears.
    #[error("签发者的证书没有密钥标识 / the issuer's certificate has no key identifier")]
    KeyIdentifier,
}

/// A list that was read strictly.
#[derive(Clone, Debug)]
pub struct RevocationList {
    der: Vec<u8>,
    number: u64,
    this_update: u64,
    next_update: u64,
    revoked: Vec<(SerialNumber, u64)>,
    reasons: HashMap<SerialNumber, Option<RevocationReason>>,
}

impl RevocationList {
    /// Builds, signs and verifies a list.
    pub fn issue(content: &ListContent<'_>, signer: &dyn Signer) -> Result<Self, CrlError> {
        let algorithm = signer.public_key().algorithm().signature_identifier()?;
        let mut extensions = vec![
            extension::authority_key_identifier(content.key_identifier)?,
            extension::crl_number(content.number)?,
        ];
        if let Some(url) = content.shard_url {
            extensions.push(extension::issuing_distribution_point(url)?);
        }
        let revoked: Result<Vec<Entry>, der::Error> = content.revoked.iter().map(entry).collect();
        let revoked = revoked?;
        let tbs = TbsList {
            version: 1,
            signature: AlgorithmIdentifier::from_der(&algorithm)?,
            issuer: Any::from_der(content.issuer.der())?,
            this_update: Time::at(content.this_update)?,
            next_update: Time::at(content.next_update)?,
            revoked: (!revoked.is_empty()).then_some(revoked),
            extensions,
        }
        .to_der()?;
        let signature = signer.sign(&tbs)?;
        let list = Self::read(&assemble(&tbs, &algorithm, &signature)?)?;
        if !list.is_signed_by(signer.public_key()) {
            return Err(CrlError::Signature);
        }
        Ok(list)
    }

    /// Reads a list of DER; an error says which rule of RFC 5280 it breaks.
    pub fn read(der: &[u8]) -> Result<Self, CrlError> {
        let signed = Signed::read(der)?;
        let tbs = TbsList::from_der(&signed.content()?)?;
        let known = [
            crate::oid::CRL_NUMBER,
            crate::oid::AUTHORITY_KEY_IDENTIFIER,
            crate::oid::ISSUING_DISTRIBUTION_POINT,
        ];
        let unknown = tbs.extensions.iter().any(|e| e.critical && !known.contains(&e.id));
        if tbs.version != 1 || tbs.signature != signed.algorithm || unknown {
            return Err(CrlError::Malformed(der::ErrorKind::Failed.into()));
        }
        let number = tbs.extensions.iter().find(|e| e.id == crate::oid::CRL_NUMBER);
        let number = number.ok_or(der::ErrorKind::Failed).map_err(der::Error::from)?;
        let revoked = tbs.revoked.unwrap_or_default();
        let mut reasons = HashMap::with_capacity(revoked.len());
        let mut read = |e: &Entry| {
            let serial = SerialNumber::from_der_content(e.serial.as_bytes())?;
            let reason = e.reason();
            let said = reasons.entry(serial.clone()).or_insert(reason);
            // Of two entries that differ neither is believed.
            *said = said.filter(|said| Some(*said) == reason);
            Some((serial, e.at.unix()))
        };
        let revoked: Option<Vec<_>> = revoked.iter().map(&mut read).collect();
        let revoked = revoked.ok_or(der::ErrorKind::Failed).map_err(der::Error::from)?;
        Ok(Self {
            number: u64::from_der(number.value.as_bytes())?,
            this_update: tbs.this_update.unix(),
            next_update: tbs.next_update.unix(),
            revoked,
            reasons,
            der: der.to_vec(),
        })
    }

    /// The whole list in DER, as it was read.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The list's cRLNumber (RFC 5280 5.2.3).
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The list's thisUpdate, unix seconds.
    pub fn this_update(&self) -> u64 {
        self.this_update
    }

    /// The list's nextUpdate, unix seconds.
    pub fn next_update(&self) -> u64 {
        self.next_update
    }

    /// Serial numbers and times of revocation.
    pub fn revoked(&self) -> &[(SerialNumber, u64)] {
        &self.revoked
    }

    /// Entries with their reasons, read anew; `None` if one has a reason that we do not use.
    pub fn entries(&self) -> Option<Vec<RevokedCertificate>> {
        let content = Signed::read(&self.der).ok()?.content().ok()?;
        let entries = TbsList::from_der(&content).ok()?.revoked.unwrap_or_default();
        let read = |entry: &Entry| {
            Some(RevokedCertificate {
                serial: SerialNumber::from_der_content(entry.serial.as_bytes())?,
                at: entry.at.unix(),
                reason: entry.reason()?,
            })
        };
        entries.iter().map(read).collect()
    }

    /// Whether `serial` stands in the list.
    pub fn contains(&self, serial: &SerialNumber) -> bool {
        self.reasons.contains_key(serial)
    }

    /// Why `serial` stands in the list; `None` where it does not, or its entry says nothing that we
    /// use.
    pub fn reason(&self, serial: &SerialNumber) -> Option<RevocationReason> {
        self.reasons.get(serial).copied().flatten()
    }

    /// Whether `serial` stands there as suspended: certificateHold. Where an entry says anything
    /// else, or nothing, it is revoked.
    pub fn is_held(&self, serial: &SerialNumber) -> bool {
        self.reason(serial) == Some(RevocationReason::CertificateHold)
    }

    /// Whether this key signed the list.
    pub fn is_signed_by(&self, issuer: &PublicKey) -> bool {
        let Ok(signed) = Signed::read(&self.der) else { return false };
        signed.content().is_ok_and(|content| issuer.verify(&content, signed.signature()))
    }
}

impl Entry {
    /// Why, if it says so once: an ENUMERATED of one octet.
    fn reason(&self) -> Option<RevocationReason> {
        let said = self.extensions.iter().flatten();
        let mut reasons = said.filter(|e| e.id == crate::oid::CRL_REASON);
        let (Some(one), None) = (reasons.next(), reasons.next()) else { return None };
        let [0x0a, 0x01, code] = *one.value.as_bytes() else { return None };
        RevocationReason::of_code(code)
    }
}

fn entry(revoked: &RevokedCertificate) -> der::Result<Entry> {
    Ok(Entry {
        serial: Int::new(revoked.serial.bytes())?,
        at: Time::at(revoked.at)?,
        extensions: Some(vec![extension::crl_reason(revoked.reason.code())?]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry_of(reason: RevocationReason) -> Entry {
        let serial = SerialNumber::from_hex(&"01".repeat(16)).unwrap();
        entry(&RevokedCertificate { serial, at: 1_800_000_000, reason }).unwrap()
    }

    /// Only certificateHold, said once, is a suspension.
    #[test]
    fn what_is_held_is_told_from_what_is_revoked() {
        let hold = RevocationReason::CertificateHold;
        for reason in RevocationReason::ALL.into_iter().chain([hold]) {
            assert_eq!(entry_of(reason).reason(), Some(reason), "{}", reason.name());
        }
        let none = Entry { extensions: None, ..entry_of(hold) };
        assert_eq!(none.reason(), None);
        let (mut twice, other) = (entry_of(hold), entry_of(RevocationReason::Superseded));
        twice.extensions.as_mut().unwrap().extend(other.extensions.unwrap());
        assert_eq!(twice.reason(), None, "of two reasons none is believed");
    }
}
