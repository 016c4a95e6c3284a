//! The CA's list as a second validator has it: a file that a timer of its host fetches, since it
//! asks nobody by itself. Whoever stands in it is not heard, and while no list counts nobody is.
//!
//! The newest one that counted is kept beside that file, and no older one takes its place after a
//! restart either: whoever answers the timer may answer with a list of before. What is kept is
//! looked at each time: another process may have kept a newer one, and somebody may have put an
//! older one back.

use anyhow::{Context, ensure};
use data_encoding::HEXLOWER;
use pki::Certificate;
use pki::crl::RevocationList;
use records::Code;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use system::file::read_at_most;

/// So many bytes a list has at most: entries of three million certificates.
const LIST_BYTES_MAX: u64 = 128 << 20;

/// The file, whose list it must be, and the newest one that was.
pub(super) struct OwnList {
    path: PathBuf,
    /// The newest is kept in this file.
    floor: PathBuf,
    issuer: Certificate,
    newest: RwLock<Option<Arc<RevocationList>>>,
}

impl OwnList {
    /// The list of an issuing CA in a file, which is not read yet; what was kept of before is. One
    /// that is there and cannot be used is no missing one.
    pub(super) fn open(path: PathBuf, issuer: Certificate) -> anyhow::Result<Self> {
        let floor = floor_beside(&path, &issuer);
        let kept = kept(&floor, &issuer).with_context(|| floor.display().to_string())?;
        Ok(Self { path, floor, issuer, newest: RwLock::new(kept.map(Arc::new)) })
    }

    /// Reads the file; an error says why no list counts, or why what is there is not used.
    pub(super) fn read(&self, now: u64) -> anyhow::Result<()> {
        let path = self.path.display().to_string();
        let file = read_at_most(&self.path, LIST_BYTES_MAX).with_context(|| path.clone())?;
        self.take(&file, now).with_context(|| path)
    }

    fn take(&self, der: &[u8], now: u64) -> anyhow::Result<()> {
        let next = RevocationList::read(der)?;
        let is_ours = next.is_signed_by(self.issuer.key());
        ensure!(is_ours, "不是签发机构的吊销列表 / no list of the issuing CA");
        let kept = kept(&self.floor, &self.issuer).ok().flatten().map(Arc::new);
        if let Some(list) = &kept {
            self.raise(list);
        }
        if let Some(before) = self.newest() {
            let (known, number) = (before.number(), next.number());
            ensure!(number >= known, "比已有的吊销列表旧 / older than the list that is known");
            let is_other = number == known && next.der() != before.der();
            ensure!(!is_other, "编号相同而内容不同 / another list under the number of a known one");
        }
        let is_kept = kept.is_some_and(|list| list.der() == next.der());
        // What takes away counts, whether or not it can be kept.
        let kept = if is_kept { Ok(()) } else { system::file::replace(&self.floor, next.der()) };
        let ends = next.next_update();
        self.raise(&Arc::new(next));
        kept.with_context(|| {
            let path = self.floor.display();
            format!(
                "吊销列表未能存于 {path}；重启后旧列表可能生效 / the list cannot be kept in {path}"
            )
        })?;
        ensure!(ends >= now, "吊销列表已过期 / the list is over");
        Ok(())
    }

    /// Whether a certificate is of this CA and does not stand in its list.
    pub(super) fn permits(&self, certificate: &Certificate, now: u64) -> Result<(), Code> {
        let list = self.newest().filter(|list| list.next_update() >= now);
        let list = list.ok_or(Code::Unavailable)?;
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

    fn newest(&self) -> Option<Arc<RevocationList>> {
        self.newest.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A list is the newest from now on, if it is newer than that.
    fn raise(&self, list: &Arc<RevocationList>) {
        let mut newest = self.newest.write().unwrap_or_else(PoisonError::into_inner);
        if newest.as_ref().is_none_or(|known| known.number() < list.number()) {
            *newest = Some(list.clone());
        }
    }
}

/// The file in which the newest list is kept: beside the one that is fetched, and another for each
/// CA, whose numbers are its own.
fn floor_beside(path: &Path, issuer: &Certificate) -> PathBuf {
    let ca = HEXLOWER.encode(&issuer.key().sha256()).chars().take(8).collect::<String>();
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".newest-{ca}"));
    path.with_file_name(name)
}

