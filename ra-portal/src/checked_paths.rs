//! Certificates whose signatures were checked up to the root: a signature that held goes on
//! holding, so later only the time is looked at. Whether one is revoked, the CA says.

use pki::Certificate;
use pki::path::{PathError, Usage, check};
use quick_cache::sync::Cache;
use records::Code;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Certificates that are kept; beyond them those that nobody shows are checked once more.
const KEPT_MAX: usize = 4_096;

/// A path from the readers of a portal to the root.
pub struct CheckedPaths {
    issuing: Certificate,
    root: Certificate,
    known: Cache<[u8; 32], Arc<Certificate>>,
}

impl CheckedPaths {
    /// Paths by way of this issuing CA, none of which is checked yet.
    pub fn new(issuing: Certificate, root: Certificate) -> Self {
        Self { issuing, root, known: Cache::new(KEPT_MAX) }
    }

    /// The root, DER.
    pub(crate) fn root(&self) -> &[u8] {
        self.root.der()
    }

    /// The certificate of these bytes, DER, if it leads to the root for a client and is in time
    /// (`now` is unix).
    pub(crate) fn certificate(&self, der: &[u8], now: u64) -> Result<Arc<Certificate>, Code> {
        let name: [u8; 32] = Sha256::digest(der).into();
        if let Some(certificate) = self.known.get(&name) {
            let in_time = |one: &Certificate| (one.not_before()..=one.not_after()).contains(&now);
            let holds = in_time(&certificate) && in_time(&self.issuing) && in_time(&self.root);
            return if holds { Ok(certificate) } else { Err(Code::CertificateExpired) };
        }
        let certificate = Certificate::read(der).map_err(|_| Code::CertificateForeign)?;
        if !certificate.is_signed_by(self.issuing.key()) {
            return Err(Code::CertificateForeign);
        }
        let issuing = std::slice::from_ref(&self.issuing);
        check(&certificate, issuing, &self.root, now, Usage::Client).map_err(
            |error| match error {
                PathError::Expired { .. } | PathError::NotYetValid { .. } => {
                    Code::CertificateExpired
                }
                _ => Code::CertificateForeign,
            },
        )?;
        let certificate = Arc::new(certificate);
        self.known.insert(name, certificate.clone());
        Ok(certificate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{
        BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
        KeyPair, date_time_ymd,
    };

    /// The first second of a year, unix.
    fn year(year: u64) -> u64 {
        u64::try_from(date_time_ymd(i32::try_from(year).unwrap(), 1, 1).unix_timestamp()).unwrap()
    }

    fn content(name: &str, end: i32) -> CertificateParams {
        let mut content = CertificateParams::default();
        content.distinguished_name.push(DnType::CommonName, name);
        content.not_before = date_time_ymd(2026, 1, 1);
        content.not_after = date_time_ymd(end, 1, 1);
        content
    }

    fn authority(name: &str, end: i32) -> CertificateParams {
        let mut content = content(name, end);
        content.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        content
    }

    /// Root and issuing CA, and a reader's certificate below them.
    fn chain(issuing_ends: i32) -> (CheckedPaths, Vec<u8>) {
        // The library draws the larger s in half of its signatures; those are none of ours.
        loop {
            let (root_key, issuing_key) =
                (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
            let (root, issuing) = (authority("root", 2046), authority("issuing", issuing_ends));
            let root_der = root.self_signed(&root_key).unwrap();
            let above = Issuer::new(root, root_key);
            let issuing_der = issuing.signed_by(&issuing_key, &above).unwrap();
            let mut reader = content("reader", 2030);
            reader.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            let (key, below) = (KeyPair::generate().unwrap(), Issuer::new(issuing, issuing_key));
            let der = reader.signed_by(&key, &below).unwrap();
            let read = |der: &[u8]| Certificate::read(der).unwrap();
            let (root, issuing, leaf) =
                (read(root_der.der()), read(issuing_der.der()), read(der.der()));
            if issuing.is_signed_by(root.key()) && leaf.is_signed_by(issuing.key()) {
                return (CheckedPaths::new(issuing, root), der.der().to_vec());
            }
        }
    }

    #[test]
    fn who_was_let_in_once_is_judged_by_the_time_again() {
        let (paths, reader) = chain(2046);
        for _ in 0..2 {
            assert!(paths.certificate(&reader, year(2027)).is_ok());
        }
        for now in [year(2026) - 1, year(2030) + 1] {
            let judged = paths.certificate(&reader, now).err();
            assert_eq!(judged, Some(Code::CertificateExpired));
        }
        assert!(paths.certificate(&reader, year(2030)).is_ok(), "the last second counts");
        let (paths, reader) = chain(2028);
        assert!(paths.certificate(&reader, year(2027)).is_ok());
        let after = paths.certificate(&reader, year(2029)).err();
        assert_eq!(after, Some(Code::CertificateExpired), "the issuing CA is over");
    }

    #[test]
    fn another_citys_reader_is_never_known() {
        let (paths, _) = chain(2046);
        let (_, foreign) = chain(2046);
        for _ in 0..2 {
            let judged = paths.certificate(&foreign, year(2027)).err();
            assert_eq!(judged, Some(Code::CertificateForeign));
        }
    }
}
