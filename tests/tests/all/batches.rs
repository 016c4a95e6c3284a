//! Many at once: a roster becomes people, letters and certificates, by one handler and two officers
//! who sign once each, while the issuer is killed in between; and the pages for it.

use portal_api::Pages;
use records::Bytes;
use records::draft::Draft;
use records::enrolment::{CollectedCertificate, Stage};
use records::handling::BatchReceipt;
use records::record::Event;
use std::collections::BTreeSet;
use std::process::{Command, Output};
use tests::authenticator::Authenticator;
use tests::desk::hidden;
use tests::processes::until;
use tests::web::Page;
use tests::{Office, Officer, Official, binary, invariants};

const ROSTER: &str = "姓名,证件号,单位,邮箱,核验依据\n\
    陈一,11010519491231002X,sz-office,,\n\
    陈二,611002199001010015,sz-office,,录用文件\n\
    陈三,611002198506150027,区政府办公室,,\n";

/// A handler of an office in Shangzhou, with key and certificate as files.
async fn handler(office: &Office) -> Officer {
    let applied = office.register_officer("经办一", "unit-handler", "sz-office").await;
    let order = office.apply(&applied).await;
    office.approve_by_both(&order).await;
    let collected = office.collect(&applied).await;
    let used = office.path(&format!("ca/issuer/letters/{}.json", applied.letter.reference));
    until("the letter that is used is shredded", async || !used.exists()).await;
    let officer = office.officer(applied, &collected);
    let pem: String = officer.chain.iter().map(pki::Certificate::pem).collect();
    std::fs::write(office.path("handler.pem"), pem).unwrap();
    std::fs::write(office.path("handler.passphrase"), "passphrase").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(office.path("handler.passphrase"), mode).unwrap();
    let stretch = keys::Stretch::Random;
    keys::save(&office.path("handler.key"), &officer.signer, "passphrase", stretch).unwrap();
    officer
}

/// A command of the handler, or of an officer by the name of their files.
fn yinxin(office: &Office, files: &str, words: &[&str]) -> Output {
    let at = |end: &str| office.path(&format!("{files}.{end}"));
    let mut command = Command::new(binary("yinxin"));
    command.args(words).env("LANG", "C").arg("--cert").arg(at("pem")).arg("--key").arg(at("key"));
    command.arg("--passphrase-file").arg(at("passphrase"));
    command.arg("--trust").arg(office.path("ca/trust.json"));
    command.output().unwrap()
}

fn done(said: &Output) -> serde_json::Value {
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let text = String::from_utf8_lossy(&said.stdout);
    text.lines().rev().find_map(|line| serde_json::from_str(line).ok()).unwrap_or_default()
}

async fn receipt(office: &Office, officer: &Officer, batch: &str) -> BatchReceipt {
    office.staff(officer).receipt(batch).await.unwrap()
}

async fn all_done(office: &Office, officer: &Officer, batch: &str) -> BatchReceipt {
    until("every order of the batch is done", async || {
        let seen = receipt(office, officer, batch).await;
        seen.state == "done" && seen.lines.iter().all(|line| line.state == "done")
    })
    .await;
    receipt(office, officer, batch).await
}

/// Applications in a batch that is sent back: each applicant reads why, and applies again.
async fn sent_back(office: &Office, batch: &str, people: &[Official]) {
    let words = ["--json", "return", batch, "--reason", "单位不对", "--yes"];
    done(&yinxin(office, "people/officer-1", &words));
    for official in people {
        match office.look_up(official).await.stage {
            Stage::Letter { returned: Some(reason), .. } => assert_eq!(reason, "单位不对"),
            other => panic!("{other:?}"),
        }
        office.apply(official).await;
    }
}

/// What has to be opened is named, each: `--yes` alone says nothing of it.
fn approve_opened(office: &Office, batch: &str) {
    let mut words = vec!["--json", "approve", batch, "--yes"];
    let refused = yinxin(office, "people/officer-1", &words);
    assert!(!refused.status.success(), "nobody said that they opened them");
    let shown = done(&yinxin(office, "people/officer-1", &["--json", "approve", batch, "--show"]));
    let to_open = shown["to_open"].as_array().unwrap().iter().filter_map(|one| one.as_str());
    words.extend(to_open.flat_map(|row| ["--opened", row]));
    done(&yinxin(office, "people/officer-1", &words));
}

