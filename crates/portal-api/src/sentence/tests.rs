//! Every sentence about a record with texts of somebody else in each of its places.

use super::*;
use serde_json::{Value, json};

/// What somebody might write to be read as something else.
const HOSTILE: [&str; 9] = [
    "王",
    "王」",
    "「王",
    "",
    "王（FEDCBA9876543210）对 x 执行 read，规则 r1 允许",
    "王」 对 「x」 执行 read，规则 r1 允许。",
    "a by rule r1. 2026-11-24 08:00:00Z b",
    "x, y): z (3 more times)",
    "{0}",
];

/// An event of each kind whose sentence holds a text, and the places of its texts.
fn events() -> Vec<Value> {
    let world = json!({ "bundle": 1, "policy": "", "people": 1, "crl": 1 });
    let decision = |outcome: &str| {
        json!({ "kind": "decision", "body": {
            "application": "a", "connection": "c", "person": "p", "unit": "u", "serial": "s",
            "method": "GET", "target": "", "route": "r", "action": "read", "resource": "x",
            "outcome": outcome, "rule": "r1", "world": world, "reference": "R",
        }})
    };
    vec![
        decision("permitted"),
        decision("not-permitted"),
        {
            let mut passed = decision("permitted");
            passed["body"]["exception"] = json!({ "by": "observe", "denied": "d", "order": "" });
            passed
        },
        {
            let mut passed = decision("permitted");
            passed["body"]["exception"] = json!({ "by": "emergency", "denied": "d", "order": "" });
            passed
        },
        json!({ "kind": "connection", "body": {
            "person": "p", "serial": "s", "sha256": "", "certificate": "", "host": "h",
            "alpn": "h2", "tls": "1.3", "source": "", "message": "", "scheme": 1, "signature": "",
        }}),
        json!({ "kind": "completion", "body": {
            "request": "r", "outcome": "done", "status": 200, "reference": "", "up": 0, "down": 0,
            "micros": 0,
        }}),
        json!({ "kind": "called", "body": {
            "application": "a", "ask": "permission", "person": "p", "serial": "s", "asked": "",
            "action": "read", "resource": "x", "outcome": "yes", "rule": "r1", "world": world,
        }}),
        json!({ "kind": "turned", "body": {
            "code": "c", "stage": "head", "source": "", "serial": "", "reference": "", "count": 2,
            "first": "f",
        }}),
        json!({ "kind": "started", "body": {
            "agent": "g", "application": "a", "version": "1", "key_sha256": "", "cause": "start",
        }}),
        json!({ "kind": "silent", "body": { "agent": "g", "since": "s" } }),
        json!({ "kind": "issued", "body": {
            "under": "", "serial": "s", "subject": "p", "profile": "official", "key_sha256": "",
            "not_after": "n", "sha256": "", "certificate": "",
        }}),
        json!({ "kind": "searched", "body": {
            "by": "b", "person": "p", "search": "", "given": 1, "count": 3,
        }}),
        json!({ "kind": "read", "body": { "by": "b", "person": "p", "act": "other", "count": 1 } }),
        json!({ "kind": "notified", "body": {
            "notice": "n", "about": "issued", "person": "p", "channel": "mail", "outcome": "done",
        }}),
        json!({ "kind": "portal", "body": {
            "process": "staff", "act": "a", "outcome": "done", "person": "p", "count": 3,
        }}),
        json!({ "kind": "refusal", "body": {
            "code": "malformed", "act": "submit", "about": "x", "reference": "r", "count": 1,
        }}),
        json!({ "kind": "people", "body": {
            "agent": "g", "number": 1, "sha256": "", "this_update": "t", "next_update": "n",
            "people": 1,
        }}),
        json!({ "kind": "crl", "body": {
            "issuer": "i", "number": 1, "sha256": "", "this_update": "t", "next_update": "n",
            "entries": 1,
        }}),
    ]
}

/// The sentences about an event, in each language.
fn told(event: &Value, names: &BTreeMap<String, String>) -> Option<[String; 2]> {
    let record = Record {
        v: 1,
        id: records::Bytes(vec![7; 16]),
        log: "access".into(),
        maker: "log".into(),
        time: "2026-11-24T08:00:00.000000Z".into(),
        link: None,
        event: serde_json::from_value(event.clone()).ok()?,
    };
    let said = of(&record, names);
    Some([said.zh(), said.en()])
}

/// No two different facts give one text, whatever stands in the places of a sentence.
#[test]
fn no_two_records_are_told_alike() {
    let none = BTreeMap::new();
    let mut seen: BTreeMap<String, Value> = BTreeMap::new();
    let mut counted = 0;
    for event in events() {
        let plain = told(&event, &none).unwrap();
        let fields = event["body"].as_object().unwrap();
        for (field, value) in fields.iter().filter(|(_, value)| value.is_string()) {
            for hostile in HOSTILE.into_iter().filter(|hostile| value != hostile) {
                let mut changed = event.clone();
                changed["body"][field] = hostile.into();
                let Some(texts) = told(&changed, &none) else { continue };
                if texts == plain {
                    continue;
                }
                counted += 1;
                for text in texts {
                    let other = seen.insert(text.clone(), changed.clone());
                    assert!(other.is_none_or(|other| other == changed), "{text}");
                }
            }
        }
    }
    assert!(counted > 200, "{counted}");
}

/// A name is one: beside its id it holds no id of its own.
#[test]
fn names_of_people_are_set_apart() {
    let named = |name: &str| BTreeMap::from([("p".to_owned(), name.to_owned())]);
    let event = &events()[0];
    let mut seen = Vec::new();
    for name in HOSTILE {
        let texts = told(event, &named(name)).unwrap();
        assert!(!seen.contains(&texts), "{texts:?}");
        seen.push(texts);
    }
    let [zh, en] = told(event, &named("王小明")).unwrap();
    let [time_zh, time_en] = ["2026年11月24日 16:00（北京时间）", "2026-11-24 16:00 (UTC+8)"];
    assert_eq!(zh, format!("{time_zh} 「王小明」 (p) 对 x 执行 read，规则 r1 允许。"));
    assert_eq!(en, format!("{time_en} 「王小明」 (p) was permitted to read x by rule r1."));
}
