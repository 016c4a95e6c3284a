//! Clients of services as they are: portal, status, log and issuer take what the gate takes, and
//! say no in the same words.

use serde_json::Value;
use tests::Office;
use tests::clients::ClientFiles;
use tests::gate::ANSWER;
use tests::processes::until;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A report that fits no letter.
const REPORT: &str = r#"{"reference":"0000000000000000","value":"AAAA"}"#;

/// An officer's files, which services take for a stranger's or an officer's as it is due.
fn files(office: &Office) -> ClientFiles {
    ClientFiles::of(office, &office.first("officer-1"))
}

fn loss(office: &Office) -> String {
    format!("{}{}", office.trust.status, ca_api::status::LOSS)
}

/// Where lists and certificates are, without TLS.
fn plain(office: &Office) -> String {
    let list = office.city["ca"]["crl_url"].as_str().unwrap();
    list.split("/crl/").next().unwrap().to_owned()
}

/// What the log shows everybody, without TLS.
fn checkpoint(office: &Office) -> String {
    format!("{}/checkpoint", office.trust.logs[0].url.trim_end_matches('/'))
}

fn port(origin: &str) -> u16 {
    origin.rsplit(':').next().unwrap().parse().unwrap()
}

/// Port and path of an address.
fn port_and_path(address: &str) -> (u16, String) {
    let (origin, path) = address.split_once("://").unwrap().1.split_once('/').unwrap();
    (port(origin), format!("/{path}"))
}

/// Without TLS there is one protocol.
fn protocols(address: &str) -> &'static [&'static str] {
    if address.starts_with("http:") { &["--http1.1"] } else { &["--http1.1", "--http2"] }
}

