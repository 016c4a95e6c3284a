//! A captured portal answers hostile text in each field of each answer that `yinxin` reads, one
//! after the other: none steers a terminal, and what is shown of an answer is told as its word.

use crate::hostile_texts::{HOSTILE, check, whole};
use axum::routing::post;
use axum::{Json, Router};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use tests::{Office, binary, workspace};

const PERSON: &str = "0123456789ABCDEF";
const ORDER: &str = "5GPJWBSG64S36D1N";

/// What the other stories of hostile text answer, and what agents ask.
const ELSEWHERE: [&str; 6] = ["LIST", "FETCH", "APPROVE", "DECLINE", "JOIN", "RENEW"];
/// What needs an answer that the CA signed before it is asked.
const BEHIND_SIGNED: [&str; 2] = ["RECEIPT", "COLLECT"];

/// A field of an answer, as keys and places.
type Leaf = Vec<String>;

fn leaves(value: &Value, at: &Leaf, found: &mut Vec<Leaf>) {
    let below = |name: String| [at.as_slice(), &[name]].concat();
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, inner)| leaves(inner, &below(name.clone()), found));
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(place, inner)| leaves(inner, &below(place.to_string()), found));
        }
        Value::String(_) => found.push(at.clone()),
        _ => {}
    }
}

fn replaced(value: &Value, leaf: &Leaf) -> Value {
    let mut value = value.clone();
    let place = leaf.iter().fold(&mut value, |inner, name| match inner {
        Value::Array(items) => &mut items[name.parse::<usize>().unwrap()],
        inner => &mut inner[name.as_str()],
    });
    *place = HOSTILE.into();
    value
}

/// Whom an order is about: a name, an id and a unit.
fn about() -> Value {
    let unit = json!({ "id": "sz-office", "name": "区政府办" });
    let person = json!({ "id": PERSON, "name": "李丹", "unit": unit });
    json!({ "person": { "person": person, "within": unit } })
}

/// What waits for an officer.
pub fn waiting() -> Value {
    let line = json!({
        "order": ORDER, "kind": "person", "action": "create", "about": about(), "made": "2026",
        "expires": "2026", "approvals": 0, "needed": 2, "given": false, "digest": "",
    });
    json!({ "lines": [line], "more": "" })
}

