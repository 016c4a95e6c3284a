//! Text of others cannot steer whoever reads it: hostile text in every row that a command prints
//! and in every field of what a captured portal answers comes out as what it is, for people and for
//! machines, and a reader that goes away ends a command quietly.

use axum::routing::post;
use axum::{Json, Router};
use ca_api::{AsOfficer, OrderQuery};
use pki::name::is_hidden;
use records::export::OrderExport;
use serde_json::{Value, json};
use std::process::{Command, Output, Stdio};
use tests::{Office, binary, workspace};

/// Clears a screen, turns a line around, ends it in three ways, and says that all is well.
pub const HOSTILE: &str =
    "李丹\u{1b}[2J\u{1b}]0;x\u{7}\r\n一切正常\u{202e}\u{2028}\u{2029}\u{9b}31m\u{200b}";

/// Nothing but line feeds, and tabs between columns, is left of what controls or hides.
pub fn check(output: &Output, of: &str) -> String {
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
        "update ordered set about = $1, state = $1",
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
        match words[0] {
            // Names come from what authority holds, orders from what is signed.
            "person" | "unit" | "order" => assert!(!shown.contains("李丹‹U+001B›"), "{shown}"),
            "doctor" => assert!(shown.contains("李丹‹U+001B›[2J"), "{shown}"),
            _ => {}
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
        "order": "5GPJWBSG64S36D1N", "kind": HOSTILE, "action": HOSTILE,
        "about": { "person": { "person": { "id": HOSTILE, "name": HOSTILE, "unit": null },
            "within": null } },
        "made": HOSTILE, "expires": HOSTILE, "approvals": 1, "needed": 2, "given": true,
        "digest": "", "look": "differs",
    });
    let list = move |Json(asked): Json<Value>| {
        let more = if asked["after"] == "" { HOSTILE } else { "" };
        let page = json!({ "lines": [line], "more": more });
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
    let message = AsOfficer { certificate, message: OrderQuery { order: order.clone() } };
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
        let text = check(&yinxin(&office, words).output().unwrap(), &told);
        assert!(words.len() > 1 || whole(&text).contains("李丹‹U+001B›"), "{told}: {text}");
        check(&yinxin(&office, words).arg("--json").output().unwrap(), &told);
    }
    // Each fact that machines get is on terminals of every size, and in a pipe.
    let show = ["approve", &order, "--show"];
    let machine = yinxin(&office, &show).arg("--json").output().unwrap();
    let machine: Value = serde_json::from_slice(&machine.stdout).unwrap();
    let facts = machine["facts"].as_array().unwrap();
    assert!(facts.len() > 10, "{machine}");
    let shown = [
        yinxin(&office, &show).output().unwrap(),
        on_a_terminal("5x20", &yinxin(&office, &show)),
        on_a_terminal("50x200", &yinxin(&office, &show)),
        // Whoever wants no colours misses nothing: there are none.
        on_a_terminal("5x20", yinxin(&office, &show).env("NO_COLOR", "1")),
        yinxin(&office, &show).env("NO_COLOR", "1").output().unwrap(),
    ];
    let [pipe, small, large, plain, plain_pipe] = shown.map(|output| check(&output, "--show"));
    assert!(small.lines().count() > large.lines().count(), "the size counts: {small}");
    assert_eq!((&plain, &plain_pipe), (&small, &pipe), "no colours, no difference");
    for text in [pipe, small, large] {
        has_each_fact(&text, facts, &["zh", "en"]);
        assert!(whole(&text).contains("起草人 / drafted by"), "{text}");
    }
    // In one language each fact is there in that one, in the order in which machines get them.
    for (lang, spoken, term, other) in [
        ("zh_CN.UTF-8", "zh", "起草人", "drafted by"),
        ("en_US.UTF-8", "en", "drafted by", "起草人"),
    ] {
        for text in [
            yinxin(&office, &show).env("LANG", lang).output().unwrap(),
            on_a_terminal("5x20", yinxin(&office, &show).env("YINXIN_LANG", lang)),
        ] {
            let text = check(&text, lang);
            has_each_fact(&text, facts, &[spoken]);
            let text = whole(&text);
            assert!(text.contains(term) && !text.contains(other), "{lang}: {text}");
        }
    }
}

/// Every fact that machines get is there in these languages.
fn has_each_fact(text: &str, facts: &[Value], languages: &[&str]) {
    let text = whole(text);
    for fact in facts {
        for language in languages {
            let value = fact["value"][language].as_str().unwrap();
            assert!(text.contains(value), "{value}: {text}");
        }
    }
}

/// A page has a command copied, and with it the word that consents: it lies in the terminal before
/// anything was shown, and answers nothing. Whoever reads and types it themselves approves.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_pasted_before_the_question_is_no_consent() {
    let office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    let order = office.apply(&office.letter(&person, "official")).await;
    let command = yinxin(&office, &["approve", &order]);
    let done = with_terminal(&["--ahead", &order[12..]], &command);
    let text = check(&done, "pasted");
    assert!(!done.status.success() && text.contains("not confirmed"), "{text}");
    let done = on_a_terminal("50x200", &command);
    assert!(done.status.success(), "{}", check(&done, "typed"));
}

