//! `agent policy explain`: may this person do this, and why. Answers from what this agent has
//! verified and kept, by the same code that decides.

use super::folder;
use crate::AgentConfig;
use crate::command::joined::joined;
use crate::world::{Anchors, Source, denial_code};
use anyhow::Context;
use clap::Args;
use policy::{AccessRequest, Answer, Application, CanonicalPath, Circumstances, LentRole};
use records::Code;
use records::join::JoinFile;
use service::{Clock, Metrics};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use system::layout::Span;
use system::speech;

#[derive(Args)]
#[command(after_help = "例 / example: agent policy explain --person PERSON /documents/sz-office/1")]
pub(crate) struct Arguments {
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
    /// By the rules of a folder in place of those in force. 用文件夹中的规则
    #[arg(long)]
    rules: Option<PathBuf>,
    /// From this address; unknown unless said. 来源地址
    #[arg(long)]
    from: Option<IpAddr>,
    /// With a certificate of this profile. 证书模板
    #[arg(long, value_parser = ["official", "staff"], default_value = "official")]
    certificate: String,
    /// Minutes since the client proved who it is. 认证已过分钟数
    #[arg(long, default_value_t = 0)]
    authenticated_minutes: u64,
}

impl Arguments {
    fn under(&self, now: u64) -> Circumstances {
        let profile = if self.certificate == "staff" { "staff" } else { "official" };
        Circumstances {
            source: self.from,
            certificate: Some(profile),
            tls: 13,
            authenticated: now.saturating_sub(self.authenticated_minutes.saturating_mul(60)),
        }
    }
}

pub(super) fn run(state: &Path, json: bool, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let config = AgentConfig::read(state)?;
    let joined = joined(state)?;
    let anchors = Anchors::new(&joined)?;
    let clock = Clock::system();
    let now = match &arguments.at {
        Some(text) => records::time::read(text)
            .context("--at：如 2026-11-25T08:00:00Z / --at: like 2026-11-25T08:00:00Z")?,
        None => clock.seconds(),
    };
    let source = Source::read(&config, anchors, clock, Metrics::default())?;
    let world = source.world.load();
    let path = CanonicalPath::read(arguments.path.split('?').next().unwrap_or_default())
        .context("此路径不经规则即被拒绝 / this path is refused before any rule")?;
    let asked = AccessRequest {
        person: &arguments.person,
        method: &arguments.method,
        path: &path,
        now,
        under: arguments.under(now),
    };
    let refused = |code: Code| anyhow::anyhow!("{} [{code}] / {} [{code}]", code.zh(), code.en());
    let others = arguments.rules.as_deref().map(|rules| of_folder(rules, &joined)).transpose()?;
    let answer = match &others {
        Some(rules) => {
            let (_, known, _) = world.usable(now).map_err(refused)?;
            rules.decide(&known.people, &asked)
        }
        None => (*world.decide(&asked).map_err(refused)?).clone(),
    };
    let in_force = world.in_force();
    let code = answer.outcome.err().map(denial_code);
    let passes = world.passage(&asked, &answer).ok().flatten();
    let rules = world.rules.as_ref().and_then(|rules| rules.application.as_ref());
    let rules = others.as_ref().or(rules);
    let rule = rules.and_then(|rules| rules.rule(&answer.rule));
    let known = world.known.as_ref();
    let lent = rules.zip(known).and_then(|(rules, known)| rules.rests_on(&known.people, &asked));
    if json {
        let value = serde_json::json!({
            "permitted": code.is_none(), "code": code.map_or("permitted", |code| code.name()),
            "rule": answer.rule, "zh": rule.map(|rule| &rule.zh), "en": rule.map(|rule| &rule.en),
            "route": answer.route, "action": answer.action, "resource": answer.resource,
            "mode": world.mode(now), "passes_by": passes.as_ref().map(|one| one.by),
            "rests_on": lent.map(|lent| lent_document(lent, now)),
            "bundle": in_force.bundle, "people": in_force.people, "crl": in_force.crl,
        });
        system::terminal::json(&value.to_string());
    } else {
        say(&arguments.method, &answer, (code, rules));
        if let Some(lent) = lent {
            say_lent(lent, now);
        }
        if passes.is_some() {
            speech::said("  ", "按办件放行并记录", "it passes by an order, and is recorded so");
        }
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

/// A role that is lent, on which a yes rests, for machines.
fn lent_document(lent: &LentRole, now: u64) -> serde_json::Value {
    serde_json::json!({
        "role": lent.role, "scope": lent.scope, "absent": lent.absent,
        "from": records::time::seconds(lent.from), "until": records::time::seconds(lent.until),
        "counts": lent.counts_at(now),
    })
}

/// The same for people: it counts, or it would be permitted if it did.
fn say_lent(lent: &LentRole, now: u64) {
    match lent.counts_at(now) {
        true => speech::said("  ", "凭代理：", "by acting for somebody:"),
        false => speech::said(
            "  ",
            "在代理期限内才允许：",
            "it is permitted while acting for somebody counts:",
        ),
    }
    let LentRole { role, scope, absent, .. } = lent;
    let [from, until] = [lent.from, lent.until].map(records::time::seconds);
    speech::fact("    ", ("代谁", "for whom"), absent);
    speech::fact("    ", ("角色", "role"), format!("{role}@{scope}"));
    speech::fact("    ", ("期限", "from and until"), format!("{from} – {until}"));
}

/// The rules of a folder for the application of this gate.
fn of_folder(path: &Path, joined: &JoinFile) -> anyhow::Result<Application> {
    let bundle = policy::Bundle::read(0, folder::files(path)?)?;
    let none = "文件夹中没有本应用的规则 / the folder has no rules for this application";
    bundle.application(&joined.application).cloned().context(none)
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
