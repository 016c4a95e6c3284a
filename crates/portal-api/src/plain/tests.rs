//! Of every kind of order: nothing that is signed is left out, and nothing that is not signed is
//! shown.

mod batch;
mod beside;
mod decision;

use super::{Fact, facts};
use keys::SoftwareSigner;
use pki::certificate::{CertificateContent, TbsCertificate};
use pki::{Certificate, SerialNumber, Signer};
use records::export::{OpenedOrder, OrderExport, OrderProgress};
use records::join::use_message;
use records::label::Label;
use records::order::{Body, bundle_digest};
use records::record::File;
use records::{Bytes, Disclosure, Order, SignedOrder, json};
use serde_json::{Value, json as j};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// An order of the golden vectors with what belongs beside it.
struct Sample {
    order: Value,
    disclosures: Vec<Disclosure>,
    previous: Option<Bytes>,
    renewed: Option<Bytes>,
    files: Vec<File>,
    files_before: Vec<File>,
}

fn registry() -> &'static SoftwareSigner {
    static KEY: std::sync::OnceLock<SoftwareSigner> = std::sync::OnceLock::new();
    KEY.get_or_init(|| SoftwareSigner::generate_p256().unwrap())
}

fn file(name: &str, content: &str) -> File {
    File { name: name.into(), content: content.into() }
}

fn sha256(bytes: &[u8]) -> Value {
    j!(Bytes::from(Sha256::digest(bytes).as_slice()))
}

/// Every kind once as the vectors have it, and with what is in force before it where that differs.
fn samples() -> Vec<Sample> {
    let vectors: Value =
        serde_json::from_str(include_str!("../../../../docs/vectors.json")).unwrap();
    let bytes = |value: &Value| Bytes::read(value.as_str().unwrap()).unwrap();
    let approval: Value =
        serde_json::from_slice(&bytes(&vectors["approval"]["approval"]).0).unwrap();
    let certificate = bytes(&approval["certificate"]);
    let orders = vectors["orders"].as_array().unwrap();
    let all = orders.iter().map(|vector| Sample {
        order: serde_json::from_slice(&bytes(&vector["order"]).0).unwrap(),
        disclosures: serde_json::from_value(vector["disclosures"].clone()).unwrap(),
        ..without_files()
    });
    // What rests on others, a batch and one of many, has a test of its own.
    let alone = |one: &Sample| one.order["kind"] != "batch" && one.order.get("place").is_none();
    let mut samples: Vec<Sample> = all.filter(alone).collect();
    for sample in &mut samples {
        complete(sample, &certificate);
    }
    let closing: Vec<Sample> = samples.iter().filter_map(ending).collect();
    samples.extend(closing);
    samples
}

fn complete(sample: &mut Sample, certificate: &Bytes) {
    let (was, is) = ("one\ntwo\n", "one\nthree\n");
    let kind = sample.order["kind"].as_str().unwrap().to_owned();
    let name = match &*kind {
        "issue" => {
            sample.order["body"]["previous"] = sha256(&certificate.0);
            sample.previous = Some(certificate.clone());
            if sample.order["body"].get("renewal").is_some() {
                let old = old(&sample.order["body"]["person"]);
                renewed_by(sample, &old, b"request");
            }
            return;
        }
        "credential" => {
            sample.order["body"]["certificate"] = j!(certificate);
            return;
        }
        "profile" => {
            sample.order["body"]["profile"]["digest"] = sha256(is.as_bytes());
            sample.order["basis"]["before"] = j!({ "version": 1, "digest": "" });
            "profiles/official.toml"
        }
        "approval-rules" => {
            sample.order["body"]["digest"] = sha256(is.as_bytes());
            "approvals.toml"
        }
        "bundle" => {
            let (was, is) = (file("access/a.cedar", was), file("access/a.cedar", is));
            let digest = |file: &File| j!(bundle_digest([(&*file.name, &*file.content)]));
            sample.order["body"]["digest"] = digest(&is);
            sample.order["basis"]["before"]["digest"] = digest(&was);
            (sample.files, sample.files_before) = (vec![is], vec![was]);
            return;
        }
        _ => return,
    };
    sample.order["basis"]["before"]["digest"] = sha256(was.as_bytes());
    (sample.files, sample.files_before) = (vec![file(name, is)], vec![file(name, was)]);
}

/// A key of somebody's, and a certificate of theirs for it.
struct Old(SoftwareSigner, Certificate);

