//! `agent join`: makes the key on this machine, proves the token to the CA through the public
//! portal, and takes the certificate only with the log's proof that it was recorded.

use super::joined::joined;
use super::wording;
use crate::config::UpstreamAddress;
use crate::world::Marks;
use crate::{AgentConfig, random, write_file};
use anyhow::{Context, ensure};
use clap::Args;
use keys::SoftwareSigner;
use pki::path::{Usage, check};
use pki::{Certificate, Signer};
use records::Bytes;
use records::enrolment::CollectedCertificate;
use records::join::{Join, JoinFile};
use records::record::Event;
use service::Clock;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use system::layout::filled;
use system::speech;

/// What is the matter with a trust file whose root has no fingerprint.
const ROOT: &str = "信任文件中没有根证书指纹 / the trust file has no fingerprint of a root";

#[derive(Args)]
#[command(after_help = "例 / example: agent join JOINFILE --upstream 127.0.0.1:8000")]
pub(super) struct Arguments {
    /// The join file. 加入文件
    file: PathBuf,
    /// The application: address and port, or unix:/PATH; reachable from here only. 应用地址
    #[arg(long)]
    upstream: UpstreamAddress,
    /// Where people connect. 对外监听地址
    #[arg(long, default_value = "0.0.0.0:443")]
    listen: SocketAddr,
    /// Health, metrics and public keys of identity tokens. 管理地址
    #[arg(long, default_value = "127.0.0.1:9443")]
    admin: SocketAddr,
    /// Ask the log about each certificate, for applications of staff. 向日志查证证书
    #[arg(long)]
    witness: bool,
}

