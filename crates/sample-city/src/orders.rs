//! Every kind of order once, as a portal hands it on: the golden vectors with what belongs beside
//! them, under a registry key of its own.

mod moving;
mod office;
mod sample_order;

pub use sample_order::SampleOrder;

use keys::SoftwareSigner;
use pki::certificate::{CertificateContent, TbsCertificate};
use pki::{Certificate, SerialNumber, Signer};
use records::export::{OpenedOrder, OrderExport};
use records::join::use_message;
use records::label::Label;
use records::order::bundle_digest;
use records::record::File;
use records::{Bytes, Disclosure, Order, SignedOrder, json};
use serde_json::{Value, json as j};
use sha2::{Digest, Sha256};

/// The key under which all of them are.
pub fn registry() -> &'static SoftwareSigner {
    static KEY: std::sync::OnceLock<SoftwareSigner> = std::sync::OnceLock::new();
    KEY.get_or_init(|| SoftwareSigner::generate_p256().unwrap())
}

/// A file with its name and content, as orders and records have them.
pub fn file(name: &str, content: &str) -> File {
    File { name: name.into(), content: content.into() }
}

fn sha256(bytes: &[u8]) -> Value {
    j!(Bytes::from(Sha256::digest(bytes).as_slice()))
}

/// Every kind once as the vectors have it, and with what is in force before it where that differs.
pub fn all() -> Vec<SampleOrder> {
    let vectors: Value = serde_json::from_str(include_str!("../../../docs/vectors.json")).unwrap();
    let bytes = |value: &Value| Bytes::read(value.as_str().unwrap()).unwrap();
    let approval: Value =
        serde_json::from_slice(&bytes(&vectors["approval"]["approval"]).0).unwrap();
    let certificate = bytes(&approval["certificate"]);
    let orders = vectors["orders"].as_array().unwrap();
    let all = orders.iter().map(|vector| SampleOrder {
        order: serde_json::from_slice(&bytes(&vector["order"]).0).unwrap(),
        disclosures: serde_json::from_value(vector["disclosures"].clone()).unwrap(),
        ..SampleOrder::default()
    });
    // What rests on others, a batch and one of many, has a test of its own.
    let alone =
        |one: &SampleOrder| one.order["kind"] != "batch" && one.order.get("place").is_none();
    let mut samples: Vec<SampleOrder> = all.filter(alone).collect();
    for sample in &mut samples {
        complete(sample, &certificate);
        office::hold(sample);
    }
    let below: Vec<SampleOrder> = samples.iter().filter_map(office::below).collect();
    let closing: Vec<SampleOrder> = samples.iter().filter_map(ending).collect();
    let of_systems: Vec<SampleOrder> = samples.iter().filter_map(revoking_a_systems).collect();
    samples.extend(closing.iter().filter_map(closing_a_unit).collect::<Vec<_>>());
    samples.extend(closing.iter().filter_map(closing_a_system).collect::<Vec<_>>());
    samples.extend(closing);
    samples.extend(of_systems);
    samples.extend(below);
    samples
}

fn complete(sample: &mut SampleOrder, certificate: &Bytes) {
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
        "system" | "agent" | "portal" => {
            sample.order["basis"]["shared"] = j!([
                { "name": "*.example", "of": "system", "id": "water", "called": "水情监测" },
            ]);
            sample.order["basis"]["more_shared"] = j!(2);
            return;
        }
        _ => return,
    };
    sample.order["basis"]["before"]["digest"] = sha256(was.as_bytes());
    (sample.files, sample.files_before) = (vec![file(name, is)], vec![file(name, was)]);
}

/// A key of somebody's, and a certificate of theirs for it.
pub struct OldCredential(pub SoftwareSigner, pub Certificate);

/// The certificate that somebody had.
pub fn old(person: &Value) -> OldCredential {
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
    OldCredential(key, certificate)
}

