//! What becomes of a letter besides a certificate: it is voided, replaced, and shredded from the
//! CA's host once nobody begins anything with it any more.

use crate::evidence::search;
use records::enrolment::{Collect, LetterLookUp, Stage};
use records::record::{Event, VoidStatement};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use tests::people::code;
use tests::processes::until;
use tests::{Office, Official, invariants};

/// A letter as its operator has it: its holder, and where its two files lie.
struct KeptLetter {
    official: Official,
    files: [PathBuf; 2],
}

impl KeptLetter {
    fn of(made: &Value) -> Self {
        let json = PathBuf::from(made["letter"].as_str().unwrap());
        let text = std::fs::read(&json).unwrap();
        let official = Official::new(serde_json::from_slice(&text).unwrap());
        Self { official, files: [json.with_extension("html"), json] }
    }

    fn new(office: &Office, person: &str) -> Self {
        Self::of(&office.ca_json(&["letter", person]))
    }

    fn reference(&self) -> &str {
        &self.official.letter.reference
    }

    fn is_whole(&self) -> bool {
        self.files.iter().all(|path| path.exists())
    }

    async fn shredded(&self) {
        let [html, json] = &self.files;
        until("both files are shredded", async || !html.exists() && !json.exists()).await;
    }
}

async fn voids(office: &Office) -> Vec<VoidStatement> {
    let said = |record: records::Record| match record.event {
        Event::Voided { statement, .. } => Some(records::json::read(&statement.0).unwrap()),
        _ => None,
    };
    office.control().await.into_iter().filter_map(said).collect()
}

/// A letter is voided by whoever is on the CA's host, as themselves, and felt by everything at
/// once; the neighbour's is not touched. What is used is not voided, but revoked.
#[tokio::test]
async fn a_voided_letter_opens_nothing_more() {
    let office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    let (gone, kept) = (KeptLetter::new(&office, &person), KeptLetter::new(&office, &person));
    let order = office.apply(&gone.official).await;
    let record = office.look_up(&gone.official).await;
    let typed = gone.reference().to_lowercase();
    let answer = office.ca_json(&["letter", "void", &typed]);
    assert_eq!(answer["voided"], gone.reference());

    let public = office.public();
    let LetterLookUp { reference, key } = gone.official.look_up();
    assert_eq!(code(public.look_up(&gone.official.look_up()).await), "letter-voided");
    let submit = gone.official.submit(&record.challenge, &gone.official.request(), "cli");
    assert_eq!(code(public.submit(&submit).await), "letter-voided");
    assert_eq!(code(public.collect(&Collect { reference, key }).await), "letter-voided");
    let officer = office.first("officer-1");
    assert_eq!(code(office.approve(&officer, &order).await), "letter-voided");

    // The same again is done already; what is no letter is none.
    office.ca_json(&["letter", "void", gone.reference()]);
    assert_eq!(office.ca_refused(&["letter", "void", "0000000000000000"]), "wrong-code");
    let said = voids(&office).await;
    assert_eq!(said.len(), 1);
    let uid = rustix::process::getuid().as_raw();
    assert_eq!(said[0].drafter, format!("operator:{uid}"));
    assert_eq!((said[0].reference.as_str(), said[0].replacement.as_str()), (gone.reference(), ""));

    let order = office.apply(&kept.official).await;
    office.approve_by_both(&order).await;
    office.collect(&kept.official).await;
    assert_eq!(office.ca_refused(&["letter", "void", kept.reference()]), "code-used");
    assert_eq!(office.ca_refused(&["letter", "replace", kept.reference()]), "code-used");
    assert_eq!(voids(&office).await.len(), 1);
    invariants::hold(&office).await;
}

/// To report a loss is a brake: a voided letter does it too, and is told what it revoked, which is
/// nothing.
#[tokio::test]
async fn a_loss_is_reported_with_a_voided_letter_too() {
    let office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    let (used, voided) = (KeptLetter::new(&office, &person), KeptLetter::new(&office, &person));
    let order = office.apply(&used.official).await;
    office.approve_by_both(&order).await;
    office.collect(&used.official).await;
    office.ca_json(&["letter", "void", voided.reference()]);
    assert!(office.report_lost(&voided.official).await.is_empty());
    assert!(matches!(office.look_up(&used.official).await.stage, Stage::Issued { .. }));
    assert_eq!(office.report_lost(&used.official).await.len(), 1);
    invariants::hold(&office).await;
}

