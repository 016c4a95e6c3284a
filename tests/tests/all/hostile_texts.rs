//! Text of others cannot steer whoever reads it: hostile text in every row that a command prints
//! and in every field of what a captured portal answers comes out as what it is, for people and for
//! machines, and a reader that goes away ends a command quietly.

use axum::routing::post;
use axum::{Json, Router};
use ca_api::{AsOfficer, Wanted};
use pki::name::is_hidden;
use records::export::OrderExport;
use serde_json::{Value, json};
use std::process::{Command, Output, Stdio};
use tests::{Office, binary};

/// Clears a screen, turns a line around, ends it in three ways, and says that all is well.
const HOSTILE: &str =
    "李丹\u{1b}[2J\u{1b}]0;x\u{7}\r\n一切正常\u{202e}\u{2028}\u{2029}\u{9b}31m\u{200b}";

/// Nothing but line feeds, and tabs between columns, is left of what controls or hides.
fn check(output: &Output, of: &str) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    let text = String::from_utf8(text).unwrap_or_else(|error| panic!("{of}: {error}"));
    let hidden = |c: &char| is_hidden(*c) && *c != '\n' && *c != '\t';
    assert_eq!(text.chars().find(hidden), None, "{of}: {text:?}");
    assert!(!text.lines().any(|line| line.starts_with("一切正常\u{2028}")), "{of}: {text}");
    assert!(!text.contains("panicked"), "{of}: {text}");
    text
}

async fn execute(office: &Office, sql: &str) {
    let database = office.database().await;
    let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(HOSTILE);
    query.execute(&database).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

#[tokio::test]
async fn hostile_rows_steer_no_terminal() {
    let office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    let order = office.apply(&office.letter(&person, "official")).await;
    for sql in [
        "update person set name = $1",
        "update unit set name = $1 where unit_id = 'sz-office'",
        "update ordered set about = $1",
        "update role_grant set scope = $1",
    ] {
        execute(&office, sql).await;
    }
    let words: [&[&str]; 7] = [
        &["person", "list"],
        &["unit", "list"],
        &["order", "list"],
        &["order", "list", "--only", "all"],
        &["order", "show", &order],
        &["status"],
        &["doctor"],
    ];
    for words in words {
        let told = format!("{words:?}");
        let shown = check(&office.ca(words), &told);
        check(&office.ca(&[words, &["--json"]].concat()), &told);
        if words[0] == "person" {
            assert!(shown.contains("李丹‹U+001B›[2J"), "{shown}");
        }
    }
}

/// What the officer's own program is asked, and where.
fn yinxin(office: &Office, words: &[&str]) -> Command {
    let mut command = Command::new(binary("yinxin"));
    command.args(words).arg("--trust").arg(office.path("ca/trust.json"));
    for (option, end) in [("--cert", "pem"), ("--key", "key"), ("--passphrase-file", "passphrase")]
    {
        command.arg(option).arg(office.path(&format!("people/officer-1.{end}")));
    }
    command
}

/// A captured portal that answers hostile text wherever an answer has text.
fn hostile(export: OrderExport) -> Router {
    let line = json!({
        "order": "5GPJWBSG64S36D1N", "kind": HOSTILE, "action": HOSTILE, "about": HOSTILE,
        "made": HOSTILE, "expires": HOSTILE, "approvals": 1, "needed": 2, "given": true,
        "look": "differs",
    });
    let list = move |Json(asked): Json<Value>| {
        let page = if asked["after"] == "" { vec![line.clone()] } else { Vec::new() };
        async move { Json(page) }
    };
    let mut export = export;
    export.standing.as_mut().unwrap().approvers = vec![HOSTILE.into()];
    let fetch = move || {
        let export = export.clone();
        async move { Json(export) }
    };
    let refused = || async {
        let problem = json!({
            "code": HOSTILE, "zh": HOSTILE, "en": HOSTILE, "reference": HOSTILE,
        });
        (axum::http::StatusCode::CONFLICT, Json(problem))
    };
    Router::new()
        .route(portal_api::staff::LIST, post(list))
        .route(portal_api::staff::FETCH, post(fetch))
        .route(portal_api::staff::APPROVE, post(refused))
        .route(portal_api::staff::DECLINE, post(refused))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_captured_portal_steers_no_terminal() {
    let mut office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    let order = office.apply(&office.letter(&person, "official")).await;
    let certificate = office.first("officer-1").leaf().der().into();
    let message = AsOfficer { certificate, message: Wanted { order: order.clone() } };
    let export = office.issuer_for("staff").fetch(&message).await.unwrap();
    let _captured = office.capture("staff", hostile(export)).await;
    let words: [&[&str]; 4] = [
        &["approve"],
        &["approve", &order, "--show"],
        &["approve", &order, "--yes"],
        &["return", &order, "--yes", "--reason", "登记的单位不对"],
    ];
    for words in words {
        let told = format!("{words:?}");
        check(&yinxin(&office, words).output().unwrap(), &told);
        check(&yinxin(&office, words).arg("--json").output().unwrap(), &told);
    }
    // The same facts on a terminal without colours, in a pipe and for machines.
    let show = ["approve", &order, "--show"];
    let plain = yinxin(&office, &show).output().unwrap();
    let small = yinxin(&office, &show).env("COLUMNS", "20").env("NO_COLOR", "1").output().unwrap();
    assert_eq!(plain.stdout, small.stdout);
    let machine = yinxin(&office, &show).arg("--json").output().unwrap();
    let machine: Value = serde_json::from_slice(&machine.stdout).unwrap();
    let text = String::from_utf8(plain.stdout).unwrap();
    // A long value goes on behind a mark.
    let text = text.replace("\n   │ ", "").replace("\n     │ ", "");
    let facts = machine["facts"].as_array().unwrap();
    assert!(facts.len() > 10, "{machine}");
    for fact in facts {
        let value = fact["value"]["zh"].as_str().unwrap();
        assert!(text.contains(value), "{value}: {text}");
    }
    assert!(text.contains("起草人 / drafted by"), "{text}");
}

#[tokio::test]
async fn a_reader_that_goes_away_ends_a_command_quietly() {
    let office = Office::open().await;
    for words in [["person", "list"], ["unit", "list"], ["order", "list"]] {
        let mut command = Command::new(binary("ca-server"));
        command.arg("--state").arg(office.path("ca")).args(words);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let ended = child.wait_with_output().unwrap();
        assert!(ended.status.success(), "{words:?}: {:?}", ended.status);
        assert!(ended.stderr.is_empty(), "{}", String::from_utf8_lossy(&ended.stderr));
    }
}