/// Who sends no more after a loss report or an officer's question, over TLS by a program that says
/// so, or after a request without TLS, reads the answer.
#[tokio::test]
async fn half_closed_requests_of_services_are_answered() {
    let office = Office::open().await;
    let files = files(&office);
    let length = REPORT.len();
    let report = format!(
        "POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{REPORT}",
        ca_api::status::LOSS
    );
    let said = files.gnutls(port(&office.trust.status), &report).await;
    assert!(said.contains("HTTP/1.1 403") && said.contains("wrong-code"), "{said}");
    let staff = office.trust.portal_staff.clone();
    let name = staff.split_once("://").unwrap().1.split(':').next().unwrap();
    let at = port(&staff).to_string();
    let page = format!("GET /certificate HTTP/1.1\r\nHost: {name}:{at}\r\n\r\n");
    let named = ["--sni-hostname", name, "--verify-hostname", name];
    let words = [named.as_slice(), &files.gnutls_words(&at)].concat();
    let (is_well, said) = files.tried("gnutls-cli", &words, &page).await;
    assert!(is_well && said.contains("HTTP/1.1 200"), "{said}");
    for (address, status) in [
        (format!("{}/ca/root.cer", plain(&office)), "200"),
        (format!("{}/ca/nothing.cer", plain(&office)), "404"),
        (format!("{}/ocsp/AAAA", plain(&office)), "200"),
        (checkpoint(&office), "200"),
    ] {
        let (port, path) = port_and_path(&address);
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let get = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        stream.write_all(get.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        tokio::time::timeout(ANSWER, read).await.expect("the connection stays open").unwrap();
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {answer}");
    }
}

/// Who waits for 100 before sending gets it, or the final status, at once; who expects something
/// else is told.
#[tokio::test]
async fn expectations_of_services_are_answered_at_once() {
    let office = Office::open().await;
    let files = files(&office);
    let look_up = format!("{}{}", office.trust.portal_public, portal_api::public::LOOK_UP);
    let hosts = office.path("hosts");
    std::fs::write(&hosts, "127.0.0.1 localhost portal.localhost\n").unwrap();
    let option = format!("-Djdk.net.hosts.file={}", hosts.display());
    let words = [loss(&office), look_up.clone()];
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (is_well, said) = files.java_with(&[&option], "ExpectContinue", &words).await;
    let lines: Vec<&str> = said.lines().collect();
    let told = |version| format!("{version} 400 malformed false");
    let wanted = ["HTTP_1_1", "HTTP_1_1", "HTTP_2", "HTTP_2"].map(told);
    assert!(is_well && lines == wanted, "{said}");
    for address in [
        loss(&office),
        look_up,
        format!("{}/nowhere", office.trust.portal_public),
        format!("{}/nowhere", office.trust.portal_staff),
        format!("{}/ocsp", plain(&office)),
        format!("{}/ca/root.cer", plain(&office)),
        checkpoint(&office),
    ] {
        for protocol in protocols(&address) {
            // Longer than the test may take: only an answer makes it send.
            let words = [*protocol, "-i", "--expect100-timeout", "60", "-d", REPORT];
            let expect = ["-H", "Expect: 100-continue", &address];
            let got = files.curl(&[words.as_slice(), &expect].concat()).await;
            let is_answer = got.contains("\"code\":") || got.contains("application/ocsp-response");
            assert!(is_answer, "{protocol} {address}: {got}");
            let expect = ["-H", "Expect: wonders", &address];
            let got = files.curl(&[words.as_slice(), &expect].concat()).await;
            let told = got.contains(" 417") && got.contains("expectation-unknown");
            assert!(told, "{protocol} {address}: {got}");
        }
    }
}

/// Each limit of a head has its status and its code, over both protocols; the nearest that fits
/// passes.
#[tokio::test]
async fn limits_of_services_have_their_codes() {
    let office = Office::open().await;
    let files = files(&office);
    let asked = [
        format!("{}/", office.trust.portal_public),
        format!("{}/certificate", office.trust.portal_staff),
        loss(&office),
        format!("{}/ca/root.cer", plain(&office)),
        format!("{}/ocsp", plain(&office)),
        checkpoint(&office),
    ];
    let cookie = |bytes: usize| vec![format!("Cookie: a={}", "a".repeat(bytes))];
    let fields =
        |count: usize| -> Vec<String> { (0..count).map(|n| format!("X-A{n}: a")).collect() };
    let long = |bytes: usize| format!("?{}", "a".repeat(bytes));
    for asked in asked {
        for (query, fields, code) in [
            (long(8_000), vec![], ""),
            (long(8_300), vec![], "target-too-long"),
            (String::new(), cookie(15_000), ""),
            (String::new(), cookie(17_000), "head-too-large"),
            (String::new(), fields(90), ""),
            (String::new(), fields(110), "fields-too-many"),
        ] {
            for protocol in protocols(&asked) {
                let address = format!("{asked}{query}");
                let mut words = vec![*protocol, "-i", &address];
                words.extend(fields.iter().flat_map(|field| ["-H", field.as_str()]));
                let got = files.curl(&words).await;
                let body = got.split_once("\r\n\r\n").unwrap().1;
                let told: Value = serde_json::from_str(body).unwrap_or_default();
                let told = told["code"].as_str().unwrap_or_default();
                let what = format!("{protocol} {asked} {code}");
                if code.is_empty() {
                    let line = got.lines().next().unwrap();
                    assert!(!line.contains(" 414") && !line.contains(" 431"), "{what}: {line}");
                } else {
                    assert_eq!(told, code, "{what}: {got}");
                }
            }
        }
    }
}

/// What is no head, or larger than any that is read, has a code as well; its reference, like that
/// of whatever a listener refuses, stands in the log of the process.
#[tokio::test]
async fn what_is_no_head_has_its_code_at_services() {
    let office = Office::open().await;
    let large = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "a".repeat(70_000));
    for (address, process) in
        [(format!("{}/nothing", plain(&office)), "status"), (checkpoint(&office), "log")]
    {
        let (port, _) = port_and_path(&address);
        for (head, status, code) in [
            ("GET /a<b HTTP/1.1\r\nHost: localhost\r\n\r\n", "400", "malformed"),
            ("GET / HTTP/1.1\r\nHost: localhost\r\nX: \u{1}\r\n\r\n", "400", "malformed"),
            (large.as_str(), "431", "head-too-large"),
            ("GET /nothing HTTP/1.0\r\nHost: localhost\r\n\r\n", "404", "not-found"),
        ] {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            stream.write_all(head.as_bytes()).await.unwrap();
            let mut answer = Vec::new();
            let read = stream.read_to_end(&mut answer);
            tokio::time::timeout(ANSWER, read).await.expect("the connection stays open").unwrap();
            let answer = String::from_utf8(answer).unwrap();
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            assert_eq!(head.split(' ').nth(1), Some(status), "{answer}");
            let told: Value = serde_json::from_str(body).unwrap();
            assert_eq!(told["code"], code, "{answer}");
            let reference = told["reference"].as_str().unwrap();
            assert!(!reference.is_empty(), "{answer}");
            until("its line is written", async || office.log(process).contains(reference)).await;
        }
    }
}

