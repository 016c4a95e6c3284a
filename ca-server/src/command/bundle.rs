//! `ca-server bundle`

use super::host::Host;
use crate::rule_files::read;
use anyhow::Context;
use ca_host::operator::OperatorRequest;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Args)]
#[command(after_help = "例 / example: ca-server bundle policies/access --version 2")]
pub(super) struct Arguments {
    /// Folder with schema, rules, routes and examples of every application. 规则包文件夹
    folder: PathBuf,
    /// Version, higher than the one in force. 版本，须高于现行版本
    #[arg(long)]
    version: u32,
}

pub(super) async fn run(host: &Host, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let files = read(&arguments.folder)?;
    let pairs = files.iter().map(|file| (file.name.clone(), file.content.clone()));
    policy::Bundle::read(arguments.version, pairs)
        .with_context(|| arguments.folder.display().to_string())?;
    host.order(&OperatorRequest::Bundle { version: arguments.version, files }).await
}
