//! A captured portal plays every trick it can, with the portal's own names and keys. Each ends as
//! SECURITY.md says: what it can do is seen and stays small, the rest is refused by who checks.

use axum::extract::State;
use axum::response::Html;
use axum::routing::{get, post};
use axum::{Json, Router};
use ca_api::{AsOfficer, Issuer};
use keys::SoftwareSigner;
use portal_api::Pages;
use records::approval::approval_challenge;
use records::enrolment::{
    Collect, CollectedCertificate, LetterLookUp, LookUpAnswer, RequestSubmission, SignedReceipt,
    Stage,
};
use records::letter::LossReceipt;
use records::passkey::Assertion;
use records::{Approval, Bytes};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use tests::browser::Browser;
use tests::people::code;
use tests::processes::until;
use tests::{Office, Official, binary, invariants};

/// What the double does with applications and collections.
struct Exchanging {
    issuer: Issuer,
    /// Whether it puts its own key in the place of whoever applies.
    exchanges: Mutex<bool>,
    /// What it hands out to whoever collects, if not their own.
    handed: Mutex<Option<CollectedCertificate>>,
}

fn refusal(error: &ca_api::Refusal) -> Json<Value> {
    Json(json!({ "code": error.code().name(), "zh": "x", "en": "x", "reference": "" }))
}

type Answer<T> = Result<Json<T>, (axum::http::StatusCode, Json<Value>)>;

fn passed<T>(answer: Result<T, ca_api::Refusal>) -> Answer<T> {
    answer.map(Json).map_err(|error| (axum::http::StatusCode::FORBIDDEN, refusal(&error)))
}

async fn look_up(
    State(double): State<Arc<Exchanging>>,
    Json(m): Json<LetterLookUp>,
) -> Answer<LookUpAnswer> {
    passed(double.issuer.look_up(&m).await)
}

async fn submit(
    State(double): State<Arc<Exchanging>>,
    Json(m): Json<RequestSubmission>,
) -> Answer<Stage> {
    let mut message = m;
    if *double.exchanges.lock().unwrap() {
        let own = SoftwareSigner::generate_p256().unwrap();
        message.request = keys::request(&own).unwrap().der().into();
    }
    passed(double.issuer.submit(&message).await)
}

async fn collect(
    State(double): State<Arc<Exchanging>>,
    Json(m): Json<Collect>,
) -> Answer<CollectedCertificate> {
    let handed = double.handed.lock().unwrap().clone();
    match handed {
        Some(other) => Ok(Json(other)),
        None => passed(double.issuer.collect(&m).await),
    }
}

/// A person's own machine: the letter as a file, a key, a place for the certificate.
struct Machine {
    home: tempfile::TempDir,
}

