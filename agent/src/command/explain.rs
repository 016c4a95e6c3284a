//! `agent policy explain`: may this person do this, and why. Answers from what this agent has
//! verified and kept, by the same code that decides.

use super::joined::joined;
use crate::AgentConfig;
use crate::world::{Anchors, Source, denial_code};
use anyhow::Context;
use clap::Args;
use policy::{Asked, CanonicalPath};
use service::{Clock, Metrics};
use std::path::Path;
use std::process::ExitCode;

#[derive(Args)]
pub(super) struct Arguments {
    /// Person id.
    #[arg(long)]
    person: String,
    /// Method.
    #[arg(long, default_value = "GET")]
    method: String,
    /// Path, as a browser would send it.
    path: String,
    /// At another time, RFC 3339 in UTC.
    #[arg(long)]
    at: Option<String>,
}

pub(super) fn run(folder: &Path, json: bool, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let config = AgentConfig::read(folder)?;
    let anchors = Anchors::new(&joined(folder)?)?;
    let clock = Clock::system();
    let now = match &arguments.at {
        Some(text) => records::time::read(text).context("--at: like 2026-11-25T08:00:00Z")?,
        None => clock.seconds(),
    };
    let source = Source::open(&config, anchors, clock, Metrics::default())?;
    let world = source.world.load();
    let path = CanonicalPath::read(arguments.path.split('?').next().unwrap_or_default())
        .context("this path is refused before any rule")?;
    let asked = Asked { person: &arguments.person, method: &arguments.method, path: &path, now };
    let answer = match world.decide(&asked) {
        Ok(answer) => answer,
        Err(code) => anyhow::bail!("{} {} [{code}]", code.zh(), code.en()),
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
        match code {
            None => system::say!("✓ 允许 / permitted"),
            Some(code) => system::say!("✗ {} / {} [{code}]", code.zh(), code.en()),
        }
        system::say!("  路由 / route: {} {} → {}", arguments.method, answer.route, answer.action);
        system::say!("  对象 / record: {}", answer.resource);
        match rule {
            Some(rule) => {
                system::say!("  规则 / rule: {}", rule.id);
                system::say!("    {}", rule.zh);
                system::say!("    {}", rule.en);
            }
            None => system::say!("  规则 / rule: 没有规则允许 / no rule permits it"),
        }
        if let (Some(_), Some(rules)) = (code, rules) {
            system::say!("  谁可以授权 / who can grant it:");
            system::say!("    {}", rules.grants_zh);
            system::say!("    {}", rules.grants_en);
        }
        system::say!(
            "  依据 / in force: 规则 rules v{}, 人员 people {}, 吊销列表 list {}",
            in_force.bundle,
            in_force.people,
            in_force.crl
        );
    }
    Ok(if code.is_none() { ExitCode::SUCCESS } else { ExitCode::from(records::exit::DENIED) })
}
