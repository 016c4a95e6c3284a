//! Runs the tests that must fail while a protection is out, and says how they did.

use anyhow::{Context, ensure};
use rustix::process::{Pid, Signal, kill_process_group};
use std::io::{Read, Seek};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Longest run of one test; what takes longer has failed, as it would for whoever waits for it.
const TEST_SECONDS_MAX: u64 = 300;

/// How a test did.
#[derive(Clone, serde::Serialize)]
pub(super) struct Verdict {
    /// Its path.
    pub test: String,
    /// Whether it failed, as it must.
    pub failed: bool,
    /// Where it failed, as `FILE:LINE`.
    pub at: String,
    /// What it said there, one line.
    pub said: String,
    pub seconds: u64,
}

/// A story, by its path, run by the program of the stories where it lies.
pub(super) fn story(
    program: &Path,
    tree: &Path,
    path: &str,
    postgres: bool,
) -> anyhow::Result<Verdict> {
    let mut command = Command::new(program);
    command.args(["--exact", path]).current_dir(tree.join("tests"));
    if postgres {
        command.env("YINXIN_TEST_DATABASE", "postgres");
    }
    judge(&mut command, path)
}

/// Unit tests of a name.
pub(super) fn unit(cargo: &mut Command, name: &str) -> anyhow::Result<Verdict> {
    judge(cargo, name)
}

fn judge(command: &mut Command, test: &str) -> anyhow::Result<Verdict> {
    let mut output = tempfile::tempfile()?;
    let started = Instant::now();
    command.stdout(output.try_clone()?).stderr(output.try_clone()?).process_group(0);
    let mut child = command.spawn()?;
    // Its cities' processes are of its group, and end with it.
    let group = Pid::from_raw(i32::try_from(child.id())?).context("pid")?;
    let (tell, told) = mpsc::channel();
    let waiting = std::thread::spawn(move || {
        let _ = child.wait();
        let _ = tell.send(());
    });
    let ended = told.recv_timeout(Duration::from_secs(TEST_SECONDS_MAX)).is_ok();
    let _ = kill_process_group(group, Signal::KILL);
    let _ = waiting.join();
    let mut text = Vec::new();
    output.rewind()?;
    output.read_to_end(&mut text)?;
    let text = String::from_utf8_lossy(&text);
    let counted = text.lines().filter_map(|line| line.strip_prefix("test result: "));
    let ran = counted.clone().any(|line| !line.contains(" 0 passed; 0 failed"));
    ensure!(ran || !ended, "{test} was not run: {}", text.trim());
    let failed = !ended || counted.into_iter().any(|line| line.starts_with("FAILED"));
    let (at, said) = panicked(&text);
    let said = if ended { said } else { format!("no end within {TEST_SECONDS_MAX} s") };
    Ok(Verdict { test: test.to_owned(), failed, at, said, seconds: started.elapsed().as_secs() })
}

/// Where the first panic was, and its first line.
fn panicked(text: &str) -> (String, String) {
    let mut lines = text.lines().skip_while(|line| !line.contains(" panicked at "));
    let at = lines.next().and_then(|line| line.split(" panicked at ").nth(1)).unwrap_or_default();
    let at = at.trim_end_matches(':').rsplit_once(':').map_or(at, |(place, _column)| place);
    let said = lines.next().unwrap_or_default();
    (at.to_owned(), said.chars().take(160).collect())
}
