//! `yinxin-verify`: checks an evidence bundle, offline.

use clap::Parser;
use records::trust::Trust;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;
use system::{complain, say, speech, terminal};
use verify::{Report, bundle, verify};

/// Says what an evidence bundle proves. 验证证据包。
///
/// Exit codes: 0 verified (or, without --trust, consistent with its origin unproven), 1 altered,
/// 2 missing, 3 untrusted, 4 malformed.
/// 退出码：0 通过（未给 --trust 时：自洽，来源未证明），1 被改动，2 缺失，3 不可信，4 格式错误。
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
    let arguments: Arguments = system::language::typed();
    match run(&arguments) {
        Ok(report) => {
            tell(&report, arguments.json);
            ExitCode::from(report.verdict.exit())
        }
        Err(error) => {
            complain!("yinxin-verify: {error}");
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

fn tell(report: &Report, machine: bool) {
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
        terminal::json(&value.to_string());
        return;
    }
    for checked in &report.checked {
        say!("  ✓ {checked}");
    }
    if let Some(failed) = &report.failed {
        say!("  ✗ {}: {}", failed.item, failed.why);
    } else {
        for (zh, en) in &report.sentences {
            speech::sentence("  ", zh, en);
        }
        speech::said("  ", "以下不能由此证明：", "what this does not prove:");
        for (zh, en) in &report.not_proven {
            speech::sentence("  · ", zh, en);
        }
        let names = report.weightless.join(", ");
        let without = ("没有签名覆盖、不影响结论的文件", "files without weight");
        speech::fact("  ", without, names);
    }
    let mark = if report.failed.is_none() { "✓ " } else { "✗ " };
    speech::said(mark, verdict.zh(), verdict.name());
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn every_text_of_the_help_is_english_then_chinese() {
        assert_eq!(system::language::one_sided(&Arguments::command()), [""; 0]);
    }
}
