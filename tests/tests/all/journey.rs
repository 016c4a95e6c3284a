//! The journey as people make it: `make run`, `make demo`, the command line. Everything that comes
//! out of it is read by judges that share no code with us.

use crate::printed_sheet::follow;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tests::{Office, Running, binary, workspace};

/// Founds, runs, follows the printed sheet, demonstrates, stops, and goes on with the same city.
#[tokio::test]
async fn a_city_runs_is_demonstrated_stops_and_goes_on() {
    let office = Office::founded_in_full();
    let city = office.folder();
    let mut running = run(&city);
    let sheet = until_ctrl_c(&mut running);
    for wanted in ["门户 / portal", "密码信封 / enrolment letters", "根密钥 / root key"] {
        assert!(sheet.contains(wanted), "{sheet}");
    }
    let first = described(&city);
    let root = std::fs::read(city.join("ca/public/ca/root.pem")).unwrap();
    let used = follow(&office, &sheet).await;
    judge_demonstration(&city);
    demonstrate(&city);
    stop(running);

    let mut again = run(&city);
    let sheet = until_ctrl_c(&mut again);
    assert_eq!(std::fs::read(city.join("ca/public/ca/root.pem")).unwrap(), root);
    let second = described(&city);
    assert_eq!(without_letters(second), without_letters(first), "the same people and addresses");
    let twice = xtask(&city, &["run"]);
    assert!(!twice.status.success(), "one city runs once");
    let fresh = follow(&office, &sheet).await;
    let same = |place: usize| used[place] == fresh[place];
    assert!(!same(0) && !same(1), "used letters are named no more");
    assert!(same(2) && same(3), "and others are good for as long as they are");
    judge_demonstration(&city);
    judge_pkcs12(&city);
    judge_certificates(&city);
    command_line(&city);
    stop(again);
}

/// A story that fails leaves nothing behind it: what it started is killed with all that this
/// started.
#[tokio::test]
async fn a_story_that_fails_leaves_no_process() {
    let mut shell = Command::new("sh");
    shell.args(["-c", "tail -f /dev/null & echo $!; wait"]).stdout(Stdio::piped());
    let mut running = Running::new(shell.spawn().unwrap());
    let printed = BufReader::new(running.child().stdout.as_mut().unwrap()).lines().next();
    let started = printed.unwrap().unwrap();
    let state = || std::fs::read_to_string(format!("/proc/{started}/stat")).unwrap_or_default();
    assert!(!state().is_empty(), "it runs");
    let story = std::panic::AssertUnwindSafe(|| {
        let _running = running;
        assert!(started.is_empty(), "a story that fails");
    });
    assert!(std::panic::catch_unwind(story).is_err());
    // Nobody may have asked yet how it ended.
    let is_gone = async || state().is_empty() || state().contains(") Z ");
    tests::processes::until("what it started ends", is_gone).await;
}

/// Plays the journey once more against a city that has seen it.
fn demonstrate(city: &Path) {
    let said = xtask(city, &["demo"]);
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    assert_eq!(text.matches('✓').count(), 37, "{text}");
    judge_demonstration(city);
}

/// What the demonstration leaves.
fn judge_demonstration(city: &Path) {
    for name in ["good", "revoked", "denied"] {
        for end in ["pem", "key", "p12", "p12.password"] {
            assert!(city.join(format!("demo/{name}.{end}")).exists(), "{name}.{end}");
        }
    }
    judge_evidence(city);
}

/// A description without what is new at each start.
fn without_letters(mut described: Value) -> Value {
    for person in described["people"].as_array_mut().unwrap() {
        let person = person.as_object_mut().unwrap();
        person.retain(|key, _| !["letter", "letter_html"].contains(&key.as_str()));
    }
    described
}

fn run(city: &Path) -> Running {
    let child = Command::new(binary("xtask"))
        .arg("--city")
        .arg(city)
        .arg("run")
        .current_dir(workspace())
        .stdout(Stdio::piped())
        .spawn();
    Running::new(child.unwrap())
}

