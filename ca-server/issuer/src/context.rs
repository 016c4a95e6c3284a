//! What the issuer holds besides its state: keys, certificates, addresses. Nothing here changes
//! while the process runs.

use crate::seal::SealKey;
use anyhow::{Context as _, ensure};
use ca_host::clock_guard::ClockGuard;
use ca_host::prepare::Addresses;
use ca_host::{CaConfig, ISSUER};
use ca_store::keep;
use keys::SoftwareSigner;
use pki::weak_key::KeyList;
use pki::{Certificate, Signer};
use records::Bytes;
use records::number::NumberKey;
use records::trust::Trust;
use service::Clock;
use std::path::Path;
use zeroize::Zeroizing;

/// Keys, certificates and addresses of the issuing CA.
pub(crate) struct IssuanceContext {
    pub(crate) config: CaConfig,
    pub(crate) clock_guard: ClockGuard,
    pub(crate) trust: Trust,
    pub(crate) founding: [u8; 32],
    pub(crate) issuing: SoftwareSigner,
    pub(crate) registry: SoftwareSigner,
    pub(crate) seal: SealKey,
    pub(crate) numbers: NumberKey,
    pub(crate) weak_keys: KeyList,
    pub(crate) root_certificate: Certificate,
    pub(crate) issuing_certificate: Certificate,
    pub(crate) registry_certificate: Certificate,
}

impl IssuanceContext {
    /// Opens the keys of the role; `secret` is the seal key.
    pub(crate) fn open(config: CaConfig, (clock, secret): (Clock, &[u8])) -> anyhow::Result<Self> {
        let folder = config.path("issuer");
        let time = (folder.join("time"), keep::time_key(secret));
        let passphrase = keys::passphrase_from_file(&folder.join("unlock"))?;
        let certificate = |name: &str| -> anyhow::Result<Certificate> {
            let path = config.path(&format!("public/ca/{name}.cer"));
            let der = std::fs::read(&path).with_context(|| path.display().to_string())?;
            Certificate::read(&der).with_context(|| path.display().to_string())
        };
        let trust = ca_host::trust(&config)?;
        let context = Self {
            founding: trust.founding.digest().context("trust file")?,
            issuing: keys::open(&folder.join("issuing.key"), &passphrase)?,
            registry: keys::open(&folder.join("registry.key"), &passphrase)?,
            seal: SealKey::read(&folder.join("seal.key"))?,
            numbers: number_key(&folder.join("number.key"))?,
            weak_keys: ca_host::weak_keys(&config)?,
            root_certificate: certificate("root")?,
            issuing_certificate: certificate(ISSUER)?,
            registry_certificate: certificate("registry")?,
            trust,
            clock_guard: keep::clock_guard(&config, clock, (&time.0, &time.1))?,
            config,
        };
        ensure!(
            context.issuing.public_key().sha256() == context.issuing_certificate.key().sha256(),
            "the issuing key does not belong to the issuing certificate"
        );
        Ok(context)
    }

    /// Addresses that stand in certificates.
    pub(crate) fn addresses(&self) -> Addresses {
        self.config.addresses(ISSUER)
    }

    /// A leaf with its issuers up to the root.
    pub(crate) fn chain(&self, leaf: &[u8]) -> Vec<Bytes> {
        let issuers = [self.issuing_certificate.der(), self.root_certificate.der()];
        [leaf].into_iter().chain(issuers).map(Bytes::from).collect()
    }
}

/// The key for national numbers: 32 bytes that never leave this host.
fn number_key(path: &Path) -> anyhow::Result<NumberKey> {
    let bytes = Zeroizing::new(ca_host::durable::read_private(path)?);
    NumberKey::new(&bytes).with_context(|| format!("{}: not 32 bytes", path.display()))
}