/// From a file to certificates. The issuer is killed at every step at which many are under way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_roster_becomes_people_letters_and_certificates() {
    let mut office = Office::open().await;
    let handler = handler(&office).await;
    let file = office.path("roster.csv");
    std::fs::write(&file, ROSTER.replace("区政府办公室", "ln-office")).unwrap();
    let path = file.display().to_string();
    let words = ["--json", "draft", "roster", &path, "--evidence", "录用文件", "--yes"];
    let said = yinxin(&office, "handler", &words);
    assert!(!said.status.success(), "another county's people");
    assert!(office.staff(&handler).drafts(&mut Pages::begin()).await.unwrap().orders.is_empty());
    std::fs::write(&file, ROSTER).unwrap();
    // Killed before the commit nothing is there; the same is handed in again.
    office.stop("issuer");
    office.start("issuer", &[("YINXIN_CRASH_AT", "draft-many-before-commit")]).await;
    assert!(!yinxin(&office, "handler", &words).status.success());
    office.ended("issuer").await;
    office.start("issuer", &[]).await;
    assert!(office.staff(&handler).drafts(&mut Pages::begin()).await.unwrap().orders.is_empty());
    let made = done(&yinxin(&office, "handler", &words));
    let batch = made["order"].as_str().unwrap().to_owned();
    // One line for all of them, for the handler and for officers.
    assert_eq!(office.staff(&handler).drafts(&mut Pages::begin()).await.unwrap().orders.len(), 1);
    let first = office.first("officer-1");
    let lines = office.staff(&first).list(&mut Pages::begin()).await.unwrap().lines;
    assert_eq!(lines.iter().map(|line| line.kind.as_str()).collect::<Vec<_>>(), ["batch"]);
    let show = ["--json", "approve", &batch, "--show"];
    let shown = done(&yinxin(&office, "people/officer-1", &show));
    assert_eq!(shown["rows"].as_array().unwrap().len(), 3, "every row is shown");
    office.approve(&first, &batch).await.unwrap();
    office.stop("issuer");
    office.start("issuer", &[("YINXIN_CRASH_AT", "execute-before-commit")]).await;
    let _ = office.approve(&office.first("officer-2"), &batch).await;
    office.ended("issuer").await;
    office.start("issuer", &[]).await;
    let _ = office.approve(&office.first("officer-2"), &batch).await;
    let registered = all_done(&office, &handler, &batch).await;
    assert!(registered.own && registered.state == "done");
    invariants::hold(&office).await;
    // Their letters, one document to print.
    let letters =
        done(&yinxin(&office, "handler", &["--json", "draft", "letters", &batch, "--yes"]));
    let letters = letters["letters"].as_array().unwrap();
    let letters: Vec<&str> = letters.iter().filter_map(|one| one.as_str()).collect();
    assert_eq!(letters.len(), 3);
    let out = office.path("letters.html").display().to_string();
    office.ca_json(&["letter", "print", "--out", &out]);
    let printed = std::fs::read_to_string(&out).unwrap();
    assert!(letters.iter().all(|letter| printed.contains(letter)));
    assert_eq!(printed.matches("<main>").count(), 3);
    // They apply; what waits is one batch again.
    let mut people = Vec::new();
    for letter in &letters {
        let text = std::fs::read(office.path(&format!("ca/issuer/letters/{letter}.json"))).unwrap();
        let official = Official::new(serde_json::from_slice(&text).unwrap());
        office.apply(&official).await;
        people.push(official);
    }
    let made = done(&yinxin(&office, "people/officer-1", &["--json", "batch", "issue"]));
    assert_eq!(made["count"], 3);
    sent_back(&office, made["order"].as_str().unwrap(), &people).await;
    let made = done(&yinxin(&office, "people/officer-1", &["--json", "batch", "issue"]));
    let batch = made["order"].as_str().unwrap();
    approve_opened(&office, batch);
    office.stop("issuer");
    office.start("issuer", &[("YINXIN_CRASH_AT", "approve-after-commit")]).await;
    let _ = office.approve(&office.first("officer-2"), batch).await;
    office.ended("issuer").await;
    office.start("issuer", &[]).await;
    let mut collected = Vec::new();
    for official in &people {
        collected.push(office.collect(official).await);
    }
    says_what_came_of_it(&all_done(&office, &first, batch).await, &collected);
    invariants::hold(&office).await;
    evidence_of_a_batch(&office, &collected[0].chain[0].0);
}