impl Machine {
    fn new(official: &Official) -> Self {
        let home = tempfile::tempdir().unwrap();
        let letter = serde_json::to_vec(&official.letter).unwrap();
        system::file::create_private(&home.path().join("letter.json"), &letter).unwrap();
        tests::write_passphrase(&home.path().join("passphrase"));
        Self { home }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn yinxin(&self, words: &[&str]) -> Output {
        let mut command = Command::new(binary("yinxin"));
        command.args(words).args(["--letter", "letter.json"]).current_dir(self.home.path());
        command.output().unwrap()
    }

    fn enroll(&self) -> Output {
        let words = ["enroll", "--yes", "--key", "my.key", "--out", "my.pem"];
        self.yinxin(&[&words[..], &["--passphrase-file", "passphrase", "--json"]].concat())
    }
}

fn said(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!("{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(err))
}

/// Who enrols with `yinxin` gets a certificate for their own key or none: an exchanged request is
/// refused by the CA, an exchanged certificate by the person's own machine.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_captured_portal_exchanges_keys_in_vain() {
    let mut office = Office::open().await;
    let (_, theirs) = office.official("李丹", "sz-office").await;
    let person = office.register("王小明", "sz-office").await;
    let official = office.letter(&person, "official");
    let machine = Machine::new(&official);
    let double = Arc::new(Exchanging {
        issuer: office.issuer_for("public"),
        exchanges: Mutex::new(true),
        handed: Mutex::new(None),
    });
    let routes = Router::new()
        .route(portal_api::public::LOOK_UP, post(look_up))
        .route(portal_api::public::SUBMIT, post(submit))
        .route(portal_api::public::COLLECT, post(collect))
        .with_state(double.clone());
    let _captured = office.capture("public", routes).await;
    let enrolled = machine.enroll();
    assert!(!enrolled.status.success() && said(&enrolled).contains("bind-mismatch"));
    let open =
        office.staff(&office.first("officer-1")).list(&mut Pages::begin()).await.unwrap().lines;
    assert!(open.is_empty(), "an order was made for its key: {open:?}");

    *double.exchanges.lock().unwrap() = false;
    assert!(machine.enroll().status.success());
    let Stage::Awaiting { order, .. } = office.look_up(&official).await.stage else { panic!() };
    office.approve_by_both(&order).await;
    until("it is issued", async || {
        matches!(office.look_up(&official).await.stage, Stage::Issued { .. })
    })
    .await;
    *double.handed.lock().unwrap() = Some(theirs);
    let enrolled = machine.enroll();
    assert!(!enrolled.status.success(), "{}", said(&enrolled));
    assert!(!machine.at("my.pem").exists(), "somebody else's certificate was kept");
    *double.handed.lock().unwrap() = None;
    until("the certificate", async || machine.enroll().status.success()).await;
    assert!(machine.at("my.pem").exists());
    invariants::hold(&office).await;
}

/// A loss report that a page swallows leaves no receipt that holds; `yinxin` checks it, and reports
/// to the status service itself, past the portal.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_captured_portal_swallows_a_loss_report_and_is_found_out() {
    let mut office = Office::open().await;
    let (official, collected) = office.official("王小明", "sz-office").await;
    let leaf = pki::Certificate::read(&collected.chain[0].0).unwrap();
    let machine = Machine::new(&official);
    let receipt = forged(&office, &official, leaf.serial().to_string());
    let file = serde_json::to_vec(&receipt).unwrap();
    let page = "<!doctype html><main>证书已吊销 <a href=/lost/receipt.json>保存回执</a></main>";
    let routes = Router::new()
        .route("/lost", post(move || async move { Html(page) }))
        .route("/lost/receipt.json", get(move || async move { file }));
    let _captured = office.capture("public", routes).await;
    let site = office.public_site();
    let told = site.post("/lost", "", &[("reference", &official.letter.reference)]).await;
    assert!(told.text.contains("证书已吊销"), "it says so");
    let given = site.get("/lost/receipt.json", "").await;
    std::fs::write(machine.at("receipt.json"), &given.text).unwrap();
    let checked = machine.yinxin(&["report-lost", "--receipt", "receipt.json", "--json"]);
    assert_eq!(checked.status.code(), Some(3), "{}", said(&checked));
    assert!(said(&checked).contains("not-trusted"), "{}", said(&checked));

    let reported = machine.yinxin(&["report-lost", "--yes", "--out", "true.json"]);
    assert!(reported.status.success(), "{}", said(&reported));
    office.listed(&leaf.serial().to_string()).await;
    let checked = machine.yinxin(&["report-lost", "--receipt", "true.json", "--json"]);
    assert!(checked.status.success(), "{}", said(&checked));
    assert!(said(&checked).contains(&leaf.serial().to_string()), "{}", said(&checked));
    // A true receipt of another letter is none of this one.
    let (other, _) = office.official_elsewhere("李丹").await;
    std::fs::copy(machine.at("true.json"), Machine::at(&other, "true.json")).unwrap();
    let checked = other.yinxin(&["report-lost", "--receipt", "true.json", "--json"]);
    assert_eq!(checked.status.code(), Some(3), "{}", said(&checked));
}

