//! Bundles of evidence as files: asked of a running city, taken apart, changed, packed again, and
//! judged by both verifiers.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};
use tests::processes::{Office, until};
use tests::{Officer, binary, workspace};

pub(super) const OWN: &str = "/documents/sz-office/2026-001";

pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// Exit codes, as both verifiers have them.
pub(crate) const VERIFIED: i32 = 0;
pub(crate) const ALTERED: i32 = 1;
pub(crate) const MISSING: i32 = 2;
pub(super) const UNTRUSTED: i32 = 3;
pub(super) const MALFORMED: i32 = 4;

pub(super) fn auditor(office: &Office, words: &[&str]) -> Command {
    let path = |end: &str| office.path(&format!("people/auditor.{end}"));
    let mut command = Command::new(binary("yinxin"));
    command
        .arg("audit")
        .args(words)
        .arg("--trust")
        .arg(office.path("ca/trust.json"))
        .arg("--cert")
        .arg(path("pem"))
        .arg("--key")
        .arg(path("key"))
        .arg("--passphrase-file")
        .arg(path("passphrase"))
        .env("XDG_STATE_HOME", office.path("state"));
    command
}

/// What `yinxin audit search --json` says, line by line.
pub(crate) fn search(office: &Office, words: &[&str]) -> Vec<serde_json::Value> {
    let said = auditor(office, &[&["search"], words].concat()).arg("--json").output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let text = String::from_utf8(said.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The evidence of the newest permitted request of a person.
pub(crate) async fn evidence(office: &Office, person: &Officer, out: &str) -> Files {
    let mut request = String::new();
    until("the log has the request with its end", async || {
        let found = search(office, &["--person", &person.person, "--outcome", "permitted"]);
        let Some(name) = found.last().filter(|_| found.len() > 1) else { return false };
        let _ = name;
        // The oldest: others stand behind it in the agent's run.
        let name = found[found.len() - 2]["request"].as_str().unwrap();
        let ended = search(office, &["--request", name]);
        request = name.to_owned();
        ended.len() >= 3
    })
    .await;
    exported(office, &["--request", &request], out)
}

/// What `yinxin audit export` writes.
pub(crate) fn exported(office: &Office, words: &[&str], out: &str) -> Files {
    let out = office.path(out);
    let said = auditor(office, &[&["export"], words].concat()).arg("--out").arg(&out).output();
    let said = said.unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    untar(&out)
}

pub(super) fn untar(path: &Path) -> Files {
    verify::bundle::untar(&std::fs::read(path).unwrap()).unwrap()
}

pub(crate) fn tar(path: &Path, files: &Files) {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, content.as_slice()).unwrap();
    }
    std::fs::write(path, builder.into_inner().unwrap()).unwrap();
}

/// Both verifiers' exit codes, and what ours printed.
pub(crate) fn judged(office: &Office, path: &Path, trust: bool) -> (i32, i32, String) {
    let trust = trust.then(|| office.path("ca/trust.json"));
    let mut ours = Command::new(binary("yinxin-verify"));
    if let Some(trust) = &trust {
        ours.arg("--trust").arg(trust);
    }
    let ours = ours.arg(path).output().unwrap();
    let (code, second) = by_second(path, trust.as_deref());
    let said = format!("{}\n── second verifier:\n{second}", String::from_utf8_lossy(&ours.stdout));
    (ours.status.code().unwrap(), code, said)
}

/// What the second verifier says: one process for all tests, which ends with this one.
fn by_second(path: &Path, trust: Option<&Path>) -> (i32, String) {
    static SECOND: LazyLock<Mutex<(Child, BufReader<ChildStdout>)>> = LazyLock::new(|| {
        let mut second = Command::new(workspace().join(".tools/venv/bin/python3"));
        second.arg(workspace().join("tests/formats/verifier.py")).arg("--each");
        let mut second = second.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(second.stdout.take().unwrap());
        Mutex::new((second, said))
    });
    let mut second = SECOND.lock().unwrap_or_else(PoisonError::into_inner);
    let (second, says) = &mut *second;
    writeln!(second.stdin.as_mut().unwrap(), "{}", serde_json::json!([path, trust])).unwrap();
    let mut line = String::new();
    says.read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap()
}

pub(crate) fn part<T: Serialize + DeserializeOwned>(files: &Files, name: &str) -> T {
    records::json::read(&files[name]).unwrap()
}

/// The files with one part changed.
pub(crate) fn with<T: Serialize + DeserializeOwned>(
    files: &Files,
    name: &str,
    change: impl FnOnce(&mut T),
) -> Files {
    let mut value: T = part(files, name);
    change(&mut value);
    bytes(files, name, records::json::write(&value).unwrap())
}

/// The files with one file exchanged.
pub(super) fn bytes(files: &Files, name: &str, content: Vec<u8>) -> Files {
    let mut files = files.clone();
    files.insert(name.to_owned(), content);
    files
}

pub(super) fn flip(bytes: &mut [u8]) {
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
}
