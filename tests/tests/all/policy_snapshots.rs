//! What a captured status service or database can tell an agent: nothing that widens a right.
//! Whatever is older, unsigned, signed by too few, changed or too far ahead leaves the old in
//! force, with an alarm.

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use ca_api::{WorldNumbers, WorldUpdate};
use keys::SoftwareSigner;
use mtls::tls::{ClientAuth, Identity, server};
use records::Bytes;
use records::lineage::{Lineage, Proven};
use records::people::{PeopleSnapshot, SignedPeople};
use std::sync::{Arc, Mutex};
use tests::forged_log::ForgedLog;
use tests::gate::Gate;
use tests::processes::{Office, until};

const OWN: &str = "/documents/sz-office/2026-001";
const OTHERS: &str = "/documents/sz-finance/2026-001";

/// A status service that says what it is told to.
#[derive(Clone, Default)]
pub(crate) struct Liar {
    says: Arc<Mutex<WorldUpdate>>,
    asked: Arc<Mutex<Vec<WorldNumbers>>>,
}

impl Liar {
    /// Takes the place of `status`, with its key.
    pub(crate) async fn instead_of_status(office: &mut Office) -> Self {
        office.kill("status");
        let liar = Self::default();
        let path = |end: &str| office.path(&format!("ca/status/tls.{end}"));
        let identity = Identity::from_files(&path("pem"), &path("key")).unwrap();
        let clients = ClientAuth::Optional { issuers: Vec::new() };
        let tls = server(identity, &clients, &["http/1.1"]).unwrap();
        let (_, port) = office.trust.status.rsplit_once(':').unwrap();
        let address = format!("127.0.0.1:{port}").parse().unwrap();
        let router =
            Router::new().route(ca_api::status::WORLD, post(world)).with_state(liar.clone());
        tokio::spawn(tests::captured::serve(address, tls, router, std::future::pending()));
        liar
    }

    /// Says something until the agent has asked again after it.
    pub(crate) async fn says(&self, world: WorldUpdate) {
        *self.says.lock().unwrap() = world;
        let before = self.asked.lock().unwrap().len();
        // Two more questions: the first may have been under way.
        until("the agent asks again", async || self.asked.lock().unwrap().len() >= before + 2)
            .await;
    }

    /// What the agent has, as it asked last.
    pub(crate) fn has(&self) -> WorldNumbers {
        self.asked.lock().unwrap().last().cloned().unwrap_or_default()
    }
}

async fn world(State(liar): State<Liar>, Json(has): Json<WorldNumbers>) -> Json<WorldUpdate> {
    liar.asked.lock().unwrap().push(has);
    Json(liar.says.lock().unwrap().clone())
}

fn people(office: &Office) -> SignedPeople {
    serde_json::from_slice(&std::fs::read(office.path("gate/world/people.json")).unwrap()).unwrap()
}

pub(crate) fn rules(office: &Office) -> Lineage {
    serde_json::from_slice(&std::fs::read(office.path("gate/world/rules.json")).unwrap()).unwrap()
}

pub(crate) fn key(office: &Office, role: &str, name: &str) -> SoftwareSigner {
    let folder = office.path(&format!("ca/{role}"));
    let passphrase = keys::passphrase_from_file(&folder.join("unlock")).unwrap();
    keys::open(&folder.join(format!("{name}.key")), &passphrase).unwrap()
}

/// A snapshot, changed and signed.
pub(crate) fn snapshot(
    office: &Office,
    signer: &SoftwareSigner,
    change: impl FnOnce(&mut PeopleSnapshot),
) -> WorldUpdate {
    let mut snapshot: PeopleSnapshot = records::json::read(&people(office).snapshot.0).unwrap();
    snapshot.number += 1;
    change(&mut snapshot);
    WorldUpdate {
        people: Some(SignedPeople::sign(&snapshot, signer).unwrap()),
        ..WorldUpdate::default()
    }
}

pub(crate) fn rules_of(lineage: Lineage) -> WorldUpdate {
    WorldUpdate { rules: Some(lineage), ..WorldUpdate::default() }
}

pub(crate) async fn still(office: &Office, gate: &Gate, person: &tests::Officer, what: &str) {
    assert_eq!(gate.get(office, person, OWN).await.0, 200, "{what}: a right was lost");
    assert_eq!(gate.get(office, person, OTHERS).await.0, 403, "{what}: a right was widened");
}

pub(crate) async fn alarm(office: &Office) -> String {
    let answer = office.admin("agent").get("/readyz").await.unwrap();
    String::from_utf8_lossy(answer.body()).into_owned()
}

