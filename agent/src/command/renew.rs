//! `agent renew`: a new key and certificate, asked for by the old key under the agent's order. The
//! new key and the one message wait for an answer, so that a lost one can be asked for again; both
//! files are then exchanged so that a kill in between leaves a pair that [`finish`] completes.

use super::joined::joined;
use super::renewal_due::is_due;
use super::status::certificate;
use super::wording;
use crate::{random, write_file};
use anyhow::{Context, ensure};
use authority::authorization_of;
use keys::SoftwareSigner;
use pki::path::{Usage, check};
use pki::{Certificate, Signer};
use records::Bytes;
use records::join::{JoinFile, Renew, use_message};
use records::label::Label;
use service::Clock;
use std::path::Path;
use std::process::ExitCode;
use system::speech;

/// The message that waits for its answer.
const PENDING: &str = "renew.pending";

/// Arguments of `agent renew`.
#[derive(clap::Args)]
#[command(after_help = "例 / example: agent renew")]
pub(super) struct Arguments {
    /// Only says by its exit code whether less than a third of its life is left. 只判断是否该更新
    #[arg(long)]
    is_due: bool,
}

pub(super) async fn run(
    folder: &Path,
    json: bool,
    arguments: &Arguments,
) -> anyhow::Result<ExitCode> {
    if arguments.is_due {
        return due(folder);
    }
    let file = joined(folder)?;
    finish(folder)?;
    let old = keys::open_plain(&folder.join("tls.key"))?;
    let (signer, message) = prepared(folder, &file, &old)?;
    let root = file
        .trust
        .root_sha256
        .digest()
        .context("信任文件中没有根证书指纹 / the trust file has no fingerprint of a root")?;
    let tls = mtls::tls::client(root, None)?;
    let client = mtls::Client::new(&file.trust.portal_public, Some(tls))?;
    let renewed = portal_api::Public(client).renew(&message).await.map_err(wording::called)?;
    let chain: Result<Vec<_>, _> =
        renewed.chain.iter().map(|der| Certificate::read(&der.0)).collect();
    let chain = chain?;
    let [leaf, between @ .., top] = chain.as_slice() else {
        anyhow::bail!("应答中没有证书链 / the answer has no chain")
    };
    ensure!(top.sha256() == root, "根证书与信任文件不符 / the root is not the pinned one");
    check(leaf, between, top, Clock::system().seconds(), Usage::Server)?;
    ensure!(
        leaf.key().sha256() == signer.public_key().sha256(),
        "证书属于另一密钥 / the certificate is for another key"
    );
    let pem: String = chain.iter().map(Certificate::pem).collect();
    write_file(&folder.join("tls.next.pem"), pem.as_bytes())?;
    finish(folder)?;
    std::fs::remove_file(folder.join(PENDING))?;
    let until = records::time::seconds(leaf.not_after());
    if json {
        let value = serde_json::json!({ "serial": leaf.serial().to_string(), "not_after": until });
        system::terminal::json(&value.to_string());
    } else {
        speech::fact("✓ ", ("已更新，有效期至", "renewed until"), wording::time(&until));
        let (zh, en) = ("运行中的网关几秒内自行换用", "a gate that runs shows it within seconds");
        speech::said("  ", zh, en);
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether it is time, for whoever runs this often: nobody is asked, and nothing is written.
fn due(folder: &Path) -> anyhow::Result<ExitCode> {
    let leaf = certificate(folder)?;
    Ok(match is_due(&leaf, Clock::system().seconds()) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// The new key and the message that asks for its certificate: those that wait for an answer, or new
/// ones.
fn prepared(
    folder: &Path,
    file: &JoinFile,
    old: &SoftwareSigner,
) -> anyhow::Result<(SoftwareSigner, Renew)> {
    let (next, pending) = (folder.join("tls.next.key"), folder.join(PENDING));
    if let Ok(kept) = std::fs::read(&pending)
        && let Ok(message) = serde_json::from_slice::<Renew>(&kept)
        && message.asked_by.0 == old.public_key().spki()
    {
        return Ok((keys::open_plain(&next)?, message));
    }
    for stale in [&pending, &next] {
        let _ = std::fs::remove_file(stale);
    }
    let signer = SoftwareSigner::generate_p256()?;
    keys::save_plain(&next, &signer)?;
    let request = keys::request(&signer)?.der().to_vec();
    let challenge = random::<16>()?;
    let message = use_message(&file.order.0, &challenge, &request);
    let message = Renew {
        authorization: authorization_of(&file.agent),
        challenge: challenge.into(),
        request: Bytes(request),
        asked_by: old.public_key().spki().into(),
        signature: Bytes(Label::Use.sign(old, &message)?),
    };
    write_file(&pending, &serde_json::to_vec(&message)?)?;
    Ok((signer, message))
}

/// Puts a new pair in place: the key first, then the chain. A chain that waits says that both must
/// go.
pub(super) fn finish(folder: &Path) -> anyhow::Result<()> {
    let path = |name: &str| folder.join(name);
    if !path("tls.next.pem").exists() {
        return Ok(());
    }
    if path("tls.next.key").exists() {
        std::fs::rename(path("tls.next.key"), path("tls.key"))?;
    }
    std::fs::rename(path("tls.next.pem"), path("tls.pem"))?;
    Ok(system::file::sync_folder(folder)?)
}
