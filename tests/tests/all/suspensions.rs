//! Suspensions in a running city: at once, by letter and by signature; released by two others; by
//! itself a revocation after its time. Nothing of it is lost in a crash.

use crate::http1_framing::OWN;
use crate::ocsp::status_of;
use crate::tampering::{swallow, swallow_no_more};
use ca_api::Status;
use pki::{Certificate, SerialNumber};
use records::enrolment::{CollectedCertificate, SignedReceipt};
use records::record::{Cause, Event};
use records::suspension::{SUSPENSION_SECONDS, SuspendByLetter, SuspensionNotice};
use std::process::{Command, Output};
use tests::gate::get;
use tests::people::code;
use tests::processes::until;
use tests::{Office, Official, binary, invariants};

fn leaf(collected: &CollectedCertificate) -> Certificate {
    Certificate::read(&collected.chain[0].0).unwrap()
}

/// `yinxin` as a first person.
fn yinxin(office: &Office, person: &str, words: &[&str]) -> Output {
    let at = |end: &str| office.path(&format!("people/{person}.{end}"));
    let mut command = Command::new(binary("yinxin"));
    command.args(words).arg("--cert").arg(at("pem")).arg("--key").arg(at("key"));
    command.arg("--passphrase-file").arg(at("passphrase"));
    command.arg("--trust").arg(office.path("ca/trust.json")).env("LANG", "C").output().unwrap()
}

pub(super) async fn by_letter(
    office: &Office,
    official: &Official,
) -> Result<SignedReceipt, ca_api::Refusal> {
    let reference = official.letter.reference.clone();
    let value = official.keys.suspension_value(&reference).into();
    let status = Status(office.client(&office.trust.status, None));
    status.suspend_by_letter(&SuspendByLetter { reference, value }).await
}

fn notice(signed: &SignedReceipt) -> SuspensionNotice {
    records::json::read(&signed.receipt.0).unwrap()
}

/// Waits until the published list lets a serial number go.
async fn unlisted(office: &Office, certificate: &Certificate) {
    let serial: &SerialNumber = certificate.serial();
    let path = office.path("ca/public/crl/issuing-1/0.crl");
    until("the serial number is off the list", async || {
        let der = std::fs::read(&path);
        der.is_ok_and(|der| !pki::crl::RevocationList::read(&der).unwrap().contains(serial))
    })
    .await;
}

/// An operator drafts the release.
fn drafted(office: &Office, certificate: &Certificate) -> String {
    let serial = certificate.serial().to_string();
    office.draft(&["release", &serial, "--evidence", "本人当面核对"]).0
}

async fn is_good(office: &Office, certificate: &Certificate) {
    until("it is good again", async || status_of(office, certificate).contains(": good")).await;
}

/// By letter: felt at once, told once, felt wherever the certificate is shown, and over when two
/// officers released it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_suspends_and_two_officers_release() {
    let office = Office::open().await;
    let (official, collected) = office.official("王小明", "sz-office").await;
    let own = leaf(&collected);
    let serial = own.serial().to_string();
    let receipt = by_letter(&office, &official).await.unwrap();
    let said = notice(&receipt);
    assert_eq!((said.serials, said.reason.as_str()), (vec![serial.clone()], "keyCompromise"));
    let status = status_of(&office, &own);
    assert!(status.contains(": revoked") && status.contains("certificateHold"), "{status}");
    let again = by_letter(&office, &official).await.unwrap();
    assert_eq!(notice(&again).time, said.time, "already so");
    office.listed(&serial).await;
    let count = office.control().await;
    let count = count.iter().filter(|one| one.event.kind() == "suspended").count();
    assert_eq!(count, 1);

    // What is held opens no page, and is not suspended by what is no value of this letter.
    let reference = official.letter.reference.clone();
    let value = official.keys.loss_value(&reference).into();
    let client = Status(office.client(&office.trust.status, None));
    let wrong = client.suspend_by_letter(&SuspendByLetter { reference, value }).await;
    assert_eq!(wrong.unwrap_err().code(), records::Code::WrongCode);

    let order = drafted(&office, &own);
    office.approve_by_both(&order).await;
    is_good(&office, &own).await;
    unlisted(&office, &own).await;
    invariants::hold(&office).await;
}

