//! Unit handlers: people of their unit, drafted under their own signature on pages and by `yinxin`,
//! approved by others, taken back by themselves. Each command is run as a page prints it.

use portal_api::{Batch, Pages};
use records::draft::Draft;
use records::export::OpenedOrder;
use records::handling::{DraftLine, PeopleQuery, RecordLine};
use records::record::Event;
use records::withdrawal::{Withdrawal, WithdrawnStatement};
use records::{Bytes, Code, json};
use std::process::{Command, Output};
use tests::authenticator::Authenticator;
use tests::desk::hidden;
use tests::people::code;
use tests::processes::until;
use tests::web::{Page, Site};
use tests::{Office, Officer, binary, invariants};

/// A handler of an office in Shangzhou.
pub(super) async fn handler(office: &Office, name: &str) -> Officer {
    let applied = office.register_officer(name, "unit-handler", "sz-office").await;
    let order = office.apply(&applied).await;
    office.approve_by_both(&order).await;
    let collected = office.collect(&applied).await;
    office.officer(applied, &collected)
}

/// Their key and certificate as files, as `yinxin enroll` writes them.
pub(super) fn files(office: &Office, officer: &Officer) {
    let pem: String = officer.chain.iter().map(pki::Certificate::pem).collect();
    std::fs::write(office.path("handler.pem"), pem).unwrap();
    let phrase = "handler's passphrase";
    std::fs::write(office.path("handler.passphrase"), phrase).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(office.path("handler.passphrase"), mode).unwrap();
    let key = office.path("handler.key");
    keys::save(&key, &officer.signer, phrase, keys::Stretch::Random).unwrap();
}

/// Runs words as a shell takes them, as the handler.
fn typed(office: &Office, line: &str) -> Output {
    let line = line.strip_prefix("yinxin ").expect("a command of ours");
    let at = |end: &str| office.path(&format!("handler.{end}")).display().to_string();
    let script = format!(
        "exec \"$YINXIN\" {line} --yes --cert '{}' --key '{}' --passphrase-file '{}' --trust '{}'",
        at("pem"),
        at("key"),
        at("passphrase"),
        office.path("ca/trust.json").display()
    );
    let mut command = Command::new("sh");
    command.args(["-c", &script]).env("YINXIN", binary("yinxin")).env("LANG", "C");
    command.output().unwrap()
}

pub(super) fn done(office: &Office, line: &str) -> String {
    let said = typed(office, line);
    assert!(said.status.success(), "{line}: {}", String::from_utf8_lossy(&said.stderr));
    String::from_utf8_lossy(&said.stdout).into_owned()
}

/// The command that a page prints.
pub(super) fn printed(page: &Page) -> String {
    let code = page.text.split("<pre><code>").nth(1).and_then(|rest| rest.split('<').next());
    let code = code.unwrap_or_else(|| panic!("{}", page.text));
    code.replace("&#39;", "'").replace("&quot;", "\"").replace("&amp;", "&")
}

async fn opened(office: &Office, officer: &Officer, order: &str) -> OpenedOrder {
    let export = office.staff(officer).fetch(order).await.unwrap();
    export.open(&office.trust, service::Clock::system().seconds()).unwrap()
}

