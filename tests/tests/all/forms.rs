//! What pages and their forms must refuse, each beside the nearest thing that is allowed.

use records::Bytes;
use records::enrolment::SignedReceipt;
use records::letter::bind;
use tests::web::{Page, Site, encode};
use tests::{Office, Official};

fn key(official: &Official) -> String {
    Bytes::from(official.keys.lookup().as_slice()).to_string()
}

/// Opens a letter; gives the browser's cookie.
async fn open(site: &Site, official: &Official) -> String {
    let form = [("reference", official.letter.reference.as_str()), ("key", &key(official))];
    let answer = site.post("/letter", "", &form).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/enrolment"), "{answer:?}");
    answer.cookie()
}

/// The challenge that stands in the page.
fn challenge(page: &Page) -> String {
    let (_, rest) = page.text.split_once("name=\"challenge\" value=\"").expect("a form");
    rest.split('"').next().unwrap().to_owned()
}

/// The form that the page's script sends.
fn request(official: &Official, challenge: &str, label: &str) -> Vec<(&'static str, String)> {
    let request = official.request();
    let tie = official.keys.bind_key(label).unwrap();
    let bound = bind(tie, &Bytes::read(challenge).unwrap().0, request.der());
    vec![
        ("challenge", challenge.to_owned()),
        ("request", Bytes::from(request.der()).to_string()),
        ("bind", Bytes::from(bound).to_string()),
    ]
}

fn pairs<'a>(form: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    form.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

fn refused(page: &Page, status: u16, code: &str) {
    assert_eq!(page.status, status, "{}", page.text);
    assert!(page.text.contains(code), "{code}: {}", page.text);
}

/// A change comes from a page of the same host, to the letter, or nothing happens.
#[tokio::test]
async fn only_pages_of_the_same_host_change_anything() {
    let office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    let official = office.letter(&person, "official");
    let site = office.public_site();
    let form = encode(&[("reference", &official.letter.reference), ("key", &key(&official))]);
    let kind = ("content-type", "application/x-www-form-urlencoded");
    let own = site.origin.as_str();
    let other_port = format!("{own}1");
    for (what, fields) in [
        ("no origin", vec![kind]),
        ("the staff host", vec![kind, ("origin", &office.trust.portal_staff)]),
        ("nobody", vec![kind, ("origin", "null")]),
        ("another port", vec![kind, ("origin", other_port.as_str())]),
        ("plain HTTP", vec![kind, ("origin", &own.replace("https", "http"))]),
        ("said to be same-site", vec![kind, ("origin", own), ("sec-fetch-site", "same-site")]),
        ("said to be cross-site", vec![kind, ("origin", own), ("sec-fetch-site", "cross-site")]),
    ] {
        for path in ["/letter", "/enrolment/request", "/lost", "/receipt", "/leave", "/language"] {
            let answer = site.send("POST", path, &fields, form.clone()).await;
            if path == "/enrolment/request" {
                refused(&answer, 401, "letter-needed");
            } else {
                refused(&answer, 403, "cross-site");
            }
            assert_eq!(answer.header("set-cookie"), "", "{what} {path}");
        }
    }
    let json = [("content-type", "application/json"), ("origin", own)];
    refused(&site.send("POST", "/letter", &json, "{}".into()).await, 400, "malformed");
    open(&site, &official).await;
}

/// The cookie is the letter: with a neighbour's reference or key it opens nothing, one that was
/// planted before is replaced, and after leaving nothing is open.
#[tokio::test]
async fn a_browser_opens_its_own_letter_only() {
    let office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    let neighbour = office.register("李丹", "sz-office").await;
    let (own, other) = (office.letter(&person, "official"), office.letter(&neighbour, "official"));
    let site = office.public_site();
    refused(&site.get("/enrolment", "").await, 401, "letter-needed");
    refused(&site.get("/enrolment", "__Host-letter=x").await, 401, "letter-needed");

    let planted = open(&site, &other).await;
    let form = [("reference", own.letter.reference.as_str()), ("key", &key(&own))];
    let answer = site.post("/letter", &planted, &form).await;
    let cookie = answer.cookie();
    assert_ne!(cookie, planted);
    for part in ["__Host-letter=", "Path=/", "Secure", "HttpOnly", "SameSite=Strict"] {
        assert!(answer.header("set-cookie").contains(part), "{part}");
    }
    let page = site.get("/enrolment", &cookie).await;
    assert!(page.text.contains("王＊明") && !page.text.contains("李"), "{}", page.text);
    refused(&site.get("/enrolment", &format!("{planted}; {cookie}")).await, 401, "letter-needed");

    let mixed = format!("__Host-letter={}.{}", other.letter.reference, key(&own));
    let answer = site.get("/enrolment", &mixed).await;
    refused(&answer, 403, "wrong-code");
    assert!(answer.header("set-cookie").contains("Max-Age=0"), "what opens nothing is dropped");

    let left = site.post("/leave", &cookie, &[]).await;
    assert!(left.header("set-cookie").contains("__Host-letter=; ") && left.status == 303);
    assert!(left.header("set-cookie").contains("Max-Age=0"));
}