fn old(person: &Value) -> Old {
    let key = SoftwareSigner::generate_p256().unwrap();
    let subject = pki::name::Subject {
        country: "CN".into(),
        organization: pki::name::Text::read("商洛市").unwrap(),
        units: vec!["sz-office".into()],
        common_name: pki::name::Text::read("王小明").unwrap(),
        serial_number: person.as_str().map(str::to_owned),
    };
    let (subject, spki) = (subject.to_name().unwrap(), key.public_key().spki().to_vec());
    let mail = pki::extension::subject_alt_name(&[], &["old@shangluo.example".to_owned()]);
    let content = CertificateContent {
        serial: &SerialNumber::from_hex(&"02".repeat(18)).unwrap(),
        signature: &key.public_key().algorithm().signature_identifier().unwrap(),
        issuer: &subject,
        not_before: 1_795_507_200,
        not_after: 1_827_043_200,
        subject: &subject,
        key: &spki,
        extensions: vec![mail.unwrap()],
    };
    let certificate = TbsCertificate::build(content).unwrap().sign(&key).unwrap();
    Old(key, certificate)
}

/// The renewal of a sample is of this certificate, and asked for with its key.
fn renewed_by(sample: &mut Sample, Old(key, certificate): &Old, request: &[u8]) {
    let renewal = &mut sample.order["body"]["renewal"];
    let challenge = Bytes::read(renewal["challenge"].as_str().unwrap()).unwrap();
    let message = use_message(&certificate.sha256(), &challenge.0, request);
    renewal["serial"] = j!(certificate.serial().to_string());
    renewal["certificate"] = j!(Bytes::from(certificate.sha256()));
    renewal["request"] = j!(Bytes(request.to_vec()));
    renewal["asked_by"] = j!(Bytes(key.public_key().spki().to_vec()));
    renewal["signature"] = j!(Bytes(Label::Use.sign(key, &message).unwrap()));
    sample.renewed = Some(certificate.der().into());
}

/// The same kind with something in force before it.
fn ending(sample: &Sample) -> Option<Sample> {
    let mut order = sample.order.clone();
    let keys = j!([Bytes::from([7; 32])]);
    match order["kind"].as_str()? {
        "unit" => {
            order["body"]["action"] = j!("move");
            let named = j!({ "unit": "sz-water", "name": "区水利局" });
            order["basis"]["units"].as_array_mut()?.push(named);
            order["basis"]["before"] = j!({ "county": true, "parent": "shangzhou", "open": true });
        }
        "portal" => {
            order["body"]["action"] = j!("close");
            order["basis"]["before"] = j!({
                "unit": "shangluo", "public_host": "p.example", "staff_host": "s.example",
                "public_keys": keys, "staff_keys": keys, "open": true,
            });
        }
        "agent" => {
            order["basis"]["before"] = j!({
                "unit": "shangzhou", "application": "other", "hosts": ["other.example"],
                "units": ["sz-office"], "keys": keys, "open": true,
            });
        }
        "role" => {
            order["body"]["action"] = j!("withdraw");
            let lent = j!([lent(&order["body"]["person"], "official")]);
            (order["basis"]["before"]["lent"], order["basis"]["before"]["lends"]) =
                (lent.clone(), lent);
        }
        "revoke" => {
            let wish = order["body"].get_mut("wish")?;
            wish["method"] = j!("passkey");
            wish["assertion"] = touch();
        }
        "person" => {
            order["body"]["action"] = j!("leave");
            let held = Disclosure::new("/name", [8; 32], "旧名".into());
            let mail = Disclosure::new("/mail", [8; 32], "old@shangluo.example".into());
            let before = j!({
                "person": order["body"]["person"], "unit": "sz-office",
                "name": held.commitment().unwrap(),
            });
            order["basis"]["people"].as_array_mut()?.push(before);
            order["basis"]["before"] = j!({
                "mail": mail.commitment().unwrap(),
                "roles": [{ "role": "auditor", "scope": "sz-office" }],
                "certificates": [{
                    "serial": "01".repeat(18), "profile": "staff",
                    "not_after": "2027-01-01T00:00:00Z",
                }],
                "lent": [lent(&order["body"]["person"], "auditor")],
                "lends": [lent(&order["body"]["person"], "official")],
            });
            let disclosures = sample.disclosures.iter().cloned().chain([held, mail]).collect();
            return Some(Sample { order, disclosures, ..without_files() });
        }
        _ => return None,
    }
    Some(Sample { order, disclosures: sample.disclosures.clone(), ..without_files() })
}

