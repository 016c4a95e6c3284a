//! Renewals: a holder's own key asks for the next certificate, `yinxin` keeps it beside the old
//! one, the old one ends by itself, and evidence says who authorized it. Killed at each step it
//! goes on.

use crate::evidence::{judged, search};
use keys::{SoftwareSigner, Stretch};
use pki::{Certificate, Signer};
use records::enrolment::Stage;
use records::join::use_message;
use records::label::Label;
use records::record::{Cause, Event};
use records::renewal::{AskRenewal, RenewCertificate, RenewalAnswer};
use records::{Bytes, Code};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};
use tests::processes::until;
use tests::{Office, Officer, binary, invariants};

/// Behind the overlap; clocks are believed when they move by less than ten days.
const LATER: (&str, &str) = ("YINXIN_CLOCK_OFFSET", "604860");

/// Officials may renew at any time.
pub(crate) async fn at_any_time(office: &Office) {
    let path = office.path("ca/policies/profiles/official.toml");
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.replace("version = 1", "version = 2");
    let text = text.replace("window_days = 30", "window_days = 365");
    let file = office.path("official-2.toml");
    std::fs::write(&file, text).unwrap();
    let (order, _) = office.draft(&["profile", &file.display().to_string()]);
    office.approve_by_security(&order).await;
}

/// A holder's computer, with a context.
struct Home(tempfile::TempDir);

