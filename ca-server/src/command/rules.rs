//! `ca-server profile FILE` and `ca-server approval-rules FILE`

use super::host::Host;
use anyhow::Context;
use ca_host::operator::OperatorRequest;
use clap::Args;
use records::rules::{ApprovalRules, check_approvers};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Args)]
pub(super) struct Arguments {
    /// The file, with a higher version than the one in force. 文件，版本须高于现行版本
    file: PathBuf,
}

impl Arguments {
    fn content(&self) -> anyhow::Result<String> {
        system::file::read_given_text(&self.file).with_context(|| self.file.display().to_string())
    }
}

pub(super) async fn profile(host: &Host, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let content = arguments.content()?;
    let named = || arguments.file.display().to_string();
    let profile = pki::CertificateProfile::read(&content).with_context(named)?;
    check_approvers(&profile).with_context(named)?;
    host.order(&OperatorRequest::Profile { content }).await
}

pub(super) async fn approval_rules(host: &Host, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let content = arguments.content()?;
    let named = || arguments.file.display().to_string();
    let rules = ApprovalRules::read(&content).with_context(named)?;
    rules.check_approvers().with_context(named)?;
    host.order(&OperatorRequest::ApprovalRules { content }).await
}
