//! Wishes to revoke: what officers sign with their own key, at a desk or by a passkey, is theirs;
//! what only a portal says is told as that. What a portal reads in an officer's name is recorded.

use crate::evidence::{ALTERED, Files, MISSING, VERIFIED, exported, judged, part, tar, with};
use crate::hostile_texts::whole;
use ca_api::{AsOfficer, CertificateQuery, OfficerSearch, Revocation};
use portal_api::Pages;
use records::decline::{Decline, DeclineStatement, DeclineSubmission, Outcome};
use records::evidence::file;
use records::export::{OpenedOrder, ReviewFlag};
use records::lineage::Lineage;
use records::record::Event;
use records::record::Record;
use records::wish::Wish;
use records::{Bytes, Code, Disclosure, json};
use std::collections::BTreeMap;
use std::process::{Command, Output};
use tests::authenticator::Authenticator;
use tests::desk::{Desk, hidden};
use tests::people::code;
use tests::processes::until;
use tests::{Office, Officer, binary, invariants, random};

/// `yinxin` as a first person.
fn yinxin(office: &Office, person: &str, words: &[&str]) -> Output {
    let at = |end: &str| office.path(&format!("people/{person}.{end}"));
    let mut command = Command::new(binary("yinxin"));
    command.args(words).arg("--cert").arg(at("pem")).arg("--key").arg(at("key"));
    command.arg("--passphrase-file").arg(at("passphrase"));
    command.env("XDG_STATE_HOME", office.path("state"));
    command.arg("--trust").arg(office.path("ca/trust.json")).env("LANG", "C").output().unwrap()
}

async fn official(office: &Office, name: &str) -> String {
    let (_, collected) = office.official(name, "sz-office").await;
    pki::Certificate::read(&collected.chain[0].0).unwrap().serial().to_string()
}

async fn opened(office: &Office, officer: &Officer, order: &str) -> OpenedOrder {
    let export = office.staff(officer).fetch(order).await.unwrap();
    export.open(&office.trust, service::Clock::system().seconds()).unwrap()
}

/// What is said of who drafted an order.
fn drafted(opened: &OpenedOrder) -> String {
    let facts = portal_api::plain::facts(opened);
    facts.into_iter().find(|fact| fact.term.en == "drafted by").unwrap().value.en()
}

fn returned(officer: &Officer, opened: &OpenedOrder) -> DeclineSubmission {
    let reason = Disclosure::new("/reason", random(), "依据已变化".into());
    let statement = DeclineStatement {
        v: 1,
        order: opened.digest().into(),
        outcome: Outcome::Returned,
        reason: reason.commitment().unwrap(),
    };
    let bytes = Bytes(json::write(&statement).unwrap());
    let decline = Decline::sign(bytes, officer.leaf(), &officer.signer).unwrap();
    DeclineSubmission { decline, reason }
}

/// What a command says last to machines; before it stands what was signed.
fn last_line(done: &std::process::Output) -> serde_json::Value {
    let text = String::from_utf8_lossy(&done.stdout);
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let facts = lines[0]["facts"].as_array().unwrap();
    assert!(lines.len() == 2 && facts.len() > 4, "{text}");
    lines[1].clone()
}