/// Wrong codes close no letter, whoever types them; what was typed stays in the form.
#[tokio::test]
async fn wrong_codes_close_nothing_and_lose_nothing() {
    let office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    let official = office.letter(&person, "official");
    let site = office.public_site();
    let reference = official.letter.reference.as_str();
    let wrong = Bytes(vec![7; 32]).to_string();
    for _ in 0..8 {
        let answer = site.post("/letter", "", &[("reference", reference), ("key", &wrong)]).await;
        refused(&answer, 403, "wrong-code");
        assert!(answer.text.contains(&format!("value=\"{reference}\"")), "what was typed is lost");
        assert!(answer.text.contains("role=\"alert\""));
    }
    let right = [("reference", reference), ("key", &key(&official))];
    assert_eq!(site.post("/letter", "", &right).await.status, 303, "the right one opens it");
    let hostile = "\"><script>alert(1)</script>";
    let answer = site.post("/letter", "", &[("reference", hostile), ("key", "x")]).await;
    refused(&answer, 403, "wrong-code");
    assert!(!answer.text.contains("<script>alert"), "{}", answer.text);
}

/// Letters of staff belong into the command line, whatever a page sends.
#[tokio::test]
async fn letters_of_staff_open_no_page() {
    let office = Office::open().await;
    let person = office.register("周审计", "sz-office").await;
    let (order, _) = office.draft(&["role", "grant", &person, "auditor", "--scope", "shangluo"]);
    office.approve_by_security(&order).await;
    let official = office.letter(&person, "staff");
    let site = office.public_site();
    let form = [("reference", official.letter.reference.as_str()), ("key", &key(&official))];
    let answer = site.post("/letter", "", &form).await;
    refused(&answer, 403, "label-not-allowed");
    assert_eq!(answer.header("set-cookie"), "");
    let made = format!("__Host-letter={}.{}", official.letter.reference, key(&official));
    let page = site.get("/enrolment", &made).await;
    let form = request(&official, &challenge(&page), "page");
    let answer = site.post("/enrolment/request", &made, &pairs(&form)).await;
    refused(&answer, 403, "label-not-allowed");
}

/// A form counts once: sent twice, from a second tab, after going back, with another's tie.
#[tokio::test]
async fn a_form_counts_once() {
    let office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    let official = office.letter(&person, "official");
    let site = office.public_site();
    let cookie = open(&site, &official).await;
    let (one, two) = (site.get("/enrolment", &cookie).await, site.get("/enrolment", &cookie).await);
    assert_ne!(challenge(&one), challenge(&two), "each look has its own challenge");

    let mut foreign = request(&official, &challenge(&two), "page");
    foreign[2].1 = Bytes(vec![7; 32]).to_string();
    let answer = site.post("/enrolment/request", &cookie, &pairs(&foreign)).await;
    refused(&answer, 403, "bind-mismatch");
    let by_command = request(&official, &challenge(&site.get("/enrolment", &cookie).await), "cli");
    let answer = site.post("/enrolment/request", &cookie, &pairs(&by_command)).await;
    refused(&answer, 403, "bind-mismatch");

    let form = request(&official, &challenge(&site.get("/enrolment", &cookie).await), "page");
    let answer = site.post("/enrolment/request", &cookie, &pairs(&form)).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/enrolment"));
    let waiting = site.get("/enrolment", &cookie).await;
    assert!(waiting.text.contains("0 / 2"), "{}", waiting.text);
    let order = |page: &Page| page.text.split("办件编号").nth(1).unwrap()[..60].to_owned();
    let answer = site.post("/enrolment/request", &cookie, &pairs(&form)).await;
    refused(&answer, 409, "challenge-used");
    let again = site.get("/enrolment", &cookie).await;
    assert_eq!(order(&waiting), order(&again), "a form sent twice made two applications");
    // A second tab made its own key: that is a new application, and it replaces the first.
    let second = request(&official, &challenge(&one), "page");
    assert_eq!(site.post("/enrolment/request", &cookie, &pairs(&second)).await.status, 303);
    let replaced = site.get("/enrolment", &cookie).await;
    assert_ne!(order(&waiting), order(&replaced));
    assert_eq!(replaced.text.matches("办件编号").count(), 1);
}

