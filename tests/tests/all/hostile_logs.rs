//! What a log in other hands answers steers no terminal and no page: each field of its answers, and
//! each text of the records that it proves, with its own key, to stand in it.

use crate::hostile_leaves::variants;
use crate::hostile_texts::{HOSTILE, check, on_a_terminal};
use crate::searches::audits;
use pki::name::is_hidden;
use records::Bytes;
use records::evidence::{DisclosedRecord, FoundRecords};
use records::record::Record;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use tests::captured::Changed;
use tests::desk::Desk;
use tests::forged_log::ForgedLog;
use tests::processes::until;
use tests::{Office, workspace};

const PERSON: &str = "0123456789ABCDEF";

/// Every record of the golden vectors with hostile text in each of its places, as far as a record
/// may hold it.
fn hostile_records(log: &str) -> Vec<Vec<u8>> {
    let vectors = std::fs::read(workspace().join("docs/vectors.json")).unwrap();
    let vectors: Value = serde_json::from_slice(&vectors).unwrap();
    let records = vectors["records"].as_array().unwrap().iter().map(|one| {
        let bytes = Bytes::read(one["record"].as_str().unwrap()).unwrap();
        serde_json::from_slice::<Value>(&bytes.0).unwrap()
    });
    let all = records.flat_map(|record| variants(&record).into_iter().map(|(_, value)| value));
    let written = all.filter_map(|value| records::json::write(&value).ok());
    let of_log = |bytes: &Vec<u8>| Record::read(bytes).is_ok_and(|record| record.log == log);
    written.filter(of_log).collect()
}

/// All of them, newest first, proven under the log's own key.
fn proven(office: &Office, log: &str) -> Value {
    let records: Vec<(u64, Vec<u8>)> = (0..).zip(hostile_records(log)).collect();
    assert!(records.len() > 40, "{log}: {}", records.len());
    let size = records.len() as u64;
    let (checkpoint, mut proven) = ForgedLog::of(office, log).lay(size, &records);
    proven.reverse();
    let records =
        proven.into_iter().map(|proven| DisclosedRecord { proven, disclosures: Vec::new() });
    let names = [(HOSTILE, HOSTILE), (PERSON, HOSTILE)];
    let names = names.map(|(id, name)| (id.to_owned(), name.to_owned())).into();
    let records = records.collect();
    let (before, complete_to) = (Some(7), size);
    let consistency = Vec::new();
    let answer = FoundRecords { records, names, before, complete_to, checkpoint, consistency };
    json!({ "search": answer })
}

/// An auditor at their computer, and a log that answers what it is told to.
struct Scene {
    office: Office,
    changed: Changed,
    trust: PathBuf,
    home: tempfile::TempDir,
}

impl Scene {
    async fn open() -> Self {
        let office = Office::open().await;
        let home = tempfile::tempdir().unwrap();
        let auditor = office.first("auditor");
        // A key that opens at once: it is opened for each field.
        let key = home.path().join("auditor.key");
        keys::save(&key, &auditor.signer, "passphrase", keys::Stretch::Random).unwrap();
        let passphrase = home.path().join("passphrase");
        system::file::create_private(&passphrase, b"passphrase").unwrap();
        let changed: Changed = Arc::new(Mutex::new(Box::new(|answer| answer)));
        let trust = office.stand_before_log(&auditor, changed.clone()).await;
        Self { office, changed, trust, home }
    }

    fn answers(&self, answer: Value) {
        *self.changed.lock().unwrap() = Box::new(move |_| answer.clone());
    }

    fn audits(&self, words: &[&str]) -> Command {
        let path = self.office.path("people/auditor.pem");
        let mut command = Command::new(tests::binary("yinxin"));
        command.arg("audit").args(words).arg("--trust").arg(&self.trust);
        command.arg("--cert").arg(path).arg("--key").arg(self.home.path().join("auditor.key"));
        command.arg("--passphrase-file").arg(self.home.path().join("passphrase"));
        command.current_dir(self.home.path()).env("XDG_CONFIG_HOME", self.home.path());
        command.env_remove("LANG").env("XDG_STATE_HOME", self.state());
        command
    }

    /// What the auditor remembers of the logs.
    fn state(&self) -> PathBuf {
        self.home.path().join("state")
    }
}

