//! Renewing a key of the CA's own services: the old key asks for the new one under the founding's standing
//! authorization. Operators start it for TLS keys, the status service for its OCSP key by itself.

use crate::CaConfig;
use crate::founding::write_private;
use crate::issuer::draft::{Draft, DraftResult, hand_in};
use crate::random;
use anyhow::Context;
use audit::label::Label;
use ca_api::Renew;
use keys::{SoftwareSigner, Stretch};
use pki::{CertificationRequest, Signer};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use store::Store;

/// Where a service keeps its key and certificate.
pub(crate) struct Place {
    /// Whose.
    pub(crate) service: &'static str,
    process: &'static str,
    key: PathBuf,
    /// The certificate with its chain, PEM.
    pub(crate) certificate: PathBuf,
    /// The passphrase's file, if the key is sealed.
    unlock: Option<PathBuf>,
}

impl Place {
    /// A service's TLS key.
    pub(crate) fn tls(config: &CaConfig, service: &'static str) -> Self {
        Self {
            service,
            process: service,
            key: config.path(&format!("{service}/tls.key")),
            certificate: config.path(&format!("{service}/tls.pem")),
            unlock: None,
        }
    }

    /// The key that signs OCSP answers.
    pub(crate) fn ocsp(config: &CaConfig) -> Self {
        Self {
            service: "status",
            process: "ocsp",
            key: config.path("status/ocsp.key"),
            certificate: config.path("status/ocsp.pem"),
            unlock: Some(config.path("status/unlock")),
        }
    }

    /// Opens the key.
    pub(crate) fn open(&self) -> anyhow::Result<SoftwareSigner> {
        Ok(match &self.unlock {
            Some(unlock) => keys::open(&self.key, &keys::passphrase_from_file(unlock)?)?,
            None => keys::open_plain(&self.key)?,
        })
    }

    fn save(&self, path: &Path, key: &SoftwareSigner) -> anyhow::Result<()> {
        match &self.unlock {
            Some(unlock) => {
                keys::save(path, key, &keys::passphrase_from_file(unlock)?, Stretch::Random)?;
            }
            None => keys::save_plain(path, key)?,
        }
        Ok(())
    }
}

/// Renews a place's key and certificate. What stops on the way loses nothing that is in use: key and
/// certificate lie beside their places first.
pub(crate) async fn renew(
    config: &CaConfig,
    store: &Store,
    place: &Place,
    micros: u64,
) -> anyhow::Result<DraftResult> {
    let (old, new) = (place.open()?, SoftwareSigner::generate_p256()?);
    let message = Box::new(ask(config, place, &old, &new)?);
    let result = hand_in(store, &Draft::Renew { message }, micros).await?;
    if result.refused.is_some() {
        return Ok(result);
    }
    let chain = chain_of(config, store, &result.serial).await?;
    let beside = PathBuf::from(format!("{}.renewed", place.key.display()));
    let _ = std::fs::remove_file(&beside);
    place.save(&beside, &new)?;
    let certificate = PathBuf::from(format!("{}.renewed", place.certificate.display()));
    let _ = std::fs::remove_file(&certificate);
    write_private(&certificate, chain.as_bytes())?;
    std::fs::rename(&beside, &place.key)?;
    std::fs::rename(&certificate, &place.certificate)?;
    Ok(result)
}

fn ask(
    config: &CaConfig,
    place: &Place,
    old: &SoftwareSigner,
    new: &SoftwareSigner,
) -> anyhow::Result<Renew> {
    let trust = crate::founding::trust(config)?;
    let request = CertificationRequest::build(new)?;
    let challenge = random::bytes::<16>()?;
    let digest = Sha256::digest(request.der());
    let message = [trust.founding.0.as_slice(), &challenge, digest.as_slice()].concat();
    Ok(Renew {
        authorization: format!("renew-{}-{}", place.service, place.process),
        challenge: challenge.into(),
        request: request.der().into(),
        asked_by: old.public_key().spki().into(),
        signature: audit::Bytes(Label::Use.sign(old, &message)?),
    })
}

/// Waits until the certificate of this serial number is there, and gives its chain in PEM.
async fn chain_of(config: &CaConfig, store: &Store, serial: &str) -> anyhow::Result<String> {
    for _ in 0..400 {
        let mut tx = store.read().await?;
        let found = store::row!(
            &mut tx,
            (Vec<u8>,),
            "select certificate from certificate where serial = $1",
            serial
        )?;
        drop(tx);
        if let Some((der,)) = found {
            let leaf = pki::Certificate::read(&der)?.pem();
            let read = |name: &str| -> anyhow::Result<String> {
                let path = config.path(&format!("public/ca/{name}.pem"));
                std::fs::read_to_string(&path).with_context(|| path.display().to_string())
            };
            return Ok([leaf, read(crate::founding::ISSUER)?, read("root")?].concat());
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    anyhow::bail!("the certificate did not come; next: ca-server status")
}
