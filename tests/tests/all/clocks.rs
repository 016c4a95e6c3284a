//! Clocks that moved, in a city that runs: nobody is refused for it who only takes away, no gate
//! stops, and nothing is told by a wrong time.

use crate::ocsp::{is_answered, status_of};
use pki::Certificate;
use records::Code;
use std::process::{Command, Output};
use tests::processes::until;
use tests::{Office, binary, invariants};

const OWN: &str = "/documents/sz-office/2026-001";
const HOUR: i64 = 3_600;

/// `yinxin` as a first person.
fn yinxin(office: &Office, person: &str, words: &[&str]) -> Output {
    let at = |end: &str| office.path(&format!("people/{person}.{end}"));
    let mut command = Command::new(binary("yinxin"));
    command.args(words).arg("--cert").arg(at("pem")).arg("--key").arg(at("key"));
    command.arg("--passphrase-file").arg(at("passphrase"));
    command.arg("--trust").arg(office.path("ca/trust.json")).env("LANG", "C").output().unwrap()
}

/// A machine that ran for so long, with its clock set by so much meanwhile.
struct Moved([String; 2]);

impl Moved {
    fn after(passed: i64, set: i64) -> Self {
        Self([(passed + set).to_string(), passed.to_string()])
    }

    fn environment(&self) -> [(&str, &str); 2] {
        [("YINXIN_CLOCK_OFFSET", &self.0[0]), ("YINXIN_UPTIME_OFFSET", &self.0[1])]
    }
}

/// Starts a role whose clock it does not believe, and waits until it works all the same.
async fn begin_moved(office: &mut Office, name: &str, moved: &Moved) {
    office.spawn(name, &moved.environment());
    let admin = office.admin(name);
    until("it works, and says that its clock moved", async || {
        let told = admin.get("/readyz").await;
        let told = told.map(|answer| String::from_utf8_lossy(answer.body()).into_owned());
        told.is_ok_and(|told| told.contains("the clock moved") && !told.contains("start:"))
    })
    .await;
}

async fn restart_moved(office: &mut Office, name: &str, moved: &Moved) {
    office.stop(name);
    begin_moved(office, name, moved).await;
}

/// A revocation by a signed wish through the staff portal and two approvals, to the list.
async fn revoke(office: &Office, serial: &str) {
    let words =
        ["--json", "revoke", serial, "--reason", "keyCompromise", "--evidence", "x", "--yes"];
    let asked = yinxin(office, "officer-1", &words);
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    let text = String::from_utf8_lossy(&asked.stdout).into_owned();
    let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    for file in ["officer-1", "officer-2"] {
        office.approve(&office.first(file), last["order"].as_str().unwrap()).await.unwrap();
    }
    office.listed(serial).await;
}

async fn serial(office: &Office, name: &str) -> String {
    let (_, collected) = office.official(name, "sz-office").await;
    Certificate::read(&collected.chain[0].0).unwrap().serial().to_string()
}

/// Waits until a certificate stands in the list, and the gate has that.
async fn until_gate_lists(office: &Office, serial: &str) {
    office.listed(serial).await;
    until("the gate has that list", async || {
        let list = std::fs::read(office.path("gate/world/list.crl")).unwrap();
        let list = pki::crl::RevocationList::read(&list).unwrap();
        list.contains(&pki::SerialNumber::from_hex(serial).unwrap())
    })
    .await;
}

/// Nothing was decided for thirty hours, and then the clock leaps by an hour and a bit: lists and
/// snapshots go on from how long the machine ran, and every gate goes on with them.
#[tokio::test]
async fn a_leap_on_a_quiet_day_stops_no_gate() {
    let mut office = Office::open().await;
    let gate = office.gate().await;
    let person = office.gate_official("王小明", "sz-office").await;
    let (lost, _) = office.official("李丹", "sz-office").await;
    assert_eq!(gate.get(&office, &person, OWN).await.0, 200);
    let quiet = Moved::after(30 * HOUR, 0);
    for name in ["issuer", "log", "status", "agent"] {
        office.stop(name);
    }
    for name in ["log", "issuer", "status", "agent"] {
        office.start(name, &quiet.environment()).await;
    }
    gate.until_status(&office, &person, OWN, 200).await;
    let leapt = Moved::after(30 * HOUR, HOUR + 60);
    restart_moved(&mut office, "issuer", &leapt).await;
    let serials = office.report_lost(&lost).await;
    until_gate_lists(&office, &serials[0]).await;
    assert_eq!(gate.get(&office, &person, OWN).await.0, 200);
    let said = office.ca_with(&["doctor"], &leapt.environment());
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(text.contains("the clock is ahead of what is proven by 36"), "{text}");
    office.stop("issuer");
    office.start("issuer", &quiet.environment()).await;
    assert_eq!(gate.get(&office, &person, OWN).await.0, 200);
}

