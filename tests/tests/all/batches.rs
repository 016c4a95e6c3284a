//! Many at once: a roster becomes people, letters and certificates, by one handler and two officers
//! who sign once each, while the issuer is killed in between; and the pages for it.

use records::Bytes;
use records::draft::Draft;
use records::handling::BatchReceipt;
use std::process::{Command, Output};
use tests::authenticator::Authenticator;
use tests::desk::hidden;
use tests::processes::until;
use tests::web::{Page, Site};
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

/// From a file to certificates. The issuer is killed at every step at which many are under way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_roster_becomes_people_letters_and_certificates() {
    let mut office = Office::open().await;
    let handler = handler(&office).await;
    let file = office.path("roster.csv");
    let foreign = ROSTER.replace("区政府办公室", "ln-office");
    std::fs::write(&file, foreign).unwrap();
    let path = file.display().to_string();
    let words = ["--json", "draft", "roster", &path, "--evidence", "录用文件", "--yes"];
    let said = yinxin(&office, "handler", &words);
    assert!(!said.status.success(), "another county's people");
    assert!(office.staff(&handler).drafts("").await.unwrap().orders.is_empty());
    std::fs::write(&file, ROSTER).unwrap();
    // Killed before the commit nothing is there; the same is handed in again.
    office.stop("issuer");
    office.start("issuer", &[("YINXIN_CRASH_AT", "draft-many-before-commit")]).await;
    assert!(!yinxin(&office, "handler", &words).status.success());
    office.ended("issuer").await;
    office.start("issuer", &[]).await;
    assert!(office.staff(&handler).drafts("").await.unwrap().orders.is_empty());
    let made = done(&yinxin(&office, "handler", &words));
    let batch = made["order"].as_str().unwrap().to_owned();
    // One line for all of them, for the handler and for officers.
    assert_eq!(office.staff(&handler).drafts("").await.unwrap().orders.len(), 1);
    let first = office.first("officer-1");
    let lines = office.staff(&first).list("").await.unwrap();
    assert_eq!(lines.iter().map(|line| line.kind.as_str()).collect::<Vec<_>>(), ["batch"]);
    let shown =
        done(&yinxin(&office, "people/officer-1", &["--json", "approve", &batch, "--show"]));
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
    let words = ["--json", "draft", "letters", &batch, "--yes"];
    let letters = done(&yinxin(&office, "handler", &words));
    let letters: Vec<&str> =
        letters["letters"].as_array().unwrap().iter().filter_map(|one| one.as_str()).collect();
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
    let batch = made["order"].as_str().unwrap();
    let words = ["--json", "approve", batch, "--yes"];
    done(&yinxin(&office, "people/officer-1", &words));
    office.stop("issuer");
    office.start("issuer", &[("YINXIN_CRASH_AT", "approve-after-commit")]).await;
    let _ = office.approve(&office.first("officer-2"), batch).await;
    office.ended("issuer").await;
    office.start("issuer", &[]).await;
    for official in &people {
        office.collect(official).await;
    }
    all_done(&office, &first, batch).await;
    invariants::hold(&office).await;
}

/// A form with a file, as browsers send it.
async fn upload(site: &Site, fields: &[(&str, &str)]) -> Page {
    let mut body = String::new();
    for (name, value) in fields {
        let file = if *name == "file" { "; filename=\"roster.csv\"" } else { "" };
        body.push_str(&format!(
            "--part\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{value}\r\n"
        ));
    }
    body.push_str("--part--\r\n");
    let kind = ("content-type", "multipart/form-data; boundary=part");
    site.send("POST", "/people/roster", &[kind, ("origin", &site.origin)], body).await
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
    let told = upload(&site, &[("file", &wrong), ("evidence", "录用文件")]).await;
    assert_eq!(told.status, 422);
    assert!(told.text.contains("2") && told.text.contains("<textarea"), "{}", told.text);
    let told = upload(&site, &[("rows", "\u{0}"), ("evidence", "录用文件")]).await;
    assert_eq!(told.status, 422, "what is no roster");
    let large = "x".repeat(5 * 1024 * 1024);
    assert_eq!(upload(&site, &[("file", &large)]).await.status, 413);
    let foreign = [("content-type", "multipart/form-data; boundary=part"), ("origin", "https://x")];
    assert_eq!(site.send("POST", "/people/roster", &foreign, String::new()).await.status, 403);
    let officer = office.staff_site(Some(office.first("officer-1").identity()));
    let told = officer.get("/people/roster", "").await;
    assert_eq!(told.status, 403, "who handles nothing");
    // Corrected on the page, and signed there.
    let mut passkey = Authenticator::new(&office);
    office.certify(&passkey, &handler).await;
    let right = upload(&site, &[("rows", ROSTER), ("evidence", "录用文件")]).await;
    assert_eq!(right.status, 200, "{}", right.text);
    assert!(!right.text.contains("11010519491231002X"), "never whole");
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
    // Letters of all three, with one touch.
    let check = site.post(&format!("{address}/letters"), "", &[("order", &batch)]).await;
    assert_eq!(check.status, 200, "{}", check.text);
    let form = touched(&check, &handler, &mut passkey, &["people"]);
    let made = site.post(&format!("{address}/lettered"), "", &pairs(&form)).await;
    assert_eq!(made.status, 303, "{}", made.text);
    let receipt = receipt(&office, &handler, &batch).await;
    assert!(receipt.lines.iter().all(|line| line.letter), "{receipt:?}");
}
