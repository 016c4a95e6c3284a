//! The edges of the processes: who is let in by TLS and HTTP, what every process tells of itself,
//! what is published and how.

use ca_api::{AsOfficer, Page};
use http::StatusCode;
use mtls::Client;
use mtls::tls::Identity;
use portal_api::Pages;
use records::export::{OrderLine, OrderLines};
use rustls::pki_types::ServerName;
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use tests::people::code;
use tests::processes::{ALL, until};
use tests::{Office, matrix};
use tlog::tile::read_tile;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A process tells health, readiness and metrics; metrics name no person and no certificate.
#[tokio::test]
async fn every_process_tells_how_it_is_and_stops_gracefully() {
    let mut office = Office::open().await;
    let (official, collected) = office.official("王小明", "sz-office").await;
    let serial = pki::Certificate::read(&collected.chain[0].0).unwrap().serial().to_string();
    for name in ALL {
        let admin = office.admin(name);
        assert_eq!(admin.get("/healthz").await.unwrap().body().as_ref(), b"ok\n", "{name}");
        let metrics = admin.get("/metrics").await.unwrap();
        let text = String::from_utf8_lossy(metrics.body()).into_owned();
        assert!(text.contains("yinxin_"), "{name}: {text}");
        for secret in [&official.letter.person, &official.letter.reference, &serial] {
            assert!(!text.contains(secret.as_str()), "{name}: {text}");
            assert!(!office.log(name).contains(&official.letter.code), "{name}");
        }
        assert!(!office.log(name).contains("王小明"), "{name}");
    }
    // A stopped log is told by those who need it, and waited for.
    office.stop("log");
    let admin = office.admin("portal-public");
    office.look_up(&official).await;
    until("the portal says that its events wait", async || {
        !admin.get("/readyz").await.unwrap().status().is_success()
    })
    .await;
    office.start("log", &[]).await;
    until("they are shipped", async || admin.get("/readyz").await.unwrap().status().is_success())
        .await;
    for name in ALL.iter().rev() {
        office.stop(name);
    }
}

/// The portal's own events reach the access log in order, none lost while the log was away.
#[tokio::test]
async fn events_of_the_portal_survive_an_outage_of_the_log() {
    let mut office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    let official = office.letter(&person, "official");
    office.stop("log");
    for _ in 0..3 {
        office.look_up(&official).await;
    }
    office.kill("portal-public");
    office.start("log", &[]).await;
    office.spawn("portal-public", &[]);
    let database = office.database().await;
    until("three look-ups are in the access log", async || {
        let rows: Vec<(Vec<u8>,)> =
            sqlx::query_as("select record from log_entry where log_id = 'access'")
                .fetch_all(&database)
                .await
                .unwrap();
        let looked = rows.iter().filter(|(bytes,)| {
            let record = records::Record::read(bytes).unwrap();
            let Audit { act, outcome, .. } = Audit::of(&record);
            act == "look-up" && outcome == "done"
        });
        looked.count() == 3
    })
    .await;
}

struct Audit {
    act: String,
    outcome: String,
}

impl Audit {
    fn of(record: &records::Record) -> Self {
        match &record.event {
            records::record::Event::Portal { act, outcome, .. } => {
                Self { act: act.clone(), outcome: outcome.clone() }
            }
            records::record::Event::Read { act, .. } => {
                Self { act: act.clone(), outcome: "read".into() }
            }
            other => panic!("{other:?}"),
        }
    }
}

/// One name in SNI, Host and configuration; anything else is misdirected.
#[tokio::test]
async fn a_request_for_another_host_is_misdirected() {
    let office = Office::open().await;
    let port = port(&office.trust.portal_public);
    let own = "portal.localhost";
    let hosts = [
        (own, format!("{own}:{port}"), 200),
        (own, "staff.localhost".to_owned(), 421),
        (own, "portal.localhost.evil".to_owned(), 421),
    ];
    for (sni, host, status) in hosts {
        let answer = raw(
            &office,
            port,
            sni,
            &format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"),
        )
        .await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{sni} {host}: {answer}");
        assert!(answer.contains("require-trusted-types-for 'script'"), "{sni} {host}: {answer}");
    }
    let twice = format!(
        "GET / HTTP/1.1\r\nHost: {own}\r\nHost: staff.localhost\r\nConnection: close\r\n\r\n"
    );
    let answer = raw(&office, port, own, &twice).await;
    assert!(!answer.starts_with("HTTP/1.1 404") && !answer.starts_with("HTTP/1.1 200"), "{answer}");
    let problem: Value = serde_json::from_str(
        raw(&office, port, own, "GET / HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n")
            .await
            .split_once("\r\n\r\n")
            .unwrap()
            .1,
    )
    .unwrap();
    assert_eq!(problem["code"], "misdirected");
}

