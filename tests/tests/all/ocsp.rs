//! Online status, as others ask for it and judge it: OpenSSL by POST, raw bytes by GET, and what
//! the standard refuses.

mod away;
mod crafted;
mod renewals;

use crafted::{digested, extended, extended_inside, extension, tlv, version_2, with_nonce};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::process::Command;
use tests::Office;
use tests::processes::until;

/// Answers without a status (RFC 6960 4.2.1): 1 is malformedRequest, 6 unauthorized.
const MALFORMED: &[u8] = &[0x30, 3, 0x0a, 1, 1];
const UNAUTHORIZED: &[u8] = &[0x30, 3, 0x0a, 1, 6];

/// What `openssl ocsp` says; a failed verification is a failed test.
fn asked(office: &Office, words: &[&str]) -> String {
    let done = openssl(office, words);
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    let error = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success() && error.contains("Response verify OK"), "{said}{error}");
    said
}

/// What `openssl ocsp` says of a certificate.
pub(super) fn status_of(office: &Office, certificate: &pki::Certificate) -> String {
    let name = format!("asked-{}.pem", certificate.serial());
    asked(office, &["-cert", &written(office, &name, certificate)])
}

/// Whether a certificate's status is answered at all.
pub(super) fn is_answered(office: &Office, certificate: &pki::Certificate) -> bool {
    let name = format!("asked-{}.pem", certificate.serial());
    let done = openssl(office, &["-cert", &written(office, &name, certificate)]);
    String::from_utf8_lossy(&done.stderr).contains("Response verify OK")
}

fn openssl(office: &Office, words: &[&str]) -> std::process::Output {
    let url = url(office);
    let (issuer, root) = (ca(office, "issuing-1"), ca(office, "root"));
    Command::new("openssl")
        .args(["ocsp", "-url", &url, "-issuer"])
        .arg(issuer)
        .arg("-CAfile")
        .arg(root)
        .args(words)
        .output()
        .unwrap()
}

fn url(office: &Office) -> String {
    let crl = office.city["ca"]["crl_url"].as_str().unwrap();
    format!("{}/ocsp", crl.split("/crl/").next().unwrap())
}

fn ca(office: &Office, name: &str) -> PathBuf {
    office.path(&format!("ca/public/ca/{name}.pem"))
}

fn written(office: &Office, name: &str, certificate: &pki::Certificate) -> String {
    let path = office.path(name);
    std::fs::write(&path, certificate.pem()).unwrap();
    path.display().to_string()
}

/// The certificate names its responder; OpenSSL believes the answers: good, then revoked, with the
/// reason, as soon as the loss is reported; never good for what nobody issued.
#[tokio::test]
async fn openssl_asks_and_believes() {
    let office = Office::open().await;
    let (official, collected) = office.official("王小明", "sz-office").await;
    let loss = office.loss_of(&official);
    let own = pki::Certificate::read(&collected.chain[0].0).unwrap();
    let own = written(&office, "own.pem", &own);
    let other = written(&office, "other.pem", office.first("officer-1").leaf());
    let words = ["x509", "-noout", "-ocsp_uri", "-in", &own];
    let named = Command::new("openssl").args(words).output().unwrap().stdout;
    assert_eq!(String::from_utf8_lossy(&named).trim(), url(&office));

    for hash in ["-sha1", "-sha256"] {
        for nonce in ["-nonce", "-no_nonce"] {
            let said = asked(&office, &[nonce, hash, "-cert", &own, hash, "-cert", &other]);
            assert_eq!(said.matches(": good").count(), 2, "{said}");
            assert!(!said.contains("WARNING"), "{said}");
        }
    }
    let said = asked(&office, &["-cert", &own, "-serial", "0x0102030405"]);
    assert!(said.contains(": good") && said.contains(": unknown"), "{said}");

    let plain = request(&office, &["-no_nonce", "-cert", &own]);
    let kind = "application/ocsp-request";
    let (_, _, good) = post(&office, kind, plain.clone()).await;
    assert_eq!(post(&office, kind, plain.clone()).await.2, good);
    office.report(&loss).await;
    until("the loss is answered", async || {
        let said = asked(&office, &["-cert", &own]);
        said.contains(": revoked") && said.contains("Reason: keyCompromise")
    })
    .await;
    // An answer that was given again a moment ago is not true any more.
    let said = says(&office, &own, &post(&office, kind, plain).await.2);
    assert!(said.contains(": revoked"), "{said}");
    let said = asked(&office, &["-sha256", "-cert", &own, "-cert", &other]);
    assert!(said.contains(": revoked") && said.contains(": good"), "{said}");
}

