//! The walk of officers and auditors who use nothing but the desk: its one command as it stands
//! there, then each of its steps, on pages that show the words by which the walk names them.

use super::Walk;
use serde_json::json;
use std::collections::BTreeSet;
use tests::authenticator::Authenticator;
use tests::desk::{Desk, hidden};
use tests::processes::until;
use tests::{Office, workspace};

/// A desk as the walk opens it, with what was read on its pages.
struct Walked {
    desk: Desk,
    read: String,
}

impl Walked {
    async fn by(office: &Office, person: &str) -> Self {
        let mut walk = Walk::open("desk");
        walk.bring(office, person);
        let passphrase = std::fs::read_to_string(walk.at("passphrase")).unwrap();
        let command = walk.next("yinxin desk --cert my.pem --key my.key", &[], &["--json"]);
        let mut desk = Desk::started(command, passphrase.trim());
        walk.is_over();
        desk.enter().await;
        Self { desk, read: String::new() }
    }

    async fn open(&mut self, page: &str) -> String {
        let text = self.desk.get(page).await.text;
        self.read.push_str(&text);
        text
    }

    async fn act(&mut self, (page, action): (&str, &str), form: &[(&str, &str)]) -> String {
        self.open(page).await;
        let answer = self.desk.act(page, action, form).await;
        assert!(answer.status < 400, "{action}: {}", answer.text);
        self.read.push_str(&answer.text);
        answer.text
    }

    /// Signs what a page showed under a digest.
    async fn sign(&mut self, shown: &str, action: &str, form: &[(&str, &str)]) -> String {
        let (token, digest) = (hidden(shown, "token"), hidden(shown, "digest"));
        let own = [("token", token.as_str()), ("digest", digest.as_str())];
        let answer = self.desk.post(action, &[&own[..], form].concat()).await;
        assert!(answer.status < 400, "{action}: {}", answer.text);
        answer.text
    }

    /// Approves a batch, with what has to be opened in it.
    async fn approve_opened(&mut self, batch: &str) {
        let path = format!("/orders/{batch}");
        let shown = self.open(&path).await;
        let fields = shown.split("name=\"opened-").skip(1);
        let named: Vec<String> =
            fields.filter_map(|rest| Some(format!("opened-{}", rest.split_once('"')?.0))).collect();
        assert!(!named.is_empty(), "{shown}");
        let form: Vec<(&str, &str)> = named.iter().map(|name| (name.as_str(), "1")).collect();
        let token = hidden(&shown, "token");
        let unopened = [("token", token.as_str()), ("digest", &hidden(&shown, "digest"))];
        let refused = self.desk.post(&format!("{path}/approve"), &unopened).await;
        assert_eq!(refused.status, 409, "nobody said that they opened them: {}", refused.text);
        self.act((&path, &format!("{path}/approve")), &form).await;
    }

    /// The end, and what it leaves.
    async fn end(mut self) -> String {
        self.act(("/key", "/close"), &[]).await;
        self.read
    }
}

/// A batch of the applications of these people.
async fn batch_of(office: &Office, names: &[&str]) -> String {
    let portal = office.staff(&office.first("officer-1"));
    let mut rows = Vec::new();
    for name in names {
        let person = office.register(name, "sz-office").await;
        let order = office.apply(&office.letter(&person, "official")).await;
        rows.push(portal.fetch(&order).await.unwrap().signed.digest().into());
    }
    portal.batch(&portal_api::Batch { rows }).await.unwrap().order
}