/// Orders and letters in the list of own drafts, with what became of each.
async fn list(office: &Office, officer: &Officer) -> Vec<(String, String, String)> {
    let drafts = office.staff(officer).drafts(&mut Pages::begin()).await.unwrap();
    let lines = drafts.orders.into_iter().chain(drafts.letters);
    let about = |line: &DraftLine| portal_api::plain::told_about(&line.about).zh();
    lines.map(|line| (line.name.clone(), about(&line), line.state)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_registers_letters_and_corrects_people_of_their_unit() {
    let office = Office::open().await;
    let own = handler(&office, "陈经办").await;
    files(&office, &own);
    let site = office.staff_site(Some(own.identity()));
    let home = site.get("/people", "").await;
    assert!(home.text.contains("陈经办") && home.text.contains("/people/new"), "{}", home.text);
    assert!(home.text.contains("我的办件"), "the menu names it");

    // A new person: the page shows what approvers will read, and prints the command.
    let form = [
        ("what", "create"),
        ("name", "李'丹"),
        ("unit", "sz-office"),
        ("mail", "li.dan@example.com"),
        ("evidence", "录用文件\r\n已核对"),
    ];
    let page = site.post("/drafts/check", "", &form).await;
    assert_eq!(page.status, 200, "{}", page.text);
    for shown in ["新增", "li.dan@example.com", "录用文件 已核对", "陈经办"] {
        assert!(page.text.contains(shown), "{shown}: {}", page.text);
    }
    done(&office, &printed(&page));
    let (order, about, state) = list(&office, &own).await.remove(0);
    assert!(about.contains("「李'丹」") && state == "open", "{about} {state}");
    let officer = office.first("officer-1");
    let read = opened(&office, &officer, &order).await;
    let facts = portal_api::plain::facts(&read);
    let drafted = facts.iter().find(|fact| fact.term.en == "drafted by").unwrap();
    assert!(drafted.value.en().ends_with("signed with their certificate key"), "{drafted:?}");
    assert!(drafted.value.zh().contains("陈经办"));
    assert_eq!(code(office.approve(&own, &order).await), "not-your-route");
    office.approve_by_both(&order).await;
    let person = read.body().person().unwrap().to_owned();
    until("it is done", async || list(&office, &own).await[0].2 == "done").await;

    // A letter, which nobody approves, and which opens an application.
    let page = site.get(&format!("/people/{person}"), "").await;
    assert!(page.text.contains("李&#39;丹"), "{}", page.text);
    let form = [("what", "letter"), ("person", person.as_str()), ("profile", "official")];
    let page = site.post("/drafts/check", "", &form).await;
    let said = done(&office, &printed(&page));
    until("it is among the own drafts", async || {
        let newest = list(&office, &own).await.pop().unwrap();
        said.contains(&newest.0) && newest.2 == "open"
    })
    .await;
    let letter = list(&office, &own).await.pop().unwrap();
    let written = office.path(&format!("ca/issuer/letters/{}.json", letter.0));
    assert!(written.exists(), "the registration office prints it");
    let again = site.post("/drafts/check", "", &form).await;
    assert_eq!(again.status, 409, "{}", again.text);

    // Corrected, moved away, and out of reach.
    for (form, shown) in [
        (vec![("what", "correct"), ("name", "李丹"), ("mail", "")], "更正信息"),
        (vec![("what", "move"), ("unit", "sz-finance")], "调动"),
    ] {
        let common = [("person", person.as_str()), ("evidence", "调令")];
        let page = site.post("/drafts/check", "", &[&form[..], &common].concat()).await;
        assert!(page.text.contains(shown), "{}", page.text);
        done(&office, &printed(&page));
        // Of those of one second the newest is not the first.
        let drafts = list(&office, &own).await;
        let order = drafts.iter().find(|(name, _, state)| state == "open" && *name != letter.0);
        office.approve_by_both(&order.unwrap().0).await;
    }
    let gone = site.get(&format!("/people/{person}"), "").await;
    assert!(gone.status == 403 && gone.text.contains("handler-scope"), "{}", gone.text);
    invariants::hold(&office).await;
}

/// A touch of a passkey signs what the page shows, and takes it back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_signs_and_takes_back_with_a_passkey() {
    let office = Office::open().await;
    let own = handler(&office, "陈经办").await;
    files(&office, &own);
    let mut passkey = Authenticator::new(&office);
    office.certify(&passkey, &own).await;
    let site = office.staff_site(Some(own.identity()));
    let form =
        [("what", "create"), ("name", "李丹"), ("unit", "sz-office"), ("evidence", "录用文件")];
    let page = site.post("/drafts/check", "", &form).await;
    let statement = Bytes::read(&hidden(&page.text, "statement")).unwrap();
    let challenge = Draft::challenge(&statement.0);
    refused_as_it_was_typed(&site, &page, &statement).await;
    let made = touched(&site, (&page, "/drafts/make"), &own, (&mut passkey, challenge)).await;
    assert_eq!((made.status, made.header("location")), (303, "/drafts"), "{}", made.text);
    until("it is among the own drafts", async || {
        list(&office, &own).await.first().is_some_and(|(_, _, state)| state == "open")
    })
    .await;
    let (order, ..) = list(&office, &own).await.remove(0);
    let read = opened(&office, &office.first("officer-1"), &order).await;
    assert!(read.order().draft.as_ref().unwrap().assertion.is_some());

    // Another's draft is not taken back, the own one is, and then nobody approves it.
    let drafts = site.get("/drafts", "").await;
    assert!(drafts.text.contains("/drafts/withdraw"), "{}", drafts.text);
    let form = [("name", order.as_str()), ("what", "order")];
    let page = site.post("/drafts/withdraw", "", &form).await;
    assert!(page.text.contains(&own.person), "all of it is shown: {}", page.text);
    assert_eq!(printed(&page), format!("yinxin withdraw {order}"));
    let statement = Bytes::read(&hidden(&page.text, "statement")).unwrap();
    let challenge = Withdrawal::challenge(&statement.0);
    let path = "/drafts/withdrawn";
    let taken = touched(&site, (&page, path), &own, (&mut passkey, challenge)).await;
    assert_eq!((taken.status, taken.header("location")), (303, "/drafts"), "{}", taken.text);
    let officer = office.first("officer-1");
    assert_eq!(code(office.staff(&officer).fetch(&order).await), "order-withdrawn");
    until("it is told as taken back", async || list(&office, &own).await[0].2 == "withdrawn").await;
    let records = office.control().await;
    let said = records.iter().find_map(|record| match &record.event {
        Event::Withdrawn { statement, .. } => json::read::<WithdrawnStatement>(&statement.0).ok(),
        _ => None,
    });
    let said = said.unwrap();
    assert_eq!(said.drafter, format!("person:{}", own.person));
    assert!(said.withdrawal.unwrap().assertion.is_some());

    // By command: an order, a letter, and neither of an operator's.
    let becomes = async |name: &str, wanted: &str| {
        until("it is told among the own drafts", async || {
            let drafts = list(&office, &own).await;
            drafts.iter().any(|(known, _, state)| known == name && state == wanted)
        })
        .await;
    };
    let said = done(&office, &format!("yinxin draft person leave {} --evidence 误", own.person));
    let order = taken_back_by(&said, "yinxin withdraw ");
    becomes(&order, "open").await;
    done(&office, &format!("yinxin withdraw {order}"));
    becomes(&order, "withdrawn").await;
    let person = office.register("王小红", "sz-office").await;
    let said = done(&office, &format!("yinxin draft letter {person}"));
    let letter = taken_back_by(&said, "yinxin withdraw --letter ");
    becomes(&letter, "open").await;
    done(&office, &format!("yinxin withdraw --letter {letter}"));
    becomes(&letter, "voided").await;
    let words = ["person", "move", &person, "--unit", "sz-finance", "--evidence", "误"];
    let (order, _) = office.draft(&words);
    let told = typed(&office, &format!("yinxin withdraw {order}"));
    assert!(!told.status.success(), "{told:?}");
    office.ca(&["order", "withdraw", &order]);
    assert_eq!(code(office.staff(&officer).fetch(&order).await), "order-withdrawn");
    invariants::hold(&office).await;
}

/// What is refused after it was signed stands there again.
async fn refused_as_it_was_typed(site: &Site, page: &Page, statement: &Bytes) {
    let typed = ["what", "name", "unit", "evidence"].map(|name| (name, hidden(&page.text, name)));
    let mut forged: Vec<(&str, &str)> =
        typed.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (said, opens) = (statement.to_string(), hidden(&page.text, "disclosures"));
    let opens = opens.replace("&#34;", "\"");
    forged.extend([("statement", said.as_str()), ("disclosures", opens.as_str())]);
    let touch = ["credential", "authenticator_data", "client_data", "signature"];
    forged.extend(touch.map(|name| (name, "AA")));
    let refused = site.post("/drafts/make", "", &forged).await;
    assert!(refused.status >= 400, "nobody signed it: {}", refused.text);
    for kept in ["未能起草", "value=\"李丹\"", "sz-office", "录用文件</textarea>"] {
        assert!(refused.text.contains(kept), "{kept}: {}", refused.text);
    }
}

/// What was made, as the command to take it back names it.
fn taken_back_by(said: &str, before: &str) -> String {
    let rest = said.split(before).nth(1).unwrap_or_else(|| panic!("{said}"));
    rest.split_whitespace().next().unwrap().to_owned()
}

async fn touched(
    site: &Site,
    (page, path): (&Page, &str),
    officer: &Officer,
    (passkey, challenge): (&mut Authenticator, [u8; 32]),
) -> Page {
    let touch = passkey.approve(officer, [0; 32], |answer| answer.challenge = challenge);
    let said = touch.assertion.unwrap();
    let fields: Vec<(&str, String)> = vec![
        ("statement", hidden(&page.text, "statement")),
        ("credential", said.credential.to_string()),
        ("authenticator_data", said.authenticator_data.to_string()),
        ("client_data", said.client_data.to_string()),
        ("signature", touch.signature.to_string()),
    ];
    let mut form: Vec<(&str, &str)> =
        fields.iter().map(|(name, of)| (*name, of.as_str())).collect();
    let disclosures = match page.text.contains("name=\"disclosures\"") {
        true => hidden(&page.text, "disclosures").replace("&quot;", "\"").replace("&#34;", "\""),
        false => String::new(),
    };
    form.push(("disclosures", &disclosures));
    site.post(path, "", &form).await
}

/// What others' handlers may not see or do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_sees_their_own_units_people_only() {
    let office = Office::open().await;
    let own = handler(&office, "陈经办").await;
    let neighbour = office.register("王小红", "sz-finance").await;
    let staff = office.staff(&own);
    assert_eq!(code(staff.person(&neighbour).await), "handler-scope");
    let people = staff.people("", &mut Pages::begin()).await.unwrap();
    assert!(people.lines.iter().all(|line| line.unit == "sz-office"), "{people:?}");
    assert!(people.lines.iter().any(|line| line.person == own.person));
    assert_eq!(people.units.len(), 1);
    for text in ["王小红", "sz-finance", neighbour.as_str()] {
        let found = staff.people(text, &mut Pages::begin()).await.unwrap();
        assert!(found.lines.is_empty(), "{text}");
    }
    for name in ["officer-1", "auditor", "system"] {
        let other = office.staff(&office.first(name));
        // An officer reads whom they could decide about, and drafts about nobody.
        match other.people("", &mut Pages::begin()).await {
            Ok(people) => assert!(name == "officer-1" && people.units.is_empty(), "{name}"),
            refused => assert_eq!(code(refused), "not-your-route", "{name}"),
        }
        assert_eq!(code(other.person(&own.person).await), "not-your-route", "{name}");
        assert!(other.drafts(&mut Pages::begin()).await.unwrap().orders.is_empty(), "{name}");
    }
    neighbours_are_nobody(&office, &own, &neighbour).await;
    // What was read through the portal stands in the log, in the handler's name.
    until("the log has it", async || {
        let records = office.of_log("access").await;
        records.iter().any(|record| match &record.event {
            Event::Read { person, act, .. } => *person == own.person && act == "find",
            _ => false,
        })
    })
    .await;
}

