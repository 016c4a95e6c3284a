//! The gate: who passes, what the application learns, what is recorded; and everything open feels a
//! change at once.

use http_body_util::BodyExt;
use records::record::Event;
use std::time::{Duration, Instant};
use tests::gate::{AGENT, get, get2};
use tests::processes::{Office, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const OWN: &str = "/documents/sz-office/2026-001";
const OTHERS: &str = "/documents/sz-finance/2026-001";
/// A change is felt within this long after it was told as done.
const FELT: Duration = Duration::from_secs(5);

fn code(body: &str) -> String {
    let problem: serde_json::Value = serde_json::from_str(body).unwrap();
    problem["code"].as_str().unwrap().to_owned()
}

/// A person reads their own unit's document, another's is denied; the application learns who asked,
/// by a token for this request; and both decisions are in the log with the rule, the record and
/// what was in force.
#[tokio::test]
async fn a_person_passes_by_rule_and_is_recorded_first() {
    let mut office = Office::open().await;
    let gate = office.gate().await;
    let person = office.gate_official("王小明", "sz-office").await;
    let (status, got) = gate.get(&office, &person, &format!("{OWN}?page=2")).await;
    assert_eq!(status, 200);
    assert!(got.starts_with(&format!("GET {OWN}?page=2 HTTP/1.1\r\n")), "{got}");
    let token = got.lines().find_map(|l| l.strip_prefix("yinxin-identity: ")).unwrap();
    let claims = claims(&office, token).await;
    assert_eq!(claims["sub"], person.person.as_str());
    assert_eq!(claims["name"], "王小明");
    assert_eq!((claims["iss"].as_str(), claims["aud"].as_str()), (Some(AGENT), Some("exchange")));
    assert_eq!(claims["org"][1], "sz-office");
    assert_eq!((claims["htm"].as_str(), claims["rule"].as_str()), (Some("GET"), Some("own-unit")));
    let digest = {
        use sha2::Digest;
        sha2::Sha256::digest(format!("{OWN}?page=2"))
    };
    assert_eq!(claims["htu"], data_encoding::BASE64URL_NOPAD.encode(&digest));
    let life = claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap();
    assert!(life <= 60, "{life}");

    let (status, page) = gate.get(&office, &person, OTHERS).await;
    assert_eq!((status, code(&page).as_str()), (403, "not-permitted"));
    let reference = serde_json::from_str::<serde_json::Value>(&page).unwrap()["reference"].clone();
    assert_eq!(gate.application.count(), 1, "a denied request went upstream");

    until("the log has both decisions", async || {
        let decided = |record: &records::Record| matches!(record.event, Event::Decision(_));
        office.access().await.iter().filter(|record| decided(record)).count() == 2
    })
    .await;
    let mut seen = Vec::new();
    for record in office.access().await {
        if let Event::Decision(decision) = record.event {
            let link = record.link.unwrap();
            let name = records::access::request_id(AGENT, &link.epoch, link.aseq);
            seen.push((name, *decision));
        }
    }
    let (name, allowed) = &seen[0];
    assert_eq!(claims["jti"], name.as_str());
    assert_eq!((allowed.outcome.as_str(), allowed.rule.as_str()), ("permitted", "own-unit"));
    assert_eq!(allowed.resource, "exchange/sz-office/2026-001");
    assert_eq!(allowed.route, "/documents/{unit}/{document}");
    let (_, denied) = &seen[1];
    assert_eq!((denied.outcome.as_str(), denied.rule.as_str()), ("not-permitted", ""));
    assert_eq!(denied.resource, "exchange/sz-finance/2026-001");
    assert_eq!(reference, denied.reference.as_str());
}

/// The claims of a token, verified with the published keys by a library that is not ours.
async fn claims(office: &Office, token: &str) -> serde_json::Value {
    use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
    let keys = office.admin("agent").get("/jwks.json").await.unwrap();
    let keys: jsonwebtoken::jwk::JwkSet = serde_json::from_slice(keys.body()).unwrap();
    let key = keys.find(&decode_header(token).unwrap().kid.unwrap()).unwrap();
    let mut rules = Validation::new(Algorithm::ES256);
    rules.set_audience(&["exchange"]);
    rules.set_issuer(&[AGENT]);
    let key = DecodingKey::from_jwk(key).unwrap();
    let claims = decode::<serde_json::Value>(token, &key, &rules).unwrap().claims;
    rules.set_audience(&["other"]);
    assert!(decode::<serde_json::Value>(token, &key, &rules).is_err(), "for another application");
    claims
}

/// Without a certificate, or with one that does not count, people read what to do; nothing goes
/// upstream.
#[tokio::test]
async fn who_cannot_pass_reads_what_to_do() {
    let mut office = Office::open().await;
    let gate = office.gate().await;
    let page = gate.get_without(&office, OWN).await;
    assert!(page.starts_with("HTTP/1.1 401") && page.contains("密码信封"), "{page}");
    assert!(page.contains("编号"), "{page}");

    let outside = office.gate_stranger("外单位").await;
    let (status, page) = gate.get(&office, &outside, OWN).await;
    assert_eq!((status, code(&page).as_str()), (403, "not-served"));

    let mut stolen = office.gate_official("李丹", "sz-office").await;
    stolen.chain[0] = foreign(&stolen.signer);
    let (status, page) = gate.get(&office, &stolen, OWN).await;
    assert_eq!((status, code(&page).as_str()), (401, "certificate-foreign"));
    assert_eq!(gate.application.count(), 0);

    until("what was turned away is in the log", async || {
        let records = office.access().await;
        ["certificate-required", "certificate-foreign"].iter().all(|wanted| {
            records.iter().any(|record| match &record.event {
                Event::Turned(turned) => turned.code == *wanted,
                _ => false,
            })
        })
    })
    .await;
}

/// A certificate of nobody for a key, with names like ours.
fn foreign(signer: &keys::SoftwareSigner) -> pki::Certificate {
    use openssl::asn1::Asn1Time;
    use openssl::hash::MessageDigest;
    use openssl::pkey::PKey;
    use openssl::x509::{X509, X509NameBuilder};
    let key = PKey::private_key_from_der(signer.pkcs8()).unwrap();
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", "李丹").unwrap();
    name.append_entry_by_text("serialNumber", "0123456789ABCDEF").unwrap();
    let name = name.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(&name).unwrap();
    builder.set_pubkey(&key).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(9).unwrap()).unwrap();
    let serial = openssl::bn::BigNum::from_u32(7).unwrap().to_asn1_integer().unwrap();
    builder.set_serial_number(&serial).unwrap();
    let end = openssl::x509::extension::BasicConstraints::new().build().unwrap();
    builder.append_extension(end).unwrap();
    builder.sign(&key, MessageDigest::sha256()).unwrap();
    pki::Certificate::read(&builder.build().to_der().unwrap()).unwrap()
}