/// Two hours after the last record the clock is set back by one: nothing is before that record, and
/// it is seen all the same. What only takes away is done; what gives waits for the right clock, or
/// an operator's word.
#[tokio::test]
async fn an_hour_back_in_a_quiet_city_stops_no_brake() {
    let mut office = Office::open().await;
    let theirs = serial(&office, "王小明").await;
    let person = office.register("李丹", "sz-office").await;
    let back = Moved::after(2 * HOUR, -HOUR);
    restart_moved(&mut office, "issuer", &back).await;
    let refused = office.ca_with(&["letter", &person, "--json"], &back.environment());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("clock-moved"));
    revoke(&office, &theirs).await;
    let _ = office.ca_with(&["doctor", "--confirm-clock"], &back.environment());
    until("an operator said that it is right", async || {
        office.ca_with(&["letter", &person, "--json"], &back.environment()).status.success()
    })
    .await;
}

/// Beyond the end of a portal's certificate: by a clock that merely moved there it counts on, and a
/// revocation is asked for, approved and carried out; by the same clock, once somebody said that it
/// is right, the portal is refused whatever it asks.
#[tokio::test]
async fn a_portals_certificate_is_over_by_a_clock_that_is_right() {
    let mut office = Office::open().await;
    let theirs = serial(&office, "王小明").await;
    let pem = std::fs::read(office.path("portal/staff.pem")).unwrap();
    let chain = pki::pem::read(&pem, pki::pem::Kind::Certificate).unwrap();
    let own = Certificate::read(&chain[0]).unwrap();
    let left = own.not_after() - service::Clock::system().seconds();
    let beyond = Moved::after(0, i64::try_from(left).unwrap() + HOUR);
    let certificate = office.first("officer-1").leaf().der().into();
    let message = ca_api::AsOfficer { certificate, message: ca_api::Page::default() };
    let portal = office.issuer_for("staff");
    portal.list(&message).await.unwrap();

    restart_moved(&mut office, "issuer", &beyond).await;
    office.issuer_for("staff").list(&message).await.unwrap();
    revoke(&office, &theirs).await;
    let _ = office.ca_with(&["doctor", "--confirm-clock"], &beyond.environment());
    until("the portal is refused", async || {
        let asked = office.issuer_for("staff").list(&message).await;
        asked.is_err_and(|refusal| refusal.code() == Code::CertificateExpired)
    })
    .await;
    let revocation = ca_api::Revocation {
        serial: theirs.clone(),
        reason: "keyCompromise".into(),
        evidence: "本人报告丢失".into(),
    };
    let brake = ca_api::AsOfficer { certificate: message.certificate.clone(), message: revocation };
    let refused = office.issuer_for("staff").revoke(&brake).await.unwrap_err();
    assert_eq!(refused.code(), Code::CertificateExpired);
}

/// A year back, before any certificate of this city began, or beyond the end of all of its
/// services': portals reach the issuer, and a revocation is asked for, approved and carried out.
#[tokio::test]
async fn a_clock_that_is_a_year_off_stops_no_portal() {
    let mut office = Office::open().await;
    for (name, set) in [("王小明", -31_536_000), ("李丹", 34_560_000)] {
        let theirs = serial(&office, name).await;
        restart_moved(&mut office, "issuer", &Moved::after(0, set)).await;
        revoke(&office, &theirs).await;
        office.stop("issuer");
        office.start("issuer", &[]).await;
    }
    invariants::hold(&office).await;
}

