//! `ca-server bundle`

use super::host::Host;
use anyhow::Context;
use ca_host::operator::OperatorRequest;
use clap::Args;
use records::record::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Args)]
pub(super) struct Arguments {
    /// Folder with schema, rules, routes and examples of every application.
    folder: PathBuf,
    /// Version, higher than the one in force.
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

/// The files of a bundle, by name.
pub(crate) fn read(folder: &Path) -> anyhow::Result<Vec<File>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().context("name")?.to_string_lossy().into_owned();
        if path.is_file() && !name.starts_with('.') {
            let content =
                std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            files.push(File { name: format!("access/{name}"), content });
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}
