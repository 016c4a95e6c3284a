//! Certificate and list extensions, each built in one place (RFC 5280 4.2 and 5.2).

use crate::oid;
use crate::raw::{sequence, wrap};
use core::net::IpAddr;
use der::asn1::{BitString, Ia5StringRef, ObjectIdentifier, OctetString, Utf8StringRef};
use der::{Encode, Sequence};

/// A purpose of the extension extKeyUsage (RFC 5280 4.2.1.12).
pub type Purpose = ObjectIdentifier;

/// An extension with its three parts (RFC 5280 4.1.2.9).
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct Extension {
    /// The extnID of RFC 5280 4.1 names the extension.
    pub id: ObjectIdentifier,
    /// The critical flag says that who does not know the extension refuses the certificate.
    #[asn1(default = "Default::default")]
    pub critical: bool,
    /// The extnValue is the DER of the extension, in an OCTET STRING.
    pub value: OctetString,
}

/// Bits of `KeyUsage` (RFC 5280 4.2.1.3), by their names there.
pub const KEY_USAGES: [&str; 9] = [
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
];

fn extension(id: ObjectIdentifier, critical: bool, value: Vec<u8>) -> der::Result<Extension> {
    Ok(Extension { id, critical, value: OctetString::new(value)? })
}

/// basicConstraints of a CA, critical. End entities carry none: cA is FALSE by default.
pub fn ca_constraints(path_len: Option<u8>) -> der::Result<Extension> {
    let mut body = true.to_der()?;
    if let Some(len) = path_len {
        body.extend(len.to_der()?);
    }
    extension(oid::BASIC_CONSTRAINTS, true, sequence(&body)?)
}

/// keyUsage, critical; unused trailing bits cut off as DER wants (X.690 11.2.2).
pub fn key_usage(names: &[String]) -> der::Result<Extension> {
    let mut bits = [0u8; 2];
    let mut highest = 0usize;
    for (position, name) in KEY_USAGES.iter().enumerate() {
        if names.iter().any(|wanted| wanted == name) {
            if let Some(byte) = bits.get_mut(position / 8) {
                *byte |= 0x80 >> (position % 8);
            }
            highest = position;
        }
    }
    let used = highest / 8 + 1;
    let unused = u8::try_from(7 - highest % 8).unwrap_or(0);
    let bits = BitString::new(unused, bits.iter().take(used).copied().collect::<Vec<u8>>())?;
    extension(oid::KEY_USAGE, true, bits.to_der()?)
}

/// extKeyUsage. Critical only for keys with one single purpose of our own.
pub fn extended_key_usage(purposes: &[ObjectIdentifier], critical: bool) -> der::Result<Extension> {
    extension(oid::EXTENDED_KEY_USAGE, critical, purposes.to_vec().to_der()?)
}

/// Makes the extension subjectKeyIdentifier of these bytes (RFC 5280 4.2.1.2).
pub fn subject_key_identifier(identifier: &[u8]) -> der::Result<Extension> {
    extension(oid::SUBJECT_KEY_IDENTIFIER, false, OctetString::new(identifier)?.to_der()?)
}

/// authorityKeyIdentifier: the issuer's own key identifier, copied.
pub fn authority_key_identifier(identifier: &[u8]) -> der::Result<Extension> {
    let body = wrap(0x80, identifier)?;
    extension(oid::AUTHORITY_KEY_IDENTIFIER, false, sequence(&body)?)
}

/// certificatePolicies with one policy and no qualifiers.
pub fn policy(policy: ObjectIdentifier) -> der::Result<Extension> {
    let body = sequence(&sequence(&policy.to_der()?)?)?;
    extension(oid::CERTIFICATE_POLICIES, false, body)
}

fn uri(url: &str) -> der::Result<Vec<u8>> {
    wrap(0x86, Ia5StringRef::new(url)?.as_bytes())
}

/// fullName of a DistributionPointName, DER.
pub(crate) fn full_name(url: &str) -> der::Result<Vec<u8>> {
    wrap(0xa0, &wrap(0xa0, &uri(url)?)?)
}

/// cRLDistributionPoints with one point, which names the shard.
pub fn crl_distribution_point(url: &str) -> der::Result<Extension> {
    let point = sequence(&full_name(url)?)?;
    extension(oid::CRL_DISTRIBUTION_POINTS, false, sequence(&point)?)
}

/// authorityInfoAccess: where status is answered, if it is, and caIssuers.
pub fn information_access(ocsp: Option<&str>, issuer: &str) -> der::Result<Extension> {
    let access = |method: ObjectIdentifier, url: &str| -> der::Result<Vec<u8>> {
        sequence(&[method.to_der()?, uri(url)?].concat())
    };
    let mut all = ocsp.map(|url| access(oid::OCSP, url)).transpose()?.unwrap_or_default();
    all.extend(access(oid::CA_ISSUERS, issuer)?);
    extension(oid::AUTHORITY_INFO_ACCESS, false, sequence(&all)?)
}

/// otherName with an SmtpUTF8Mailbox (RFC 9598 3).
fn smtp_utf8_mailbox(mailbox: &str) -> der::Result<Vec<u8>> {
    let value = wrap(0xa0, &Utf8StringRef::new(mailbox)?.to_der()?)?;
    wrap(0xa0, &[oid::SMTP_UTF8_MAILBOX.to_der()?, value].concat())
}

/// subjectAltName of hosts (an address stands as iPAddress) and mail addresses (one that is not
/// ASCII as SmtpUTF8Mailbox). The lint judges what is in it.
pub fn subject_alt_name(dns: &[String], mail: &[String]) -> der::Result<Extension> {
    let mut names = Vec::new();
    for name in dns {
        names.extend(match name.parse() {
            Ok(IpAddr::V4(address)) => wrap(0x87, &address.octets())?,
            Ok(IpAddr::V6(address)) => wrap(0x87, &address.octets())?,
            Err(_) => wrap(0x82, Ia5StringRef::new(name)?.as_bytes())?,
        });
    }
    for name in mail {
        names.extend(match Ia5StringRef::new(name) {
            Ok(ascii) => wrap(0x81, ascii.as_bytes())?,
            Err(_) => smtp_utf8_mailbox(name)?,
        });
    }
    extension(oid::SUBJECT_ALT_NAME, false, sequence(&names)?)
}

/// Makes the extension id-pkix-ocsp-nocheck (RFC 6960 4.2.2.2.1).
pub fn ocsp_nocheck() -> der::Result<Extension> {
    extension(oid::OCSP_NOCHECK, false, der::asn1::Null.to_der()?)
}

/// Makes the extension cRLNumber (RFC 5280 5.2.3).
pub(crate) fn crl_number(number: u64) -> der::Result<Extension> {
    extension(oid::CRL_NUMBER, false, number.to_der()?)
}

/// issuingDistributionPoint, critical, with the shard's address.
pub(crate) fn issuing_distribution_point(url: &str) -> der::Result<Extension> {
    extension(oid::ISSUING_DISTRIBUTION_POINT, true, sequence(&full_name(url)?)?)
}

/// The entry extension reasonCode.
pub(crate) fn crl_reason(code: u8) -> der::Result<Extension> {
    extension(oid::CRL_REASON, false, wrap(0x0a, &[code])?)
}
