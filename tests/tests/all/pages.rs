//! Pages, as people meet them: in Debian's Chromium, with real processes behind them.

use records::decline::Outcome;
use records::letter::Letter;
use records::record::Event;
use serde_json::{Value, json};
use sha2::Digest;
use std::path::Path;
use std::process::Command;
use tests::Office;
use tests::browser::Browser;
use tests::gate::AGENT;
use tests::processes::until;

/// The browser of somebody who was sent a letter.
fn with_letter(office: &Office, letter: &Letter) -> Browser {
    Browser::new(office).with(&json!({ "reference": letter.reference, "code": letter.code }))
}

/// The whole way of an official: letter, key made in the page, approval, collection, import, the
/// test of the certificate, an application behind a gate, and the loss report that ends it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_official_goes_the_whole_way_in_a_browser() {
    let mut office = Office::open().await;
    let _gate = office.gate().await;
    let person = office.register("王小明", "sz-office").await;
    let official = office.letter(&person, "official");
    let browser = with_letter(&office, &official.letter);

    let seen = browser.act("language", &json!({}));
    assert_eq!(seen["english"]["lang"], "en");
    assert!(seen["english"]["url"].as_str().unwrap().ends_with("/import"));
    assert_eq!(seen["chinese"], "zh-CN");

    let seen = browser.act("apply", &json!({}));
    let record = seen["record"].as_str().unwrap();
    assert!(record.contains("王＊明") && !record.contains("王小明"), "{record}");
    assert!(record.contains("区政府办公室"), "{record}");
    assert_eq!(seen["leaked"], json!([]), "a secret left the page");
    // The key, encrypted, and what opens the letter again.
    assert_eq!(seen["kept"].as_array().unwrap().len(), 2);
    assert!(seen["waiting"].as_str().unwrap().contains("0 / 2"));

    let other = with_letter(&office, &official.letter);
    let typed = other.act("keys", &json!({}));
    assert!(typed["record"].as_str().unwrap().contains("王＊明"), "{typed}");
    office.approve_by_both(seen["order"].as_str().unwrap()).await;
    office.look_up(&official).await;
    assert_eq!(other.act("elsewhere", &json!({})), json!({ "shown": true, "form": false }));
    let seen = browser.act("collect", &json!({}));
    assert_eq!(seen["kept"], json!([]), "the key stays behind");
    judged_by_openssl(&browser.file(), seen["password"].as_str().unwrap(), &person);

    let agent = office.city["admin_urls"]["agent"].as_str().unwrap_or_default().to_owned();
    assert!(!agent.is_empty(), "{AGENT} runs");
    known_to_the_gate(&office, &person).await;
    let application =
        format!("https://other.localhost:{}/documents/sz-office/2026-001", office.port(12));
    // The browser asks the application for an icon, which its rules do not know.
    let seen = browser.act("use", &json!({ "application": application, "complains": true }));
    let own = seen["own"]["text"].as_str().unwrap();
    assert_eq!(seen["own"]["status"], 200, "{own}");
    assert!(own.contains("证书可以使用") && own.contains("王小明"), "{own}");
    assert_eq!(seen["application"]["status"], 200, "{seen}");

    renewed_in_the_browser(&office, &browser, &person).await;

    let seen = browser.act("lose", &json!({}));
    let receipt = seen["receipt"].as_str().unwrap();
    assert!(receipt.contains("证书已吊销"), "{receipt}");
    let seen = browser.act("use", &json!({ "complains": true }));
    assert_eq!(seen["own"]["status"], 401);
    assert!(seen["own"]["text"].as_str().unwrap().contains("certificate-revoked"), "{seen}");
    // Who never had a certificate reads something else.
    let seen = other.act("use", &json!({ "complains": true }));
    assert!(seen["own"]["text"].as_str().unwrap().contains("certificate-required"), "{seen}");
    tests::invariants::hold(&office).await;
}

