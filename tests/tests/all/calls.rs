//! Call mode: an application asks its gate about somebody, and is told what is recorded.

use crate::http1_framing::{OWN, Stage};
use pki::Signer;
use records::Bytes;
use records::access::{ApplicationCall, request_id};
use records::record::Event;
use serde_json::{Value, json};
use std::process::Command;
use tests::gate::AGENT;
use tests::processes::until;
use tests::{Officer, workspace};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

const OTHERS: &str = "/documents/sz-finance/2026-001";

/// What is answered to bytes of a request: its status and its body.
async fn answered<S: AsyncReadExt + AsyncWriteExt + Unpin>(
    mut stream: S,
    bytes: &[u8],
) -> (u16, String) {
    // Who is refused early may be cut off while it still sends.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let text = String::from_utf8_lossy(&answer).into_owned();
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let body = text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
    (status, body.unwrap_or_default())
}

fn question(fields: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST /call HTTP/1.1\r\nHost: gate\r\nConnection: close\r\n{fields}\
         Content-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

pub(crate) async fn ask(socket: &str, asked: &Value) -> Value {
    let stream = UnixStream::connect(socket).await.unwrap();
    let asked = question("", asked.to_string().as_bytes());
    let (status, body) = answered(stream, &asked).await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

pub(crate) fn der(person: &Officer) -> Value {
    Bytes::from(person.leaf().der()).to_string().into()
}

/// A certificate counts until it is lost, a signature is of its own key, and somebody may do what
/// the rules say; each answer names its record, which says the same. What is no question is none.
#[tokio::test]
async fn an_application_asks_and_is_told_what_is_recorded() {
    let folder = tempfile::Builder::new().prefix("call-").tempdir_in("/tmp").unwrap();
    let socket = folder.path().join("call.sock").display().to_string();
    let stage = Stage::set(&format!("calls = \"unix:{socket}\"\n")).await;
    let (official, collected) = stage.office.official("李丹", "sz-office").await;
    let report = stage.office.loss_of(&official);
    let lost = stage.office.officer(official, &collected);
    let person = &stage.person;
    let mut told: Vec<Value> = Vec::new();

    let of_lost = json!({ "ask": "certificate", "certificate": der(&lost) });
    until("the gate knows them", async || ask(&socket, &of_lost).await["yes"] == true).await;
    let good = ask(&socket, &json!({ "ask": "certificate", "certificate": der(person) })).await;
    assert_eq!((&good["yes"], good["person"].as_str()), (&json!(true), Some(&*person.person)));
    assert_eq!(
        (good["name"].as_str(), good["org"][1].as_str()),
        (Some("王小明"), Some("sz-office"))
    );
    told.push(good);

    let signature = Bytes(person.signer.sign(b"a contract").unwrap()).to_string();
    let message = Bytes(b"a contract".to_vec()).to_string();
    let signed = |whose: &Officer, message: &str| {
        json!({
            "ask": "signature", "certificate": der(whose), "message": message,
            "signature": signature,
        })
    };
    let own = ask(&socket, &signed(person, &message)).await;
    assert_eq!(own["yes"], true, "{own}");
    told.push(own);
    for foreign in [signed(&lost, &message), signed(person, "YW5vdGhlcg")] {
        let foreign = ask(&socket, &foreign).await;
        assert_eq!(
            (&foreign["yes"], &foreign["code"]),
            (&json!(false), &json!("signature-foreign"))
        );
        told.push(foreign);
    }

    let may = |who: Value, target: &str| {
        let mut asked = json!({ "ask": "permission", "method": "GET", "target": target });
        asked.as_object_mut().unwrap().extend(who.as_object().unwrap().clone());
        asked
    };
    for who in [json!({ "certificate": der(person) }), json!({ "person": person.person })] {
        let yes = ask(&socket, &may(who.clone(), OWN)).await;
        assert_eq!((&yes["yes"], yes["rule"].as_str()), (&json!(true), Some("own-unit")));
        let no = ask(&socket, &may(who, OTHERS)).await;
        assert_eq!((&no["yes"], no["code"].as_str()), (&json!(false), Some("not-permitted")));
        told.extend([yes, no]);
    }

    stage.office.report(&report).await;
    let is_revoked = async || ask(&socket, &of_lost).await["code"] == "certificate-revoked";
    until("the loss is felt", is_revoked).await;
    told.push(ask(&socket, &of_lost).await);
    recorded(&stage, &told).await;
    refused(&socket, &der(person)).await;
    by_sample(&socket, &person.person);
}

/// Each answer stands in the log as it was told, and nothing went to the application.
async fn recorded(stage: &Stage, told: &[Value]) {
    until("each answer is in the log", async || {
        let records = stage.office.access().await;
        let calls: Vec<(String, ApplicationCall)> = records
            .into_iter()
            .filter_map(|record| {
                let link = record.link?;
                let name = request_id(AGENT, &link.epoch, link.aseq);
                match record.event {
                    Event::Called(call) => Some((name, *call)),
                    _ => None,
                }
            })
            .collect();
        told.iter().all(|answer| {
            let one = calls.iter().find(|(name, _)| answer["record"] == name.as_str());
            one.is_some_and(|(_, call)| {
                let outcome = answer["code"].as_str() == Some(call.outcome.as_str());
                let person = answer["person"].as_str() == Some(call.person.as_str());
                outcome && person && answer["rule"].as_str() == Some(call.rule.as_str())
            })
        })
    })
    .await;
    assert_eq!(stage.gate.application.count(), 0, "an application heard of its own question");
}

/// What is no question has no answer, however large it is.
async fn refused(socket: &str, certificate: &Value) {
    let both = json!({
        "ask": "permission", "certificate": certificate, "person": "X", "method": "GET",
        "target": "/",
    });
    let unknown = json!({ "ask": "certificate", "certificate": certificate, "trust": true });
    let large = vec![b' '; 2 * 1024 * 1024];
    for (status, body) in [
        (400, b"".to_vec()),
        (400, b"[]".to_vec()),
        (400, br#"{"ask":"everything"}"#.to_vec()),
        (400, br#"{"ask":"certificate","certificate":"+/"}"#.to_vec()),
        (400, both.to_string().into_bytes()),
        (400, unknown.to_string().into_bytes()),
        (413, large),
    ] {
        let stream = UnixStream::connect(socket).await.unwrap();
        let (got, _) = answered(stream, &question("", &body)).await;
        assert_eq!(got, status, "{}", String::from_utf8_lossy(&body[..body.len().min(80)]));
    }
    let stream = UnixStream::connect(socket).await.unwrap();
    let get = b"GET /call HTTP/1.1\r\nHost: gate\r\nConnection: close\r\n\r\n";
    assert_eq!(answered(stream, get).await.0, 405);
    let broken = json!({ "ask": "certificate", "certificate": "MAA" });
    assert_eq!(ask(socket, &broken).await["code"], "certificate-foreign");
}

/// The sample says the same, and by how it ends.
fn by_sample(socket: &str, person: &str) {
    let run = |target: &str| {
        let person = format!("person={person}");
        let done = Command::new("python3")
            .arg(workspace().join("examples/call.py"))
            .args([socket, "ask=permission", &person, "method=GET", &format!("target={target}")])
            .output()
            .expect("python3 is there");
        let answer: Value = serde_json::from_slice(&done.stdout).unwrap();
        (done.status.code(), answer["yes"].as_bool())
    };
    assert_eq!(run(OWN), (Some(0), Some(true)));
    assert_eq!(run(OTHERS), (Some(3), Some(false)));
}

/// On loopback, where everybody of the machine can connect, nobody is answered without the token.
#[tokio::test]
async fn on_loopback_an_application_shows_a_token() {
    let office = tests::Office::open().await;
    let port = office.port(23);
    let stage = Stage::in_office(office, &format!("calls = \"127.0.0.1:{port}\"\n")).await;
    let token = std::fs::read_to_string(stage.office.path("gate/identity/call.token")).unwrap();
    let asked = json!({
        "ask": "permission", "person": stage.person.person, "method": "GET", "target": OWN,
    });
    for (fields, status) in [
        (String::new(), 403),
        ("Authorization: Bearer wrong\r\n".into(), 403),
        (format!("Authorization: Bearer {}\r\n", token.trim()), 200),
    ] {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let bytes = question(&fields, asked.to_string().as_bytes());
        assert_eq!(answered(stream, &bytes).await.0, status, "{fields}");
    }
}