/// A revocation is felt by the next request on open HTTP/1.1 and HTTP/2 connections, by a download
/// under way, and by nobody else.
#[tokio::test]
async fn a_revocation_is_felt_on_everything_open() {
    let mut office = Office::open().await;
    let gate = office.gate().await;
    let (official, collected) = office.official("李丹", "sz-office").await;
    let report = office.loss_of(&official);
    let lost = office.officer(official, &collected);
    let other = office.gate_official("王小明", "sz-office").await;
    let (mut h1, mut h2) = (gate.h1(&office, &lost).await, gate.h2(&office, &lost).await);
    let mut others = gate.h1(&office, &other).await;
    assert_eq!(get(&mut h1, OWN).await.0, 200);
    assert_eq!(get2(&mut h2, OWN).await.0, 200);
    assert_eq!(get(&mut others, OWN).await.0, 200);
    let mut downloads = Vec::new();
    let attachment = format!("{OWN}/attachment");
    let mut one = gate.h1(&office, &lost).await;
    let request = http::Request::builder().uri(&attachment).header("host", "localhost");
    let request = request.body(http_body_util::Empty::new()).unwrap();
    downloads.push(one.send_request(request).await.unwrap().into_body());
    let mut two = gate.h2(&office, &lost).await;
    let request = http::Request::builder().uri(format!("https://localhost{attachment}"));
    let request = request.body(http_body_util::Empty::new()).unwrap();
    downloads.push(two.send_request(request).await.unwrap().into_body());
    for download in &mut downloads {
        assert!(download.frame().await.unwrap().is_ok());
    }

    office.report(&report).await;
    let started = Instant::now();
    for mut download in downloads {
        loop {
            match download.frame().await {
                Some(Ok(_)) => assert!(started.elapsed() < FELT, "the download goes on"),
                Some(Err(_)) => break,
                None => panic!("the download ended as if it were whole"),
            }
        }
    }
    let (status, page) = get(&mut h1, OWN).await;
    assert_eq!((status, code(&page).as_str()), (401, "certificate-revoked"));
    let (status, page) = get2(&mut h2, OWN).await;
    assert_eq!((status, code(&page).as_str()), (401, "certificate-revoked"));
    assert_eq!(get(&mut others, OWN).await.0, 200, "somebody else lost their connection");
    assert!(started.elapsed() < FELT);
    until("what counts no more keeps no connection", async || h2.is_closed()).await;
    until("both downloads are recorded as cut", async || {
        let cut = |record: &records::Record| match &record.event {
            Event::Completion(ended) => ended.outcome == "cut",
            _ => false,
        };
        office.access().await.iter().filter(|record| cut(record)).count() == 2
    })
    .await;
    // Whoever took the card makes no connections and requests of it any more, only a count.
    let serial = lost.leaf().serial().to_string();
    let of_card = async || {
        let records = office.access().await;
        let made = |record: &&records::Record| match &record.event {
            Event::Connection(seen) => seen.serial == serial,
            Event::Turned(turned) => turned.serial == serial,
            _ => false,
        };
        records.iter().filter(made).count()
    };
    let before = of_card().await;
    for _ in 0..5 {
        let (status, page) = gate.get(&office, &lost, OWN).await;
        assert_eq!((status, code(&page).as_str()), (401, "certificate-revoked"));
    }
    until("the first of them is recorded", async || of_card().await > before).await;
    assert_eq!(of_card().await, before + 1);
}