/// With the file alone: early, then behind officers because its profile became another, sent back
/// with a reason that is read before it is asked again, then the next file under the same password;
/// and rejected, with the reason.
async fn renewed_in_the_browser(office: &Office, browser: &Browser, person: &str) {
    let next = browser.file().with_file_name("next.p12");
    let files = json!({ "from": browser.file(), "file": next });
    let seen = browser.act("renew", &files);
    assert!(seen["text"].as_str().unwrap().contains("还不能续期"), "{seen}");
    crate::renewals::at_any_time(office).await;
    let seen = browser.act("renew", &files);
    let text = seen["text"].as_str().unwrap();
    assert!(text.contains("等待审批") && text.contains("证书模板有变"), "{text}");
    decline(office, &seen, Outcome::Returned, "照片不清").await;
    let count = orders(office).await;
    let seen = browser.act("renew", &files);
    let text = seen["text"].as_str().unwrap();
    assert!(text.contains("已退回") && text.contains("照片不清"), "{text}");
    assert_eq!(orders(office).await, count, "nothing was asked for");
    let again = json!({ "from": browser.file(), "file": next, "again": true });
    let seen = browser.act("renew", &again);
    assert!(seen["text"].as_str().unwrap().contains("等待审批"), "{seen}");
    office.approve_by_both(seen["order"].as_str().unwrap()).await;
    let seen = browser.act("renew", &files);
    assert!(seen["text"].as_str().unwrap().contains("新证书已经做好"), "{seen}");
    assert_eq!((&seen["leaked"], &seen["kept"]), (&json!(false), &json!([])));
    judged_by_openssl(&next, "一个够长的口令 2026", person);

    let words = ["person", "move", person, "--unit", "sz-finance", "--evidence", "调动"];
    let (moved, _) = office.draft(&words);
    office.approve_by_both(&moved).await;
    let files = json!({ "from": next, "file": next.with_file_name("never.p12") });
    let seen = browser.act("renew", &files);
    assert!(seen["text"].as_str().unwrap().contains("登记信息有变"), "{seen}");
    decline(office, &seen, Outcome::Rejected, "已离岗").await;
    let seen = browser.act("renew", &files);
    let text = seen["text"].as_str().unwrap();
    assert!(text.contains("已被驳回") && text.contains("已离岗"), "{text}");
}

/// How many orders the log has.
async fn orders(office: &Office) -> usize {
    office.control().await.iter().filter(|record| record.event.kind() == "order").count()
}

/// An officer ends the order that the page showed, and the applicant can read why.
async fn decline(office: &Office, seen: &Value, outcome: Outcome, reason: &str) {
    let (order, officer) = (seen["order"].as_str().unwrap(), office.first("officer-1"));
    let sha = crate::declines::digest(office, order).await;
    let declining = crate::declines::signed(&officer, sha, outcome, reason);
    office.staff(&officer).decline(&declining).await.unwrap();
    until("the log has it", async || {
        office.control().await.iter().any(|record| match &record.event {
            Event::Declined { decline, .. } => decline.statement == declining.decline.statement,
            _ => false,
        })
    })
    .await;
}

fn judged_by_openssl(file: &Path, password: &str, person: &str) {
    let done = Command::new("openssl")
        .args(["pkcs12", "-nokeys", "-passin", &format!("pass:{password}"), "-in"])
        .arg(file)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(text.contains(person), "{text}");
    // Browsers need the chain: the own certificate, the issuing CA, the root.
    assert_eq!(text.matches("BEGIN CERTIFICATE").count(), 3, "{text}");
}

async fn known_to_the_gate(office: &Office, person: &str) {
    until("the gate knows the person", async || {
        std::fs::read(office.path("gate/world/people.json")).is_ok_and(|bytes| {
            let signed: records::people::SignedPeople = serde_json::from_slice(&bytes).unwrap();
            String::from_utf8_lossy(&signed.snapshot.0).contains(person)
        })
    })
    .await;
}

