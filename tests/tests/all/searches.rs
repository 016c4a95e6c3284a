//! What auditors find: each record is proven to stand in the log, and what a captured log answers
//! beside that is refused, or told as its word.

use records::Bytes;
use records::lineage::Proven;
use records::record::Record;
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use tests::captured::Changed;
use tests::desk::Desk;
use tests::processes::until;
use tests::{Office, binary};

/// `yinxin` as an auditor runs it against the log that a trust file names.
pub(crate) fn audits(office: &Office, trust: &Path, words: &[&str]) -> Command {
    let path = |end: &str| office.path(&format!("people/auditor.{end}"));
    let mut command = Command::new(binary("yinxin"));
    command.args(words).arg("--trust").arg(trust);
    command.arg("--cert").arg(path("pem")).arg("--key").arg(path("key"));
    command.env_remove("LANG").env("XDG_STATE_HOME", office.path("state"));
    command
}

fn searched(office: &Office, trust: &Path, words: &[&str]) -> Output {
    let mut command = audits(office, trust, &[&["audit", "search"], words].concat());
    let passphrase = office.path("people/auditor.passphrase");
    command.arg("--passphrase-file").arg(passphrase).output().unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Without the size of the tree: each question is a record, and makes it grow.
fn of_any_size(lines: &[Value]) -> Vec<Value> {
    let mut lines = lines.to_vec();
    lines.iter_mut().for_each(|line| drop(line.as_object_mut().unwrap().remove("tree_size")));
    lines
}

fn proven(answer: &Value, at: usize) -> Proven {
    serde_json::from_value(answer["search"]["records"][at]["proven"].clone()).unwrap()
}

/// What a log in other hands makes of an answer.
type Forge = fn(Value) -> Value;

/// A record as somebody else would have it, in its place in an answer.
fn altered(mut answer: Value) -> Value {
    let mut record = Record::read(&proven(&answer, 0).record.0).unwrap();
    record.maker = "forged".into();
    answer["search"]["records"][0]["proven"]["record"] = json!(Bytes(record.write().unwrap()));
    answer
}

/// A record that the log holds, where it holds another one.
fn moved(mut answer: Value) -> Value {
    let other = proven(&answer, 1).record;
    answer["search"]["records"][0]["proven"]["record"] = json!(other);
    answer
}

fn left_out(mut answer: Value) -> Value {
    answer["search"]["records"].as_array_mut().unwrap().remove(0);
    answer
}

fn other_names(mut answer: Value) -> Value {
    let names = answer["search"]["names"].as_object_mut().unwrap();
    names.values_mut().for_each(|name| *name = "李冒名".into());
    answer
}

fn other_checkpoint(mut answer: Value) -> Value {
    let note = answer["search"]["checkpoint"].as_str().unwrap();
    let (head, _) = note.split_once("\n\n").unwrap();
    let signed = note.replace(head, &format!("{head}x"));
    answer["search"]["checkpoint"] = signed.into();
    answer
}

/// A log in other hands answers with an altered record, with one of another place, under a
/// checkpoint of its own, with other names, and leaves one out: a record is told as proven where
/// the tree of the log's key holds it, or refused, on a terminal, for machines and at a desk. What
/// is left out stays unproven, and that is said.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_captured_log_is_believed_as_far_as_it_proves() {
    let office = Office::open().await;
    let (official, collected) = office.official("王小明", "sz-office").await;
    let serial = pki::Certificate::read(&collected.chain[0].0).unwrap().serial().to_string();
    let auditor = office.first("auditor");
    let changed: Changed = Arc::new(Mutex::new(Box::new(|answer| answer)));
    let trust = office.stand_before_log(&auditor, changed.clone()).await;
    let words = ["--log", "control", "--certificate", &serial];
    let json_words = [&words[..], &["--json"]].concat();
    let honest = || lines(&searched(&office, &trust, &json_words));
    until("the index has them", async || honest().len() > 2).await;
    let whole = honest();
    let (summary, found) = whole.split_last().unwrap();
    assert!(found.iter().all(|one| one["proven"] == true), "{whole:?}");
    let size = summary["tree_size"].as_u64().unwrap();
    assert!(found.iter().all(|one| one["index"].as_u64().unwrap() < size), "{whole:?}");
    assert_eq!((&summary["count"], &summary["refused"]), (&found.len().into(), &0.into()));
    assert!(summary["hearsay"]["complete_to"].is_u64(), "{summary}");

    let make = |with: Forge| *changed.lock().unwrap() = Box::new(with);
    let text = |output: &Output| {
        String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
    };
    let refused: [(&str, Forge); 2] = [("altered", altered), ("moved", moved)];
    for (what, with) in refused {
        make(with);
        let output = searched(&office, &trust, &json_words);
        assert_eq!(output.status.code(), Some(3), "{what}: {}", text(&output));
        assert!(text(&output).contains("not-trusted"), "{what}");
        let told = lines(&output);
        assert_eq!((&told[0]["index"], &told[0]["proven"]), (&found[0]["index"], &false.into()));
        assert!(told[0].get("record").is_none(), "{what}: nothing of it is shown");
        let others = of_any_size(&told[1..told.len() - 1]);
        assert_eq!(others, of_any_size(&found[1..]), "{what}: the others are what they are");
        let output = searched(&office, &trust, &words);
        let told = text(&output);
        assert_eq!(output.status.code(), Some(3), "{what}: {told}");
        assert!(told.contains("拒绝") && told.contains("1 条未经证明"), "{what}: {told}");
        assert!(!told.contains("forged"), "{what}: {told}");
    }
    make(left_out);
    let output = searched(&office, &trust, &json_words);
    assert!(output.status.success(), "{}", text(&output));
    let told = lines(&output);
    assert_eq!(of_any_size(&told[..told.len() - 1]), of_any_size(&found[1..]));
    let told = text(&searched(&office, &trust, &words));
    for words in ["不能由此证明", "left out nothing that fits is not proven by this"] {
        assert!(told.contains(words), "{told}");
    }
    make(other_names);
    let told = text(&searched(&office, &trust, &words));
    let mut named = told.lines().filter(|line| line.contains("李冒名"));
    assert!(named.all(|line| line.contains("为日志服务所述") || line.contains("as the log says")));
    assert!(told.contains("李冒名") && told.contains(&official.letter.person), "{told}");
    make(other_checkpoint);
    let output = searched(&office, &trust, &json_words);
    assert_eq!((output.status.code(), &*output.stdout), (Some(3), &b""[..]), "{}", text(&output));

    at_a_desk(&office, &trust, (&changed, &serial)).await;
}

/// The same at a desk: a refused row shows nothing of what was given.
async fn at_a_desk(office: &Office, trust: &Path, (changed, serial): (&Changed, &str)) {
    let passphrase = keys::passphrase_from_file(&office.path("people/auditor.passphrase")).unwrap();
    let mut desk = Desk::started(audits(office, trust, &["--json", "desk"]), &passphrase);
    desk.enter().await;
    let search = format!("/audit?log=control&certificate={serial}");
    let make = |with: Forge| *changed.lock().unwrap() = Box::new(with);
    make(|answer| answer);
    let page = desk.get(&search).await.text;
    assert!(page.contains("✓ 已证明") && !page.contains("✗ 已拒绝"), "{page}");
    assert!(page.contains("不能由此证明") && page.contains("姓名为日志服务所述"), "{page}");
    make(altered);
    let page = desk.get(&search).await.text;
    assert!(page.contains("✗ 已拒绝") && page.contains("条未经证明，已拒绝"), "{page}");
    assert!(!page.contains("forged"), "{page}");
    make(other_checkpoint);
    let page = desk.get(&search).await.text;
    assert!(page.contains("class=\"problem\"") && !page.contains("✓ 已证明"), "{page}");
}
