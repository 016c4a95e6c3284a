//! Evidence: whole it verifies, with one byte changed or one thing left out it does not, and a
//! second verifier in another language says the same of every case.

mod bombs;
mod bundle;
mod cases;
pub(crate) mod doctored;
mod foreign_runs;
mod relaid;
mod respelled;
mod taken_away;

pub(crate) use bundle::{
    ALTERED, Files, MISSING, VERIFIED, evidence, exported, judged, part, search, tar, with,
};
use bundle::{MALFORMED, OWN, UNTRUSTED, auditor, flip};
pub(crate) use cases::access_cases;
use cases::{control_cases, file_cases};
use records::evidence::{AccessPart, file};
use records::lineage::Lineage;
use records::spooled::{SpoolFrame, Spooled};
use std::path::PathBuf;
use std::process::Command;
use tests::gate::{Gate, get};
use tests::processes::{Office, until};
use tests::{Officer, binary};

/// A city with a gate, somebody who used it several times at once, and their evidence.
async fn used() -> (Office, Gate, Officer, Files) {
    let mut office = Office::open().await;
    let gate = office.gate().await;
    let person = office.gate_official("王小明", "sz-office").await;
    // With the log away they are shipped together, under one head.
    office.kill("log");
    let mut one = gate.h1(&office, &person).await;
    for _ in 0..4 {
        assert_eq!(get(&mut one, OWN).await.0, 200);
    }
    office.start("log", &[]).await;
    let files = evidence(&office, &person, "evidence.tar").await;
    (office, gate, person, files)
}

