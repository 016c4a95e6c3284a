//! `agent policy test`: all examples beside the rules of a folder, and what came of each.

use super::folder::{Arguments, files, tell};
use policy::{Bundle, TestedExample};
use records::exit;
use std::process::ExitCode;
use system::layout::Span;
use system::speech;

pub(super) fn run(json: bool, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let tested = match Bundle::read_and_test(0, files(&arguments.folder)?) {
        Ok((_, tested)) => tested,
        Err(error) => {
            tell(&error, json);
            return Ok(ExitCode::from(exit::DENIED));
        }
    };
    let failed = tested.iter().filter(|one| one.failed.is_some()).count();
    if json {
        let one = |tested: &TestedExample| {
            serde_json::json!({
                "application": tested.application, "file": tested.file, "line": tested.line,
                "shows": tested.shows, "failed": tested.failed,
            })
        };
        let all: Vec<_> = tested.iter().map(one).collect();
        system::terminal::json(
            &serde_json::json!({ "fine": failed == 0, "examples": all }).to_string(),
        );
    } else {
        tested.iter().for_each(say);
        speech::fact("", ("例子", "examples"), tested.len());
        speech::fact("", ("不符", "failed"), failed);
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(exit::DENIED) })
}

fn say(tested: &TestedExample) {
    let TestedExample { application, file, line, shows, failed } = tested;
    let told = match failed {
        None => [Span::Foreign(format!("{application}: {shows}"))],
        Some(what) => [Span::Foreign(format!("{file}:{line}: {shows}: {what}"))],
    };
    speech::told(if failed.is_none() { "✓ " } else { "✗ " }, &told, &told);
}
