//! A hostile bundle of evidence: whatever stands in it, in the names of its files, and in its own
//! name, `yinxin-verify` tells it as what it is, to people and to machines.

use crate::evidence::doctored::{Forger, Laid, laid};
use crate::evidence::{Files, evidence, tar};
use crate::hostile_leaves::variants;
use crate::hostile_texts::{HOSTILE, check, on_a_terminal};
use records::record::{Event, Record};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use tests::gate::get;
use tests::{Office, binary};

const OWN: &str = "/documents/sz-office/2026-001";

fn verifier(office: &Office, bundle: &Path) -> Command {
    let mut command = Command::new(binary("yinxin-verify"));
    command.arg("--trust").arg(office.path("ca/trust.json")).arg(bundle).env_remove("LANG");
    command
}

/// How it is told, one way after the other.
fn told(office: &Office, bundle: &Path, turn: usize) -> String {
    let mut command = verifier(office, bundle);
    match turn % 4 {
        0 => command.arg("--json"),
        1 => command.env("NO_COLOR", "1"),
        2 => command.env("LANG", "en_US.UTF-8"),
        _ => command.env("LANG", "zh_CN.UTF-8"),
    };
    let text = check(&command.output().unwrap(), &bundle.display().to_string());
    if turn.is_multiple_of(4) {
        assert!(
            text.lines().count() == 1 && serde_json::from_str::<Value>(&text).is_ok(),
            "{text}"
        );
    }
    text
}

/// The parts of a bundle with hostile text in each of their places.
fn changed(files: &Files) -> Vec<Files> {
    let documents = files.iter().filter(|(name, _)| name.ends_with(".json"));
    let mut all = Vec::new();
    for (name, content) in documents {
        let document: Value = serde_json::from_slice(content).unwrap();
        for (_, changed) in variants(&document) {
            let mut files = files.clone();
            let content = records::json::write(&changed);
            files.insert(name.clone(), content.unwrap_or_else(|_| changed.to_string().into()));
            all.push(files);
        }
    }
    for name in files.keys() {
        let mut files = files.clone();
        let content = files.remove(name).unwrap();
        files.insert(format!("{HOSTILE}.json"), content);
        all.push(files);
    }
    all
}

/// Records that the agent and the log signed, with hostile text in each of their places.
fn signed(office: &Office, files: &Files) -> Vec<Files> {
    let forger = Forger::at(office);
    let all = laid(files);
    let mut bundles = Vec::new();
    for at in 0..all.len() {
        let Laid { record, disclosures, .. } = &all[at];
        let record: Value = serde_json::to_value(record).unwrap();
        let records = variants(&record)
            .into_iter()
            .filter_map(|(_, value)| Record::read(&records::json::write(&value).ok()?).ok());
        // A head counts one more than the last number of its run.
        let records = records
            .filter(|record: &Record| record.link.as_ref().is_some_and(|link| link.aseq < 1 << 52));
        let mut changed: Vec<Laid> =
            records.map(|record| Laid { record, ..all[at].clone() }).collect();
        // What is disclosed, and committed to.
        for (place, shown) in disclosures.iter().enumerate() {
            let mut one = all[at].clone();
            one.disclosures[place].value = HOSTILE.into();
            let commitment = one.disclosures[place].commitment().unwrap();
            match (&mut one.record.event, shown.path.as_str()) {
                (Event::Decision(decision), "/target") => decision.target = commitment,
                (Event::Connection(seen), "/source") => seen.source = commitment,
                _ => continue,
            }
            changed.push(one);
        }
        for one in changed {
            let mut all = all.clone();
            all[at] = one;
            bundles.push(forger.bundle(files, &all));
        }
    }
    bundles
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hostile_bundle_steers_no_terminal() {
    let mut office = Office::open().await;
    let gate = office.gate().await;
    let person = office.gate_official("王小明", "sz-office").await;
    assert_eq!(get(&mut gate.h1(&office, &person).await, OWN).await.0, 200);
    let files = evidence(&office, &person, "evidence.tar").await;
    let bundle = office.path("hostile.tar");
    let mut shown = 0;
    let all = signed(&office, &files).into_iter().chain(changed(&files));
    for (turn, files) in all.enumerate() {
        tar(&bundle, &files);
        let text = told(&office, &bundle, turn);
        shown += usize::from(text.contains("‹U+001B›") || text.contains("\\u001b"));
    }
    assert!(shown > 10, "hostile text is shown as what it is: {shown}");
    // The file's own name, on terminals of any size, and where it is not there.
    let named: PathBuf = office.path(&format!("{}.tar", HOSTILE.replace('/', "")));
    let mut hostile = files.clone();
    hostile.insert(HOSTILE.into(), Vec::new());
    tar(&named, &hostile);
    for size in ["5x20", "50x200"] {
        let text = check(&on_a_terminal(size, &verifier(&office, &named)), size);
        assert!(text.contains("李丹"), "a file without weight is named: {text}");
    }
    std::fs::remove_file(&named).unwrap();
    check(&verifier(&office, &named).output().unwrap(), "no such file");
}