/// A gate tells a suspension as one, on what is open as on what is new, beside the list as in it;
/// who is released passes again, and who is lost after that reads something else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gate_tells_a_suspension_as_one() {
    let mut office = Office::open().await;
    let gate = office.gate().await;
    let (official, collected) = office.official("王小明", "sz-office").await;
    let (own, report) = (leaf(&collected), office.loss_of(&official));
    let told = |(status, body): (u16, String)| {
        let problem: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
        (status, problem["code"].as_str().unwrap_or_default().to_owned())
    };
    by_letter(&office, &official).await.unwrap();
    let person = office.officer(official, &collected);
    let suspended = (401, "certificate-suspended".to_owned());
    until("the gate knows the person and the suspension", async || {
        told(gate.get(&office, &person, OWN).await) == suspended
    })
    .await;
    office.listed(&own.serial().to_string()).await;
    let list = office.path("gate/world/list.crl");
    until("the gate has the list", async || {
        let der = std::fs::read(&list).unwrap_or_default();
        pki::crl::RevocationList::read(&der).is_ok_and(|list| list.is_held(own.serial()))
    })
    .await;
    assert_eq!(told(gate.get(&office, &person, OWN).await), suspended);

    office.approve_by_both(&drafted(&office, &own)).await;
    until("the gate lets them in", async || gate.get(&office, &person, OWN).await.0 == 200).await;
    let mut open = gate.h1(&office, &person).await;
    assert_eq!(get(&mut open, OWN).await.0, 200);
    office.report(&report).await;
    let revoked = (401, "certificate-revoked".to_owned());
    until("the loss is felt", async || told(gate.get(&office, &person, OWN).await) == revoked)
        .await;
    assert_eq!(told(get(&mut open, OWN).await), revoked);
}

/// By an officer's signature, from the command line: they release nothing themselves.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_suspends_does_not_release() {
    let mut office = Office::open().await;
    let (_, collected) = office.official("李丹", "sz-office").await;
    let own = leaf(&collected);
    let serial = own.serial().to_string();
    let words = ["--json", "suspend", &serial, "--evidence", "本人来电"];
    let unsure = yinxin(&office, "officer-1", &words);
    assert!(!unsure.status.success(), "it asks, without a terminal");
    assert!(status_of(&office, &own).contains(": good"));
    let done = yinxin(&office, "officer-1", &[&words[..], &["--yes"]].concat());
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let told = String::from_utf8_lossy(&done.stdout).into_owned();
    let lines: Vec<&str> = told.lines().collect();
    let shown: serde_json::Value = serde_json::from_str(lines[0]).unwrap();
    assert!(shown["facts"].to_string().contains("(keyCompromise)"), "the reason is shown: {shown}");
    let said: SuspensionNotice = serde_json::from_str(lines[1]).unwrap();
    assert_eq!(said.person, office.first("officer-1").person);
    assert!(status_of(&office, &own).contains("certificateHold"));

    let order = drafted(&office, &own);
    let refused = office.approve(&office.first("officer-1"), &order).await;
    assert_eq!(code(refused), "approver-self");
    let export = office.staff(&office.first("officer-2")).fetch(&order).await.unwrap();
    let opened = export.open(&office.trust, service::Clock::system().seconds()).unwrap();
    let facts = portal_api::plain::facts(&opened);
    let by = facts.iter().find(|fact| fact.term.en == "suspended by").unwrap();
    assert!(by.value.zh().contains(&said.person), "{}", by.value.zh());
    for name in ["officer-2", "security-1"] {
        office.approve(&office.first(name), &order).await.unwrap();
    }
    office.carried_out(&order).await;
    is_good(&office, &own).await;

    // An auditor has nobody in their care; nor does anybody take all others away, also while the
    // log stands still and has none of it yet, nor does the database: nothing that is put on its
    // way arrives, and nobody hears of it past that.
    let auditor = yinxin(&office, "auditor", &["suspend", &serial, "--yes"]);
    assert!(!auditor.status.success());
    let serial = |office: &Office, name: &str| office.first(name).leaf().serial().to_string();
    office.stop("log");
    office.stop("issuer");
    let database = office.database().await;
    swallow(&database).await;
    let security = serial(&office, "security-2");
    let one = yinxin(&office, "security-1", &["suspend", &security, "--yes"]);
    assert!(one.status.success(), "{}", String::from_utf8_lossy(&one.stderr));
    let words = ["--json", "suspend", &serial(&office, "officer-1"), "--yes"];
    let alone = yinxin(&office, "security-1", &words);
    let told = String::from_utf8_lossy(&alone.stderr).into_owned();
    assert!(told.contains("suspension-alone"), "{told}");
    swallow_no_more(&database).await;
    office.start("log", &[]).await;
    office.start("issuer", &[]).await;
    office.listed(&security).await;
    invariants::hold(&office).await;
}

