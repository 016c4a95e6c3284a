//! What a request (PKCS#10) asks for beside its key. The CA takes a key from it and nothing else;
//! here a client hears why a request that asks for more is not taken.

use crate::identifier::{AcmeIdentifier, IdentifierError};
use crate::listed::many;
use core::net::IpAddr;
use der::asn1::{Any, BitString, ObjectIdentifier};
use der::{Decode, Sequence, Tag, TagNumber, Tagged};
use pki::extension::Extension;
use pki::host::Host;
use pki::oid;
use std::collections::BTreeSet;

const EXTENSION_REQUEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.14");
/// id-pe-tlsfeature, RFC 7633: asked for by old clients, and given by no profile.
const TLS_FEATURE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.1.24");
const SERVER_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");
const CLIENT_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");

const ATTRIBUTES: Tag = Tag::ContextSpecific { constructed: true, number: TagNumber(0) };
const DNS: Tag = Tag::ContextSpecific { constructed: false, number: TagNumber(2) };
const ADDRESS: Tag = Tag::ContextSpecific { constructed: false, number: TagNumber(7) };
/// keyCertSign and cRLSign within the first octet of `KeyUsage`.
const CA_USAGES: u8 = 0b0000_0110;

/// Why a request is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CsrError {
    /// Not PKCS#10.
    #[error("不是 PKCS#10 / not PKCS#10")]
    Malformed,
    /// A name of it is no host.
    #[error(transparent)]
    Identifier(#[from] IdentifierError),
    /// Its subject has a common name that is none of its alternative names.
    #[error("主题的通用名不在备用名称之中 / the common name is none of the alternative names")]
    CommonName,
    /// It asks for a CA, a purpose or a policy.
    #[error("不能申请扩展 {0} / nothing is given that asks for extension {0}")]
    Extension(String),
    /// It names something else than the order.
    #[error("证书请求的标识与订单不同 / the request names something else than the order")]
    Identifiers,
}

#[derive(Sequence)]
struct Attribute {
    id: ObjectIdentifier,
    values: Any,
}

#[derive(Sequence)]
struct NamePart {
    id: ObjectIdentifier,
    value: Any,
}

/// Whether a request asks for just what an order is for, and for nothing that no order gives.
pub fn check(der: &[u8], order: &[AcmeIdentifier]) -> Result<(), CsrError> {
    let asked = identifiers(der)?;
    let order: BTreeSet<AcmeIdentifier> = order.iter().cloned().collect();
    if asked == order { Ok(()) } else { Err(CsrError::Identifiers) }
}

/// The names and addresses that a request asks for.
pub fn identifiers(der: &[u8]) -> Result<BTreeSet<AcmeIdentifier>, CsrError> {
    let parts = Vec::<Any>::from_der(der).map_err(|_| CsrError::Malformed)?;
    let [info, _, _] = parts.as_slice() else { return Err(CsrError::Malformed) };
    let fields: Vec<Any> = listed(info.value())?;
    let [_, subject, _, rest @ ..] = fields.as_slice() else { return Err(CsrError::Malformed) };
    let mut found = BTreeSet::new();
    for extension in asked_extensions(rest)? {
        match extension.id == oid::SUBJECT_ALT_NAME {
            true => found.extend(alternative_names(extension.value.as_bytes())?),
            false => permitted(&extension)?,
        }
    }
    for name in common_names(subject)? {
        let identifier = match Host::read_for(&name.to_ascii_lowercase(), true) {
            Ok(Host::Address(address)) => AcmeIdentifier::address(address),
            _ => AcmeIdentifier::name(&name).map_err(|_| CsrError::CommonName)?,
        };
        // Old clients name what they want in the subject alone.
        if found.is_empty() {
            found.insert(identifier);
        } else if !found.contains(&identifier) {
            return Err(CsrError::CommonName);
        }
    }
    Ok(found)
}

fn listed<T: for<'a> Decode<'a>>(bytes: &[u8]) -> Result<Vec<T>, CsrError> {
    many(bytes).ok_or(CsrError::Malformed)
}

/// The extensions that a request asks for, each once.
fn asked_extensions(rest: &[Any]) -> Result<Vec<Extension>, CsrError> {
    let attributes: Vec<Attribute> = match rest {
        [] => return Ok(Vec::new()),
        [set] if set.tag() == ATTRIBUTES => listed(set.value())?,
        _ => return Err(CsrError::Malformed),
    };
    let mut asking = attributes.iter().filter(|attribute| attribute.id == EXTENSION_REQUEST);
    let Some(one) = asking.next() else { return Ok(Vec::new()) };
    let lists: Vec<Any> = listed(one.values.value())?;
    // A second list would be read by nobody else.
    let ([list], None) = (lists.as_slice(), asking.next()) else {
        return Err(CsrError::Malformed);
    };
    let all: Vec<Extension> = listed(list.value())?;
    let mut seen = BTreeSet::new();
    match all.iter().all(|one| seen.insert(one.id)) {
        true => Ok(all),
        false => Err(CsrError::Malformed),
    }
}

fn alternative_names(value: &[u8]) -> Result<Vec<AcmeIdentifier>, CsrError> {
    let names = Vec::<Any>::from_der(value).map_err(|_| CsrError::Malformed)?;
    names
        .iter()
        .map(|name| match (name.tag(), name.value()) {
            (DNS, text) => {
                let text = core::str::from_utf8(text).map_err(|_| CsrError::Malformed)?;
                Ok(AcmeIdentifier::name(text)?)
            }
            (ADDRESS, octets) => Ok(AcmeIdentifier::address(address(octets)?)),
            _ => Err(CsrError::Extension(oid::SUBJECT_ALT_NAME.to_string())),
        })
        .collect()
}

