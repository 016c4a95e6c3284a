//! Tokens of connections: what an application gets of them, and that no client brings one.

use crate::http1_framing::{OWN, Stage};
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{Algorithm, DecodingKey, crypto, decode_header, get_current_timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};
use tests::gate::{AGENT, get};
use tests::workspace;

fn field(got: &str, name: &str) -> String {
    let mut lines = got.lines();
    let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    value.unwrap_or_else(|| panic!("no {name}: {got}")).to_owned()
}

/// Requests of one connection share a token, those of another have another one; each has a proof of
/// its own, under the key that lies there for the application, of exactly this request.
#[tokio::test]
async fn requests_of_a_connection_share_a_token_and_have_a_proof_each() {
    let stage = Stage::set("identity = \"connection\"\n").await;
    let key = std::fs::read_to_string(stage.office.path("gate/identity/request.key")).unwrap();
    let key = BASE64URL_NOPAD.decode(key.trim().as_bytes()).unwrap();
    let key = DecodingKey::from_secret(&key);
    let (mut tokens, mut requests) = (Vec::new(), BTreeSet::new());
    for _ in 0..2 {
        let mut sender = stage.gate.h1(&stage.office, &stage.person).await;
        for page in 1..=2 {
            let target = format!("{OWN}?page={page}");
            let (status, got) = get(&mut sender, &target).await;
            assert_eq!(status, 200);
            let (token, proof) = (field(&got, "yinxin-identity"), field(&got, "yinxin-request"));
            let header = decode_header(&token).unwrap();
            assert_eq!(header.typ.as_deref(), Some("yinxin-connection+jwt"));
            let (said, hmac) = proof.rsplit_once('.').unwrap();
            let (jti, iat) = said.rsplit_once('.').unwrap();
            let digest = BASE64URL_NOPAD.encode(&Sha256::digest(token.as_bytes()));
            let proven =
                |target: &str| format!("yinxin-request-v1\0{digest}\n{jti}\n{iat}\nGET\n{target}");
            let is_of = |target: &str| {
                crypto::verify(hmac, proven(target).as_bytes(), &key, Algorithm::HS256).unwrap()
            };
            assert!(is_of(&target), "{proof}");
            assert!(!is_of(OWN), "of another target");
            requests.insert(jti.to_owned());
            tokens.push(token);
        }
    }
    assert!(tokens[0] == tokens[1] && tokens[2] == tokens[3] && tokens[0] != tokens[2]);
    assert_eq!(requests.len(), 4, "each is another record");

    let forged = "Yinxin-Request: forged\r\nYinxin-Identity: forged\r\nyinxin_request: forged\r\n";
    let head = format!("GET {OWN} HTTP/1.1\r\nHost: localhost\r\n{forged}\r\n");
    let (status, got) = stage.send(head.as_bytes()).await;
    assert_eq!((status, got.len()), (200, 1));
    assert!(!got[0].contains("forged"), "{}", got[0]);
    assert_eq!(got[0].to_lowercase().matches("yinxin-request: ").count(), 1);
}

/// What the sample for Node says of requests, in their order.
fn judged(stage: &Stage, requests: &[Value], audience: &str) -> Vec<Value> {
    let path = |name: &str| stage.office.path(&format!("gate/identity/{name}"));
    let mut node = Command::new("node")
        .arg(workspace().join("examples/identity.mjs"))
        .args([path("jwks.json"), path("request.key")])
        .args([AGENT, audience])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node is there: make test-tools");
    let lines: String = requests.iter().map(|request| format!("{request}\n")).collect();
    node.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let done = node.wait_with_output().unwrap();
    assert!(done.status.success());
    let told = String::from_utf8(done.stdout).unwrap();
    told.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The sample for Node takes what the gate made, once; and nothing of it that was replayed,
/// altered, is late, of another connection, or for another application.
#[tokio::test]
async fn the_sample_takes_what_the_gate_made_and_nothing_else() {
    let stage = Stage::set("identity = \"connection\"\n").await;
    let mut requests = Vec::new();
    for page in 1..=2 {
        let mut sender = stage.gate.h1(&stage.office, &stage.person).await;
        let target = format!("{OWN}?page={page}");
        let (status, got) = get(&mut sender, &target).await;
        assert_eq!(status, 200);
        requests.push(json!({
            "token": field(&got, "yinxin-identity"), "proof": field(&got, "yinxin-request"),
            "method": "GET", "target": target, "now": get_current_timestamp(),
        }));
    }
    let [one, other] = [&requests[0], &requests[1]];
    let but = |name: &str, value: Value| {
        let mut request = one.clone();
        request[name] = value;
        request
    };
    let now = one["now"].as_u64().unwrap();
    let altered = [
        but("target", OWN.into()),
        but("method", "PUT".into()),
        but("token", other["token"].clone()),
        but("proof", other["proof"].clone()),
        but("now", (now + 120).into()),
        but("token", one["token"].as_str().unwrap().replacen("ey", "ez", 1).into()),
    ];
    let asked = [&altered[..], &[one.clone(), one.clone(), other.clone()]].concat();
    let told = judged(&stage, &asked, "exchange");
    let (refused, rest) = told.split_at(altered.len());
    assert!(refused.iter().all(Value::is_null), "{refused:?}");
    assert_eq!(
        (rest[0]["name"].as_str(), rest[0]["org"][1].as_str()),
        (Some("王小明"), Some("sz-office"))
    );
    assert!(one["proof"].as_str().unwrap().starts_with(rest[0]["jti"].as_str().unwrap()));
    assert!(rest[1].is_null() && !rest[2].is_null(), "replayed, and another one: {rest:?}");
    assert!(judged(&stage, std::slice::from_ref(one), "other").iter().all(Value::is_null));
}