/// A sound answer of each route, by the name of its constant and its path.
pub fn answers() -> BTreeMap<&'static str, (&'static str, Value)> {
    use portal_api::{public, staff};
    let line = json!({
        "person": PERSON, "name": "李丹", "unit": "sz-office", "unit_name": "区政府办",
        "certificates": 1, "letter": false,
    });
    let unit = json!({ "unit": "sz-office", "name": "区政府办" });
    let whole = json!({
        "line": line, "version": 1, "mail": "a@b.cn", "units": [unit], "profiles": [called()],
    });
    let bytes = |count: usize| records::Bytes(vec![7; count]);
    let order = json!({
        "v": 1, "kind": "person", "issuer": "ca-1", "order": ORDER, "version": 1,
        "nonce": bytes(16), "expires": "2026-11-24T08:00:00Z", "drafter": "operator:0",
        "basis": { "people": [], "units": [] }, "body": {},
    });
    let made = json!({ "order": ORDER, "needed": 2 });
    let waits = json!({
        "stage": "awaiting", "order": ORDER, "approvals": 0, "needed": 2, "expires": "2026",
    });
    let mine = json!({
        "person": PERSON, "place": "商洛市 / 商州区 / 区政府办",
        "certificates": [{ "serial": "0a", "profile": called(), "not_after": "2026",
            "state": "revoked", "reason": "keyCompromise", "since": "2026" }],
        "letters": [{ "reference": ORDER, "profile": called(), "expires": "2026",
            "state": "open" }],
        "orders": [{ "order": ORDER, "kind": "issue", "action": "", "expires": "2026",
            "approvals": [0, 2] }],
        "roles": [["auditor", "商洛市"]],
        "systems": [{ "system": "site", "name": "门户网站", "state": "in-force", "until": "2026",
            "accounts": 1, "certificates": 2 }],
        "notices": [{ "time": "2026", "kind": "issued", "channel": "mail", "state": "sent" }],
    });
    let known = json!({
        "name": "李丹", "person": PERSON, "units": ["商洛市"], "profile": called(),
        "keys": ["p256"], "label": "cli", "by_message": false, "validity_days": 365,
        "challenge": bytes(16),
        "stage": { "stage": "letter", "expires": "2026", "returned": "不符" },
    });
    let terms = json!({
        "challenge": bytes(16), "profile": called(), "keys": ["p256"], "validity_days": 365,
        "opens": "2020-01-01T00:00:00Z", "closes": "2030-01-01T00:00:00Z", "review": ["asked"],
        "returned": "不符",
    });
    let disclosure = json!({ "path": "/name", "salt": bytes(32), "value": "李丹" });
    BTreeMap::from([
        ("WISH", (staff::WISH, made.clone())),
        ("PEOPLE", (staff::PEOPLE, json!({ "units": [unit], "lines": [line], "more": "" }))),
        ("PERSON", (staff::PERSON, whole)),
        ("RECORDS", (staff::RECORDS, people_records())),
        ("SUSPENSION", (staff::SUSPENSION, suspension())),
        ("PREVIEW", (staff::PREVIEW, json!({ "order": order, "disclosures": [disclosure] }))),
        (
            "DRAFT",
            (staff::DRAFT, json!({ "order": "", "needed": 0, "letter": ORDER, "person": PERSON })),
        ),
        ("DRAFTS", (staff::DRAFTS, json!({ "orders": [drafted()], "letters": [], "more": "" }))),
        ("WITHDRAW", (staff::WITHDRAW, json!({ "name": ORDER }))),
        (
            "DRAFT_MANY",
            (staff::DRAFT_MANY, json!({ "batch": ORDER, "needed": 2, "letters": [ORDER] })),
        ),
        ("NUMBERS", (staff::NUMBERS, numbers())),
        ("BATCH", (staff::BATCH, made.clone())),
        ("MINE", (staff::MINE, mine)),
        ("CERTIFY", (staff::CERTIFY, made)),
        ("LOOK_UP", (public::LOOK_UP, known)),
        ("SUBMIT", (public::SUBMIT, waits.clone())),
        ("RENEWAL_TERMS", (public::RENEWAL_TERMS, terms)),
        ("RENEW_CERTIFICATE", (public::RENEW_CERTIFICATE, json!({ "stage": waits }))),
    ])
}

/// A profile with its name.
fn called() -> Value {
    json!({ "id": "official", "zh": "公职人员证书", "en": "Certificate of officials" })
}

/// An order that its drafter sees again.
fn drafted() -> Value {
    json!({
        "name": ORDER, "kind": "person", "action": "create", "about": about(), "made": "2026",
        "state": "returned", "approvals": [0, 2], "reason": "不符", "digest": "",
    })
}

/// Of the one person of the file.
fn people_records() -> Value {
    let known = json!({
        "person": PERSON, "name": "李丹", "unit": "sz-office", "place": "区政府办", "version": 1,
        "mail": "a@b.cn", "serials": ["0101010101"],
    });
    json!({ "lines": [{ "known": known }] })
}

fn suspension() -> Value {
    json!({
        "person": PERSON, "name": "李丹", "suspension": records::Bytes(vec![7; 32]), "by": PERSON,
        "by_name": "陈登记", "reason": "keyCompromise", "since": "2026-11-24T08:00:00Z",
    })
}

/// Of the one number of the roster.
fn numbers() -> Value {
    let bytes = records::Bytes(vec![7; 32]);
    json!({ "lines": [{ "free": { "digest": bytes, "seal": bytes } }] })
}

