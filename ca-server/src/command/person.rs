//! `ca-server person …`

use super::host::Host;
use authority::Person;
use ca_host::operator::OperatorRequest;
use ca_store::names::names;
use clap::{Args, Subcommand};
use pki::mail::{Mailbox, MailboxError};
use pki::name::{NameError, PersonName, check_readable};
use records::commitment::EVIDENCE_CHARS_MAX;
use records::order::PersonAction;
use std::process::ExitCode;
use system::speech;

/// People of one page.
const LISTED_MAX: usize = 200;

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// A new person in a unit. 新增人员
    #[command(after_help = "例 / example: ca-server person create --name NAME \
        --unit sz-office --evidence TEXT")]
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
        #[arg(long, value_parser = evidence)]
        evidence: String,
    },
    /// Moves a person to another unit. 调动
    #[command(
        after_help = "例 / example: ca-server person move PERSON --unit sz-finance --evidence TEXT"
    )]
    Move {
        /// Person id. 人员编号
        person: String,
        /// Unit id. 单位编号
        #[arg(long)]
        unit: String,
        /// What was looked at, in words. 核验依据
        #[arg(long, value_parser = evidence)]
        evidence: String,
    },
    /// A person leaves office: roles end, every certificate is revoked. 离任
    #[command(after_help = "例 / example: ca-server person leave PERSON --evidence TEXT")]
    Leave {
        /// Person id. 人员编号
        person: String,
        /// What was looked at, in words. 核验依据
        #[arg(long, value_parser = evidence)]
        evidence: String,
    },
    /// Lists people, by unit if one is given. 列出人员
    #[command(after_help = "例 / example: ca-server person list")]
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
fn name(text: &str) -> Result<String, NameError> {
    PersonName::read(text).map(|name| name.as_str().to_owned())
}

/// What was looked at, or the character that is the matter with it.
pub(super) fn evidence(text: &str) -> Result<String, NameError> {
    check_readable(text, EVIDENCE_CHARS_MAX).map(|()| text.to_owned())
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

/// People as authority holds them, by their ids, with the names that open its commitments.
async fn list(host: &Host, unit: Option<String>, after: &str) -> anyhow::Result<ExitCode> {
    let (authority, mut tx) = host.authority().await?;
    let is_in = |id: &str, person: &Person| {
        id > after && unit.as_ref().is_none_or(|unit| person.unit == *unit)
    };
    let people = authority.people().map(|(id, person)| (id.to_string(), person));
    let mut people: Vec<(String, &Person)> =
        people.filter(|(id, person)| is_in(id, person)).collect();
    people.sort_by(|(one, _), (other, _)| one.cmp(other));
    let is_cut = people.len() > LISTED_MAX;
    people.truncate(LISTED_MAX);
    let last = people.last().filter(|_| is_cut).map(|(id, _)| id.clone());
    if people.is_empty() && !host.json {
        speech::said("", "没有符合的人员", "nobody fits");
    }
    let ids = people.iter().map(|(id, _)| id.clone()).collect();
    let names = names(&mut tx, &authority, ids).await?;
    for (id, person) in people {
        let name = names.get(&id).unwrap_or(&id);
        if host.json {
            let line = serde_json::json!({
                "person": id, "name": name, "unit": person.unit, "left": person.left
            });
            system::terminal::json(&line.to_string());
        } else {
            let left = match person.left {
                false => String::new(),
                true => format!(" ({})", speech::both("已离任", "left")),
            };
            let unit = match authority.unit(&person.unit) {
                Some(unit) => format!("{} ({})", unit.name, person.unit),
                None => person.unit.clone(),
            };
            system::terminal::columns(&[&id, name, &format!("{unit}{left}")]);
        }
    }
    last.iter().for_each(|last| super::print::cut(host.json, last));
    Ok(ExitCode::SUCCESS)
}
