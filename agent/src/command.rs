//! What operators of an agent type: `join`, `renew`, `serve`, `policy`.

mod heart;
mod join;
mod joined;
mod policy;
mod renew;
mod serve;
mod wording;

use clap::{CommandFactory, Parser, Subcommand};
use service::config::ConfigError;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::ExitCode;
use system::completions::Completions;
use system::layout::filled;
use system::speech;

/// Stands in front of an application: authenticates, authorizes, records, then forwards. 网关代理。
///
/// Exit codes: 0 done or permitted, 1 failed, 3 denied. 退出码：0 完成或允许，1 失败，3 拒绝。
#[derive(Parser)]
#[command(
    name = "agent",
    version,
    after_help = "Got a join file? / 收到加入文件？ agent join FILE --upstream 127.0.0.1:8000"
)]
pub struct Arguments {
    /// State directory. 状态目录
    #[arg(long, env = "YINXIN_AGENT", default_value = "agent", global = true)]
    state: PathBuf,
    /// Print JSON for machines. 输出 JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Joins under an order, with the join file from the CA host. 加入
    Join(join::Arguments),
    /// Renews the certificate: the old key asks for the new one. 证书更新
    Renew,
    /// Stands in front of the application. 运行
    Serve,
    /// Access rules. 访问规则
    Policy {
        #[command(subcommand)]
        what: policy::Policy,
    },
    /// Writes completions for a shell, or manual pages. 命令补全与手册页
    Completions(Completions),
}

/// Runs a command of `agent` to its end, and gives the exit code of the process.
pub async fn run(arguments: Arguments) -> ExitCode {
    let Arguments { state, json, command } = arguments;
    let done = match command {
        Command::Join(arguments) => join::run(&state, json, &arguments).await,
        Command::Renew => renew::run(&state, json).await,
        Command::Serve => serve::run(&state).await,
        Command::Policy { what } => policy::run(&state, json, &what),
        Command::Completions(wanted) => {
            wanted.write(Arguments::command()).map(|()| ExitCode::SUCCESS).map_err(Into::into)
        }
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            match error.downcast_ref::<ConfigError>() {
                Some(ConfigError::File { path, error }) if error.kind() == ErrorKind::NotFound => {
                    let path = path.display().to_string();
                    let zh = filled("没有 {}：此处没有网关。", &[&path]);
                    let en = filled("There is no {}: no gate lies here.", &[&path]);
                    speech::failed("✗ ", &zh, &en);
                    speech::next_after_failure("  ", "agent join --help");
                }
                _ => speech::broke_off("agent: ", error.chain()),
            }
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_of_the_help_is_english_then_chinese() {
        assert_eq!(system::language::one_sided(&Arguments::command()), [""; 0]);
    }
}
