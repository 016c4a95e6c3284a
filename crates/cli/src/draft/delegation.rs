//! `yinxin draft delegation`: an order that lends a role to somebody while its holder is on leave,
//! or ends that before its time. Neither of the two drafts it; two others approve it.

use super::desk::{Desk, typed_person};
use crate::exit::Failure;
use crate::files::Own;
use crate::output::Output;
use records::drafted::DraftContent;
use records::order::{DelegateBody, RoleAction};
use records::rules::Role;
use records::time::{read, typed_from, typed_until};

/// What happens to a delegation.
#[derive(clap::Subcommand)]
pub enum DelegationCommand {
    /// Lends a role to somebody while its holder is on leave. 代理审批
    Grant(DelegationArguments),
    /// Ends it before its time. 终止代理
    Withdraw(DelegationArguments),
}

/// Arguments of either.
#[derive(clap::Args)]
pub struct DelegationArguments {
    /// Person id of whoever acts. 代理人编号
    person: String,
    /// Person id of whoever is on leave. 被代理人编号
    #[arg(long)]
    absent: String,
    /// The role that is lent. 角色
    #[arg(long, value_parser = role)]
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
    #[command(flatten)]
    own: Own,
    /// Do not ask for confirmation. 不再确认
    #[arg(long)]
    yes: bool,
}

fn role(name: &str) -> Result<Role, String> {
    let names = Role::ALL.map(Role::name).join(", ");
    Role::from_name(name).ok_or_else(|| format!("one of {names}"))
}

fn first_second(text: &str) -> Result<String, String> {
    known(typed_from(text))
}

fn last_second(text: &str) -> Result<String, String> {
    known(typed_until(text))
}

fn known(time: String) -> Result<String, String> {
    read(&time).map(|_| time).ok_or_else(|| "YYYY-MM-DD".to_owned())
}

pub(super) async fn run(output: Output, command: &DelegationCommand) -> Result<(), Failure> {
    let (action, arguments) = match command {
        DelegationCommand::Grant(arguments) => (RoleAction::Grant, arguments),
        DelegationCommand::Withdraw(arguments) => (RoleAction::Withdraw, arguments),
    };
    let body = DelegateBody {
        action,
        person: typed_person(&arguments.person)?,
        absent: typed_person(&arguments.absent)?,
        role: arguments.role,
        scope: arguments.scope.clone(),
        from: arguments.from.clone(),
        until: arguments.until.clone(),
    };
    let desk = Desk::open(&arguments.own)?;
    let deputy = body.person.clone();
    let mut draft = desk.drafting((&DraftContent::Delegate(body), Vec::new()), Vec::new())?;
    draft.hearsay = desk.preview(&draft).await?;
    let made = desk.make(output, (draft, &deputy), arguments.yes).await?;
    desk.told(output, &made);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_beijing() {
        assert_eq!(first_second("2026-12-01").unwrap(), "2026-11-30T16:00:00Z");
        assert_eq!(last_second("2026-12-01").unwrap(), "2026-12-01T15:59:59Z");
        assert!(first_second("2026-13-01").is_err() && last_second("1.12.2026").is_err());
        assert!(role("registration-officer").is_ok() && role("official; x").is_err());
    }
}