/// The code stands on one sheet only: to print again is to make another letter, which takes the
/// place of the first in one act.
#[tokio::test]
async fn a_letter_is_replaced_in_one_act() {
    let mut office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    let first = KeptLetter::new(&office, &person);
    let answer = office.ca_json(&["letter", "replace", first.reference()]);
    let second = KeptLetter::of(&answer);
    assert_eq!(answer["voided"], first.reference());
    assert_ne!(second.official.letter.code, first.official.letter.code);
    assert_eq!(second.official.letter.person, person);
    let public = office.public();
    assert_eq!(code(public.look_up(&first.official.look_up()).await), "letter-voided");
    first.shredded().await;
    assert!(second.is_whole());
    assert_eq!(office.ca_refused(&["letter", "replace", first.reference()]), "letter-voided");

    // Killed around the commit, both were recorded or neither was.
    for (step, is_done) in [("operator-before-commit", false), ("operator-after-commit", true)] {
        let open = KeptLetter::new(&office, &person);
        office.stop("issuer");
        office.start("issuer", &[("YINXIN_CRASH_AT", step)]).await;
        assert!(!office.ca(&["letter", "replace", open.reference()]).status.success());
        office.ended("issuer").await;
        office.start("issuer", &[]).await;
        until("the record of it is in the tree", async || {
            let told = office.public().look_up(&open.official.look_up()).await;
            told.is_err() == is_done
        })
        .await;
        let said = voids(&office).await;
        let void = said.iter().find(|void| void.reference == open.reference());
        assert_eq!(void.is_some_and(|void| !void.replacement.is_empty()), is_done, "{step}");
    }
    invariants::hold(&office).await;
}

/// Used, lost, voided, rejected or too late: the CA's host keeps nothing of it. A letter with which
/// somebody may still apply stays for its printer.
#[tokio::test]
async fn letters_that_are_over_are_shredded() {
    let mut office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    let open = KeptLetter::new(&office, &person);
    let used = KeptLetter::new(&office, &person);
    let order = office.apply(&used.official).await;
    assert!(used.is_whole(), "an application may be sent back");
    office.approve_by_both(&order).await;
    office.collect(&used.official).await;
    used.shredded().await;
    let (lost, voided) = (KeptLetter::new(&office, &person), KeptLetter::new(&office, &person));
    office.report_lost(&lost.official).await;
    lost.shredded().await;
    office.ca_json(&["letter", "void", voided.reference()]);
    voided.shredded().await;
    assert!(open.is_whole());
    let doctor = office.ca_json(&["doctor"]);
    assert_eq!(doctor["findings"], serde_json::json!([]));

    // The letters of the founding report losses for as long as there is something to lose.
    let [kept, reported] = ["officer-1", "officer-2"].map(|who| {
        let left = office.path(&format!("ca/people/{who}.loss.json"));
        std::fs::copy(office.path(&format!("people/{who}.loss.json")), &left).unwrap();
        left
    });
    let letter = serde_json::from_slice(&std::fs::read(&reported).unwrap()).unwrap();
    assert_eq!(office.report_lost(&Official::new(letter)).await.len(), 1);
    until("what reported its loss is shredded", async || !reported.exists()).await;

    office.stop("issuer");
    office.start("issuer", &[("YINXIN_CLOCK_OFFSET", "604900")]).await;
    open.shredded().await;
    assert!(kept.exists(), "a loss letter has no last day");
    invariants::hold(&office).await;
}

/// Killed between the record and the shredding, and between the two files: the next start goes on
/// from what is there.
#[tokio::test]
async fn shredding_survives_each_crash() {
    let mut office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    for step in ["letters-before-shred", "letters-after-one"] {
        let made = KeptLetter::new(&office, &person);
        office.stop("issuer");
        office.start("issuer", &[("YINXIN_CRASH_AT", step)]).await;
        let _ = office.ca(&["letter", "void", made.reference()]);
        office.ended("issuer").await;
        assert!(made.files[1].exists(), "what tells whose it is goes last");
        assert_eq!(made.files[0].exists(), step == "letters-before-shred");
        office.start("issuer", &[]).await;
        made.shredded().await;
    }
    invariants::hold(&office).await;
}

