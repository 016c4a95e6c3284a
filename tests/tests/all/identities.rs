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

/// The samples for tokens of single requests, each with what runs it.
fn samples() -> Vec<(&'static str, Command)> {
    let sample = |name: &str| workspace().join("examples").join(name);
    let run = |program: &str, words: &[&str], name: &str| {
        let mut command = Command::new(program);
        command.args(words).arg(sample(name));
        command
    };
    let python = workspace().join(".tools/venv/bin/python3").display().to_string();
    let mut go = run("go", &["run"], "identity.go");
    go.env("GO111MODULE", "off").env("GOCACHE", tests::target().join("go"));
    vec![
        ("Python", run(&python, &[], "identity.py")),
        ("Java", run("java", &[], "Identity.java")),
        ("PHP", run("php", &[], "identity.php")),
        ("Go", go),
        ("Node", run("node", &[], "identity_request.mjs")),
    ]
}

/// What a sample says of lines, in their order.
fn said_by(
    (name, mut command): (&str, Command),
    jwks: &std::path::Path,
    audience: &str,
    lines: &[String],
) -> Vec<String> {
    command.arg(jwks).args([AGENT, audience]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| {
        panic!("{name} is not there, make test-tools: {error}");
    });
    child.stdin.take().unwrap().write_all(lines.concat().as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success(), "{name}");
    String::from_utf8(done.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// The sample for Python is right for days: a token that is over takes no room, and keys are read
/// again where one is asked for that is not there, each five seconds at most.
#[test]
fn the_sample_for_python_forgets_tokens_and_reads_keys_again() {
    let folder = tempfile::tempdir().unwrap();
    let done = Command::new(workspace().join(".tools/venv/bin/python3"))
        .arg(workspace().join("tests/tests/all/identities/days.py"))
        .arg(folder.path().join("jwks.json"))
        .env("PYTHONPATH", workspace().join("examples"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("python is there: make test-tools");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// Each sample takes a token that the gate made for this request, once; and none that was replayed
/// or altered, is late, for another application, or signed in another way or by nobody.
#[tokio::test]
async fn every_sample_takes_what_the_gate_made_and_nothing_else() {
    let stage = Stage::open().await;
    let mut tokens = Vec::new();
    for page in 1..=2 {
        let target = format!("{OWN}?page={page}");
        let mut sender = stage.gate.h1(&stage.office, &stage.person).await;
        let (status, got) = get(&mut sender, &target).await;
        assert_eq!(status, 200);
        tokens.push((field(&got, "yinxin-identity"), target));
    }
    let now = get_current_timestamp();
    let line = |token: &str, method: &str, target: &str, now: u64| {
        format!("{token}\t{method}\t{target}\t{now}\n")
    };
    let (token, target) = &tokens[0];
    let parts: Vec<&str> = token.split('.').collect();
    let head: Value =
        serde_json::from_slice(&BASE64URL_NOPAD.decode(parts[0].as_bytes()).unwrap()).unwrap();
    let with = |name: &str, value: &str| {
        let mut head = head.clone();
        head[name] = value.into();
        BASE64URL_NOPAD.encode(head.to_string().as_bytes())
    };
    let said = BASE64URL_NOPAD.decode(parts[1].as_bytes()).unwrap();
    let other_person = String::from_utf8(said).unwrap().replace("王小明", "王大明");
    let other_person = BASE64URL_NOPAD.encode(other_person.as_bytes());
    let of = |head: &str, said: &str, signature: &str| format!("{head}.{said}.{signature}");
    let refused = [
        line(token, "GET", OWN, now),
        line(token, "PUT", target, now),
        line(token, "GET", target, now + 120),
        line(&of(parts[0], &other_person, parts[2]), "GET", target, now),
        line(&of(&with("alg", "none"), parts[1], ""), "GET", target, now),
        line(&of(&with("alg", "HS256"), parts[1], parts[2]), "GET", target, now),
        line(&of(&with("typ", "yinxin-connection+jwt"), parts[1], parts[2]), "GET", target, now),
        line(&of(&with("kid", "another"), parts[1], parts[2]), "GET", target, now),
        line(&of(parts[0], parts[1], &parts[2][..43]), "GET", target, now),
        line(&of(parts[0], parts[1], ""), "GET", target, now),
        line("no token", "GET", target, now),
    ];
    let (second, second_target) = &tokens[1];
    let good = [
        line(token, "GET", target, now),
        line(token, "GET", target, now),
        line(second, "GET", second_target, now),
    ];
    let all = [&refused[..], &good[..]].concat();
    let person = stage.person.person.as_str();
    let wanted: Vec<&str> =
        std::iter::repeat_n("-", refused.len()).chain([person, "-", person]).collect();
    let jwks = stage.office.path("gate/identity/jwks.json");
    for sample in samples() {
        let name = sample.0;
        assert_eq!(said_by(sample, &jwks, "exchange", &all), wanted, "{name}");
    }
    for sample in samples() {
        let name = sample.0;
        assert_eq!(said_by(sample, &jwks, "other", &good), ["-", "-", "-"], "{name}");
    }
}