/// The renewal of a sample is of this certificate, and asked for with its key.
pub fn renewed_by(
    sample: &mut SampleOrder,
    OldCredential(key, certificate): &OldCredential,
    request: &[u8],
) {
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
fn ending(sample: &SampleOrder) -> Option<SampleOrder> {
    let mut order = sample.order.clone();
    let keys = j!([Bytes::from([7; 32])]);
    match order["kind"].as_str()? {
        "unit" => {
            return moving::moving(order);
        }
        "portal" => {
            order["body"]["action"] = j!("close");
            gives_no_name(&mut order);
            order["basis"]["before"] = j!({
                "unit": "shangluo", "public_host": "p.example", "staff_host": "s.example",
                "machines_host": "m.example", "public_keys": keys, "staff_keys": keys,
                "machines_keys": keys, "open": true,
            });
        }
        "agent" => {
            order["basis"]["before"] = j!({
                "unit": "shangzhou", "application": "other", "hosts": ["other.example"],
                "units": ["sz-office"], "keys": keys, "renewals": 4, "open": true,
            });
            order["basis"]["applications"] = j!([
                { "id": "exchange", "zh": "公文交换", "en": "Document exchange" },
                { "id": "other", "zh": "信访", "en": "Petitions" },
            ]);
        }
        "system" => {
            return replacing(sample, order);
        }
        "mode" => {
            order["body"] = j!({ "application": "exchange", "mode": "suspended", "until": "" });
            order["basis"]["before"] = j!({ "mode": "observe", "until": "2026-12-24T08:00:00Z" });
        }
        "role" => {
            order["body"]["action"] = j!("withdraw");
            let lent = j!([office::lent(&order["body"]["person"], "official")]);
            (order["basis"]["before"]["lent"], order["basis"]["before"]["lends"]) =
                (lent.clone(), lent);
        }
        "revoke" => {
            let wish = order["body"].get_mut("wish")?;
            wish["method"] = j!("passkey");
            wish["assertion"] = touch();
        }
        "person" => {
            return office::leaving(sample, order);
        }
        "issue" => {
            return office::certified(sample, order);
        }
        _ => return None,
    }
    Some(SampleOrder { order, disclosures: sample.disclosures.clone(), ..SampleOrder::default() })
}

/// A system that is registered anew, with all that it was.
fn replacing(sample: &SampleOrder, mut order: Value) -> Option<SampleOrder> {
    let operator = Disclosure::new("/operator", [8; 32], "原运维单位".into());
    let contact = Disclosure::new("/contact", [8; 32], "old@shangluo.example".into());
    order["basis"]["before"] = j!({
        "name": "旧网站", "unit": "sz-office", "leader": order["body"]["leader"],
        "operator": operator.commitment().unwrap(), "contact": contact.commitment().unwrap(),
        "names": ["old.example"], "wildcards": false, "addresses": ["10.0.0.9"],
        "profile": "system", "per_week": 7, "live": 8, "accounts": 9,
        "challenges": false, "until": "2026-12-24T08:00:00Z", "open": true,
    });
    let disclosures = sample.disclosures.iter().cloned().chain([operator, contact]).collect();
    Some(SampleOrder { order, disclosures, ..SampleOrder::default() })
}

/// A system that closes, instead of being registered anew, with what is revoked.
fn closing_a_system(anew: &SampleOrder) -> Option<SampleOrder> {
    let mut order = anew.order.clone();
    if order["kind"] != "system" {
        return None;
    }
    let body = order["body"].as_object_mut()?;
    body.extend([("action".to_owned(), j!("close")), ("until".to_owned(), j!(""))]);
    body.insert("token_sha256".to_owned(), j!(""));
    let ends: Vec<Option<Value>> =
        ["operator", "contact"].map(|name| body.remove(name)).into_iter().collect();
    gives_no_name(&mut order);
    order["basis"]["before"]["certificates"] = j!(7);
    let is_left = |one: &&Disclosure| {
        let committed = j!(one.commitment().unwrap());
        !ends.contains(&Some(committed))
    };
    let disclosures = anew.disclosures.iter().filter(is_left).cloned().collect();
    Some(SampleOrder { order, disclosures, ..SampleOrder::default() })
}

/// What closes something gives it no name that others could have.
fn gives_no_name(order: &mut Value) {
    let basis = order["basis"].as_object_mut();
    basis.into_iter().for_each(|basis| {
        basis.retain(|key, _| !["shared", "more_shared"].contains(&key.as_str()));
    });
}

/// A unit that closes, instead of moving, with the systems that end with it.
fn closing_a_unit(moving: &SampleOrder) -> Option<SampleOrder> {
    let mut order = moving.order.clone();
    if order["kind"] != "unit" {
        return None;
    }
    order["body"]["action"] = j!("close");
    let units = order["basis"]["units"].as_array()?.iter().skip(1).cloned().collect::<Value>();
    let systems = j!([
        { "system": "site", "name": "门户网站", "certificates": 7 },
        { "system": "water", "name": "水情监测" },
    ]);
    order["basis"] = j!({ "people": [], "units": units, "before": {
        "county": true, "parent": "shangzhou", "open": true,
        "systems": systems, "more_systems": 3,
    } });
    Some(SampleOrder { order, ..SampleOrder::default() })
}

/// A revocation of what a system has, instead of a person.
fn revoking_a_systems(sample: &SampleOrder) -> Option<SampleOrder> {
    let mut order = sample.order.clone();
    if order["kind"] != "revoke" {
        return None;
    }
    let unit = order["basis"]["people"][0]["unit"].clone();
    order["body"]["system"] = j!({ "system": "site", "name": "门户网站", "unit": unit });
    let basis = order["basis"].as_object_mut()?;
    basis.remove("before");
    basis.remove("profiles");
    let people = basis["people"].as_array()?.clone();
    let is_named = |one: &Value| people.iter().any(|person| person["unit"] == one["unit"]);
    basis.get_mut("units")?.as_array_mut()?.retain(is_named);
    Some(SampleOrder { order, disclosures: sample.disclosures.clone(), ..SampleOrder::default() })
}

/// What an authenticator said.
fn touch() -> Value {
    j!({
        "credential": Bytes::from([1; 16]), "authenticator_data": Bytes::from([2; 37]),
        "client_data": Bytes::from([3; 90]),
    })
}

impl SampleOrder {
    /// The order as the registry key signs it.
    pub fn export(&self, order: &Value) -> Option<OrderExport> {
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

    /// What is left of it once everything in it was checked, if it holds.
    pub fn open(&self, order: &Value) -> Option<OpenedOrder> {
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