/// A role that is lent.
fn lent(person: &Value, role: &str) -> Value {
    j!({
        "person": person, "role": role, "scope": "sz-office",
        "from": "2026-11-01T00:00:00Z", "until": "2026-11-09T00:00:00Z",
    })
}

/// What an authenticator said.
fn touch() -> Value {
    j!({
        "credential": Bytes::from([1; 16]), "authenticator_data": Bytes::from([2; 37]),
        "client_data": Bytes::from([3; 90]),
    })
}

fn without_files() -> Sample {
    Sample {
        order: Value::Null,
        disclosures: Vec::new(),
        previous: None,
        renewed: None,
        files: Vec::new(),
        files_before: Vec::new(),
    }
}

impl Sample {
    /// The order as the registry key signs it.
    fn export(&self, order: &Value) -> Option<OrderExport> {
        let order: Order = serde_json::from_value(drafted(order)?).ok()?;
        let signed = SignedOrder::sign(&order, self.disclosures.clone(), registry()).ok()?;
        Some(OrderExport {
            v: 1,
            signed,
            registry: Vec::new(),
            previous: self.previous.clone(),
            renewed: self.renewed.clone(),
            files: self.files.clone(),
            files_before: self.files_before.clone(),
            rows: Vec::new(),
            standing: None,
            consequence: None,
        })
    }

    fn open(&self, order: &Value) -> Option<OpenedOrder> {
        self.export(order)?.open_under(registry().public_key()).ok()
    }
}

/// The order with a draft of just its body, where it holds one: a handler drafts what they like, by
/// a touch, which only the authority can check.
fn drafted(order: &Value) -> Option<Value> {
    let mut order = order.clone();
    let Some(statement) = order.pointer("/draft/statement").and_then(Value::as_str) else {
        return Some(order);
    };
    let bytes = Bytes::read(statement)?;
    let mut said: Value = serde_json::from_slice(&bytes.0).ok()?;
    said["body"] = order["body"].clone();
    order["draft"]["statement"] = j!(Bytes(json::write(&said).unwrap()));
    order["draft"]["method"] = j!("passkey");
    order["draft"]["assertion"] = touch();
    Some(order)
}

/// What the samples write anew, and the nonce: drawn, and seen in the digest alone.
fn is_drawn(path: &str) -> bool {
    ["/nonce", "/draft/statement", "/draft/method"].contains(&path)
        || path.starts_with("/draft/assertion")
}

fn leaves(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, inner)| leaves(inner, format!("{at}/{name}"), found))
        }
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(place, inner)| leaves(inner, format!("{at}/{place}"), found)),
        _ => found.push(at),
    }
}

/// Other values for a leaf, some of which a reader takes.
fn others(leaf: &Value) -> Vec<Value> {
    match leaf {
        Value::Bool(is) => vec![j!(!is)],
        Value::Number(number) => vec![j!(number.as_u64().unwrap() + 1)],
        Value::String(text) => {
            let actions = ["create", "move", "close", "leave", "grant", "withdraw", "register"];
            let words = actions.into_iter().chain(["auditor", "official", "keyCompromise", "page"]);
            let words = words.chain(["asked", "unit", "2026-11-25T08:00:00Z"]);
            let mut others: Vec<Value> =
                words.filter(|word| word != text).map(|word| j!(word)).collect();
            others.push(j!(format!("{text}x")));
            let mut flipped = text.clone().into_bytes();
            if let Some(first) = flipped.get_mut(2) {
                *first = if *first == b'A' { b'B' } else { b'A' };
            }
            others.extend(String::from_utf8(flipped).ok().map(|text| j!(text)));
            others
        }
        _ => Vec::new(),
    }
}

/// Ids stand in body and basis; the same change is made wherever the value stands.
fn replaced(value: &Value, from: &Value, to: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, inner)| (name.clone(), replaced(inner, from, to)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(|inner| replaced(inner, from, to)).collect(),
        value if value == from => to.clone(),
        value => value.clone(),
    }
}

