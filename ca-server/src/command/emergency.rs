//! `ca-server emergency …`

use super::host::Host;
use anyhow::Context;
use ca_host::operator::OperatorRequest;
use clap::{Args, Subcommand};
use records::Bytes;
use records::order::EMERGENCY_SECONDS_MAX;
use std::process::ExitCode;

const MINUTE: u64 = 60;
/// The longest emergency in minutes.
const MINUTES_MAX: u64 = EMERGENCY_SECONDS_MAX / MINUTE;

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Lets named people past what rules deny them: once, for hours, recorded. 应急授权
    #[command(after_help = "例 / example: ca-server emergency open APPLICATION --person ID \
        --minutes 60 --evidence WHY")]
    Open {
        /// Application id. 应用编号
        application: String,
        /// Person id; more than one is fine. 人员编号，可多个
        #[arg(long = "person", required = true)]
        people: Vec<String>,
        /// Minutes from its begin on, 240 at most. 时长（分钟），至多 240
        #[arg(long, value_parser = clap::value_parser!(u64).range(1..=MINUTES_MAX))]
        minutes: u64,
        /// It begins at this time, RFC 3339 in UTC; now unless said. 开始时刻，默认现在
        #[arg(long)]
        from: Option<String>,
        /// Why; approvers see it. 事由，审批人员可见
        #[arg(long, value_parser = super::person::evidence)]
        evidence: String,
    },
    /// Closes the case of one: somebody looked at what passed by it. 核查结案
    #[command(after_help = "例 / example: ca-server emergency review DIGEST --evidence FINDING")]
    Review {
        /// Digest of its order, as records have it. 应急办件摘要
        #[arg(allow_hyphen_values = true)]
        order: String,
        /// What was found; approvers see it. 核查结果，审批人员可见
        #[arg(long, value_parser = super::person::evidence)]
        evidence: String,
    },
}

pub(super) async fn run(host: &Host, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let request = match arguments.what {
        What::Open { application, people, minutes, from, evidence } => {
            let begin = match from {
                Some(from) => records::time::read(&from).context(
                    "--from：如 2026-11-25T08:00:00Z / --from: like 2026-11-25T08:00:00Z",
                )?,
                None => host.clock.seconds(),
            };
            let [from, until] = [begin, begin + minutes * MINUTE].map(records::time::seconds);
            OperatorRequest::Emergency { application, people, from, until, evidence }
        }
        What::Review { order, evidence } => {
            let order = Bytes::read(&order).context("办件摘要不正确 / this is no digest")?;
            OperatorRequest::EmergencyReview { order, evidence }
        }
    };
    host.order(&request).await
}