/// HEAD is GET without a body: at pages, lists and what a log shows, over both protocols, where it
/// is answered and where it is refused.
#[tokio::test]
async fn head_is_get_without_a_body_at_services() {
    let office = Office::open().await;
    let files = files(&office);
    let log = office.trust.logs[0].url.clone();
    for (address, protocols) in [
        (format!("{}/", office.trust.portal_public), &["--http1.1", "--http2"][..]),
        (format!("{}/root.cer", office.trust.portal_public), &["--http1.1", "--http2"]),
        (format!("{}/nothing", office.trust.portal_public), &["--http1.1", "--http2"]),
        (format!("{}/certificate", office.trust.portal_staff), &["--http1.1", "--http2"]),
        (format!("{}/ca/root.cer", plain(&office)), &["--http1.1"]),
        (format!("{}/ca/nothing.cer", plain(&office)), &["--http1.1"]),
        (office.city["ca"]["crl_url"].as_str().unwrap().to_owned(), &["--http1.1"]),
        (format!("{}/checkpoint", log.trim_end_matches('/')), &["--http1.1"]),
    ] {
        for protocol in protocols {
            let of = async |more: &[&str]| {
                let got =
                    files.curl(&[[*protocol, "-i", &address].as_slice(), more].concat()).await;
                let (head, body) = got.split_once("\r\n\r\n").unwrap();
                let status = head.split(' ').nth(1).unwrap().to_owned();
                let kind = head.lines().find(|line| line.starts_with("content-type: "));
                (status, kind.map(str::to_owned), body.len())
            };
            let (get, head) = (of(&[]).await, of(&["-I"]).await);
            assert_eq!((&get.0, &get.1), (&head.0, &head.1), "{protocol} {address}");
            assert_eq!(head.2, 0, "{protocol} {address}");
        }
    }
}

/// A refused head has no body for HEAD over HTTP/2 either, whoever refuses it.
#[tokio::test]
async fn a_refused_head_of_head_has_no_body() {
    let office = Office::open().await;
    let files = files(&office);
    let cookie = format!("Cookie: a={}", "a".repeat(17_000));
    for protocol in ["--http1.1", "--http2"] {
        for (field, status) in [(cookie.as_str(), "431"), ("Expect: wonders", "417")] {
            let address = format!("{}/", office.trust.portal_public);
            let got = files.curl(&[protocol, "-I", "-H", field, &address]).await;
            let line = got.lines().next().unwrap_or_default();
            assert!(line.contains(status), "{protocol} {field}: {got}");
            assert!(got.ends_with("\r\n\r\n"), "{protocol}: {got}");
        }
    }
}

/// Who is still sending an upload to a service reads why it is refused, over both protocols.
#[tokio::test]
async fn a_refused_upload_is_answered_by_services() {
    let office = Office::open().await;
    let files = files(&office);
    let upload = office.path("upload");
    std::fs::write(&upload, vec![b'x'; 8 * 1024 * 1024]).unwrap();
    let upload = format!("@{}", upload.display());
    for (address, code) in [
        (format!("{}/nothing", office.trust.portal_public), "not-found"),
        (format!("{}/nothing", office.trust.status), "not-found"),
        (loss(&office), "too-large"),
        (format!("{}/ca/root.cer", plain(&office)), "method-not-allowed"),
    ] {
        for protocol in protocols(&address) {
            let sent = ["-H", "Expect:", "-H", "Content-Type: application/json"];
            let words = ["-i", *protocol, "--data-binary", &upload, &address];
            let got = files.curl(&[words.as_slice(), &sent].concat()).await;
            assert!(got.contains(&format!("\"code\":\"{code}\"")), "{protocol} {address}: {got}");
        }
    }
}