#[tokio::test]
async fn snapshots_that_do_not_count_change_nothing() {
    let mut office = Office::open().await;
    let gate = office.gate().await;
    let first = people(&office);
    let person = office.gate_official("王小明", "sz-office").await;
    let id = person.person.clone();
    let (registry, status) = (key(&office, "issuer", "registry"), key(&office, "status", "status"));
    let liar = Liar::instead_of_status(&mut office).await;
    let moved = |snapshot: &mut PeopleSnapshot| {
        let own = snapshot.people.iter_mut().find(|p| p.person == id).unwrap();
        own.roles.push(records::founding::Holding {
            role: records::rules::Role::UnitHandler,
            scope: "shangzhou".into(),
        });
        own.unit = "sz-finance".into();
    };
    let far = records::time::seconds(9_999_999_999);
    let mut bent = people(&office);
    bent.snapshot.0[40] ^= 1;
    let mut same_number: PeopleSnapshot = records::json::read(&people(&office).snapshot.0).unwrap();
    moved(&mut same_number);
    let worlds = [
        ("older", WorldUpdate { people: Some(first), ..WorldUpdate::default() }),
        ("one byte changed", WorldUpdate { people: Some(bent), ..WorldUpdate::default() }),
        ("by another key", snapshot(&office, &status, moved)),
        (
            "another under the same number",
            WorldUpdate {
                people: Some(SignedPeople::sign(&same_number, &registry).unwrap()),
                ..WorldUpdate::default()
            },
        ),
        ("of another agent", snapshot(&office, &registry, |s| s.agent = "gate-2".into())),
        ("of another city", snapshot(&office, &registry, |s| s.founding = Bytes::from([1; 32]))),
        ("of other hosts", snapshot(&office, &registry, |s| s.hosts.push("x".into()))),
        ("under another order", snapshot(&office, &registry, |s| s.order = Bytes::from([1; 32]))),
        ("without the rules that it names", snapshot(&office, &registry, |s| s.bundle += 1)),
        (
            "with other rules under the same version",
            snapshot(&office, &registry, |s| s.policy = Bytes::from([1; 32])),
        ),
        ("good for ever", snapshot(&office, &registry, |s| s.next_update.clone_from(&far))),
        (
            "from tomorrow",
            snapshot(&office, &registry, |s| {
                s.this_update.clone_from(&s.next_update.clone());
            }),
        ),
        ("too far ahead", snapshot(&office, &registry, |s| s.number += 1 << 21)),
    ];
    for (what, world) in worlds {
        liar.says(world).await;
        still(&office, &gate, &person, what).await;
        assert!(alarm(&office).await.contains("people:"), "{what}: no alarm");
    }
    // The nearest that counts: the next number, by the registry key.
    liar.says(snapshot(&office, &registry, moved)).await;
    until("the next snapshot counts", async || gate.get(&office, &person, OWN).await.0 == 403)
        .await;
    assert!(!alarm(&office).await.contains("people:"));
    // And it survives a restart; the one before does not come back.
    office.stop("agent");
    office.start("agent", &[]).await;
    assert_eq!(gate.get(&office, &person, OWN).await.0, 403);
}

#[tokio::test]
async fn lists_that_do_not_count_change_nothing() {
    use pki::crl::{ListContent, RevocationList};
    let mut office = Office::open().await;
    let gate = office.gate().await;
    let person = office.gate_official("王小明", "sz-office").await;
    let der = std::fs::read(office.path("gate/world/list.crl")).unwrap();
    let list = RevocationList::read(&der).unwrap();
    let issuing = key(&office, "issuer", "issuing");
    let other = key(&office, "issuer", "registry");
    let certificate = std::fs::read(office.path("ca/public/ca/issuing-1.cer")).unwrap();
    let certificate = pki::Certificate::read(&certificate).unwrap();
    let identifier = certificate.key_identifier().unwrap();
    let leaf = person.leaf().serial().clone();
    let made = |signer: &SoftwareSigner, number: u64, life: u64, revoked: bool| {
        let revoked = pki::crl::RevokedCertificate {
            serial: if revoked { leaf.clone() } else { pki::SerialNumber::from_random([9; 18]) },
            at: list.this_update(),
            reason: pki::crl::RevocationReason::KeyCompromise,
        };
        let content = ListContent {
            issuer: certificate.subject(),
            key_identifier: &identifier,
            number,
            this_update: list.this_update(),
            next_update: list.this_update() + life,
            shard_url: None,
            revoked: &[revoked],
        };
        let list = RevocationList::issue(&content, signer).unwrap();
        WorldUpdate { crl: Some(list.der().into()), ..WorldUpdate::default() }
    };
    let liar = Liar::instead_of_status(&mut office).await;
    let number = list.number();
    let mut bent = der.clone();
    bent[60] ^= 1;
    for (what, world) in [
        ("older", made(&issuing, number - 1, 86_400, true)),
        ("another under the same number", made(&issuing, number, 86_400, true)),
        ("by another key", made(&other, number + 1, 86_400, true)),
        ("good for ever", made(&issuing, number + 1, 99 * 86_400, true)),
        ("too far ahead", made(&issuing, number + (1 << 21), 86_400, true)),
        ("one byte changed", WorldUpdate { crl: Some(Bytes(bent)), ..WorldUpdate::default() }),
        ("empty", WorldUpdate { crl: Some(Bytes::default()), ..WorldUpdate::default() }),
    ] {
        liar.says(world).await;
        still(&office, &gate, &person, what).await;
        assert!(alarm(&office).await.contains("list:"), "{what}: no alarm");
    }
    liar.says(made(&issuing, number + 1, 86_400, true)).await;
    assert_eq!(gate.get(&office, &person, OWN).await.0, 401);
}

