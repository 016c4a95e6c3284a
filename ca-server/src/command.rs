//! What operators type on the CA host. Commands ask the running issuer over its socket; only it
//! signs, verifies, records and executes. `init` alone opens keys itself.

mod agent;
mod bundle;
mod ceremony;
mod delegate;
mod doctor;
mod emergency;
mod host;
mod letter;
mod mode;
mod notice;
mod order;
mod person;
mod portal;
mod print;
mod release;
mod renew;
mod revoke;
mod role;
mod rules;
mod status;
mod system_setup;
mod systems;
mod unit;

use crate::serve::ServedRole;
use anyhow::Context;
use ca_host::CaConfig;
use clap::{CommandFactory, Parser, Subcommand};
use host::Host;
use service::Clock;
use std::path::PathBuf;
use std::process::ExitCode;
use system::completions::Completions;

/// Holds the keys and everything that decides: founds a city, issues, revokes, publishes, keeps the
/// accountability log. 证书签发服务器。
///
/// Exit codes: 0 done, 1 failed, 2 usage, 3 denied, 4 not found, 5 conflict, 6 nobody there.
/// 退出码：0 完成，1 失败，2 用法，3 拒绝，4 未找到，5 冲突，6 无人应答。
#[derive(Parser)]
#[command(
    name = "ca-server",
    version,
    after_help = "Begin with / 从这里开始: ca-server init --help"
)]
pub struct Arguments {
    /// State directory that `init` makes. 状态目录
    #[arg(long, env = "YINXIN_CA", default_value = "ca", global = true)]
    state: PathBuf,
    /// Print JSON for machines, as docs/json.md says. 输出 JSON，成员见 docs/json.md
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Founds a city from a plan: keys, root, issuing CA, first people, leaf 0 of the log. Once. 建立
    #[command(after_help = "例 / example: ca-server init --from plan.toml")]
    Init {
        /// The plan (TOML), as docs/founding.md says. 计划文件，写法见 docs/founding.md
        #[arg(long)]
        from: PathBuf,
    },
    /// Runs one role as its own process. 运行一个角色
    #[command(after_help = "例 / example: ca-server serve issuer")]
    Serve {
        #[command(subcommand)]
        role: ServedRole,
    },
    /// Drafts orders about units: create, move, close. 单位
    Unit(unit::Arguments),
    /// Drafts orders about people: create, move, leave; lists them. 人员
    Person(person::Arguments),
    /// Drafts orders that grant or withdraw a role. 角色
    Role(role::Arguments),
    /// Drafts orders that lend a role while its holder is on leave. 代理审批
    Delegate(delegate::Arguments),
    /// Drafts an order that puts a certificate profile in force. 证书模板
    Profile(rules::Arguments),
    /// Drafts an order that puts approval rules in force. 审批规则
    ApprovalRules(rules::Arguments),
    /// Drafts orders that register or close a portal. 门户
    Portal(portal::Arguments),
    /// Drafts orders that register or close an agent in front of an application. 网关代理
    Agent(agent::Arguments),
    /// Drafts orders that register or close a system that gets certificates by itself. 系统
    System(systems::Arguments),
    /// Drafts orders that say what gates make of a denial: observe, enforce, suspend. 访问模式
    Mode(mode::Arguments),
    /// Drafts orders that open an emergency of an application, or close its case. 应急
    Emergency(emergency::Arguments),
    /// Drafts an order that puts access rules in force. 访问规则
    Bundle(bundle::Arguments),
    /// Drafts an order that revokes a person's certificates. 吊销
    Revoke(revoke::Arguments),
    /// Drafts an order that releases a suspended certificate. 解除冻结
    Release(release::Arguments),
    /// Makes an enrolment letter for a person. 密码信封
    Letter(letter::Arguments),
    /// Lists, shows and exports orders; takes approvals that came as files. 办件与审批
    Order(order::Arguments),
    /// Sends a trial notice; lists what somebody was told. 通知
    Notice(notice::Arguments),
    /// Renews the certificate of one of the CA's own services. 服务证书更新
    Renew(renew::Arguments),
    /// What needs the root key. 根密钥仪式
    Ceremony(ceremony::Arguments),
    /// Says how the city stands, and what each process says of itself. 状态
    #[command(after_help = "例 / example: ca-server status")]
    Status,
    /// Replays the whole log, compares everything with it, and says what to do. 诊断
    Doctor(doctor::Arguments),
    /// Writes completions for a shell, or manual pages. 命令补全与手册页
    Completions(Completions),
}

