//! What officers and auditors find on pages, each within their scope, and what they do from there.

use super::forms::refused;
use tests::Office;
use tests::web::{Site, encode};

/// An auditor searches on the page: what is found, in plain words; recorded as the portal's claim,
/// with the way to proof beside it. Nobody else searches, and nothing that opens a commitment
/// leaves.
#[tokio::test]
async fn auditors_search_on_a_page_that_is_no_proof() {
    use records::evidence::Search;
    use records::record::Event;
    let office = Office::open().await;
    let (official, _) = office.official("王小明", "sz-office").await;
    let person = official.letter.person.clone();
    let auditor = office.first("auditor");
    let site = office.staff_site(Some(auditor.identity()));
    let page = site.get("/audit", "").await;
    assert!(page.status == 200 && page.text.contains("检索结果不是证据"), "{}", page.text);
    let asked = format!("/audit?log=control&who={person}");
    tests::processes::until("the index has it", async || {
        site.get(&asked, "").await.text.contains("签发证书")
    })
    .await;
    let found = site.get(&asked, "").await;
    assert!(found.text.contains("王小明") && found.text.contains("制作办件"), "{}", found.text);
    let hostile = site.get("/audit?log=access&who=%3Cscript%3Ealert(1)%3C/script%3E", "").await;
    assert!(hostile.status == 200 && !hostile.text.contains("<script>alert"), "{}", hostile.text);

    let officer = office.staff_site(Some(office.first("officer-1").identity()));
    for path in ["/audit", asked.as_str()] {
        refused(&officer.get(path, "").await, 403, "not-your-route");
    }
    let claimed = async || {
        let records = office.control().await.into_iter();
        let of_page = |record: &records::Record| match &record.event {
            Event::Searched { by, person, .. } => {
                by == "portal-1/portal-staff" && *person == auditor.person
            }
            _ => false,
        };
        records.filter(of_page).count()
    };
    assert!(claimed().await >= 3, "a search was not recorded");

    // Straight at the log: only a portal's staff process, and only for an auditor.
    let message = |certificate: &pki::Certificate| ca_api::AsOfficer {
        certificate: certificate.der().into(),
        message: Search { log: "control".into(), ..Search::default() },
    };
    let as_process = |process: &str| {
        let path = |end: &str| office.path(&format!("portal/{process}.{end}"));
        let identity = mtls::tls::Identity::from_files(&path("pem"), &path("key")).unwrap();
        ca_api::Log(office.client(&office.trust.log, Some(identity)))
    };
    let staff = as_process("staff");
    let answer = staff.search(&message(auditor.leaf())).await.unwrap();
    assert!(!answer.found.is_empty());
    let no = staff.search(&message(office.first("officer-1").leaf())).await.unwrap_err();
    assert_eq!(no.code(), records::Code::NotYourRoute);
    let no = as_process("public").search(&message(auditor.leaf())).await.unwrap_err();
    assert_eq!(no.code(), records::Code::NotYourRoute);
    let own = ca_api::Log(office.client(&office.trust.log, Some(auditor.identity())));
    let no = own.search(&message(auditor.leaf())).await.unwrap_err();
    assert_eq!(no.code(), records::Code::NotYourRoute);
}