trait Elsewhere {
    async fn official_elsewhere(&self, name: &str) -> (Machine, Official);
}

impl Elsewhere for Office {
    /// Somebody with a letter, at a machine of their own.
    async fn official_elsewhere(&self, name: &str) -> (Machine, Official) {
        let person = self.register(name, "sz-office").await;
        let official = self.letter(&person, "official");
        (Machine::new(&official), official)
    }
}

/// A receipt as the status service would write it, signed by the portal's own key, with the chain
/// of the real one.
fn forged(office: &Office, official: &Official, serial: String) -> SignedReceipt {
    let receipt = LossReceipt {
        v: 1,
        reference: official.letter.reference.clone(),
        serials: vec![serial],
        time: "2026-11-25T08:00:00Z".into(),
        founding: office.trust.founding.clone(),
    };
    let bytes = records::json::write(&receipt).unwrap();
    let own = keys::open_plain(&office.path("portal/public.key")).unwrap();
    let signature = records::label::Label::Receipt.sign(&own, &bytes).unwrap();
    let read = |name: &str| {
        Bytes(std::fs::read(office.path(&format!("ca/public/ca/{name}.cer"))).unwrap())
    };
    let chain = vec![read("status"), read("root")];
    SignedReceipt { receipt: Bytes(bytes), signature: Bytes(signature), chain }
}

/// What officers handed in is kept and sent again: the same, for another order, as another
/// officer's, after its order is over. Nothing counts twice, and nothing else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_captured_portal_replays_approvals_in_vain() {
    let mut office = Office::open().await;
    let apply = async |office: &Office, name: &str| {
        let person = office.register(name, "sz-office").await;
        let official = office.letter(&person, "official");
        (office.apply(&official).await, official)
    };
    let (wanted, _) = apply(&office, "王小明").await;
    let (other, official) = apply(&office, "李丹").await;
    let (one, two) = (office.first("officer-1"), office.first("officer-2"));
    let fetch = async |office: &Office, order: &str| {
        let message = ca_api::OrderQuery { order: order.to_owned() };
        let certificate = office.first("officer-1").leaf().der().into();
        let message = AsOfficer { certificate, message };
        office.issuer_for("staff").fetch(&message).await.unwrap().signed.digest()
    };
    let kept: Arc<Mutex<Vec<Approval>>> = Arc::default();
    let (taken, issuer) = (kept.clone(), Arc::new(office.issuer_for("staff")));
    let approve = move |Json(approval): Json<Approval>| {
        let (taken, issuer) = (taken.clone(), issuer.clone());
        async move {
            taken.lock().unwrap().push(approval.clone());
            let certificate = approval.certificate.clone();
            passed(issuer.approve(&AsOfficer { certificate, message: approval }).await)
        }
    };
    let routes = Router::new().route(portal_api::staff::APPROVE, post(approve));
    let _captured = office.capture("staff", routes).await;
    let digest = fetch(&office, &other).await;
    let signed = Approval::sign(digest, one.leaf(), &one.signer).unwrap();
    office.staff(&one).approve(&signed).await.unwrap();

    let issuer = office.issuer_for("staff");
    let replay = async |certificate: &pki::Certificate, change: &dyn Fn(&mut Approval)| {
        let mut approval = kept.lock().unwrap()[0].clone();
        change(&mut approval);
        let message = AsOfficer { certificate: certificate.der().into(), message: approval };
        match issuer.approve(&message).await {
            Ok(approved) => panic!("{approved:?}"),
            Err(error) => error.code().name(),
        }
    };
    let aim = fetch(&office, &wanted).await;
    assert_eq!(replay(one.leaf(), &|_| {}).await, "approver-twice");
    assert_eq!(replay(one.leaf(), &|a| a.order = aim.into()).await, "approval-signature");
    assert_eq!(replay(two.leaf(), &|_| {}).await, "approval-signature");
    let as_two = |a: &mut Approval| a.certificate = two.leaf().der().into();
    assert_eq!(replay(two.leaf(), &as_two).await, "approval-signature");
    assert_eq!(replay(one.leaf(), &|a| a.method = "passkey".into()).await, "approval-signature");
    let second = Approval::sign(digest, two.leaf(), &two.signer).unwrap();
    office.staff(&two).approve(&second).await.unwrap();
    office.collect(&official).await;
    assert_eq!(replay(one.leaf(), &|_| {}).await, "order-consumed");
    invariants::hold(&office).await;
}