/// A command, a desk and a touch in the portal's page each make an order whose drafter is proven;
/// a portal's word makes one that says so everywhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_for_a_revocation_is_proven_or_told_as_unsigned() {
    let office = Office::open().await;
    let (one, two) = (office.first("officer-1"), office.first("officer-2"));
    let mut passkey = Authenticator::new(&office);
    office.certify(&passkey, &one).await;
    let serial = official(&office, "王小明").await;

    let words = ["revoke", &serial, "--reason", "keyCompromise", "--evidence", "本人电话报告"];
    assert!(!yinxin(&office, "officer-1", &words).status.success(), "no terminal to ask at");
    let done = yinxin(&office, "officer-1", &[&["--json"], &words[..], &["--yes"]].concat());
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let by_command = last_line(&done)["order"].as_str().unwrap().to_owned();
    let read = opened(&office, &two, &by_command).await;
    assert!(drafted(&read).ends_with("signed with their certificate key"), "{}", drafted(&read));
    assert!(!read.can_be_declined());
    let declined = office.staff(&two).decline(&returned(&two, &read)).await;
    assert_eq!(code(declined), "state-conflict", "nobody declines it alone");

    // At a desk, by another officer with words of their own.
    let desk = Desk::open(&office, "officer-2").await;
    let form =
        [("serial", serial.as_str()), ("reason", "superseded"), ("evidence", "新证书\r\n已发")];
    let look = desk.act("/revoke", "/revoke", &form).await;
    assert_eq!(look.status, 200, "{}", look.text);
    for shown in [serial.as_str(), "superseded", "新证书 已发"] {
        assert!(look.text.contains(shown), "{shown}: {}", look.text);
    }
    let (token, digest) = (hidden(&look.text, "token"), hidden(&look.text, "digest"));
    let other = [("token", token.as_str()), ("digest", "0000")];
    let refused = desk.post("/revoke/sign", &other).await;
    assert_eq!(refused.status, 409, "it signs what it showed: {}", refused.text);
    let look = desk.act("/revoke", "/revoke", &form).await;
    let drawn = hidden(&look.text, "digest");
    assert_ne!(drawn, digest, "each is drawn anew");
    let signs = [("token", token.as_str()), ("digest", drawn.as_str())];
    let asked = desk.post("/revoke/sign", &signs).await;
    assert_eq!(asked.status, 303, "{}", asked.text);
    let shown = desk.get(asked.header("location")).await;
    assert!(shown.text.contains("本人用证书密钥签名"), "{}", shown.text);
    let wrong = [("serial", "01"), ("reason", "superseded"), ("evidence", "x")];
    let refused = desk.act("/revoke", "/revoke", &wrong).await;
    assert_eq!(refused.status, 409, "a few digits are no serial number: {}", refused.text);

    // By a touch in the page, which is asked for what is shown there.
    let site = office.staff_site(Some(one.identity()));
    let form = [("reason", "cessationOfOperation"), ("evidence", "已离职")];
    let page = site.post(&format!("/certificates/{serial}/revoke"), "", &form).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let (statement, salt) = (hidden(&page.text, "statement"), hidden(&page.text, "salt"));
    let bytes = Bytes::read(&statement).unwrap();
    let touch = passkey.approve(&one, [0; 32], |answer| {
        answer.challenge = Wish::challenge(&bytes.0);
    });
    let said = touch.assertion.unwrap();
    let text = |bytes: &Bytes| bytes.to_string();
    let (credential, data) = (text(&said.credential), text(&said.authenticator_data));
    let (client, signature) = (text(&said.client_data), text(&touch.signature));
    let form = [
        ("statement", statement.as_str()),
        ("salt", &salt),
        ("evidence", "已离职"),
        ("credential", &credential),
        ("authenticator_data", &data),
        ("client_data", &client),
        ("signature", &signature),
    ];
    refused_as_it_was_typed(&site, &serial, form).await;
    let wished = site.post(&format!("/certificates/{serial}/wished"), "", &form).await;
    assert_eq!(wished.status, 303, "{}", wished.text);
    let order = wished.header("location").strip_prefix("/orders/").unwrap().to_owned();
    let read = opened(&office, &two, &order).await;
    assert!(drafted(&read).ends_with("their passkey, as the CA checked"), "{}", drafted(&read));

    told_as_unsigned(&office, &desk, &by_command).await;
    office.approve_by_both(&by_command).await;
    office.listed(&serial).await;
    invariants::hold(&office).await;
}

/// What is refused after it was signed stands there again, to be checked and signed anew.
async fn refused_as_it_was_typed(
    site: &tests::web::Site,
    serial: &str,
    mut form: [(&str, &str); 7],
) {
    form[2].1 = "已离职，另有原因";
    let refused = site.post(&format!("/certificates/{serial}/wished"), "", &form).await;
    assert!(refused.status >= 400, "it is not what was signed: {}", refused.text);
    for kept in ["已离职，另有原因</textarea>", "cessationOfOperation", "/revoke\""] {
        assert!(refused.text.contains(kept), "{kept}: {}", refused.text);
    }
}

