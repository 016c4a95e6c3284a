//! What operators of an agent type: `join`, `renew`, `serve`, `status`, `doctor`, `logs`, `policy`.

mod doctor;
mod heart;
mod join;
mod joined;
mod logs;
mod policy;
mod renew;
mod renewal_due;
mod serve;
mod status;
mod wording;

use clap::{CommandFactory, Parser, Subcommand};
use service::config::ConfigError;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::ExitCode;
use system::completions::Completions;
use system::language::help_of_typed;
use system::layout::filled;
use system::speech;

/// Stands in front of an application: authenticates, authorizes, records, then forwards. 网关代理。
///
/// Exit codes: 0 done or permitted, 1 failed, 2 usage, 3 denied.
/// 退出码：0 完成或允许，1 失败，2 用法，3 拒绝。
#[derive(Parser)]
#[command(
    name = "agent",
    version,
    after_help = "Got a join file / 收到加入文件: agent join FILE --upstream 127.0.0.1:8000"
)]
pub struct Arguments {
    /// State directory: /var/lib/yinxin-agent for root, else ~/.local/state/yinxin-agent. 状态目录
    #[arg(long, env = "YINXIN_AGENT", global = true)]
    state: Option<PathBuf>,
    /// Print JSON for machines, as docs/json.md says. 输出 JSON，成员见 docs/json.md
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
    Renew(renew::Arguments),
    /// Stands in front of the application. 运行
    #[command(after_help = "例 / example: agent serve")]
    Serve,
    /// What this gate is, and how it says it is: exit code 1 if it is not ready. 状态
    #[command(after_help = "例 / example: agent status")]
    Status,
    /// Looks whether it can work here, and says what mends what is wrong. 检查
    #[command(after_help = "例 / example: agent doctor")]
    Doctor,
    /// The newest records that lie in its spool. 记录
    Logs(logs::Arguments),
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
    let state = state.unwrap_or_else(usual);
    let done = match command {
        Command::Join(arguments) => join::run(&state, json, &arguments).await,
        Command::Renew(arguments) => renew::run(&state, json, &arguments).await,
        Command::Serve => serve::run(&state).await,
        Command::Status => status::run(&state, json).await,
        Command::Doctor => doctor::run(&state, json).await,
        Command::Logs(arguments) => logs::run(&state, &arguments),
        Command::Policy { what } => policy::run(&state, json, &what),
        Command::Completions(wanted) => {
            wanted.write(Arguments::command()).map(|()| ExitCode::SUCCESS).map_err(Into::into)
        }
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            complain(&error, json);
            ExitCode::FAILURE
        }
    }
}

/// What could not be done: for people with what to type next, for machines as one document.
fn complain(error: &anyhow::Error, json: bool) {
    if json {
        let (zh, en) = speech::caused(error.chain());
        let told = serde_json::json!({ "code": "failed", "zh": zh, "en": en });
        return system::terminal::json_complaint(&told.to_string());
    }
    match error.downcast_ref::<ConfigError>() {
        Some(ConfigError::File { path, error }) if error.kind() == ErrorKind::NotFound => {
            let path = path.display().to_string();
            let zh = filled("没有 {}：此处没有网关。", &[&path]);
            let en = filled("There is no {}: no gate lies here.", &[&path]);
            speech::failed("✗ ", &zh, &en);
            speech::next_after_failure("  ", "agent join --help");
        }
        _ => {
            let next = help_of_typed::<Arguments>();
            speech::broke_off_before("agent: ", error.chain(), &next);
        }
    }
}

/// Where a gate keeps its state, unless somebody says otherwise: what the service manager names, or
/// a folder of the machine or the user, and never one that follows from where a command is typed.
fn usual() -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let is_root = rustix::process::geteuid().is_root();
    usual_of(is_root, &variable)
}

fn usual_of(is_root: bool, variable: &dyn Fn(&str) -> Option<PathBuf>) -> PathBuf {
    const NAME: &str = "yinxin-agent";
    let absolute = |name: &str| variable(name).filter(|path| path.is_absolute());
    let of_system = PathBuf::from("/var/lib").join(NAME);
    if let Some(managed) = absolute("STATE_DIRECTORY") {
        return managed;
    }
    if is_root {
        return of_system;
    }
    let of_user = absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state")));
    of_user.map_or(of_system, |base| base.join(NAME))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The state of a gate lies in no folder that depends on where somebody stands.
    #[test]
    fn the_state_directory_follows_from_no_working_directory() {
        let with = |is_root, set: &[(&str, &str)]| {
            usual_of(is_root, &|name| {
                set.iter().find(|(key, _)| *key == name).map(|(_, value)| PathBuf::from(value))
            })
        };
        type Case = (bool, &'static [(&'static str, &'static str)], &'static str);
        let cases: [Case; 6] = [
            (true, &[("HOME", "/root")], "/var/lib/yinxin-agent"),
            (false, &[("HOME", "/home/a")], "/home/a/.local/state/yinxin-agent"),
            (false, &[("HOME", "/home/a"), ("XDG_STATE_HOME", "/s")], "/s/yinxin-agent"),
            (false, &[("HOME", "a"), ("XDG_STATE_HOME", "s")], "/var/lib/yinxin-agent"),
            (false, &[], "/var/lib/yinxin-agent"),
            (true, &[("STATE_DIRECTORY", "/var/lib/gate-2")], "/var/lib/gate-2"),
        ];
        for (is_root, set, wanted) in cases {
            assert_eq!(with(is_root, set), PathBuf::from(wanted), "{set:?}");
        }
    }

    #[test]
    fn every_text_of_the_help_is_english_then_chinese() {
        assert_eq!(system::language::one_sided(&Arguments::command()), [""; 0]);
    }
}