/// A receipt says who approved, by name, and of each row the certificate that came of it.
fn says_what_came_of_it(receipt: &BatchReceipt, collected: &[CollectedCertificate]) {
    let by: Vec<_> = receipt.approvers.iter().map(|one| one.person.as_str()).collect();
    assert_eq!(by.len(), 2, "{by:?}");
    assert!(receipt.approvers.iter().all(|one| one.name != one.person), "by name");
    let listed: BTreeSet<&String> = receipt.lines.iter().flat_map(|line| &line.serials).collect();
    let leaf = |one: &CollectedCertificate| pki::Certificate::read(&one.chain[0].0).unwrap();
    let issued: Vec<String> = collected.iter().map(|one| leaf(one).serial().to_string()).collect();
    assert_eq!(listed, issued.iter().collect());
}

/// The evidence of a certificate that was approved among others says so, and both verifiers need
/// the batch and what was approved in it.
fn evidence_of_a_batch(office: &Office, certificate: &[u8]) {
    use crate::evidence::{MISSING, VERIFIED, exported, judged, part, tar, with};
    use records::evidence::file;
    use records::lineage::Lineage;
    use records::record::{Event, Record};
    let serial = pki::Certificate::read(certificate).unwrap().serial().to_string();
    let files = exported(office, &["--certificate", &serial], "batch.tar");
    let (ours, second, said) = judged(office, &office.path("batch.tar"), true);
    assert_eq!((ours, second), (VERIFIED, VERIFIED), "{said}");
    let told = "as one of 3 in batch";
    assert!(said.matches(told).count() > 1 && said.contains("says that they opened it"), "{said}");
    let lineage: Lineage = part(&files, file::CONTROL);
    let needed = |event: &Event| match event {
        Event::Order { order, .. } => String::from_utf8_lossy(&order.0).contains("\"batch\""),
        Event::Approval { approval, .. } => approval.opened.is_some(),
        _ => false,
    };
    let read = |bytes: &Bytes| Record::read(&bytes.0).unwrap().event;
    let at: Vec<usize> = (0..lineage.records.len())
        .filter(|at| needed(&read(&lineage.records[*at].record)))
        .collect();
    assert!(at.len() > 2);
    for index in at {
        let without = with(&files, file::CONTROL, |all: &mut Lineage| {
            all.records.remove(index);
        });
        tar(&office.path("without.tar"), &without);
        let (ours, second, said) = judged(office, &office.path("without.tar"), true);
        assert_eq!((ours, second), (MISSING, MISSING), "{index}: {said}");
    }
}

