//! `yinxin`, the command line of people: officials enrol with it, officers approve with it,
//! everybody reports a loss with it. It holds its user's own key and believes nobody but the trust
//! file.
//!
//! Never sends an enrolment code, never overwrites a key, never shows an order that the CA did not
//! sign, never signs what it did not show. In reading order: [`request`], [`enroll`], [`renew`],
//! [`approve`], [`decline`], [`revoke`], [`draft`], [`withdraw`], [`suspend`], [`cert`],
//! [`report_lost`], [`receipt`], [`mod@audit`], [`context`], [`mine`], [`desk`], [`connect`],
//! [`machine`], [`mod@trust`].

pub mod approve;
mod approving;
pub mod audit;
pub mod batch;
pub mod cert;
mod clock;
mod collected;
pub mod connect;
mod consent;
pub mod context;
mod contexts;
pub mod decline;
pub mod desk;
pub mod draft;
pub mod enroll;
mod exit;
mod facts;
mod files;
mod floors;
mod letter;
pub mod machine;
pub mod mine;
mod order;
mod output;
pub mod passkey;
mod prompt;
pub mod receipt;
pub mod renew;
pub mod report_lost;
pub mod request;
pub mod revoke;
mod serial;
pub mod suspend;
pub mod trust;
mod typed_text;
mod voice;
pub mod whoami;
pub mod withdraw;

use ::records::decline::Outcome;
use clap::{CommandFactory, Parser, Subcommand};
use exit::Failure;
use output::Output;
use std::process::ExitCode;
use system::completions::Completions;
use system::language::help_of_typed;

