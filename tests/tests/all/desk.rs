//! `yinxin desk`: officers and auditors at a page of their own program. What they sign there is
//! signed outside the portal's pages; nobody else gets in, and what the CA did not sign is not
//! shown.

use axum::routing::post;
use axum::{Json, Router};
use ca_api::AsOfficer;
use data_encoding::BASE64URL_NOPAD;
use portal_api::Pages;
use records::Approval;
use records::export::OrderExport;
use records::record::Event;
use serde_json::json;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tests::authenticator::Authenticator;
use tests::browser::Browser;
use tests::clients::ClientFiles;
use tests::desk::{Desk, hidden};
use tests::gate::ANSWER;
use tests::processes::until;
use tests::{Office, binary, invariants};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn apply(office: &Office, name: &str) -> String {
    let person = office.register(name, "sz-office").await;
    office.apply(&office.letter(&person, "official")).await
}

/// A touch in the portal's page and a signature at a desk carry an order, where a second touch
/// would not; another order is approved at two desks, a third is sent back, a passkey is certified.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_signed_at_a_desk_counts_as_outside_the_browser() {
    let office = Office::open().await;
    let (one, two) = (office.first("officer-1"), office.first("officer-2"));
    let (first, second) =
        (Desk::open(&office, "officer-1").await, Desk::open(&office, "officer-2").await);
    let mut passkey = Authenticator::new(&office);
    let (data, client) = passkey.created(&one);
    let saved = json!({
        "v": 1, "origin": office.trust.portal_staff,
        "authenticator_data": BASE64URL_NOPAD.encode(&data),
        "client_data": BASE64URL_NOPAD.encode(&client),
    });
    let saved = saved.to_string();
    let looked = first.act("/passkey", "/passkey", &[("saved", &saved)]).await;
    assert!(looked.text.contains(&office.trust.portal_staff), "{}", looked.text);
    let (token, digest) = (hidden(&looked.text, "token"), hidden(&looked.text, "digest"));
    let form = [("token", token.as_str()), ("saved", &saved), ("digest", &digest)];
    let asked = first.post("/passkey/certify", &form).await;
    let order = asked.text.split("class=\"code\">").nth(1).unwrap().split('<').next().unwrap();
    office.approve(&office.first("security-1"), order).await.unwrap();
    office.carried_out(order).await;

    let order = apply(&office, "王小明").await;
    let digest = office.staff(&one).fetch(&order).await.unwrap().signed.digest();
    let touched = passkey.approve(&one, digest, |_| {});
    office.staff(&one).approve(&touched).await.unwrap();
    assert!(second.get("/").await.text.contains("王小明"));
    let path = format!("/orders/{order}");
    let shown = second.get(&path).await;
    let digest = portal_api::plain::fingerprint(&digest);
    assert!(shown.text.contains("王小明") && shown.text.contains(&digest), "{}", shown.text);
    let signed = second.act(&path, &format!("{path}/approve"), &[]).await;
    assert_eq!((signed.status, signed.header("location")), (303, "/"), "{}", signed.text);
    office.carried_out(&order).await;
    let by_two = office.control().await.into_iter().find_map(|record| match record.event {
        Event::Approval { person, approval, .. } if person == two.person => Some(approval.method),
        _ => None,
    });
    assert_eq!(by_two.as_deref(), Some("certificate"), "no touch, no page of the portal");

    let order = apply(&office, "李丹").await;
    let path = format!("/orders/{order}");
    for desk in [&first, &second] {
        let signed = desk.act(&path, &format!("{path}/approve"), &[]).await;
        assert_eq!(signed.status, 303, "{}", signed.text);
    }
    office.carried_out(&order).await;
    let again = first.get(&path).await;
    assert_eq!(again.status, 409, "an order that is over: {}", again.text);

    let person = office.register("张建国", "sz-office").await;
    let official = office.letter(&person, "official");
    let path = format!("/orders/{}", office.apply(&official).await);
    let form = [("outcome", "returned"), ("reason", "登记的单位\r\n不对")];
    let empty = [("outcome", "returned"), ("reason", " ")];
    let refused = first.act(&path, &format!("{path}/decline"), &empty).await;
    assert_eq!(refused.status, 409, "without a reason: {}", refused.text);
    let signed = first.act(&path, &format!("{path}/decline"), &form).await;
    assert_eq!(signed.status, 303, "{}", signed.text);
    match office.look_up(&official).await.stage {
        records::enrolment::Stage::Letter { returned: Some(told), .. } => {
            assert_eq!(told, "登记的单位 不对");
        }
        other => panic!("{other:?}"),
    }
    invariants::hold(&office).await;
}