/// The command that reads each answer; none, where it is read behind another.
pub fn commands(serial: &str) -> Vec<(&'static str, Vec<String>)> {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let revoke = format!("revoke {serial} --reason keyCompromise --evidence 看过 --yes");
    let create = "draft person create --name 李丹 --unit sz-office --evidence 看过 --yes";
    let letter = format!("draft letter {PERSON} --yes");
    let enroll = "enroll --yes --letter letter.json --key own.key --out own.pem";
    let renew = "renew --new-key next.key --out next.pem";
    vec![
        ("WISH", words(&revoke)),
        ("PEOPLE", words("draft roster roster.csv --evidence 看过 --yes")),
        ("PERSON", words(&letter)),
        ("RECORDS", words("draft leavers leavers.csv --evidence 看过 --yes")),
        ("SUSPENSION", words(&format!("draft release {serial} --evidence 看过 --yes"))),
        ("PREVIEW", words(create)),
        ("DRAFT", words(&letter)),
        ("DRAFTS", words("draft list")),
        ("WITHDRAW", words(&format!("withdraw --letter {ORDER} --yes"))),
        ("NUMBERS", words("draft roster roster.csv --evidence 看过 --yes")),
        ("DRAFT_MANY", words("draft roster roster.csv --evidence 看过 --yes")),
        ("BATCH", words("batch person create")),
        ("MINE", words("mine")),
        ("CERTIFY", words("passkey certify passkey.json --yes")),
        ("LOOK_UP", words(enroll)),
        ("SUBMIT", words(enroll)),
        ("RENEWAL_TERMS", words(renew)),
        ("RENEW_CERTIFICATE", words(renew)),
    ]
}

/// What the portal answers at the moment.
type Answers = Arc<Mutex<BTreeMap<&'static str, Value>>>;
/// Where a list goes on, by where the page that was asked for began.
pub type GoesOn = fn(&str) -> String;

/// A list that says that it goes on ends on its second page.
fn ends(after: &str, more: &Value) -> Value {
    if after.is_empty() { more.clone() } else { "".into() }
}

fn routes(answers: &Answers, goes_on: &Arc<Mutex<Option<GoesOn>>>) -> Router {
    let paths: Vec<&'static str> = answers.lock().unwrap().keys().copied().collect();
    paths.into_iter().fold(Router::new(), |router, path| {
        let (answers, goes_on) = (answers.clone(), goes_on.clone());
        router.route(
            path,
            post(move |Json(asked): Json<Value>| {
                let mut answer = answers.lock().unwrap()[path].clone();
                if let (Some(after), Some(more)) = (asked["after"].as_str(), answer.get("more")) {
                    let more = match *goes_on.lock().unwrap() {
                        Some(goes_on) => goes_on(after).into(),
                        None => ends(after, more),
                    };
                    answer["more"] = more;
                }
                async move { Json(answer) }
            }),
        )
    })
}

/// A city both of whose portals are captured, and an officer at their computer.
pub struct Scene {
    pub office: Office,
    answers: Answers,
    goes_on: Arc<Mutex<Option<GoesOn>>>,
    home: tempfile::TempDir,
    pub serial: String,
    _captured: [tests::captured::Captured; 2],
}