pub(super) async fn run(
    folder: &Path,
    json: bool,
    arguments: &Arguments,
) -> anyhow::Result<ExitCode> {
    let path = &arguments.file;
    // Its token is the gate's until it is spent: whoever reads it first joins in its place.
    let text = system::file::read_private(path).with_context(|| path.display().to_string())?;
    let file: JoinFile = serde_json::from_slice(&text).context(
        "这不是加入文件；下一步：ca-server agent register --help / this is no join file; \
             next: ca-server agent register --help",
    )?;
    ensure!(file.v == 1, "加入文件的版本不同 / this join file is of another version");
    let before = joined(folder).ok();
    if let Some(before) = &before {
        ensure!(
            before.order == file.order,
            "{0} 已按另一办件加入，请另选 --state / {0} joined under another order; choose another \
             --state",
            folder.display()
        );
    }
    let Arguments { upstream, listen, admin, witness, .. } = arguments;
    let mut config = AgentConfig::new(folder, *listen, *admin, upstream.clone());
    config.witness = *witness;
    if let Some(address) = config.named_twice() {
        // Said before the token is spent.
        anyhow::bail!(
            "--listen 与 --admin 不能同为 {address} / --listen and --admin are two addresses, and \
             not {address} both"
        );
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let (signer, message) = prepared(folder, &file)?;
    let answer = ask(&file, &message).await?;
    let leaf = accept(&file, &signer, &answer, Clock::system().seconds())?;
    let pem: String =
        answer.chain.iter().map(|der| pki::certificate::pem("CERTIFICATE", &der.0)).collect();
    write_file(&folder.join("tls.pem"), pem.as_bytes())?;
    if !folder.join("agent.toml").exists() {
        write_file(&folder.join("agent.toml"), toml(&config)?.as_bytes())?;
    }
    // What it will have seen begins here, and never again.
    if before.is_none() {
        Marks::found(&folder.join("marks.json"))?;
    }
    // The token is spent; what stays is whom to believe.
    let spent = JoinFile { token: Bytes::default(), ..file };
    write_file(&folder.join("joined.json"), &serde_json::to_vec_pretty(&spent)?)?;
    let _ = std::fs::remove_file(folder.join("join.pending"));
    say(json, (&spent, &leaf), &AgentConfig::read(folder)?, folder);
    Ok(ExitCode::SUCCESS)
}

/// The key and the one message of this join; both survive a lost answer, so that it can be asked
/// again.
fn prepared(folder: &Path, file: &JoinFile) -> anyhow::Result<(SoftwareSigner, Join)> {
    let (key, pending) = (folder.join("tls.key"), folder.join("join.pending"));
    if key.exists()
        && let Ok(kept) = std::fs::read(&pending)
    {
        let message: Join = serde_json::from_slice(&kept)?;
        return Ok((keys::open_plain(&key)?, message));
    }
    ensure!(
        !folder.join("tls.pem").exists(),
        "{0} 已加入；下一步：{1} / {0} has joined already; next: {1}",
        folder.display(),
        serve(folder).as_str()
    );
    let signer = if key.exists() {
        keys::open_plain(&key)?
    } else {
        let signer = SoftwareSigner::generate_p256()?;
        keys::save_plain(&key, &signer)?;
        signer
    };
    let request = keys::request(&signer)?.der().to_vec();
    let challenge = random::<16>()?;
    let value = authority::join_value(&file.token.0, &file.order.0, &challenge, &request);
    let message = Join {
        agent: file.agent.clone(),
        challenge: challenge.into(),
        request: Bytes(request),
        value: Bytes(value),
    };
    write_file(&pending, &serde_json::to_vec(&message)?)?;
    Ok((signer, message))
}

async fn ask(file: &JoinFile, message: &Join) -> anyhow::Result<CollectedCertificate> {
    let root = file.trust.root_sha256.digest().context(ROOT)?;
    let tls = mtls::tls::client(root, None)?;
    let client = mtls::Client::new(&file.trust.portal_public, Some(tls))?;
    let answer = portal_api::Public(client).join(message).await;
    answer.map_err(wording::called).context(
        "下一步：ca-server order list，待办件获批后再次加入 / \
         next: have the order approved (ca-server order list), then join again",
    )
}

/// The certificate is for our key and name, leads to the pinned root, and stands in the log.
fn accept(
    file: &JoinFile,
    signer: &SoftwareSigner,
    answer: &CollectedCertificate,
    now: u64,
) -> anyhow::Result<Certificate> {
    let chain: Result<Vec<_>, _> =
        answer.chain.iter().map(|der| Certificate::read(&der.0)).collect();
    let chain = chain?;
    let [leaf, between @ .., root] = chain.as_slice() else {
        anyhow::bail!("应答中没有证书链 / the answer has no chain")
    };
    let pinned = root.sha256().as_slice() == file.trust.root_sha256.0;
    ensure!(pinned, "根证书与信任文件不符 / the root is not the pinned one");
    check(leaf, between, root, now, Usage::Server)?;
    ensure!(
        leaf.key().sha256() == signer.public_key().sha256(),
        "证书属于另一密钥 / the certificate is for another key"
    );
    let name = format!("{}/agent", file.agent);
    ensure!(
        leaf.subject().common_name() == Some(name),
        "证书属于另一网关 / the certificate is for another agent"
    );
    let record = answer.evidence.open(&file.trust, "control")?;
    let Event::Issued { sha256, .. } = &record.event else {
        anyhow::bail!("日志证明的是另一件事 / the log proves something else")
    };
    ensure!(
        sha256.0 == leaf.sha256(),
        "日志证明的是另一张证书 / the log proves another certificate"
    );
    Ok(leaf.clone())
}

fn toml(config: &AgentConfig) -> anyhow::Result<String> {
    let text = format!(
        "# 网关代理配置；改后须重启。 The agent's configuration; restart after changes.\n\
         listen = \"{}\"\nadmin = \"{}\"\nupstream = \"{}\"\nwitness = {}\n",
        config.listen, config.admin, config.upstream, config.witness
    );
    Ok(text)
}

fn say(json: bool, (file, leaf): (&JoinFile, &Certificate), config: &AgentConfig, folder: &Path) {
    let until = records::time::seconds(leaf.not_after());
    if json {
        let value = serde_json::json!({
            "agent": file.agent, "application": file.application, "hosts": file.hosts,
            "serial": leaf.serial().to_string(), "not_after": until,
        });
        system::terminal::json(&value.to_string());
        return;
    }
    let joined = (filled("{} 已加入。", &[&file.agent]), filled("{} joined.", &[&file.agent]));
    speech::told("✓ ", &joined.0, &joined.1);
    speech::fact("  ", ("证书有效期至", "its certificate is good until"), wording::time(&until));
    let application = format!("{} ({})", file.application, file.hosts.join(", "));
    speech::fact("  ", ("应用系统", "application"), application);
    let listens = format!("{} ({})", config.listen, folder.join("agent.toml").display());
    speech::fact("  ", ("监听，改动在此", "listens, to be changed there"), listens);
    speech::next("  ", &serve(folder));
}

/// What is typed next, for the gate of this folder.
pub(super) fn serve(folder: &Path) -> speech::Command {
    speech::Command::new("agent --state {} serve", &[&folder.display().to_string()])
}