/// On the portal's word alone: facts, pages, list, desk and command line say so.
async fn told_as_unsigned(office: &Office, desk: &Desk, signed: &str) {
    let (one, two) = (office.first("officer-1"), office.first("officer-2"));
    let site = office.staff_site(Some(one.identity()));
    let other = official(office, "李丹").await;
    let form = [("reason", "superseded"), ("evidence", "x"), ("unsigned", "yes")];
    let asked = site.post(&format!("/certificates/{other}/revoke"), "", &form).await;
    assert_eq!(asked.status, 303, "{}", asked.text);
    let unsigned = asked.header("location").strip_prefix("/orders/").unwrap().to_owned();
    let read = opened(office, &two, &unsigned).await;
    assert!(drafted(&read).contains("no signature of theirs"), "{}", drafted(&read));
    let list = office.staff(&two).list(&mut Pages::begin()).await.unwrap().lines;
    let look: BTreeMap<&str, Option<ReviewFlag>> =
        list.iter().map(|line| (line.order.as_str(), line.look)).collect();
    assert_eq!((look[&*unsigned], look[signed]), (Some(ReviewFlag::Unsigned), None));
    let shown = desk.get("/").await.text;
    assert!(shown.contains("没有本人签名"), "{shown}");
    let listed = yinxin(office, "officer-2", &["approve"]);
    let listed = whole(&String::from_utf8_lossy(&listed.stdout));
    let line = |order: &str| listed.lines().find(|line| line.contains(order)).unwrap();
    assert!(line(&unsigned).contains("no signature"), "{listed}");
    assert!(!line(signed).contains("no signature"), "{listed}");
    office.staff(&two).decline(&returned(&two, &read)).await.unwrap();
}

/// While nobody can say which passkeys somebody has, a wish is not sent without their signature:
/// whoever asked reads that it was not done, and may ask for it unsigned themselves.
#[tokio::test]
async fn what_was_to_be_signed_is_never_sent_unsigned() {
    let mut office = Office::open().await;
    let serial = official(&office, "王小明").await;
    let called = office.stand_before_issuer(ca_api::staff::PASSKEYS).await;
    let officer = office.first("officer-1");
    let site = office.staff_site(Some(officer.identity()));
    let path = format!("/certificates/{serial}/revoke");
    let form = [("reason", "superseded"), ("evidence", "x")];
    let page = site.post(&path, "", &form).await;
    assert_eq!(page.status, 503, "{}", page.text);
    let asks = [ca_api::staff::REVOKE, ca_api::staff::WISH];
    let sent = |called: &[String]| called.iter().filter(|one| asks.contains(&one.as_str())).count();
    assert_eq!(sent(&called.lock().unwrap()), 0, "nothing was sent");
    assert!(called.lock().unwrap().iter().any(|one| one == ca_api::staff::PASSKEYS));
    let unsigned = [form[0], form[1], ("unsigned", "yes")];
    let made = site.post(&path, "", &unsigned).await;
    assert_eq!((made.status, sent(&called.lock().unwrap())), (303, 1), "{}", made.text);
    let shown = site.get(made.header("location"), "").await;
    assert_eq!(shown.status, 503, "nor is an order shown as if nobody could sign: {}", shown.text);
}

/// A captured portal reads the directory in an officer's name, again and again: the log says who
/// read through which portal, and how often; auditors find it.
#[tokio::test]
async fn what_a_portal_reads_is_recorded_per_officer() {
    let mut office = Office::open().await;
    let serial = official(&office, "王小明").await;
    let (officer, other) = (office.first("officer-1"), office.first("officer-2"));
    let portal = office.issuer_for("staff");
    let sought = |officer: &Officer| AsOfficer {
        certificate: officer.leaf().der().into(),
        message: OfficerSearch { text: "王".into(), after: String::new() },
    };
    for _ in 0..5 {
        assert_eq!(portal.find(&sought(&officer)).await.unwrap().lines.len(), 1);
    }
    portal.find(&sought(&other)).await.unwrap();
    let certificate = officer.leaf().der().into();
    let named = AsOfficer { certificate, message: CertificateQuery { serial: serial.clone() } };
    portal.certificate(&named).await.unwrap();
    // Whoever is refused read nothing.
    let auditor = sought(&office.first("auditor"));
    assert_eq!(portal.find(&auditor).await.unwrap_err().code(), Code::NotYourRoute);
    let reads = async |office: &Office| -> Vec<(String, String, String, u64)> {
        let records = office.of_log("access").await.into_iter();
        let read = records.filter_map(|record| match record.event {
            Event::Read { by, person, act, count } => Some((by, person, act, count)),
            _ => None,
        });
        read.collect()
    };
    let of = |person: &str, act: &str, count| {
        ("portal-1/portal-staff".to_owned(), person.to_owned(), act.to_owned(), count)
    };
    let first = [
        of(&officer.person, "find", 1),
        of(&other.person, "find", 1),
        of(&officer.person, "certificate", 1),
    ];
    until("the log has them", async || {
        let found = reads(&office).await;
        first.iter().all(|one| found.contains(one))
    })
    .await;
    // Those after the first are told together, at the latest when the issuer ends.
    office.stop("issuer");
    until("those after the first are told", async || {
        reads(&office).await.contains(&of(&officer.person, "find", 4))
    })
    .await;
    let finds = reads(&office).await.into_iter().filter(|one| one.2 == "find").count();
    assert_eq!(finds, 3, "two for one officer, one for the other");
    office.start("issuer", &[]).await;
    let person = officer.person.as_str();
    let words = ["audit", "search", "--log", "access", "--kind", "read", "--person", person];
    let found = std::cell::RefCell::new(String::new());
    until("the index has it", async || {
        let said = yinxin(&office, "auditor", &words);
        *found.borrow_mut() = String::from_utf8_lossy(&said.stdout).into_owned();
        found.borrow().contains("people and certificates were looked up (4 more times)")
    })
    .await;
    assert!(found.borrow().contains("portal-1/portal-staff"), "{}", found.borrow());
}