fn address(octets: &[u8]) -> Result<IpAddr, CsrError> {
    let v4 = <[u8; 4]>::try_from(octets).map(IpAddr::from);
    let v6 = <[u8; 16]>::try_from(octets).map(IpAddr::from);
    v4.or(v6).map_err(|_| CsrError::Malformed)
}

/// What asks for nothing beyond a profile: programs write it into every request.
fn permitted(extension: &Extension) -> Result<(), CsrError> {
    let (id, value) = (extension.id, extension.value.as_bytes());
    let is_harmless = if id == oid::SUBJECT_KEY_IDENTIFIER || id == TLS_FEATURE {
        true
    } else if id == oid::BASIC_CONSTRAINTS {
        // cA FALSE is its default: an empty sequence.
        matches!(value, [0x30, 0x00] | [0x30, 0x03, 0x01, 0x01, 0x00])
    } else if id == oid::KEY_USAGE {
        BitString::from_der(value)
            .is_ok_and(|usage| usage.raw_bytes().first().is_none_or(|first| first & CA_USAGES == 0))
    } else if id == oid::EXTENDED_KEY_USAGE {
        Vec::<ObjectIdentifier>::from_der(value)
            .is_ok_and(|all| all.iter().all(|one| [SERVER_AUTH, CLIENT_AUTH].contains(one)))
    } else {
        false
    };
    if is_harmless { Ok(()) } else { Err(CsrError::Extension(id.to_string())) }
}

fn common_names(subject: &Any) -> Result<Vec<String>, CsrError> {
    let mut names = Vec::new();
    for set in listed::<Any>(subject.value())? {
        for part in listed::<NamePart>(set.value())? {
            if part.id == oid::COMMON_NAME {
                let text = core::str::from_utf8(part.value.value());
                names.push(text.map_err(|_| CsrError::CommonName)?.to_owned());
            }
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{
        CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
        KeyPair, KeyUsagePurpose,
    };

    fn request(names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name = DistinguishedName::new();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        params.serialize_request(&key).unwrap().der().to_vec()
    }

    fn order(names: &[&str]) -> Vec<AcmeIdentifier> {
        let read = |name: &&str| match name.parse() {
            Ok(address) => AcmeIdentifier::address(address),
            Err(_) => AcmeIdentifier::name(name).unwrap(),
        };
        names.iter().map(read).collect()
    }

    #[test]
    fn a_request_names_what_the_order_names() {
        let names = ["acme.test", "*.acme.test", "127.0.0.1"];
        assert_eq!(check(&request(&names, |_| {}), &order(&names)), Ok(()));
        for other in [&names[..2], &["acme.test", "*.acme.test", "127.0.0.1", "x.test"][..], &[]] {
            let judged = check(&request(&names, |_| {}), &order(other));
            assert_eq!(judged, Err(CsrError::Identifiers), "{other:?}");
        }
        let upper = request(&["WWW.acme.test"], |_| {});
        assert_eq!(check(&upper, &order(&["www.acme.test"])), Ok(()));
    }

    #[test]
    fn a_common_name_is_one_of_the_names() {
        let with = |names: &[&str], common: &str| {
            request(names, |params| params.distinguished_name.push(DnType::CommonName, common))
        };
        let own = order(&["acme.test"]);
        assert_eq!(check(&with(&["acme.test"], "acme.test"), &own), Ok(()));
        assert_eq!(check(&with(&[], "acme.test"), &own), Ok(()));
        let other = check(&with(&["acme.test"], "other.test"), &own);
        assert_eq!(other, Err(CsrError::CommonName));
        assert_eq!(check(&with(&[], "the site"), &own), Err(CsrError::CommonName));
    }

    /// Nobody becomes a CA, an OCSP responder or a member of a policy by asking for it.
    #[test]
    fn a_request_asks_for_names_and_nothing_else() {
        let own = order(&["acme.test"]);
        let judged = |change: &dyn Fn(&mut CertificateParams)| {
            check(&request(&["acme.test"], |params| change(params)), &own)
        };
        let refused = |result| matches!(result, Err(CsrError::Extension(_)));
        let policy = |id: &[u64]| CustomExtension::from_oid_content(id, vec![0x30, 0x00]);
        assert!(refused(judged(&|params| {
            params.custom_extensions.push(policy(&[2, 5, 29, 32]));
        })));
        assert!(refused(judged(&|params| {
            params.custom_extensions.push(policy(&[1, 2, 3, 4]));
        })));
        let authority = vec![0x30, 0x03, 0x01, 0x01, 0xff];
        let of_length = vec![0x30, 0x06, 0x01, 0x01, 0xff, 0x02, 0x01, 0x00];
        for content in [authority, of_length] {
            let ca = CustomExtension::from_oid_content(&[2, 5, 29, 19], content);
            assert!(refused(judged(&|params| params.custom_extensions.push(ca.clone()))));
        }
        let end = CustomExtension::from_oid_content(&[2, 5, 29, 19], vec![0x30, 0x00]);
        assert_eq!(judged(&|params| params.custom_extensions.push(end.clone())), Ok(()));
        assert!(refused(judged(&|params| {
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        })));
        assert!(refused(judged(&|params| {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::OcspSigning];
        })));
        assert_eq!(
            judged(&|params| {
                params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            }),
            Ok(())
        );
    }

    #[test]
    fn what_is_no_request_is_none() {
        for bad in [&b""[..], b"\x30\x00", b"\x30\x03\x02\x01\x00", &[0xff; 64]] {
            assert_eq!(identifiers(bad), Err(CsrError::Malformed));
        }
        let mut long = request(&["acme.test"], |_| {});
        long.push(0);
        assert_eq!(identifiers(&long), Err(CsrError::Malformed));
    }
}