/// Everybody who is not the officer in the browser that used the link: the portal's pages, a name
/// that leads here, another user of the computer, a used link, whoever comes after the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_else_gets_into_a_desk() {
    let office = Office::open().await;
    let order = apply(&office, "王小明").await;
    let path = format!("/orders/{order}");
    let mut desk = Desk::open(&office, "officer-1").await;
    let shown = desk.get(&path).await;
    assert!(shown.text.contains("王小明"));
    let (token, digest) = (hidden(&shown.text, "token"), hidden(&shown.text, "digest"));
    let form = [("token", token.as_str()), ("digest", digest.as_str())];
    let approve = format!("{path}/approve");
    let (host, cookie, origin) = (desk.host.clone(), desk.cookie.clone(), desk.origin());
    let (host, cookie) = (host.as_str(), cookie.as_str());
    let port = host.rsplit_once(':').unwrap().1;

    // Another host, also with everything else: whatever name leads here, and the bare address.
    for other in
        [format!("127.0.0.1:{port}"), format!("localhost:{port}"), "evil.example".to_owned()]
    {
        let own = format!("http://{other}");
        let fields = [("host", other.as_str()), ("cookie", cookie), ("origin", &own)];
        for (method, at) in [("GET", "/"), ("GET", path.as_str()), ("POST", approve.as_str())] {
            let told = desk.send(method, at, &fields, &tests::web::encode(&form)).await;
            assert_eq!((told.status, told.text.as_str()), (421, ""), "{other} {at}");
        }
    }
    // Pages of other origins: the portal's staff host among them, with the cookie and the token.
    let staff = office.trust.portal_staff.clone();
    for other in [staff.as_str(), "null", "https://evil.example", "http://x.localhost"] {
        let fields = [("host", host), ("cookie", cookie), ("origin", other)];
        let told = desk.send("POST", &approve, &fields, &tests::web::encode(&form)).await;
        assert_eq!(told.status, 403, "{other}");
        let told = desk.send("GET", &path, &fields, "").await;
        assert!(told.status == 403 && !told.text.contains("王小明"), "{other}");
    }
    let foreign =
        [("host", host), ("cookie", cookie), ("origin", &origin), ("sec-fetch-site", "cross-site")];
    let told = desk.send("POST", &approve, &foreign, &tests::web::encode(&form)).await;
    assert_eq!(told.status, 403, "what the browser says of the page counts");
    let silent = [("host", host), ("cookie", cookie)];
    let told = desk.send("POST", &approve, &silent, &tests::web::encode(&form)).await;
    assert_eq!(told.status, 403, "a form of nobody");
    // A page of ours that is not of this session, or was made by somebody who read none.
    let told = desk.post(&approve, &[("token", "AAAA"), ("digest", &digest)]).await;
    assert_eq!(told.status, 403);
    // What was not shown is not signed.
    let told = desk.post(&approve, &[("token", &token), ("digest", "0000")]).await;
    assert_eq!(told.status, 409, "{}", told.text);

    // Another user of this computer reaches the port, and has neither cookie nor link.
    for cookie in ["", "yinxin-desk=AAAA", "yinxin-desk="] {
        let fields = [("host", host), ("cookie", cookie)];
        for at in [path.as_str(), "/key", "/audit", "/passkey", "/evidence/evidence.tar"] {
            let told = desk.send("GET", at, &fields, "").await;
            let says = told.text.contains("王小明") || told.text.contains("TOKEN");
            assert!(told.status == 403 && !says, "{at}: {}", told.text);
        }
        let fields = [("host", host), ("cookie", cookie), ("origin", &origin)];
        let told = desk.send("POST", &approve, &fields, &tests::web::encode(&form)).await;
        assert_eq!(told.status, 403, "a token without the cookie");
    }
    // The link was used; a guess is none.
    for secret in [desk.secret.as_str(), "", "AAAA"] {
        let told = desk.post("/open", &[("secret", secret)]).await;
        assert!(told.status == 403 && told.header("set-cookie").is_empty(), "{secret}");
    }
    let open =
        office.staff(&office.first("officer-2")).list(&mut Pages::begin()).await.unwrap().lines;
    let line = open.iter().find(|line| line.order == order).unwrap();
    assert_eq!(line.approvals, 0, "nothing of that was an approval");

    // Every answer leaves under the portal's policy, and the cookie is for this host's pages alone.
    let page = desk.get("/").await;
    let policy = std::fs::read_to_string(tests::workspace().join("tests/golden/policy.txt"));
    assert_eq!(page.header("content-security-policy"), policy.unwrap());
    assert_eq!(page.header("cache-control"), "no-store");

    // After the end, with the cookie, the token, the link: nothing, and soon nobody.
    let closed = desk.post("/close", &[("token", &token)]).await;
    assert!(closed.status == 200 && closed.text.contains("已经结束"), "{}", closed.text);
    until("the program ends", async || desk.running.child().try_wait().unwrap().is_some()).await;
    let address = format!("127.0.0.1:{port}");
    assert!(tokio::net::TcpStream::connect(&address).await.is_err(), "somebody still listens");
    invariants::hold(&office).await;
}

