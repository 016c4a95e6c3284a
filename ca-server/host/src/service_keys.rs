//! Renewing a key of the CA's own services: the old key asks for the new one under the founding's
//! standing authorization. Operators start it for TLS keys, the status service for its OCSP key by
//! itself.

use crate::durable::replace_private;
use crate::operator::{OperatorAnswer, OperatorRequest, ask};
use crate::{CaConfig, random};
use anyhow::Context;
use keys::{SoftwareSigner, Stretch};
use pki::Signer;
use records::join::{Renew, use_message};
use records::label::Label;
use records::{Code, Problem};
use service::fault;
use std::path::{Path, PathBuf};

/// Endings of what waits beside a key: the new key and chain, and the message that asked for them.
const NEXT: &str = "next";
const ASKED: &str = "asked";

/// Where a service keeps its key and certificate.
pub struct KeyPlace {
    /// The key belongs to this service.
    pub service: &'static str,
    process: &'static str,
    key: PathBuf,
    /// The certificate with its chain, PEM.
    pub certificate: PathBuf,
    /// The passphrase's file, if the key is sealed.
    unlock: Option<PathBuf>,
}

impl KeyPlace {
    /// The place of a service's TLS key and its certificate.
    pub fn tls(config: &CaConfig, service: &'static str) -> Self {
        Self {
            service,
            process: service,
            key: config.path(&format!("{service}/tls.key")),
            certificate: config.path(&format!("{service}/tls.pem")),
            unlock: None,
        }
    }

    /// The key that signs OCSP answers.
    pub fn ocsp(config: &CaConfig) -> Self {
        Self {
            service: "status",
            process: "ocsp",
            key: config.path("status/ocsp.key"),
            certificate: config.path("status/ocsp.pem"),
            unlock: Some(config.path("status/unlock")),
        }
    }

    /// Opens the private key of this place.
    pub fn open(&self) -> anyhow::Result<SoftwareSigner> {
        self.open_at(&self.key)
    }

    fn open_at(&self, path: &Path) -> anyhow::Result<SoftwareSigner> {
        Ok(match &self.unlock {
            Some(unlock) => keys::open(path, &keys::passphrase_from_file(unlock)?)?,
            None => keys::open_plain(path)?,
        })
    }

    /// What a TLS listener shows, after an exchange that was stopped is finished.
    pub fn identity(&self) -> anyhow::Result<mtls::tls::Identity> {
        self.finish()?;
        Ok(mtls::tls::Identity::from_files(&self.certificate, &self.key)?)
    }

    /// Puts a new pair in place: the key first, then the chain. A chain that waits says that both
    /// must go.
    pub fn finish(&self) -> anyhow::Result<()> {
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
        Ok(system::file::sync_folder(folder)?)
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
        replace_private(&self.beside(&self.key, ASKED), &serde_json::to_vec(message)?)
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

/// Renews a place's key and certificate. The new key and the one message that asks for it wait for
/// an answer beside the key in use, so that a lost answer can be asked for again and no use is lost
/// with its key; both files are then exchanged so that a kill in between leaves a pair that
/// [`KeyPlace::finish`] completes.
pub async fn renew(config: &CaConfig, place: &KeyPlace) -> anyhow::Result<OperatorAnswer> {
    place.finish()?;
    let old = place.open()?;
    let (new, message) = prepared(config, place, &old)?;
    let mut result = asked(config, message).await?;
    if result.refused.as_ref().and_then(Problem::known) == Some(Code::ChallengeUsed) {
        // The use counts and its certificate was abandoned in a crash: from now on the new key
        // asks.
        let message = asked_for(config, place, &new, &new)?;
        place.keep(&message)?;
        result = asked(config, message).await?;
    }
    if result.refused.is_some() {
        return Ok(result);
    }
    fault::point("renew-after-use");
    let chain = pem(&result.chain)?;
    replace_private(&place.beside(&place.certificate, NEXT), chain.as_bytes())?;
    place.finish()?;
    Ok(result)
}

/// Carries what a portal signed on its own host, whose certificate is over: the issuer hears it at
/// its own socket and judges it by the old key's signature alone, as every other renewal. Gives the
/// chain in PEM besides, empty where it was refused.
pub async fn renew_by_file(
    config: &CaConfig,
    message: Renew,
) -> anyhow::Result<(OperatorAnswer, String)> {
    let result = asked(config, message).await?;
    let chain = match result.refused {
        Some(_) => String::new(),
        None => pem(&result.chain)?,
    };
    Ok((result, chain))
}

/// The new key and the message that asks for its certificate: those that wait for an answer, or new
/// ones.
fn prepared(
    config: &CaConfig,
    place: &KeyPlace,
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
    let message = asked_for(config, place, old, &new)?;
    place.keep(&message)?;
    Ok((new, message))
}

fn asked_for(
    config: &CaConfig,
    place: &KeyPlace,
    old: &SoftwareSigner,
    new: &SoftwareSigner,
) -> anyhow::Result<Renew> {
    let trust = crate::trust(config)?;
    let request = keys::request(new)?;
    let challenge = random::bytes::<16>()?;
    let message = use_message(&trust.founding.0, &challenge, request.der());
    Ok(Renew {
        authorization: format!("renew-{}-{}", place.service, place.process),
        challenge: challenge.into(),
        request: request.der().into(),
        asked_by: old.public_key().spki().into(),
        signature: records::Bytes(Label::Use.sign(old, &message)?),
    })
}

async fn asked(config: &CaConfig, message: Renew) -> anyhow::Result<OperatorAnswer> {
    ask(config, &OperatorRequest::Renew { message: Box::new(message) }).await
}

/// A chain in PEM, leaf first.
fn pem(chain: &[records::Bytes]) -> anyhow::Result<String> {
    anyhow::ensure!(!chain.is_empty(), "the certificate did not come; next: ca-server status");
    chain.iter().map(|der| Ok(pki::Certificate::read(&der.0)?.pem())).collect()
}