/// A row that somebody wrote makes nothing good, and one that was taken away makes nothing revoked
/// good.
#[tokio::test]
async fn rows_make_nothing_good() {
    let office = Office::open().await;
    let (official, collected) = office.official("王小明", "sz-office").await;
    let database = office.database().await;
    let foreign = office.foreign();
    let serial = foreign.leaf().serial().to_string();
    sqlx::query(
        "insert into certificate select $1, under, subject, profile_id, reference, key_sha256, \
         not_after, $2, record_id from certificate limit 1",
    )
    .bind(&serial)
    .bind(foreign.leaf().der())
    .execute(&database)
    .await
    .unwrap();
    let said = asked(&office, &["-serial", &format!("0x{serial}")]);
    assert!(said.contains(": unknown"), "{said}");

    let own = pki::Certificate::read(&collected.chain[0].0).unwrap();
    let path = written(&office, "own.pem", &own);
    office.report(&office.loss_of(&official)).await;
    until("it is revoked", async || asked(&office, &["-cert", &path]).contains(": revoked")).await;
    sqlx::query("delete from revocation").execute(&database).await.unwrap();
    let said = asked(&office, &["-cert", &path]);
    assert!(said.contains(": revoked"), "{said}");
}

/// A request by OpenSSL, DER.
fn request(office: &Office, words: &[&str]) -> Vec<u8> {
    let path = office.path("request.der");
    let issuer = ca(office, "issuing-1");
    let done = Command::new("openssl")
        .args(["ocsp", "-issuer"])
        .arg(issuer)
        .args(words)
        .arg("-reqout")
        .arg(&path)
        .output()
        .unwrap();
    assert!(done.status.success());
    std::fs::read(path).unwrap()
}

async fn post(office: &Office, kind: &str, body: Vec<u8>) -> (u16, http::HeaderMap, Vec<u8>) {
    call(office, "POST", "/ocsp", kind, body).await
}

async fn call(
    office: &Office,
    method: &str,
    path: &str,
    kind: &str,
    body: Vec<u8>,
) -> (u16, http::HeaderMap, Vec<u8>) {
    use http_body_util::{BodyExt, Full};
    let url = url(office);
    let host = url.trim_start_matches("http://").trim_end_matches("/ocsp").to_owned();
    let port: u16 = host.rsplit_once(':').unwrap().1.parse().unwrap();
    let stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let io = hyper_util::rt::TokioIo::new(stream);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::builder().method(method).uri(path).header("host", host);
    let request = request.header("content-type", kind);
    let request = request.body(Full::<bytes::Bytes>::from(body)).unwrap();
    let answer = sender.send_request(request).await.unwrap();
    let (parts, body) = answer.into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    (parts.status.as_u16(), parts.headers, body)
}

/// GET (RFC 5019) may be cached for a moment, an answer to a nonce never.
#[tokio::test]
async fn caches_keep_an_answer_for_a_moment() {
    let office = Office::open().await;
    let other = written(&office, "other.pem", office.first("officer-1").leaf());
    let get = async |der: &[u8], escape: bool| {
        let mut text = data_encoding::BASE64.encode(der);
        if escape {
            text = text.replace('/', "%2F").replace('+', "%2b").replace('=', "%3D");
        }
        call(&office, "GET", &format!("/ocsp/{text}"), "", Vec::new()).await
    };
    let plain = request(&office, &["-no_nonce", "-cert", &other]);
    let mut first = None;
    for escape in [false, true] {
        let (status, headers, body) = get(&plain, escape).await;
        // The same question again: the same answer, not signed anew.
        assert_eq!(&body, first.get_or_insert_with(|| body.clone()));
        assert_eq!(
            (status, headers["content-type"].as_bytes()),
            (200, &b"application/ocsp-response"[..])
        );
        assert!(headers["cache-control"].to_str().unwrap().starts_with("public, max-age=30"));
        let tag = data_encoding::HEXLOWER.encode(&Sha256::digest(&body));
        assert_eq!(headers["etag"], format!("\"{tag}\""));
        let second = |name: &str| {
            let value = headers[name].to_str().unwrap();
            jiff::fmt::rfc2822::parse(value).unwrap().timestamp().as_second()
        };
        assert!((30..60).contains(&(second("expires") - second("last-modified"))));
        assert_eq!(&body[4..7], [0x0a, 1, 0], "successful");
        judged(&office, &other, &body);
    }
    let nonced = request(&office, &["-nonce", "-cert", &other]);
    let (_, headers, answer) = get(&nonced, true).await;
    assert_eq!(headers["cache-control"], "no-store");
    assert_ne!(get(&nonced, true).await.2, answer, "an answer to a nonce is signed for it alone");
    assert_eq!(get(b"nonsense", true).await.2, MALFORMED);
}