/// An officer finds people within their scope, sees where a certificate comes from, and drafts its
/// revocation, which others carry; what was typed wrong stays; nobody else finds anything.
#[tokio::test]
async fn officers_find_certificates_and_draft_revocations() {
    let office = Office::open().await;
    let (official, collected) = office.official("王小明", "sz-office").await;
    let leaf = pki::Certificate::read(&collected.chain[0].0).unwrap();
    let serial = leaf.serial().to_string();
    let site = office.staff_site(Some(office.first("officer-1").identity()));
    for find in ["王", "王小明", &official.letter.person, "sz-office", &serial] {
        let page = site.get(&format!("/certificates?{}", encode(&[("find", find)])), "").await;
        assert!(page.text.contains(&format!("/certificates/{serial}")), "{find}: {}", page.text);
    }
    for find in ["小明", "%", "_", "王%", "x' or '1'='1"] {
        let page = site.get(&format!("/certificates?{}", encode(&[("find", find)])), "").await;
        let found = page.text.contains(&format!("/certificates/{serial}"));
        assert_eq!((page.status, found), (200, false), "{find}");
    }
    let long = format!("/certificates?find={}", "x".repeat(81));
    refused(&site.get(&long, "").await, 400, "malformed");

    let address = format!("/certificates/{serial}");
    let page = site.get(&address, "").await;
    assert!(page.text.contains("陈登记") && page.text.contains("赵审核"), "{}", page.text);
    refused(&site.get("/certificates/0102", "").await, 404, "not-found");
    let revoke = format!("{address}/revoke");
    let empty = site.post(&revoke, "", &[("reason", "superseded"), ("evidence", " ")]).await;
    refused(&empty, 400, "malformed");
    assert!(empty.text.contains("value=\"superseded\" selected"), "{}", empty.text);
    let unknown = site.post(&revoke, "", &[("reason", "unspecified"), ("evidence", "x")]).await;
    refused(&unknown, 400, "malformed");
    // Where the language button leads back to is a page that can be read.
    assert!(empty.text.contains(&format!("name=\"back\" value=\"{address}\"")), "{}", empty.text);
    let page = site.get("/certificates?find=x&after=", "").await;
    assert!(page.text.contains("name=\"back\" value=\"/certificates?find=x&#38;after=\""));
    finds_nobody_from_another_site(&site, &official.letter.person, &serial).await;

    let form = [("reason", "cessationOfOperation"), ("evidence", "离任通知已核对")];
    let made = site.post(&revoke, "", &form).await;
    assert_eq!(made.status, 303, "{}", made.text);
    let again = site.post(&revoke, "", &form).await;
    assert_eq!(again.header("location"), made.header("location"), "sent twice, asked for once");
    let queue = site.get("/", "").await;
    // A name is quoted and stands apart from the id by which somebody is known.
    let person = &official.letter.person;
    let about = format!("「<bdi>王小明</bdi>」 (<bdi>{person}</bdi>), 「<bdi>区政府办公室</bdi>」");
    assert!(queue.text.contains(&about), "{}", queue.text);
    let order = made.header("location").trim_start_matches("/orders/").to_owned();
    let review = site.get(made.header("location"), "").await;
    for said in ["离任通知已核对", serial.as_str(), "离职、退休", "<bdi>王小明</bdi>」 ("]
    {
        assert!(review.text.contains(said), "{said}: {}", review.text);
    }
    office.approve_by_both(&order).await;
    let page = site.get(&address, "").await;
    assert!(page.text.contains("已吊销") && page.text.contains("离职、退休"), "{}", page.text);
    assert!(!page.text.contains("/revoke\""), "what is revoked is revoked again");

    let person = office.officer(official, &collected);
    let auditor = office.first("auditor").identity();
    for (what, identity) in [("official", Some(person.identity())), ("auditor", Some(auditor))] {
        let other = office.staff_site(identity);
        for path in ["/certificates", "/certificates?find=王", address.as_str()] {
            let path = path.replace('王', "%E7%8E%8B");
            let page = other.get(&path, "").await;
            assert!(matches!(page.status, 401 | 403), "{what} {path}: {}", page.text);
        }
        let posted = other.post(&revoke, "", &form).await;
        assert!(matches!(posted.status, 401 | 403), "{what}: {}", posted.text);
    }
}

/// A link on somebody else's page looks for nobody in the officer's name.
async fn finds_nobody_from_another_site(site: &Site, person: &str, serial: &str) {
    let fields = [("accept", "text/html"), ("sec-fetch-site", "cross-site")];
    for (page, id) in [("certificates", serial), ("people", person)] {
        let path = format!("/{page}?{}", encode(&[("find", "王")]));
        let link = format!("href=\"/{page}/{id}\"");
        let own = site.get(&path, "").await;
        assert!(own.text.contains(&link), "{}", own.text);
        let page = site.send("GET", &path, &fields, String::new()).await;
        assert!(page.status == 200 && page.text.contains("value=\"王\""), "{}", page.text);
        assert!(!page.text.contains(&link), "{}", page.text);
    }
}

