//! Renewing a key of the CA's own services: the old key asks for the new one under the founding's standing
//! authorization. Operators start it for TLS keys, the status service for its OCSP key by itself.

use crate::CaConfig;
use crate::founding::write_private;
use crate::issuer::draft::{Draft, DraftResult, hand_in};
use crate::random;
use anyhow::Context;
use ca_api::Renew;
use keys::{SoftwareSigner, Stretch};
use pki::Signer;
use records::label::Label;
use records::{Code, Problem};
use service::fault;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use store::Store;

/// Endings of what waits beside a key: the new key and chain, and the message that asked for them.
const NEXT: &str = "next";
const ASKED: &str = "asked";

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
        self.open_at(&self.key)
    }

    fn open_at(&self, path: &Path) -> anyhow::Result<SoftwareSigner> {
        Ok(match &self.unlock {
            Some(unlock) => keys::open(path, &keys::passphrase_from_file(unlock)?)?,
            None => keys::open_plain(path)?,
        })
    }

    /// What a TLS listener shows, after an exchange that was stopped is finished.
    pub(crate) fn identity(&self) -> anyhow::Result<mtls::tls::Identity> {
        self.finish()?;
        Ok(mtls::tls::Identity::from_files(&self.certificate, &self.key)?)
    }

    /// Puts a new pair in place: the key first, then the chain. A chain that waits says that both must go.
    pub(crate) fn finish(&self) -> anyhow::Result<()> {
        let (key, chain) = (self.beside(&self.key, NEXT), self.beside(&self.certificate, NEXT));
        if !chain.exists() {
            return Ok(());
        }
        if key.exists() {
            std::fs::rename(key, &self.key)?;
        }
        fault::point("renew-half-exchanged");
        std::fs::rename(chain, &self.certificate)?;
        let _ = std::fs::remove_file(self.beside(&self.key, ASKED));
        let folder = self.key.parent().context("a key lies in a folder")?;
        Ok(std::fs::File::open(folder)?.sync_all()?)
    }

    fn beside(&self, path: &Path, ending: &str) -> PathBuf {
        PathBuf::from(format!("{}.{ending}", path.display()))
    }

    /// The message that waits for an answer.
    fn kept(&self) -> Option<Renew> {
        let kept = std::fs::read(self.beside(&self.key, ASKED)).ok()?;
        serde_json::from_slice(&kept).ok()
    }

    fn keep(&self, message: &Renew) -> anyhow::Result<()> {
        fresh(&self.beside(&self.key, ASKED), &serde_json::to_vec(message)?)
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

/// Renews a place's key and certificate. The new key and the one message that asks for it wait for an answer
/// beside the key in use, so that a lost answer can be asked for again and no use is lost with its key; both
/// files are then exchanged so that a kill in between leaves a pair that [`Place::finish`] completes.
pub(crate) async fn renew(
    config: &CaConfig,
    store: &Store,
    place: &Place,
    micros: u64,
) -> anyhow::Result<DraftResult> {
    place.finish()?;
    let old = place.open()?;
    let (new, message) = prepared(config, place, &old)?;
    let mut result = hand_in(store, &Draft::Renew { message: Box::new(message) }, micros).await?;
    if result.refused.as_ref().and_then(Problem::known) == Some(Code::ChallengeUsed) {
        // The use counts and its certificate was abandoned in a crash: from now on the new key asks.
        let message = ask(config, place, &new, &new)?;
        place.keep(&message)?;
        result = hand_in(store, &Draft::Renew { message: Box::new(message) }, micros).await?;
    }
    if result.refused.is_some() {
        return Ok(result);
    }
    fault::point("renew-after-use");
    let chain = chain_of(config, store, &result.serial).await?;
    fresh(&place.beside(&place.certificate, NEXT), chain.as_bytes())?;
    place.finish()?;
    Ok(result)
}

/// The new key and the message that asks for its certificate: those that wait for an answer, or new ones.
fn prepared(
    config: &CaConfig,
    place: &Place,
    old: &SoftwareSigner,
) -> anyhow::Result<(SoftwareSigner, Renew)> {
    let next = place.beside(&place.key, NEXT);
    if let Some(message) = place.kept() {
        let new = place.open_at(&next)?;
        let asker = message.asked_by.0.as_slice();
        if [old, &new].iter().any(|key| key.public_key().spki() == asker) {
            return Ok((new, message));
        }
    }
    let _ = std::fs::remove_file(&next);
    let new = SoftwareSigner::generate_p256()?;
    place.save(&next, &new)?;
    let message = ask(config, place, old, &new)?;
    place.keep(&message)?;
    Ok((new, message))
}

/// Writes a file that only its owner reads, durable before it has its name.
fn fresh(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let beside = PathBuf::from(format!("{}.part", path.display()));
    let _ = std::fs::remove_file(&beside);
    write_private(&beside, bytes)?;
    Ok(std::fs::rename(&beside, path)?)
}

fn ask(
    config: &CaConfig,
    place: &Place,
    old: &SoftwareSigner,
    new: &SoftwareSigner,
) -> anyhow::Result<Renew> {
    let trust = crate::founding::trust(config)?;
    let request = keys::request(new)?;
    let challenge = random::bytes::<16>()?;
    let digest = Sha256::digest(request.der());
    let message = [trust.founding.0.as_slice(), &challenge, digest.as_slice()].concat();
    Ok(Renew {
        authorization: format!("renew-{}-{}", place.service, place.process),
        challenge: challenge.into(),
        request: request.der().into(),
        asked_by: old.public_key().spki().into(),
        signature: records::Bytes(Label::Use.sign(old, &message)?),
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
