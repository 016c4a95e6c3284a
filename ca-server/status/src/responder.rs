//! The key that answers for the issuing CA: taken up, and tested before it is used.

use anyhow::{Context, ensure};
use ca_host::service_keys::KeyPlace;
use keys::SoftwareSigner;
use pki::ocsp::IssuerHashes;
use pki::path::{Usage, check};
use pki::{Certificate, SerialNumber, Signer};
use quick_cache::sync::Cache;
use std::sync::{Arc, PoisonError, RwLock};

/// How far a clock may be behind the issuer's, in seconds.
pub(super) const CLOCK_SLACK: u64 = 300;
/// Most serial numbers that are remembered as issued.
const ISSUED_MAX: usize = 200_000;

/// A key with its certificate.
pub(super) struct Responder {
    pub(super) key: SoftwareSigner,
    /// SHA-256 of its certificate.
    pub(super) name: [u8; 32],
    pub(super) certificate: Certificate,
    pub(super) issuing: Certificate,
    pub(super) issuer: IssuerHashes,
}

impl Responder {
    pub(super) fn open(place: &KeyPlace) -> anyhow::Result<Self> {
        let file = std::fs::read(&place.certificate)
            .with_context(|| place.certificate.display().to_string())?;
        let blocks = pki::pem::read(&file, pki::pem::Kind::Certificate)
            .with_context(|| place.certificate.display().to_string())?;
        let [leaf, issuing, root] = blocks.as_slice() else {
            anyhow::bail!("{}: three certificates are expected", place.certificate.display())
        };
        let (certificate, issuing) = (Certificate::read(leaf)?, Certificate::read(issuing)?);
        let root = Certificate::read(root)?;
        let key = place.open()?;
        ensure!(key.public_key().sha256() == certificate.key().sha256(), "key and certificate");
        ensure!(certificate.purposes() == [pki::oid::OCSP_SIGNING], "its purpose is another");
        check(
            &certificate,
            std::slice::from_ref(&issuing),
            &root,
            certificate.not_before(),
            Usage::OcspSigning,
        )?;
        let name = certificate.sha256();
        Ok(Self { key, name, issuer: IssuerHashes::new(&issuing), certificate, issuing })
    }

    /// Whether half of its life is over.
    pub(super) fn is_due(&self, now: u64) -> bool {
        let (from, until) = (self.certificate.not_before(), self.certificate.not_after());
        now > from + (until - from) / 2
    }
}

/// The responder in use; none until there is one that holds.
pub(super) struct InUse(RwLock<Option<Arc<Responder>>>);

impl InUse {
    /// Takes up the key of a place. Without one the service still takes loss reports and tells
    /// agents what is new; whoever asks for an answer is asked to come again.
    pub(super) fn open(place: &KeyPlace) -> Self {
        let opened = place.finish().and_then(|()| Responder::open(place)).map(Arc::new);
        if let Err(error) = &opened {
            tracing::error!(error = format!("{error:#}"), "no OCSP key");
        }
        Self(RwLock::new(opened.ok()))
    }

    pub(super) fn load(&self) -> Option<Arc<Responder>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn store(&self, responder: Responder) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(responder));
    }
}

/// Serial numbers whose certificates were seen and verified.
pub(super) struct Issued(Cache<SerialNumber, ()>);

impl Default for Issued {
    fn default() -> Self {
        Self(Cache::new(ISSUED_MAX))
    }
}

impl Issued {
    pub(super) fn contains(&self, serial: &SerialNumber) -> bool {
        self.0.get(serial).is_some()
    }

    pub(super) fn remember(&self, serial: &SerialNumber) {
        self.0.insert(serial.clone(), ());
    }
}
