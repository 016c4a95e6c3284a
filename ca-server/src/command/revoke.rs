//! `ca-server revoke`

use super::host::Host;
use ca_host::operator::OperatorRequest;
use clap::Args;
use std::process::ExitCode;

#[derive(Args)]
#[command(after_help = "例 / example: ca-server revoke PERSON --reason superseded --evidence TEXT")]
pub(super) struct Arguments {
    /// Person id, or system:ID of a system. 人员编号，或 system:系统编号
    person: String,
    /// Serial number; may be given more than once. All of the person's if none is given; of a
    /// system at least one. 序列号，可多个；不写则为此人全部证书，系统证书须写明
    #[arg(long)]
    serial: Vec<String>,
    /// keyCompromise, affiliationChanged, superseded, cessationOfOperation or privilegeWithdrawn.
    /// 吊销原因
    #[arg(long)]
    reason: String,
    /// What was looked at, in words; approvers see it. 核验依据，审批人员可见
    #[arg(long, value_parser = super::person::evidence)]
    evidence: String,
}

pub(super) async fn run(host: &Host, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { person, serial, reason, evidence } = arguments;
    host.order(&OperatorRequest::Revoke { person, serials: serial, reason, evidence }).await
}
