//! `ra-portal renew`: the old TLS key signs for the new one, under the portal's standing
//! authorization. The new key is made outside (`yinxin request --service`); this process reads keys
//! as PEM for TLS and has no signer of its own.

use super::{Process, trust};
use crate::config::PortalConfig;
use crate::state::client;
use anyhow::Context;
use ca_api::Renew;
use clap::Args;
use mtls::tls::Identity;
use pki::{Certificate, CertificationRequest};
use records::Bytes;
use records::join::use_message;
use records::label::Label;
use std::path::{Path, PathBuf};
use system::random;
use system::speech;

#[derive(Args)]
#[command(after_help = "例 / example: ra-portal --config portal.toml renew public \
                        --request new.csr --out new.pem")]
pub(super) struct Arguments {
    /// Whose certificate. 哪个进程的证书
    #[arg(value_enum)]
    process: Process,
    /// PKCS#10 of the new key, in PEM. 新密钥的证书请求
    #[arg(long)]
    request: PathBuf,
    /// Where the new chain goes; then put both files in place and restart. 新证书链写到何处
    #[arg(long)]
    out: PathBuf,
    /// Writes what is signed instead of asking, for the operator of the CA: the way back of an
    /// expired certificate. 只签名，交操作员办理
    #[arg(long)]
    signed_only: bool,
}

pub(super) async fn run(config: &PortalConfig, arguments: Arguments) -> anyhow::Result<()> {
    let own = arguments.process.config(config)?;
    let out = || arguments.out.display().to_string();
    // A renewal is had once: what cannot be written is not asked for.
    system::file::check_vacant(&arguments.out).with_context(out)?;
    let identity = || Identity::from_files(&config.path(&own.chain), &config.path(&own.key));
    let path = || arguments.request.display().to_string();
    let file = system::file::read_given(&arguments.request).with_context(path)?;
    let der = pki::pem::read_one(&file, pki::pem::Kind::Request).with_context(path)?;
    let request = CertificationRequest::read(&der).with_context(path)?;
    let trust = trust(config)?;
    let challenge = random::bytes::<16>().context("no randomness")?;
    let message = use_message(&trust.founding.0, &challenge, request.der());
    let old = Certificate::read(identity()?.leaf().context("certificate")?)?;
    let message = Renew {
        authorization: format!("renew-{}-portal-{}", config.portal, arguments.process.name()),
        challenge: challenge.into(),
        request: request.der().into(),
        asked_by: old.key().spki().into(),
        signature: Bytes(identity()?.sign(&Label::Use.message(&message))?),
    };
    if arguments.signed_only {
        return handed_over(&message, &arguments.out).with_context(out);
    }
    let issuer = ca_api::Issuer(client(&config.issuer, &trust, identity()?)?);
    let renewed = issuer.renew(&message).await?;
    let chain: anyhow::Result<String> =
        renewed.chain.iter().map(|der| Ok(Certificate::read(&der.0)?.pem())).collect();
    let chain = chain?;
    if let Err(error) = system::file::create(&arguments.out, chain.as_bytes()) {
        let zh = "已经更新，只是未能写出；新证书链如下，请存为该文件：";
        speech::said("", zh, "renewed, but not written; keep this as that file:");
        chain.lines().for_each(system::terminal::line);
        return Err(error).with_context(out);
    }
    speech::fact("", ("已更新", "renewed"), arguments.out.display());
    speech::said("", "下一步：替换证书与密钥后重启", "next: put chain and key in place, restart");
    Ok(())
}

/// Writes the signed message; it is no secret, and counts once.
fn handed_over(message: &Renew, path: &Path) -> anyhow::Result<()> {
    system::file::create(path, &serde_json::to_vec(message)?)?;
    speech::fact("", ("已签名", "signed"), path.display());
    speech::said("", "下一步：交证书机构的操作员办理", "next: the operator of the CA carries it");
    Ok(())
}
