//! `yinxin-verify`: checks an evidence bundle, offline.

use clap::{CommandFactory, Parser};
use records::json::Misfit;
use records::trust::Trust;
use std::error::Error;
use std::iter::successors;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use system::completions::{Completions, Shell, UnwrittenPage};
use system::{speech, terminal};
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
    /// Print JSON for machines, as docs/json.md says. 输出 JSON，成员见 docs/json.md
    #[arg(long)]
    json: bool,
    /// Write completions for a shell instead. 命令补全
    #[arg(long, value_name = "SHELL", exclusive = true)]
    completions: Option<Shell>,
    /// Write the manual page to a folder instead. 手册页目录
    #[arg(long, value_name = "FOLDER", exclusive = true)]
    man: Option<PathBuf>,
    /// The bundle. 证据包
    #[arg(required_unless_present_any = ["completions", "man"])]
    bundle: Option<PathBuf>,
}

const USAGE: u8 = 4;

fn main() -> ExitCode {
    speech::ended(checked(), ExitCode::from(USAGE))
}

fn checked() -> ExitCode {
    let arguments: Arguments = system::language::typed();
    let Some(bundle) = &arguments.bundle else {
        let wanted = Completions::of(arguments.completions, arguments.man);
        return written(wanted.write(Arguments::command()));
    };
    match run(bundle, arguments.trust.as_deref()) {
        Ok(report) => {
            tell(&report, arguments.json);
            ExitCode::from(report.verdict().exit())
        }
        Err(error) => {
            refuse(&error);
            ExitCode::from(USAGE)
        }
    }
}

/// Why nothing was checked.
fn refuse(error: &(dyn Error + 'static)) {
    let chain = successors(Some(error), |error| (*error).source());
    speech::broke_off("yinxin-verify: ", chain);
}

fn written(done: Result<(), UnwrittenPage>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            refuse(&error);
            ExitCode::from(USAGE)
        }
    }
}

/// A file that cannot be used.
#[derive(Debug, thiserror::Error)]
enum Unread {
    /// The operating system does not give it.
    #[error("{}", .0.display())]
    File(PathBuf, #[source] std::io::Error),
    /// It is something else.
    #[error(
        "{path}：不是信任文件：{zh} / {path}: no trust file: {en}",
        path = .0.display(),
        zh = .1.zh(),
        en = .1.en()
    )]
    Trust(PathBuf, Misfit),
}

fn run(path: &Path, trust: Option<&Path>) -> Result<Report, Unread> {
    let file = |path: &Path| {
        let path = path.to_owned();
        |error| Unread::File(path, error)
    };
    let trust: Option<Trust> = match trust {
        Some(path) => {
            let bytes = system::file::read_given(path).map_err(file(path))?;
            let read = serde_json::from_slice(&bytes);
            let misfit = |error| Unread::Trust(path.to_owned(), Misfit::of(&error, &bytes));
            Some(read.map_err(misfit)?)
        }
        None => None,
    };
    Ok(match bundle::open(path).map_err(file(path))? {
        Ok(files) => verify(files, trust.as_ref()),
        Err(failed) => Report::of(failed.verdict, Some(failed)),
    })
}

fn tell(report: &Report, machine: bool) {
    match machine {
        true => terminal::json(&report.json().to_string()),
        false => report.print(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_of_the_help_is_english_then_chinese() {
        assert_eq!(system::language::one_sided(&Arguments::command()), [""; 0]);
    }
}