/// What cannot be shredded is told on `/readyz` and by `doctor`, keeps no other letter back, and is
/// shredded once it can be.
#[tokio::test]
async fn what_cannot_be_shredded_is_told() {
    let office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    let (stuck, other) = (KeptLetter::new(&office, &person), KeptLetter::new(&office, &person));
    std::fs::remove_file(&stuck.files[0]).unwrap();
    std::fs::create_dir(&stuck.files[0]).unwrap();
    for made in [&stuck, &other] {
        office.ca_json(&["letter", "void", made.reference()]);
    }
    other.shredded().await;
    let admin = office.admin("issuer");
    let told = async || {
        let answer = admin.get("/readyz").await.unwrap();
        String::from_utf8_lossy(answer.body()).into_owned()
    };
    until("it is told", async || told().await.contains("letters: ")).await;
    let text = told().await;
    assert!(!text.contains(stuck.reference()), "who reads it need not know which: {text}");
    let found = office.ca(&["doctor", "--json"]);
    let found: Value = serde_json::from_slice(&found.stdout).unwrap();
    let what = found["findings"][0]["what"].as_str().unwrap();
    assert!(what.contains(&name(&stuck.files[0])), "{what}");
    std::fs::remove_dir(&stuck.files[0]).unwrap();
    until("it is well again", async || !told().await.contains("letters: ")).await;
    assert!(!stuck.files[1].exists());
}

/// A void holds from its record on; that nobody can take it back is said only once the log has it.
#[tokio::test]
async fn a_void_that_the_log_does_not_hold_yet_is_told_as_that() {
    let mut office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    let made = KeptLetter::new(&office, &person);
    office.stop("log");
    let void = ["letter", "void", made.reference()];
    assert_eq!(office.ca_json(&void)["logged"], false);
    assert!(said(&office.ca(&void)).contains("日志尚未写入"));
    assert_eq!(code(office.public().look_up(&made.official.look_up()).await), "letter-voided");
    office.start("log", &[]).await;
    assert_eq!(office.ca_json(&void)["logged"], true);
    assert!(!said(&office.ca(&void)).contains("日志尚未写入"));
    invariants::hold(&office).await;
}

fn said(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A letter that cannot be written is told to whoever asked for it and on `/readyz`; rule files
/// that could not be written are written as soon as they can be, and nobody else waits for either.
#[tokio::test]
async fn what_cannot_be_written_is_told() {
    let office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    let open = KeptLetter::new(&office, &person);
    let letters = office.path("ca/issuer/letters");
    let aside = letters.with_extension("aside");
    std::fs::rename(&letters, &aside).unwrap();
    std::fs::write(&letters, b"no folder").unwrap();
    assert_eq!(office.ca_refused(&["letter", &person]), "unavailable");
    let admin = office.admin("issuer");
    let told = async || {
        let answer = admin.get("/readyz").await.unwrap();
        String::from_utf8_lossy(answer.body()).into_owned()
    };
    assert!(told().await.contains("files: "), "{}", told().await);
    office.apply(&open.official).await;
    assert!(office.report_lost(&open.official).await.is_empty());

    std::fs::remove_file(&letters).unwrap();
    std::fs::rename(&aside, &letters).unwrap();
    assert!(KeptLetter::new(&office, &person).is_whole());
    assert!(!told().await.contains("files: "), "{}", told().await);
    invariants::hold(&office).await;
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

#[tokio::test]
async fn what_the_ca_writes_is_told_in_words() {
    let office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    office.letter(&person, "official");
    let wanted = ["founding", "letter", "crl", "order", "enacted"];
    let mut kinds = BTreeSet::new();
    until("the index has one of each", async || {
        for line in search(&office, &["--log", "control"]) {
            let Some(kind) = line["record"]["kind"].as_str() else { continue };
            let (zh, en) = (line["zh"].as_str().unwrap(), line["en"].as_str().unwrap());
            assert!(!zh.ends_with(&format!("） {kind}。")), "{zh}");
            assert!(!en.ends_with(&format!(") {kind}.")), "{en}");
            kinds.insert(kind.to_owned());
        }
        wanted.iter().all(|one| kinds.contains(*one))
    })
    .await;
}