/// Evidence about a certificate whose revocation an officer asked for under their own signature:
/// both verifiers follow the wish to its signer, and refuse one that was changed or whose signer
/// is not there.
#[tokio::test]
async fn evidence_of_a_revocation_holds_with_the_wish_as_it_was_signed() {
    let office = Office::open().await;
    let serial = official(&office, "王小明").await;
    let words = ["revoke", &serial, "--reason", "keyCompromise", "--evidence", "丢失", "--yes"];
    let done = yinxin(&office, "officer-1", &[&["--json"], &words[..]].concat());
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let said = last_line(&done);
    office.approve_by_both(said["order"].as_str().unwrap()).await;
    office.listed(&serial).await;
    let mut files = Files::new();
    let mut tries = 0;
    until("the evidence has the revocation", async || {
        tries += 1;
        let name = format!("revoked-{tries}.tar");
        files = exported(&office, &["--certificate", &serial], &name);
        position(&files, |event| matches!(event, Event::Revoked { .. })).is_some()
    })
    .await;
    let wished = |event: &Event| match event {
        Event::Order { order, .. } => String::from_utf8_lossy(&order.0).contains("\"wish\""),
        _ => false,
    };
    let wished = position(&files, wished).expect("the order with the wish");
    let signer = office.first("officer-1").person;
    let certified = |event: &Event| match event {
        Event::Issued { subject, .. } => *subject == signer,
        _ => false,
    };
    let certified = position(&files, certified).expect("the certificate of who signed");
    let altered = |change: fn(&mut serde_json::Value)| {
        with(&files, file::CONTROL, |lineage: &mut Lineage| {
            let record = &mut lineage.records[wished].record;
            record.0 = with_wish(&record.0, change);
        })
    };
    let without = |at: usize| {
        with(&files, file::CONTROL, |lineage: &mut Lineage| drop(lineage.records.remove(at)))
    };
    for (what, wanted, files) in [
        ("as it is", VERIFIED, files.clone()),
        ("its signature", ALTERED, altered(|wish| wish["signature"] = "AAAA".into())),
        ("its statement", ALTERED, altered(|wish| wish["statement"] = "e30".into())),
        ("its certificate", ALTERED, altered(|wish| wish["certificate"] = "MAA".into())),
        ("without the order", MISSING, without(wished)),
        ("without the signer's certificate", MISSING, without(certified)),
    ] {
        let path = office.path("case.tar");
        tar(&path, &files);
        let (ours, second, said) = judged(&office, &path, true);
        assert_eq!((ours, second), (wanted, wanted), "{what}: {said}");
    }
}

/// Where the first record of a kind stands in a lineage.
fn position(files: &Files, is: impl Fn(&Event) -> bool) -> Option<usize> {
    let lineage: Lineage = part(files, file::CONTROL);
    let event = |bytes: &Bytes| Record::read(&bytes.0).unwrap().event;
    lineage.records.iter().position(|one| is(&event(&one.record)))
}

/// A record of an order with the wish in it changed; all else stays as it was.
fn with_wish(record: &[u8], change: fn(&mut serde_json::Value)) -> Vec<u8> {
    let mut record: serde_json::Value = serde_json::from_slice(record).unwrap();
    let order = Bytes::read(record["body"]["order"].as_str().unwrap()).unwrap();
    let mut order: serde_json::Value = serde_json::from_slice(&order.0).unwrap();
    change(&mut order["body"]["wish"]);
    record["body"]["order"] = Bytes(json::write(&order).unwrap()).to_string().into();
    json::write(&record).unwrap()
}

