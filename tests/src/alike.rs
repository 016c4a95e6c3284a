//! What the published list and the status service say of the same serial numbers: they never
//! contradict each other, and give the same reason.

use crate::Office;
use pki::SerialNumber;
use pki::crl::{RevocationList, RevocationReason};
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Serial numbers of one question: a responder takes so many.
const ASKED_MAX: usize = 32;
/// How OpenSSL calls a reason that it has no name for.
const NAMELESS: &str = "(UNKNOWN)";

/// What is said of one serial number: its status, and why it is revoked.
type Answer = (String, String);

/// Every serial number of which the two say different things. Who does not answer contradicts
/// nobody; nor is a list asked whose issuer was stopped.
pub(crate) async fn contradictions(office: &Office) -> Vec<String> {
    if !office.runs("status") || !office.runs("issuer") {
        return Vec::new();
    }
    let der = std::fs::read(office.path("ca/public/crl/issuing-1/0.crl")).unwrap();
    let list = RevocationList::read(&der).unwrap();
    let database = office.database().await;
    let rows: Vec<(String, i64)> = sqlx::query_as("select serial, not_after from certificate")
        .fetch_all(&database)
        .await
        .unwrap();
    database.close().await;
    let in_time = rows.into_iter().filter(|(_, end)| *end > list.this_update() as i64);
    let listed = list.revoked().iter().map(|(serial, _)| serial.to_string());
    let serials: BTreeSet<String> = in_time.map(|(serial, _)| serial).chain(listed).collect();
    let serials: Vec<String> = serials.into_iter().collect();
    let mut found = Vec::new();
    for chunk in serials.chunks(ASKED_MAX) {
        for (serial, answer) in answers(office, chunk) {
            let number = SerialNumber::from_hex(&serial).unwrap();
            found.extend(differs(&list, &number, &answer));
        }
    }
    found
}

fn differs(
    list: &RevocationList,
    serial: &SerialNumber,
    (status, reason): &Answer,
) -> Option<String> {
    let (is_listed, is_revoked) = (list.contains(serial), status == "revoked");
    let listed = list.reason(serial).map_or("", RevocationReason::name);
    let same = is_listed == is_revoked && (!is_revoked || reason == listed || reason == NAMELESS);
    (!same).then(|| {
        let number = list.number();
        format!("{serial}: list {number} says {is_listed} {listed}, OCSP {status} {reason}")
    })
}

/// What OpenSSL is answered, by serial number; nothing where no answer is believed.
fn answers(office: &Office, serials: &[String]) -> BTreeMap<String, Answer> {
    let crl = office.city["ca"]["crl_url"].as_str().unwrap();
    let url = format!("{}/ocsp", crl.split("/crl/").next().unwrap());
    let mut command = Command::new("openssl");
    command.args(["ocsp", "-timeout", "5", "-url", &url, "-issuer"]);
    command.arg(office.path("ca/public/ca/issuing-1.pem"));
    command.arg("-CAfile").arg(office.path("ca/public/ca/root.pem"));
    for serial in serials {
        command.args(["-serial", &format!("0x{serial}")]);
    }
    let done = command.output().unwrap();
    if !String::from_utf8_lossy(&done.stderr).contains("Response verify OK") {
        return BTreeMap::new();
    }
    let mut answers: BTreeMap<String, Answer> = BTreeMap::new();
    let mut last = None;
    for line in String::from_utf8_lossy(&done.stdout).lines() {
        if let Some((serial, status)) = line.strip_prefix("0x").and_then(|l| l.split_once(": ")) {
            answers.insert(serial.to_owned(), (status.trim().to_owned(), String::new()));
            last = Some(serial.to_owned());
        } else if let Some(reason) = line.trim().strip_prefix("Reason: ")
            && let Some(answer) = last.as_ref().and_then(|serial| answers.get_mut(serial))
        {
            reason.clone_into(&mut answer.1);
        }
    }
    answers
}