/// A desk tells programs what a gate would: HEAD is GET without a body, a limit has its code, who
/// waits for 100 gets it or the final status at once, and who sends no more is answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_desk_takes_what_http_allows() {
    let office = Office::open().await;
    let files = ClientFiles::of(&office, &office.first("officer-1"));
    let desk = Desk::open(&office, "officer-1").await;
    let here = format!("{}:127.0.0.1", desk.host);
    let cookie = format!("Cookie: {}", desk.cookie);
    let own = ["-i", "--noproxy", "*", "--resolve", &here, "-H", &cookie];
    let curl = async |path: &str, more: &[&str]| {
        let address = format!("http://{}{path}", desk.host);
        let words = [own.as_slice(), more, &[address.as_str()]].concat();
        let got = files.curl(&words).await;
        let (head, body) = got.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().to_owned();
        (status, body.to_owned(), got)
    };
    let long = format!("/?{}", "a".repeat(8_300));
    for (path, status) in [("/", "200"), ("/nothing", "404"), (long.as_str(), "414")] {
        let (get, head) = (curl(path, &[]).await, curl(path, &["-I"]).await);
        assert_eq!((get.0.as_str(), head.0.as_str()), (status, status), "{}", get.2);
        assert!(!get.1.is_empty() && head.1.is_empty(), "{status}: {}", head.2);
    }
    let field = format!("X-A: {}", "a".repeat(17_000));
    let fields: Vec<String> = (0..110).map(|n| format!("X-A{n}: a")).collect();
    let fields: Vec<&str> = fields.iter().flat_map(|field| ["-H", field.as_str()]).collect();
    for (path, fields, code) in [
        (long.as_str(), &[] as &[&str], "target-too-long"),
        ("/", &["-H", field.as_str()], "head-too-large"),
        ("/", &fields, "fields-too-many"),
        ("/", &["-H", "Expect: wonders"], "expectation-unknown"),
    ] {
        let (_, body, got) = curl(path, fields).await;
        assert!(body.contains(&format!("\"code\":\"{code}\"")), "{code}: {got}");
    }
    // Longer than the test may take: only an answer makes it send.
    let waits = ["--expect100-timeout", "60", "-H", "Expect: 100-continue", "-d", "token=x"];
    let origin = format!("Origin: {}", desk.origin());
    let (status, _, got) = curl("/key", &[waits.as_slice(), &["-H", &origin]].concat()).await;
    assert!(status == "100" && got.contains(" 403 "), "the form is read, and nobody's: {got}");
    let (status, _, got) = curl("/key", &waits).await;
    assert_eq!(status, "403", "a form of nobody is not read: {got}");

    let port: u16 = desk.host.rsplit_once(':').unwrap().1.parse().unwrap();
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    let get = format!("GET / HTTP/1.1\r\nHost: {}\r\n{cookie}\r\n\r\n", desk.host);
    stream.write_all(get.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    tokio::time::timeout(ANSWER, read).await.expect("the connection stays open").unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
}

