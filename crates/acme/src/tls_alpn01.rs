//! The certificate that answers tls-alpn-01 (RFC 8737 3, RFC 8738 6). It is no certificate that
//! anybody trusts: only what it names and holds is read of it, whoever signed it.

use crate::challenge::KeyAuthorization;
use crate::identifier::{AcmeIdentifier, IdentifierKind};
use core::net::IpAddr;
use der::asn1::{Any, ObjectIdentifier, OctetString};
use der::{Decode, Tag, TagNumber, Tagged};
use pki::extension::Extension;
use pki::oid;
use subtle::ConstantTimeEq;

/// What is spoken in the handshake.
pub const ALPN: &[u8] = b"acme-tls/1";
/// Largest certificate that is read.
const CERTIFICATE_BYTES_MAX: usize = 16 * 1024;

const ACME_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.1.31");
const DNS: Tag = Tag::ContextSpecific { constructed: false, number: TagNumber(2) };
const ADDRESS: Tag = Tag::ContextSpecific { constructed: false, number: TagNumber(7) };
const EXTENSIONS: Tag = Tag::ContextSpecific { constructed: true, number: TagNumber(3) };

/// Why a certificate answers nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AlpnError {
    /// It is no certificate.
    #[error("不是证书 / not a certificate")]
    Malformed,
    /// It names something else, or more than what is looked at.
    #[error("证书应只有被验证的那一个标识 / the certificate names more, or something else")]
    Names,
    /// It has no critical acmeIdentifier.
    #[error("证书缺少关键扩展 acmeIdentifier / the certificate has no critical acmeIdentifier")]
    Extension,
    /// It holds another digest.
    #[error("acmeIdentifier 与挑战不符 / acmeIdentifier does not fit the challenge")]
    Digest,
}

/// The name for which a handshake asks (RFC 8737 3); an address is asked for under its name of the
/// reverse tree (RFC 8738 6).
pub fn server_name(identifier: &AcmeIdentifier) -> String {
    match identifier.to_address() {
        None => identifier.value().to_owned(),
        Some(IpAddr::V4(address)) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        Some(IpAddr::V6(address)) => {
            let nibbles = address.octets().into_iter().rev().map(|byte| {
                let (high, low) = (byte >> 4, byte & 0x0f);
                format!("{low:x}.{high:x}.")
            });
            format!("{}ip6.arpa", nibbles.collect::<String>())
        }
    }
}

/// Judges the certificate of a handshake.
pub fn judge(
    certificate: &[u8],
    identifier: &AcmeIdentifier,
    expected: &KeyAuthorization,
) -> Result<(), AlpnError> {
    let extensions = extensions(certificate)?;
    let mut named = extensions.iter().filter(|one| one.id == oid::SUBJECT_ALT_NAME);
    let (Some(names), None) = (named.next(), named.next()) else { return Err(AlpnError::Names) };
    if !names_only(names.value.as_bytes(), identifier) {
        return Err(AlpnError::Names);
    }
    let mut held = extensions.iter().filter(|one| one.id == ACME_IDENTIFIER);
    let (Some(held), None) = (held.next(), held.next()) else { return Err(AlpnError::Extension) };
    if !held.critical {
        return Err(AlpnError::Extension);
    }
    let digest = OctetString::from_der(held.value.as_bytes()).map_err(|_| AlpnError::Extension)?;
    let is_it = digest.as_bytes().ct_eq(&expected.digest());
    if bool::from(is_it) { Ok(()) } else { Err(AlpnError::Digest) }
}

/// The extensions of a certificate, whatever else it says.
fn extensions(der: &[u8]) -> Result<Vec<Extension>, AlpnError> {
    if der.len() > CERTIFICATE_BYTES_MAX {
        return Err(AlpnError::Malformed);
    }
    let parts = Vec::<Any>::from_der(der).map_err(|_| AlpnError::Malformed)?;
    let [content, _, _] = parts.as_slice() else { return Err(AlpnError::Malformed) };
    let fields = listed(content.value()).ok_or(AlpnError::Malformed)?;
    let last = fields.last().filter(|last| last.tag() == EXTENSIONS);
    let last = last.ok_or(AlpnError::Names)?;
    Vec::<Extension>::from_der(last.value()).map_err(|_| AlpnError::Malformed)
}