/// No record of a neighbour is a handler's to read, by whichever question.
async fn neighbours_are_nobody(office: &Office, own: &Officer, neighbour: &str) {
    let (staff, site) = (office.staff(own), office.staff_site(Some(own.identity())));
    let people = vec![own.person.clone(), neighbour.to_owned()];
    let told = staff.records(&PeopleQuery { people }).await.unwrap();
    let alone = [RecordLine::Refused(Code::HandlerScope)];
    assert!(matches!(told.lines[0], RecordLine::Known(_)) && told.lines[1..] == alone, "{told:?}");
    let officer = office.first("officer-1");
    let serial = officer.leaf().serial().to_string();
    assert_eq!(code(staff.suspension(&serial).await), "handler-scope");
    let certificate = site.get(&format!("/certificates/{serial}"), "").await;
    let person = site.get(&format!("/people/{neighbour}"), "").await;
    for page in [certificate, person] {
        assert!(page.status == 403 && !page.text.contains("王小红"), "{}", page.text);
    }
    // An order about them, and a batch that holds it.
    let words = ["person", "leave", neighbour, "--evidence", "离任通知"];
    let (order, _) = office.draft(&words);
    assert!(code(staff.fetch(&order).await).starts_with("approver-"));
    let officer = office.staff(&officer);
    let digest = officer.fetch(&order).await.unwrap().signed.digest();
    let batch = officer.batch(&Batch { rows: vec![digest.into()] }).await.unwrap().order;
    assert_eq!(officer.receipt(&batch).await.unwrap().lines.len(), 1);
    assert_eq!(code(staff.receipt(&batch).await), "approver-scope");
}
