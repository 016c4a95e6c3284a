//! What operators do at the CA's host, and who of it is let in.

use serde_json::{Value, json};
use std::os::unix::fs::MetadataExt;
use std::process::Command;
use tests::Office;

/// What operators look at: each list in plain words and as JSON, one object a line.
#[tokio::test]
async fn operators_list_and_show_what_there_is() {
    let office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    let order = office.apply(&office.letter(&person, "official")).await;
    for words in [
        &["order", "list"][..],
        &["order", "list", "--only", "all"],
        &["order", "show", &order],
        &["unit", "list"],
        &["person", "list"],
        &["person", "list", "--unit", "sz-office"],
        &["status"],
    ] {
        let said = office.ca(words);
        assert!(said.status.success() && !said.stdout.is_empty(), "{words:?}");
        let said = office.ca(&[words, &["--json"]].concat());
        let text = String::from_utf8(said.stdout).unwrap();
        assert!(text.lines().count() >= 1, "{words:?}");
        for line in text.lines() {
            assert!(serde_json::from_str::<Value>(line).unwrap().is_object(), "{words:?}");
        }
    }
    let said = office.ca(&["order", "list"]);
    assert!(String::from_utf8_lossy(&said.stdout).contains("王小明"));
    assert_eq!(office.ca(&["order", "show", "0000000000000000"]).status.code(), Some(4));
    let said = office.ca(&["doctor", "--json"]);
    let found: Value = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!(found["findings"], json!([]));
}

/// Who drafted an order stands in it, signed: an operator as the kernel tells them, an applicant by
/// their letter, an officer by themselves. Nobody else of the host reaches the issuer's socket.
#[tokio::test]
async fn who_drafts_an_order_stands_in_it() {
    let office = Office::open().await;
    let drafter = async |order: &str| {
        let export = office.staff(&office.first("officer-1")).fetch(order).await.unwrap();
        records::Order::read(&export.signed.order.0).unwrap().drafter
    };
    let socket = office.path("ca/issuer/operator.sock");
    let found = std::fs::metadata(&socket).unwrap();
    assert_eq!(found.mode() & 0o777, 0o600);
    let words = ["person", "create", "--name", "王小明", "--unit", "sz-office", "--evidence", "x"];
    let (order, _) = office.draft(&words);
    assert_eq!(drafter(&order).await, format!("operator:{}", found.uid()));
    let person = office.register("李丹", "sz-office").await;
    let official = office.letter(&person, "official");
    let order = office.apply(&official).await;
    assert_eq!(drafter(&order).await, format!("letter:{}", official.letter.reference));
    let (_, collected) = office.official("张建国", "sz-office").await;
    let serial = pki::Certificate::read(&collected.chain[0].0).unwrap().serial().to_string();
    let officer = office.first("officer-2");
    let revocation =
        ca_api::Revocation { serial, reason: "superseded".into(), evidence: "asked for".into() };
    let message =
        ca_api::AsOfficer { certificate: officer.leaf().der().into(), message: revocation };
    let made = office.issuer_for("staff").revoke(&message).await.unwrap();
    assert_eq!(drafter(&made.order).await, format!("person:{}", officer.person));

    if found.uid() != 0 {
        println!("left out: another user of the host, whom only root can play");
        return;
    }
    let script = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])";
    let words = ["--reuid", "65534", "--clear-groups", "/usr/bin/python3", "-c", script];
    let other = Command::new("setpriv").args(words).arg(&socket).output().unwrap();
    let said = String::from_utf8_lossy(&other.stderr).into_owned();
    assert!(!other.status.success() && said.contains("PermissionError"), "{said}");
}

/// The root's next list needs the root's key, and no other.
#[tokio::test]
async fn the_roots_list_is_made_with_the_roots_key() {
    let office = Office::open().await;
    let made = |key: &str, passphrase: &str| {
        let (key, passphrase) = (office.path(key), office.path(passphrase));
        let words =
            ["--key", key.to_str().unwrap(), "--passphrase-file", passphrase.to_str().unwrap()];
        office.ca(&[&["ceremony", "root-list"][..], &words].concat())
    };
    assert!(!made("people/officer-1.key", "people/officer-1.passphrase").status.success());
    assert!(!made("secret/root.key", "people/officer-1.passphrase").status.success());
    // A row that no root signed is the newest of nobody.
    let ahead = "insert into crl (issuer, shard, number, this_update, next_update, list) \
                 select 'root', 0, 9223372036854775807, this_update, next_update, list from crl \
                 where issuer = 'issuing-1' order by number limit 1";
    let database = office.database().await;
    assert_eq!(sqlx::query(ahead).execute(&database).await.unwrap().rows_affected(), 1);
    assert!(made("secret/root.key", "secret/root.passphrase").status.success());
    let list = std::fs::read(office.path("ca/public/crl/root.crl")).unwrap();
    let list = pki::crl::RevocationList::read(&list).unwrap();
    assert_eq!(list.number(), 2);
    let root = std::fs::read(office.path("ca/public/ca/root.cer")).unwrap();
    assert!(list.is_signed_by(pki::Certificate::read(&root).unwrap().key()));
}

/// Configuration with an unknown key is refused with file and line.
#[tokio::test]
async fn an_unknown_key_in_a_configuration_is_refused_with_its_line() {
    let office = Office::founded();
    for (file, run) in [("ca/ca.toml", "ca-server"), ("portal.toml", "ra-portal")] {
        let path = office.path(file);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("surprise = 1\n{text}")).unwrap();
        let mut command = std::process::Command::new(tests::binary(run));
        match run {
            "ca-server" => command.arg("--state").arg(office.path("ca")).args(["serve", "log"]),
            _ => command.arg("--config").arg(&path).args(["serve", "public"]),
        };
        let said = command.output().unwrap();
        let text = String::from_utf8_lossy(&said.stderr).into_owned();
        assert!(!said.status.success());
        assert!(text.contains("line 1") && text.contains("surprise"), "{text}");
    }
}