/// A log lays hostile records into its own tree: each is proven, and told as what it is, in a pipe,
/// without colours, on terminals of any size, in both languages, for machines and at a desk.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_records_of_a_log_steer_nothing() {
    let scene = Scene::open().await;
    for log in records::record::LOGS {
        let answer = proven(&scene.office, log);
        let count = answer["search"]["records"].as_array().unwrap().len();
        scene.answers(answer);
        let search = ["search", "--log", log];
        let mut pipe = scene.audits(&search);
        let told = check(&pipe.output().unwrap(), log);
        let begins = |with: &str| told.lines().filter(|line| line.starts_with(with)).count();
        assert_eq!((begins("✓"), begins("✗")), (count, 0), "{told}");
        assert!(told.contains("李丹‹U+001B›"), "{told}");
        check(&pipe.env("NO_COLOR", "1").output().unwrap(), log);
        for language in ["zh_CN.UTF-8", "en_US.UTF-8"] {
            check(&scene.audits(&search).env("LANG", language).output().unwrap(), language);
        }
        for size in ["5x20", "50x200"] {
            check(&on_a_terminal(size, &scene.audits(&search)), size);
        }
        let machine = scene.audits(&[&search[..], &["--json"]].concat()).output().unwrap();
        let told = check(&machine, log);
        assert_eq!(told.lines().count(), count + 1, "one document a line: {told}");
        assert!(told.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{told}");
    }
    at_a_desk(&scene).await;
}

async fn at_a_desk(scene: &Scene) {
    let Scene { office, trust, .. } = scene;
    scene.answers(proven(office, "control"));
    let passphrase = keys::passphrase_from_file(&office.path("people/auditor.passphrase")).unwrap();
    let mut desk =
        Desk::started(audits(office, Path::new(trust), &["--json", "desk"]), &passphrase);
    desk.enter().await;
    let page = desk.get("/audit?log=control").await.text;
    assert!(page.contains("✓ 已证明") && page.contains("李丹"), "{page}");
    let hidden = |c: &char| is_hidden(*c) && *c != '\n';
    assert_eq!(page.chars().find(hidden), None, "{page:?}");
}

/// Each field of what the log answers to a search and to an export, and of its refusals.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_field_of_a_logs_answer_steers_a_terminal() {
    let scene = Scene::open().await;
    let (official, collected) = scene.office.official("王小明", "sz-office").await;
    let serial = pki::Certificate::read(&collected.chain[0].0).unwrap().serial().to_string();
    let seen: Arc<Mutex<Value>> = Arc::default();
    let noted = seen.clone();
    *scene.changed.lock().unwrap() = Box::new(move |answer| {
        *noted.lock().unwrap() = answer.clone();
        answer
    });
    let search = ["search", "--log", "control", "--person", &official.letter.person];
    let export = ["export", "--certificate", &serial];
    until("there is an answer to both", async || {
        let found = scene.audits(&search).output().unwrap();
        let exported = scene.audits(&export).output().unwrap();
        let _ = std::fs::remove_file(scene.home.path().join("evidence.tar"));
        found.status.success() && exported.status.success()
    })
    .await;
    let exported = seen.lock().unwrap().clone();
    scene.audits(&search).output().unwrap();
    let found = seen.lock().unwrap().clone();
    let refusal = json!({ "code": "x", "zh": "x", "en": "x", "reference": "x" });
    let mut runs = 0;
    for (what, words, answer) in [
        ("search", &search[..], &found),
        ("export", &export[..], &exported),
        ("refusal", &search[..], &refusal),
    ] {
        // What stands in a bundle has a story of its own.
        let outside = variants(answer).into_iter().filter(|(name, _)| !name.contains('|'));
        for (name, answer) in outside {
            scene.answers(answer);
            let _ = std::fs::remove_file(scene.home.path().join("evidence.tar"));
            // Answers of different times are read, as by somebody who saw nothing before.
            let _ = std::fs::remove_dir_all(scene.state());
            runs += 1;
            let more: &[&str] = if runs % 2 == 0 { &["--json"] } else { &[] };
            let output = scene.audits(words).args(more).output().unwrap();
            check(&output, &format!("{what} {name}"));
        }
    }
    assert!(runs > 30, "{runs}");
}
