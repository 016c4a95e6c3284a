//! `yinxin-verify`: checks an evidence bundle, offline.

use clap::Parser;
use records::trust::Trust;
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use verify::{Report, bundle, verify};

/// Says what an evidence bundle proves. 验证证据包。
///
/// Exit codes: 0 verified (or, without --trust, consistent with its origin unproven), 1 altered,
/// 2 missing, 3 untrusted, 4 malformed.
#[derive(Parser)]
#[command(name = "yinxin-verify", version)]
struct Arguments {
    /// The trust file of the city, from outside the bundle. 信任文件
    #[arg(long)]
    trust: Option<PathBuf>,
    /// Print JSON for machines. 输出 JSON
    #[arg(long)]
    json: bool,
    /// The bundle. 证据包
    bundle: PathBuf,
}

const USAGE: u8 = 4;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(report) => {
            say(&report, arguments.json);
            ExitCode::from(report.verdict.exit())
        }
        Err(error) => {
            eprintln!("yinxin-verify: {error}");
            ExitCode::from(USAGE)
        }
    }
}

fn run(arguments: &Arguments) -> Result<Report, String> {
    let read = |path: &PathBuf| {
        std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
    };
    let trust: Option<Trust> = match &arguments.trust {
        Some(path) => Some(
            serde_json::from_slice(&read(path)?)
                .map_err(|error| format!("{}: {error}", path.display()))?,
        ),
        None => None,
    };
    let path = &arguments.bundle;
    let tar = bundle::bytes_of(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let files = bundle::untar(&tar);
    // Each file is in memory once.
    drop(tar);
    Ok(match files {
        Ok(files) => verify(&files, trust.as_ref()),
        Err(failed) => Report::of(failed.verdict, Some(failed)),
    })
}

/// What others wrote does not steer a terminal.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn say(report: &Report, machine: bool) {
    let mut out = std::io::stdout().lock();
    let verdict = report.verdict;
    if machine {
        let failed = report.failed.as_ref();
        let both = |told: &[(String, String)]| -> Vec<_> {
            told.iter().map(|(zh, en)| json!({ "zh": zh, "en": en })).collect()
        };
        let value = json!({
            "verdict": verdict.name(), "exit": verdict.exit(), "checked": report.checked,
            "item": failed.map(|failed| &failed.item), "why": failed.map(|failed| &failed.why),
            "sentences": both(&report.sentences), "not_proven": both(&report.not_proven),
            "weightless": report.weightless,
        });
        let _ = writeln!(out, "{value}");
        return;
    }
    for checked in &report.checked {
        let _ = writeln!(out, "  ✓ {checked}");
    }
    if let Some(failed) = &report.failed {
        let _ = writeln!(out, "  ✗ {}: {}", plain(&failed.item), plain(&failed.why));
    } else {
        for (zh, en) in &report.sentences {
            let _ = writeln!(out, "  {}\n    {}", plain(zh), plain(en));
        }
        let _ = writeln!(out, "  以下不能由此证明 / what this does not prove:");
        for (zh, en) in &report.not_proven {
            let _ = writeln!(out, "  · {}\n    {}", plain(zh), plain(en));
        }
        let names = plain(&report.weightless.join(", "));
        let _ = writeln!(out, "  没有签名覆盖、不影响结论的文件 / files without weight: {names}");
    }
    let mark = if report.failed.is_none() { "✓" } else { "✗" };
    let _ = writeln!(out, "{mark} {} / {}", verdict.zh(), verdict.name());
}