/// A desk that nobody uses ends: not a second before its time, and with it the program and its
/// port, while one that is used goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_desk_that_nobody_uses_ends() {
    let office = Office::open().await;
    let clock = office.path("clock");
    let passes = |seconds: u64| {
        // Whoever reads it beside us reads one time or the other.
        std::fs::write(office.path("clock.new"), seconds.to_string()).unwrap();
        std::fs::rename(office.path("clock.new"), &clock).unwrap();
    };
    passes(0);
    let mut command = Desk::command(&office, "officer-1");
    command.env("YINXIN_CLOCK_FILE", &clock);
    let passphrase = office.path("people/officer-1.passphrase");
    let passphrase = keys::passphrase_from_file(&passphrase).unwrap();
    let mut desk = Desk::started(command, &passphrase);
    desk.enter().await;
    // Each look begins the time anew; the key is closed after as long as it may be open.
    passes(800);
    assert_eq!(desk.get("/").await.status, 200);
    passes(1_600);
    let told = desk.get("/").await;
    assert_eq!((told.status, told.header("location")), (303, "/key"), "{}", told.text);
    assert!(desk.running.child().try_wait().unwrap().is_none(), "it ended while it was used");
    passes(2_501);
    until("the program ends", async || desk.running.child().try_wait().unwrap().is_some()).await;
    assert!(desk.running.child().wait().unwrap().success());
    let address = desk.host.replace(desk.host.split(':').next().unwrap(), "127.0.0.1");
    assert!(tokio::net::TcpStream::connect(&address).await.is_err(), "somebody still listens");
}

/// While a desk runs nobody else takes its port of either loopback address; behind it, anybody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_listens_beside_a_desk() {
    let office = Office::open().await;
    let desk = Desk::of(&office, "officer-1");
    let port: u16 = desk.host.rsplit_once(':').unwrap().1.parse().unwrap();
    let addresses = [IpAddr::from(Ipv6Addr::LOCALHOST), IpAddr::from(Ipv4Addr::LOCALHOST)];
    for address in addresses {
        let told = std::net::TcpListener::bind((address, port)).unwrap_err();
        assert_eq!(told.kind(), ErrorKind::AddrInUse, "{address}");
    }
    desk.running.interrupt();
    for address in addresses {
        std::net::TcpListener::bind((address, port)).unwrap();
    }
}

/// A wrong passphrase opens nothing, and until the right one does nothing is fetched or signed; the
/// cookie is one that only the desk's own pages send.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_desk_without_its_key_signs_nothing() {
    let office = Office::open().await;
    let order = apply(&office, "王小明").await;
    let mut desk = Desk::of(&office, "officer-1");
    let empty = desk.get("/").await;
    assert!(empty.status == 200 && empty.text.contains("yinxin desk"), "{}", empty.text);
    assert!(!empty.text.contains(&office.trust.city), "it says whose it is: {}", empty.text);
    let entered = desk.post("/open", &[("secret", &desk.secret)]).await;
    let cookie = entered.header("set-cookie").to_owned();
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{cookie}");
    desk.cookie = entered.cookie();
    let path = format!("/orders/{order}");
    for at in ["/", path.as_str(), "/audit", "/passkey"] {
        let told = desk.get(at).await;
        assert_eq!((told.status, told.header("location")), (303, "/key"), "{at}");
    }
    let wrong = desk.act("/key", "/key", &[("passphrase", "not the passphrase")]).await;
    assert!(wrong.status == 403 && wrong.text.contains("wrong-passphrase"), "{}", wrong.text);
    let token = hidden(&wrong.text, "token");
    let told = desk.post(&format!("{path}/approve"), &[("token", &token), ("digest", "")]).await;
    assert_eq!((told.status, told.header("location")), (303, "/key"));
    let right = desk.act("/key", "/key", &[("passphrase", &desk.passphrase.clone())]).await;
    assert_eq!(right.header("location"), "/");
    assert!(desk.get(&path).await.text.contains("王小明"));
}