/// One connection is for one host. A request for a second one is told 421, and answered on a
/// connection of its own; a browser with a certificate opens one by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_host_on_one_connection_is_misdirected() {
    let mut office = Office::founded_in_full();
    office.start_all().await;
    let gate = office.gate().await;
    let officer = office.first("officer-1");
    let asked = async |sni: &str, host: &str| {
        let mut h2 = gate.h2_of(&office, &officer, sni).await;
        let request = http::Request::builder().uri(format!("https://{host}/documents/x/1"));
        let request = request.body(http_body_util::Empty::new()).unwrap();
        h2.send_request(request).await.unwrap().status().as_u16()
    };
    assert_eq!(asked("localhost", "other.localhost").await, 421);
    assert_eq!(asked("other.localhost", "other.localhost").await, 403);
    assert_eq!(asked("other.localhost", "localhost").await, 421);

    let url =
        |host: &str| format!("https://{host}:{}/documents/sz-office/2026-001", office.port(12));
    let hosts = json!({
        "complains": true, "first": url("localhost"), "second": url("other.localhost"),
    });
    let seen = Browser::of(&office, "officer-1").act("two", &hosts);
    assert_eq!(seen, json!({ "first": 403, "second": 403 }), "it is refused by rule, and seen");

    // The hosts of the portal cannot be mixed: neither certificate names the other's host.
    for (process, host) in [("public", "staff.localhost"), ("staff", "portal.localhost")] {
        let text = std::fs::read_to_string(office.path(&format!("portal/{process}.pem"))).unwrap();
        let der = pki::pem::read(text.as_bytes(), pki::pem::Kind::Certificate).unwrap().remove(0);
        let names = String::from_utf8_lossy(&der).into_owned();
        assert!(!names.contains(host), "{process} names {host}");
    }
}

/// An officer makes a passkey in the page, has it certified by their own key and another person,
/// and approves in the page; a second officer approves by certificate key, and the order is carried
/// out. Another order the officer sends back, and several the officer approves as one batch.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_officer_approves_with_a_passkey_in_a_browser() {
    let office = Office::founded_in_full();
    let mut office = office;
    office.start_all().await;
    let browser = Browser::of(&office, "officer-1");
    let kept = browser.act("passkey", &json!({}))["kept"].clone();
    office.certify_file(&browser.file()).await;

    let person = office.register("王小明", "sz-office").await;
    let official = office.letter(&person, "official");
    let order = office.apply(&official).await;
    let seen = browser.act("approve", &json!({ "kept": kept, "order": order }));
    assert!(seen["listed"].as_str().unwrap().contains("王小明"), "{seen}");
    assert!(seen["shown"].as_str().unwrap().contains("签发机构的签名已核对"), "{seen}");
    assert!(seen["after"].as_str().unwrap().contains("1 / 2"), "{seen}");
    office.approve(&office.first("officer-2"), &order).await.unwrap();
    office.carried_out(&order).await;
    office.collect(&official).await;

    let person = office.register("李丹", "sz-office").await;
    let official = office.letter(&person, "official");
    let order = office.apply(&official).await;
    let reason = "登记的单位不对 & \"更正\" 后再来";
    // The key of before has counted less: a copy of it is refused.
    let kept = &seen["kept"];
    let seen = browser.act("decline", &json!({ "kept": kept, "order": order, "reason": reason }));
    assert!(seen["shown"].as_str().unwrap().contains(reason), "{seen}");
    assert!(seen["after"].as_str().unwrap().contains("没有待办"), "{seen}");
    match office.look_up(&official).await.stage {
        records::enrolment::Stage::Letter { returned: Some(told), .. } => assert_eq!(told, reason),
        other => panic!("{other:?}"),
    }

    // Several as one batch, with one touch, once what has to be opened is.
    let mut several = Vec::new();
    for name in ["赵五", "陈六"] {
        let person = office.register(name, "sz-office").await;
        let official = office.letter(&person, "official");
        office.apply(&official).await;
        several.push(official);
    }
    let seen = browser.act("batch", &json!({ "kept": seen["kept"] }));
    let shown = seen["shown"].as_str().unwrap();
    assert!(["赵五", "陈六", "须查看"].iter().all(|part| shown.contains(part)), "{seen}");
    assert_eq!(seen["unopened"], true, "{seen}");
    let batch = seen["order"].as_str().unwrap();
    office.approve(&office.first("officer-2"), batch).await.unwrap();
    office.carried_out(batch).await;
    for official in &several {
        office.collect(official).await;
    }
    tests::invariants::hold(&office).await;
}