/// A request stands in an address in one form: standard base64 with its padding, where `/`, `+` and
/// `=` are escaped or are not. What only resembles it is none, so that a cache keeps one answer.
#[tokio::test]
async fn a_request_by_get_has_one_form() {
    let office = Office::open().await;
    let other = written(&office, "other.pem", office.first("officer-1").leaf());
    let plain = request(&office, &["-no_nonce", "-cert", &other]);
    // With slashes in it, and padding.
    let der =
        (3..6).map(|more| extended(&plain, &[extension(&[0x2a, 3, 4], false, &vec![0xff; more])]));
    let der = der.into_iter().find(|der| der.len() % 3 == 1).unwrap();
    let text = data_encoding::BASE64.encode(&der);
    assert!(text.contains('/') && text.ends_with("=="), "{text}");
    let get =
        async |text: &str| call(&office, "GET", &format!("/ocsp/{text}"), "", Vec::new()).await;
    let escaped = text.replace('/', "%2f").replace('+', "%2B").replace('=', "%3D");
    for form in [text.clone(), escaped, format!("{text}?of=nobody")] {
        judged(&office, &other, &get(&form).await.2);
    }
    for form in [
        text.trim_end_matches('=').to_owned(),
        text.replace('/', "_").replace('+', "-"),
        format!("/{text}"),
        format!("{text}/"),
        format!("{text}%0A"),
        format!("{}%20{}", &text[..4], &text[4..]),
        text.replace('/', "%252F"),
    ] {
        assert_eq!(get(&form).await.2, MALFORMED, "{form}");
    }
}

/// OpenSSL believes an answer and reads good.
fn judged(office: &Office, certificate: &str, answer: &[u8]) {
    let said = says(office, certificate, answer);
    assert!(said.contains(": good"), "{said}");
}

/// What OpenSSL reads in an answer.
fn says(office: &Office, certificate: &str, answer: &[u8]) -> String {
    let path = office.path("answer.der");
    std::fs::write(&path, answer).unwrap();
    let done = Command::new("openssl")
        .args(["ocsp", "-no_nonce", "-issuer"])
        .arg(ca(office, "issuing-1"))
        .arg("-CAfile")
        .arg(ca(office, "root"))
        .args(["-cert", certificate, "-respin"])
        .arg(&path)
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(error.contains("Response verify OK"), "{error}");
    String::from_utf8(done.stdout).unwrap()
}

/// What is no request is told so, within limits; what is about others is not ours to answer.
#[tokio::test]
async fn what_is_no_request_is_refused() {
    let office = Office::open().await;
    let other = written(&office, "other.pem", office.first("officer-1").leaf());
    let kind = "application/ocsp-request";
    let good = request(&office, &["-no_nonce", "-cert", &other]);
    assert_ne!(post(&office, kind, good.clone()).await.2, MALFORMED);
    let nonced = request(&office, &["-nonce", "-cert", &other]);
    let mut many = vec!["-no_nonce"];
    for _ in 0..33 {
        many.extend(["-cert", other.as_str()]);
    }
    let many = request(&office, &many);
    let trailing = [good.as_slice(), &[0]].concat();
    let cut = good[..good.len() - 1].to_vec();
    for (what, body) in [
        ("nothing", Vec::new()),
        ("text", b"hello".to_vec()),
        ("a byte behind", trailing),
        ("a byte short", cut),
        ("too many", many),
        ("too large", vec![0x30; 9_000]),
        ("an empty nonce", with_nonce(&nonced, &[])),
        ("a long nonce", with_nonce(&nonced, &[7; 129])),
        ("version 2", version_2(&good)),
    ] {
        let (status, _, answer) = post(&office, kind, body).await;
        assert_eq!((status, answer.as_slice()), (200, MALFORMED), "{what}");
    }
    assert_eq!(post(&office, "text/plain", good.clone()).await.2, MALFORMED);
    assert_ne!(post(&office, kind, with_nonce(&nonced, &[7; 128])).await.2, MALFORMED);
    let (root, status) = (ca(&office, "root"), ca(&office, "status"));
    let foreign = foreign_request(&office, &root, &status);
    assert_eq!(post(&office, kind, foreign).await.2, UNAUTHORIZED);
}

