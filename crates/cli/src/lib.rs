//! `yinxin`, the command line of people: officials enrol with it, officers approve with it,
//! everybody reports a loss with it. It holds its user's own key and believes nobody but the trust
//! file.
//!
//! Never sends an enrolment code, never overwrites a key, never shows an order that the CA did not
//! sign. In reading order: [`request`], [`enroll`], [`approve`], [`decline`], [`cert`],
//! [`report_lost`], [`mod@audit`].

pub mod approve;
pub mod audit;
pub mod cert;
mod clock;
pub mod decline;
pub mod enroll;
mod exit;
mod files;
mod letter;
mod output;
pub mod passkey;
mod prompt;
pub mod report_lost;
pub mod request;

use ::records::decline::Outcome;
use clap::{Parser, Subcommand};
use exit::Failure;
use output::Output;
use std::process::ExitCode;

/// Your certificate: make a key, enrol, approve, export, report a loss. 数字证书命令行工具。
///
/// Exit codes: 0 done, 2 usage, 3 denied, 4 not found, 5 conflict, 6 unreachable.
#[derive(Parser)]
#[command(
    name = "yinxin",
    version,
    after_help = "Got a letter? / 收到信函？  yinxin enroll --letter FILE --key my.key --out my.pem\n\
                  An officer? / 登记人员？ yinxin approve --help"
)]
pub struct Arguments {
    /// Print JSON for machines. 输出 JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Makes a key and a request (PKCS#10). 生成密钥与证书请求
    Request(request::Arguments),
    /// From an enrolment letter to a certificate; run it again until it is there. 凭信函领证
    #[command(alias = "enrol")]
    Enroll(enroll::Arguments),
    /// Lists, shows and approves orders with your certificate key. 审批指令
    Approve(approve::Arguments),
    /// Sends an order back, with a reason. 退回指令
    Return(decline::Arguments),
    /// Rejects an order for good, with a reason. 驳回指令
    Reject(decline::Arguments),
    /// Passkeys for approving in the browser. 通行密钥
    #[command(subcommand)]
    Passkey(passkey::Command),
    /// Shows or exports certificates. 查看、导出证书
    Cert(cert::Arguments),
    /// Searches the log and exports evidence, with an auditor's certificate. 审计
    Audit(audit::Arguments),
    /// Reports a certificate lost: it is revoked at once. 挂失
    ReportLost(report_lost::Arguments),
}

/// Runs a command.
pub async fn run(arguments: Arguments) -> ExitCode {
    let output = Output::new(arguments.json);
    let done: Result<(), Failure> = match arguments.command {
        Command::Request(arguments) => request::run(output, &arguments),
        Command::Enroll(arguments) => enroll::run(output, &arguments).await,
        Command::Approve(arguments) => approve::run(output, &arguments).await,
        Command::Return(arguments) => decline::run(output, Outcome::Returned, &arguments).await,
        Command::Reject(arguments) => decline::run(output, Outcome::Rejected, &arguments).await,
        Command::Passkey(command) => passkey::run(output, &command).await,
        Command::Audit(arguments) => audit::run(output, &arguments).await,
        Command::Cert(arguments) => cert::run(output, &arguments),
        Command::ReportLost(arguments) => report_lost::run(output, &arguments).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(arguments.json),
    }
}
