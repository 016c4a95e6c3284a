//! `ca-server release`

use super::host::Host;
use ca_host::operator::OperatorRequest;
use clap::Args;
use std::process::ExitCode;

#[derive(Args)]
#[command(after_help = "例 / example: ca-server release SERIAL --evidence TEXT")]
pub(super) struct Arguments {
    /// Serial number of the suspended certificate. 被冻结证书的序列号
    serial: String,
    /// What was looked at, in words; approvers see it. 核验依据，审批人员可见
    #[arg(long, value_parser = super::person::evidence)]
    evidence: String,
}

pub(super) async fn run(host: &Host, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { serial, evidence } = arguments;
    host.order(&OperatorRequest::Release { serial, evidence }).await
}