/// About a certificate of the root, which has a list and no responder.
fn foreign_request(office: &Office, issuer: &Path, certificate: &Path) -> Vec<u8> {
    let path = office.path("foreign.der");
    let done = Command::new("openssl")
        .args(["ocsp", "-no_nonce", "-issuer"])
        .arg(issuer)
        .arg("-cert")
        .arg(certificate)
        .arg("-reqout")
        .arg(&path)
        .output()
        .unwrap();
    assert!(done.status.success());
    std::fs::read(path).unwrap()
}

/// What a request may carry besides: what is unknown and critical refuses it, what is not is passed
/// over; a nonce is one, and an OCTET STRING. A digest that is unknown names nobody here. Who signs
/// a request is not asked.
#[tokio::test]
async fn extensions_are_read_as_the_standard_says() {
    const UNKNOWN: &[u8] = &[0x2a, 3, 4];
    const NONCE: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 0x30, 1, 2];
    let office = Office::open().await;
    let other = written(&office, "other.pem", office.first("officer-1").leaf());
    let kind = "application/ocsp-request";
    let plain = request(&office, &["-no_nonce", "-cert", &other]);
    let nonce = |value: &[u8]| extension(NONCE, false, &tlv(4, value));
    for (what, body) in [
        ("unknown and critical", extended(&plain, &[extension(UNKNOWN, true, b"x")])),
        ("critical inside", extended_inside(&plain, &extension(UNKNOWN, true, b"x"))),
        ("two nonces", extended(&plain, &[nonce(b"one"), nonce(b"two")])),
        ("a nonce that is none", extended(&plain, &[extension(NONCE, false, &[2, 1, 7])])),
        ("a bare nonce", extended(&plain, &[extension(NONCE, false, b"bare")])),
    ] {
        assert_eq!(post(&office, kind, body).await.2, MALFORMED, "{what}");
    }
    for body in [
        extended(&plain, &[extension(UNKNOWN, false, b"x")]),
        extended_inside(&plain, &extension(UNKNOWN, false, b"x")),
        extended(&plain, &[nonce(b"n"), extension(UNKNOWN, false, b"x")]),
    ] {
        judged(&office, &other, &post(&office, kind, body).await.2);
    }
    for kind in ["Application/OCSP-Request", "application/ocsp-request; charset=binary"] {
        judged(&office, &other, &post(&office, kind, plain.clone()).await.2);
    }
    let sha256 = request(&office, &["-no_nonce", "-sha256", "-cert", &other]);
    assert_eq!(post(&office, kind, digested(&sha256, 99)).await.2, UNAUTHORIZED);
    let (_, _, empty) = call(&office, "GET", "/ocsp/", "", Vec::new()).await;
    assert_eq!(empty, MALFORMED);
    assert_eq!(call(&office, "GET", "/ocsp", "", Vec::new()).await.2, MALFORMED);
    assert_eq!(call(&office, "GET", "/ocsp/%+f", "", Vec::new()).await.2, MALFORMED);

    let (key, own) = (office.path("asks.key"), office.path("asks.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=asks", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&own)
        .output()
        .unwrap();
    assert!(made.status.success());
    let (key, own) = (key.display().to_string(), own.display().to_string());
    let signed =
        request(&office, &["-no_nonce", "-cert", &other, "-signer", &own, "-signkey", &key]);
    judged(&office, &other, &post(&office, kind, signed).await.2);
}