/// What officers draft on pages, each with one touch: certificates of many that are revoked, what
/// releases one that was suspended, and who acts for somebody on leave. They read what is signed
/// before, and find it again behind it; what was typed beside a wrong field is not lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_officer_drafts_in_a_browser() {
    let mut office = Office::founded_in_full();
    office.start_all().await;
    let browser = Browser::of(&office, "officer-1");
    let kept = browser.act("passkey", &json!({}))["kept"].clone();
    office.certify_file(&browser.file()).await;
    let mut rows = "人员编号,姓名,吊销原因\n".to_owned();
    for name in ["王小明", "李丹"] {
        let (official, _) = office.official(name, "sz-office").await;
        rows.push_str(&format!("{},{name},superseded\n", official.letter.person));
    }
    let (held, collected) = office.official("张丢卡", "sz-office").await;
    crate::suspensions::by_letter(&office, &held).await.unwrap();
    let leaf = pki::Certificate::read(&collected.chain[0].0).unwrap();
    let serial = leaf.serial().to_string();
    let site = office.staff_site(Some(office.first("officer-1").identity()));
    until("the page offers to release it", async || {
        let page = site.get(&format!("/certificates/{serial}"), "").await;
        page.text.contains("id=\"release-evidence\"")
    })
    .await;
    let absent = office.register_officer("周登记", "registration-officer", "sz-office").await;
    let deputy = office.register("吴代理", "sz-office").await;

    let fields = [("what", "revoke"), ("rows", rows.as_str()), ("evidence", " ")];
    let wrong = site.post_file("/people/changes", &fields).await;
    assert!(wrong.status == 422 && wrong.text.contains("李丹,superseded"), "{}", wrong.text);

    let day = |days: u64| -> String {
        records::time::seconds(tests::now() + days * 86_400).chars().take(10).collect()
    };
    let typed = json!({
        "kept": kept, "rows": rows, "evidence": "本人当面核对", "serial": serial,
        "absent": absent.letter.person, "deputy": deputy, "from": day(1), "until": day(6),
    });
    let seen = browser.act("drafts", &typed);
    let says = |part: &str, when: &str, words: &[&str]| {
        let text = seen[part][when].as_str().unwrap();
        words.iter().for_each(|word| assert!(text.contains(word), "{part} {when}: {word}: {text}"));
    };
    says("many", "shown", &["王小明", "李丹", "本人当面核对"]);
    says("many", "after", &["王小明", "李丹", "0 / 2"]);
    says("release", "shown", &["张丢卡", serial.as_str()]);
    says("release", "after", &["解除冻结", "0 / 2"]);
    says("delegation", "shown", &["吴代理", "周登记"]);
    says("delegation", "after", &["代理审批", "解除冻结", "吴代理"]);
    tests::invariants::hold(&office).await;
}

/// The first page of all: it leads through trusting the root, and sees by itself when it is done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_of_the_root_sees_when_it_is_trusted() {
    let office = Office::open().await;
    let browser = Browser::new(&office).with(&json!({ "complains": true }));
    let config = std::fs::read_to_string(office.path("portal.toml")).unwrap();
    let config: toml::Value = toml::from_str(&config).unwrap();
    let chain = office.path(config["public"]["chain"].as_str().unwrap());
    let chain = pki::pem::read(&std::fs::read(chain).unwrap(), pki::pem::Kind::Certificate);
    let own = pki::Certificate::read(&chain.unwrap()[0]).unwrap();
    let excepted = data_encoding::BASE64.encode(&own.key().sha256());
    let seen = browser.act("untrusted", &json!({ "excepted": excepted }));
    assert!(seen["refused"].as_str().unwrap().contains("ERR_CERT_AUTHORITY_INVALID"), "{seen}");
    assert_eq!(seen["trusted"], false);
    let seen = browser.act("root", &json!({}));
    assert_eq!(seen["waiting"], false);
    let root =
        office.trust.root_sha256.0.chunks(2).map(|pair| data_encoding::HEXUPPER.encode(pair));
    let fingerprint = root.collect::<Vec<_>>().join(" ");
    assert!(seen["text"].as_str().unwrap().contains(&fingerprint), "{seen}");

    // What it offers is the root, and no other answer of the staff host is for another's pages.
    let public = office.client(&office.trust.portal_public, None);
    let root = public.get("/root.cer").await.unwrap();
    let sha256: [u8; 32] = sha2::Sha256::digest(root.body()).into();
    assert_eq!(office.trust.root_sha256.0, sha256);
    let staff = office.client(&office.trust.portal_staff, None);
    for (path, shared) in [("/trusted", "cross-origin"), ("/certificate", "same-origin")] {
        let answer = staff.get(path).await.unwrap();
        assert_eq!(answer.headers()["cross-origin-resource-policy"], shared, "{path}");
        assert!(path != "/trusted" || answer.body().is_empty());
    }
}
