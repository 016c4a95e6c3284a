//! `ca-server unit …`

use super::host::Host;
use authority::Unit;
use ca_host::operator::OperatorRequest;
use clap::{Args, Subcommand};
use pki::name::{NameError, UnitName};
use records::order::UnitAction;
use std::collections::BTreeMap;
use std::process::ExitCode;
use system::speech;

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// A new unit below another. 新建单位
    #[command(
        after_help = "例 / example: ca-server unit create sz-tax --name NAME --parent shangzhou"
    )]
    Create {
        /// Id: lower-case letters, digits, hyphens. 编号：小写字母、数字、连字符
        unit: String,
        /// Name. 名称
        #[arg(long, value_parser = name)]
        name: String,
        /// Id of the unit above. 上级单位
        #[arg(long)]
        parent: String,
        /// It is a county: stands in certificates as the first OU. 县
        #[arg(long)]
        county: bool,
    },
    /// Moves a unit below another. 划转单位
    #[command(after_help = "例 / example: ca-server unit move sz-finance --parent shangluo")]
    Move {
        /// Id. 单位编号
        unit: String,
        /// Id of the new unit above. 新的上级单位
        #[arg(long)]
        parent: String,
    },
    /// Closes a unit: it takes no more people. 撤销单位
    #[command(after_help = "例 / example: ca-server unit close sz-finance")]
    Close {
        /// Id. 单位编号
        unit: String,
    },
    /// Lists units. 列出单位
    #[command(after_help = "例 / example: ca-server unit list")]
    List,
}

/// A name, or the character that is the matter with it.
fn name(text: &str) -> Result<String, NameError> {
    UnitName::read(text).map(|name| name.as_str().to_owned())
}

pub(super) async fn run(host: &Host, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let (action, unit, name, county, parent) = match arguments.what {
        What::Create { unit, name, parent, county } => {
            (UnitAction::Create, unit, name, county, parent)
        }
        What::Move { unit, parent } => (UnitAction::Move, unit, String::new(), false, parent),
        What::Close { unit } => (UnitAction::Close, unit, String::new(), false, String::new()),
        What::List => return list(host).await,
    };
    host.order(&OperatorRequest::Unit { action, unit, name, county, parent }).await
}

/// Units as authority holds them, by their ids.
async fn list(host: &Host) -> anyhow::Result<ExitCode> {
    let (authority, _) = host.authority().await?;
    let units: BTreeMap<&str, &Unit> = authority.units().collect();
    for (id, unit) in units {
        if host.json {
            let line = serde_json::json!({
                "unit": id, "name": unit.name, "parent": unit.parent, "open": unit.open
            });
            system::terminal::json(&line.to_string());
        } else {
            let closed = match unit.open {
                true => String::new(),
                false => format!(" ({})", speech::both("已撤销", "closed")),
            };
            let above = format!("< {}{closed}", unit.parent.as_deref().unwrap_or_default());
            system::terminal::columns(&[id, &unit.name, &above]);
        }
    }
    Ok(ExitCode::SUCCESS)
}
