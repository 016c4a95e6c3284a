//! `docs/formats.md` holds: the golden vectors are what our code makes, and a second reader in
//! another language agrees. Write them anew with YINXIN_GOLDEN=write; then every signature is new
//! as well.

use keys::SoftwareSigner;
use pki::number::CitizenNumber;
use pki::{Certificate, PublicKey, Signer};
use records::commitment::EVIDENCE_PATH;
use records::decline::{Decline, DeclineStatement, Outcome};
use records::draft::{Draft, DraftStatement};
use records::drafted::{DraftContent, ManyDrafted, TypedPerson};
use records::join::use_message;
use records::label::Label;
use records::letter::{EnrolmentCode, LetterKeys, LossReceipt, bind, reference};
use records::message_code::MessageCode;
use records::number::NumberKey;
use records::order::{
    Basis, Body, DelegateBody, NamedPerson, NamedUnit, Order, PersonAction, RoleAction,
};
use records::record::{
    Cause, Event, File, LetterStatement, Record, RevokedSerial, VoidStatement, approval_id, entry,
};
use records::revocation::RevocationStatement;
use records::rules::Role;
use records::spooled::{SpoolFrame, Spooled};
use records::suspension::{
    LapseStatement, Suspension, SuspensionCause, SuspensionNotice, SuspensionStatement,
};
use records::trust_bundle::{ROOT, TrustBundle, TrustPurpose, TrustedAuthority};
use records::unlisted::{DatedSerial, UnlistedStatement};
use records::wish::{Wish, WishStatement};
use records::withdrawal::{Withdrawal, WithdrawalStatement, WithdrawalTarget, WithdrawnStatement};
use records::{Approval, Bytes, Code, Disclosure, founding, json, order};
use serde_json::{Value, json as j};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::process::Command;
use tests::{Office, vectors, workspace};
use tlog::Edge;
use tlog::merkle::leaf_hash;

/// A national number that GB 11643 prints as its example.
const NUMBER: &str = "11010519491231002X";
const TIME: &str = "2026-11-24T08:00:00Z";
const MICROS: &str = "2026-11-24T08:00:00.000001Z";

/// The vectors in the file are the ones that our code makes; signatures in it verify.
#[test]
fn the_golden_vectors_are_what_we_make() {
    let path = workspace().join("docs/vectors.json");
    if std::env::var("YINXIN_GOLDEN").is_ok_and(|what| what == "write") {
        let made = Maker::new(None).all();
        std::fs::write(&path, serde_json::to_string_pretty(&made).unwrap() + "\n").unwrap();
    }
    let kept: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let made = Maker::new(Some(kept.clone())).all();
    for (key, value) in kept.as_object().unwrap() {
        assert!(&made[key] == value, "{key} is not what we make");
    }
    assert_eq!(kept.as_object().unwrap().len(), made.as_object().unwrap().len());
    for refused in kept["refused"].as_array().unwrap() {
        let bytes = Bytes::read(refused["bytes"].as_str().unwrap()).unwrap();
        assert!(json::read::<Order>(&bytes.0).is_err(), "{}", refused["why"]);
    }
}