/// Under a clock that leapt by two days nothing is told to be good; what is revoked is.
#[tokio::test]
async fn no_answer_is_good_under_a_clock_that_leapt() {
    let mut office = Office::open().await;
    let (lost, collected) = office.official("王小明", "sz-office").await;
    let theirs = Certificate::read(&collected.chain[0].0).unwrap();
    let good = office.first("officer-1");
    assert!(is_answered(&office, good.leaf()) && is_answered(&office, &theirs));
    restart_moved(&mut office, "status", &Moved::after(0, 48 * HOUR)).await;
    assert!(!is_answered(&office, good.leaf()) && !is_answered(&office, &theirs));
    office.report_lost(&lost).await;
    until("it is told", async || is_answered(&office, &theirs)).await;
    assert!(status_of(&office, &theirs).contains(": revoked"));
    office.stop("status");
    office.start("status", &[]).await;
    assert!(is_answered(&office, good.leaf()));
}

/// A gate whose clock is ten minutes back takes no list of now and lets nobody in, though by that
/// clock their certificates are in time; it goes on once its clock is right.
#[tokio::test]
async fn a_gate_ten_minutes_back_lets_nobody_in() {
    let mut office = Office::open().await;
    let gate = office.gate().await;
    let person = office.gate_official("王小明", "sz-office").await;
    let (lost, _) = office.official("李丹", "sz-office").await;
    // Twenty minutes pass, so that ten minutes back everybody is certified already.
    let passed = Moved::after(HOUR / 3, 0);
    for name in ["issuer", "log", "status", "agent"] {
        office.stop(name);
    }
    for name in ["log", "issuer", "status", "agent"] {
        office.start(name, &passed.environment()).await;
    }
    let serials = office.report_lost(&lost).await;
    until_gate_lists(&office, &serials[0]).await;
    gate.until_status(&office, &person, OWN, 200).await;
    office.stop("agent");
    office.spawn("agent", &Moved::after(HOUR / 3, -600).environment());
    let admin = office.admin("agent");
    until("it runs", async || admin.get("/healthz").await.is_ok()).await;
    let before = gate.application.count();
    assert_eq!(gate.get(&office, &person, OWN).await.0, 503);
    assert_eq!(gate.application.count(), before);
    office.stop("agent");
    office.start("agent", &passed.environment()).await;
    gate.until_status(&office, &person, OWN, 200).await;
}

/// By a clock a year ahead nobody is told that their certificate ends, and nothing is given up:
/// what waits is told.
#[tokio::test]
async fn notices_of_a_clock_a_year_ahead_say_nothing_wrong() {
    let mut office = Office::open().await;
    office.start("notices", &[]).await;
    let spool = office.path("ca/notices/spool");
    let files = || -> Vec<serde_json::Value> {
        let entries = std::fs::read_dir(&spool).unwrap();
        let all = entries.map(|entry| entry.unwrap().path());
        let files = all.filter(|path| path.extension().is_some_and(|end| end == "json"));
        let read = |path: std::path::PathBuf| std::fs::read(path).unwrap();
        files.map(|path| serde_json::from_slice(&read(path)).unwrap()).collect()
    };
    let kinds = |person: &str| -> Vec<String> {
        let all = files().into_iter().filter(|one| one["person"] == person);
        all.map(|one| one["kind"].as_str().unwrap().to_owned()).collect()
    };
    let (official, _) = office.official("王小明", "sz-office").await;
    let person = official.letter.person.clone();
    until("they are told", async || kinds(&person).iter().any(|kind| kind == "issued")).await;
    office.stop("notices");
    office.report_lost(&official).await;
    begin_moved(&mut office, "notices", &Moved::after(0, 31_536_000)).await;
    until("the loss is told", async || kinds(&person).iter().any(|kind| kind == "revoked")).await;
    assert!(!files().iter().any(|one| one["kind"] == "expiring"));
    let listed = office.ca_json(&["notice", "list", &person]);
    let listed = listed["notices"].as_array().unwrap();
    assert!(listed.iter().all(|one| one["state"] == "sent"), "{listed:?}");
    office.stop("notices");
    office.start("notices", &[]).await;
    invariants::hold(&office).await;
}
