//! Evidence of what took something away, and of an agent that renewed: whole it verifies, and with
//! one of its signatures spelled the other way it is altered.

use super::bundle::{ALTERED, Files, OWN, VERIFIED, exported, judged, part, search, tar};
use super::relaid::relaid;
use records::Bytes;
use records::evidence::file;
use records::lineage::Lineage;
use records::record::{Cause, Event, Record};
use records::suspension::SuspensionCause;
use std::process::Command;
use tests::binary;
use tests::gate::get;
use tests::processes::{Office, until};
use tests::spelling::{respelled, respelled_der};

fn flip(signature: &mut Bytes) -> bool {
    *signature = Bytes(respelled(&signature.0));
    true
}

/// What becomes of a record; true if it was one of those that are meant.
type Respell = fn(&mut Event) -> bool;

/// The parts of a suspension that somebody signed.
fn suspension(event: &mut Event, change: fn(&mut SuspensionCause) -> bool) -> bool {
    match event {
        Event::Suspended { cause, .. } => change(cause),
        _ => false,
    }
}

const OF_A_REQUEST: [(&str, Respell); 4] = [
    ("what an agent renewed by", |event| match event {
        Event::Used { signature, .. } => flip(signature),
        _ => false,
    }),
    ("a suspension", |event| {
        suspension(event, |cause| match cause {
            SuspensionCause::Signed { suspension, .. } => flip(&mut suspension.signature),
            _ => false,
        })
    }),
    ("the certificate of who suspended", |event| {
        suspension(event, |cause| match cause {
            SuspensionCause::Signed { suspension, .. } => {
                suspension.certificate = Bytes(respelled_der(&suspension.certificate.0));
                true
            }
            _ => false,
        })
    }),
    ("the receipt of a suspension", |event| {
        suspension(event, |cause| match cause {
            SuspensionCause::Signed { signature, .. } => flip(signature),
            _ => false,
        })
    }),
];
const OF_AN_ORDER: [(&str, Respell); 1] = [("since when it is revoked", |event| match event {
    Event::Revoked { cause: Cause::Order { .. }, signature, .. } => flip(signature),
    _ => false,
})];
const OF_A_LOSS: [(&str, Respell); 1] = [("the receipt of a loss", |event| match event {
    Event::Revoked { cause: Cause::Loss { .. }, signature, .. } => flip(signature),
    _ => false,
})];

/// The bundle as it is laid anew verifies, and with each change it is altered, for both.
fn has_one_spelling(office: &Office, files: &Files, changes: &[(&str, Respell)]) {
    let at = office.path("case.tar");
    tar(&at, &relaid(office, files, |_| ()));
    let (ours, second, said) = judged(office, &at, true);
    assert_eq!((ours, second), (VERIFIED, VERIFIED), "{said}");
    for (what, change) in changes {
        let mut count: usize = 0;
        let other = relaid(office, files, |laid| {
            count = laid.iter_mut().map(|one| usize::from(change(&mut one.record.event))).sum();
        });
        assert!(count > 0, "{what}: it is not there");
        tar(&at, &other);
        let (ours, second, said) = judged(office, &at, true);
        assert_eq!((ours, second), (ALTERED, ALTERED), "{what}: {said}");
    }
}

/// The evidence of a certificate once a revocation stands in it.
async fn of_revoked(office: &Office, serial: &str) -> Files {
    let (mut files, mut tries) = (Files::new(), 0);
    until("the evidence has the revocation", async || {
        tries += 1;
        files = exported(office, &["--certificate", serial], &format!("{serial}-{tries}.tar"));
        let lineage: Lineage = part(&files, file::CONTROL);
        lineage
            .records
            .iter()
            .any(|one| matches!(Record::read(&one.record.0).unwrap().event, Event::Revoked { .. }))
    })
    .await;
    files
}

fn by_officer(office: &Office, words: &[&str]) -> String {
    let at = |end: &str| office.path(&format!("people/officer-1.{end}"));
    let mut command = Command::new(binary("yinxin"));
    command.args(words).arg("--cert").arg(at("pem")).arg("--key").arg(at("key"));
    command.arg("--passphrase-file").arg(at("passphrase"));
    let done = command.arg("--trust").arg(office.path("ca/trust.json")).output().unwrap();
    assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).into_owned()
}

const SUSPENDED: &str = "certificate-suspended";

#[tokio::test]
async fn what_takes_away_is_evidence_in_one_spelling() {
    let mut office = Office::open().await;
    let gate = office.gate().await;
    office.stop("agent");
    let mut renew = Command::new(binary("agent"));
    let renewed = renew.arg("--state").arg(office.path("gate")).arg("renew").output().unwrap();
    assert!(renewed.status.success(), "{}", String::from_utf8_lossy(&renewed.stderr));
    office.start("agent", &[]).await;
    let person = office.gate_official("王小明", "sz-office").await;
    gate.until_status(&office, &person, OWN, 200).await;
    // On an open connection a request is refused by itself; another connection is a stranger's.
    let mut open = gate.h1(&office, &person).await;
    assert_eq!(get(&mut open, OWN).await.0, 200);
    let serial = person.leaf().serial().to_string();
    by_officer(&office, &["suspend", &serial, "--yes"]);
    until("it is refused", async || get(&mut open, OWN).await.0 != 200).await;

    // A refusal that no rule gave is evidence as it was recorded.
    let mut name = String::new();
    until("the gate's refusal is recorded", async || {
        let all = office.access().await;
        all.iter().any(|one| String::from_utf8(one.write().unwrap()).unwrap().contains(SUSPENDED))
    })
    .await;
    until("the log has the refusal", async || {
        let words = ["--person", &person.person, "--outcome", SUSPENDED];
        let found = search(&office, &words);
        name = found[0]["request"].as_str().unwrap_or_default().to_owned();
        !name.is_empty()
    })
    .await;
    let files = exported(&office, &["--request", &name], "refused.tar");
    let (ours, second, said) = judged(&office, &office.path("refused.tar"), true);
    assert_eq!((ours, second), (VERIFIED, VERIFIED), "{said}");
    assert!(said.contains("certificate-suspended") && said.contains(&person.person), "{said}");
    has_one_spelling(&office, &files, &OF_A_REQUEST);

    let words = ["revoke", &serial, "--reason", "keyCompromise", "--evidence", "丢失", "--yes"];
    let said = by_officer(&office, &[&["--json"], &words[..]].concat());
    let made: serde_json::Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    office.approve_by_both(made["order"].as_str().unwrap()).await;
    office.listed(&serial).await;
    has_one_spelling(&office, &of_revoked(&office, &serial).await, &OF_AN_ORDER);

    let (lost, collected) = office.official("李丹", "sz-office").await;
    let leaf = pki::Certificate::read(&collected.chain[0].0).unwrap();
    office.report(&office.loss_of(&lost)).await;
    let serial = leaf.serial().to_string();
    has_one_spelling(&office, &of_revoked(&office, &serial).await, &OF_A_LOSS);
}