/// An officer of one county finds nobody of another: how many there are, not who.
#[tokio::test]
async fn officers_find_nobody_outside_their_scope() {
    let office = Office::open().await;
    let (_, outside) = office.official("王大山", "sz-finance").await;
    let applied = office.register_officer("孙核验", "registration-officer", "sz-office").await;
    let order = office.apply(&applied).await;
    office.approve_by_both(&order).await;
    let collected = office.collect(&applied).await;
    let officer = office.officer(applied, &collected);
    let site = office.staff_site(Some(officer.identity()));
    let page = site.get(&format!("/certificates?{}", encode(&[("find", "王大山")])), "").await;
    assert!(page.text.contains("管辖范围之外另有： 1"), "{}", page.text);
    let serial = pki::Certificate::read(&outside.chain[0].0).unwrap().serial().to_string();
    assert!(!page.text.contains(&serial));
    refused(&site.get(&format!("/certificates/{serial}"), "").await, 403, "approver-scope");
    let form = [("reason", "superseded"), ("evidence", "x")];
    let posted = site.post(&format!("/certificates/{serial}/revoke"), "", &form).await;
    refused(&posted, 403, "approver-scope");
}

/// Whom an officer looks for stands behind thousands of others outside the scope: the page says so
/// far nothing, and the next page finds them.
#[tokio::test]
async fn officers_find_who_stands_behind_thousands() {
    let office = Office::open().await;
    let applied = office.register_officer("孙核验", "registration-officer", "sz-office").await;
    let order = office.apply(&applied).await;
    office.approve_by_both(&order).await;
    let collected = office.collect(&applied).await;
    let officer = office.officer(applied, &collected);
    let crowd = "insert into person (person_id, unit_id, version, left_office, name, disclosures) \
                 with recursive n (i) as (select 1 union all select i + 1 from n where i < 5050) \
                 select cast(1000000000000000 + i as text), 'sz-finance', 1, 0, '孙一', '[]' from n";
    sqlx::query(crowd).execute(&office.database().await).await.unwrap();
    let site = office.staff_site(Some(officer.identity()));
    let own = format!("/certificates/{}", officer.leaf().serial());
    let page = site.get(&format!("/certificates?{}", encode(&[("find", "孙")])), "").await;
    assert!(page.text.contains("到此为止") && !page.text.contains(&own), "{}", page.text);
    let next = page.text.split("href=\"").find(|link| link.contains("after=")).unwrap();
    let next = next.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
    let page = site.get(&next, "").await;
    assert!(page.text.contains(&own), "{}", page.text);
}

/// A revoked certificate's page says at how many gates that is in force, as they said themselves.
#[tokio::test]
async fn a_revocation_is_seen_in_force_at_the_gates() {
    let mut office = Office::open().await;
    let gate = office.gate().await;
    let (official, collected) = office.official("王小明", "sz-office").await;
    let loss = office.loss_of(&official);
    let serial = pki::Certificate::read(&collected.chain[0].0).unwrap().serial().to_string();
    let site = office.staff_site(Some(office.first("officer-1").identity()));
    let address = format!("/certificates/{serial}");
    let page = site.get(&address, "").await;
    assert!(!page.text.contains("已在网关生效") && page.text.contains("还没有使用记录"));
    let person = office.officer(official, &collected);
    gate.until_status(&office, &person, "/documents/sz-office/2026-001", 200).await;
    tests::processes::until("what it opened is told", async || {
        site.get(&address, "").await.text.contains("[exchange] · ")
    })
    .await;
    office.kill("agent");
    office.report(&loss).await;
    tests::processes::until("the page says that it waits", async || {
        site.get(&address, "").await.text.contains("0 / 1")
    })
    .await;
    office.start("agent", &[]).await;
    tests::processes::until("the gate has it in force", async || {
        site.get(&address, "").await.text.contains("1 / 1")
    })
    .await;
}