/// What it prints until it says how to stop it.
fn until_ctrl_c(running: &mut Running) -> String {
    let mut printed = String::new();
    let mut lines = BufReader::new(running.child().stdout.as_mut().unwrap()).lines();
    for line in lines.by_ref() {
        let line = line.unwrap();
        printed.push_str(&line);
        printed.push('\n');
        if line.contains("Ctrl-C") {
            return printed;
        }
    }
    panic!("it ended: {printed}");
}

fn stop(running: Running) {
    let (status, printed) = running.interrupt();
    assert!(status.success(), "{status}");
    assert!(printed.contains("已停止"));
}

fn xtask(city: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(binary("xtask"));
    command.arg("--city").arg(city).args(words).current_dir(workspace()).output().unwrap()
}

/// `city.json` has what scripts need, and every path in it is there.
fn described(city: &Path) -> Value {
    let text = std::fs::read(city.join("city.json")).unwrap();
    let described: Value = serde_json::from_slice(&text).unwrap();
    for pointer in [
        "/portal/public_url",
        "/portal/staff_url",
        "/ca/crl_url",
        "/ca/root_crl_url",
        "/ca/ocsp_url",
        "/logs/control/url",
        "/logs/control/vkey",
        "/logs/access/url",
        "/logs/access/vkey",
        "/admin_urls/issuer",
        "/agent/url",
        "/agent/jwks_url",
        "/machines/acme_url",
        "/machines/dns",
        "/machines/domain_suffix",
        "/machines/eab/kid",
        "/machines/eab/hmac",
        "/machines/est_url",
        "/machines/cmp_url",
        "/machines/est/user",
        "/machines/est/pass",
        "/machines/cmp/ref",
        "/machines/cmp/secret",
    ] {
        assert!(described.pointer(pointer).is_some_and(Value::is_string), "{pointer}");
    }
    for pointer in ["/ca/root_pem", "/ca/issuing_pem", "/trust_file"] {
        assert!(city.join(described.pointer(pointer).unwrap().as_str().unwrap()).exists());
    }
    let people = described["people"].as_array().unwrap();
    assert_eq!(people.iter().filter(|person| person["letter"].is_string()).count(), 4);
    for person in people {
        assert!(["name", "role", "unit"].iter().all(|key| person[key].is_string()));
        let files: &[&str] = match person["letter"].is_string() {
            true => &["letter", "letter_html"],
            false => &["cert", "key", "passphrase_file", "p12", "p12_password_file"],
        };
        for file in files {
            assert!(city.join(person[file].as_str().unwrap()).exists(), "{person}");
        }
    }
    described
}

/// What the gate refused, and the evidence that the demonstration left, for those who check it.
fn judge_evidence(city: &Path) {
    let denied: Value =
        serde_json::from_slice(&std::fs::read(city.join("demo/denied.json")).unwrap()).unwrap();
    assert_eq!(denied["code"], "not-served", "{denied}");
    let verify = |file: &str, trust: bool| {
        let mut command = Command::new(binary("yinxin-verify"));
        if trust {
            command.arg("--trust").arg(city.join("ca/trust.json"));
        }
        command.arg(city.join("demo").join(file)).output().unwrap().status.code()
    };
    assert_eq!(verify("evidence.tar", true), Some(0));
    assert_eq!(verify("evidence.tar", false), Some(0));
    assert_eq!(verify("altered.tar", true), Some(1));
}

/// OpenSSL opens every PKCS#12 file: the right key, the whole chain.
fn judge_pkcs12(city: &Path) {
    use openssl::pkcs12::Pkcs12;
    let described = described(city);
    let people = described["people"].as_array().unwrap();
    let mut files: Vec<(PathBuf, PathBuf)> = people
        .iter()
        .filter(|person| person["p12"].is_string())
        .map(|person| {
            let path = |key: &str| city.join(person[key].as_str().unwrap());
            (path("p12"), path("p12_password_file"))
        })
        .collect();
    files.push((city.join("demo/good.p12"), city.join("demo/good.p12.password")));
    for (file, password) in files {
        let password = std::fs::read_to_string(password).unwrap();
        let p12 = Pkcs12::from_der(&std::fs::read(&file).unwrap()).unwrap();
        let parsed = p12.parse2(password.trim()).unwrap();
        let key = parsed.pkey.unwrap().public_key_to_der().unwrap();
        let leaf = parsed.cert.unwrap();
        assert_eq!(leaf.public_key().unwrap().public_key_to_der().unwrap(), key);
        assert_eq!(parsed.ca.unwrap().len(), 2, "issuing CA and root");
        assert!(p12.parse2("wrong").is_err());
    }
}