/// Every leaf of every body and of what it rests on, when it is another one, is read differently by
/// whoever is asked to consent, or the order is refused.
#[test]
fn no_field_is_signed_and_not_shown() {
    let (mut shown, mut refused) = (BTreeSet::new(), BTreeSet::new());
    for sample in samples() {
        let kind = sample.order["kind"].as_str().unwrap();
        let before = facts(&sample.open(&sample.order).unwrap_or_else(|| panic!("{kind}")));
        let mut paths = Vec::new();
        leaves(&sample.order, String::new(), &mut paths);
        for path in paths.into_iter().filter(|path| !is_drawn(path)) {
            let leaf = sample.order.pointer(&path).unwrap().clone();
            let mut changes: Vec<Value> = Vec::new();
            // Of the head of an order a few suffice: it names nothing that a word would fit.
            let is_inside = path.starts_with("/body") || path.starts_with("/basis");
            let few = if is_inside || path == "/drafter" { usize::MAX } else { 3 };
            for other in others(&leaf).into_iter().rev().take(few) {
                let mut alone = sample.order.clone();
                *alone.pointer_mut(&path).unwrap() = other.clone();
                let mut everywhere = sample.order.clone();
                for part in ["body", "basis"] {
                    everywhere[part] = replaced(&everywhere[part], &leaf, &other);
                }
                if everywhere != alone {
                    changes.push(everywhere);
                }
                changes.push(alone);
            }
            let mut seen = false;
            for changed in changes.iter().filter(|changed| **changed != sample.order) {
                let Some(opened) = sample.open(changed) else { continue };
                assert_ne!(facts(&opened), before, "{kind} {path}: {changed}");
                seen = true;
            }
            let set = if seen { &mut shown } else { &mut refused };
            set.insert(format!("{kind}{path}"));
        }
    }
    // What cannot be changed alone, by its whole path: a format, a name of what else would have to
    // be there, a commitment or digest that something else opens, and what a signature covers.
    let never = refused.difference(&shown).find(|path| !is_fixed(path));
    assert_eq!(never, None, "it was never changed: {refused:?}");
    assert!(shown.len() > 80, "{shown:?}");
}

/// Whether a field, with the kind of its order before it, cannot be another one alone.
fn is_fixed(path: &str) -> bool {
    let (kind, path) = path.split_at(path.find('/').unwrap());
    let same = |pattern: &str| {
        let (mut is, mut wanted) = (path.split('/'), pattern.split('/'));
        loop {
            match (is.next(), wanted.next()) {
                (None, None) => return true,
                (Some(_), Some("*")) => {}
                (Some(is), Some(wanted)) if is == wanted => {}
                _ => return false,
            }
        }
    };
    let always = ["/v", "/kind", "/drafter", "/basis/people/*/name"];
    let draft = ["/draft/certificate"];
    let of_kind: &[&str] = match kind {
        "issue" => &[
            "/body/subject/cn",
            "/body/names/*/value",
            "/body/evidence",
            "/body/previous",
            "/body/renewal/serial",
            "/body/renewal/certificate",
            "/body/renewal/challenge",
            "/body/renewal/request",
            "/body/renewal/asked_by",
            "/body/renewal/signature",
        ],
        "person" => {
            &["/body/action", "/body/name", "/body/mail", "/body/evidence", "/basis/before/mail"]
        }
        "revoke" => &[
            "/body/evidence",
            "/body/wish/v",
            "/body/wish/method",
            "/body/wish/statement",
            "/body/wish/certificate",
            "/body/wish/signature",
        ],
        "release" => &["/body/evidence"],
        "profile" => &["/body/profile/id", "/body/profile/digest", "/basis/before/digest"],
        "approval-rules" | "bundle" => &["/body/digest", "/basis/before/digest"],
        "unit" | "portal" | "agent" => &["/body/action"],
        _ => &[],
    };
    always.iter().chain(&draft).chain(of_kind).any(|pattern| same(pattern))
}

/// Whoever reads a time reads the clocks of Beijing, in each fact of each kind of order.
#[test]
fn no_fact_shows_a_time_of_elsewhere() {
    let mut times = 0;
    for sample in samples() {
        let opened = sample.open(&sample.order).unwrap();
        for fact in facts(&opened) {
            let lines = fact.lines.iter().map(|line| match &line.line {
                super::LineText::Value(value) => value.zh() + &value.en(),
                super::LineText::File(_) => String::new(),
            });
            let shown = fact.value.zh() + &fact.value.en() + &lines.collect::<String>();
            assert!(!shown.contains(":00Z"), "{fact:?}");
            times += shown.matches("（北京时间）").count();
        }
    }
    assert!(times > 30, "{times}");
}
