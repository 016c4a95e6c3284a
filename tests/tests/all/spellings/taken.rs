//! One spelling where running processes take what others signed: a gate from `status`, and the log
//! from gates and auditors.

use super::{OWN, respelled, respelled_der, respelled_note};
use crate::evidence::laid_again;
use crate::policy_snapshots::{Liar, alarm, key, rules, rules_of, snapshot, still};
use ca_api::WorldUpdate;
use pki::crl::{ListContent, RevocationList};
use records::Bytes;
use records::evidence::{AuditQuestion, LogRequest, Search, SignedRequest};
use records::lineage::Lineage;
use records::record::{Event, Record};
use records::unlisted::{Unlisted, UnlistedStatement};
use tests::forged_log::ForgedLog;
use tests::gate::get;
use tests::processes::{Office, until};

/// Whoever holds the key of the log lays the records of a lineage anew, each as `change` leaves it.
fn laid_anew(office: &Office, lineage: &Lineage, change: impl Fn(&mut Event)) -> Lineage {
    let size = lineage.checkpoint.lines().nth(1).unwrap().parse().unwrap();
    let records: Vec<(u64, Vec<u8>)> = lineage
        .records
        .iter()
        .map(|one| {
            let mut record = Record::read(&one.record.0).unwrap();
            change(&mut record.event);
            (one.index, record.write().unwrap())
        })
        .collect();
    let (checkpoint, records) = ForgedLog::of(office, "control").lay(size, &records);
    Lineage { checkpoint, records }
}

/// What becomes of what a record says.
type Respell = fn(&mut Event);

fn flip(signature: &mut Bytes) {
    *signature = Bytes(respelled(&signature.0));
}

/// Rules with a signature spelled the other way: of the founding, of an order, of an approval, of
/// an approver's certificate, of the checkpoint. As they are, they are taken.
async fn rules_have_one_spelling(office: &Office, liar: &Liar, good: &Lineage) {
    let changes: [(&str, Respell); 4] = [
        ("the founding", |event| {
            if let Event::Founding { signature, .. } = event {
                flip(signature);
            }
        }),
        ("an order", |event| {
            if let Event::Order { signature, .. } = event {
                flip(signature);
            }
        }),
        ("an approval", |event| {
            if let Event::Approval { approval, .. } = event {
                flip(&mut approval.signature);
            }
        }),
        ("a certificate", |event| {
            if let Event::Approval { approval, .. } = event {
                approval.certificate = Bytes(respelled_der(&approval.certificate.0));
            }
        }),
    ];
    let mut others: Vec<(&str, Lineage)> =
        changes.map(|(what, change)| (what, laid_anew(office, good, change))).into();
    let checkpoint = respelled_note(&good.checkpoint);
    others.push(("the checkpoint", Lineage { checkpoint, ..good.clone() }));
    for (what, lineage) in others {
        liar.says(rules_of(lineage)).await;
        assert!(alarm(office).await.contains("rules:"), "{what}: no alarm");
    }
    liar.says(rules_of(laid_anew(office, good, |_| ()))).await;
    assert!(!alarm(office).await.contains("rules:"), "as they are, they are rules");
}

/// A running gate takes what `status` carries in the spelling in which it was signed, and in no
/// other: rules, people, lists, and what stands beside a list.
#[tokio::test]
async fn a_gate_takes_one_spelling() {
    let mut office = Office::open().await;
    let gate = office.gate().await;
    let person = office.gate_official("李丹", "sz-office").await;
    let first = rules(&office);
    office.rules(2, &[("exchange.toml", "application =", "# v2\napplication =")]).await;
    until("version 2 is in force", async || rules(&office) != first).await;
    let second = rules(&office);
    let liar = Liar::instead_of_status(&mut office).await;
    until("the gate asks", async || liar.has().people > 0).await;
    let has = liar.has();
    let good = snapshot(&office, &key(&office, "issuer", "registry"), |_| ());
    let mut other = good.clone();
    flip(&mut other.people.as_mut().unwrap().signature);
    liar.says(other).await;
    still(&office, &gate, &person, "people").await;
    assert!(alarm(&office).await.contains("people:") && liar.has().people == has.people);
    liar.says(good).await;
    until("the snapshot is taken", async || liar.has().people == has.people + 1).await;

    let list = next_list(&office);
    let other = Bytes(respelled_der(&list.0));
    liar.says(WorldUpdate { crl: Some(other), ..WorldUpdate::default() }).await;
    still(&office, &gate, &person, "a list").await;
    assert!(alarm(&office).await.contains("list:") && liar.has().crl == has.crl);
    liar.says(WorldUpdate { crl: Some(list), ..WorldUpdate::default() }).await;
    until("the list is taken", async || liar.has().crl == has.crl + 1).await;

    let said = UnlistedStatement {
        v: 3,
        founding: office.trust.founding.clone(),
        crl: has.crl + 1,
        time: records::time::seconds(1_800_000_000),
        revoked: vec![person.leaf().serial().to_string()],
        suspended: Vec::new(),
        released: Vec::new(),
    };
    let good = Unlisted::sign(&said, &key(&office, "status", "status")).unwrap();
    let mut other = good.clone();
    flip(&mut other.signature);
    liar.says(WorldUpdate { unlisted: Some(other), ..WorldUpdate::default() }).await;
    still(&office, &gate, &person, "what stands beside a list").await;
    assert!(alarm(&office).await.contains("unlisted:"));
    liar.says(WorldUpdate { unlisted: Some(good), ..WorldUpdate::default() }).await;
    gate.until_status(&office, &person, OWN, 401).await;

    office.stop("agent");
    forgets_its_log(&office);
    office.spawn("agent", &[]);
    rules_have_one_spelling(&office, &liar, &second).await;
}

