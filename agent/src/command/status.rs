//! `agent status`: what this gate is, and how the running one says it is.

use super::joined::joined;
use super::wording;
use crate::AgentConfig;
use anyhow::Context;
use pki::Certificate;
use records::access::Heartbeat;
use records::order::AccessMode;
use std::path::Path;
use std::process::ExitCode;
use system::speech;

/// Values of `/metrics` that are told, with their names for people.
const VALUES: [(&str, (&str, &str)); 2] = [
    ("spool_waiting_bytes", ("等待日志确认的字节", "bytes that wait for the log")),
    (
        "world_seconds_left",
        ("现有规则与吊销列表还能用的秒数", "seconds that rules and list still count"),
    ),
];

pub(super) async fn run(folder: &Path, json: bool) -> anyhow::Result<ExitCode> {
    let (config, file) = (AgentConfig::read(folder)?, joined(folder)?);
    let running = asked(&config).await;
    // What a running gate shows may be another than what lies there.
    let until = match running.as_ref().and_then(|running| running.not_after) {
        Some(until) => until,
        None => certificate(folder)?.not_after(),
    };
    let until = records::time::seconds(until);
    let code = match &running {
        Some(running) if running.is_ready => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    };
    if json {
        let running = running.map(|running| {
            let values: serde_json::Map<String, serde_json::Value> = running
                .values
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect();
            serde_json::json!({
                "ready": running.is_ready, "told": running.told, "values": values,
                "now": running.now,
            })
        });
        let value = serde_json::json!({
            "agent": file.agent, "application": file.application, "hosts": file.hosts,
            "listen": config.listen.to_string(), "upstream": config.upstream.to_string(),
            "not_after": until, "running": running,
        });
        system::terminal::json(&value.to_string());
        return Ok(code);
    }
    speech::fact("", ("网关", "gate"), &file.agent);
    let application = format!("{} ({})", file.application, file.hosts.join(", "));
    speech::fact("", ("应用系统", "application"), application);
    speech::fact("", ("监听", "listens"), config.listen);
    speech::fact("", ("应用地址", "forwards to"), &config.upstream);
    speech::fact("", ("证书有效期至", "its certificate is good until"), wording::time(&until));
    match running {
        None => speech::said("✗ ", "没有运行", "it does not run"),
        Some(running) => {
            match running.is_ready {
                true => speech::said("✓ ", "正常", "ready"),
                false => speech::said("✗ ", "不可用", "not ready"),
            }
            for line in &running.told {
                speech::fact("  ", ("提示", "told"), line);
            }
            if let Some(now) = &running.now {
                let mode = now.mode.unwrap_or(AccessMode::Enforce);
                speech::fact("  ", ("规则的执行方式", "mode"), mode.name());
                let excepted =
                    ("规则拒绝而放行的请求", "requests that passed though rules deny them");
                speech::fact("  ", excepted, now.excepted);
            }
            for ((_, name), (_, value)) in VALUES.iter().zip(&running.values) {
                speech::fact("  ", *name, value);
            }
        }
    }
    Ok(code)
}

/// The gate's own certificate.
pub(super) fn certificate(folder: &Path) -> anyhow::Result<Certificate> {
    let path = folder.join("tls.pem");
    let read = || path.display().to_string();
    let file = std::fs::read(&path).with_context(read)?;
    let blocks = pki::pem::read(&file, pki::pem::Kind::Certificate).with_context(read)?;
    let leaf = blocks.first().with_context(read)?;
    Certificate::read(leaf).with_context(read)
}

/// What the running gate says.
pub(super) struct RunningGate {
    pub(super) is_ready: bool,
    /// What it says beside that, a line each.
    pub(super) told: Vec<String>,
    /// What its heartbeat would say; nothing of a gate that does not tell.
    now: Option<Heartbeat>,
    /// The last second of the certificate that it shows, unix.
    not_after: Option<u64>,
    /// In the order of [`VALUES`].
    values: Vec<(&'static str, i64)>,
}

/// Asks it at its admin address; nothing if nobody answers there.
pub(super) async fn asked(config: &AgentConfig) -> Option<RunningGate> {
    let client = mtls::Client::new(&format!("http://{}", config.admin), None).ok()?;
    let answer = client.get("/readyz").await.ok()?;
    let metrics = client.get("/metrics").await.ok()?;
    let now = client.get("/status").await.ok();
    let now = now.and_then(|now| serde_json::from_slice(now.body()).ok());
    let text = String::from_utf8_lossy(answer.body()).into_owned();
    let metrics = String::from_utf8_lossy(metrics.body()).into_owned();
    let values = VALUES.iter().map(|(name, _)| (*name, value(&metrics, name)));
    Some(RunningGate {
        is_ready: answer.status().is_success(),
        told: text.lines().filter(|line| *line != "ready").map(str::to_owned).collect(),
        now,
        not_after: u64::try_from(value(&metrics, "certificate_not_after"))
            .ok()
            .filter(|it| *it > 0),
        values: values.collect(),
    })
}

/// A present value as `/metrics` has it; 0 before there was one.
fn value(metrics: &str, name: &str) -> i64 {
    let row = format!("yinxin_value{{name=\"{name}\"}} ");
    let found = metrics.lines().find_map(|line| line.strip_prefix(&row));
    found.and_then(|value| value.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_by_its_name() {
        let metrics = "# TYPE yinxin_value gauge\nyinxin_value{name=\"spool_bytes\"} 7\n\
                       yinxin_value{name=\"spool_waiting_bytes\"} 42\n";
        assert_eq!(value(metrics, "spool_waiting_bytes"), 42);
        assert_eq!(value(metrics, "world_seconds_left"), 0);
    }
}