/// A portal's answers, which wait while somebody has the turn.
#[derive(Clone, Default)]
struct KeptBack {
    asked: Arc<AtomicUsize>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl KeptBack {
    /// Counts a question, and waits until its answer may go.
    async fn passes(&self) {
        self.asked.fetch_add(1, Ordering::Relaxed);
        drop(self.turn.lock().await);
    }
}

/// Ends a desk while a portal keeps back what is to be approved: it is not signed any more.
async fn ends_while_kept_back(desk: &Desk, kept: &KeptBack, (at, form): (&str, &[(&str, &str)])) {
    let (turn, before) = (kept.turn.lock().await, kept.asked.load(Ordering::Relaxed));
    let ending = async {
        until("the portal is asked", async || kept.asked.load(Ordering::Relaxed) > before).await;
        let closed = desk.post("/close", &form[..1]).await;
        assert_eq!(closed.status, 200, "{}", closed.text);
        drop(turn);
    };
    let (told, ()) = tokio::join!(desk.post(at, form), ending);
    assert_eq!(told.status, 409, "{}", told.text);
}

/// A captured portal changes what the CA signed, or shows another order: a desk shows neither and
/// signs nothing. What it passes on unchanged is shown and can be approved, until the desk is
/// ended, whenever the portal answers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_desk_believes_no_captured_portal() {
    let mut office = Office::open().await;
    let (order, other) = (apply(&office, "王小明").await, apply(&office, "李丹").await);
    let desk = Desk::open(&office, "officer-1").await;
    let officer = office.first("officer-1");
    let path = format!("/orders/{order}");
    let approve = format!("{path}/approve");
    let shown = desk.get(&path).await;
    let (token, digest) = (hidden(&shown.text, "token"), hidden(&shown.text, "digest"));
    let form = [("token", token.as_str()), ("digest", digest.as_str())];

    type Change = fn(&mut OrderExport);
    let change: Arc<Mutex<Option<Change>>> = Arc::default();
    let handed: Arc<Mutex<Vec<Approval>>> = Arc::default();
    let (issuer, changes, wanted) =
        (Arc::new(office.issuer_for("staff")), change.clone(), order.clone());
    let (kept, certificate) = (KeptBack::default(), records::Bytes::from(officer.leaf().der()));
    let keeps = kept.clone();
    let fetch = move |Json(asked): Json<portal_api::OrderFetch>| {
        let (issuer, changes, other) = (issuer.clone(), changes.clone(), other.clone());
        let (certificate, wanted, keeps) = (certificate.clone(), wanted.clone(), keeps.clone());
        async move {
            let change = *changes.lock().unwrap();
            // Without a change of its own it hands out another order than the one asked for.
            let order = if change.is_none() { other } else { asked.order };
            assert!(change.is_none() || order == wanted);
            let message = AsOfficer { certificate, message: ca_api::OrderQuery { order } };
            let mut export = issuer.fetch(&message).await.unwrap();
            change.unwrap_or(|_| {})(&mut export);
            keeps.passes().await;
            Json(export)
        }
    };
    let taken = handed.clone();
    let named = order.clone();
    let keep = move |Json(approval): Json<Approval>| {
        taken.lock().unwrap().push(approval);
        let order = named.clone();
        async move { Json(json!({ "order": order, "approvals": 1, "needed": 2 })) }
    };
    let routes = Router::new()
        .route(portal_api::staff::FETCH, post(fetch))
        .route(portal_api::staff::APPROVE, post(keep));
    let _captured = office.capture("staff", routes).await;
    let tricks: [(&str, Option<Change>); 4] = [
        ("another order", None),
        ("signature", Some(|export| export.signed.signature.0[8] ^= 1)),
        ("body", Some(|export| *export.signed.order.0.last_mut().unwrap() ^= 1)),
        ("name", Some(|export| export.signed.disclosures[0].value = "赵审核".into())),
    ];
    for (what, trick) in tricks {
        *change.lock().unwrap() = trick;
        let told = desk.get(&path).await;
        assert!(told.status == 409 && !told.text.contains("/approve"), "{what}: {}", told.text);
        let told = desk.post(&approve, &form).await;
        assert_eq!(told.status, 409, "{what}: {}", told.text);
    }
    assert!(handed.lock().unwrap().is_empty(), "something was signed");
    *change.lock().unwrap() = Some(|_| {});
    assert_eq!(desk.get(&path).await.text, shown.text, "the same as from the honest portal");
    let told = desk.post(&approve, &form).await;
    assert_eq!(told.status, 303, "{}", told.text);
    let approval = handed.lock().unwrap()[0].clone();
    let message = AsOfficer { certificate: officer.leaf().der().into(), message: approval };
    let approved = office.issuer_for("staff").approve(&message).await.unwrap();
    assert_eq!((approved.order, approved.approvals), (order, 1), "what was shown, nothing else");
    ends_while_kept_back(&desk, &kept, (&approve, &form)).await;
    assert_eq!(handed.lock().unwrap().len(), 1, "something was signed after the end");
}

