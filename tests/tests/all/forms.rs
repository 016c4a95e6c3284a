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

pub(super) fn refused(page: &Page, status: u16, code: &str) {
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
