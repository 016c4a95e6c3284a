//! Running our own binaries as people and operators do.

use anyhow::{Context, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A binary of this workspace, built beside this one.
pub(crate) fn binary(name: &str) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let path = own.parent().context("no folder")?.join(name);
    if path.exists() {
        Ok(path)
    } else {
        bail!("{name} is not built; next: cargo build --workspace")
    }
}

/// A program of the system, if it is installed.
pub(crate) fn which(name: &str) -> Option<PathBuf> {
    ["/usr/sbin", "/usr/bin"].iter().map(|at| Path::new(at).join(name)).find(|path| path.exists())
}

/// Runs a command to its end; its standard output, or an error with what it said.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<String> {
    let output = output(command)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{}: {}", show(command), said.trim());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Runs a command to its end.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<Output> {
    command.output().with_context(|| show(command))
}

/// Runs a command with `--json` and reads its one line.
pub(crate) fn json(command: &mut Command) -> anyhow::Result<serde_json::Value> {
    let text = run(command.arg("--json"))?;
    let line = text.lines().next_back().context("it printed nothing")?;
    Ok(serde_json::from_str(line)?)
}

/// A text in a JSON object; empty if it is not there.
pub(crate) fn text(value: &serde_json::Value, key: &str) -> String {
    value.get(key).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}

fn show(command: &Command) -> String {
    let program =
        Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy();
    let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
    format!("{program} {}", words.join(" "))
}

/// `yinxin`.
pub(crate) fn yinxin() -> anyhow::Result<Command> {
    Ok(Command::new(binary("yinxin")?))
}

/// `agent` on the state directory of a city's gate.
pub(crate) fn agent(city: &Path) -> anyhow::Result<Command> {
    let mut command = Command::new(binary("agent")?);
    command.arg("--state").arg(city.join("gate"));
    Ok(command)
}

/// `ca-server` on the state directory of a city.
pub(crate) fn ca_server(city: &Path) -> anyhow::Result<Command> {
    let mut command = Command::new(binary("ca-server")?);
    command.arg("--state").arg(city.join("ca"));
    Ok(command)
}

/// Writes a file that only its owner reads; an existing one is replaced.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    system::file::replace_private(path, bytes).with_context(|| path.display().to_string())
}

/// A random passphrase in a file of its own.
pub(crate) fn write_passphrase(path: &Path) -> anyhow::Result<()> {
    let text = data_encoding::BASE32_NOPAD.encode(&system::random::bytes::<20>()?).to_lowercase();
    write_private(path, format!("{text}\n").as_bytes())
}