/// What was kept; nothing where there is no file.
fn kept(path: &Path, issuer: &Certificate) -> anyhow::Result<Option<RevocationList>> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        found => found?,
    };
    let list = RevocationList::read(&read_at_most(path, LIST_BYTES_MAX)?)?;
    let is_ours = list.is_signed_by(issuer.key());
    ensure!(is_ours, "不是签发机构的吊销列表 / no list of the issuing CA");
    Ok(Some(list))
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
        let folder = tempfile::tempdir().unwrap();
        let own = OwnList::open(folder.path().join("0.crl"), ca.certificate.clone()).unwrap();
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

    /// What is kept goes back for no process: another one of the host that fetches a list of before
    /// takes up the newer one, and a file that was put back while it runs is written again.
    #[test]
    fn what_is_kept_of_lists_goes_back_for_nobody() {
        let ca = Ca::new("issuing");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("0.crl");
        let open = || OwnList::open(path.clone(), ca.certificate.clone()).unwrap();
        let (one, other, lost) = (open(), open(), ca.leaf(0x1002));
        let older = ca.list(7, &[]);
        let newer = ca.list(8, &[(0x1002, RevocationReason::KeyCompromise)]);
        one.take(&newer, NOW).unwrap();
        assert!(other.take(&older, NOW).is_err());
        assert_eq!(other.permits(&lost, NOW), Err(Code::CertificateRevoked));
        assert_eq!(open().permits(&lost, NOW), Err(Code::CertificateRevoked));
        std::fs::write(floor_beside(&path, &ca.certificate), &older).unwrap();
        one.take(&newer, NOW).unwrap();
        assert_eq!(open().permits(&lost, NOW), Err(Code::CertificateRevoked));
    }

    /// Whoever answers the timer of the host with a list of before has it count no more after a
    /// restart than before one; what was kept and is damaged is no missing floor.
    #[test]
    fn a_restart_goes_back_to_no_older_list() {
        let (ca, other) = (Ca::new("issuing"), Ca::new("other"));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("0.crl");
        let open = |ca: &Ca| OwnList::open(path.clone(), ca.certificate.clone());
        let (good, lost) = (ca.leaf(0x1001), ca.leaf(0x1002));
        let own = open(&ca).unwrap();
        let newest = ca.list(7, &[(0x1002, RevocationReason::KeyCompromise)]);
        own.take(&newest, NOW).unwrap();
        let again = open(&ca).unwrap();
        for own in [&own, &again] {
            assert!(own.take(&ca.list(6, &[]), NOW).is_err());
            let forked = own.take(&ca.list(7, &[]), NOW).unwrap_err();
            assert!(format!("{forked:#}").contains("another list under the number"), "{forked:#}");
            assert_eq!(own.permits(&lost, NOW), Err(Code::CertificateRevoked));
            assert_eq!(own.permits(&good, NOW), Ok(()), "what was kept counts by itself");
        }
        let own = open(&other).unwrap();
        assert_eq!(own.permits(&good, NOW), Err(Code::Unavailable), "each CA has its own numbers");
        own.take(&other.list(1, &[]), NOW).unwrap();
        // What cannot be kept counts all the same, is told, and is kept once it can be.
        let floor = floor_beside(&path, &ca.certificate);
        std::fs::remove_file(&floor).unwrap();
        std::fs::create_dir(&floor).unwrap();
        let next = ca.list(8, &[(0x1001, RevocationReason::KeyCompromise)]);
        for _ in 0..2 {
            let told = again.take(&next, NOW).unwrap_err();
            assert!(format!("{told:#}").contains("cannot be kept"), "{told:#}");
            assert_eq!(again.permits(&good, NOW), Err(Code::CertificateRevoked));
        }
        assert!(open(&ca).is_err(), "what is there and cannot be read is no missing one");
        std::fs::remove_dir(&floor).unwrap();
        again.take(&next, NOW).unwrap();
        assert_eq!(open(&ca).unwrap().permits(&good, NOW), Err(Code::CertificateRevoked));
        for damaged in [b"".to_vec(), b"noise".to_vec(), other.list(9, &[])] {
            std::fs::write(&floor, damaged).unwrap();
            assert!(open(&ca).is_err());
        }
    }
}