/// New rules bite the next request of an open connection and cut what they no longer permit; a
/// tunnel exists only after the application agreed, and not for whom the rules do not let.
#[tokio::test]
async fn new_rules_bite_open_connections_and_tunnels() {
    let mut office = Office::open().await;
    let gate = office.gate().await;
    let person = office.gate_official("王小明", "sz-office").await;
    let live = format!("{OWN}/live");
    assert_eq!(gate.get(&office, &person, &live).await.0, 403, "no such route yet");
    office.rules(2, &[("exchange.toml", "[[route]]\nmethod = \"POST\"", ROUTE)]).await;
    gate.until_status(&office, &person, &live, 200).await;

    let mut open = gate.h1(&office, &person).await;
    assert_eq!(get(&mut open, OWN).await.0, 200);
    let identity = Some(person.identity());
    let mut tunnel = gate.connect(&office, identity, "localhost", "http/1.1").await;
    let upgrade = format!(
        "GET {live} HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade, Yinxin-Identity\r\n\
         Upgrade: websocket\r\nYinxin-Identity: forged\r\nyinxin_identity: forged\r\n\r\n"
    );
    tunnel.write_all(upgrade.as_bytes()).await.unwrap();
    let mut buffer = [0; 4096];
    let count = tunnel.read(&mut buffer).await.unwrap();
    let said = String::from_utf8_lossy(&buffer[..count]);
    assert!(said.starts_with("HTTP/1.1 101"), "{said}");
    assert!(!gate.application.last().contains("forged"));
    tunnel.write_all(b"hello").await.unwrap();
    let count = tunnel.read(&mut buffer).await.unwrap();
    assert_eq!(&buffer[..count], b"hello");

    // Bytes sent with the upgrade never get a tunnel.
    let before = gate.application.count();
    let early = format!("{upgrade}early");
    let answer = gate.raw(&office, &person, early.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert_eq!(gate.application.count(), before);

    let narrowed = ("exchange.cedar", "principal in resource.unit", "false");
    let example = ("exchange.examples.toml", "", EXAMPLES);
    office.rules(3, &[narrowed, example]).await;
    gate.until_status(&office, &person, OWN, 403).await;
    assert_eq!(get(&mut open, OWN).await.0, 403);
    let ended = tokio::time::timeout(FELT, tunnel.read(&mut buffer)).await;
    assert!(matches!(ended, Ok(Ok(0) | Err(_))), "the tunnel is still open");
    // What had passed stands in its completion, though it was cut.
    until("the cut tunnel is recorded", async || {
        office.access().await.iter().any(|record| match &record.event {
            Event::Completion(end) => end.outcome == "cut" && (end.up, end.down) == (5, 5),
            _ => false,
        })
    })
    .await;
}

const ROUTE: &str = "[[route]]\nmethod = \"GET\"\n\
    path = \"/documents/{unit}/{document}/live\"\naction = \"read\"\n\
    resource = \"{unit}/{document}\"\nunit = \"{unit}\"\nwebsocket = true\n\
    zh = \"跟踪\"\nen = \"follow\"\n\n[[route]]\nmethod = \"POST\"";

const EXAMPLES: &str = "[[unit]]\nunit = \"city\"\n\n[[example]]\nshows = \"front\"\n\
    wants = \"allow\"\nunit = \"city\"\nmethod = \"GET\"\npath = \"/\"\n\n[[example]]\n\
    shows = \"nothing else\"\nwants = \"deny\"\nunit = \"city\"\nmethod = \"GET\"\n\
    path = \"/documents/city/1\"\n";

/// Whoever leaves office, changes unit or loses a role is treated so at the next request.
#[tokio::test]
async fn people_and_roles_are_felt_at_the_next_request() {
    let mut office = Office::open().await;
    let gate = office.gate().await;
    let person = office.gate_official("张建国", "sz-finance").await;
    let mut open = gate.h1(&office, &person).await;
    assert_eq!(get(&mut open, OTHERS).await.0, 200);
    let post = |path: &'static str| {
        let text =
            format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc");
        text.into_bytes()
    };
    let answer = gate.raw(&office, &person, &post("/documents/sz-finance")).await;
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    let words = ["role", "grant", &person.person, "unit-handler", "--scope", "sz-finance"];
    let (order, _) = office.draft(&words);
    office.approve_by_security(&order).await;
    until("the role is felt", async || {
        let answer = gate.raw(&office, &person, &post("/documents/sz-finance")).await;
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("abc")
    })
    .await;
    let answer = gate.raw(&office, &person, &post("/documents/sz-office")).await;
    assert!(answer.starts_with("HTTP/1.1 403"), "the role holds elsewhere: {answer}");
    let words = ["person", "leave", &person.person, "--evidence", "left"];
    let (order, _) = office.draft(&words);
    office.approve_by_both(&order).await;
    gate.until_status(&office, &person, OTHERS, 401).await;
}

