//! `ca-server role …`

use super::host::Host;
use ca_host::operator::OperatorRequest;
use clap::{Args, Subcommand};
use records::order::RoleAction;
use records::rules::Role;
use std::process::ExitCode;

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Grants a role over a unit and everything below it. 授予角色
    #[command(
        after_help = "例 / example: ca-server role grant PERSON unit-handler --scope sz-office"
    )]
    Grant(Holding),
    /// Withdraws a role. 撤回角色
    #[command(after_help = "例 / example: ca-server role withdraw PERSON auditor --scope shangluo")]
    Withdraw(Holding),
}

#[derive(Args)]
struct Holding {
    /// Person id. 人员编号
    person: String,
    /// official, unit-handler, registration-officer, pool-officer, system-administrator,
    /// security-administrator, auditor or application-owner. 角色
    #[arg(value_parser = role)]
    role: Role,
    /// Unit id: it holds there and below. 范围
    #[arg(long)]
    scope: String,
}

pub(super) fn role(name: &str) -> Result<Role, String> {
    let names = Role::ALL.map(Role::name).join(", ");
    Role::from_name(name).ok_or_else(|| format!("one of {names}"))
}

pub(super) async fn run(host: &Host, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let (action, holding) = match arguments.what {
        What::Grant(holding) => (RoleAction::Grant, holding),
        What::Withdraw(holding) => (RoleAction::Withdraw, holding),
    };
    let Holding { person, role, scope } = holding;
    host.order(&OperatorRequest::Role { action, person, role, scope }).await
}
