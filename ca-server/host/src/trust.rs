//! The trust file of a state directory, and what is checked by it.

use crate::config::CaConfig;
use anyhow::Context;
use keys::SoftwareSigner;
use records::trust::Trust;
use std::path::Path;
use tlog::VerifierKey;

/// Id of the first issuing CA.
pub const ISSUER: &str = "issuing-1";
/// The logs of this version.
pub const LOGS: [&str; 2] = ["control", "access"];

/// Reads the trust file of a state directory.
pub fn trust(config: &CaConfig) -> anyhow::Result<Trust> {
    let path = config.path("trust.json");
    let text = std::fs::read(&path).with_context(|| path.display().to_string())?;
    Ok(serde_json::from_slice(&text)?)
}

/// Reads a log's checkpoint key from the state directory.
pub fn checkpoint_key(
    folder: &Path,
    log: &str,
    origin: &str,
) -> anyhow::Result<(SoftwareSigner, VerifierKey)> {
    let passphrase = keys::passphrase_from_file(&folder.join("log/unlock"))?;
    let signer = keys::open(&folder.join(format!("log/{log}.key")), &passphrase)?;
    let public = pki::Signer::public_key(&signer).raw().try_into().context("not an Ed25519 key")?;
    Ok((signer, VerifierKey::new(origin, public)?))
}
