//! `ca-server doctor`: each examination finds what is wrong with its own subject, and nothing else.

use pki::crl::{ListContent, RevocationList};
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use tests::Office;
use tests::processes::until;

/// What `doctor` says is wrong.
fn findings(office: &Office, environment: &[(&str, &str)]) -> Vec<String> {
    let said = office.ca_with(&["doctor", "--json"], environment);
    let found: Value = serde_json::from_slice(&said.stdout).unwrap();
    let all = found["findings"].as_array().unwrap();
    assert_eq!(said.status.success(), all.is_empty());
    all.iter().map(|one| one["what"].as_str().unwrap().to_owned()).collect()
}

fn finds(office: &Office, what: &str, environment: &[(&str, &str)]) {
    let found = findings(office, environment);
    assert!(found.len() == 1 && found[0].contains(what), "{what}: {found:?}");
}

/// With a file as somebody left it `doctor` finds one thing; with the old one back nothing.
fn with(office: &Office, name: &str, text: Option<Vec<u8>>, what: &str) {
    let path = office.path("ca").join(name);
    let old = std::fs::read(&path).unwrap();
    match text {
        Some(text) => std::fs::write(&path, text).unwrap(),
        None => std::fs::remove_file(&path).unwrap(),
    }
    finds(office, what, &[]);
    std::fs::write(&path, old).unwrap();
    assert_eq!(findings(office, &[]), [""; 0], "{name} is back");
}

/// A certificate that is over, in PEM.
fn over() -> Vec<u8> {
    let mut parameters = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(2021, 1, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    let made = parameters.self_signed(&key).unwrap();
    tests::foreign::pem("CERTIFICATE", made.der()).into_bytes()
}

fn replaced(path: &Path, from: &str, to: &str) -> Vec<u8> {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{text}");
    text.replace(from, to).into_bytes()
}

#[tokio::test]
async fn each_examination_finds_its_subject_and_nothing_else() {
    let mut office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    let letter = office.letter(&person, "official");
    let reference = letter.letter.reference.as_str();
    let sheets = std::fs::read_dir(office.path("ca/issuer/letters")).unwrap();
    let sheets = sheets.map(|entry| entry.unwrap().path());
    let sheets = sheets.filter(|path| path.display().to_string().contains(reference));
    let sheets: Vec<_> = sheets.map(|path| (std::fs::read(&path).unwrap(), path)).collect();
    assert!(!sheets.is_empty());
    office.ca_json(&["letter", "void", reference]);
    until("it is shredded", async || sheets.iter().all(|(_, path)| !path.exists())).await;
    for name in ["portal-staff", "portal-public", "issuer", "status", "log"] {
        office.stop(name);
    }
    assert_eq!(findings(&office, &[]), [""; 0]);
    let said = office.ca(&["doctor"]);
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains("所查各项无误") && !said.contains("一切"), "it says what it looked at");

    let rules = replaced(&office.path("ca/policies/approvals.toml"), "version = 1", "version = 2");
    with(&office, "policies/approvals.toml", Some(rules), "file approvals.toml");
    finds(&office, "the clock is behind", &[("YINXIN_CLOCK_OFFSET", "-7200")]);
    with(&office, "public/crl/issuing-1/0.crl", None, "the list of issuing-1 is missing");
    with(&office, "public/crl/root.crl", Some(b"no list".to_vec()), "the list of root is missing");
    for role in ["issuer", "status", "log"] {
        let what = format!("the certificate of {role} ends 2021-01-01");
        with(&office, &format!("{role}/tls.pem"), Some(over()), &what);
    }
    let config = std::fs::read_to_string(office.path("ca/ca.toml")).unwrap();
    let wrong = format!("{config}\n[notices.webhook]\nurl = \"https://sms.example/\"\n");
    with(&office, "ca.toml", Some(wrong.into_bytes()), "notices cannot be sent");
    for (bytes, path) in &sheets {
        std::fs::write(path, bytes).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let found = findings(&office, &[]);
        assert!(found.iter().all(|one| one.contains(reference)), "{found:?}");
        assert!(found.iter().any(|one| one.contains(name)), "{found:?}");
        std::fs::remove_file(path).unwrap();
    }
    assert_eq!(findings(&office, &[]), [""; 0]);
}

/// A list like the one that is published, signed by whoever holds this key.
fn signed_by(office: &Office, signer: &dyn pki::Signer) -> Vec<u8> {
    let list = std::fs::read(office.path("ca/public/crl/issuing-1/0.crl")).unwrap();
    let list = RevocationList::read(&list).unwrap();
    let issuing = std::fs::read(office.path("ca/public/ca/issuing-1.cer")).unwrap();
    let issuing = pki::Certificate::read(&issuing).unwrap();
    let content = ListContent {
        issuer: issuing.subject(),
        key_identifier: &issuing.key_identifier().unwrap(),
        number: list.number(),
        this_update: list.this_update(),
        next_update: list.next_update(),
        shard_url: None,
        revoked: &list.entries().unwrap(),
    };
    RevocationList::issue(&content, signer).unwrap().der().to_vec()
}