/// Every certificate that the city emitted, with where it stands.
fn emitted(city: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in [
        "ca/public/ca",
        "ca/services",
        "people",
        "demo",
        "ca/issuer",
        "ca/log",
        "ca/status",
        "gate",
    ] {
        for entry in std::fs::read_dir(city.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            if text.contains("BEGIN CERTIFICATE-----")
                && path.extension().is_some_and(|e| e == "pem")
            {
                files.push(path);
            }
        }
    }
    assert!(files.len() > 15, "{files:?}");
    files
}

/// x509-parser reads everything strictly, webpki and OpenSSL accept every end entity for its
/// purpose.
fn judge_certificates(city: &Path) {
    use rustls_pki_types::{CertificateDer, UnixTime};
    use x509_parser::prelude::{FromDer, X509Certificate};
    let read = |name: &str| std::fs::read(city.join(format!("ca/public/ca/{name}.cer"))).unwrap();
    let (root, issuing) = (read("root"), read("issuing-1"));
    let lists: Vec<Vec<u8>> = ["crl/issuing-1/0.crl", "crl/root.crl"]
        .iter()
        .map(|file| std::fs::read(city.join("ca/public").join(file)).unwrap())
        .collect();
    let mut judged = 0;
    for path in emitted(city) {
        let text = std::fs::read_to_string(&path).unwrap();
        let der = pki::pem::read(text.as_bytes(), pki::pem::Kind::Certificate).unwrap().remove(0);
        let (rest, parsed) = X509Certificate::from_der(&der).unwrap();
        assert!(rest.is_empty());
        let usage = parsed.extended_key_usage().unwrap().map(|usage| usage.value.clone());
        let Some(usage) = usage.filter(|usage| usage.client_auth || usage.server_auth) else {
            continue;
        };
        let purpose = match usage.server_auth {
            true => webpki::KeyUsage::server_auth(),
            false => webpki::KeyUsage::client_auth(),
        };
        let revoked = path.ends_with("revoked.pem");
        let (root, issuing, leaf) = (
            CertificateDer::from(root.as_slice()),
            CertificateDer::from(issuing.as_slice()),
            CertificateDer::from(der.as_slice()),
        );
        let anchor = [webpki::anchor_from_trusted_cert(&root).unwrap()];
        let crls: Vec<webpki::CertRevocationList> = lists
            .iter()
            .map(|list| webpki::BorrowedCertRevocationList::from_der(list).unwrap().into())
            .collect();
        let crls: Vec<&webpki::CertRevocationList> = crls.iter().collect();
        let revocation = webpki::RevocationOptionsBuilder::new(&crls)
            .unwrap()
            .with_depth(webpki::RevocationCheckDepth::Chain)
            .with_status_policy(webpki::UnknownStatusPolicy::Deny)
            .with_expiration_policy(webpki::ExpirationPolicy::Enforce)
            .build();
        let between = [issuing];
        let end_entity = webpki::EndEntityCert::try_from(&leaf).unwrap();
        let verified = end_entity.verify_for_usage(
            webpki::ALL_VERIFICATION_ALGS,
            &anchor,
            &between,
            UnixTime::now(),
            purpose,
            Some(revocation),
            None,
        );
        match revoked {
            true => assert!(matches!(verified.err(), Some(webpki::Error::CertRevoked))),
            false => assert!(verified.is_ok(), "{}: {:?}", path.display(), verified.err()),
        }
        judged += 1;
    }
    assert!(judged >= 12, "{judged}");
}