/// An officer who is suspended does nothing at the portal until others release them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspended_officer_does_nothing() {
    let office = Office::open().await;
    let one = office.first("officer-1");
    let own = one.leaf().clone();
    let serial = own.serial().to_string();
    let done = yinxin(&office, "officer-1", &["suspend", &serial, "--yes"]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let again = yinxin(&office, "officer-1", &["suspend", &serial, "--yes"]);
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
    let order = drafted(&office, &own);
    assert_eq!(code(office.approve(&one, &order).await), "certificate-suspended");
    for name in ["officer-2", "security-1"] {
        office.approve(&office.first(name), &order).await.unwrap();
    }
    office.carried_out(&order).await;
    is_good(&office, &own).await;
    invariants::hold(&office).await;
}

/// On the pages: by letter, which the browser turns into one value; and a holder on the page of
/// their own certificate, which afterwards opens nothing. An officer signs instead.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pages_suspend_what_is_ones_own() {
    let office = Office::open().await;
    let (official, collected) = office.official("王小明", "sz-office").await;
    let own = leaf(&collected);
    let reference = official.letter.reference.clone();
    let value = official.keys.suspension_value(&reference);
    let site = office.public_site();
    assert_eq!(site.get("/suspend", "").await.status, 200);
    let post = async |value: [u8; 32]| {
        let key = records::Bytes::from(value).to_string();
        let form = [("reference", reference.as_str()), ("key", &key), ("confirmed", "yes")];
        site.post("/suspend", "", &form).await
    };
    assert_eq!(post([7; 32]).await.status, 403);
    let told = post(value).await;
    assert_eq!(told.status, 200, "{}", told.text);
    assert!(told.text.contains("冻结回执") && told.text.contains(&own.serial().to_string()));
    assert!(status_of(&office, &own).contains("certificateHold"));

    let (official, collected) = office.official("李丹", "sz-office").await;
    let own = leaf(&collected);
    let holder = office.officer(official, &collected);
    let site = office.staff_site(Some(holder.identity()));
    let page = site.get("/certificate/suspend", "").await;
    assert!(page.status == 200 && page.text.contains("15 天"), "{}", page.text);
    let told = site.post("/certificate/suspend", "", &[("reason", "keyCompromise")]).await;
    assert!(told.status == 200 && told.text.contains("冻结回执"), "{}", told.text);
    assert!(status_of(&office, &own).contains("certificateHold"));
    let shown = site.get("/certificate", "").await;
    assert!(shown.status == 401 && shown.text.contains("certificate-suspended"), "{}", shown.text);
    let again = site.post("/certificate/suspend", "", &[("reason", "keyCompromise")]).await;
    assert!(again.status == 200 && again.text.contains("冻结回执"), "already so");

    let officer = office.staff_site(Some(office.first("officer-1").identity()));
    let told = officer.post("/certificate/suspend", "", &[("reason", "keyCompromise")]).await;
    assert!(told.status == 403 && told.text.contains("signature-needed"), "{}", told.text);
    invariants::hold(&office).await;
}

/// What a letter takes away is said first, and done once that was confirmed: of a suspension and
/// of a loss.
#[tokio::test]
async fn nothing_is_revoked_before_it_is_confirmed() {
    let office = Office::open().await;
    let (official, collected) = office.official("王小明", "sz-office").await;
    let (own, reference) = (leaf(&collected), official.letter.reference.as_str());
    let site = office.public_site();
    let hold = official.keys.suspension_value(reference);
    let loss: [u8; 32] = official.keys.loss_value(reference);
    for (path, value, said) in [("/suspend", hold, "将冻结"), ("/lost", loss, "将吊销")] {
        let key = records::Bytes::from(value).to_string();
        let before = state_of(&office, &own);
        let asked = site.post(path, "", &[("reference", reference), ("key", &key)]).await;
        assert!(asked.status == 200 && asked.text.contains(said), "{}", asked.text);
        assert!(asked.text.contains("不能恢复") && !asked.text.contains("回执"), "{}", asked.text);
        assert_eq!(state_of(&office, &own), before, "nothing is done yet");
        let form = [("reference", reference), ("key", &key), ("confirmed", "yes")];
        let told = site.post(path, "", &form).await;
        assert!([200, 303].contains(&told.status), "{}", told.text);
        assert_ne!(state_of(&office, &own), before, "it is done");
    }
}