/// Whoever is shown a receipt has it checked, as its code hands it in or as it was saved: what this
/// city signed reads, with one digit changed it does not.
#[tokio::test]
async fn a_receipt_is_checked_by_whoever_is_shown_it() {
    let office = Office::open().await;
    let site = office.public_site();
    let (official, collected) = office.official("王小明", "sz-office").await;
    let serial = pki::Certificate::read(&collected.chain[0].0).unwrap().serial().to_string();
    let reference = official.letter.reference.as_str();
    let value = |value: [u8; 32]| Bytes::from(value).to_string();
    let held = value(official.keys.suspension_value(reference));
    let post = async |path: &str, key: &str| {
        let form = [("reference", reference), ("key", key), ("confirmed", "yes")];
        site.post(path, "", &form).await
    };
    let held = post("/suspend", &held).await;
    assert!(held.text.contains("冻结回执") && held.text.contains("<svg"), "{}", held.text);
    let lost = value(official.keys.loss_value(reference));
    let told = post("/lost", &lost).await;
    let sheet = site.get("/lost/receipt", &told.cookie()).await;
    assert!(
        sheet.text.contains("扫码核验这份回执") && sheet.text.contains("<svg"),
        "{}",
        sheet.text
    );

    let document = site.get("/lost/receipt.json", &told.cookie()).await.text;
    let signed: SignedReceipt = serde_json::from_str(&document).unwrap();
    let printed = signed.printed().unwrap();
    for handed_in in [&printed, &document] {
        let page = site.post("/receipt", "", &[("receipt", handed_in)]).await;
        assert_eq!(page.status, 200, "{}", page.text);
        for said in ["回执真实", "挂失回执", reference, &serial] {
            assert!(page.text.contains(said), "{said}: {}", page.text);
        }
    }
    let text = String::from_utf8(signed.receipt.0.clone()).unwrap();
    let other = Bytes(text.replace(reference, "0123456789ABCDEF").into_bytes());
    let forged = SignedReceipt { receipt: other, ..signed };
    for handed_in in [&forged.printed().unwrap(), &printed[1..].to_owned(), &String::new()] {
        let page = site.post("/receipt", "", &[("receipt", handed_in)]).await;
        refused(&page, 400, "receipt-foreign");
        assert!(!page.text.contains("回执真实"), "{}", page.text);
    }
}

/// Addresses of the public host; nothing is behind two of them.
const PUBLIC: [&str; 8] = [
    "/",
    "/letter",
    "/import",
    "/lost",
    "/receipt",
    "/enrolment",
    "/nothing",
    "/assets/x/icon.svg",
];

