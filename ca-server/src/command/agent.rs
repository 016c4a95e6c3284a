//! `ca-server agent …`

use super::host::Host;
use ca_host::operator::OperatorRequest;
use clap::{Args, Subcommand};
use records::Bytes;
use records::order::AgentBody;
use std::path::Path;
use std::process::ExitCode;
use system::speech;

/// How often an agent may renew by itself, unless told otherwise.
const RENEWALS: u32 = 40;
/// As many as the CA takes.
const RENEWALS_MAX: i64 = 10_000;

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Registers an agent in front of an application and writes its join file. 登记网关代理
    #[command(after_help = "例 / example: ca-server agent register gate-1 --unit U --application \
        A --host exchange.example --serves U")]
    Register {
        /// Agent id. 网关编号
        agent: String,
        /// Id of the unit that runs it. 运行单位
        #[arg(long)]
        unit: String,
        /// Application id: names its rules and the audience of identity tokens. 应用编号
        #[arg(long)]
        application: String,
        /// Host name of the application; more than one is fine. 应用的主机名，可多个
        #[arg(long = "host", required = true, value_parser = pki::host::Host::read_name)]
        hosts: Vec<String>,
        /// Unit whose people it serves, with everything below; more than one is fine. 服务的单位
        #[arg(long = "serves", required = true)]
        units: Vec<String>,
        /// How often its certificate may be renewed by its old key. 可由旧密钥更新的次数
        #[arg(
            long,
            default_value_t = RENEWALS,
            value_parser = clap::value_parser!(u32).range(0..=RENEWALS_MAX)
        )]
        renewals: u32,
    },
    /// Closes an agent: it gets no lists of people any more. 关闭网关代理
    #[command(after_help = "例 / example: ca-server agent close gate-1")]
    Close {
        /// Agent id. 网关编号
        agent: String,
    },
}

pub(super) async fn run(host: &Host, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let body = match arguments.what {
        What::Register { agent, unit, application, hosts, units, renewals } => AgentBody {
            action: "register".into(),
            agent,
            unit,
            application,
            hosts,
            units,
            token_sha256: Bytes::default(),
            renewals,
        },
        // The issuer fills in what is being closed, so that approvers see it.
        What::Close { agent } => AgentBody {
            action: "close".into(),
            agent,
            unit: String::new(),
            application: String::new(),
            hosts: Vec::new(),
            units: Vec::new(),
            token_sha256: Bytes::default(),
            renewals: 0,
        },
    };
    let mut result = host.draft(&OperatorRequest::Agent { body: Box::new(body) }).await?;
    if !result.letter.is_empty() {
        result.letter = host.config.path(&result.letter).display().to_string();
        if !host.json {
            speech::fact("", ("加入文件", "join file"), &result.letter);
            speech::said("", "批准后在网关主机上：", "once approved, on the agent's machine:");
            let file = speech::quoted(Path::new(&result.letter));
            system::say!("  agent join {file} --upstream 127.0.0.1:8000");
        }
    }
    super::print::order(&host.state(), &result, host.json)
}
