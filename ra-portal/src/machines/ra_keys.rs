//! The keys of the registration authority, for which devices encrypt by SCEP, with their
//! certificates: what of them is in memory, and how a file holds them.

use anyhow::{Context, bail, ensure};
use pki::Certificate;
use pki::pem::Kind;
use scep::{Envelope, MessageSigner, RaKey, ScepError};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use zeroize::Zeroizing;

/// A key that is in use.
pub(crate) struct RaInUse {
    /// The key.
    pub(crate) key: RaKey,
    /// Its certificate, as messages name it.
    pub(crate) own: MessageSigner,
    /// The same.
    pub(crate) certificate: Certificate,
    /// Whoever issued it.
    pub(crate) issuing: Certificate,
    /// What GetCACert answers.
    pub(crate) told: Vec<u8>,
}

/// The keys in use, the newest first.
#[derive(Default)]
pub(crate) struct RaKeys(RwLock<Vec<Arc<RaInUse>>>);

impl RaKeys {
    /// The newest.
    pub(crate) fn newest(&self) -> Option<Arc<RaInUse>> {
        self.all().first().cloned()
    }

    fn all(&self) -> Vec<Arc<RaInUse>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// They are these from now on.
    pub(crate) fn set(&self, all: Vec<Arc<RaInUse>>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = all;
    }

    /// The key of an envelope's content, by the one for which it is.
    pub(crate) fn content_key(
        &self,
        envelope: &Envelope,
    ) -> Result<(Arc<RaInUse>, Zeroizing<Vec<u8>>), ScepError> {
        let mut told = ScepError::Integrity;
        for one in self.all() {
            match one.key.content_key(envelope, &one.own) {
                Ok(key) => return Ok((one, key)),
                Err(error) => told = error,
            }
        }
        Err(told)
    }
}

/// Key and certificates of a file, if it is there.
pub(crate) fn read(place: &Path) -> anyhow::Result<Option<RaInUse>> {
    if !place.exists() {
        return Ok(None);
    }
    let about = || place.display().to_string();
    let file = Zeroizing::new(system::file::read_private(place).with_context(about)?);
    let key = Zeroizing::new(pki::pem::read_one(&file, Kind::Key).with_context(about)?);
    let chain = pki::pem::read(&file, Kind::Certificate).with_context(about)?;
    Ok(Some(RaInUse::of(&key, &chain).with_context(about)?))
}

impl RaInUse {
    fn of(key: &[u8], chain: &[Vec<u8>]) -> anyhow::Result<Self> {
        let [own, issuing, root] = chain else {
            bail!("应为本证书、签发机构和根证书 / leaf, issuing CA and root are expected")
        };
        let key = RaKey::from_pkcs8(key)?;
        let certificate = Certificate::read(own)?;
        ensure!(
            certificate.key().spki() == key.public_key().spki(),
            "证书与密钥不符 / the certificate is not that of the key"
        );
        Ok(Self {
            own: MessageSigner::read(own)?,
            issuing: Certificate::read(issuing)?,
            told: pki::est::certs_only(&[own, issuing, root])?,
            key,
            certificate,
        })
    }

    /// Whether two thirds of the life of its certificate are over.
    pub(crate) fn is_due(&self, now: u64) -> bool {
        let (from, until) = (self.certificate.not_before(), self.certificate.not_after());
        now >= from.saturating_add(until.saturating_sub(from) / 3 * 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair};

    /// What lies beside a key on the disk is its certificate, or it is not shown to any device.
    #[test]
    fn a_key_is_used_with_its_own_certificate_alone() {
        let key = RaKey::generate().unwrap();
        let other = KeyPair::generate().unwrap();
        let one = || {
            let params = CertificateParams::new(vec!["ra.test".to_owned()]).unwrap();
            params.self_signed(&other).unwrap().der().to_vec()
        };
        let refused =
            |chain: &[Vec<u8>]| RaInUse::of(key.pkcs8(), chain).err().unwrap().to_string();
        let foreign = refused(&[one(), one(), one()]);
        assert!(foreign.contains("the certificate is not that of the key"), "{foreign}");
        let short = refused(&[one()]);
        assert!(short.contains("leaf, issuing CA and root"), "{short}");
        let small = RaInUse::of(b"noise", &[one(), one(), one()]);
        assert!(small.is_err());
        assert!(RaKeys::default().newest().is_none());
        let place = tempfile::tempdir().unwrap();
        assert!(read(&place.path().join("none.pem")).unwrap().is_none());
    }
}
