//! Whether a request (PKCS#10) asks for just what an order is for. What it may name, and what it
//! may ask for beside that, is judged by the same function as in the CA; here a client hears it
//! before anything of it is kept.

use crate::identifier::AcmeIdentifier;
use pki::request::{CertificationRequest, WantedError};
use std::collections::BTreeSet;

/// Why a request is not taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CsrError {
    /// Not PKCS#10.
    #[error("不是 PKCS#10 / not PKCS#10")]
    Malformed,
    /// What it names, or asks for beside names, is given to nobody.
    #[error(transparent)]
    Wanted(#[from] WantedError),
    /// It names something else than the order.
    #[error("证书请求的标识与订单不同 / the request names something else than the order")]
    Identifiers,
}

/// Whether a request in DER asks for just what an order is for, and for nothing that no order
/// gives. That its key signed it is verified by whoever reads it.
pub fn check(der: &[u8], order: &[AcmeIdentifier]) -> Result<(), CsrError> {
    let read = CertificationRequest::read_with(der, |_| true).map_err(|_| CsrError::Malformed)?;
    let asked: BTreeSet<AcmeIdentifier> = read.wanted()?.into_iter().map(Into::into).collect();
    let order: BTreeSet<AcmeIdentifier> = order.iter().cloned().collect();
    if asked == order { Ok(()) } else { Err(CsrError::Identifiers) }
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
        assert_eq!(other, Err(CsrError::Identifiers));
        let none = check(&with(&[], "the site"), &own);
        assert!(matches!(none, Err(CsrError::Wanted(WantedError::Host(_)))), "{none:?}");
    }

    /// Nobody becomes a CA, an OCSP responder or a member of a policy by asking for it.
    #[test]
    fn a_request_asks_for_names_and_nothing_else() {
        let own = order(&["acme.test"]);
        let judged = |change: &dyn Fn(&mut CertificateParams)| {
            check(&request(&["acme.test"], |params| change(params)), &own)
        };
        let refused = |result| matches!(result, Err(CsrError::Wanted(WantedError::Extension(_))));
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
            assert_eq!(check(bad, &order(&["acme.test"])), Err(CsrError::Malformed));
        }
        let mut long = request(&["acme.test"], |_| {});
        long.push(0);
        assert_eq!(check(&long, &order(&["acme.test"])), Err(CsrError::Malformed));
    }
}