/// Exit codes, machine-readable errors that end with the next command, keys never overwritten.
fn command_line(city: &Path) {
    let yinxin = |words: &[&str]| {
        Command::new(binary("yinxin")).args(words).current_dir(city).output().unwrap()
    };
    let exit = |words: &[&str]| yinxin(words).status.code().unwrap();
    let letter = described(city)["people"]
        .as_array()
        .unwrap()
        .iter()
        // The sheet's own letters are used; the last is nobody's yet.
        .filter_map(|person| person["letter"].as_str().map(str::to_owned))
        .next_back()
        .unwrap();
    tests::write_passphrase(&city.join("own.passphrase"));
    let enroll = [
        "enroll",
        "--yes",
        "--letter",
        &letter,
        "--key",
        "own.key",
        "--out",
        "own.pem",
        "--passphrase-file",
        "own.passphrase",
    ];
    let said = yinxin(&enroll);
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    assert!(String::from_utf8_lossy(&said.stdout).contains("审批 / approvals: 0 / 2"));
    assert_eq!(exit(&enroll), 0, "asking again tells where it stands");
    assert_eq!(exit(&[&enroll[..], &["--wait", "1"]].concat()), 5, "waited in vain");
    assert!(
        std::fs::read_to_string(city.join("own.key")).unwrap().contains("ENCRYPTED PRIVATE KEY")
    );
    let request =
        ["request", "--key", "own.key", "--out", "own.csr", "--passphrase-file", "own.passphrase"];
    assert_eq!(exit(&request), 5, "a key is never overwritten");
    assert_eq!(exit(&["enroll", "--key", "k", "--out", "o"]), 2);
    assert_eq!(exit(&["nonsense"]), 2);
    assert_eq!(exit(&["cert", "show", "nowhere.pem"]), 4);
    assert_eq!(exit(&["cert", "show", "demo/good.pem"]), 0);
    let officer = [
        "--trust",
        "ca/trust.json",
        "--cert",
        "people/officer-1.pem",
        "--key",
        "people/officer-1.key",
        "--passphrase-file",
        "people/officer-1.passphrase",
    ];
    assert_eq!(exit(&[&["approve"][..], &officer].concat()), 0, "lists what waits");
    assert_eq!(exit(&[&["approve", "0000000000000000", "--yes"][..], &officer].concat()), 4);
    let auditor: Vec<String> =
        officer.iter().map(|word| word.replace("officer-1", "auditor")).collect();
    let auditor: Vec<&str> = auditor.iter().map(String::as_str).collect();
    let denied = yinxin(&[&["approve", "--json"][..], &auditor].concat());
    assert_eq!(denied.status.code(), Some(3));
    let problem: Value = serde_json::from_slice(&denied.stderr).unwrap();
    assert_eq!(problem["code"], "not-your-route");
    assert!(problem["reference"].as_str().is_some_and(|text| text.len() == 16));

    foreign_servers(city, &officer, &exit);
    for program in ["yinxin", "ca-server", "ra-portal"] {
        let help = Command::new(binary(program)).arg("--help").output().unwrap();
        assert!(help.status.success() && help.stdout.len() > 400, "{program}");
    }
}

/// A server that is not the city's: nothing is sent, exit code 3; none at all: 6.
fn foreign_servers(city: &Path, officer: &[&str], exit: &dyn Fn(&[&str]) -> i32) {
    let trust = std::fs::read_to_string(city.join("ca/trust.json")).unwrap();
    let mut foreign: Value = serde_json::from_str(&trust).unwrap();
    foreign["root_sha256"] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into();
    std::fs::write(city.join("foreign.json"), foreign.to_string()).unwrap();
    let mut silent: Value = serde_json::from_str(&trust).unwrap();
    silent["portal_staff"] = "https://staff.localhost:1".into();
    std::fs::write(city.join("silent.json"), silent.to_string()).unwrap();
    for (file, code) in [("foreign.json", 3), ("silent.json", 6)] {
        let words: Vec<&str> = officer
            .iter()
            .map(|word| if *word == "ca/trust.json" { file } else { *word })
            .collect();
        assert_eq!(exit(&[&["approve"][..], &words].concat()), code, "{file}");
    }
}