/// An auditor finds records at their desk, takes evidence away and reads what it proves; anybody
/// verifies it. An officer who is none gets nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_auditor_searches_and_takes_evidence_at_a_desk() {
    let office = Office::open().await;
    let (official, collected) = office.official("王小明", "sz-office").await;
    let leaf = pki::Certificate::read(&collected.chain[0].0).unwrap();
    let serial = leaf.serial().to_string();
    let desk = Desk::open(&office, "auditor").await;
    let listed = desk.get("/").await;
    assert_eq!((listed.status, listed.header("location")), (303, "/audit"), "{}", listed.text);
    assert!(desk.get("/audit").await.text.contains("审计检索"));
    let search = format!("/audit?log=control&who={}", official.letter.person);
    until("the index has it", async || desk.get(&search).await.text.contains(&serial)).await;
    let wrong = desk.get("/audit?log=control&from=yesterday").await;
    assert!(wrong.text.contains("malformed"), "{}", wrong.text);
    until("there is evidence", async || {
        let page = desk.act("/audit", "/evidence", &[("certificate", &serial)]).await;
        page.status == 200 && page.text.contains("陈登记")
    })
    .await;
    let page = desk.act("/audit", "/evidence", &[("certificate", &serial)]).await;
    for word in ["以下不能由此证明", "转交者可能略去", "README.txt"] {
        assert!(page.text.contains(word), "{word}: {}", page.text);
    }
    let (kind, bundle) = desk.save("/evidence/evidence.tar").await;
    assert_eq!(kind, "application/x-tar");
    let file = office.path("evidence.tar");
    std::fs::write(&file, &bundle).unwrap();
    let mut verify = Command::new(binary("yinxin-verify"));
    let verify = verify.arg("--trust").arg(office.path("ca/trust.json")).arg(&file);
    let said = verify.output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stdout));
    let unknown = desk.act("/audit", "/evidence", &[("certificate", "00ff")]).await;
    assert_eq!(unknown.status, 404, "{}", unknown.text);

    let officer = Desk::open(&office, "officer-1").await;
    let told = officer.get(&search).await;
    assert!(!told.text.contains(&serial) && told.text.contains("class=\"problem\""));
    let told = officer.act("/audit", "/evidence", &[("certificate", &serial)]).await;
    assert_eq!(told.status, 409, "{}", told.text);
    assert_eq!(officer.get("/evidence/evidence.tar").await.status, 404);
}

/// In Debian's Chromium: the link leaves the address at once, the key is opened, an order approved;
/// a second tab is in as long as the first, and a page of the portal gets nothing from the desk.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_officer_works_at_a_desk_in_a_browser() {
    let office = Office::founded_in_full();
    let mut office = office;
    office.start_all().await;
    let order = apply(&office, "王小明").await;
    let desk = Desk::of(&office, "officer-1");
    let browser = Browser::of(&office, "officer-1");
    let given = json!({
        "link": desk.link(), "passphrase": desk.passphrase, "order": order, "complains": true,
    });
    let seen = browser.act("desk", &given);
    assert_eq!(seen["address"], format!("{}/key", desk.origin()), "{seen}");
    assert!(seen["shown"].as_str().unwrap().contains("王小明"), "{seen}");
    assert!(seen["second"].as_str().unwrap().contains("待办"), "{seen}");
    assert_eq!(seen["foreign"], "refused", "{seen}");
    assert!(seen["again"].as_str().unwrap().contains("链接已经用过"), "{seen}");
    assert!(seen["after"].as_str().unwrap().contains("已经结束"), "{seen}");
    let stale = seen["stale"].as_str().unwrap();
    assert!(!stale.contains("待办") && !stale.contains("王小明"), "{seen}");
    let open =
        office.staff(&office.first("officer-2")).list(&mut Pages::begin()).await.unwrap().lines;
    assert_eq!(open.iter().find(|line| line.order == order).unwrap().approvals, 1);
}
