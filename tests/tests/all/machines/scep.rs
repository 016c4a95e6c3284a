//! Devices that get certificates by SCEP: OpenSSL makes what they send and judges what they are
//! told, and the programs of others come as they are.

use openssl::pkcs7::{Pkcs7, Pkcs7Flags};
use openssl::stack::Stack;
use openssl::symm::Cipher;
use openssl::x509::X509;
use sha2::{Digest, Sha256};
use std::process::{Command, Output};
use tests::machines::device::openssl as run_openssl;
use tests::machines::{Posted, ScepDevice, Site};

/// Why it failed, as the protocol has it.
fn failed(told: &Posted) -> String {
    let (status, fail) = told.said();
    assert_eq!(status, "2", "a failure");
    fail.unwrap()
}

const BAD_ALG: &str = "0";
const BAD_MESSAGE_CHECK: &str = "1";
const BAD_REQUEST: &str = "2";
const BAD_CERT_ID: &str = "4";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_gets_a_certificate_by_scep_and_renews_it() {
    let site = Site::open().await;
    let secret = site.inner("printer").await;
    site.speaks_scep().await;
    let (first, next) = (ScepDevice::new(), ScepDevice::new());
    let caps = first.ask(&site, "operation=GetCACaps");
    let caps = String::from_utf8(caps.body).unwrap();
    assert!(caps.contains("SHA-256\n") && !caps.contains("DES3") && !caps.contains("SHA-1\n"));
    let ra = first.authority(&site);
    let request = first.request("a.acme.test", Some(&secret.challenge));
    let message = first.message("19", &request, &ra);
    let told = first.post(&site, &message);
    let printed = first.opened(&told);
    // Whoever did not hear the answer asks again, by either way.
    assert_eq!(first.opened(&first.post(&site, &message)), printed);
    assert_eq!(first.opened(&first.fetch(&site, &message)), printed);
    let name = [&[0x30, 0x00][..], &[0x30, 0x00]].concat();
    let poll = pki::sequence(&name).unwrap();
    assert_eq!(first.opened(&first.post(&site, &first.message("20", &poll, &ra))), printed);
    let certificate = first.keep(&told);
    let own = first.path("own.pem");
    let issuing = site.office.path("ca/public/ca/issuing-1.pem").display().to_string();
    run_openssl(&["verify", "-CAfile", &site.root(), "-untrusted", &issuing, &own]);
    assert_eq!(certificate.hosts()[0].to_string(), "a.acme.test");
    // The old key asks for the next one.
    let message = first.message("17", &next.request("a.acme.test", None), &ra);
    let told = first.post(&site, &message);
    let renewed = first.opened(&told);
    assert_ne!(renewed, printed);
    assert_eq!(first.opened(&first.post(&site, &message)), renewed, "the same again");
    let other = first.message("17", &next.request("b.acme.test", None), &ra);
    assert_eq!(failed(&first.post(&site, &other)), BAD_REQUEST, "other names");
    let named = |serial: &[u8]| {
        let serial = pki::wrap(2, serial).unwrap();
        pki::sequence(&[certificate.issuer().der(), &serial].concat()).unwrap()
    };
    let known = named(certificate.serial().bytes());
    let told = first.post(&site, &first.message("21", &known, &ra));
    assert_eq!(first.opened(&told), printed);
    let unknown = first.message("21", &named(&[1, 2, 3]), &ra);
    assert_eq!(failed(&first.post(&site, &unknown)), BAD_CERT_ID);
    let told = first.post(&site, &first.message("22", &known, &ra));
    assert!(first.opened(&told).contains("BEGIN X509 CRL"));
    let stranger = ScepDevice::new();
    let told = stranger.post(&site, &stranger.message("21", &known, &ra));
    assert_eq!(failed(&told), BAD_CERT_ID, "no certificate of this CA");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_intact_or_not_covered_is_refused_by_scep() {
    let site = Site::open().await;
    let secret = site.inner("printer").await;
    site.speaks_scep().await;
    let device = ScepDevice::new();
    let ra = device.authority(&site);
    for (query, status) in [
        ("operation=Nothing", 400),
        ("", 400),
        ("operation=GetNextCACert", 404),
        ("operation=PKIOperation&message=AAAA", 400),
        ("operation=PKIOperation&message=!", 400),
    ] {
        let told = device.ask(&site, query);
        assert_eq!(told.status, status, "{query}");
        assert!(String::from_utf8(told.body).unwrap().contains(" / "), "in both languages");
    }
    assert_eq!(device.post(&site, b"noise").status, 400);
    assert_eq!(device.post(&site, &vec![0x30; 100_000]).status, 413);
    let ask = |name: &str, challenge: Option<&str>| {
        device.post(&site, &device.message("19", &device.request(name, challenge), &ra))
    };
    let good = Some(secret.challenge.as_str());
    assert_eq!(failed(&ask("a.acme.test", None)), BAD_REQUEST, "no challenge");
    assert_eq!(failed(&ask("a.acme.test", Some("printer.00.00"))), BAD_REQUEST, "a wrong one");
    assert_eq!(failed(&ask("a.acme.test", Some(&site.secret.challenge))), BAD_REQUEST);
    assert_eq!(failed(&ask("a.other.test", good)), BAD_REQUEST, "other names");
    // A request of another key than the one that signed the message.
    let other = ScepDevice::new();
    let request = other.request("a.acme.test", good);
    let told = device.post(&site, &device.message("19", &request, &ra));
    assert_eq!(failed(&told), BAD_MESSAGE_CHECK);
    let noise = device.post(&site, &device.message("19", b"noise", &ra));
    assert_eq!(failed(&noise), BAD_MESSAGE_CHECK, "the same of noise");
    let elsewhere = device.message("19", &device.request("a.acme.test", good), &device.own());
    assert_eq!(failed(&device.post(&site, &elsewhere)), BAD_MESSAGE_CHECK, "for another key");
    let mut changed = device.message("19", &device.request("a.acme.test", good), &ra);
    *changed.last_mut().unwrap() ^= 1;
    assert_eq!(failed(&device.post(&site, &changed)), BAD_MESSAGE_CHECK);
    let unsigned = device.message("17", &device.request("a.acme.test", good), &ra);
    assert_eq!(failed(&device.post(&site, &unsigned)), BAD_CERT_ID, "nothing is renewed by it");
    let mut to = Stack::new().unwrap();
    to.push(X509::from_der(ra.der()).unwrap()).unwrap();
    let request = device.request("a.acme.test", good);
    let old = Pkcs7::encrypt(&to, &request, Cipher::des_ede3_cbc(), Pkcs7Flags::BINARY).unwrap();
    let old = device.message_around(&old.to_der().unwrap());
    assert_eq!(failed(&device.post(&site, &old)), BAD_ALG, "triple DES");
    let old = device.old_request("a.acme.test", &secret.challenge);
    let old = device.message("19", &old, &ra);
    assert_eq!(failed(&device.post(&site, &old)), BAD_ALG, "a request signed with SHA-1");
    device.keep(&ask("a.acme.test", good));
}

fn tried(program: &str, words: &[&str]) -> Output {
    let output = Command::new(program).args(words).output();
    output.unwrap_or_else(|error| panic!("{program}: {error}"))
}

fn said(output: &Output) -> String {
    let all = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8_lossy(&all).into_owned()
}

/// certmonger's helper carries a message and verifies the answer; `scepclient` speaks DES and SHA-1
/// alone, and is told so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_of_others_speak_scep_or_are_told_that_theirs_is_old() {
    let site = Site::open().await;
    let secret = site.inner("printer").await;
    site.speaks_scep().await;
    let device = ScepDevice::new();
    let (ra, url) = (device.authority(&site), site.scep());
    let helper = "/usr/lib/certmonger/scep-submit";
    let caps = tried(helper, &["-u", &url, "-c"]);
    assert!(said(&caps).contains("POSTPKIOperation"), "{}", said(&caps));
    let told = tried(helper, &["-u", &url, "-C"]);
    assert_eq!(said(&told).matches("BEGIN CERTIFICATE").count(), 3, "{}", said(&told));
    let request = device.request("a.acme.test", Some(&secret.challenge));
    let message = device.message("19", &request, &ra);
    let file = device.path("message.pem");
    std::fs::write(&file, pki::certificate::pem("PKCS7", &message)).unwrap();
    let (own, chain) = (device.path("ra.pem"), device.path("ca.pem"));
    let told = tried(helper, &["-u", &url, "-p", "-r", &own, "-N", &chain, "-I", &chain, &file]);
    assert!(told.status.success() && said(&told).contains("BEGIN PKCS7"), "{}", said(&told));
    device.keep(&device.post(&site, &message));
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key.pem").display().to_string();
    let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(ra.der()));
    let words = ["-private-key", &key, "-server-url", &url, "-ca-fingerprint", &hash];
    let more = ["-challenge", &secret.challenge, "-cn", "b.acme.test"];
    let old = tried("scepclient", &[&words[..], &more].concat());
    assert!(!old.status.success() && said(&old).contains("badAlg"), "{}", said(&old));
}
