//! Persons and units on the pages of officers and handlers: whole, by names, and for those whose
//! business they are; suspended from there by a touch, felt at a gate, and released by two others.

use pki::Certificate;
use records::Bytes;
use records::suspension::Suspension;
use tests::authenticator::Authenticator;
use tests::desk::hidden;
use tests::gate::get;
use tests::web::{Page, Site};
use tests::{Office, Officer, answers, invariants};

/// What everybody of the unit may read in the application behind the gate.
const OWN: &str = "/documents/sz-office/2026-001";

/// The page of a person says what is known of them to whoever decides about them, and nothing to
/// anybody else; before a leaving is approved it says what that takes away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_persons_page_is_read_within_scope_only() {
    let office = Office::open().await;
    let (official, collected) = office.official("王小明", "sz-office").await;
    let person = official.letter.person.clone();
    let bare = office.register("李无证", "sz-finance").await;
    let own = office.officer(official, &collected);
    let serial = own.leaf().serial().to_string();
    let site = office.staff_site(Some(office.first("officer-1").identity()));
    // Found by their name, also without a certificate.
    for (id, name) in [(&person, "王小明"), (&bare, "李无证")] {
        let found = site.get(&format!("/people?find={}", escaped(name)), "").await;
        assert!(found.text.contains(&format!("/people/{id}")), "{}", found.text);
        let page = site.get(&format!("/people/{id}"), "").await;
        assert!(page.status == 200 && page.text.contains(name), "{}", page.text);
        assert!(page.text.contains("新增人员"), "the request by which they came: {}", page.text);
    }
    let page = site.get(&format!("/people/{person}"), "").await;
    for shown in [serial.as_str(), "签发证书", "制作密码信封", " › "] {
        assert!(page.text.contains(shown), "{shown}: {}", page.text);
    }
    let unit = site.get("/organisation?unit=sz-office", "").await;
    assert!(unit.text.contains(&person) && unit.text.contains("王小明"), "{}", unit.text);

    // A leaving, as its approvers read it.
    let words = ["person", "leave", &person, "--evidence", "离任通知"];
    let (order, _) = office.draft(&words);
    let review = site.get(&format!("/orders/{order}"), "").await;
    assert!(
        review.text.contains("办结后的影响") && review.text.contains(&serial),
        "{}",
        review.text
    );

    // Neither the holder nor an auditor reads anybody.
    for who in [&own, &office.first("auditor")] {
        let site = office.staff_site(Some(who.identity()));
        for path in [format!("/people/{bare}"), "/organisation".into(), "/people".into()] {
            let refused = site.get(&path, "").await;
            assert!(refused.status == 403 && refused.text.contains("not-your-route"), "{path}");
        }
    }
    // An officer of one office reads nobody of the next.
    let applied = office.register_officer("周登记", "registration-officer", "sz-finance").await;
    let order = office.apply(&applied).await;
    office.approve_by_both(&order).await;
    let collected = office.collect(&applied).await;
    let narrow = office.officer(applied, &collected);
    let site = office.staff_site(Some(narrow.identity()));
    assert_eq!(site.get(&format!("/people/{bare}"), "").await.status, 200);
    for path in [format!("/people/{person}"), format!("/certificates/{serial}")] {
        let refused = site.get(&path, "").await;
        assert!(refused.status == 403 && refused.text.contains("approver-scope"), "{path}");
        assert!(!refused.text.contains("王小明"), "{path}");
    }
    let unit = site.get("/organisation?unit=sz-office", "").await;
    let is_told = unit.text.contains(&person) || unit.text.contains("王小明");
    assert!(unit.status == 200 && !is_told, "{}", unit.text);
    let units = ["", "sz-office", "sz-finance"];
    answers::hold(&office, &office.first("officer-1"), &own, &units).await;
    invariants::hold(&office).await;
}

fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// A touch suspends what the page showed and nothing else; the gate refuses the certificate until
/// two others released it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_passkey_suspends_what_its_page_showed() {
    let mut office = Office::open().await;
    let gate = office.gate().await;
    let holder = office.gate_official("王小明", "sz-office").await;
    let other = office.gate_official("李丹", "sz-office").await;
    let (serial, others) = (serial(holder.leaf()), serial(other.leaf()));
    assert_eq!(get(&mut gate.h1(&office, &holder).await, OWN).await.0, 200);

    let officer = office.first("officer-1");
    let mut passkey = Authenticator::new(&office);
    office.certify(&passkey, &officer).await;
    let site = office.staff_site(Some(officer.identity()));
    let form = [("reason", "keyCompromise"), ("evidence", "本人来电\r\n已核对")];
    let page = site.post(&format!("/certificates/{serial}/suspend"), "", &form).await;
    assert!(page.text.contains("本人来电 已核对") && page.text.contains(&serial), "{}", page.text);
    let shown = site.post(&format!("/certificates/{others}/suspend"), "", &form).await;
    // The answer to one page is none to the other.
    let misled = touched(&site, (&page, &shown, &serial), &officer, &mut passkey).await;
    assert!(misled.text.contains("passkey-refused"), "{}", misled.text);
    let done = touched(&site, (&page, &page, &serial), &officer, &mut passkey).await;
    assert!(done.status == 200 && done.text.contains("冻结回执"), "{}", done.text);
    gate.until_status(&office, &holder, OWN, 401).await;
    assert_eq!(get(&mut gate.h1(&office, &other).await, OWN).await.0, 200);
    let told = site.get(&format!("/certificates/{serial}"), "").await;
    assert!(told.text.contains("已冻结"), "{}", told.text);

    let (order, _) = office.draft(&["release", &serial, "--evidence", "本人当面核对"]);
    for name in ["officer-2", "security-1"] {
        office.approve(&office.first(name), &order).await.unwrap();
    }
    office.carried_out(&order).await;
    gate.until_status(&office, &holder, OWN, 200).await;
    invariants::hold(&office).await;
}

fn serial(certificate: &Certificate) -> String {
    certificate.serial().to_string()
}

/// Sends what one page asks to be signed, with a passkey's answer to what another one showed.
async fn touched(
    site: &Site,
    (page, shown, serial): (&Page, &Page, &str),
    officer: &Officer,
    passkey: &mut Authenticator,
) -> Page {
    let statement = Bytes::read(&hidden(&shown.text, "statement")).unwrap();
    let challenge = Suspension::challenge(&statement.0);
    let touch = passkey.approve(officer, [0; 32], |answer| answer.challenge = challenge);
    let said = touch.assertion.unwrap();
    let fields: Vec<(&str, String)> = vec![
        ("statement", hidden(&page.text, "statement")),
        ("salt", hidden(&page.text, "salt")),
        ("evidence", hidden(&page.text, "evidence")),
        ("credential", said.credential.to_string()),
        ("authenticator_data", said.authenticator_data.to_string()),
        ("client_data", said.client_data.to_string()),
        ("signature", touch.signature.to_string()),
    ];
    let form: Vec<(&str, &str)> = fields.iter().map(|(name, of)| (*name, of.as_str())).collect();
    site.post(&format!("/certificates/{serial}/suspended"), "", &form).await
}