/// Suspends somebody's certificate, once, and saves a receipt that holds.
async fn suspend(office: &Office, officer: &mut Walked) {
    let held = office.official("钱二", "sz-office").await.1;
    let held = pki::Certificate::read(&held.chain[0].0).unwrap().serial().to_string();
    let form = [("serial", held.as_str()), ("reason", "keyCompromise"), ("evidence", "来电")];
    let shown = officer.act(("/suspend", "/suspend"), &form).await;
    let done = officer.sign(&shown, "/suspend/sign", &[]).await;
    assert!(done.contains(&held) && done.contains("已冻结"), "{done}");
    officer.read.push_str(&done);
    let again = hidden(&shown, "digest");
    let form = [("token", hidden(&shown, "token")), ("digest", again)];
    let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
    let again = officer.desk.post("/suspend/sign", &form).await;
    assert_eq!(again.status, 409, "what was shown is signed once: {}", again.text);
    let (kind, receipt) = officer.desk.save("/suspend/receipt.json").await;
    assert_eq!(kind, "application/json");
    let receipt: records::enrolment::SignedReceipt = serde_json::from_slice(&receipt).unwrap();
    let told =
        records::receipt::Receipt::open(&receipt, &office.trust, tests::built::now()).unwrap();
    match told {
        records::receipt::Receipt::Suspension(notice) => assert_eq!(notice.serials, [held]),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn officers_and_auditors_walk_at_the_desk_alone() {
    let office = Office::open().await;
    let mut officer = Walked::by(&office, "officer-1").await;
    let approved = office.register("王小明", "sz-office").await;
    let approved = office.letter(&approved, "official");
    let order = office.apply(&approved).await;
    assert!(officer.open("/").await.contains("王小明"));
    let path = format!("/orders/{order}");
    officer.act((&path, &format!("{path}/approve")), &[]).await;
    let mut second = Walked::by(&office, "officer-2").await;
    second.act((&path, &format!("{path}/approve")), &[]).await;
    let collected = office.collect(&approved).await;
    let serial = pki::Certificate::read(&collected.chain[0].0).unwrap().serial().to_string();

    let other = office.register("李丹", "sz-office").await;
    let path = format!("/orders/{}", office.apply(&office.letter(&other, "official")).await);
    let form = [("outcome", "returned"), ("reason", "登记的单位不对")];
    officer.act((&path, &format!("{path}/decline")), &form).await;

    let batch = batch_of(&office, &["张建国", "赵一"]).await;
    for walked in [&mut officer, &mut second] {
        walked.approve_opened(&batch).await;
    }
    office.carried_out(&batch).await;

    suspend(&office, &mut officer).await;

    let form = [("serial", serial.as_str()), ("reason", "superseded"), ("evidence", "来电")];
    let shown = officer.act(("/revoke", "/revoke"), &form).await;
    officer.sign(&shown, "/revoke/sign", &[]).await;

    let passkey = Authenticator::new(&office);
    let (data, client) = passkey.created(&office.first("officer-1"));
    let saved = json!({
        "v": 1, "origin": office.trust.portal_staff,
        "authenticator_data": records::Bytes(data), "client_data": records::Bytes(client),
    });
    let saved = saved.to_string();
    let shown = officer.act(("/passkey", "/passkey"), &[("saved", &saved)]).await;
    officer.sign(&shown, "/passkey/certify", &[("saved", &saved)]).await;

    let mut auditor = Walked::by(&office, "auditor").await;
    let search = format!("/audit?log=control&who={}", approved.letter.person);
    until("it is found", async || auditor.open(&search).await.contains(&serial)).await;
    let mut proven = String::new();
    until("there is evidence", async || {
        let form = [("certificate", serial.as_str())];
        proven = auditor.desk.act("/audit", "/evidence", &form).await.text;
        proven.contains("陈登记")
    })
    .await;
    auditor.read.push_str(&proven);
    let (kind, bundle) = auditor.desk.save("/evidence/evidence.tar").await;
    assert!(kind == "application/x-tar" && !bundle.is_empty());

    let read = officer.end().await + &auditor.end().await;
    let walk = std::fs::read_to_string(workspace().join("docs/walks/desk.md")).unwrap();
    let named: BTreeSet<&str> =
        walk.split('“').skip(1).filter_map(|rest| Some(rest.split_once('”')?.0)).collect();
    let chinese = named.into_iter().filter(|name| !name.is_ascii());
    let missing: Vec<&str> = chinese.filter(|name| !read.contains(name)).collect();
    assert!(missing.is_empty(), "no page of the desk says {missing:?}");
}
