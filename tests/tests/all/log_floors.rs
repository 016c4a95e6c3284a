//! What auditors saw of a log they go by: whoever holds the log's process and key shows them none
//! that goes back, forks or starts elsewhere, and both notes that it signed are kept.

use crate::searches::audits;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Output;
use std::sync::{Arc, Mutex};
use tests::Office;
use tests::captured::Changed;
use tests::desk::Desk;
use tests::forged_log::ForgedLog;
use tests::processes::until;

/// An auditor's search at a computer of theirs, which remembers in this folder.
fn searched(office: &Office, trust: &Path, state: &str) -> Output {
    let words = ["--json", "audit", "search", "--log", "control", "--kind", "asked"];
    let mut command = audits(office, trust, &words);
    command.arg("--passphrase-file").arg(office.path("people/auditor.passphrase"));
    command.env("XDG_STATE_HOME", office.path(state)).output().unwrap()
}

/// What is told of the log where it is believed.
fn standing(output: &Output) -> Value {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let text = String::from_utf8_lossy(&output.stdout);
    let page: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    page["floors"]["control"].clone()
}

fn size(standing: &Value) -> u64 {
    standing["tree_size"].as_u64().unwrap()
}

/// The refusal: nothing of the answer is told, and the file with both notes is there.
fn refused(output: &Output, code: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &*output.stdout), (Some(3), &b""[..]), "{code}: {said}");
    let told: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!(told["code"], code, "{said}");
    let (_, place) = told["en"].as_str().unwrap().split_once(" are in ").unwrap();
    let (place, _) = place.split_once(": show").unwrap();
    let kept: Value = serde_json::from_slice(&std::fs::read(place).unwrap()).unwrap();
    assert_eq!(kept["checkpoints"].as_array().unwrap().len(), 2, "{kept}");
}

/// A tree of this size that the log never had, signed with its key.
fn another(office: &Office, size: u64) -> Value {
    let (checkpoint, _) = ForgedLog::of(office, "control").lay(size, &[]);
    json!({ "search": {
        "records": [], "names": {}, "complete_to": size, "checkpoint": checkpoint,
    } })
}

/// A captured log gives an auditor the checkpoint of yesterday, another tree of the same size, and
/// a longer one that does not continue it: each is really signed, and refused by whoever saw more.
/// The log as it is goes on being believed, and whoever sees it first is told so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_goes_back_or_forks_is_refused_by_whoever_saw_it() {
    let office = Office::open().await;
    let auditor = office.first("auditor");
    let changed: Changed = Arc::new(Mutex::new(Box::new(|answer| answer)));
    let trust = office.stand_before_log(&auditor, changed.clone()).await;
    let answers = |answer: &Value| {
        let answer = answer.clone();
        *changed.lock().unwrap() = Box::new(move |_| answer.clone());
    };
    let honest = || *changed.lock().unwrap() = Box::new(|answer| answer);
    let search = || searched(&office, &trust, "state");

    let yesterday: Arc<Mutex<Value>> = Arc::default();
    let noted = yesterday.clone();
    *changed.lock().unwrap() = Box::new(move |answer| {
        *noted.lock().unwrap() = answer.clone();
        answer
    });
    let first = standing(&search());
    assert_eq!((&first["first_seen"], &first["before"]), (&json!(true), &Value::Null));
    let yesterday = yesterday.lock().unwrap().clone();
    honest();
    // Each question is a record, and makes the log grow: it proves that it goes on.
    until("the log has grown", async || {
        let now = standing(&search());
        assert_eq!(now["first_seen"], false);
        size(&now) > size(&first)
    })
    .await;
    let now = size(&standing(&search()));

    answers(&yesterday);
    refused(&search(), "log-went-back");
    let other = standing(&searched(&office, &trust, "another-state"));
    assert_eq!((size(&other), &other["first_seen"]), (size(&first), &json!(true)));
    answers(&another(&office, now));
    refused(&search(), "log-forked");
    answers(&another(&office, now + 5));
    refused(&search(), "log-not-continued");
    honest();
    let later = standing(&search());
    assert!(size(&later) >= now && later["before"]["tree_size"] == now, "{later}");

    // The same at a desk, which remembers what was seen outside of it.
    let passphrase = keys::passphrase_from_file(&office.path("people/auditor.passphrase")).unwrap();
    let mut desk = Desk::started(audits(&office, &trust, &["--json", "desk"]), &passphrase);
    desk.enter().await;
    answers(&yesterday);
    let page = desk.get("/audit?log=control").await.text;
    assert!(page.contains("class=\"problem\"") && page.contains("日志变短了"), "{page}");
    assert!(!page.contains("✓ 已证明"), "{page}");
}
