//! `ca-server person …`

use super::host::Host;
use ca_host::operator::OperatorRequest;
use clap::{Args, Subcommand};
use pki::mail::{Mailbox, MailboxError};
use pki::name::{NameError, Text};
use records::order::PersonAction;
use std::process::ExitCode;
use system::speech;

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// A new person in a unit. 新增人员
    Create {
        /// Name. 姓名
        #[arg(long, value_parser = name)]
        name: String,
        /// Unit id. 单位
        #[arg(long)]
        unit: String,
        /// Mail address. 邮箱
        #[arg(long, default_value = "", value_parser = mail)]
        mail: String,
        /// What was looked at, in words; approvers see it. 核验依据
        #[arg(long)]
        evidence: String,
    },
    /// Moves a person to another unit. 调动
    Move {
        /// Person id. 人员编号
        person: String,
        /// Unit id. 单位编号
        #[arg(long)]
        unit: String,
        /// What was looked at, in words. 核验依据
        #[arg(long)]
        evidence: String,
    },
    /// A person leaves office: roles end, every certificate is revoked. 离任
    Leave {
        /// Person id. 人员编号
        person: String,
        /// What was looked at, in words. 核验依据
        #[arg(long)]
        evidence: String,
    },
    /// Lists people, by unit if one is given. 列出人员
    List {
        /// Unit id. 单位编号
        #[arg(long)]
        unit: Option<String>,
        /// Start behind this person id. 从此编号之后列起
        #[arg(long, default_value = "")]
        after: String,
    },
}

/// A name, or the character that is the matter with it.
pub(super) fn name(text: &str) -> Result<String, NameError> {
    Text::read(text).map(|text| text.as_str().to_owned())
}

/// A mail address, or none.
fn mail(text: &str) -> Result<String, MailboxError> {
    match text {
        "" => Ok(String::new()),
        text => Mailbox::read(text).map(|mailbox| mailbox.as_str().to_owned()),
    }
}

pub(super) async fn run(host: &Host, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let none = String::new;
    let (action, person, name, mail, unit, evidence) = match arguments.what {
        What::Create { name, unit, mail, evidence } => {
            (PersonAction::Create, none(), name, mail, unit, evidence)
        }
        What::Move { person, unit, evidence } => {
            (PersonAction::Move, person, none(), none(), unit, evidence)
        }
        What::Leave { person, evidence } => {
            (PersonAction::Leave, person, none(), none(), none(), evidence)
        }
        What::List { unit, after } => return list(host, unit, &after).await,
    };
    host.order(&OperatorRequest::Person { action, person, name, mail, unit, evidence }).await
}

async fn list(host: &Host, unit: Option<String>, after: &str) -> anyhow::Result<ExitCode> {
    let mut tx = host.store.read().await?;
    let unit = unit.unwrap_or_default();
    let people = ca_store::table::person::list(&mut tx, after, &unit).await?;
    for (person, name, unit, left) in people {
        if host.json {
            let line = serde_json::json!({
                "person": person, "name": name, "unit": unit, "left": left != 0
            });
            system::terminal::json(&line.to_string());
        } else {
            let left = match left {
                0 => String::new(),
                _ => format!(" ({})", speech::both("已离任", "left")),
            };
            system::terminal::columns(&[&person, &name, &format!("{unit}{left}")]);
        }
    }
    Ok(ExitCode::SUCCESS)
}
