//! `ca-server ceremony …`: what needs the root key. It is brought for this, and taken away again.

use super::host::Host;
use anyhow::Context;
use ca_host::lists::{self, ListOf};
use ca_host::operator::OperatorRequest;
use clap::{Args, Subcommand};
use pki::{Certificate, Signer};
use std::path::PathBuf;
use std::process::ExitCode;
use system::speech;

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Makes the root's next revocation list, good for a year. 签发根吊销列表
    #[command(
        after_help = "例 / example: ca-server ceremony root-list --key FILE --passphrase-file FILE"
    )]
    RootList {
        /// The root's key file. 根密钥
        #[arg(long)]
        key: PathBuf,
        /// File whose first line is its passphrase. 口令文件
        #[arg(long)]
        passphrase_file: PathBuf,
    },
}

pub(super) async fn run(host: &Host, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let What::RootList { key, passphrase_file } = arguments.what;
    let passphrase = keys::passphrase_from_file(&passphrase_file)?;
    let signer = keys::open(&key, &passphrase)?;
    let path = host.config.path("public/ca/root.cer");
    let der = system::file::read_given(&path).with_context(|| path.display().to_string())?;
    let root = Certificate::read(&der)?;
    anyhow::ensure!(
        signer.public_key().sha256() == root.key().sha256(),
        "{0} 不是本市根证书的密钥 / {0} is not the key of this city's root",
        key.display()
    );
    let (of, public) = (ListOf::Root, host.config.path("public"));
    let mut tx = host.store.read().await?;
    let rows = ca_store::crl::newest(&mut tx, of.name()).await?;
    drop(tx);
    let last = lists::newest(&public, of, root.key(), rows);
    let last = last.context("没有根证书签名的列表 / there is no list that the root signed")?;
    let number = lists::next_number(&last)
        .context("列表编号已用尽 / no number is left behind that of the root's last list")?;
    // The issuer takes it only if that is the time that it believes.
    let now = host.clock.seconds();
    let hours = lists::ROOT_LIST_HOURS;
    let list = lists::empty(&host.config, of.name(), &root, &signer, (number, now), hours)?;
    host.draft(&OperatorRequest::RootList { list: list.der().into() }).await?;
    lists::publish(&public, of, &list)?;
    let until = records::time::seconds(list.next_update());
    if host.json {
        system::terminal::json(
            &serde_json::json!({ "number": number, "next_update": until }).to_string(),
        );
    } else {
        speech::fact("", ("根吊销列表", "list of the root"), format!("#{number} → {until}"));
        speech::said("", "请将根密钥移回离线介质", "take the root key back offline");
    }
    Ok(ExitCode::SUCCESS)
}