/// Whatever is sent to a listener, its log is one document a line, and nothing in it is hidden.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_fields_leave_log_lines_whole() {
    let office = Office::open().await;
    let (officer, auditor) = (office.first("officer-1"), office.first("auditor"));
    let trust = &office.trust;
    let issuer = office.issuer_for("staff").0;
    let listeners = [
        (office.client(&trust.portal_public, None), portal_api::public::LOOK_UP),
        (office.client(&trust.portal_staff, Some(officer.identity())), portal_api::staff::FETCH),
        (issuer, ca_api::staff::LIST),
        (office.client(&trust.status, None), ca_api::status::LOSS),
        (office.client(&trust.log, Some(auditor.identity())), ca_api::log::ASK),
    ];
    let certificate = records::Bytes::from(officer.leaf().der());
    let mut fields = serde_json::Map::new();
    for name in ["reference", "key", "order", "after", "text", "request", HOSTILE] {
        fields.insert(name.into(), HOSTILE.into());
    }
    for message in [json!(fields), json!({ "certificate": certificate, "message": fields })] {
        for (client, path) in &listeners {
            let told = client.ask::<Value, Value, Value>(path, &message).await;
            assert!(!matches!(told, Ok(Ok(_))), "{path}: {told:?}");
        }
    }
    for process in tests::processes::ALL {
        for line in office.log(process).lines() {
            assert!(serde_json::from_str::<Value>(line).is_ok(), "{process}: {line}");
            assert!(!line.chars().any(is_hidden), "{process}: {line:?}");
        }
    }
}

/// What a command shows on a terminal of so many rows and columns.
pub(crate) fn on_a_terminal(size: &str, command: &Command) -> Output {
    with_terminal(&["--size", size], command)
}

fn with_terminal(options: &[&str], command: &Command) -> Output {
    let python = workspace().join(".tools/venv/bin/python3");
    assert!(python.exists(), "Python is missing; next: make test-tools");
    let mut terminal = Command::new(python);
    terminal.arg(workspace().join("tests/clients/terminal.py")).args(options).arg("none");
    terminal.arg(command.get_program()).args(command.get_args()).env_remove("LANG");
    let own = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
    terminal.envs(own);
    terminal.stdin(Stdio::null()).output().unwrap()
}

/// Lines with those that go on behind a mark put together.
pub fn whole(text: &str) -> String {
    let mut whole = String::new();
    for line in text.lines() {
        match line.trim_start().strip_prefix("│ ") {
            Some(more) => whole.push_str(more),
            None => {
                whole.push('\n');
                whole.push_str(line);
            }
        }
    }
    whole
}

/// Each program, with what it says most in, ends as it would have with a reader.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_goes_away_ends_a_command_quietly() {
    let mut office = Office::open().await;
    let _gate = office.gate().await;
    let (official, collected) = office.official("王小明", "sz-office").await;
    let serial = pki::Certificate::read(&collected.chain[0].0).unwrap().serial().to_string();
    let bundle = office.path("evidence.tar");
    let out = bundle.display().to_string();
    let export = ["audit", "export", "--certificate", &serial, "--out", &out];
    tests::processes::until("there is evidence", async || {
        as_auditor(&office, &export).output().unwrap().status.success()
    })
    .await;
    let of = |program: &str, words: &[&str]| {
        let mut command = Command::new(binary(program));
        command.args(words);
        command
    };
    let (ca, agent) = (office.path("ca"), office.path("gate"));
    let (ca, agent) = (ca.to_str().unwrap(), agent.to_str().unwrap());
    let person = official.letter.person.as_str();
    let explain = ["--state", agent, "policy", "explain", "--person", person, "/"];
    let mut commands = vec![
        of("ca-server", &["--state", ca, "person", "list"]),
        of("ca-server", &["--state", ca, "unit", "list"]),
        of("ca-server", &["--state", ca, "order", "list"]),
        of("ca-server", &["--state", ca, "doctor"]),
        of("yinxin-verify", &["--trust", &format!("{ca}/trust.json"), &out]),
        of("agent", &explain),
        yinxin(&office, &["approve"]),
        yinxin(&office, &["whoami"]),
        as_auditor(&office, &["audit", "search", "--log", "control"]),
    ];
    for program in ["ca-server", "ra-portal", "agent", "yinxin"] {
        commands.push(of(program, &["completions", "bash"]));
        commands.push(of(program, &["--help"]));
    }
    commands.push(of("yinxin-verify", &["--completions", "bash"]));
    for mut command in commands {
        let whole = command.output().unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status, whole.status, "{command:?}");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(said, String::from_utf8_lossy(&whole.stderr), "{command:?}");
        assert!(ended.status.code().is_some(), "{command:?}: {:?}", ended.status);
        // A disk without room is no reader that went away.
        if !whole.stdout.is_empty() && !command.get_args().any(|word| word == "--help") {
            let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
            let cut = command.stdout(full).output().unwrap();
            let said = String::from_utf8_lossy(&cut.stderr);
            assert!(!cut.status.success() && said.contains("could be written"), "{command:?}");
        }
    }
}

/// The auditor's own program.
fn as_auditor(office: &Office, words: &[&str]) -> Command {
    let mut command = Command::new(binary("yinxin"));
    command.args(words).arg("--trust").arg(office.path("ca/trust.json"));
    for (option, end) in [("--cert", "pem"), ("--key", "key"), ("--passphrase-file", "passphrase")]
    {
        command.arg(option).arg(office.path(&format!("people/auditor.{end}")));
    }
    command.env("XDG_STATE_HOME", office.path("state"));
    command
}
