//! `yinxin system`, as a script runs it: the first certificate, the one that follows it, and the
//! way back for whoever came too late.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;
use tests::machines::device::openssl;
use tests::machines::{Secret, Site};

const NAMES: [&str; 4] = ["--host", "a.acme.test", "--host", "b.acme.test"];

/// A folder in which a script runs.
struct Script {
    url: String,
    home: TempDir,
}

impl Script {
    fn new(site: &Site) -> Self {
        Self { url: site.est(""), home: tempfile::tempdir().unwrap() }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(tests::binary("yinxin"));
        command.arg("system").args(words).args(["--url", &self.url, "--json"]);
        command.current_dir(self.home.path());
        command
    }

    fn enroll(&self, file: &Path, more: &[&str]) -> Output {
        let file = file.display().to_string();
        self.command(&[&["enroll", "--file", &file][..], more].concat()).output().unwrap()
    }

    fn renew(&self, more: &[&str]) -> Output {
        self.command(&[&["renew"][..], more].concat()).output().unwrap()
    }

    /// The files, as a server that reads them would see them.
    fn judge(&self, site: &Site) -> (String, String) {
        let [chain, key] = ["own.pem", "own.key"].map(|name| self.at(name).display().to_string());
        let issuing = site.office.path("ca/public/ca/issuing-1.pem").display().to_string();
        openssl(&["verify", "-CAfile", &site.root(), "-untrusted", &issuing, &chain]);
        let public = openssl(&["pkey", "-in", &key, "-pubout"]);
        assert_eq!(openssl(&["x509", "-in", &chain, "-noout", "-pubkey"]), public);
        let text = std::fs::read_to_string(&chain).unwrap();
        assert_eq!(text.matches("BEGIN CERTIFICATE").count(), 2, "its issuing CA is with it");
        let own: Vec<String> = std::fs::read_dir(self.home.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        assert!(!own.iter().any(|name| name.ends_with(".next") || name.ends_with(".request")));
        (text, public)
    }
}

fn said(done: &Output) -> Value {
    let told = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{done:?}");
    serde_json::from_str(told.trim()).unwrap_or_else(|_| panic!("{done:?}"))
}

/// How it was refused: exit code, code, and what to type next.
fn refused(done: &Output) -> (i32, String, String) {
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    let told: Value = serde_json::from_str(told.trim()).unwrap_or_else(|_| panic!("{done:?}"));
    let text = |key: &str| told[key].as_str().unwrap().to_owned();
    (done.status.code().unwrap(), text("code"), text("next"))
}

/// The same file with another password.
fn with_password(secret: &Secret, password: &str, path: &Path) {
    let mut file: Value = serde_json::from_slice(&std::fs::read(&secret.file).unwrap()).unwrap();
    file["est_password"] = password.into();
    system::file::replace_private(path, file.to_string().as_bytes()).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_enrolls_renews_and_comes_back() {
    let site = Site::open().await;
    let secret = site.inner("inner").await;
    let script = Script::new(&site);
    let first = said(&script.enroll(&secret.file, &NAMES));
    assert_eq!(first["names"], serde_json::json!(["a.acme.test", "b.acme.test"]));
    assert!(first["renew_from"].as_str().unwrap() < first["not_after"].as_str().unwrap());
    let (chain, key) = script.judge(&site);
    let twice = script.enroll(&secret.file, &NAMES);
    assert_eq!(refused(&twice).0, 5, "what is there is not written over: {twice:?}");
    // The system file is needed no more, and nothing is due yet.
    let early = said(&script.renew(&["--if-due"]));
    assert_eq!((&early["stage"], &early["serial"]), (&"early".into(), &first["serial"]));
    let next = said(&script.renew(&[]));
    assert_ne!(next["serial"], first["serial"]);
    let (next_chain, next_key) = script.judge(&site);
    assert!(next_chain != chain && next_key != key, "a new key each time");
    // Who comes too late comes back by the system file.
    let clock = script.at("clock");
    std::fs::write(&clock, (400 * 86_400).to_string()).unwrap();
    let mut late = script.command(&["renew"]);
    let late = late.env("YINXIN_CLOCK_FILE", &clock).output().unwrap();
    let (exit, code, then) = refused(&late);
    assert_eq!((exit, code.as_str()), (3, "certificate-expired"));
    assert_eq!(then, "yinxin system enroll --help");
    let back = said(&script.enroll(&secret.file, &[&NAMES[..], &["--replace"]].concat()));
    assert_ne!(back["serial"], next["serial"]);
    script.judge(&site);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_is_told_why_it_gets_nothing() {
    let site = Site::open().await;
    let secret = site.inner("inner").await;
    let script = Script::new(&site);
    let wrong = script.at("wrong.json");
    with_password(&secret, &site.secret.password, &wrong);
    let told = refused(&script.enroll(&wrong, &NAMES));
    assert_eq!((told.0, told.1.as_str()), (3, "system-secret"));
    let foreign = refused(&script.enroll(&secret.file, &["--host", "a.other.test"]));
    assert_eq!((foreign.0, foreign.1.as_str()), (3, "system-names"));
    let none = refused(&script.renew(&[]));
    assert_eq!((none.0, none.1.as_str()), (4, "file-not-found"));
    assert!(!script.at("own.key").exists() && !script.at("own.pem").exists());
    let exposed = script.at("exposed.json");
    std::fs::copy(&secret.file, &exposed).unwrap();
    Command::new("chmod").arg("644").arg(&exposed).status().unwrap();
    assert_eq!(refused(&script.enroll(&exposed, &NAMES)).0, 3, "others can open it");
    // After all of that the same command is right.
    said(&script.enroll(&secret.file, &NAMES));
    script.judge(&site);
}