impl Home {
    fn of(office: &Office, holder: &Officer) -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        let path = |name: &str| home.0.path().join(name);
        std::fs::write(path("passphrase"), "correct horse battery\n").unwrap();
        let private = PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(path("passphrase"), private).unwrap();
        let (key, passphrase) = (path("my.key"), "correct horse battery");
        keys::save(&key, &holder.signer, passphrase, Stretch::Random).unwrap();
        let pem: String = holder.chain.iter().map(Certificate::pem).collect();
        std::fs::write(path("my.pem"), pem).unwrap();
        let trust = office.path("ca/trust.json").display().to_string();
        let words = ["context", "add", "me", "--cert", "my.pem", "--key", "my.key"];
        let more = ["--passphrase-file", "passphrase", "--trust", &trust];
        home.json(&[&words[..], &more].concat());
        home
    }

    fn yinxin(&self, words: &[&str]) -> Output {
        let mut command = Command::new(binary("yinxin"));
        command.args(words).current_dir(self.0.path()).env("XDG_CONFIG_HOME", self.0.path());
        command.env_remove("LC_ALL").env("LANG", "C").output().unwrap()
    }

    fn json(&self, words: &[&str]) -> Value {
        let done = self.yinxin(&[&["--json"], words].concat());
        assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        said.lines().next_back().map(|line| serde_json::from_str(line).unwrap()).unwrap_or_default()
    }

    fn refused(&self, words: &[&str]) -> String {
        let done = self.yinxin(&[&["--json"], words].concat());
        assert!(!done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
        let said: Value = serde_json::from_slice(&done.stderr).unwrap();
        said["code"].as_str().unwrap().to_owned()
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} of {value}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_holder_renews_with_the_old_key() {
    let mut office = Office::open().await;
    let (early, collected) = office.official("李丹", "sz-office").await;
    let early = office.officer(early, &collected);
    assert_eq!(Home::of(&office, &early).refused(&["renew"]), "renewal-early");
    at_any_time(&office).await;
    let (official, collected) = office.official("王小明", "sz-office").await;
    let person = official.letter.person.clone();
    let holder = office.officer(official, &collected);
    let old = holder.leaf().serial().to_string();
    let home = Home::of(&office, &holder);
    let orders = office.of_kind("approval").await;

    let renewed = home.json(&["renew"]);
    let new = text(&renewed, "serial").to_owned();
    assert_eq!((text(&renewed, "renews"), text(&renewed, "context")), (&*old, "me"));
    assert_eq!(office.of_kind("approval").await, orders, "nobody had to approve");
    assert!(office.log("issuer").contains("renewed"), "the CA says so");
    // The old pair again, as after a crash of this computer: the same files, the same certificate.
    let own = ["--cert", "my.pem", "--key", "my.key", "--passphrase-file", "passphrase"];
    let trust = office.path("ca/trust.json").display().to_string();
    let again = home.json(&[&["renew", "--trust", &trust], &own[..]].concat());
    assert_eq!(text(&again, "serial"), new);
    let whoami = home.json(&["whoami"]);
    assert!(text(&whoami, "cert").ends_with(text(&renewed, "certificate")), "{whoami}");

    // Both verifiers say who authorized it.
    evident(&office, &new, "was authorized by the key of the old certificate").await;

    // The record changed: officers look at the next one.
    let words = ["person", "move", &person, "--unit", "sz-finance", "--evidence", "调动"];
    let (order, _) = office.draft(&words);
    office.approve_by_both(&order).await;
    let waiting = home.json(&["renew"]);
    assert_eq!((text(&waiting, "stage"), &waiting["needed"]), ("awaiting", &2.into()));
    assert_eq!(home.json(&["renew"])["order"], waiting["order"], "the same key, the same order");
    office.approve_by_both(text(&waiting, "order")).await;
    let next = home.json(&["renew", "--wait", "10"]);
    assert_eq!(text(&next, "renews"), new);
    evident(&office, text(&next, "serial"), "and needed approval").await;

    // Killed on either side of the commit, the old ones are superseded once.
    office.stop("issuer");
    for step in ["supersede-before-commit", "supersede-after-commit"] {
        office.spawn("issuer", &[LATER, ("YINXIN_CRASH_AT", step)]);
        office.ended("issuer").await;
    }
    office.start("issuer", &[LATER]).await;
    for serial in [&old, &new] {
        office.listed(serial).await;
    }
    let superseded = office.control().await.into_iter().filter(|record| {
        matches!(record.event, Event::Revoked { cause: Cause::Superseded { .. }, .. })
    });
    assert_eq!(superseded.count(), 2, "each once");
    invariants::hold(&office).await;
}

/// Both verifiers accept the evidence of a certificate, and ours says this.
async fn evident(office: &Office, serial: &str, wanted: &str) {
    until("the index has it", async || {
        let found = search(office, &["--log", "control", "--certificate", serial]);
        found.iter().any(|line| line["record"]["kind"] == "issued")
    })
    .await;
    let out = office.path(&format!("{serial}.tar"));
    export(office, serial, &out);
    let (ours, second, said) = judged(office, &out, true);
    assert_eq!((ours, second), (0, 0), "{said}");
    assert!(said.contains(wanted), "{said}");
}

fn export(office: &Office, serial: &str, out: &Path) {
    let path = |end: &str| office.path(&format!("people/auditor.{end}"));
    let mut command = Command::new(binary("yinxin"));
    command.args(["audit", "export", "--certificate", serial]).arg("--out").arg(out);
    command.arg("--trust").arg(office.path("ca/trust.json"));
    command.arg("--cert").arg(path("pem")).arg("--key").arg(path("key"));
    command.env("XDG_STATE_HOME", office.path("state"));
    let said = command.arg("--passphrase-file").arg(path("passphrase")).output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
}

/// One renewal as a client asks for it.
async fn ask(
    office: &Office,
    holder: &Officer,
    new: &SoftwareSigner,
) -> Result<RenewalAnswer, portal_api::PortalRefusal> {
    let certificate: Bytes = holder.leaf().der().into();
    let terms = AskRenewal { certificate: certificate.clone() };
    let terms = office.public().renewal_terms(&terms).await?;
    let request = keys::request(new).unwrap();
    let message = use_message(&holder.leaf().sha256(), &terms.challenge.0, request.der());
    let message = RenewCertificate {
        certificate,
        challenge: terms.challenge,
        request: request.der().into(),
        label: "cli".into(),
        signature: Bytes(Label::Use.sign(&holder.signer, &message).unwrap()),
    };
    office.public().renew_certificate(&message).await
}

/// Killed at each step between the question and the answer, asking again with the same key gives
/// one certificate for it; nothing is signed twice.
#[tokio::test]
async fn a_renewal_survives_each_crash() {
    let mut office = Office::open().await;
    at_any_time(&office).await;
    let (official, collected) = office.official("王小明", "sz-office").await;
    let mut holder = office.officer(official, &collected);
    for step in [
        "renew-certificate-before-commit",
        "renew-certificate-after-commit",
        "execute-before-commit",
        "certify-after-mark",
        "certify-after-sign",
        "certify-before-result",
        "certify-after-result",
        "renew-before-answer",
    ] {
        let new = SoftwareSigner::generate_p256().unwrap();
        office.stop("issuer");
        office.start("issuer", &[("YINXIN_CRASH_AT", step)]).await;
        let _ = ask(&office, &holder, &new).await;
        office.ended("issuer").await;
        office.start("issuer", &[]).await;
        let mut chain = Vec::new();
        until("the certificate is there", async || {
            let answer = ask(&office, &holder, &new).await;
            let Ok(RenewalAnswer { collected: Some(collected), stage }) = answer else {
                return false;
            };
            assert!(matches!(stage, Stage::Issued { .. }));
            chain = collected.chain;
            true
        })
        .await;
        let chain: Vec<_> = chain.iter().map(|der| Certificate::read(&der.0).unwrap()).collect();
        assert_eq!(chain[0].key().spki(), new.public_key().spki(), "{step}");
        let other = SoftwareSigner::generate_p256().unwrap();
        let told = tests::people::refused(ask(&office, &holder, &other).await);
        assert_eq!(told.known(), Some(Code::RenewalDone), "{step}");
        holder = Officer { person: holder.person.clone(), chain, signer: new };
        invariants::hold(&office).await;
    }
}