#[tokio::test]
async fn rules_that_do_not_count_change_nothing() {
    let mut office = Office::open().await;
    let gate = office.gate().await;
    let person = office.gate_official("王小明", "sz-office").await;
    let first = rules(&office);
    let wide = ("exchange.cedar", "principal in resource.unit", "true");
    let broken = office.changed_rules(2, &[("exchange.cedar", "resource.unit", "resource.unti")]);
    let refused = office.ca(&["bundle", broken.to_str().unwrap(), "--version", "2"]);
    assert!(!refused.status.success(), "rules that are no rules became an order");
    let failing = office.changed_rules(2, &[wide]);
    let refused = office.ca(&["bundle", failing.to_str().unwrap(), "--version", "2"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("another unit's document"), "{said}");
    office.rules(2, &[("exchange.toml", "application =", "# v2\napplication =")]).await;
    until("version 2 is in force", async || rules(&office) != first).await;
    let second = rules(&office);
    let liar = Liar::instead_of_status(&mut office).await;

    let foreign = {
        let mut lineage = second.clone();
        lineage.checkpoint = lineage.checkpoint.replace("shangluo", "elsewhere");
        lineage
    };
    let changed = |part| with_a_byte_changed(&second, part);
    let forked = |more| in_another_tree(&office, &second, more);
    let longer = forked(5);
    for (what, lineage) in [
        ("older", first.clone()),
        ("of another history", forked(0)),
        ("of another history that is longer", longer.clone()),
        ("signed by one", without(&second, "approval")),
        ("without its order", without(&second, "order")),
        ("never enacted", without(&second, "enacted")),
        ("a record changed", changed(|one| &mut one.record.0)),
        ("a salt changed", changed(|one| &mut one.salt.0)),
        ("a proof changed", changed(|one| &mut one.hashes[0].0)),
        ("under another checkpoint", foreign),
        ("without leaf 0", {
            let mut lineage = second.clone();
            lineage.records.remove(0);
            lineage
        }),
    ] {
        liar.says(rules_of(lineage)).await;
        still(&office, &gate, &person, what).await;
        assert!(alarm(&office).await.contains("rules:"), "{what}: no alarm");
    }
    let kept = std::fs::read(office.path("gate/world/log-not-followed.json")).unwrap();
    let kept: serde_json::Value = serde_json::from_slice(&kept).unwrap();
    assert_eq!(kept["checkpoints"], serde_json::json!([second.checkpoint, longer.checkpoint]));
    liar.says(rules_of(second)).await;
    assert!(!alarm(&office).await.contains("rules:"));
}

/// Rules without the last record of a kind.
fn without(rules: &Lineage, kind: &str) -> Lineage {
    let is_of_kind =
        |proven: &Proven| records::Record::read(&proven.record.0).unwrap().event.kind() == kind;
    let mut rules = rules.clone();
    let at = rules.records.iter().rposition(is_of_kind).unwrap();
    rules.records.remove(at);
    rules
}

/// Rules with one bit changed in the middle of this part of their last record.
fn with_a_byte_changed(rules: &Lineage, part: fn(&mut Proven) -> &mut Vec<u8>) -> Lineage {
    let mut rules = rules.clone();
    let bytes = part(rules.records.last_mut().unwrap());
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    rules
}

/// The same records in another tree, longer by so many, of whoever holds the log's key.
fn in_another_tree(office: &Office, rules: &Lineage, more: u64) -> Lineage {
    let size: u64 = rules.checkpoint.lines().nth(1).unwrap().parse().unwrap();
    let records = rules.records.iter().map(|one| (one.index, one.record.0.clone()));
    let records: Vec<(u64, Vec<u8>)> = records.collect();
    let (checkpoint, records) = ForgedLog::of(office, "control").lay(size + more, &records);
    Lineage { checkpoint, records }
}

/// Rules that the city did enact wait until a snapshot names them: whoever carries both cannot
/// choose. Their log has to prove that it goes on from what the gate saw of it.
#[tokio::test]
async fn rules_wait_for_the_snapshot_that_names_them() {
    let mut office = Office::open().await;
    let gate = office.gate().await;
    let person = office.gate_official("王小明", "sz-office").await;
    assert_eq!(gate.get(&office, &person, OWN).await.0, 200);
    office.stop("agent");
    office.rules(2, &[("exchange.toml", "application =", "# v2\napplication =")]).await;
    let second = told(&office, 2).await;
    let liar = Liar::instead_of_status(&mut office).await;
    office.start("agent", &[]).await;
    liar.says(rules_of(second.rules.clone().unwrap())).await;
    assert!(alarm(&office).await.contains("rules:"), "without a proof");
    let rules = rules_of(second.rules.clone().unwrap());
    liar.says(WorldUpdate { continues: second.continues.clone(), ..rules }).await;
    assert!(!alarm(&office).await.contains("rules:"));
    assert_eq!(gate.get(&office, &person, OWN).await.0, 200);
    assert_eq!(rules_of_last_decision(&office, 2).await, 1);
    liar.says(WorldUpdate { people: second.people.clone(), ..WorldUpdate::default() }).await;
    assert_eq!(gate.get(&office, &person, OWN).await.0, 200);
    assert_eq!(rules_of_last_decision(&office, 3).await, 2);
}

/// What `status` tells the agent of this office about rules of a version.
async fn told(office: &Office, version: u32) -> WorldUpdate {
    let path = |end: &str| office.path(&format!("gate/tls.{end}"));
    let identity = Identity::from_files(&path("pem"), &path("key")).unwrap();
    let status = ca_api::Status(office.client(&office.trust.status, Some(identity)));
    let marks = std::fs::read(office.path("gate/marks.json")).unwrap();
    let marks: serde_json::Value = serde_json::from_slice(&marks).unwrap();
    let control = marks["control"].as_str().unwrap().lines().nth(1).unwrap().parse().unwrap();
    let has = WorldNumbers { bundle: version - 1, control, ..WorldNumbers::default() };
    let came = Mutex::new(WorldUpdate::default());
    until("status has the rules", async || {
        let world = status.world(&has).await.unwrap();
        let whole = world.rules.is_some() && world.people.is_some();
        *came.lock().unwrap() = world;
        whole
    })
    .await;
    came.into_inner().unwrap()
}

/// Version of the rules by which the newest of so many decisions was made.
async fn rules_of_last_decision(office: &Office, decisions: usize) -> u32 {
    let made = Mutex::new(Vec::new());
    until("the decision is in the log", async || {
        let versions = office.access().await.into_iter().filter_map(|record| match record.event {
            records::record::Event::Decision(decision) => Some(decision.world.bundle),
            _ => None,
        });
        *made.lock().unwrap() = versions.collect();
        made.lock().unwrap().len() == decisions
    })
    .await;
    made.into_inner().unwrap().pop().unwrap()
}

/// A list that cannot be kept is in force all the same, and is kept once it can be.
#[tokio::test]
async fn a_revocation_is_felt_when_nothing_can_be_kept() {
    let mut office = Office::open().await;
    let gate = office.gate().await;
    let (official, collected) = office.official("王小明", "sz-office").await;
    let loss = office.loss_of(&official);
    let person = office.officer(official, &collected);
    gate.until_status(&office, &person, OWN, 200).await;
    let (world, away) = (office.path("gate/world"), office.path("gate/away"));
    let kept = std::fs::read(world.join("list.crl")).unwrap();
    std::fs::rename(&world, &away).unwrap();
    office.report(&loss).await;
    gate.until_status(&office, &person, OWN, 401).await;
    until("it is told", async || alarm(&office).await.contains("cannot be kept")).await;
    std::fs::rename(&away, &world).unwrap();
    until("the list is kept", async || std::fs::read(world.join("list.crl")).unwrap() != kept)
        .await;
    until("the alarm is over", async || !alarm(&office).await.contains("cannot be kept")).await;
}
