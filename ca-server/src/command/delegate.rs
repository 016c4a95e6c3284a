//! `ca-server delegate …`

use super::host::Host;
use ca_host::operator::OperatorRequest;
use clap::{Args, Subcommand};
use records::order::{DelegateBody, RoleAction};
use records::rules::Role;
use records::time::BEIJING_SECONDS;
use std::process::ExitCode;

/// A day in seconds.
const DAY: u64 = 86_400;

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Lends a role to somebody while its holder is on leave. 代理审批
    Grant(Lent),
    /// Ends it before its time. 终止代理
    Withdraw(Lent),
}

#[derive(Args)]
struct Lent {
    /// Person id of whoever acts. 代理人编号
    person: String,
    /// Person id of whoever is on leave. 被代理人编号
    #[arg(long)]
    absent: String,
    /// The role that is lent. 角色
    #[arg(long, value_parser = super::role::role)]
    role: Role,
    /// Unit id, as they hold it. 范围
    #[arg(long)]
    scope: String,
    /// First day in Beijing, YYYY-MM-DD. 起始日
    #[arg(long, value_parser = first_second)]
    from: String,
    /// Last day, 30 days later at most. 截止日
    #[arg(long, value_parser = last_second)]
    until: String,
}

fn first_second(day: &str) -> Result<String, String> {
    midnight(day).map(records::time::seconds)
}

fn last_second(day: &str) -> Result<String, String> {
    midnight(day).map(|begin| records::time::seconds(begin + DAY - 1))
}

fn midnight(day: &str) -> Result<u64, String> {
    let utc = records::time::read(&format!("{day}T00:00:00Z"));
    utc.and_then(|utc| utc.checked_sub(BEIJING_SECONDS)).ok_or_else(|| "YYYY-MM-DD".to_owned())
}

pub(super) async fn run(host: &Host, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let (action, lent) = match arguments.what {
        What::Grant(lent) => (RoleAction::Grant, lent),
        What::Withdraw(lent) => (RoleAction::Withdraw, lent),
    };
    let Lent { person, absent, role, scope, from, until } = lent;
    let body = Box::new(DelegateBody { action, person, absent, role, scope, from, until });
    host.order(&OperatorRequest::Delegate { body }).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_beijing() {
        assert_eq!(first_second("2026-12-01").unwrap(), "2026-11-30T16:00:00Z");
        assert_eq!(last_second("2026-12-01").unwrap(), "2026-12-01T15:59:59Z");
        assert!(first_second("2026-13-01").is_err() && last_second("1.12.2026").is_err());
    }
}