/// Takes from a gate what it saw of the log, so that it is shown another history of it.
fn forgets_its_log(office: &Office) {
    let path = office.path("gate/marks.json");
    let mut marks: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    marks["control"] = "".into();
    std::fs::write(path, marks.to_string()).unwrap();
    std::fs::remove_file(office.path("gate/world/rules.json")).unwrap();
}

/// The list behind the one that the gate has, with nobody on it.
fn next_list(office: &Office) -> Bytes {
    let der = std::fs::read(office.path("gate/world/list.crl")).unwrap();
    let list = RevocationList::read(&der).unwrap();
    let certificate = std::fs::read(office.path("ca/public/ca/issuing-1.cer")).unwrap();
    let certificate = pki::Certificate::read(&certificate).unwrap();
    let content = ListContent {
        issuer: certificate.subject(),
        key_identifier: &certificate.key_identifier().unwrap(),
        number: list.number() + 1,
        this_update: list.this_update(),
        next_update: list.this_update() + 86_400,
        shard_url: None,
        revoked: &[],
    };
    RevocationList::issue(&content, &key(office, "issuer", "issuing")).unwrap().der().into()
}

/// The log takes a run under its agent's signature, and a question under its auditor's, as they
/// were signed.
#[tokio::test]
async fn the_log_takes_one_spelling() {
    let mut office = Office::open().await;
    let gate = office.gate().await;
    let person = office.gate_official("李丹", "sz-office").await;
    assert_eq!(get(&mut gate.h1(&office, &person).await, OWN).await.0, 200);
    until("the connection stands in the log", async || {
        let all = office.access().await;
        all.iter().any(|record| matches!(&record.event, Event::Connection(_)))
    })
    .await;
    let (log, good, ..) = laid_again(&mut office, &person).await;
    let mut other = good.clone();
    flip(&mut other.head.signature);
    let refused = log.spool(&other).await.unwrap_err();
    assert_eq!(refused.code().name(), "use-signature");
    // Frames are taken as they lie: whole, with nothing behind them, and with their own chain.
    type Change = fn(&mut Vec<u8>);
    let changes: [(&str, Change); 4] = [
        ("malformed", |frames| frames.truncate(frames.len() - 1)),
        ("malformed", |frames| frames.push(0)),
        ("malformed", |frames| frames.clear()),
        ("spool-gap", |frames| frames[40] ^= 1),
    ];
    for (code, change) in changes {
        let mut other = good.clone();
        change(other.bytes.to_mut());
        assert_eq!(log.spool(&other).await.unwrap_err().code().name(), code);
    }
    log.spool(&good).await.unwrap();

    let auditor = office.first("auditor");
    let log = ca_api::Log(office.client(&office.trust.log, Some(auditor.identity())));
    let search = Search { log: "access".into(), ..Search::default() };
    let request = LogRequest {
        v: 1,
        founding: office.trust.founding.clone(),
        nonce: tests::random::<16>().into(),
        time: records::time::seconds(tests::now()),
        ask: AuditQuestion::Search(Box::new(search)),
    };
    let bytes = records::json::write(&request).unwrap();
    let good = SignedRequest::sign(bytes, auditor.leaf(), &auditor.signer).unwrap();
    let mut other = good.clone();
    flip(&mut other.signature);
    assert_eq!(log.ask(&other).await.unwrap_err().code().name(), "approval-signature");
    log.ask(&good).await.unwrap();
}
