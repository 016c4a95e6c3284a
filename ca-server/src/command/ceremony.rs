//! `ca-server ceremony …`: what needs the root key. It is brought for this, and taken away again.

use super::host::Host;
use anyhow::Context;
use ca_host::lists::{self, ListOf};
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
    let der = std::fs::read(&path).with_context(|| path.display().to_string())?;
    let root = Certificate::read(&der)?;
    anyhow::ensure!(
        signer.public_key().sha256() == root.key().sha256(),
        "{0} 不是本市根证书的密钥 / {0} is not the key of this city's root",
        key.display()
    );
    let mut tx = host.store.write().await?;
    let last = ca_store::table::list::last_number(&mut tx, "root").await?;
    let number = last.context("没有根证书的列表 / no list of the root")? + 1;
    let now = host.clock.seconds();
    let list =
        lists::empty(&host.config, "root", &root, &signer, (number, now), lists::ROOT_LIST_HOURS)?;
    ca_store::crl::insert(&mut tx, "ceremony", host.clock.micros(), "root", &list).await?;
    tx.commit().await?;
    lists::publish(&host.config.path("public"), ListOf::Root, &list)?;
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
