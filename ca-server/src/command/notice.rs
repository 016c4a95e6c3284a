//! `ca-server notice`: a trial by every channel, and what became of somebody's notices.

use super::host::Host;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::process::ExitCode;
use system::speech;

/// Notices of one list.
const LISTED_MAX: usize = 50;

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Sends a trial by every channel that is configured. 试发一条通知
    #[command(after_help = "例 / example: ca-server notice test --to ADDRESS")]
    Test {
        /// The mail address that it goes to. 收件邮箱
        #[arg(long)]
        to: String,
    },
    /// Lists the newest notices to a person and what became of them. 某人收到的通知
    #[command(after_help = "例 / example: ca-server notice list PERSON")]
    List {
        /// Person id. 人员编号
        person: String,
    },
}

pub(super) async fn run(host: &Host, arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.what {
        What::Test { to } => test(host, &to).await,
        What::List { person } => list(host, &person).await,
    }
}

async fn test(host: &Host, to: &str) -> anyhow::Result<ExitCode> {
    let tried = ca_notices::try_channels(&host.config, to, host.clock.seconds()).await?;
    let is_good = tried.iter().all(|one| one.problem.is_none());
    if host.json {
        let channels = tried
            .iter()
            .map(|one| json!({ "channel": one.channel, "problem": one.problem }))
            .collect::<Vec<Value>>();
        system::terminal::json(&json!({ "channels": channels }).to_string());
    } else {
        for one in &tried {
            let taken = speech::both("已发出", "taken");
            let became = one.problem.as_ref().map_or(taken, |why| format!("✗ {why}"));
            speech::fact("", ("渠道", "channel"), format!("{} {became}", one.channel));
        }
    }
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::from(6) })
}

async fn list(host: &Host, person: &str) -> anyhow::Result<ExitCode> {
    let mut tx = host.store.read().await?;
    let limit = LISTED_MAX as i64 + 1;
    let mut rows = ca_store::table::notice::newest_to(&mut tx, person, limit).await?;
    let is_cut = rows.len() > LISTED_MAX;
    rows.truncate(LISTED_MAX);
    let notices: Vec<Value> = rows.into_iter().map(line).collect();
    if host.json {
        system::terminal::json(&json!({ "notices": notices, "more": is_cut }).to_string());
        return Ok(ExitCode::SUCCESS);
    }
    if notices.is_empty() {
        speech::said("", "没有通知", "no notices");
    }
    for notice in &notices {
        let text = |key: &str| notice.get(key).and_then(Value::as_str).unwrap_or_default();
        let there = records::time::beijing(text("time"));
        let time = there.map_or_else(|| text("time").to_owned(), |there| there.en());
        let cells =
            [&*time, text("kind"), text("channel"), text("state")].map(system::terminal::visible);
        system::terminal::columns(&cells.each_ref().map(String::as_str));
    }
    if is_cut {
        speech::said("", "更早的通知未列出", "older notices are not listed");
    }
    Ok(ExitCode::SUCCESS)
}

/// A row as people and machines read it: rows prove nothing, and what each says stays inside.
fn line((channel, notice, made, state): ca_store::table::notice::ListedRow) -> Value {
    let said: Value = serde_json::from_slice(&notice).unwrap_or_default();
    let text = |key: &str| said.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let made = records::time::seconds(u64::try_from(made).unwrap_or(0));
    json!({
        "time": text("time"), "kind": text("kind"), "channel": channel, "state": state,
        "made": made,
    })
}