/// The values of DER that stand one behind the other in some content, or nothing where it is none.
fn listed(mut content: &[u8]) -> Option<Vec<Any>> {
    let mut found = Vec::new();
    while !content.is_empty() {
        let (one, rest) = Any::from_der_partial(content).ok()?;
        found.push(one);
        content = rest;
    }
    Some(found)
}

/// Whether a subjectAltName has one entry, which is this.
fn names_only(value: &[u8], identifier: &AcmeIdentifier) -> bool {
    let Ok(names) = Vec::<Any>::from_der(value) else { return false };
    let [name] = names.as_slice() else { return false };
    match identifier.kind() {
        IdentifierKind::Dns => {
            name.tag() == DNS && name.value().eq_ignore_ascii_case(identifier.value().as_bytes())
        }
        IdentifierKind::Ip => {
            let octets = match identifier.to_address() {
                Some(IpAddr::V4(address)) => address.octets().to_vec(),
                Some(IpAddr::V6(address)) => address.octets().to_vec(),
                None => return false,
            };
            name.tag() == ADDRESS && name.value() == octets
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, CustomExtension, KeyPair, SanType};

    fn expected() -> KeyAuthorization {
        KeyAuthorization::new("token", "thumb")
    }

    fn named(name: &str) -> AcmeIdentifier {
        AcmeIdentifier::name(name).unwrap()
    }

    fn certificate(names: &[SanType], digest: Option<([u8; 32], bool)>) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.subject_alt_names = names.to_vec();
        if let Some((digest, critical)) = digest {
            let mut extension = CustomExtension::new_acme_identifier(&digest);
            extension.set_criticality(critical);
            params.custom_extensions.push(extension);
        }
        let key = KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    fn dns(name: &str) -> SanType {
        SanType::DnsName(name.try_into().unwrap())
    }

    #[test]
    fn a_certificate_answers_for_the_one_name_that_it_has() {
        let right = Some((expected().digest(), true));
        let judged = |names: &[SanType], digest, identifier: &AcmeIdentifier| {
            judge(&certificate(names, digest), identifier, &expected())
        };
        let own = named("acme.test");
        assert_eq!(judged(&[dns("acme.test")], right, &own), Ok(()));
        assert_eq!(judged(&[dns("ACME.test")], right, &own), Ok(()));
        let address = AcmeIdentifier::address("127.0.0.1".parse().unwrap());
        let octets = SanType::IpAddress("127.0.0.1".parse().unwrap());
        assert_eq!(judged(std::slice::from_ref(&octets), right, &address), Ok(()));
        for names in [
            vec![dns("other.test")],
            vec![dns("acme.test"), dns("other.test")],
            vec![dns("acme.test"), octets.clone()],
            vec![octets],
            vec![],
        ] {
            assert_eq!(judged(&names, right, &own), Err(AlpnError::Names), "{names:?}");
        }
        assert_eq!(judged(&[dns("127.0.0.1")], right, &address), Err(AlpnError::Names));
    }

    #[test]
    fn the_digest_is_critical_and_this_one() {
        let judged = |digest| {
            judge(&certificate(&[dns("acme.test")], digest), &named("acme.test"), &expected())
        };
        assert_eq!(judged(None), Err(AlpnError::Extension));
        assert_eq!(judged(Some((expected().digest(), false))), Err(AlpnError::Extension));
        assert_eq!(judged(Some(([7; 32], true))), Err(AlpnError::Digest));
        for bad in [&b""[..], &b"\x30\x00"[..], &[0x30; 20_000][..]] {
            assert!(judge(bad, &named("acme.test"), &expected()).is_err());
        }
    }

    #[test]
    fn an_address_is_asked_for_by_its_name_of_the_reverse_tree() {
        let name = |text: &str| server_name(&AcmeIdentifier::address(text.parse().unwrap()));
        assert_eq!(name("10.1.2.3"), "3.2.1.10.in-addr.arpa");
        let long = name("2001:db8::1");
        assert!(
            long.starts_with("1.0.0.0.") && long.ends_with("8.b.d.0.1.0.0.2.ip6.arpa"),
            "{long}"
        );
        assert_eq!(server_name(&named("acme.test")), "acme.test");
    }
}