/// What leaves is a page that nobody else can use: nothing is kept by caches, framed, or led
/// elsewhere.
#[tokio::test]
async fn pages_leave_with_what_keeps_others_out() {
    let office = Office::open().await;
    let site = office.public_site();
    let staff = office.staff_site(Some(office.first("officer-1").identity()));
    let nobody = office.staff_site(None);
    let json = [("content-type", "application/json")];
    let mut answers = Vec::new();
    for path in PUBLIC {
        answers.push((path, site.get(path, "").await));
    }
    for path in ["/", "/certificates", "/orders/x", "/orders/%FF", "/audit?before=x", "/passkeys"] {
        answers.push((path, staff.get(path, "").await));
    }
    answers.push(("twice", staff.get("/certificates?find=a&find=b", "").await));
    answers.push(("nobody", nobody.get("/", "").await));
    answers.push((
        "a redirect",
        site.post("/language", "", &[("language", "en"), ("back", "/")]).await,
    ));
    answers.push(("JSON", site.send("POST", "/api/look-up", &json, "{}".into()).await));
    answers.push(("no method", site.send("PUT", "/", &json, "{}".into()).await));
    for (what, page) in answers {
        let policy = page.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
        ] {
            assert!(policy.contains(part), "{what}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{what}");
        assert_eq!(page.header("cache-control"), "no-store", "{what}");
        assert_eq!(page.header("x-content-type-options"), "nosniff", "{what}");
        assert_eq!(page.header("cross-origin-opener-policy"), "same-origin", "{what}");
        assert!(page.header("strict-transport-security").contains("max-age"), "{what}");
    }
    refused(&staff.get("/certificates?find=a&find=b", "").await, 400, "malformed");
    refused(&staff.get("/audit?before=x", "").await, 400, "malformed");
    refused(&staff.get("/orders/%FF", "").await, 404, "not-found");
    let page = site.get("/", "").await;
    let (_, rest) = page.text.split_once("/assets/").unwrap();
    let style = format!("/assets/{}", rest.split('"').next().unwrap());
    let asset = site.get(&style, "").await;
    assert!(asset.status == 200 && asset.header("cache-control").contains("immutable"));
    let stale = style.replace(style.split('/').nth(2).unwrap(), "0000000000000000");
    assert_eq!(site.get(&stale, "").await.status, 404);
    assert_eq!(site.get("/assets/../portal.toml", "").await.status, 404);

    for (back, goes) in [
        ("/import", "/import"),
        ("//evil.example/", "/"),
        ("https://evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("/\r\nset-cookie: a=b", "/"),
        ("", "/"),
    ] {
        let answer = site.post("/language", "", &[("language", "en"), ("back", back)]).await;
        assert_eq!((answer.status, answer.header("location")), (303, goes), "{back}");
    }
    assert!(site.get("/", "__Host-language=en").await.text.contains("lang=\"en\""));
}

/// Why a certificate is not seen has a page for each cause; none of them shows anything else.
#[tokio::test]
async fn each_cause_of_an_unseen_certificate_has_its_page() {
    let office = Office::open().await;
    let (official, collected) = office.official("王小明", "sz-office").await;
    let loss = office.loss_of(&official);
    let person = office.officer(official, &collected);
    let officer = office.first("officer-1");
    let (nobody, known) = (office.staff_site(None), office.staff_site(Some(person.identity())));
    let staff = office.staff_site(Some(officer.identity()));
    for path in ["/", "/certificate", "/orders/0000000000000000"] {
        refused(&nobody.get(path, "").await, 401, "certificate-required");
    }
    let page = known.get("/certificate", "").await;
    assert!(page.status == 200 && page.text.contains("证书可以使用"), "{}", page.text);
    let answer = known.get("/", "").await;
    assert_eq!((answer.status, answer.header("location")), (303, "/certificate"));
    refused(&known.get("/orders/0000000000000000", "").await, 403, "not-your-route");
    assert!(staff.get("/", "").await.text.contains("没有待办事项"));
    refused(&staff.get("/orders/0000000000000000", "").await, 404, "order-unknown");
    refused(&staff.get("/orders/%3Cb%3E", "").await, 404, "order-unknown");

    let foreign = office.staff_site(Some(office.foreign().identity()));
    refused(&foreign.get("/certificate", "").await, 401, "certificate-foreign");
    office.report(&loss).await;
    tests::processes::until("the revocation is felt", async || {
        known.get("/certificate", "").await.status == 401
    })
    .await;
    refused(&known.get("/certificate", "").await, 401, "certificate-revoked");
}

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
    // A link on somebody else's page looks for nobody in the officer's name.
    let path = format!("/certificates?{}", encode(&[("find", "王")]));
    let fields = [("accept", "text/html"), ("sec-fetch-site", "cross-site")];
    let page = site.send("GET", &path, &fields, String::new()).await;
    assert!(page.status == 200 && !page.text.contains(&serial), "{}", page.text);

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
        site.get(&address, "").await.text.contains("exchange · ")
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
