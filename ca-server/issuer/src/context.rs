//! What the issuer holds besides its state: keys, certificates, addresses. Nothing here changes
//! while the process runs.

use crate::seal::SealKey;
use anyhow::{Context as _, ensure};
use ca_host::prepare::Addresses;
use ca_host::{CaConfig, ISSUER};
use keys::SoftwareSigner;
use pki::{Certificate, Signer};
use records::Bytes;
use records::trust::Trust;

/// Keys, certificates and addresses of the issuing CA.
pub(crate) struct IssuanceContext {
    pub(crate) config: CaConfig,
    pub(crate) trust: Trust,
    pub(crate) founding: [u8; 32],
    pub(crate) issuing: SoftwareSigner,
    pub(crate) registry: SoftwareSigner,
    pub(crate) seal: SealKey,
    pub(crate) root_certificate: Certificate,
    pub(crate) issuing_certificate: Certificate,
    pub(crate) registry_certificate: Certificate,
}

impl IssuanceContext {
    /// Opens the keys of the role.
    pub(crate) fn open(config: CaConfig) -> anyhow::Result<Self> {
        let folder = config.path("issuer");
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
            root_certificate: certificate("root")?,
            issuing_certificate: certificate(ISSUER)?,
            registry_certificate: certificate("registry")?,
            trust,
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
