//! `agent policy explain`: may this person do this, and why. Answers from what this agent has
//! verified and kept, by the same code that decides.

use super::joined::joined;
use crate::AgentConfig;
use crate::world::{Anchors, Source, denial_code};
use anyhow::Context;
use clap::Args;
use policy::{AccessRequest, Answer, Application, CanonicalPath};
use records::Code;
use service::{Clock, Metrics};
use std::path::Path;
use std::process::ExitCode;
use system::layout::Span;
use system::speech;

#[derive(Args)]
pub(super) struct Arguments {
    /// Person id. 人员编号
    #[arg(long)]
    person: String,
    /// Method. 请求方法
    #[arg(long, default_value = "GET")]
    method: String,
    /// Path, as a browser would send it. 路径
    path: String,
    /// At another time, RFC 3339 in UTC. 其他时刻
    #[arg(long)]
    at: Option<String>,
}

pub(super) fn run(folder: &Path, json: bool, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let config = AgentConfig::read(folder)?;
    let anchors = Anchors::new(&joined(folder)?)?;
    let clock = Clock::system();
    let now = match &arguments.at {
        Some(text) => records::time::read(text)
            .context("--at：如 2026-11-25T08:00:00Z / --at: like 2026-11-25T08:00:00Z")?,
        None => clock.seconds(),
    };
    let source = Source::open(&config, anchors, clock, Metrics::default())?;
    let world = source.world.load();
    let path = CanonicalPath::read(arguments.path.split('?').next().unwrap_or_default())
        .context("此路径不经规则即被拒绝 / this path is refused before any rule")?;
    let asked =
        AccessRequest { person: &arguments.person, method: &arguments.method, path: &path, now };
    let answer = match world.decide(&asked) {
        Ok(answer) => answer,
        Err(code) => anyhow::bail!("{} [{code}] / {} [{code}]", code.zh(), code.en()),
    };
    let in_force = world.in_force();
    let code = answer.outcome.err().map(denial_code);
    let rules = world.rules.as_ref().and_then(|rules| rules.application.as_ref());
    let rule = rules.and_then(|rules| rules.rule(&answer.rule));
    if json {
        let value = serde_json::json!({
            "permitted": code.is_none(), "code": code.map_or("permitted", |code| code.name()),
            "rule": answer.rule, "zh": rule.map(|rule| &rule.zh), "en": rule.map(|rule| &rule.en),
            "route": answer.route, "action": answer.action, "resource": answer.resource,
            "bundle": in_force.bundle, "people": in_force.people, "crl": in_force.crl,
        });
        system::terminal::json(&value.to_string());
    } else {
        say(&arguments.method, &answer, (code, rules));
        let (zh, en) = (
            format!(
                "规则 v{}，人员 {}，吊销列表 {}",
                in_force.bundle, in_force.people, in_force.crl
            ),
            format!(
                "rules v{}, people {}, list {}",
                in_force.bundle, in_force.people, in_force.crl
            ),
        );
        let in_force = speech::both(&zh, &en);
        speech::fact("  ", ("依据", "in force"), in_force);
    }
    Ok(if code.is_none() { ExitCode::SUCCESS } else { ExitCode::from(records::exit::DENIED) })
}

/// What was decided, by which rule, and who could decide otherwise.
fn say(method: &str, answer: &Answer, (code, rules): (Option<Code>, Option<&Application>)) {
    match code {
        None => speech::said("✓ ", "允许", "permitted"),
        Some(code) => {
            let told = |text: &str| [Span::Own(format!("{text} [{code}]"))];
            speech::told("✗ ", &told(code.zh()), &told(code.en()));
        }
    }
    if let Some(rules) = rules {
        let name = speech::both(&rules.zh, &rules.en);
        speech::fact("  ", ("应用系统", "application"), name);
    }
    if !answer.route.is_empty() {
        let route = format!("{method} {} → {}", answer.route, answer.action);
        speech::fact("  ", ("路由", "route"), route);
        speech::fact("  ", ("对象", "record"), &answer.resource);
    }
    match rules.and_then(|rules| rules.rule(&answer.rule)) {
        Some(rule) => {
            speech::fact("  ", ("规则", "rule"), &rule.id);
            let told = |text: &str| [Span::Foreign(text.to_owned())];
            speech::told("    ", &told(&rule.zh), &told(&rule.en));
        }
        None => speech::said("  ", "没有规则允许", "no rule permits it"),
    }
    if let (Some(_), Some(rules)) = (code, rules) {
        speech::said("  ", "谁可以授权：", "who can grant it:");
        let told = |text: &str| [Span::Foreign(text.to_owned())];
        speech::told("    ", &told(&rules.grants_zh), &told(&rules.grants_en));
    }
}