/// What a service does not know has its code: another path, and another method with those that the
/// path takes.
#[tokio::test]
async fn what_a_service_does_not_know_has_its_code() {
    let office = Office::open().await;
    let files = files(&office);
    let log = office.trust.logs[0].url.clone();
    let known = [
        (format!("{}/", office.trust.portal_public), "GET,HEAD"),
        (loss(&office), "POST"),
        (format!("{}{}", office.trust.log, ca_api::log::PULSE), "POST"),
        (format!("{}/ca/root.cer", plain(&office)), "GET,HEAD"),
        (format!("{}/checkpoint", log.trim_end_matches('/')), "GET,HEAD"),
    ];
    let identity = |end: &str| office.path(&format!("portal/public.{end}")).display().to_string();
    let (certificate, key) = (identity("pem"), identity("key"));
    for (address, allowed) in known {
        let own = ["-i", "--cert", &certificate, "--key", &key];
        for method in ["DELETE", "OPTIONS", "PATCH"] {
            let got = files.curl(&[own.as_slice(), &["-X", method, &address]].concat()).await;
            assert!(got.contains("\"code\":\"method-not-allowed\""), "{method} {address}: {got}");
            let allow = got.lines().find_map(|line| line.strip_prefix("allow: "));
            assert_eq!(allow, Some(allowed), "{address}: {got}");
        }
        let origin: String = address.split_inclusive('/').take(3).collect();
        let nowhere = format!("{origin}nothing/at/all");
        let got = files.curl(&[own.as_slice(), &[&nowhere]].concat()).await;
        assert!(got.contains("\"code\":\"not-found\""), "{nowhere}: {got}");
        assert!(got.split(' ').nth(1) == Some("404"), "{nowhere}: {got}");
    }
}

/// Services and people may send more certificates than a path needs, in whatever order: at issuer
/// and log, which ask for one, and at status and the public host, which do not.
#[tokio::test]
async fn more_certificates_than_needed_do_no_harm_at_services() {
    let office = Office::open().await;
    let officer = files(&office);
    let path = |end: &str| office.path(&format!("portal/public.{end}"));
    let chain = std::fs::read_to_string(path("pem")).unwrap();
    let root = std::fs::read_to_string(&officer.root).unwrap();
    let foreign = tests::foreign::WebCa::new();
    let stranger = foreign.root();
    let end = "-----END CERTIFICATE-----\n";
    let own: Vec<&str> = chain.split_inclusive(end).collect();
    let [leaf, between @ ..] = own.as_slice() else { panic!("no chain") };
    let between = between.concat();
    let (sent, key) = (office.path("sent.pem"), path("key").display().to_string());
    let asked = [
        format!("{}{}", office.issuer_address(), ca_api::public::LOOK_UP),
        format!("{}{}", office.trust.log, ca_api::log::PULSE),
        loss(&office),
        format!("{}{}", office.trust.portal_public, portal_api::public::LOOK_UP),
    ];
    for address in asked {
        let mut codes = Vec::new();
        for all in [
            chain.clone(),
            format!("{leaf}{root}{between}"),
            format!("{leaf}{stranger}{between}{root}"),
            format!("{leaf}{between}{}{leaf}", stranger.repeat(8)),
        ] {
            std::fs::write(&sent, all).unwrap();
            let shown = sent.display().to_string();
            let words = ["-i", "--cert", &shown, "--key", &key, "-d", "{}"];
            let json = ["-H", "Content-Type: application/json", &address];
            let got = officer.curl(&[words.as_slice(), &json].concat()).await;
            let told: Value =
                serde_json::from_str(got.split_once("\r\n\r\n").unwrap().1).unwrap_or_default();
            codes.push((got.lines().next().unwrap().to_owned(), told["code"].clone()));
        }
        assert!(codes.windows(2).all(|two| two[0] == two[1]), "{address}: {codes:?}");
    }
}