#[tokio::test]
async fn evidence_holds_whole_and_in_no_other_way() {
    let (office, _gate, person, files) = used().await;
    let path = office.path("evidence.tar");
    let (ours, second, said) = judged(&office, &path, true);
    assert_eq!((ours, second), (VERIFIED, VERIFIED), "{said}");
    assert!(said.contains("验证通过 / verified") && said.contains(&person.person), "{said}");
    for name in ["陈登记", "赵审核", "建立声明", "that it was to", "signed a connection, which"]
    {
        assert!(said.contains(name), "{name}: {said}");
    }
    let (ours, second, said) = judged(&office, &path, false);
    assert_eq!((ours, second), (VERIFIED, VERIFIED), "{said}");
    assert!(said.contains("consistent, origin unproven"), "{said}");
    for word in ["以下不能由此证明", "README.txt", "recorded:"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    repacked(&office, &files);
    let mut cases = control_cases(&files);
    cases.extend(access_cases(&files));
    cases.extend(file_cases(&files));
    cases.extend(relaid::relaid_cases(&office, &files));
    cases.extend(respelled::respelled_cases(&office, &files));
    assert!(cases.len() > 100, "{}", cases.len());
    bombs::costly_and_sound(&office, &files);
    let mut wrong = Vec::new();
    for case in &cases {
        let path = office.path("case.tar");
        tar(&path, &case.files);
        let (ours, second, said) = judged(&office, &path, true);
        if (ours, second) != (case.wanted, case.wanted) {
            wrong.push(format!(
                "{}: wanted {}, {ours} and {second}\n{said}",
                case.name, case.wanted
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// Packed anew by whoever unpacked it, it is the same bundle; nobody else reads it, and it replaces
/// nothing.
fn repacked(office: &Office, files: &Files) {
    use std::os::unix::fs::PermissionsExt;
    let exported = office.path("evidence.tar");
    assert_eq!(exported.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let folder = office.path("unpacked");
    std::fs::create_dir(&folder).unwrap();
    for (name, content) in files {
        std::fs::write(folder.join(name), content).unwrap();
    }
    let path = office.path("repacked.tar");
    for format in ["ustar", "gnu", "posix"] {
        let mut tar = Command::new("tar");
        tar.arg(format!("--format={format}")).arg("-C").arg(&folder).arg("-cf").arg(&path);
        assert!(tar.arg(".").status().unwrap().success());
        let (ours, second, said) = judged(office, &path, true);
        assert_eq!((ours, second), (VERIFIED, VERIFIED), "{format}: {said}");
    }
    // A folder in it, or a name twice, is no bundle.
    std::fs::create_dir(folder.join("more")).unwrap();
    let packed = Command::new("tar").arg("-C").arg(&folder).arg("-cf").arg(&path).arg(".").status();
    assert!(packed.unwrap().success());
    let (ours, second, said) = judged(office, &path, true);
    assert_eq!((ours, second), (MALFORMED, MALFORMED), "{said}");
}

/// A bundle that another city signed from its root on holds together, and is not ours.
#[tokio::test]
async fn another_citys_evidence_is_not_ours() {
    let (office, _gate, _, files) = used().await;
    let other = Office::founded();
    let path = office.path("evidence.tar");
    let (ours, second, said) = judged(&other, &path, true);
    assert_eq!((ours, second), (UNTRUSTED, UNTRUSTED), "{said}");
    let (ours, second, said) = judged(&other, &path, false);
    assert_eq!((ours, second), (VERIFIED, VERIFIED), "{said}");
    assert!(said.contains("consistent, origin unproven"));
    let changed = with(&files, file::ACCESS, |a: &mut AccessPart| {
        flip(&mut a.records[0].proven.record.0);
    });
    let path = office.path("changed.tar");
    tar(&path, &changed);
    let (ours, second, said) = judged(&office, &path, false);
    assert_eq!((ours, second), (ALTERED, ALTERED), "{said}");
    std::fs::write(&path, b"no tar at all").unwrap();
    assert_eq!(judged(&office, &path, true).0, MALFORMED);
    let nothing: PathBuf = office.path("nowhere.tar");
    assert_eq!(judged(&office, &nothing, true).0, MALFORMED);
}

/// A captured agent lays one person's handshake under another connection: the log takes it, and the
/// evidence of either says that it was altered.
#[tokio::test]
async fn one_handshake_makes_one_connection() {
    let (mut office, _gate, person, _) = used().await;
    let (log, message, forged, signer) = laid_again(&mut office, &person).await;
    let ack = log.spool(&message).await.unwrap();
    assert_eq!(ack.places.len(), 1);
    // Handed in again it is the same; with another record in its place it is an alarm.
    assert_eq!(log.spool(&message).await.unwrap().places[0].index, ack.places[0].index);
    foreign_runs::tells_of_its_own_application(&log, &signer, &forged).await;
    let other = records::Record { id: tests::random::<16>().into(), ..forged };
    let refused = log.spool(&spooled(&signer, &other)).await.unwrap_err();
    assert_eq!(refused.code().name(), "spool-forked");
    until("the fork stands in the log", async || {
        search(&office, &["--log", "control", "--kind", "forked"]).len() > 1
    })
    .await;
    is_found_out(&office, &person);
    nobody_hides_it_unsaid(&office, &person).await;
}

/// What the log gives says that the handshake was used twice. Whoever hands it on can leave the
/// second use out, and then every report says that it may have been.
async fn nobody_hides_it_unsaid(office: &Office, person: &Officer) {
    use records::evidence::{AuditQuestion, LogAnswer, LogRequest, Question, SignedRequest};
    let request = search(office, &["--person", &person.person, "--outcome", "permitted"]);
    let name = request[0]["request"].as_str().unwrap().to_owned();
    let request = LogRequest {
        v: 1,
        founding: office.trust.founding.clone(),
        nonce: tests::random::<16>().into(),
        time: records::time::seconds(tests::now()),
        ask: AuditQuestion::Export(Question::Request(name)),
    };
    let auditor = office.first("auditor");
    let bytes = records::json::write(&request).unwrap();
    let signed = SignedRequest::sign(bytes, auditor.leaf(), &auditor.signer).unwrap();
    let log = ca_api::Log(office.client(&office.trust.log, Some(auditor.identity())));
    let LogAnswer::Export(exported) = log.ask(&signed).await.unwrap() else { panic!() };
    let files: Files = exported.files.into_iter().map(|(name, file)| (name, file.0)).collect();
    let at = office.path("handed-on.tar");
    tar(&at, &files);
    let (ours, second, said) = judged(office, &at, true);
    assert_eq!((ours, second), (ALTERED, ALTERED), "{said}");
    let hidden = with(&files, file::ACCESS, |access: &mut AccessPart| drop(access.records.pop()));
    tar(&at, &hidden);
    let (ours, second, said) = judged(office, &at, true);
    assert_eq!((ours, second), (VERIFIED, VERIFIED), "{said}");
    assert!(said.contains("转交者可能略去") && said.contains("a second use"), "{said}");
    assert!(said.contains("另签过不同的历史") && said.contains("another history"), "{said}");
}

/// The oldest handshake of a person as a captured agent would hand it in a second time, under a run
/// of its own.
pub(crate) async fn laid_again(
    office: &mut Office,
    person: &Officer,
) -> (ca_api::Log, Spooled<'static>, records::Record, keys::SoftwareSigner) {
    use records::access::{CHAIN_START, Link};
    use records::record::{Event, Record};
    office.stop("agent");
    let path = |end: &str| office.path(&format!("gate/tls.{end}"));
    let identity = mtls::tls::Identity::from_files(&path("pem"), &path("key")).unwrap();
    let signer = keys::open_plain(&path("key")).unwrap();
    let log = ca_api::Log(office.client(&office.trust.log, Some(identity)));
    let records = office.access().await;
    let of_person = |record: &&Record| match &record.event {
        Event::Connection(seen) => seen.person == person.person,
        _ => false,
    };
    let seen = records.iter().find(of_person).unwrap().clone();
    let epoch: [u8; 16] = tests::random();
    let forged = Record {
        id: tests::random::<16>().into(),
        link: Some(Link { epoch: epoch.into(), aseq: 0, prev: CHAIN_START.into() }),
        ..seen
    };
    let message = spooled(&signer, &forged);
    (log, message, forged, signer)
}

/// The evidence of a person's first request says that its handshake was used twice.
pub(crate) fn is_found_out(office: &Office, person: &Officer) {
    let request = search(office, &["--person", &person.person, "--outcome", "permitted"]);
    let request = request[0]["request"].as_str().unwrap().to_owned();
    let out = office.path("forged.tar");
    let said = auditor(office, &["export", "--request", &request]).arg("--out").arg(&out).output();
    let said = String::from_utf8_lossy(&said.unwrap().stderr).into_owned();
    assert!(said.contains("another connection shows the same signature"), "{said}");
}

/// A run of one record, as its agent hands it in.
fn spooled(signer: &keys::SoftwareSigner, record: &records::record::Record) -> Spooled<'static> {
    use records::access::{CHAIN_START, SignedHead, SpoolHead, chain};
    let link = record.link.as_ref().unwrap();
    let bytes = record.write().unwrap();
    let salt: [u8; 32] = tests::random();
    let after = chain(&CHAIN_START, &records::record::entry(&salt, &bytes));
    let head = SpoolHead {
        v: 1,
        agent: "gate-1".into(),
        epoch: link.epoch.clone(),
        count: 1,
        chain: after.into(),
    };
    let head = records::json::write(&head).unwrap();
    let signature = records::label::Label::Spool.sign(signer, &head).unwrap();
    let mut frames = Vec::new();
    let frame = SpoolFrame { salt, chain: after, record: &bytes, disclosures: b"" };
    frame.write(&mut frames).unwrap();
    let head = SignedHead { head: head.into(), signature: signature.into() };
    Spooled { head, known: 0, bytes: frames.into() }
}

/// Auditors ask with their own key; every question is a record; who is no auditor learns nothing.
#[tokio::test]
async fn only_auditors_ask_and_every_question_is_recorded() {
    let (office, _gate, person, _) = used().await;
    let asked = || search(&office, &["--log", "control", "--kind", "asked"]).len();
    let before = asked();
    let found = search(&office, &["--record", "exchange/sz-office/2026-001"]);
    assert!(found.len() > 4, "{}", found.len());
    until("the questions are records", async || asked() > before).await;
    for words in [
        ["--outcome", "not-permitted"],
        ["--application", "another"],
        ["--from", "2030-01-01T00:00:00Z"],
        ["--until", "2020-01-01T00:00:00Z"],
        ["--certificate", "00"],
    ] {
        assert_eq!(search(&office, &words).len(), 1, "{words:?} found something");
    }
    let serial = person.leaf().serial().to_string();
    assert!(search(&office, &["--certificate", &serial]).len() > 4);
    let officer = |file: &str| {
        let path = |end: &str| office.path(&format!("people/{file}.{end}"));
        Command::new(binary("yinxin"))
            .args(["--json", "audit", "search", "--trust"])
            .arg(office.path("ca/trust.json"))
            .arg("--cert")
            .arg(path("pem"))
            .arg("--key")
            .arg(path("key"))
            .arg("--passphrase-file")
            .arg(path("passphrase"))
            .env("XDG_STATE_HOME", office.path("state"))
            .output()
            .unwrap()
    };
    for file in ["officer-1", "security-1", "system"] {
        let said = officer(file);
        assert_eq!(said.status.code(), Some(3), "{file}");
        assert!(String::from_utf8_lossy(&said.stderr).contains("not-your-route"), "{file}");
    }
    // An official's certificate opens nothing, and a withdrawn auditor asks no more.
    let log = ca_api::Log(office.client(&office.trust.log, Some(person.identity())));
    let request = records::evidence::LogRequest {
        v: 1,
        founding: office.trust.founding.clone(),
        nonce: tests::random::<16>().into(),
        time: records::time::seconds(tests::now()),
        ask: records::evidence::AuditQuestion::Search(Box::new(records::evidence::Search {
            log: "access".into(),
            ..Default::default()
        })),
    };
    let bytes = records::json::write(&request).unwrap();
    let signed =
        records::evidence::SignedRequest::sign(bytes, person.leaf(), &person.signer).unwrap();
    assert_eq!(log.ask(&signed).await.unwrap_err().code().name(), "not-your-route");
    let first = office.first("auditor");
    let log = ca_api::Log(office.client(&office.trust.log, Some(first.identity())));
    let bytes = records::json::write(&request).unwrap();
    let signed =
        records::evidence::SignedRequest::sign(bytes, first.leaf(), &first.signer).unwrap();
    log.ask(&signed).await.unwrap();
    assert_eq!(log.ask(&signed).await.unwrap_err().code().name(), "challenge-used");
    let words = ["role", "withdraw", &first.person, "auditor", "--scope", "shangluo"];
    let (order, _) = office.draft(&words);
    office.approve_by_security(&order).await;
    assert_eq!(officer("auditor").status.code(), Some(3), "a withdrawn auditor still asks");
}

/// A certificate that a passkey helped to approve: both verifiers follow it back to the order that
/// certified the passkey, and see a byte of what the authenticator said that was changed.
#[tokio::test]
async fn an_approval_by_passkey_is_followed_back() {
    use records::record::{Event, Record};
    let mut office = Office::open().await;
    let gate = office.gate().await;
    let officer = office.first("officer-1");
    let mut passkey = tests::authenticator::Authenticator::new(&office);
    office.certify(&passkey, &officer).await;
    let person = office.register("王小明", "sz-office").await;
    let official = office.letter(&person, "official");
    let order = office.apply(&official).await;
    let export = office.staff(&officer).fetch(&order).await.unwrap();
    let approval = passkey.approve(&officer, export.signed.digest(), |_| {});
    office.staff(&officer).approve(&approval).await.unwrap();
    office.approve(&office.first("officer-2"), &order).await.unwrap();
    office.carried_out(&order).await;
    let collected = office.collect(&official).await;
    let person = office.officer(official, &collected);
    gate.until_status(&office, &person, OWN, 200).await;
    assert_eq!(gate.get(&office, &person, OWN).await.0, 200);
    let files = evidence(&office, &person, "evidence.tar").await;
    let (ours, second, said) = judged(&office, &office.path("evidence.tar"), true);
    assert_eq!((ours, second), (VERIFIED, VERIFIED), "{said}");

    let lineage: Lineage = part(&files, file::CONTROL);
    let kinds: Vec<Record> =
        lineage.records.iter().map(|one| Record::read(&one.record.0).unwrap()).collect();
    let at = |wanted: &dyn Fn(&Event) -> bool| {
        kinds.iter().position(|record| wanted(&record.event)).unwrap()
    };
    let touched = at(&|event| match event {
        Event::Approval { approval, .. } => approval.assertion.is_some(),
        _ => false,
    });
    let certified = at(&|event| match event {
        Event::Order { order, .. } => String::from_utf8_lossy(&order.0).contains("credential"),
        _ => false,
    });
    let without = |index: usize| {
        with(&files, file::CONTROL, |lineage: &mut Lineage| {
            lineage.records.remove(index);
        })
    };
    for (what, files) in [("approval", without(touched)), ("certified", without(certified))] {
        let path = office.path("without.tar");
        tar(&path, &files);
        let (ours, second, said) = judged(&office, &path, true);
        assert!(ours == MISSING && second == MISSING, "{what}: {ours} {second} {said}");
    }
    let other = relaid::relaid(&office, &files, |laid| {
        for one in laid {
            if let Event::Approval { approval, .. } = &mut one.record.event
                && approval.assertion.is_some()
            {
                let signature = tests::spelling::respelled(&approval.signature.0);
                approval.signature = records::Bytes(signature);
            }
        }
    });
    let path = office.path("respelled.tar");
    tar(&path, &other);
    let (ours, second, said) = judged(&office, &path, true);
    assert_eq!((ours, second), (ALTERED, ALTERED), "a touch spelled the other way: {said}");
}