/// Runs a command; what it prints and how it exits is decided here and nowhere else.
pub async fn run(arguments: Arguments) -> ExitCode {
    let (json, state) = (arguments.json, arguments.state.clone());
    match dispatch(arguments).await {
        Ok(code) => code,
        Err(error) => print::failure(&state, &error, json),
    }
}

async fn dispatch(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let clock = Clock::system();
    let path = arguments.state.join("ca.toml");
    if let Command::Init { from } = &arguments.command {
        crate::founding::init(from, &arguments.state, clock).await?;
        return print::founded(&arguments.state, arguments.json);
    }
    if let Command::Completions(wanted) = &arguments.command {
        wanted.write(Arguments::command())?;
        return Ok(ExitCode::SUCCESS);
    }
    let config = CaConfig::read(&path).with_context(|| {
        let state = arguments.state.display();
        format!(
            "{state} 不是状态目录；下一步：ca-server init --help / {state} is no state directory; \
             next: ca-server init --help"
        )
    })?;
    if matches!(arguments.command, Command::Serve { .. }) {
        service::start_logs();
    }
    // Held before a door, a floor or a journal is opened.
    let _place = match &arguments.command {
        Command::Serve { role } => Some(ca_host::RolePlace::hold(&config, role.name())?),
        _ => None,
    };
    let (own, waits) = match &arguments.command {
        // A loss is taken whatever the database does: `status` begins without.
        Command::Serve { role } => (role.database(&config), *role != ServedRole::Status),
        _ => (None, true),
    };
    let store = ca_store::reach(&config, own).await?;
    if waits {
        ca_store::bring_up_to_date(&store, &config, own).await?;
    }
    let host = Host { config, store, clock, json: arguments.json };
    match arguments.command {
        Command::Init { .. } | Command::Completions(_) => Ok(ExitCode::SUCCESS),
        Command::Serve { role } => {
            let Host { config, store, clock, .. } = host;
            crate::serve::serve(config, store, clock, role).await
        }
        Command::Unit(arguments) => unit::run(&host, arguments).await,
        Command::Person(arguments) => person::run(&host, arguments).await,
        Command::Role(arguments) => role::run(&host, arguments).await,
        Command::Delegate(arguments) => delegate::run(&host, arguments).await,
        Command::Profile(arguments) => rules::profile(&host, arguments).await,
        Command::ApprovalRules(arguments) => rules::approval_rules(&host, arguments).await,
        Command::Portal(arguments) => portal::run(&host, arguments).await,
        Command::Agent(arguments) => agent::run(&host, arguments).await,
        Command::System(arguments) => systems::run(&host, arguments).await,
        Command::Emergency(arguments) => emergency::run(&host, arguments).await,
        Command::Mode(arguments) => mode::run(&host, arguments).await,
        Command::Bundle(arguments) => bundle::run(&host, arguments).await,
        Command::Revoke(arguments) => revoke::run(&host, arguments).await,
        Command::Release(arguments) => release::run(&host, arguments).await,
        Command::Letter(arguments) => letter::run(&host, arguments).await,
        Command::Order(arguments) => order::run(&host, arguments).await,
        Command::Notice(arguments) => notice::run(&host, arguments).await,
        Command::Renew(arguments) => renew::run(&host, arguments).await,
        Command::Ceremony(arguments) => ceremony::run(&host, arguments).await,
        Command::Status => status::run(&host).await,
        Command::Doctor(arguments) => doctor::run(&host, arguments).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_of_the_help_is_english_then_chinese() {
        assert_eq!(system::language::one_sided(&Arguments::command()), [""; 0]);
    }

    /// A state that no order has lists nothing in silence, as if there were none.
    #[test]
    fn orders_are_listed_by_states_that_they_have() {
        let listed =
            |only| Arguments::try_parse_from(["ca-server", "order", "list", "--only", only]);
        for only in ["open", "done", "returned", "rejected", "withdrawn", "cancelled", "all"] {
            assert!(listed(only).is_ok(), "{only}");
        }
        assert!(listed("closed").is_err());
    }
}