impl Scene {
    pub async fn open() -> Self {
        let mut office = Office::open().await;
        let home = tempfile::tempdir().unwrap();
        let officer = office.first("officer-1");
        let at = |name: &str| home.path().join(name);
        // A key that opens at once: it is opened for each field.
        keys::save(&at("officer.key"), &officer.signer, "passphrase", keys::Stretch::Random)
            .unwrap();
        let pem: String = officer.chain.iter().map(pki::Certificate::pem).collect();
        std::fs::write(at("officer.pem"), pem).unwrap();
        let private = |name: &str, text: &[u8]| {
            system::file::create_private(&at(name), text).unwrap();
        };
        private("passphrase", b"passphrase");
        let letter = office.letter(&office.first("officer-2").person, "official").letter;
        private("letter.json", &serde_json::to_vec(&letter).unwrap());
        let roster = "姓名,证件号,单位\n陈一,11010519491231002X,sz-office\n";
        std::fs::write(at("roster.csv"), roster).unwrap();
        std::fs::write(at("leavers.csv"), format!("人员编号\n{PERSON}\n")).unwrap();
        std::fs::write(at("passkey.json"), "{}").unwrap();
        let serial = office.first("officer-2").leaf().serial().to_string();
        let mut all: BTreeMap<_, _> = answers().into_values().collect();
        all.insert(portal_api::staff::LIST, waiting());
        let answers: Answers = Arc::new(Mutex::new(all));
        let goes_on = Arc::default();
        let staff = office.capture("staff", routes(&answers, &goes_on)).await;
        let public = office.capture("public", routes(&answers, &goes_on)).await;
        Self { office, answers, goes_on, home, serial, _captured: [staff, public] }
    }

    /// Lets every list go on as `goes_on` says.
    pub fn goes_on(&self, goes_on: GoesOn) {
        *self.goes_on.lock().unwrap() = Some(goes_on);
    }

    pub fn runs(&self, words: &[String], more: &[&str]) -> Output {
        let at = |name: &str| self.home.path().join(name);
        for made in ["own.key", "own.pem", "next.key", "next.pem"] {
            let _ = std::fs::remove_file(at(made));
        }
        let mut command = Command::new(binary("yinxin"));
        command.args(words).args(more).current_dir(self.home.path());
        command.arg("--passphrase-file").arg(at("passphrase"));
        command.env("XDG_CONFIG_HOME", self.home.path());
        if words[0] == "enroll" {
            return command.output().unwrap();
        }
        if words[0] == "renew" {
            command.arg("--new-passphrase-file").arg(at("passphrase"));
        }
        command.arg("--cert").arg(at("officer.pem")).arg("--key").arg(at("officer.key"));
        command.arg("--trust").arg(self.office.path("ca/trust.json")).output().unwrap()
    }

