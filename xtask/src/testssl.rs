//! `cargo xtask testssl`: Debian's testssl.sh against a gate of a city of its own, once as it is
//! set by default and once with TLS 1.2; whatever it finds is a failure.

use crate::city::City;
use crate::found::{Sample, found, gate_ports, workspace};
use crate::processes::Running;
use crate::tool::which;
use anyhow::{Context, ensure};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};

/// What it may say all the same, by its own names, and why.
const ACCEPTED: [(&str, &str); 2] = [
    ("engine_problem", "the OpenSSL that it uses itself has no engine"),
    ("OCSP_stapling", "who doubts a gate's certificate asks OCSP or reads the list themselves"),
];

/// Protocols, kinds of ciphers, forward secrecy, certificate, known attacks.
const LOOKS: [&str; 5] = ["-p", "-s", "-f", "-S", "-U"];

/// Builds the programs, founds a city and looks at its gate.
pub(crate) async fn run() -> anyhow::Result<()> {
    let testssl = which("testssl").context("testssl; next: apt-get install testssl.sh")?;
    let built = Command::new("cargo").args(["build", "--quiet", "--workspace"]).status()?;
    ensure!(built.success(), "cargo build failed");
    let home = tempfile::tempdir_in(workspace()?.join("target"))?;
    let folder = home.path().join("city");
    println!("founding a city with a gate …");
    found(&folder, &Sample::default())?;
    let mut running = Running::start(&folder).await?;
    crate::gate::join(&folder, &[])?;
    let city = City::read(&folder)?;
    let [port, ..] = gate_ports(&city)?;
    let settings = folder.join("gate/agent.toml");
    let text = std::fs::read_to_string(&settings)?;
    let mut found = 0;
    for version in ["1.3", "1.2"] {
        std::fs::write(&settings, format!("tls_min_version = \"{version}\"\n{text}"))?;
        running.start_gate(&city).await?;
        println!("tls_min_version = \"{version}\":");
        found += look(&testssl, (&folder.join(&city.ca.root_pem), home.path()), port)?;
        running.kill("agent")?;
        running.kill("exchange")?;
    }
    running.stop().await?;
    ensure!(found == 0, "{found} findings");
    println!("it finds nothing");
    Ok(())
}

/// Prints what it finds; gives how much that is.
fn look(testssl: &Path, (root, home): (&Path, &Path), port: u16) -> anyhow::Result<usize> {
    let report = home.join("testssl.json");
    if report.exists() {
        std::fs::remove_file(&report)?;
    }
    let mut scan = Command::new(testssl);
    scan.args(["--quiet", "--color", "0", "--warnings", "batch", "--sneaky", "-n", "none"]);
    scan.args(["--ip", "127.0.0.1", "--add-ca"]).arg(root).arg("--jsonfile").arg(&report);
    // Its exit code counts findings that are accepted here.
    scan.args(LOOKS).arg(format!("localhost:{port}")).stdout(Stdio::null()).status()?;
    let findings: Vec<Value> = serde_json::from_slice(&std::fs::read(&report)?)?;
    let of = |one: &Value, name: &str| {
        one.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let is_spoken = findings.iter().any(|one| of(one, "id") == "TLS1_3");
    ensure!(is_spoken && findings.len() > 50, "testssl.sh did not look: {} lines", findings.len());
    let mut count = 0;
    for one in &findings {
        let [id, severity, finding] = ["id", "severity", "finding"].map(|name| of(one, name));
        if ["OK", "INFO"].contains(&severity.as_str()) {
            continue;
        }
        match ACCEPTED.iter().find(|(known, _)| *known == id) {
            Some((_, why)) => println!("  {severity} {id}: {finding} (accepted: {why})"),
            None => {
                println!("  {severity} {id}: {finding}");
                count += 1;
            }
        }
    }
    println!("  {} looks, {count} findings", findings.len());
    Ok(count)
}