/// Your certificate: make a key, enrol, approve, export, report a loss. 数字证书命令行工具。
///
/// Exit codes: 0 done, 2 usage, 3 denied, 4 not found, 5 conflict, 6 unreachable.
/// 退出码：0 完成，2 用法，3 拒绝，4 未找到，5 冲突，6 无法连接。
#[derive(Parser)]
#[command(
    name = "yinxin",
    version,
    after_help = "收到密码信封 / got a letter: yinxin enroll --letter FILE --key my.key --out my.pem\n\
                  审批人员 / an officer: yinxin context add --help"
)]
pub struct Arguments {
    /// Print JSON for machines, as docs/json.md says. 输出 JSON，成员见 docs/json.md
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Makes a key and a request (PKCS#10). 生成密钥与证书请求
    Request(request::Arguments),
    /// From an enrolment letter to a certificate; run it again until it is there. 凭密码信封领证
    #[command(alias = "enrol")]
    Enroll(enroll::Arguments),
    /// Renews your certificate with its own key, for a new key. 续期
    Renew(renew::Arguments),
    /// Lists, shows and approves orders with your certificate key. 审批办件
    Approve(approve::Arguments),
    /// Makes one batch of all orders of a kind that wait for you. 合并成批
    Batch(batch::Arguments),
    /// Sends an order back, with a reason. 退回办件
    Return(decline::Arguments),
    /// Rejects an order for good, with a reason. 驳回办件
    Reject(decline::Arguments),
    /// Asks for a certificate to be revoked, with your signature. 申请吊销证书
    Revoke(revoke::Arguments),
    /// Drafts for your unit, with your signature: people, letters. 经办
    #[command(subcommand)]
    Draft(draft::DraftCommand),
    /// Takes back what you drafted by mistake. 撤回
    Withdraw(withdraw::Arguments),
    /// Suspends a certificate at once, by letter or with your key. 冻结证书
    Suspend(suspend::Arguments),
    /// Passkeys for approving in the browser. 通行密钥
    #[command(subcommand)]
    Passkey(passkey::PasskeyCommand),
    /// Shows or exports certificates. 查看、导出证书
    Cert(cert::Arguments),
    /// Your own page for approving, with your key, in your browser. 本机审批工作台
    Desk(desk::Arguments),
    /// Leads a port of this computer through a tunnel of a gate. 隧道
    Connect(connect::Arguments),
    /// Who you are at this computer, so that commands are short. 身份
    Context(context::Arguments),
    /// Says as whom commands act here. 当前身份
    Whoami(whoami::Arguments),
    /// Lists everything that exists in your name. 我名下的一切
    Mine(mine::Arguments),
    /// Writes completions for a shell, or manual pages. 命令补全与手册页
    #[command(after_help = "bash: yinxin completions bash > \
        ~/.local/share/bash-completion/completions/yinxin\n\
        man:  yinxin completions --man ~/.local/share/man/man1")]
    Completions(Completions),
    /// Searches the log and exports evidence, with an auditor's certificate. 审计
    Audit(audit::Arguments),
    /// Reports a certificate lost: it is revoked at once. 挂失
    ReportLost(report_lost::Arguments),
    /// The trust bundle, for applications that verify identities themselves. 信任包
    #[command(subcommand)]
    Trust(trust::TrustCommand),
    /// Receipts of losses and suspensions that somebody shows you. 回执
    #[command(subcommand)]
    Receipt(receipt::ReceiptCommand),
    /// Certificates of systems, for scripts: get the first one, renew it. 系统证书
    #[command(subcommand)]
    System(machine::MachineCommand),
}

/// Runs a command of `yinxin` to its end, and gives the exit code of the process.
pub async fn run(arguments: Arguments) -> ExitCode {
    let output = Output::new(arguments.json);
    let done: Result<(), Failure> = match arguments.command {
        Command::Request(arguments) => request::run(output, &arguments),
        Command::Enroll(arguments) => enroll::run(output, &arguments).await,
        Command::Renew(arguments) => renew::run(output, &arguments).await,
        Command::Approve(arguments) => approve::run(output, &arguments).await,
        Command::Batch(arguments) => batch::run(output, &arguments).await,
        Command::Return(arguments) => decline::run(output, Outcome::Returned, &arguments).await,
        Command::Reject(arguments) => decline::run(output, Outcome::Rejected, &arguments).await,
        Command::Revoke(arguments) => revoke::run(output, &arguments).await,
        Command::Draft(command) => draft::run(output, &command).await,
        Command::Withdraw(arguments) => withdraw::run(output, &arguments).await,
        Command::Suspend(arguments) => suspend::run(output, &arguments).await,
        Command::Passkey(command) => passkey::run(output, &command).await,
        Command::Audit(arguments) => audit::run(output, &arguments).await,
        Command::Context(arguments) => context::run(output, &arguments),
        Command::Connect(arguments) => connect::run(output, arguments).await,
        Command::Desk(arguments) => desk::run(output, arguments).await,
        Command::Whoami(arguments) => whoami::run(output, &arguments),
        Command::Mine(arguments) => mine::run(output, &arguments).await,
        Command::Completions(wanted) => wanted
            .write(Arguments::command())
            .map_err(|unwritten| exit::file_failure(&unwritten.path, &unwritten.error)),
        Command::Cert(arguments) => cert::run(output, &arguments),
        Command::ReportLost(arguments) => report_lost::run(output, &arguments).await,
        Command::Trust(command) => trust::run(output, &command).await,
        Command::Receipt(command) => receipt::run(output, &command).await,
        Command::System(command) => machine::run(output, &command).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.or_next(help_of_typed::<Arguments>()).tell(arguments.json),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use system::language::{SpokenLanguage, one_sided, without_example};

    #[test]
    fn every_text_of_the_help_is_english_then_chinese() {
        assert_eq!(one_sided(&Arguments::command()), [""; 0]);
        for spoken in [SpokenLanguage::Chinese, SpokenLanguage::English] {
            spoken.help(Arguments::command()).debug_assert();
        }
    }

    /// Who asks for help of a verb sees a command that runs; a test of commands runs each of them.
    #[test]
    fn the_help_of_each_verb_shows_an_example() {
        let without = without_example(&Arguments::command());
        let others = ["draft delegation grant", "draft delegation withdraw", "context use"];
        let others = others.iter().chain(&["completions"]).map(|verb| format!("yinxin {verb}"));
        assert_eq!(without, others.collect::<Vec<_>>());
    }

    /// The sources of a folder, each by its name below it.
    fn sources(folder: &std::path::Path, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path.file_name().unwrap().to_string_lossy().into_owned(), text));
            }
        }
    }

    /// Whoever acts with files that they named goes on with these: what is told next has them
    /// behind it, but for what is somebody else's to type, or of a context that is in use.
    #[test]
    fn what_is_told_next_runs_as_whoever_typed_before() {
        let mut texts = Vec::new();
        sources(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut texts);
        let takes_own_key = |told: &str| {
            let mut command = Arguments::command();
            for word in told.split(' ').skip(1) {
                let Some(verb) = command.find_subcommand(word).cloned() else { break };
                command = verb;
            }
            command.get_arguments().any(|one| one.get_id().as_str() == "context")
        };
        let begins = ["Command::new(", "yinxin "].join("\"");
        let mut bare = Vec::new();
        for (file, text) in &texts {
            let told = text.split(&begins).skip(1);
            let told = told.filter_map(|rest| Some(format!("yinxin {}", rest.split_once('"')?.0)));
            let told = told.filter(|told| !told.ends_with("--help") && takes_own_key(told));
            bare.extend(told.map(|told| (file.as_str(), told)));
        }
        bare.sort();
        let others = [("add.rs", "yinxin whoami"), ("passkey.rs", "yinxin approve {}")];
        assert_eq!(bare, others.map(|(file, told)| (file, told.to_owned())));
    }
}