    fn answers(&self, path: &'static str, answer: Value) {
        self.answers.lock().unwrap().insert(path, answer);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_field_of_an_answer_steers_a_terminal() {
    let scene = Scene::open().await;
    let sound = answers();
    for (route, words) in commands(&scene.serial) {
        let (path, answer) = &sound[route];
        let mut found = Vec::new();
        leaves(answer, &Vec::new(), &mut found);
        assert!(!found.is_empty(), "{route}");
        let mut shown = 0;
        for leaf in found {
            scene.answers(path, replaced(answer, &leaf));
            let of = format!("{route} {}", leaf.join("/"));
            let text = check(&scene.runs(&words, &[]), &of);
            shown += usize::from(whole(&text).contains("李丹‹U+001B›"));
        }
        scene.answers(path, answer.clone());
        let is_shown = ["PERSON", "DRAFTS", "MINE", "LOOK_UP"].contains(&route);
        assert!(shown > 0 || !is_shown, "{route}: nothing of it was shown");
    }
}

/// Each route of the portal's clients has a row here, or a story that names it.
#[test]
fn each_route_is_answered_hostile() {
    let text = std::fs::read_to_string(workspace().join("crates/portal-api/src/lib.rs")).unwrap();
    let named = text.lines().filter(|line| line.contains("&str = \"/api/"));
    let names = named.filter_map(|line| line.trim().strip_prefix("pub const ")?.split(':').next());
    let names: BTreeSet<&str> = names.collect();
    let rows: BTreeSet<&str> =
        answers().into_keys().chain(ELSEWHERE).chain(BEHIND_SIGNED).collect();
    assert_eq!(names, rows);
}

/// Each answer is sound but for the field that is hostile: none is refused for another.
#[test]
fn each_answer_is_sound() {
    fn read<T: DeserializeOwned>(route: &str, answer: &Value) {
        let read = serde_json::from_value::<T>(answer.clone());
        read.map(drop).unwrap_or_else(|error| panic!("{route}: {error}"));
    }
    read::<records::export::OrderLines>("LIST", &waiting());
    for (route, (_, answer)) in answers() {
        let read = match route {
            "WISH" | "BATCH" | "CERTIFY" => read::<portal_api::CreatedOrder>,
            "PEOPLE" => read::<records::handling::UnitPeople>,
            "PERSON" => read::<records::handling::PersonFacts>,
            "PREVIEW" => read::<records::handling::Preview>,
            "RECORDS" => read::<records::handling::PeopleRecords>,
            "SUSPENSION" => read::<records::handling::SuspensionFacts>,
            "DRAFT" => read::<records::handling::DraftMade>,
            "DRAFTS" => read::<records::handling::Drafts>,
            "WITHDRAW" => read::<records::withdrawal::WithdrawalAnswer>,
            "DRAFT_MANY" => read::<records::handling::ManyMade>,
            "NUMBERS" => read::<records::number::NumberLines>,
            "MINE" => read::<records::mine::PersonHoldings>,
            "LOOK_UP" => read::<records::enrolment::LookUpAnswer>,
            "SUBMIT" => read::<records::enrolment::Stage>,
            "RENEWAL_TERMS" => read::<records::renewal::RenewalTerms>,
            "RENEW_CERTIFICATE" => read::<records::renewal::RenewalAnswer>,
            other => panic!("{other}: what is it read as?"),
        };
        read(route, &answer);
    }
}

/// Whatever a portal answers is told as its word, to people and to machines.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_portal_answers_is_told_as_its_word() {
    let scene = Scene::open().await;
    let approve = vec!["approve".to_owned()];
    let told = commands(&scene.serial).into_iter().map(|(_, words)| words).chain([approve]);
    let kinds = ["revoke", "mine", "withdraw", "batch", "approve", "enroll"];
    let is_told = |words: &Vec<String>| {
        kinds.contains(&words[0].as_str()) || ["list", "letter", "roster"].contains(&&*words[1])
    };
    for words in told.filter(is_told) {
        let text = check(&scene.runs(&words, &[]), &words.join(" "));
        assert!(text.contains("门户所述，未经核对"), "{words:?}: {text}");
        let output = scene.runs(&words, &["--json"]);
        let text = String::from_utf8(output.stdout).unwrap();
        let is_word = |line: &str| {
            let document: Value = serde_json::from_str(line).unwrap_or_default();
            document["hearsay"] == true
        };
        assert!(text.lines().any(is_word), "{words:?}: {text}");
    }
}

/// Whoever types a name, an address or evidence that is none reads which character it is about,
/// before anything is asked of anybody.
#[test]
fn each_entrance_names_the_character() {
    let person = |name: &str, mail: &str, evidence: &str| {
        let words = ["person", "create", "--name", name, "--unit", "sz-office", "--mail", mail];
        [&words[..], &["--evidence", evidence]].concat().join("\u{1}")
    };
    for (typed, named) in [
        (person("王㈱", "", "看过"), "U+3231"),
        (person("王\u{200b}明", "", "看过"), "U+200B"),
        (person("王\u{3000}明", "", "看过"), "U+3000"),
        (person("王（明", "", "看过"), "U+FF08"),
        (person("王/明", "", "看过"), "U+002F"),
        (person("王小明", "a@b..cn", "看过"), "主机名有空的一段"),
        (person("王小明", "a b@c.cn", "看过"), "' '"),
        (person("王小明", "", "看过\u{202e}"), "U+202E"),
    ] {
        let words: Vec<&str> = typed.split('\u{1}').collect();
        let folder = tempfile::tempdir().unwrap();
        let at_the_host =
            Command::new(binary("ca-server")).args(&words).current_dir(&folder).output();
        let by_hand = Command::new(binary("yinxin")).arg("draft").args(&words).output();
        for output in [at_the_host.unwrap(), by_hand.unwrap()] {
            assert!(!output.status.success());
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(told.contains(named), "{words:?}: {told}");
        }
    }
}