/// The second reader, written from the page alone, accepts the vectors and refuses what it must.
#[test]
fn a_second_reader_agrees() {
    let python = workspace().join(".tools/venv/bin/python3");
    assert!(python.exists(), "the Python of the tests is missing; next: make test-tools");
    let said = Command::new(python)
        .arg(workspace().join("tests/formats/reader.py"))
        .arg(workspace().join("docs/vectors.json"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.status.success(), "{text}{}", String::from_utf8_lossy(&said.stderr));
    assert!(text.contains("checked"), "{text}");
}

/// A real city's records are read by the second reader's rules too: every one is canonical, every
/// entry commits to its record.
#[tokio::test]
async fn a_real_city_keeps_to_the_formats() {
    let office = Office::open().await;
    office.official("王小明", "sz-office").await;
    let database = office.database().await;
    let rows: Vec<(Vec<u8>, Vec<u8>, Vec<u8>)> =
        sqlx::query_as("select record, salt, entry from log_entry order by log_id, idx")
            .fetch_all(&database)
            .await
            .unwrap();
    assert!(rows.len() > 30);
    for (record, salt, committed) in rows {
        let read = Record::read(&record).unwrap();
        assert_eq!(read.write().unwrap(), record);
        assert_eq!(entry(salt.as_slice().try_into().unwrap(), &record).as_slice(), committed);
    }
}

/// Makes the vectors; keys and signatures are taken from the kept file where there is one.
struct Maker {
    kept: Option<Value>,
    signers: BTreeMap<&'static str, SoftwareSigner>,
}

fn join() -> Value {
    let (token, order) = (fixed::<32>(41), fixed::<32>(42));
    let (challenge, request) = (fixed::<16>(43), fixed::<100>(44));
    let value = authority::join_value(&token, &order, &challenge, &request);
    j!({
        "token": b(token), "order": b(order), "challenge": b(challenge), "request": b(request),
        "value": b(value),
    })
}

fn b(bytes: impl AsRef<[u8]>) -> Value {
    Bytes::from(bytes.as_ref()).to_string().into()
}

fn fixed<const N: usize>(seed: u8) -> [u8; N] {
    std::array::from_fn(|i| seed.wrapping_add(u8::try_from(i % 251).unwrap()))
}

impl Maker {
    fn new(kept: Option<Value>) -> Self {
        let signers = ["root", "registry", "officer", "status", "machine"]
            .map(|name| (name, SoftwareSigner::generate_p256().unwrap()));
        Self { kept, signers: signers.into() }
    }

    /// A key of the file, or a fresh one.
    fn key(&self, name: &str) -> Vec<u8> {
        match &self.kept {
            Some(kept) => Bytes::read(kept[name].as_str().unwrap()).unwrap().0,
            None => self.signers[name].public_key().spki().to_vec(),
        }
    }

    /// A signature of the file, if it verifies; or a fresh one.
    fn signature(&self, at: &str, by: &str, label: Label, bytes: &[u8]) -> Vec<u8> {
        let Some(kept) = &self.kept else {
            return label.sign(&self.signers[by], bytes).unwrap();
        };
        let text = kept.pointer(at).unwrap_or_else(|| panic!("{at}")).as_str().unwrap();
        let signature = Bytes::read(text).unwrap().0;
        let key = PublicKey::read(&self.key(by)).unwrap();
        assert!(label.verify(&key, bytes, &signature), "{at}");
        signature
    }

    #[expect(clippy::too_many_lines, reason = "one table, one line a kind")]
    fn all(&self) -> Value {
        let orders = self.orders();
        let approval = self.approval(&orders);
        let decline = self.decline(&approval);
        let wish = self.wish(&approval);
        let wished = self.wished(orders.as_array().map_or(0, Vec::len), &wish);
        let draft = self.draft(&approval);
        let drafted = self.drafted(orders.as_array().map_or(0, Vec::len) + 1, &draft);
        let renewal = self.renewal();
        let renewing = self.renewing(orders.as_array().map_or(0, Vec::len) + 4, &renewal);
        let after = orders.as_array().map_or(0, Vec::len) + 2;
        let many = self.of_many(after, &approval);
        let batch = self.batch_order(after + 1, &[&drafted, &many]);
        let made = orders.as_array().into_iter().flatten().cloned();
        let lending = self.lending(after + 3, &approval);
        let added = [wished, drafted.clone(), many, batch.clone(), renewing, lending];
        let orders: Value = made.chain(added).collect();
        let withdrawal = self.withdrawal(&approval, &drafted);
        let withdrawn = self.withdrawn(&drafted, &withdrawal);
        let statement = self.statement();
        let digest = founding::digest(&statement);
        let mut all = j!({
            "commitment": commitment(),
            "founding": {
                "statement": b(&statement), "digest": b(digest),
                "signature": b(
                    self.signature("/founding/signature", "root", Label::Founding, &statement)
                ),
            },
            "orders": orders,
            "approval": approval,
            "batch": self.batch(&approval, &batch),
            "decline": decline,
            "wish": wish,
            "draft": draft,
            "withdrawal": withdrawal,
            "records": self.records(&orders, (&approval, &decline, &withdrawn), &statement),
            "withdrawn": withdrawn,
            "code": code(),
            "number": number(),
            "letter_keys": letter_keys(&digest),
            "message_code": message_code(&digest),
            "bind": {
                "key": b(fixed::<32>(40)), "challenge": b(fixed::<16>(50)),
                "request": b(fixed::<90>(60)),
                "bind": b(bind(&fixed::<32>(40), &fixed::<16>(50), &fixed::<90>(60))),
            },
            "letter": self.letter(),
            "void": self.void(),
            "receipt": self.receipt(&digest),
            "suspension": self.suspension(&approval),
            "notice": self.notice(&digest),
            "lapse": self.lapse(),
            "revocation": self.revocation(&digest),
            "unlisted": self.unlisted(&digest),
            "use": self.use_of_authorization(&digest),
            "renewal": renewal,
            "bundle": bundle(),
            "trust_bundle": self.trust_bundle(&digest),
            "people": self.people(&digest),
            "join": join(),
            "run": self.run(),
            "log_request": self.log_request(),
            "paths": vectors::paths(),
            "refused": refused(&orders),
        });
        all["spooled"] = spooled(&all["run"]);
        let record = Bytes::read(all["records"][0]["record"].as_str().unwrap()).unwrap().0;
        let committed = entry(&fixed::<32>(9), &record);
        all["entry"] = j!({
            "salt": b(fixed::<32>(9)), "record": b(&record), "entry": b(committed),
            "leaf_hash": b(leaf_hash(&committed)),
        });
        for name in self.signers.keys() {
            all[*name] = b(self.key(name));
        }
        let (checkpoint, inclusion) = self.tree();
        all["checkpoint"] = checkpoint;
        all["inclusion"] = inclusion;
        all
    }

    #[expect(clippy::too_many_lines, reason = "one table, one line a kind")]
    fn orders(&self) -> Value {
        let commit = |path: &str, value: &str| Disclosure::new(path, fixed(7), value.into());
        let (cn, mail, evidence) = (
            commit("/subject/cn", "王小明"),
            commit("/names/0/value", "wang@shangluo.example"),
            commit("/evidence", "任命文件已核对"),
        );
        let (name, own_mail) =
            (commit("/name", "王小明"), commit("/mail", "wang@shangluo.example"));
        let (operator, contact) =
            (commit("/operator", "信息中心"), commit("/contact", "site@shangluo.example"));
        let c = |disclosure: &Disclosure| disclosure.commitment().unwrap();
        let profile = j!({ "id": "official", "version": 1, "digest": b(fixed::<32>(1)) });
        let person = "0123456789ABCDEF";
        let bodies: Vec<(&str, Value, Vec<&Disclosure>)> = vec![
            (
                "issue",
                j!({
                    "person": person, "person_version": 1, "profile": profile,
                    "subject": {
                        "c": "CN", "o": "商洛市", "ou": ["shangzhou", "sz-office"],
                        "cn": c(&cn), "sn": person,
                    },
                    "names": [{ "kind": "mail", "value": c(&mail) }],
                    "key": b(self.key("officer")), "validity_days": 365, "evidence": c(&evidence),
                    "label": "cli", "reference": "ABCDEFGHJKMNPQRS", "previous": b(fixed::<32>(2)),
                }),
                vec![&cn, &mail, &evidence],
            ),
            (
                "unit",
                j!({
                    "action": "create", "unit": "sz-water", "county": false, "name": "区水利局",
                    "parent": "shangzhou",
                }),
                vec![],
            ),
            (
                "person",
                j!({
                    "action": "create", "person": person, "version": 1, "unit": "sz-office",
                    "name": c(&name), "mail": c(&own_mail), "evidence": c(&evidence),
                }),
                vec![&name, &own_mail, &evidence],
            ),
            (
                "role",
                j!({
                    "action": "grant", "person": person, "role": "registration-officer",
                    "scope": "shangzhou",
                }),
                vec![],
            ),
            (
                "delegate",
                j!({
                    "action": "grant", "person": person, "absent": "0123456789ABCDEG",
                    "role": "registration-officer", "scope": "shangzhou", "from": TIME,
                    "until": "2026-12-01T08:00:00Z",
                }),
                vec![],
            ),
            ("profile", j!({ "profile": profile }), vec![]),
            ("approval-rules", j!({ "digest": b(fixed::<32>(3)), "version": 2 }), vec![]),
            (
                "portal",
                j!({
                    "action": "register", "portal": "portal-2", "unit": "shangluo",
                    "public_host": "portal.shangluo.example", "public_key": b(self.key("machine")),
                    "staff_host": "staff.shangluo.example", "staff_key": b(self.key("officer")),
                    "machines_host": "machines.shangluo.example",
                    "machines_key": b(self.key("registry")),
                }),
                vec![],
            ),
            (
                "agent",
                j!({
                    "action": "register", "agent": "gate-1", "unit": "sz-office",
                    "application": "exchange",
                    "hosts": ["exchange.shangluo.example"], "units": ["shangzhou"],
                    "token_sha256": b(fixed::<32>(4)), "renewals": 40,
                }),
                vec![],
            ),
            ("mode", j!({ "application": "exchange", "mode": "observe", "until": TIME }), vec![]),
            ("bundle", j!({ "version": 2, "digest": b(fixed::<32>(5)) }), vec![]),
            (
                "revoke",
                j!({
                    "person": person, "serials": ["01".repeat(18)], "reason": "superseded",
                    "evidence": c(&evidence),
                }),
                vec![&evidence],
            ),
            (
                "release",
                j!({
                    "person": person, "serial": "01".repeat(18), "suspension": b(fixed::<32>(9)),
                    "by": person, "reason": "keyCompromise", "since": TIME,
                    "evidence": c(&evidence),
                }),
                vec![&evidence],
            ),
            (
                "credential",
                j!({
                    "person": person, "certificate": b([0x30, 0]),
                    "statement": b(passkey_statement()),
                    "signature": b(fixed::<70>(8)),
                }),
                vec![],
            ),
            (
                "system",
                j!({
                    "action": "register", "system": "site", "name": "门户网站",
                    "unit": "sz-office", "leader": person, "operator": c(&operator),
                    "contact": c(&contact), "names": ["*.shangluo.example", "shangluo.example"],
                    "wildcards": true, "addresses": ["10.0.0.1"], "profile": "server",
                    "per_week": 20, "live": 50, "accounts": 16, "challenges": true,
                    "until": "2027-11-24T08:00:00Z", "token_sha256": b(fixed::<32>(10)),
                }),
                vec![&operator, &contact],
            ),
            (
                "emergency",
                j!({
                    "application": "exchange", "people": [person], "from": TIME,
                    "until": "2026-11-24T12:00:00Z", "evidence": c(&evidence),
                }),
                vec![&evidence],
            ),
            (
                "emergency-review",
                j!({
                    "order": b(fixed::<32>(11)), "application": "exchange", "about": [person],
                    "evidence": c(&evidence),
                }),
                vec![&evidence],
            ),
        ];
        let made = bodies.into_iter().enumerate().map(|(index, (kind, body, disclosures))| {
            self.order(index, (kind, "operator:0"), body, &disclosures)
        });
        made.collect::<Vec<_>>().into()
    }

    /// One order.
    fn order(
        &self,
        index: usize,
        (kind, drafter): (&str, &str),
        body: Value,
        disclosures: &[&Disclosure],
    ) -> Value {
        let held = Disclosure::new("/name", fixed(8), "王小明".into());
        let basis = basis(kind, &held.commitment().unwrap());
        let named = (!basis.people.is_empty()).then_some(&held);
        let order = Order {
            v: 1,
            kind: kind.into(),
            issuer: "issuing-1".into(),
            order: reference(fixed(20)),
            version: 1,
            nonce: fixed::<16>(30).into(),
            expires: "2026-12-01T08:00:00Z".into(),
            drafter: drafter.into(),
            basis,
            draft: None,
            place: None,
            body,
        };
        let disclosures = disclosures.iter().copied().chain(named);
        self.signed_order(index, &order, disclosures.cloned().collect())
    }

    fn signed_order(&self, index: usize, order: &Order, disclosures: Vec<Disclosure>) -> Value {
        let kind = order.kind.as_str();
        let read: Body = order.body().unwrap();
        order.check_disclosures(&disclosures).unwrap();
        assert_eq!(read.value().unwrap(), order.body);
        let bytes = json::write(order).unwrap();
        let at = format!("/orders/{index}/signature");
        let signature = self.signature(&at, "registry", Label::Order, &bytes);
        j!({
            "kind": kind, "order": b(&bytes), "digest": b(order::digest(&bytes)),
            "signature": b(signature), "disclosures": disclosures,
        })
    }

    /// What an officer signs who asks for a revocation.
    fn wish(&self, approval: &Value) -> Value {
        let approval = Bytes::read(approval["approval"].as_str().unwrap()).unwrap().0;
        let approval: Approval = json::read(&approval).unwrap();
        let evidence = Disclosure::new(EVIDENCE_PATH, fixed::<32>(61), "本人报告丢失".into());
        let statement = WishStatement {
            v: 1,
            founding: fixed::<32>(1).into(),
            certificate: approval.certificate().unwrap().sha256().into(),
            serial: "01".repeat(18),
            reason: "keyCompromise".into(),
            evidence: evidence.commitment().unwrap(),
            nonce: fixed::<16>(62).into(),
            time: TIME.into(),
        };
        let statement = json::write(&statement).unwrap();
        let signature = self.signature("/wish/signature", "officer", Label::Wish, &statement);
        let wish = j!({
            "v": 1, "method": "certificate", "statement": b(&statement),
            "certificate": approval.certificate, "signature": b(&signature),
        });
        let bytes = json::write(&wish).unwrap();
        assert!(json::read::<Wish>(&bytes).unwrap().signed_statement().signer().is_some());
        j!({ "wish": b(&bytes), "evidence": evidence, "signature": b(&signature) })
    }

    /// The order that is made from it.
    fn wished(&self, index: usize, wish: &Value) -> Value {
        let evidence: Disclosure = serde_json::from_value(wish["evidence"].clone()).unwrap();
        let bytes = Bytes::read(wish["wish"].as_str().unwrap()).unwrap().0;
        let wish: Value = serde_json::from_slice(&bytes).unwrap();
        let person = "0123456789ABCDEF";
        let body = j!({
            "person": person, "serials": ["01".repeat(18)], "reason": "keyCompromise",
            "evidence": evidence.commitment().unwrap(), "wish": wish,
        });
        self.order(index, ("revoke", &format!("person:{person}")), body, &[&evidence])
    }

    /// What the key of an old certificate signs for a new one.
    fn renewal(&self) -> Value {
        let (certificate, challenge, request) =
            (fixed::<32>(63), fixed::<16>(64), fixed::<100>(65));
        let message = use_message(&certificate, &challenge, &request);
        let signature = self.signature("/renewal/signature", "officer", Label::Use, &message);
        j!({
            "certificate": b(certificate), "challenge": b(challenge), "request": b(request),
            "signature": b(signature),
        })
    }

    /// The order that is made from it.
    fn renewing(&self, index: usize, renewal: &Value) -> Value {
        let commit = |path: &str, value: &str| Disclosure::new(path, fixed(7), value.into());
        let (cn, evidence) =
            (commit("/subject/cn", "王小明"), commit("/evidence", "任命文件已核对"));
        let c = |one: &Disclosure| one.commitment().unwrap();
        let person = "0123456789ABCDEF";
        let mut renewal = renewal.clone();
        for (key, value) in [
            ("serial", "01".repeat(18).into()),
            ("asked_by", b(self.key("officer"))),
            ("time", TIME.into()),
            ("review", j!(["expired", "person"])),
        ] {
            renewal[key] = value;
        }
        let body = j!({
            "person": person, "person_version": 2,
            "profile": { "id": "official", "version": 1, "digest": b(fixed::<32>(1)) },
            "subject": {
                "c": "CN", "o": "商洛市", "ou": ["shangzhou", "sz-office"], "cn": c(&cn),
                "sn": person,
            },
            "names": [], "key": b(self.key("machine")), "validity_days": 365,
            "evidence": c(&evidence), "label": "cli", "renewal": renewal,
            "previous": b(fixed::<32>(63)),
        });
        self.order(index, ("issue", &format!("person:{person}")), body, &[&cn, &evidence])
    }

    /// What a handler signs who drafts a new person.
    fn draft(&self, approval: &Value) -> Value {
        let approval = Bytes::read(approval["approval"].as_str().unwrap()).unwrap().0;
        let approval: Approval = json::read(&approval).unwrap();
        let digest = Bytes::read(number()["digest"].as_str().unwrap());
        let typed = TypedPerson {
            action: PersonAction::Create,
            person: "0123456789ABCDEG",
            version: 1,
            unit: "sz-office",
            name: "陈一",
            mail: "chen@shangluo.example",
            number: digest.as_ref(),
            evidence: "录用文件已核对",
        };
        let (body, disclosures) = typed.body([fixed(63), fixed(64), fixed(65)]).unwrap();
        let statement = DraftContent::Person(body).statement(
            &fixed::<32>(1).into(),
            approval.certificate().unwrap().sha256(),
            fixed(66),
            records::time::read(TIME).unwrap(),
        );
        let statement = json::write(&statement.unwrap()).unwrap();
        let signature = self.signature("/draft/signature", "officer", Label::Draft, &statement);
        let draft = j!({
            "v": 1, "method": "certificate", "statement": b(&statement),
            "certificate": approval.certificate, "signature": b(&signature),
        });
        let bytes = json::write(&draft).unwrap();
        assert!(json::read::<Draft>(&bytes).unwrap().signed_statement().signer().is_some());
        j!({ "draft": b(&bytes), "disclosures": disclosures, "signature": b(&signature) })
    }

    /// The order that is made from it.
    fn drafted(&self, index: usize, draft: &Value) -> Value {
        let mut disclosures: Vec<Disclosure> =
            serde_json::from_value(draft["disclosures"].clone()).unwrap();
        let bytes = Bytes::read(draft["draft"].as_str().unwrap()).unwrap().0;
        let draft: Draft = json::read(&bytes).unwrap();
        let held = Disclosure::new("/name", fixed(8), "王小明".into());
        let order = Order {
            v: 1,
            kind: "person".into(),
            issuer: "issuing-1".into(),
            order: reference(fixed(20)),
            version: 1,
            nonce: fixed::<16>(30).into(),
            expires: "2026-12-01T08:00:00Z".into(),
            drafter: "person:0123456789ABCDEF".into(),
            basis: Basis { before: None, ..basis("revoke", &held.commitment().unwrap()) },
            body: draft.read().unwrap().body,
            draft: Some(Box::new(draft)),
            place: None,
        };
        disclosures.push(held);
        self.signed_order(index, &order, disclosures)
    }

    /// An order from a draft of many, of which it is the second.
    fn of_many(&self, index: usize, approval: &Value) -> Value {
        let approval = Bytes::read(approval["approval"].as_str().unwrap()).unwrap().0;
        let approval: Approval = json::read(&approval).unwrap();
        let body = |person: &str, salt: u8| {
            let typed = TypedPerson {
                action: PersonAction::Create,
                person,
                version: 1,
                unit: "sz-office",
                name: "陈二",
                mail: "",
                number: None,
                evidence: "录用文件已核对",
            };
            let (body, opened) =
                typed.body([fixed(salt), fixed(salt + 1), fixed(salt + 2)]).unwrap();
            (DraftContent::Person(body).parts().unwrap().1, opened)
        };
        let rows = [
            body("0123456789ABCDEH", 67),
            body("0123456789ABCDEJ", 70),
            body("0123456789ABCDEK", 73),
        ];
        let values: Vec<Value> = rows.iter().map(|(body, _)| body.clone()).collect();
        let many = ManyDrafted::of(&values).unwrap();
        let said = many.statement(
            "people",
            (&fixed::<32>(1).into(), approval.certificate().unwrap().sha256()),
            fixed(76),
            records::time::read(TIME).unwrap(),
        );
        let draft = self.draft_in(index, &approval, &said.unwrap());
        let held = Disclosure::new("/name", fixed(8), "王小明".into());
        let [_, (body, mut disclosures), _] = rows;
        let order = Order {
            v: 1,
            kind: "person".into(),
            issuer: "issuing-1".into(),
            order: reference(fixed(20)),
            version: 1,
            nonce: fixed::<16>(30).into(),
            expires: "2026-12-01T08:00:00Z".into(),
            drafter: "person:0123456789ABCDEF".into(),
            basis: Basis { before: None, ..basis("revoke", &held.commitment().unwrap()) },
            body,
            draft: Some(Box::new(draft)),
            place: Some(many.places[1].clone()),
        };
        disclosures.push(held);
        self.signed_order(index, &order, disclosures)
    }

    /// A delegation that an officer drafted.
    fn lending(&self, index: usize, approval: &Value) -> Value {
        let approval = Bytes::read(approval["approval"].as_str().unwrap()).unwrap().0;
        let approval: Approval = json::read(&approval).unwrap();
        let drafted = DraftContent::Delegate(DelegateBody {
            action: RoleAction::Grant,
            person: "0123456789ABCDEH".into(),
            absent: "0123456789ABCDEG".into(),
            role: Role::RegistrationOfficer,
            scope: "shangzhou".into(),
            from: TIME.into(),
            until: "2026-12-01T08:00:00Z".into(),
        });
        let said = drafted.statement(
            &fixed::<32>(1).into(),
            approval.certificate().unwrap().sha256(),
            fixed(77),
            records::time::read(TIME).unwrap(),
        );
        let said = said.unwrap();
        let draft = self.draft_in(index, &approval, &said);
        let held = Disclosure::new("/name", fixed(8), "王小明".into());
        let mut basis = basis("delegate", &held.commitment().unwrap());
        let deputy = NamedPerson { person: "0123456789ABCDEH".into(), ..basis.people[0].clone() };
        basis.people.push(deputy);
        let order = Order {
            v: 1,
            kind: "delegate".into(),
            issuer: "issuing-1".into(),
            order: reference(fixed(20)),
            version: 1,
            nonce: fixed::<16>(30).into(),
            expires: "2026-12-01T08:00:00Z".into(),
            drafter: "person:0123456789ABCDEF".into(),
            basis,
            body: said.body,
            draft: Some(Box::new(draft)),
            place: None,
        };
        self.signed_order(index, &order, vec![held])
    }

    /// A draft of the officer as the order of this index holds it.
    fn draft_in(&self, index: usize, approval: &Approval, said: &DraftStatement) -> Draft {
        let bytes = json::write(said).unwrap();
        let at = format!("/orders/{index}/draft");
        let signature = match &self.kept {
            Some(kept) => {
                let order = kept["orders"][index]["order"].as_str().unwrap();
                let order: Order = json::read(&Bytes::read(order).unwrap().0).unwrap();
                order.draft.unwrap().signature.0
            }
            None => self.signature(&at, "officer", Label::Draft, &bytes),
        };
        let draft: Draft = serde_json::from_value(j!({
            "v": 1, "method": "certificate", "statement": b(&bytes),
            "certificate": approval.certificate, "signature": b(&signature),
        }))
        .unwrap();
        assert!(draft.signed_statement().signer().is_some());
        draft
    }

    /// The batch of both.
    fn batch_order(&self, index: usize, rows: &[&Value]) -> Value {
        let rows: Vec<&Value> = rows.iter().map(|row| &row["digest"]).collect();
        let body =
            j!({ "of": "person", "action": "create", "rows": rows, "sample": 1, "flagged": [1] });
        self.order(index, ("batch", "operator:0"), body, &[])
    }

    /// Its approval by whoever opened what its digest draws.
    fn batch(&self, approval: &Value, batch: &Value) -> Value {
        let approval = Bytes::read(approval["approval"].as_str().unwrap()).unwrap().0;
        let approval: Approval = json::read(&approval).unwrap();
        let digest = Bytes::read(batch["digest"].as_str().unwrap()).unwrap();
        let order: Order =
            json::read(&Bytes::read(batch["order"].as_str().unwrap()).unwrap().0).unwrap();
        let Ok(Body::Batch(body)) = order.body() else { panic!("no batch") };
        let certificate = approval.certificate().unwrap();
        let person = certificate.subject().person().unwrap();
        let sample = body.to_open(&digest.digest().unwrap(), person);
        let places: Vec<_> =
            sample.iter().map(|row| body.rows.iter().position(|one| one == *row)).collect();
        let opened: Vec<u8> = sample.iter().flat_map(|row| row.0.clone()).collect();
        let spoken = records::ApprovalClaim { acting_for: None, opened: &opened };
        let message = records::approval::approval_message(&digest.0, spoken);
        let signature = self.signature("/batch/signature", "officer", Label::Approval, &message);
        let approval = Approval {
            order: digest,
            signature: Bytes(signature.clone()),
            opened: Some(Bytes(opened)),
            ..approval
        };
        assert!(approval.signer().is_some());
        let bytes = json::write(&approval).unwrap();
        j!({
            "approval": b(&bytes), "person": person, "places": places,
            "signature": b(&signature),
        })
    }

    /// What that handler signs who takes it back.
    fn withdrawal(&self, approval: &Value, order: &Value) -> Value {
        let approval = Bytes::read(approval["approval"].as_str().unwrap()).unwrap().0;
        let approval: Approval = json::read(&approval).unwrap();
        let order = Bytes::read(order["digest"].as_str().unwrap()).unwrap();
        let what = WithdrawalTarget::Order { order };
        let said = WithdrawalStatement { v: 1, founding: fixed::<32>(1).into(), what };
        let statement = json::write(&said).unwrap();
        let at = "/withdrawal/signature";
        let signature = self.signature(at, "officer", Label::Withdrawal, &statement);
        let withdrawal = j!({
            "v": 1, "method": "certificate", "statement": b(&statement),
            "certificate": approval.certificate, "signature": b(&signature),
        });
        let bytes = json::write(&withdrawal).unwrap();
        assert!(json::read::<Withdrawal>(&bytes).unwrap().signed_statement().signer().is_some());
        j!({ "withdrawal": b(&bytes), "signature": b(&signature) })
    }

    /// What the registry key signs then.
    fn withdrawn(&self, order: &Value, withdrawal: &Value) -> Value {
        let bytes = Bytes::read(withdrawal["withdrawal"].as_str().unwrap()).unwrap().0;
        let statement = WithdrawnStatement {
            v: 1,
            order: Bytes::read(order["digest"].as_str().unwrap()).unwrap(),
            drafter: "person:0123456789ABCDEF".into(),
            withdrawal: Some(Box::new(json::read(&bytes).unwrap())),
        };
        let bytes = json::write(&statement).unwrap();
        let at = "/withdrawn/signature";
        let signature = self.signature(at, "registry", Label::Withdrawn, &bytes);
        j!({ "statement": b(&bytes), "signature": b(signature) })
    }

    fn statement(&self) -> Vec<u8> {
        let name = Disclosure::new("/name", fixed(8), "林安全".into()).commitment().unwrap();
        let statement = j!({
            "v": 1,
            "city": { "name": "商洛市", "country": "CN", "arc": "1.3.6.1.4.1.32473", "sample": true },
            "founded": TIME, "nonce": b(fixed::<16>(11)), "root": b(self.key("root")),
            "issuer": "issuing-1",
            "keys": {
                "issuing": b(self.key("root")), "registry": b(self.key("registry")),
                "status": b(self.key("status")), "ocsp": b(self.key("status")),
            },
            "logs": [{
                "log": "control",
                "vkey": tlog::VerifierKey::new("log.shangluo.example/control", fixed(55))
                    .unwrap().to_string(),
            }],
            "units": [
                { "unit": "shangluo", "name": "商洛市", "county": false },
                { "unit": "shangzhou", "name": "商州区", "county": true, "parent": "shangluo" },
            ],
            "people": [{
                "person": "0123456789ABCDEF", "name": name, "unit": "shangluo",
                "roles": [{ "role": "security-administrator", "scope": "shangluo" }],
                "key": b(self.key("officer")), "profile": "staff",
            }],
            "services": [{
                "service": "portal-1", "unit": "shangluo",
                "keys": [{
                    "process": "portal-public", "hosts": ["portal.localhost"],
                    "key": b(self.key("machine")),
                }],
            }],
            "authorizations": [{
                "authorization": "renew-portal-1-portal-public", "service": "portal-1",
                "process": "portal-public", "profile": "service", "quota": 100,
                "expires": "2046-11-24T08:00:00Z",
                "key_sha256": b(Sha256::digest(self.key("machine"))),
            }],
            "profiles": [{ "id": "official", "version": 1, "digest": b(fixed::<32>(1)) }],
            "rules": [{ "name": "roles", "version": 1, "digest": b(fixed::<32>(4)) }],
        });
        let bytes = json::write(&statement).unwrap();
        founding::Founding::read(&bytes).unwrap();
        bytes
    }

    fn approval(&self, orders: &Value) -> Value {
        let digest = Bytes::read(orders[0]["digest"].as_str().unwrap()).unwrap();
        let kept = self.kept.as_ref().map(|kept| kept["approval"]["approval"].as_str().unwrap());
        let kept = kept.map(|kept| Bytes::read(kept).unwrap().0).filter(|kept| {
            let read: Option<Approval> = json::read(kept).ok();
            read.is_some_and(|read| read.order == digest && read.signer().is_some())
        });
        let bytes = match kept {
            Some(kept) => kept,
            None => {
                let certificate = self_signed(&self.signers["officer"]);
                let digest = digest.digest().unwrap();
                let signed = Approval::sign(digest, &certificate, &self.signers["officer"]);
                json::write(&signed.unwrap()).unwrap()
            }
        };
        let approval: Approval = json::read(&bytes).unwrap();
        let signer = approval.signer().unwrap();
        assert_eq!(signer.key().spki(), self.key("officer"));
        assert_eq!(approval.order, digest);
        j!({ "approval": b(&bytes), "order": digest, "id": approval_id(&approval).unwrap() })
    }

    fn decline(&self, approval: &Value) -> Value {
        let order = Bytes::read(approval["order"].as_str().unwrap()).unwrap();
        let approval = Bytes::read(approval["approval"].as_str().unwrap()).unwrap().0;
        let approval: Approval = json::read(&approval).unwrap();
        let reason = Disclosure::new("/reason", fixed::<32>(60), "登记的单位不对".into());
        let statement = DeclineStatement {
            v: 1,
            order: order.clone(),
            outcome: Outcome::Returned,
            reason: reason.commitment().unwrap(),
        };
        let statement = json::write(&statement).unwrap();
        let signature = self.signature("/decline/signature", "officer", Label::Decline, &statement);
        let decline = j!({
            "v": 1, "method": "certificate", "statement": b(&statement),
            "certificate": approval.certificate, "signature": b(&signature),
        });
        let bytes = json::write(&decline).unwrap();
        assert_eq!(json::read::<Decline>(&bytes).unwrap().read().unwrap().order, order);
        j!({ "decline": b(&bytes), "order": order, "reason": reason, "signature": b(&signature) })
    }

    #[expect(clippy::too_many_lines, reason = "one table, one line a kind")]
    fn records(
        &self,
        orders: &Value,
        (approval, decline, withdrawn): (&Value, &Value, &Value),
        statement: &[u8],
    ) -> Value {
        let decline = Bytes::read(decline["decline"].as_str().unwrap()).unwrap().0;
        let d32 = |seed| Bytes::from(fixed::<32>(seed));
        let approval = Bytes::read(approval["approval"].as_str().unwrap()).unwrap().0;
        let order = |key: &str| Bytes::read(orders[0][key].as_str().unwrap()).unwrap();
        let (serial, end) = ("01".repeat(18), "2027-11-24T08:00:00Z".to_owned());
        let person = "0123456789ABCDEF".to_owned();
        let letter = Bytes::from(self.letter_statement());
        let events = [
            Event::Founding {
                statement: statement.into(),
                signature: d32(1),
                files: vec![File { name: "roles.toml".into(), content: "version = 1\n".into() }],
            },
            Event::Letter { statement: letter, signature: d32(2) },
            Event::Voided { statement: self.void_statement().into(), signature: d32(2) },
            Event::Application {
                reference: person.clone(),
                order: order("digest"),
                label: "cli".into(),
                challenge_sha256: d32(3),
                request: d32(4),
            },
            Event::Order {
                order: order("order"),
                signature: order("signature"),
                cancels: vec![d32(5)],
            },
            Event::Approval {
                approval: json::read(&approval).unwrap(),
                person: person.clone(),
                acting_for: None,
            },
            Event::Approval {
                approval: Approval {
                    acting_for: Some("0000000000000FF2".into()),
                    ..json::read(&approval).unwrap()
                },
                person: person.clone(),
                acting_for: Some("0000000000000FF2".into()),
            },
            Event::Declined { decline: json::read(&decline).unwrap(), person: person.clone() },
            Event::Withdrawn {
                statement: Bytes::read(withdrawn["statement"].as_str().unwrap()).unwrap(),
                signature: d32(2),
            },
            Event::Enacted { order: d32(6), approvals: vec![d32(7), d32(8)], files: Vec::new() },
            Event::Intent {
                order: d32(6),
                approvals: vec![d32(7)],
                serial: serial.clone(),
                not_after: end.clone(),
                tbs_sha256: d32(9),
                tbs: d32(10),
                lint: 1,
            },
            Event::Issued {
                under: d32(6),
                serial: serial.clone(),
                subject: person.clone(),
                profile: "official".into(),
                key_sha256: d32(11),
                not_after: end.clone(),
                sha256: d32(12),
                certificate: d32(13),
            },
            Event::Used {
                authorization: "renew-log-log".into(),
                challenge: fixed::<16>(14).into(),
                request: d32(15),
                asked_by: self.key("machine").into(),
                signature: d32(16),
                serial: serial.clone(),
                tbs_sha256: d32(17),
            },
            Event::Revoked {
                certificates: vec![RevokedSerial { serial, not_after: end.clone() }],
                reason: "keyCompromise".into(),
                cause: Cause::Loss { reference: person.clone(), value: d32(18) },
                approvals: Vec::new(),
                statement: json::write(&loss_receipt(&fixed(1))).unwrap().into(),
                signature: d32(16),
            },
            Event::Suspended {
                certificates: vec![RevokedSerial {
                    serial: "01".repeat(18),
                    not_after: end.clone(),
                }],
                reason: "keyCompromise".into(),
                cause: SuspensionCause::Letter {
                    value: d32(18),
                    notice: json::write(&suspension_notice(&fixed(1))).unwrap().into(),
                    signature: d32(2),
                },
            },
            Event::Crl {
                issuer: "issuing-1".into(),
                number: 2,
                sha256: d32(19),
                this_update: TIME.into(),
                next_update: end,
                entries: 1,
            },
            Event::Refusal {
                code: Code::ApproverScope,
                act: "approve".into(),
                about: "X".into(),
                reference: person.clone(),
                count: 1,
            },
            Event::Portal {
                process: "public".into(),
                act: "submit".into(),
                outcome: "done".into(),
                person,
                count: 12,
            },
        ];
        let asked = self.log_request();
        let asked = Bytes::read(asked["request"].as_str().unwrap()).unwrap();
        let made = events.into_iter().chain(vectors::events(&asked.0)).map(|event| {
            let kind = event.kind();
            let gate = [
                "started",
                "connection",
                "decision",
                "completion",
                "called",
                "turned",
                "heartbeat",
            ];
            let access =
                gate.contains(&kind) || ["portal", "silent", "read", "notified"].contains(&kind);
            let log = if access { "access" } else { "control" };
            let record = Record {
                link: gate.contains(&kind).then(vectors::link),
                v: 1,
                id: fixed::<16>(90).into(),
                log: log.into(),
                maker: if gate.contains(&kind) { "gate-1/agent" } else { "issuer" }.into(),
                time: MICROS.into(),
                event,
            };
            let bytes = record.write().unwrap();
            assert_eq!(Record::read(&bytes).unwrap(), record);
            j!({ "kind": kind, "record": b(bytes) })
        });
        made.collect::<Vec<_>>().into()
    }

    fn letter_statement(&self) -> Vec<u8> {
        let statement = LetterStatement {
            v: 1,
            reference: "ABCDEFGHJKMNPQRS".into(),
            person: "0123456789ABCDEF".into(),
            profile: "official".into(),
            lookup_sha256: Bytes::from(Sha256::digest(fixed::<32>(21)).as_slice()),
            loss_sha256: Bytes::from(Sha256::digest(fixed::<32>(22)).as_slice()),
            suspend_sha256: Bytes::from(Sha256::digest(fixed::<32>(23)).as_slice()),
            expires: "2026-12-01T08:00:00Z".into(),
            channels: Vec::new(),
            draft: None,
            place: None,
        };
        json::write(&statement).unwrap()
    }

    fn letter(&self) -> Value {
        let bytes = self.letter_statement();
        let signature = self.signature("/letter/signature", "registry", Label::Letter, &bytes);
        j!({ "statement": b(&bytes), "signature": b(signature) })
    }

    fn void_statement(&self) -> Vec<u8> {
        let statement = VoidStatement {
            v: 1,
            reference: "ABCDEFGHJKMNPQRS".into(),
            drafter: "operator:1000".into(),
            replacement: "ABCDEFGHJKMNPQRT".into(),
            withdrawal: None,
        };
        json::write(&statement).unwrap()
    }

    fn void(&self) -> Value {
        let bytes = self.void_statement();
        let signature = self.signature("/void/signature", "registry", Label::Void, &bytes);
        j!({ "statement": b(&bytes), "signature": b(signature) })
    }

    fn receipt(&self, digest: &[u8; 32]) -> Value {
        let bytes = json::write(&loss_receipt(digest)).unwrap();
        let signature = self.signature("/receipt/signature", "status", Label::Receipt, &bytes);
        j!({ "receipt": b(&bytes), "signature": b(signature) })
    }

    /// What an officer signs who suspends a certificate.
    fn suspension(&self, approval: &Value) -> Value {
        let approval = Bytes::read(approval["approval"].as_str().unwrap()).unwrap().0;
        let approval: Approval = json::read(&approval).unwrap();
        let evidence = Disclosure::new(EVIDENCE_PATH, fixed::<32>(63), "本人来电".into());
        let statement = SuspensionStatement {
            v: 1,
            founding: fixed::<32>(1).into(),
            certificate: approval.certificate().unwrap().sha256().into(),
            serial: "01".repeat(18),
            reason: "keyCompromise".into(),
            evidence: evidence.commitment().unwrap(),
            nonce: fixed::<16>(64).into(),
            time: TIME.into(),
        };
        let bytes = json::write(&statement).unwrap();
        let signature =
            self.signature("/suspension/signature", "officer", Label::Suspension, &bytes);
        let signed = j!({
            "v": 1, "method": "certificate", "statement": b(&bytes),
            "certificate": approval.certificate, "signature": b(&signature),
        });
        let bytes = json::write(&signed).unwrap();
        assert!(json::read::<Suspension>(&bytes).unwrap().signed_statement().signer().is_some());
        j!({ "suspension": b(&bytes), "evidence": evidence, "signature": b(&signature) })
    }

    fn notice(&self, digest: &[u8; 32]) -> Value {
        let bytes = json::write(&suspension_notice(digest)).unwrap();
        let signature = self.signature("/notice/signature", "status", Label::Suspended, &bytes);
        j!({ "notice": b(&bytes), "signature": b(signature) })
    }

    fn lapse(&self) -> Value {
        let statement =
            LapseStatement { v: 1, suspension: fixed::<32>(9).into(), time: TIME.into() };
        let bytes = json::write(&statement).unwrap();
        let signature = self.signature("/lapse/signature", "registry", Label::Lapse, &bytes);
        j!({ "statement": b(&bytes), "signature": b(signature) })
    }

    fn revocation(&self, digest: &[u8; 32]) -> Value {
        let cause = Cause::Superseded { serial: "01".repeat(18) };
        let unix = records::time::read(TIME).unwrap();
        let said = RevocationStatement::new(digest, &cause, unix).unwrap();
        let bytes = json::write(&said).unwrap();
        let place = "/revocation/signature";
        let signature = self.signature(place, "registry", Label::Revocation, &bytes);
        j!({ "cause": cause, "statement": b(&bytes), "signature": b(signature) })
    }

    fn unlisted(&self, digest: &[u8; 32]) -> Value {
        let dated = |byte: &str| vec![DatedSerial { serial: byte.repeat(18), time: TIME.into() }];
        let said = UnlistedStatement {
            v: 3,
            founding: (*digest).into(),
            crl: 7,
            time: TIME.into(),
            revoked: vec!["01".repeat(18)],
            suspended: dated("02"),
            released: dated("03"),
        };
        let bytes = json::write(&said).unwrap();
        let signature = self.signature("/unlisted/signature", "status", Label::Unlisted, &bytes);
        j!({ "statement": b(&bytes), "signature": b(signature) })
    }

    /// Its certificates are some bytes: what of them is judged, section 18 says.
    fn trust_bundle(&self, digest: &[u8; 32]) -> Value {
        let authority = |id: &str, seed: u8, ocsp: Option<&str>| TrustedAuthority {
            id: id.into(),
            certificate: fixed::<100>(seed).into(),
            crl: format!("http://status.example/crl/{id}.crl"),
            ocsp: ocsp.map(str::to_owned),
        };
        let bundle = TrustBundle {
            v: 1,
            founding: (*digest).into(),
            version: 2,
            made: TIME.into(),
            until: "2026-12-01T08:00:00Z".into(),
            authorities: vec![
                authority(ROOT, 61, None),
                authority("issuing-1", 62, Some("http://status.example/ocsp")),
            ],
            purposes: vec![TrustPurpose {
                profile: "system".into(),
                holder: "system".into(),
                policy: "1.3.6.1.4.1.32473.1.8".into(),
                usages: vec!["1.3.6.1.5.5.7.3.2".into()],
                authorities: vec!["issuing-1".into()],
            }],
        };
        let (bytes, label) = (json::write(&bundle).unwrap(), Label::TrustBundle);
        let signature = self.signature("/trust_bundle/signature", "registry", label, &bytes);
        j!({ "bundle": b(&bytes), "signature": b(signature) })
    }

    fn use_of_authorization(&self, digest: &[u8; 32]) -> Value {
        let (challenge, request) = (fixed::<16>(70), fixed::<100>(80));
        let message = use_message(digest, &challenge, &request);
        let signature = self.signature("/use/signature", "machine", Label::Use, &message);
        j!({
            "founding": b(digest), "challenge": b(challenge), "request": b(request),
            "signature": b(signature),
        })
    }

    fn people(&self, digest: &[u8; 32]) -> Value {
        let snapshot = j!({
            "v": 1, "founding": b(digest), "agent": "gate-1", "order": b(fixed::<32>(6)),
            "application": "exchange", "hosts": ["exchange.shangluo.example"], "number": 3,
            "bundle": 1,
            "policy": b(fixed::<32>(7)), "this_update": TIME, "next_update": "2026-11-25T08:00:00Z",
            "mode": {
                "mode": "observe", "until": "2026-12-01T08:00:00Z", "order": b(fixed::<32>(8)),
            },
            "emergencies": [{
                "order": b(fixed::<32>(9)), "people": ["0123456789ABCDEF"], "from": TIME,
                "until": "2026-11-24T12:00:00Z",
            }],
            "units": [
                { "unit": "shangluo", "name": "商洛市", "served": false },
                { "unit": "sz-office", "name": "区政府办公室", "parent": "shangluo", "served": true },
            ],
            "people": [{
                "person": "0123456789ABCDEF", "unit": "sz-office",
                "roles": [{ "role": "unit-handler", "scope": "sz-office" }],
            }],
        });
        let bytes = json::write(&snapshot).unwrap();
        let _: records::people::PeopleSnapshot = json::read(&bytes).unwrap();
        let signature = self.signature("/people/signature", "registry", Label::People, &bytes);
        j!({ "snapshot": b(&bytes), "signature": b(signature) })
    }

    fn run(&self) -> Value {
        let entries: Vec<[u8; 32]> = (0..3).map(fixed::<32>).collect();
        let mut chain = records::access::CHAIN_START;
        for entry in &entries {
            chain = records::access::chain(&chain, entry);
        }
        let head = j!({
            "v": 1, "agent": "gate-1", "epoch": b([7; 16]), "count": 3, "chain": b(chain),
        });
        let bytes = json::write(&head).unwrap();
        let _: records::access::SpoolHead = json::read(&bytes).unwrap();
        let signature = self.signature("/run/signature", "machine", Label::Spool, &bytes);
        let entries: Vec<_> = entries.iter().map(b).collect();
        j!({ "entries": entries, "head": b(&bytes), "signature": b(signature) })
    }

    fn log_request(&self) -> Value {
        let request = j!({
            "v": 1, "founding": b(fixed::<32>(8)), "nonce": b([9; 16]), "time": TIME,
            "ask": { "search": { "log": "access", "person": "0123456789ABCDEF" } },
        });
        let bytes = json::write(&request).unwrap();
        let _: records::evidence::LogRequest = json::read(&bytes).unwrap();
        let signature =
            self.signature("/log_request/signature", "officer", Label::LogRequest, &bytes);
        j!({ "request": b(&bytes), "signature": b(signature) })
    }

    fn tree(&self) -> (Value, Value) {
        let entries: Vec<[u8; 32]> = (0..7).map(fixed::<32>).collect();
        let mut edge = Edge::default();
        for entry in &entries {
            edge.append(leaf_hash(entry));
        }
        let hashes: Vec<_> = entries.iter().map(|entry| leaf_hash(entry)).collect();
        let proof = tlog::proof::inclusion(4, 7, &|_| Some(hashes.as_slice())).unwrap();
        let inclusion = j!({
            "entries": entries.iter().map(b).collect::<Vec<_>>(), "index": 4,
            "hashes": proof.iter().map(b).collect::<Vec<_>>(), "root_hash": b(edge.root()),
        });
        let head = tlog::Checkpoint {
            origin: "log.shangluo.example/control".into(),
            size: 7,
            root: edge.root(),
        };
        let (vkey, note) = match &self.kept {
            Some(kept) => {
                let text = |key: &str| kept["checkpoint"][key].as_str().unwrap().to_owned();
                (text("vkey"), text("note"))
            }
            None => {
                let signer =
                    SoftwareSigner::generate(pki::algorithm::by_name("ed25519").unwrap()).unwrap();
                let public = signer.public_key().raw().try_into().unwrap();
                let key = tlog::VerifierKey::new(&head.origin, public).unwrap();
                let note = tlog::note::sign(&head.text(), &key, |text| signer.sign(text)).unwrap();
                (key.to_string(), note)
            }
        };
        let key = tlog::VerifierKey::read(&vkey).unwrap();
        assert_eq!(
            tlog::Checkpoint::open(&note, &key, records::label::verify_ed25519).unwrap(),
            head
        );
        (j!({ "vkey": vkey, "note": note, "size": 7, "root_hash": b(edge.root()) }), inclusion)
    }
}

/// Frames as an agent hands them in, behind the head of a run, which stands for any other here.
fn spooled(run: &Value) -> Value {
    let read = |name: &str| Bytes::read(run[name].as_str().unwrap()).unwrap();
    let head = records::access::SignedHead { head: read("head"), signature: read("signature") };
    let parts = [(fixed::<40>(1).to_vec(), b"[]".to_vec()), (fixed::<300>(2).to_vec(), Vec::new())];
    let (mut frames, mut bytes, mut chain) = (Vec::new(), Vec::new(), records::access::CHAIN_START);
    for (record, disclosures) in &parts {
        let salt = fixed::<32>(record[0]);
        chain = records::access::chain(&chain, &entry(&salt, record));
        SpoolFrame { salt, chain, record, disclosures }.write(&mut bytes).unwrap();
        frames.push(j!({ "record": b(record), "salt": b(salt), "disclosures": b(disclosures) }));
    }
    let written = Spooled { head, known: 9, bytes: bytes.into() }.write().unwrap();
    assert_eq!(Spooled::read(&written).unwrap().frames().count(), frames.len());
    j!({ "frames": frames, "known": 9, "bytes": b(&written) })
}

fn commitment() -> Value {
    let disclosure = Disclosure::new("/subject/cn", fixed(7), "王小明".into());
    j!({
        "salt": b(fixed::<32>(7)), "path": "/subject/cn", "value": "王小明",
        "commitment": disclosure.commitment().unwrap(),
    })
}

/// A national number as the CA knows it again.
fn number() -> Value {
    let (key, number) = (NumberKey::new(&fixed::<32>(77)).unwrap(), NUMBER);
    let digest = key.digest(&CitizenNumber::read(number, (2026, 11, 24)).unwrap());
    let handler = "0123456789ABCDEF";
    let sealed = key.seal(digest, handler);
    assert!(key.gave(&sealed.digest, &sealed.seal, handler));
    j!({
        "key": b(fixed::<32>(77)), "number": number, "digest": sealed.digest, "handler": handler,
        "seal": sealed.seal,
    })
}

fn code() -> Value {
    let code = EnrolmentCode::new(fixed(33));
    j!({
        "bytes": b(fixed::<16>(33)), "text": code.text(),
        "reference_bytes": b(fixed::<10>(44)), "reference": reference(fixed(44)),
    })
}

fn loss_receipt(digest: &[u8; 32]) -> LossReceipt {
    LossReceipt {
        v: 1,
        reference: "ABCDEFGHJKMNPQRS".into(),
        serials: vec!["01".repeat(18)],
        time: TIME.into(),
        founding: (*digest).into(),
    }
}

fn suspension_notice(digest: &[u8; 32]) -> SuspensionNotice {
    SuspensionNotice {
        v: 1,
        founding: (*digest).into(),
        told: "letter:ABCDEFGHJKMNPQRS".into(),
        person: "0123456789ABCDEF".into(),
        serials: vec!["01".repeat(18)],
        reason: "keyCompromise".into(),
        nonce: fixed::<16>(61).into(),
        statement: None,
        time: TIME.into(),
    }
}

/// What authority held about what the vector of a kind names.
fn basis(kind: &str, name: &Bytes) -> Basis {
    let person = NamedPerson {
        person: "0123456789ABCDEF".into(),
        unit: "sz-office".into(),
        name: name.clone(),
    };
    let absent = NamedPerson { person: "0123456789ABCDEG".into(), ..person.clone() };
    let people = match kind {
        "issue" | "role" | "revoke" | "release" | "credential" | "system" | "emergency"
        | "emergency-review" => vec![person],
        "delegate" => vec![person, absent],
        _ => Vec::new(),
    };
    let units: &[(&str, &str)] = match kind {
        "issue" | "role" | "delegate" | "agent" => {
            &[("shangzhou", "商州区"), ("sz-office", "区政府办")]
        }
        "unit" => &[("shangzhou", "商州区")],
        "person" | "revoke" | "release" | "credential" | "system" | "emergency"
        | "emergency-review" => &[("sz-office", "区政府办")],
        "portal" => &[("shangluo", "商洛市")],
        _ => &[],
    };
    let unit =
        |(unit, name): &(&str, &str)| NamedUnit { unit: (*unit).into(), name: (*name).into() };
    let lent: Vec<_> = (kind == "delegate")
        .then(|| {
            j!({
                "person": "0123456789ABCDEF", "role": "official", "scope": "sz-office",
                "from": TIME, "until": TIME,
            })
        })
        .into_iter()
        .collect();
    let before = match kind {
        "role" | "delegate" | "revoke" | "release" => Some(j!({
            "roles": [{ "role": "official", "scope": "sz-office" }], "lent": lent,
            "certificates": [{
                "serial": "01".repeat(18), "profile": "official", "not_after": TIME,
            }],
        })),
        "mode" => Some(j!({ "mode": "enforce", "until": "" })),
        "emergency-review" => Some(j!({
            "people": ["0123456789ABCDEF"], "from": TIME, "until": "2026-11-24T12:00:00Z",
        })),
        "approval-rules" | "bundle" => Some(j!({ "version": 1, "digest": b(fixed::<32>(6)) })),
        _ => None,
    };
    let called = |id: &str, zh: &str, en: &str| records::DisplayName {
        id: id.into(),
        zh: zh.into(),
        en: en.into(),
    };
    let official = called("official", "公职人员证书", "Certificate of officials");
    let exchange = called("exchange", "公文交换", "Document exchange");
    let profiles = if matches!(kind, "issue" | "role") { vec![official] } else { Vec::new() };
    let is_named = matches!(kind, "agent" | "mode" | "emergency" | "emergency-review");
    let applications = if is_named { vec![exchange] } else { Vec::new() };
    let units = units.iter().map(unit).collect();
    Basis { people, units, profiles, applications, before, ..Basis::default() }
}

/// A passkey statement in its canonical form.
fn passkey_statement() -> Vec<u8> {
    let statement = j!({
        "v": 1, "founding": b(fixed::<32>(1)), "certificate": b(fixed::<32>(2)),
        "rp_id": "staff.shangluo.example", "origin": "https://staff.shangluo.example",
        "key": b(fixed::<77>(3)), "credential": b(fixed::<16>(4)), "counter": 1,
        "backup_eligible": false, "backed_up": false, "software": false,
    });
    let bytes = json::write(&statement).unwrap();
    let _: records::passkey::PasskeyStatement = json::read(&bytes).unwrap();
    bytes
}

fn letter_keys(digest: &[u8; 32]) -> Value {
    let reference = "ABCDEFGHJKMNPQRS";
    let keys = LetterKeys::derive(digest, reference, &EnrolmentCode::new(fixed(33)));
    j!({
        "founding": b(digest), "reference": reference, "code": b(fixed::<16>(33)),
        "lookup": b(keys.lookup()), "bind_page": b(keys.bind_key("page").unwrap()),
        "bind_cli": b(keys.bind_key("cli").unwrap()), "loss_value": b(keys.loss_value(reference)),
        "suspension_value": b(keys.suspension_value(reference)),
    })
}

fn message_code(digest: &[u8; 32]) -> Value {
    let reference = "ABCDEFGHJKMNPQRS";
    let code = MessageCode::new(reference, fixed(34)).unwrap();
    let keys = LetterKeys::derive(digest, reference, &EnrolmentCode::new(fixed(33)));
    let keys = keys.with_message(&code);
    j!({
        "reference": reference, "bytes": b(fixed::<6>(34)), "text": code.text(),
        "bind_page": b(keys.bind_key("page").unwrap()),
        "bind_cli": b(keys.bind_key("cli").unwrap()),
    })
}

fn bundle() -> Value {
    let files =
        BTreeMap::from([("access/deny-all.cedar", "forbid (principal, action, resource);\n")]);
    let hashes: BTreeMap<&str, Bytes> = files
        .iter()
        .map(|(path, content)| (*path, Bytes::from(Sha256::digest(content).as_slice())))
        .collect();
    j!({ "files": files, "digest": b(Sha256::digest(json::write(&hashes).unwrap())) })
}

fn refused(orders: &Value) -> Value {
    let role = orders.as_array().unwrap().iter().find(|order| order["kind"] == "role").unwrap();
    let good = Bytes::read(role["order"].as_str().unwrap()).unwrap().0;
    let good = String::from_utf8(good).unwrap();
    assert!(json::read::<Order>(good.as_bytes()).is_ok());
    let changed = |from: &str, to: &str| {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{from}");
        bad
    };
    let nonce = b(fixed::<16>(30)).as_str().unwrap().to_owned();
    let cases = [
        ("white space", changed("\"v\":1", "\"v\": 1")),
        ("keys out of order", changed("\"v\":1,\"version\":1", "\"version\":1,\"v\":1")),
        ("a key twice", changed("\"v\":1,", "\"v\":1,\"v\":1,")),
        ("an unknown key", changed("\"v\":1,", "\"surprise\":1,\"v\":1,")),
        ("a missing key", changed("\"v\":1,", "")),
        ("a fraction", changed("\"version\":1", "\"version\":1.5")),
        ("a negative number", changed("\"version\":1", "\"version\":-1")),
        ("an integer of 2^53", changed("\"version\":1", "\"version\":9007199254740992")),
        ("not in normalization form C", changed("issuing-1", "e\u{301}")),
        ("base64 with padding", changed(&nonce, &format!("{nonce}=="))),
        ("something behind it", format!("{good}\n")),
    ];
    let list = cases.map(|(why, text)| j!({ "why": why, "bytes": b(text) }));
    list.to_vec().into()
}

/// A certificate for the approval's vector; OpenSSL makes it, our reader reads it.
fn self_signed(signer: &SoftwareSigner) -> Certificate {
    use openssl::asn1::Asn1Time;
    use openssl::bn::BigNum;
    use openssl::hash::MessageDigest;
    use openssl::pkey::PKey;
    use openssl::x509::extension::KeyUsage;
    use openssl::x509::{X509, X509NameBuilder};
    let key = PKey::private_key_from_pkcs8(signer.pkcs8()).unwrap();
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", "Vector").unwrap();
    name.append_entry_by_text("serialNumber", "0123456789ABCDEF").unwrap();
    let name = name.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    let serial = BigNum::from_u32(1).unwrap().to_asn1_integer().unwrap();
    builder.set_serial_number(&serial).unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(&name).unwrap();
    builder.set_pubkey(&key).unwrap();
    builder.set_not_before(&Asn1Time::from_unix(1_795_507_200).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::from_unix(1_827_043_200).unwrap()).unwrap();
    builder.append_extension(KeyUsage::new().digital_signature().build().unwrap()).unwrap();
    builder.sign(&key, MessageDigest::sha256()).unwrap();
    Certificate::read(&builder.build().to_der().unwrap()).unwrap()
}