/// A page that asks for a touch as if for login gets an approval of the order that it chose: that
/// it can. One touch carries nothing, a second one from a browser is refused, and the log names
/// whose it was. A touch for a login of its own is worth nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_touch_as_if_for_login_carries_nothing_alone() {
    let mut office = Office::founded_in_full();
    office.start_all().await;
    let browser = Browser::of(&office, "officer-1");
    let made = browser.act("passkey", &json!({}));
    office.certify_file(&browser.file()).await;
    let person = office.register("王小明", "sz-office").await;
    let official = office.letter(&person, "official");
    let order = office.apply(&official).await;
    let officer = office.first("officer-1");
    let digest = office.staff(&officer).fetch(&order).await.unwrap().signed.digest();

    let taken: Arc<Mutex<Vec<Value>>> = Arc::default();
    let credential = made["kept"][0]["credentialId"].as_str().unwrap();
    let _captured = office.capture("staff", as_if_for_login(credential, &taken)).await;
    let aim =
        Bytes::from(approval_challenge(&digest, records::ApprovalClaim::default())).to_string();
    let mut kept = made["kept"].clone();
    for challenge in [aim, Bytes::from([7; 32]).to_string()] {
        let trick = json!({ "kept": kept, "challenge": challenge });
        kept = browser.act("tricked", &trick)["kept"].clone();
    }
    let issuer = office.issuer_for("staff");
    let certificate = officer.leaf().der();
    let approve = async |said: &Value| {
        let message = touched(&digest, certificate, said);
        issuer.approve(&AsOfficer { certificate: certificate.into(), message }).await
    };
    let touches = taken.lock().unwrap().clone();
    let login = approve(&touches[1]).await.unwrap_err();
    assert_eq!(login.code().name(), "passkey-refused", "a login approves nothing");
    let misused = approve(&touches[0]).await.unwrap();
    assert_eq!((misused.approvals, misused.needed), (1, 2), "one touch carries nothing");
    let again = approve(&touches[0]).await.unwrap_err();
    assert_eq!(again.code().name(), "approver-twice");
    until("the log names whose touch it was", async || {
        office.control().await.iter().any(|record| {
            matches!(&record.event, records::record::Event::Approval { person, approval, .. }
                if *person == officer.person && approval.method == "passkey")
        })
    })
    .await;
    let collect = official.look_up();
    let collect = Collect { reference: collect.reference, key: collect.key };
    assert_eq!(code(office.public().collect(&collect).await), "not-ready");
    invariants::hold(&office).await;
}

/// The public host is the staff host's neighbour, one site with it. In other hands it still does
/// nothing there with an officer's browser: not by a form, by fetch, by a search in their name or
/// by WebSocket.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_captured_public_host_does_nothing_on_the_staff_host() {
    let mut office = Office::founded_in_full();
    office.start_all().await;
    let (_, collected) = office.official("王小明", "sz-office").await;
    let leaf = pki::Certificate::read(&collected.chain[0].0).unwrap();
    let staff = office.trust.portal_staff.clone();
    let page = attack(&staff, &format!("{staff}/certificates/{}/revoke", leaf.serial()));
    let routes = Router::new().route("/attack", get(move || async move { Html(page) }));
    let _captured = office.capture("public", routes).await;
    for person in ["officer-1", "auditor"] {
        let browser = Browser::of(&office, person);
        let seen = browser.act("attacked", &json!({ "complains": true }));
        let tried = seen["tried"].as_str().unwrap();
        assert!(!tried.contains("read") && tried.contains("socket closed"), "{seen}");
        assert!(seen["form"].as_str().unwrap().contains("cross-site"), "{seen}");
    }
    let open =
        office.staff(&office.first("officer-1")).list(&mut Pages::begin()).await.unwrap().lines;
    assert!(open.is_empty(), "an order was drafted: {open:?}");
    let searched = office.control().await.into_iter().any(|r| r.event.kind() == "searched");
    assert!(!searched, "a search was made in somebody's name");
}

