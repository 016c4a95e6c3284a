//! The CA's list as a second validator has it: a file that a timer of its host fetches, since it
//! asks nobody by itself. Whoever stands in it is not heard, and while no list counts nobody is.

use anyhow::{Context, ensure};
use pki::Certificate;
use pki::crl::RevocationList;
use records::Code;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

/// The file, whose list it must be, and the newest one that was.
pub(super) struct OwnList {
    path: PathBuf,
    issuer: Certificate,
    kept: RwLock<Option<Arc<RevocationList>>>,
}

impl OwnList {
    /// The list of an issuing CA in a file, which is not read yet.
    pub(super) fn new(path: PathBuf, issuer: Certificate) -> Self {
        Self { path, issuer, kept: RwLock::new(None) }
    }

    /// Reads the file; an error says why no list counts, or why what is there is not used.
    pub(super) fn read(&self, now: u64) -> anyhow::Result<()> {
        let path = self.path.display().to_string();
        let file = std::fs::read(&self.path).with_context(|| path.clone())?;
        self.take(&file, now).with_context(|| path)
    }

    fn take(&self, der: &[u8], now: u64) -> anyhow::Result<()> {
        let next = RevocationList::read(der)?;
        let is_ours = next.is_signed_by(self.issuer.key());
        ensure!(is_ours, "不是签发机构的吊销列表 / no list of the issuing CA");
        let ends = next.next_update();
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        let is_older = kept.as_ref().is_some_and(|kept| next.number() < kept.number());
        ensure!(!is_older, "比已有的吊销列表旧 / older than the list that is known");
        *kept = Some(Arc::new(next));
        ensure!(ends >= now, "吊销列表已过期 / the list is over");
        Ok(())
    }

    /// Whether a certificate is of this CA and does not stand in its list.
    pub(super) fn permits(&self, certificate: &Certificate, now: u64) -> Result<(), Code> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner).clone();
        let list = kept.filter(|list| list.next_update() >= now).ok_or(Code::Unavailable)?;
        if certificate.issuer().der() != self.issuer.subject().der() {
            return Err(Code::CertificateForeign);
        }
        let serial = certificate.serial();
        match list.contains(serial) {
            false => Ok(()),
            true if list.is_held(serial) => Err(Code::CertificateSuspended),
            true => Err(Code::CertificateRevoked),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{
        BasicConstraints, CertificateParams, CertificateRevocationListParams, IsCa, Issuer,
        KeyIdMethod, KeyPair, KeyUsagePurpose, RevocationReason, RevokedCertParams, SerialNumber,
        date_time_ymd,
    };

    /// 2026-06-01, between the days below.
    const NOW: u64 = 1_780_272_000;
    /// 2027-06-01, behind them.
    const BEHIND: u64 = 1_811_808_000;

    struct Ca {
        issuer: Issuer<'static, KeyPair>,
        certificate: Certificate,
    }

    impl Ca {
        fn new(name: &str) -> Self {
            let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
            params.distinguished_name.push(rcgen::DnType::CommonName, name);
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.not_before = date_time_ymd(2026, 1, 1);
            params.not_after = date_time_ymd(2027, 1, 1);
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
            let key = KeyPair::generate().unwrap();
            let own = params.self_signed(&key).unwrap();
            let certificate = Certificate::read(own.der()).unwrap();
            Self { issuer: Issuer::new(params, key), certificate }
        }

        fn leaf(&self, serial: u64) -> Certificate {
            let mut params = CertificateParams::new(vec!["acme.city".to_owned()]).unwrap();
            params.serial_number = Some(SerialNumber::from(serial));
            params.not_before = date_time_ymd(2026, 1, 1);
            params.not_after = date_time_ymd(2027, 1, 1);
            let made = params.signed_by(&KeyPair::generate().unwrap(), &self.issuer).unwrap();
            Certificate::read(made.der()).unwrap()
        }

        fn list(&self, number: u64, revoked: &[(u64, RevocationReason)]) -> Vec<u8> {
            let entry = |(serial, reason): &(u64, RevocationReason)| RevokedCertParams {
                serial_number: SerialNumber::from(*serial),
                revocation_time: date_time_ymd(2026, 1, 2),
                reason_code: Some(*reason),
                invalidity_date: None,
            };
            let params = CertificateRevocationListParams {
                this_update: date_time_ymd(2026, 1, 1),
                next_update: date_time_ymd(2027, 1, 1),
                crl_number: SerialNumber::from(number),
                issuing_distribution_point: None,
                revoked_certs: revoked.iter().map(entry).collect(),
                key_identifier_method: KeyIdMethod::Sha256,
            };
            // A signature of the upper half of the curve's order is none here, and a CA makes none.
            let lower = |der: &Vec<u8>| {
                let list = RevocationList::read(der).unwrap();
                list.is_signed_by(self.certificate.key())
            };
            let mut made = std::iter::from_fn(|| {
                Some(params.clone().signed_by(&self.issuer).unwrap().der().to_vec())
            });
            made.find(lower).unwrap()
        }
    }

    #[test]
    fn whoever_was_revoked_asks_no_validator_that_has_the_list() {
        let (ca, other) = (Ca::new("issuing"), Ca::new("other"));
        let own = OwnList::new(PathBuf::from("issuing.crl"), ca.certificate.clone());
        let (good, lost, held) = (ca.leaf(0x1001), ca.leaf(0x1002), ca.leaf(0x1003));
        assert_eq!(own.permits(&good, NOW), Err(Code::Unavailable), "no list yet");
        let revoked = [
            (0x1002, RevocationReason::KeyCompromise),
            (0x1003, RevocationReason::CertificateHold),
        ];
        own.take(&ca.list(7, &revoked), NOW).unwrap();
        assert_eq!(own.permits(&good, NOW), Ok(()));
        assert_eq!(own.permits(&lost, NOW), Err(Code::CertificateRevoked));
        assert_eq!(own.permits(&held, NOW), Err(Code::CertificateSuspended));
        assert_eq!(own.permits(&other.leaf(0x1001), NOW), Err(Code::CertificateForeign));
        // Neither an older list nor one of somebody else takes its place.
        assert!(own.take(&ca.list(6, &[]), NOW).is_err());
        assert!(own.take(&other.list(8, &[]), NOW).is_err());
        assert!(own.take(b"noise", NOW).is_err());
        assert_eq!(own.permits(&lost, NOW), Err(Code::CertificateRevoked));
        // One that is over is told, and nobody is heard by it.
        assert_eq!(own.permits(&good, BEHIND), Err(Code::Unavailable));
        assert!(own.take(&ca.list(8, &[]), BEHIND).is_err());
        own.take(&ca.list(9, &[]), NOW).unwrap();
        assert_eq!(own.permits(&held, NOW), Ok(()), "it was released");
    }
}