/// What a page's script sends once the passkey was touched.
fn touched(
    page: &Page,
    officer: &Officer,
    passkey: &mut Authenticator,
    more: &[&'static str],
) -> Vec<(&'static str, String)> {
    let statement = Bytes::read(&hidden(&page.text, "statement")).unwrap();
    let challenge = Draft::challenge(&statement.0);
    let touch = passkey.approve(officer, [0; 32], |answer| answer.challenge = challenge);
    let said = touch.assertion.unwrap();
    let mut form = vec![
        ("statement", statement.to_string()),
        ("credential", said.credential.to_string()),
        ("authenticator_data", said.authenticator_data.to_string()),
        ("client_data", said.client_data.to_string()),
        ("signature", touch.signature.to_string()),
    ];
    form.extend(more.iter().map(|name| (*name, hidden(&page.text, name))));
    form
}

fn pairs<'a>(form: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    form.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

/// Who asked about how many numbers is in the log; none of the numbers is.
async fn asked_about(office: &Office, handler: &Officer, wanted: &[u64]) {
    let asked = async || -> Vec<u64> {
        let records = office.of_log("access").await.into_iter();
        let counts = records.filter_map(|record| match record.event {
            Event::Read { act, count, person, .. } if act == "numbers" => {
                (person == handler.person).then_some(count)
            }
            _ => None,
        });
        counts.collect()
    };
    until("the log has them", async || asked().await == wanted).await;
}

/// The pages for it: rows that are wrong in words, corrections, one touch, the receipt.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_registers_many_on_pages() {
    let office = Office::open().await;
    let handler = handler(&office).await;
    let site = office.staff_site(Some(handler.identity()));
    let asked = site.get("/people/roster", "").await;
    assert_eq!(asked.status, 200, "{}", asked.text);
    assert_eq!(site.get("/people/roster/template.xlsx", "").await.status, 200);
    let wrong = ROSTER.replace("11010519491231002X", "110105194912310021");
    let told =
        site.post_file("/people/roster", &[("file", &wrong), ("evidence", "录用文件")]).await;
    assert_eq!(told.status, 422);
    assert!(told.text.contains("2") && told.text.contains("<textarea"), "{}", told.text);
    let told =
        site.post_file("/people/roster", &[("rows", "\u{0}"), ("evidence", "录用文件")]).await;
    assert_eq!(told.status, 422, "what is no roster");
    let large = "x".repeat(5 * 1024 * 1024);
    assert_eq!(site.post_file("/people/roster", &[("file", &large)]).await.status, 413);
    let foreign = [("content-type", "multipart/form-data; boundary=part"), ("origin", "https://x")];
    assert_eq!(site.send("POST", "/people/roster", &foreign, String::new()).await.status, 403);
    let officer = office.staff_site(Some(office.first("officer-1").identity()));
    let told = officer.get("/people/roster", "").await;
    assert_eq!(told.status, 403, "who handles nothing");
    // Corrected on the page, and signed there.
    let mut passkey = Authenticator::new(&office);
    office.certify(&passkey, &handler).await;
    let right =
        site.post_file("/people/roster", &[("rows", ROSTER), ("evidence", "录用文件")]).await;
    assert_eq!(right.status, 200, "{}", right.text);
    assert!(!right.text.contains("11010519491231002X"), "never whole");
    assert!(right.text.contains("110105**********2X"), "as far as its owner is known by it");
    let form = touched(&right, &handler, &mut passkey, &[]);
    let made = site.post("/people/roster/sign", "", &pairs(&form)).await;
    assert_eq!(made.status, 303, "{}", made.text);
    let address = made.header("location").to_owned();
    let batch = address.strip_prefix("/batches/").unwrap().to_owned();
    let page = site.get(&address, "").await;
    assert!(page.status == 200 && page.text.contains("陈三"), "{}", page.text);
    for file in ["officer-1", "officer-2"] {
        let review = office.staff_site(Some(office.first(file).identity()));
        let review = review.get(&format!("/orders/{batch}"), "").await;
        assert!(review.text.contains("须查看") && review.text.contains("陈二"), "{}", review.text);
        office.approve(&office.first(file), &batch).await.unwrap();
    }
    all_done(&office, &handler, &batch).await;
    // The same people again are told with their rows, and nothing is drafted.
    let again =
        site.post_file("/people/roster", &[("rows", ROSTER), ("evidence", "录用文件")]).await;
    assert_eq!(again.status, 422);
    for (row, name) in [(2, "陈一"), (3, "陈二"), (4, "陈三")] {
        let told = format!("第 {row} 行：证件号已登记：{name}");
        assert!(again.text.contains(&told), "{}", again.text);
    }
    // So is one of them alone, who goes on under another number.
    let mut one = vec![("what", "create"), ("name", "陈一一"), ("unit", "sz-office")];
    one.extend([("mail", ""), ("evidence", "录用文件"), ("number", "11010519491231002x")]);
    let told = site.post("/drafts/check", "", &one).await;
    assert!(told.status == 409 && told.text.contains("此证件号已登记：陈一"), "{}", told.text);
    one.pop();
    one.push(("number", "110105200001011000"));
    let right = site.post("/drafts/check", "", &one).await;
    assert!(right.status == 200 && right.text.contains("在册人员中无人登记"), "{}", right.text);
    assert!(!right.text.contains("110105200001011000"), "never whole");
    let form = touched(&right, &handler, &mut passkey, &["disclosures", "number_seal"]);
    let made = site.post("/drafts/make", "", &pairs(&form)).await;
    assert_eq!(made.status, 303, "{}", made.text);
    asked_about(&office, &handler, &[3, 3, 1, 1]).await;
    // Letters of all three, with one touch.
    let check = site.post(&format!("{address}/letters"), "", &[("order", &batch)]).await;
    assert_eq!(check.status, 200, "{}", check.text);
    let form = touched(&check, &handler, &mut passkey, &["people"]);
    let made = site.post(&format!("{address}/lettered"), "", &pairs(&form)).await;
    assert_eq!(made.status, 303, "{}", made.text);
    let receipt = receipt(&office, &handler, &batch).await;
    assert_eq!(receipt.lines.iter().filter(|line| line.letter).count(), 3, "{receipt:?}");
}