/// A body has a limit, a kind and a form.
#[tokio::test]
async fn a_body_that_is_too_large_or_no_json_is_refused() {
    let office = Office::open().await;
    let client = office.client(&office.trust.portal_public, None);
    let path = portal_api::public::LOOK_UP;
    let answer = client.post(path, vec![b' '; 70_000]).await.unwrap();
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(problem(answer.body())["code"], "too-large");
    for body in [&b"{"[..], b"{}", br#"{"reference":"A","key":"AA","more":1}"#] {
        let answer = client.post(path, body.to_vec()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
        assert_eq!(problem(answer.body())["code"], "malformed");
    }
    let answer = client.post("/api/v1/nothing", b"{}".to_vec()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    let answer = client.get(path).await.unwrap();
    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(problem(answer.body())["code"], "method-not-allowed");
    let status = office.client(&office.trust.status, None);
    let answer = status.post("/v1/loss", vec![b' '; 5_000]).await.unwrap();
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

/// Staff certificates: required in HTTP, judged at each request, each refusal with its reason.
#[tokio::test]
async fn a_staff_certificate_is_required_and_judged_at_each_request() {
    let mut office = Office::open().await;
    let nobody = portal_api::Staff(office.client(&office.trust.portal_staff, None));
    assert_eq!(code(nobody.list(&mut Pages::begin()).await), "certificate-required");
    assert_eq!(
        code(office.staff(&office.foreign()).list(&mut Pages::begin()).await),
        "certificate-foreign"
    );
    let (official, collected) = office.official("王小明", "sz-office").await;
    let official = office.officer(official, &collected);
    assert_eq!(code(office.staff(&official).list(&mut Pages::begin()).await), "not-your-route");

    // The same open connection: allowed, then lost, then refused.
    let officer = office.first("officer-2");
    let staff = office.staff(&officer);
    assert_eq!(staff.list(&mut Pages::begin()).await.unwrap().lines, Vec::<OrderLine>::new());
    let letter = std::fs::read(office.path("people/officer-2.loss.json")).unwrap();
    let letter = tests::Official::new(serde_json::from_slice(&letter).unwrap());
    let serials = office.report_lost(&letter).await;
    assert_eq!(serials, [officer.leaf().serial().to_string()], "founding prints loss letters");
    assert_eq!(code(staff.list(&mut Pages::begin()).await), "certificate-revoked");

    // A year and five days later the portal says that it expired; so does the CA. The portal's own
    // has 27 days left.
    office.stop("portal-staff");
    office.start("portal-staff", &[("YINXIN_CLOCK_OFFSET", "31968000")]).await;
    let first = office.first("officer-1");
    assert_eq!(code(office.staff(&first).list(&mut Pages::begin()).await), "certificate-expired");
    let told = readyz(&office, "portal-staff").await;
    assert!(told.contains("certificate: ends "), "{told}");
    assert!(told.contains("; next: ra-portal renew staff --help"), "{told}");
    office.stop("portal-staff");
    office.start("portal-staff", &[]).await;
    assert!(!readyz(&office, "portal-staff").await.contains("certificate: "));
    office.staff(&first).list(&mut Pages::begin()).await.unwrap();
}

/// What a process tells on `/readyz`.
async fn readyz(office: &Office, process: &str) -> String {
    let answer = office.admin(process).get("/readyz").await.unwrap();
    String::from_utf8_lossy(answer.body()).into_owned()
}

/// No session is taken up again: every connection proves possession anew.
#[tokio::test]
async fn no_session_is_resumed() {
    let office = Office::open().await;
    let mut config = rustls::ClientConfig::builder_with_provider(Arc::new(
        rustls::crypto::aws_lc_rs::default_provider(),
    ))
    .with_protocol_versions(&[&rustls::version::TLS13])
    .unwrap()
    .with_root_certificates(roots(&office))
    .with_no_client_auth();
    config.resumption = rustls::client::Resumption::in_memory_sessions(8);
    let config = Arc::new(config);
    for _ in 0..3 {
        let port = port(&office.trust.portal_staff);
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let name = ServerName::try_from("staff.localhost").unwrap();
        let connector = tokio_rustls::TlsConnector::from(config.clone());
        let mut stream = connector.connect(name, stream).await.unwrap();
        let request = "GET / HTTP/1.1\r\nHost: staff.localhost\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let kind = stream.get_ref().1.handshake_kind().unwrap();
        assert_eq!(kind, rustls::HandshakeKind::Full);
    }
}

/// ca-api: only registered portals, each process only its own routes.
#[tokio::test]
async fn the_issuer_hears_portals_only_and_each_process_on_its_own_routes() {
    let office = Office::open().await;
    let issuer = office.issuer_address();
    let client = |identity| ca_api::Issuer(office.client(&issuer, Some(identity)));
    let portal = |process: &str| {
        let path = |end: &str| office.path(&format!("portal/{process}.{end}"));
        Identity::from_files(&path("pem"), &path("key")).unwrap()
    };
    let officer = office.first("officer-1");
    let list = AsOfficer { certificate: officer.leaf().der().into(), message: Page::default() };
    let refusal = |answer: Result<OrderLines, ca_api::Refusal>| answer.unwrap_err().code();
    client(portal("staff")).list(&list).await.unwrap();
    assert_eq!(refusal(client(portal("public")).list(&list).await).name(), "not-your-route");
    assert_eq!(refusal(client(officer.identity()).list(&list).await).name(), "portal-unknown");
    let nobody = Client::new(
        &issuer,
        Some(mtls::tls::client(office.trust.root_sha256.digest().unwrap(), None).unwrap()),
    )
    .unwrap();
    assert!(nobody.post(ca_api::staff::LIST, b"{}".to_vec()).await.is_err(), "mTLS is required");

    // The log takes events of services about themselves, and no record of anybody else.
    let log = |identity| ca_api::Log(office.client(&office.trust.log, Some(identity)));
    let append = ca_api::Append { records: Vec::new() };
    log(portal("public")).append(&append).await.unwrap();
    let refused = log(officer.identity()).append(&append).await.unwrap_err();
    assert_eq!(refused.code().name(), "not-your-route");

    // Who speaks is judged before anything of a message is read.
    let raw = |identity| office.client(&office.trust.log, Some(identity));
    let told =
        |answer: http::Response<bytes::Bytes>| String::from_utf8_lossy(answer.body()).into_owned();
    use ca_api::log::{APPEND, ASK, ISSUED, PULSE, SEARCH, SPOOL};
    for route in [APPEND, ASK, ISSUED, PULSE, SEARCH, SPOOL] {
        let answer = raw(officer.identity()).post(route, b"{".to_vec()).await.unwrap();
        assert!(told(answer).contains("not-your-route"), "{route}");
    }
    let answer = raw(portal("public")).post(APPEND, b"{".to_vec()).await.unwrap();
    assert!(told(answer).contains("malformed"));
}

/// A portal that is closed by order is heard no more.
#[tokio::test]
async fn a_closed_portal_is_heard_no_more() {
    let office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    let official = office.letter(&person, "official");
    office.look_up(&official).await;
    let (order, _) = office.draft(&["portal", "close", "portal-1"]);
    let (first, second) = (office.first("security-1"), office.first("security-2"));
    office.approve(&first, &order).await.unwrap();
    office.approve(&second, &order).await.unwrap();
    let answer = async || office.public().look_up(&official.look_up()).await;
    until("the portal is closed", async || answer().await.is_err()).await;
    assert_eq!(code(answer().await), "portal-unknown");
}

/// Services renew their certificates themselves, by the old key, within the founding's leave.
#[tokio::test]
async fn a_service_renews_its_certificate_by_its_old_key() {
    let mut office = Office::open().await;
    let before = std::fs::read(office.path("ca/log/tls.pem")).unwrap();
    assert!(office.ca(&["renew", "log"]).status.success());
    assert_ne!(std::fs::read(office.path("ca/log/tls.pem")).unwrap(), before);
    office.stop("log");
    office.start("log", &[]).await;

    let run = |words: &[&str]| {
        std::process::Command::new(tests::binary("ra-portal"))
            .arg("--config")
            .arg(office.path("portal.toml"))
            .args(words)
            .output()
            .unwrap()
    };
    let (key, request) = (office.path("portal/new.key"), office.path("portal/new.csr"));
    let made = std::process::Command::new(tests::binary("yinxin"))
        .args(["request", "--service", "--key"])
        .arg(&key)
        .arg("--out")
        .arg(&request)
        .output()
        .unwrap();
    assert!(made.status.success());
    let out = office.path("portal/new.pem");
    let renewed = |out: &std::path::Path| {
        let (request, out) = (request.to_str().unwrap(), out.to_str().unwrap());
        run(&["renew", "public", "--request", request, "--out", out])
    };
    let said = renewed(&out);
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    // The old key has asked; it may not ask again.
    let said = renewed(&office.path("portal/newer.pem"));
    assert!(!said.status.success());
    assert!(String::from_utf8_lossy(&said.stderr).contains("use-signature"));
    office.stop("portal-public");
    std::fs::copy(&key, office.path("portal/public.key")).unwrap();
    std::fs::copy(&out, office.path("portal/public.pem")).unwrap();
    office.start("portal-public", &[]).await;
    office.register("王小明", "sz-office").await;
    tests::invariants::hold(&office).await;
}

/// What is published: kinds, caching, immutable numbers, and a log that C2SP tools can read.
#[tokio::test]
async fn published_files_say_what_they_are_and_the_log_proves_itself() {
    let office = Office::open().await;
    let url = office.city["ca"]["crl_url"].as_str().unwrap();
    let (base, path) = url.split_once("/crl/").unwrap();
    let client = Client::new(base, None).unwrap();
    let get = async |path: &str| client.get(path).await.unwrap();
    let head = |answer: &http::Response<_>, name: &str| {
        answer
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
            .unwrap_or_default()
    };
    let current = get(&format!("/crl/{path}")).await;
    assert_eq!(head(&current, "content-type"), "application/pkix-crl");
    assert!(head(&current, "cache-control").contains("max-age=60"));
    assert!(!head(&current, "etag").is_empty());
    let numbered = get("/crl/issuing-1/0/1.crl").await;
    assert!(head(&numbered, "cache-control").contains("immutable"));
    assert_eq!(head(&get("/ca/root.cer").await, "content-type"), "application/pkix-cert");
    for path in ["/ca/../ca.toml", "/crl/%2e%2e/ca.toml", "/ca.toml", "/log/control/checkpoint"] {
        assert_eq!(get(path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }

    let control = office.city["logs"]["control"]["url"].as_str().unwrap();
    let vkey = office.city["logs"]["control"]["vkey"].as_str().unwrap();
    let log = Client::new(control, None).unwrap();
    let key = tlog::VerifierKey::read(vkey).unwrap();
    let there = async || log.get("/checkpoint").await.is_ok_and(|it| it.status() == StatusCode::OK);
    until("the log is published", there).await;
    let note = log.get("/checkpoint").await.unwrap();
    let note = String::from_utf8_lossy(note.body()).into_owned();
    let head = tlog::Checkpoint::open(&note, &key, records::label::verify_ed25519).unwrap();
    let tile = log.get(&format!("/tile/0/000.p/{}", head.size)).await.unwrap();
    let hashes = read_tile(tile.body()).unwrap();
    let tiles = |_| Some(hashes.as_slice());
    for index in 0..head.size {
        let proof = tlog::proof::inclusion(index, head.size, &tiles).unwrap();
        let leaf = &hashes[usize::try_from(index).unwrap()];
        tlog::merkle::verify_inclusion(leaf, index, head.size, &proof, &head.root).unwrap();
    }
}

/// Role × host × route × allowed, as it really is; the golden file is what auditors read.
#[tokio::test]
async fn the_authorization_matrix_is_what_the_golden_file_says() {
    let office = Office::open().await;
    let made = matrix::made(&office).await;
    let path = tests::workspace().join("tests/golden/matrix.txt");
    if std::env::var("YINXIN_GOLDEN").is_ok_and(|what| what == "write") {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap();
    assert_eq!(made, kept, "write it anew with YINXIN_GOLDEN=write");
}

fn problem(body: &[u8]) -> Value {
    let problem: Value = serde_json::from_slice(body).unwrap();
    assert!(problem["zh"].as_str().is_some_and(|text| !text.is_empty()), "{problem}");
    problem
}

fn roots(office: &Office) -> rustls::RootCertStore {
    let mut roots = rustls::RootCertStore::empty();
    let der = std::fs::read(office.path("ca/public/ca/root.cer")).unwrap();
    roots.add(der.into()).unwrap();
    roots
}

fn port(url: &str) -> u16 {
    url.rsplit_once(':').unwrap().1.parse().unwrap()
}

/// Bytes as they stand, over TLS with the city's root.
async fn raw(office: &Office, port: u16, sni: &str, request: &str) -> String {
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(
        rustls::crypto::aws_lc_rs::default_provider(),
    ))
    .with_protocol_versions(&[&rustls::version::TLS13])
    .unwrap()
    .with_root_certificates(roots(office))
    .with_no_client_auth();
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let name = ServerName::try_from(sni.to_owned()).unwrap();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let mut stream = connector.connect(name, stream).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// A certificate that browsers know, for a name of its own: a browser that knows nothing of this
/// city reaches the public host without a warning, command lines go on asking for the city's own.
/// A renewed one is shown without a restart; one that does not fit its key leaves the old one.
#[tokio::test]
async fn browsers_meet_a_certificate_that_they_know() {
    const NAME: &str = "web.localhost";
    let mut office = Office::founded_in_full();
    let known = tests::foreign::WebCa::new();
    let (chain, key) = (office.path("web.pem"), office.path("web.key"));
    let renew = |leaf: &(String, String)| {
        std::fs::write(&chain, &leaf.0).unwrap();
        std::fs::remove_file(&key).ok();
        system::file::create_private(&key, leaf.1.as_bytes()).unwrap();
    };
    let (first, second) = (known.leaf(NAME, 2045), known.leaf(NAME, 2046));
    renew(&first);
    let path = office.path("portal.toml");
    let mut config = std::fs::read_to_string(&path).unwrap();
    config.push_str(&format!("[web]\nhost = '{NAME}'\nchain = 'web.pem'\nkey = 'web.key'\n"));
    std::fs::write(&path, config).unwrap();
    let root = office.path("web-root.pem");
    std::fs::write(&root, known.root()).unwrap();
    office.start_all().await;

    let port = office.trust.portal_public.rsplit_once(':').unwrap().1.to_owned();
    let shown = |host: &str, root: &Path| {
        let done = Command::new("curl")
            .args(["--silent", "--show-error", "--verbose", "--max-time", "20", "--cacert"])
            .arg(root)
            .args(["--resolve", &format!("{host}:{port}:127.0.0.1")])
            .arg(format!("https://{host}:{port}/root"))
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (done.status.success(), text(&done.stdout), text(&done.stderr))
    };
    until("a browser reaches it", async || shown(NAME, &root).0).await;
    let (_, page, said) = shown(NAME, &root);
    assert!(page.contains("信任本市根证书"), "{said}");
    let city = office.path(office.city["ca"]["root_pem"].as_str().unwrap());
    assert!(shown("portal.localhost", &city).0, "the city's own goes on");
    assert!(!shown("portal.localhost", &root).0 && !shown(NAME, &city).0);
    let (_, page, _) = shown("staff.localhost", &city);
    assert!(page.is_empty(), "no other name is answered for");

    // The chain is there before its key: nobody meets a certificate without one.
    std::fs::write(&chain, &second.0).unwrap();
    let told = async || readyz(&office, "portal-public").await;
    until("it is told", async || told().await.contains("web-certificate: ")).await;
    let serial = |said: &str| said.lines().find(|l| l.contains("expire date")).unwrap().to_owned();
    let old = serial(&said);
    assert_eq!(serial(&shown(NAME, &root).2), old);
    renew(&second);
    until("the renewed one is shown", async || serial(&shown(NAME, &root).2) != old).await;
    until("and all is well", async || !told().await.contains("web-certificate: ")).await;
}