/// A page that tries what a neighbour can.
fn attack(staff: &str, revoke: &str) -> String {
    let socket = staff.replace("https", "wss");
    format!(
        r#"<!doctype html><meta charset="utf-8"><main data-tried="0"></main>
<form method="post" action="{revoke}">
<input name="reason" value="superseded"><input name="evidence" value="x"><button>好</button></form>
<script type="module">
const main = document.querySelector("main");
const told = (text) => {{
  main.append(text + "; ");
  main.dataset.tried = Number(main.dataset.tried) + 1;
}};
const body = new URLSearchParams({{ reason: "superseded", evidence: "x" }});
for (const [url, more] of [
  ["{revoke}", {{ method: "POST", body, mode: "no-cors" }}],
  ["{staff}/certificates?find=%E7%8E%8B", {{}}],
  ["{staff}/audit?log=control", {{ mode: "no-cors" }}],
]) {{
  try {{
    const answer = await fetch(url, {{ credentials: "include", ...more }});
    told((await answer.text()) === "" ? "empty" : "read");
  }} catch {{ told("refused"); }}
}}
const socket = new WebSocket("{socket}/");
socket.onopen = () => told("socket open");
socket.onerror = () => told("socket closed");
</script>"#
    )
}

/// A portal whose pages look like a login, and take what they get.
fn as_if_for_login(credential: &str, taken: &Arc<Mutex<Vec<Value>>>) -> Router {
    let (credential, taken) = (credential.to_owned(), taken.clone());
    let keep = async move |Json(said): Json<Value>| taken.lock().unwrap().push(said);
    Router::new()
        .route("/{challenge}", get(move |path| login(path, credential.clone())))
        .route("/taken", post(keep))
}

/// The approval of an order that a touch amounts to.
fn touched(order: &[u8; 32], certificate: &[u8], said: &Value) -> Approval {
    let part = |name: &str| Bytes::read(said[name].as_str().unwrap()).unwrap();
    Approval {
        v: 1,
        method: "passkey".into(),
        order: (*order).into(),
        certificate: certificate.into(),
        signature: records::passkey::one_spelling(part("signature")),
        assertion: Some(Assertion {
            credential: part("credential"),
            authenticator_data: part("authenticator_data"),
            client_data: part("client_data"),
        }),
        acting_for: None,
        opened: None,
    }
}

/// A page that looks like a login and asks for whatever challenge stands in its address.
async fn login(path: axum::extract::Path<String>, credential: String) -> Html<String> {
    let challenge = path.0;
    Html(format!(
        r#"<!doctype html><meta charset="utf-8"><main><button>登录</button></main>
<script type="module">
const plain = (text) => atob(text.replaceAll("-", "+").replaceAll("_", "/"));
const bytes = (text) => Uint8Array.from(plain(text), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
  .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
document.querySelector("button").onclick = async () => {{
  const given = await navigator.credentials.get({{ publicKey: {{
    rpId: location.hostname, challenge: bytes("{challenge}"), userVerification: "required",
    allowCredentials: [{{ type: "public-key", id: bytes("{credential}") }}],
  }} }});
  const said = given.response;
  await fetch("/taken", {{ method: "POST", headers: {{ "content-type": "application/json" }},
    body: JSON.stringify({{
      credential: text(given.rawId), authenticator_data: text(said.authenticatorData),
      client_data: text(said.clientDataJSON), signature: text(said.signature),
    }}) }});
  document.querySelector("main").textContent = "已登录";
}};
</script>"#
    ))
}
