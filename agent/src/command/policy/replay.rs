//! `agent policy replay`: what the rules of a folder would have said of what this gate decided
//! lately, out of its own records. Nothing is asked of anybody, and nobody signs the result.

use super::folder::{digest, files, tell};
use crate::AgentConfig;
use crate::command::joined::joined;
use crate::spool::past::{Coverage, past};
use crate::world::{Anchors, Source};
use anyhow::Context;
use clap::Args;
use policy::{AccessRequest, Bundle, ReplaySummary, RuleChangeKind, RulesReplay};
use records::exit;
use service::{Clock, Metrics};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use system::layout::{Span, filled};
use system::{speech, terminal};

const DAY_SECONDS: u64 = 86_400;
/// Steps of the bar.
const BAR: u64 = 20;

#[derive(Args)]
pub(crate) struct Arguments {
    /// Folder with the rules that would be in force. 规则文件夹
    folder: PathBuf,
    /// So many days back. 天数
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u64).range(1..=365))]
    days: u64,
    /// Writes the result into the folder, so that whoever approves the rules reads it. It has no
    /// names and no paths. 将结果写入文件夹，供审批人员查看，不含人名和路径
    #[arg(long)]
    attach: bool,
}

pub(super) fn run(state: &Path, json: bool, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let config = AgentConfig::read(state)?;
    let joined = joined(state)?;
    let clock = Clock::system();
    let source = Source::read(&config, Anchors::new(&joined)?, clock, Metrics::default())?;
    let world = source.world.load();
    let known = world.known.as_ref();
    let known = known.context("网关还没有人员数据 / the gate has no list of people yet")?;
    let files: Vec<_> =
        files(&arguments.folder)?.into_iter().filter(|(name, _)| !is_replay(name)).collect();
    let bundle = match Bundle::read(0, files.clone()) {
        Ok(bundle) => bundle,
        Err(error) => {
            tell(&error, json);
            return Ok(ExitCode::from(exit::DENIED));
        }
    };
    let after = bundle.application(&joined.application);
    let after = after.context("文件夹中没有本应用的规则 / the folder has no rules for it")?;
    let before = world.rules.as_ref().and_then(|rules| rules.application.as_ref());
    let mut replay = RulesReplay::new(before, after, &known.people);
    let now = clock.seconds();
    let since = now.saturating_sub(arguments.days.saturating_mul(DAY_SECONDS));
    let ask = |one: crate::spool::past::PastRequest| {
        let asked = AccessRequest {
            person: &one.person,
            method: &one.method,
            path: &one.path,
            now: one.unix,
            under: one.under,
        };
        replay.ask(&asked, one.permitted);
    };
    let arc = pki::oid::Arc::read(&joined.trust.arc);
    let coverage = past((config.path("spool").as_path(), arc.as_ref()), since, ask, bar)?;
    terminal::progress("");
    let first = coverage.since.unwrap_or(now).max(since);
    let [from, until] = [first, now].map(records::time::seconds);
    let summary = replay.summary(&digest(&files).to_string(), from, until);
    match json {
        true => terminal::json(&document(&replay, &summary, coverage)?),
        false => say(&replay, &summary, (coverage, arguments.days)),
    }
    if arguments.attach {
        attach(arguments, &joined.application, &summary)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether a file is the result of a replay, which is no part of what it is about.
fn is_replay(name: &str) -> bool {
    name.ends_with(".replay.toml")
}

/// How much of the records was read.
fn bar(done: u64, all: u64) {
    let filled = done.saturating_mul(BAR).checked_div(all).unwrap_or(BAR);
    let percent = done.saturating_mul(100).checked_div(all).unwrap_or(100);
    let bar: String = (0..BAR).map(|step| if step < filled { '#' } else { '.' }).collect();
    terminal::progress(&format!("[{bar}] {percent} %"));
}

fn document(
    replay: &RulesReplay<'_>,
    summary: &ReplaySummary,
    coverage: Coverage,
) -> anyhow::Result<String> {
    let examples: Vec<_> = replay
        .changes()
        .map(|(_, told)| {
            let one = |(person, path): &(String, String)| {
                serde_json::json!({ "person": person, "path": path })
            };
            told.iter().map(one).collect::<Vec<_>>()
        })
        .collect();
    let mut value = serde_json::to_value(summary)?;
    let more = serde_json::json!({
        "examples": examples, "unreadable": coverage.unreadable, "signed": false,
        "records_since": coverage.since.map(records::time::seconds),
    });
    if let (Some(value), Some(more)) = (value.as_object_mut(), more.as_object()) {
        value.extend(more.clone());
    }
    Ok(value.to_string())
}

fn say(replay: &RulesReplay<'_>, summary: &ReplaySummary, (coverage, days): (Coverage, u64)) {
    let [days, requests, denied, allowed, left_out] =
        [days, summary.requests, summary.newly_denied, summary.newly_allowed, summary.left_out]
            .map(|count| count.to_string());
    let places: [&str; 4] = [&days, &requests, &denied, &allowed];
    let zh = filled("最近 {} 天的 {} 个请求中，{} 个将新被拒绝，{} 个将新被允许。", &places);
    let en = filled(
        "Of the last {} days' {} requests {} would newly be denied, {} newly be permitted.",
        &places,
    );
    speech::told("", &zh, &en);
    speech::fact("  ", ("记录自", "records since"), &summary.from);
    if summary.left_out > 0 {
        speech::fact(
            "  ",
            (
                "未试算：人员已不在，或规则所读的连接记录已不保存",
                "left out: people or connections that are not known now",
            ),
            left_out,
        );
    }
    if coverage.unreadable > 0 {
        let count = coverage.unreadable;
        speech::fact("  ", ("未试算：路径未披露", "left out: no path to ask about"), count);
    }
    for (change, told) in replay.changes() {
        let what = match change.kind {
            RuleChangeKind::NewlyDenied => "✗ ",
            RuleChangeKind::NewlyAllowed => "✓ ",
        };
        let rules = format!("{} → {}", shown(&change.was), shown(&change.is));
        let line = [Span::Foreign(format!(
            "{} × {} {} ({rules})",
            change.requests, change.method, change.route
        ))];
        speech::told(what, &line, &line);
        for (person, path) in told {
            let line = [Span::Foreign(format!("{person} {path}"))];
            speech::told("    ", &line, &line);
        }
    }
    speech::said(
        "",
        "结果出自本网关自己的记录，没有人签名。",
        "This follows from this gate's own records; nobody signed it.",
    );
}

fn shown(rule: &str) -> &str {
    if rule.is_empty() { "–" } else { rule }
}

/// Lays the result beside the rules that it is about.
fn attach(arguments: &Arguments, application: &str, summary: &ReplaySummary) -> anyhow::Result<()> {
    let head = "# 试算新规则的结果，出自网关自己的记录，没有人签名。\n\
                # What a replay found in the gate's own records; nobody signed it.\n";
    let path = arguments.folder.join(format!("{application}.replay.toml"));
    let text = format!("{head}{}", policy::replay::written(summary)?);
    system::file::replace(&path, text.as_bytes()).with_context(|| path.display().to_string())?;
    speech::fact("  ", ("已写入", "written"), path.display());
    Ok(())
}