/// A published list is signed by whom it is of, the newest that the log knows, and holds whatever
/// is revoked; a service's certificate is for its own key and leads to the root.
#[tokio::test]
async fn lists_and_certificates_are_judged_by_the_log() {
    let mut office = Office::open().await;
    let (lost, collected) = office.official("王小明", "sz-office").await;
    let leaf = pki::Certificate::read(&collected.chain[0].0).unwrap();
    let serial = leaf.serial().to_string();
    let current = "public/crl/issuing-1/0.crl";
    let older = std::fs::read(office.path("ca").join(current)).unwrap();
    // A loss that the log has, before the issuer makes its list.
    office.stop("issuer");
    office.report(&office.loss_of(&lost)).await;
    until("the list is told to lack it", async || {
        let lacks = format!("lacks the serial number {serial}");
        findings(&office, &[]).iter().any(|one| one.contains(&lacks))
    })
    .await;
    office.start("issuer", &[]).await;
    office.listed(&serial).await;
    until("all is well", async || findings(&office, &[]).is_empty()).await;
    for name in ["portal-staff", "portal-public", "issuer", "status", "log"] {
        office.stop(name);
    }

    with(&office, current, Some(older), "the list of issuing-1 is not the newest");
    let foreign = keys::SoftwareSigner::generate_p256().unwrap();
    let foreign = signed_by(&office, &foreign);
    with(&office, current, Some(foreign), "the list of issuing-1 is not signed by whom it is of");
    let issuing = issuing_key(&office);
    let other = signed_by(&office, &issuing);
    with(&office, current, Some(other), "the list of issuing-1 is not the one that was recorded");
    let status = std::fs::read(office.path("ca/status/tls.pem")).unwrap();
    with(&office, "log/tls.pem", Some(status), "the certificate of log does not belong to its key");
    let mut parameters = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(2090, 1, 1);
    let made = parameters.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
    let made = tests::foreign::pem("CERTIFICATE", made.der()).into_bytes();
    with(&office, "log/tls.pem", Some(made), "the certificate of log does not lead to the root");
    with(&office, "public/ca/root.cer", Some(leaf.der().to_vec()), "root.cer is not the root");
}

fn issuing_key(office: &Office) -> keys::SoftwareSigner {
    let secret = keys::passphrase_from_file(&office.path("ca/issuer/unlock")).unwrap();
    keys::open(&office.path("ca/issuer/issuing.key"), &secret).unwrap()
}

/// Every policy file says what is in force, and no other lies beside them; what is found so is
/// mended, and what nobody signed is kept out of sight.
#[tokio::test]
async fn policy_files_are_those_in_force() {
    let office = Office::open().await;
    let roles = office.path("ca/policies/roles.toml");
    let access = |name: &str| office.path(&format!("ca/policies/access/{name}"));
    let rules = std::fs::read(access("exchange.toml")).unwrap();
    let mended = || {
        let said = office.ca(&["doctor", "--repair"]);
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stdout));
        assert_eq!(std::fs::read(access("exchange.toml")).unwrap(), rules);
    };
    assert_eq!(findings(&office, &[]), [""; 0]);
    let kept = std::fs::read(&roles).unwrap();
    std::fs::write(&roles, [&kept[..], b"\n# more\n"].concat()).unwrap();
    finds(&office, "file roles.toml", &[]);
    mended();
    assert_eq!(std::fs::read(&roles).unwrap(), kept);
    std::fs::remove_file(&roles).unwrap();
    finds(&office, "file roles.toml", &[]);
    mended();
    std::fs::write(access("exchange.toml"), "# nothing").unwrap();
    finds(&office, "file access/exchange.toml", &[]);
    mended();
    std::fs::remove_file(access("exchange.toml")).unwrap();
    finds(&office, "file access/exchange.toml", &[]);
    mended();
    // The same text in another file is not in its place.
    std::fs::rename(access("exchange.toml"), office.path("elsewhere.toml")).unwrap();
    std::os::unix::fs::symlink(office.path("elsewhere.toml"), access("exchange.toml")).unwrap();
    finds(&office, "file access/exchange.toml", &[]);
    mended();
    assert!(!access("exchange.toml").is_symlink());
    std::fs::write(access("more.cedar"), "permit(principal, action, resource);").unwrap();
    finds(&office, "file access/more.cedar, which is not in force", &[]);
    mended();
    assert!(!access("more.cedar").exists() && access(".more.cedar.unsigned").exists());

    // A row of a revocation that nobody made, too.
    let serial = office.first("auditor").leaf().serial().to_string();
    let forged = sqlx::query("insert into revocation values ($1, 1, 'superseded', 2)");
    forged.bind(&serial).execute(&office.database().await).await.unwrap();
    finds(&office, &format!("revocation {serial}"), &[]);
    mended();
}

/// Secrets that belong elsewhere are found on the host of a city that is none to try things with,
/// and what `doctor` prints takes them away.
#[tokio::test]
async fn secrets_that_belong_elsewhere_are_found() {
    let office = Office::open().await;
    let trust = office.path("ca/trust.json");
    std::fs::write(&trust, replaced(&trust, "\"sample\": true", "\"sample\": false")).unwrap();
    let key = office.path("ca/offline/root.key");
    if !key.exists() {
        std::fs::create_dir_all(key.parent().unwrap()).unwrap();
        std::fs::write(&key, "a key").unwrap();
    }
    finds(&office, "the root key is still on this machine", &[]);
    std::fs::rename(&key, office.path("moved.key")).unwrap();
    assert_eq!(findings(&office, &[]), [""; 0]);
    let letter = office.path("ca/people/officer-1.loss.json");
    std::fs::copy(office.path("people/officer-1.loss.json"), &letter).unwrap();
    finds(&office, "letters that report a loss", &[]);
    let said = office.ca(&["doctor"]);
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let begin = said.rfind("shred -u ").unwrap();
    let printed = said[begin..].lines().next().unwrap();
    assert!(Command::new("sh").args(["-c", printed]).status().unwrap().success(), "{printed}");
    assert!(!letter.exists(), "{printed}");
    assert_eq!(findings(&office, &[]), [""; 0]);
}