/// One host for handshake, head and gate: of two applications on one address, neither is reached
/// under the other's name.
#[tokio::test]
async fn one_name_from_handshake_to_head() {
    let mut office = Office::open().await;
    let gate = office.gate().await;
    let person = office.gate_official("王小明", "sz-office").await;
    for (sni, host, wanted) in [
        ("localhost", "localhost", 200),
        ("other.localhost", "other.localhost", 200),
        ("localhost", "other.localhost", 421),
        ("other.localhost", "localhost", 421),
        ("localhost", "elsewhere.localhost", 421),
        ("localhost", "LocalHost", 200),
        ("localhost", "localhost:", 200),
        ("localhost", "localhost:99999", 400),
        ("localhost", "Other.LocalHost", 421),
    ] {
        let before = gate.application.count();
        let mut stream = gate.connect(&office, Some(person.identity()), sni, "http/1.1").await;
        let head = format!("GET {OWN} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        assert_eq!(tests::gate::status(&answer), wanted, "{sni} {host}: {answer}");
        assert_eq!(gate.application.count() - before, usize::from(wanted == 200));
        if wanted == 200 {
            let got = gate.application.last().to_lowercase();
            assert!(got.contains(&format!("\r\nx-forwarded-host: {sni}\r\n")), "{host}: {got}");
            assert!(gate.application.last().contains(&format!("host={sni};")), "{host}: {got}");
        }
    }
    // HTTP/2 on one connection: coalescing browsers are told to open another.
    let mut h2 = gate.h2(&office, &person).await;
    let request = http::Request::builder().uri(format!("https://other.localhost{OWN}"));
    let request = request.body(http_body_util::Empty::new()).unwrap();
    assert_eq!(h2.send_request(request).await.unwrap().status(), 421);
    let request = http::Request::builder().uri(format!("https://localhost{OWN}"));
    let request = request.header("host", "other.localhost");
    let request = request.body(http_body_util::Empty::new()).unwrap();
    assert_eq!(h2.send_request(request).await.unwrap().status(), 400);
    assert_eq!(get2(&mut h2, OWN).await.0, 200);
}

/// Whether the gate of an office is ready, and what it tells beside.
async fn readiness(office: &Office) -> (u16, String) {
    let answer = office.admin("agent").get("/readyz").await.unwrap();
    (answer.status().as_u16(), String::from_utf8_lossy(answer.body()).into_owned())
}

/// With everything behind it away the gate decides until the limit of what it has, keeps its
/// records, says so, and refuses after the limit.
#[tokio::test]
async fn it_decides_alone_until_its_limit() {
    let mut office = Office::open().await;
    let gate = office.gate().await;
    let person = office.gate_official("王小明", "sz-office").await;
    assert_eq!(gate.get(&office, &person, OWN).await.0, 200);
    for name in ["portal-public", "portal-staff", "issuer", "status", "log"] {
        office.kill(name);
    }
    let alone = async || {
        let (_, told) = readiness(&office).await;
        told.contains("status:") && told.contains("; what is here counts until ")
    };
    until("it says that status is away, and how long it still can", alone).await;
    assert_eq!(gate.get(&office, &person, OWN).await.0, 200);
    until("and that its records wait", async || readiness(&office).await.1.contains("log:")).await;
    let (status, told) = readiness(&office).await;
    assert_eq!(status, 200, "it is ready while it decides: {told}");
    office.stop("agent");
    let day = (26 * 3_600).to_string();
    office.spawn("agent", &[("YINXIN_CLOCK_OFFSET", &day)]);
    until("it runs a day later", async || office.admin("agent").get("/healthz").await.is_ok())
        .await;
    let before = gate.application.count();
    let (status, page) = gate.get(&office, &person, OWN).await;
    assert_eq!((status, code(&page).as_str()), (503, "status-stale"));
    assert_eq!(gate.application.count(), before);
    let (status, told) = readiness(&office).await;
    assert!(status == 503 && told.contains("world-age:"), "nobody is let in: {told}");
    office.stop("agent");
    for name in ["log", "status", "issuer"] {
        office.start(name, &[]).await;
    }
    office.start("agent", &[]).await;
    assert_eq!(gate.get(&office, &person, OWN).await.0, 200);
    until("nothing that was decided alone is lost", async || {
        let permitted = |record: &records::Record| match &record.event {
            Event::Decision(decision) => decision.outcome == "permitted",
            _ => false,
        };
        office.access().await.iter().filter(|record| permitted(record)).count() == 3
    })
    .await;
}