fn state_of(office: &Office, certificate: &pki::Certificate) -> &'static str {
    let told = status_of(office, certificate);
    match (told.contains("certificateHold"), told.contains("revoked")) {
        (true, _) => "suspended",
        (false, true) => "revoked",
        (false, false) => "good",
    }
}

/// Killed at each step of a suspension, of its list and of its release: it is never lost, and never
/// released by a crash.
#[tokio::test]
async fn a_suspension_survives_each_crash() {
    let mut office = Office::open().await;
    for (process, step) in [
        ("status", "loss-before-commit"),
        ("status", "loss-after-commit"),
        ("issuer", "crl-before-commit"),
        ("issuer", "crl-before-publish"),
    ] {
        let (official, collected) = office.official("王小明", "sz-office").await;
        let own = leaf(&collected);
        office.stop(process);
        office.spawn(process, &[("YINXIN_CRASH_AT", step)]);
        if process == "status" {
            office.until_ready("status").await;
        }
        let _ = by_letter(&office, &official).await;
        office.ended(process).await;
        office.start(process, &[]).await;
        office.listed(&own.serial().to_string()).await;
        assert!(by_letter(&office, &official).await.is_ok());
        for step in ["execute-before-commit", "execute-after-commit"] {
            if process == "status" {
                break;
            }
            assert!(status_of(&office, &own).contains("certificateHold"), "{step}");
            let order = drafted(&office, &own);
            office.stop("issuer");
            office.start("issuer", &[("YINXIN_CRASH_AT", step)]).await;
            let officers = [office.first("officer-1"), office.first("officer-2")];
            for officer in &officers {
                let _ = office.approve(officer, &order).await;
            }
            office.ended("issuer").await;
            office.start("issuer", &[]).await;
            for officer in &officers {
                let _ = office.approve(officer, &order).await;
            }
            office.carried_out(&order).await;
            is_good(&office, &own).await;
            by_letter(&office, &official).await.unwrap();
        }
        invariants::hold(&office).await;
    }
}

/// What nobody releases in 15 days is revoked by the issuer, once, whatever kills it; not under a
/// clock that is not believed.
#[tokio::test]
async fn what_nobody_releases_is_revoked_by_itself() {
    let mut office = Office::open().await;
    let (official, collected) = office.official("王小明", "sz-office").await;
    let own = leaf(&collected);
    by_letter(&office, &official).await.unwrap();
    office.listed(&own.serial().to_string()).await;
    let offset = (SUSPENSION_SECONDS + 60).to_string();
    let later = [("YINXIN_CLOCK_OFFSET", offset.as_str())];
    let lapsed = async |office: &Office| {
        let records = office.control().await;
        let is = |record: &&records::Record| {
            matches!(record.event, Event::Revoked { cause: Cause::Lapsed { .. }, .. })
        };
        records.iter().filter(is).count()
    };
    assert_eq!(lapsed(&office).await, 0);
    office.stop("issuer");
    for step in ["lapse-before-commit", "lapse-after-commit"] {
        office.spawn("issuer", &[later[0], ("YINXIN_CRASH_AT", step)]);
        office.ended("issuer").await;
    }
    office.start("issuer", &later).await;
    until("it is revoked", async || {
        let status = status_of(&office, &own);
        status.contains(": revoked") && status.contains("keyCompromise")
    })
    .await;
    assert_eq!(lapsed(&office).await, 1);
    let serial = own.serial().to_string();
    let words = ["release", &serial, "--evidence", "x"];
    assert_eq!(office.ca_refused(&words), "state-conflict", "what is revoked stays so");
    invariants::hold(&office).await;
}