/// A roster whose signature is refused waits: whoever sent it, and nobody else, is shown it again
/// without its file, and signs it under a new statement.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_roster_whose_signature_is_refused_is_signed_again() {
    let office = Office::open().await;
    let handler = handler(&office).await;
    let site = office.staff_site(Some(handler.identity()));
    let mut passkey = Authenticator::new(&office);
    office.certify(&passkey, &handler).await;
    let right =
        site.post_file("/people/roster", &[("rows", ROSTER), ("evidence", "录用文件")]).await;
    assert_eq!(right.status, 200, "{}", right.text);
    let mut form = touched(&right, &handler, &mut passkey, &[]);
    let statement = hidden(&right.text, "statement");
    // Signed with something else: refused, and nothing is drafted.
    for (_, value) in form.iter_mut().filter(|(name, _)| *name == "signature") {
        *value = Bytes::from([1; 64]).to_string();
    }
    let told = site.post("/people/roster/sign", "", &pairs(&form)).await;
    assert_ne!(told.status, 303, "{}", told.text);
    assert!(told.text.contains("action=\"/people/roster/again\""), "{}", told.text);
    assert_eq!(hidden(&told.text, "statement"), statement);
    assert!(!told.text.contains("11010519491231002X"), "{}", told.text);
    assert!(office.staff(&handler).drafts(&mut Pages::begin()).await.unwrap().orders.is_empty());
    // Nobody else is shown what waits for this handler.
    let waits = [("statement", statement.as_str())];
    let other = office.staff_site(Some(office.first("officer-1").identity()));
    let told = other.post("/people/roster/again", "", &waits).await;
    assert!(told.text.contains("challenge-used") && !told.text.contains("陈二"), "{}", told.text);
    let again = site.post("/people/roster/again", "", &waits).await;
    assert_eq!(again.status, 200, "{}", again.text);
    assert!(again.text.contains("110105**********2X"), "{}", again.text);
    assert!(!again.text.contains("11010519491231002X"), "never whole");
    assert_ne!(hidden(&again.text, "statement"), statement, "another statement");
    let told = site.post("/people/roster/again", "", &waits).await;
    assert!(told.text.contains("challenge-used"), "what it was shown under before is over");
    let form = touched(&again, &handler, &mut passkey, &[]);
    let made = site.post("/people/roster/sign", "", &pairs(&form)).await;
    assert_eq!(made.status, 303, "{}", made.text);
    // Whoever touches once more for the same page finds what there is.
    let form = touched(&again, &handler, &mut passkey, &[]);
    let twice = site.post("/people/roster/sign", "", &pairs(&form)).await;
    assert_eq!(twice.header("location"), made.header("location"), "{}", twice.text);
    assert_eq!(office.staff(&handler).drafts(&mut Pages::begin()).await.unwrap().orders.len(), 1);
}