/// An order whose basis moved is shown with that, cannot be approved by anybody's program, and can
/// be sent back; also where what was in force is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_whose_basis_moved_can_only_be_declined() {
    let office = Office::open().await;
    let security = office.first("security-1");
    let staff = office.staff(&security);
    let person = office.register("李丹", "sz-office").await;
    let words = ["role", "grant", &person, "unit-handler", "--scope", "sz-office"];
    let (grant, _) = office.draft(&words);
    let words = ["person", "move", &person, "--unit", "sz-finance", "--evidence", "调动"];
    let (moved, _) = office.draft(&words);
    office.approve_by_both(&moved).await;
    let profile = |version: u32| {
        let path = office.path("ca/policies/profiles/official.toml");
        let text = std::fs::read_to_string(path).unwrap();
        let file = office.path(&format!("official-{version}.toml"));
        let text = text.replace("version = 1", &format!("version = {version}"));
        std::fs::write(&file, text).unwrap();
        let file = file.display().to_string();
        office.draft(&["profile", &file]).0
    };
    let (second, third) = (profile(2), profile(3));
    office.approve_by_security(&second).await;

    for order in [&grant, &third] {
        let export = staff.fetch(order).await.unwrap();
        assert_eq!(export.standing.as_ref().unwrap().look, Some(ReviewFlag::Moved));
        let told = code(office.approve(&security, order).await);
        assert!(["person-changed", "state-conflict"].contains(&&*told), "{told}");
        let said = yinxin(&office, "security-1", &["approve", order, "--yes"]);
        let said = String::from_utf8_lossy(&said.stderr).into_owned();
        assert!(said.contains("can only be declined"), "{said}");
        let desk = Desk::open(&office, "security-1").await;
        let shown = desk.get(&format!("/orders/{order}")).await;
        assert!(shown.text.contains("只能退回"), "{}", shown.text);
        assert!(!shown.text.contains(&format!("/orders/{order}/approve")), "{}", shown.text);
        let site = office.staff_site(Some(security.identity()));
        let shown = site.get(&format!("/orders/{order}"), "").await;
        assert!(shown.text.contains("只能退回"), "{}", shown.text);
        assert!(!shown.text.contains(&format!("yinxin approve {order}")), "{}", shown.text);
        let list = staff.list(&mut Pages::begin()).await.unwrap().lines;
        let line = list.iter().find(|line| line.order == **order).unwrap();
        assert_eq!(line.look, Some(ReviewFlag::Moved));
        let words = ["return", order.as_str(), "--reason", "依据已变化", "--yes"];
        let done = yinxin(&office, "security-1", &words);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        assert_eq!(code(staff.fetch(order).await), "order-returned");
    }
    let (again, _) =
        office.draft(&["role", "grant", &person, "unit-handler", "--scope", "sz-office"]);
    office.approve_by_security(&again).await;
    invariants::hold(&office).await;
}

/// A portal asks for whatever it likes in an officer's name: there is a bound, one for each
/// certificate, and what an officer signs is done beside it.
#[tokio::test]
async fn a_captured_portal_asks_within_bounds_and_in_nobodys_way() {
    let office = Office::open().await;
    let serial = official(&office, "王小明").await;
    let (one, two) = (office.first("officer-1"), office.first("officer-2"));
    let portal = office.issuer_for("staff");
    let wanted = |officer: &Officer, reason: &str| AsOfficer {
        certificate: officer.leaf().der().into(),
        message: Revocation {
            serial: serial.clone(),
            reason: reason.into(),
            evidence: "捏造".into(),
        },
    };
    portal.revoke(&wanted(&one, "superseded")).await.unwrap();
    for (officer, reason) in [(&one, "keyCompromise"), (&two, "superseded")] {
        let told = portal.revoke(&wanted(officer, reason)).await.unwrap_err().code();
        assert_eq!(told, Code::WishOpen);
    }
    let words = ["revoke", &serial, "--reason", "keyCompromise", "--evidence", "丢失", "--yes"];
    let done = yinxin(&office, "officer-2", &[&["--json"], &words[..]].concat());
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let said = last_line(&done);
    office.approve_by_both(said["order"].as_str().unwrap()).await;
    office.listed(&serial).await;
    invariants::hold(&office).await;
}
