//! Systems that get certificates by CMP, as a script does it with unmodified `openssl cmp`: by a
//! secret at first, by their certificates from then on.

use tests::machines::device::openssl;
use tests::machines::{CmpDevice, Site};
use tests::processes::until;

fn judge(site: &Site, device: &CmpDevice, file: &str, name: &str) -> String {
    let own = device.path(file);
    let issuing = site.office.path("ca/public/ca/issuing-1.pem").display().to_string();
    openssl(&["verify", "-CAfile", &site.root(), "-untrusted", &issuing, &own]);
    let shown = openssl(&["x509", "-in", &own, "-noout", "-ext", "subjectAltName"]);
    assert!(shown.contains(name), "{shown}");
    serial(&std::fs::read(own).unwrap())
}

fn serial(pem: &[u8]) -> String {
    let blocks = pki::pem::read(pem, pki::pem::Kind::Certificate).unwrap();
    pki::Certificate::read(&blocks[0]).unwrap().serial().to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_gets_updates_and_ends_certificates_by_cmp() {
    let site = Site::open().await;
    let secret = site.inner("inner").await;
    let device = CmpDevice::new(&site);
    let by_secret = CmpDevice::by_secret(&secret);
    let (key, out) = (device.key("key.pem"), device.path("own.pem"));
    let names = ["-subject", "/CN=a.acme.test", "-sans", "a.acme.test"];
    let asked = device.path("asked.der");
    let own = ["-newkey", &key, "-certout", &out, "-reqout", &asked];
    device.done("ir", &by_secret, &[&own[..], &names].concat());
    // What was confirmed is over: its request is not answered once more.
    let replayed = device.told(&std::fs::read(asked).unwrap());
    assert_eq!(replayed, Some(21), "transactionIdInUse");
    let first = judge(&site, &device, "own.pem", "DNS:a.acme.test");
    // One more, by the certificate.
    let by_own = device.by_certificate("own.pem", "key.pem");
    let (other, out) = (device.key("other.key"), device.path("other.pem"));
    let names = ["-subject", "/CN=b.acme.test", "-sans", "b.acme.test"];
    let words = [&["-newkey", &other, "-certout", &out][..], &names].concat();
    device.done("cr", &by_own, &words);
    judge(&site, &device, "other.pem", "DNS:b.acme.test");
    // One by PKCS#10, which nobody confirms.
    let (request, out) = (device.path("request.pem"), device.path("third.pem"));
    let third = device.key("third.key");
    let named = "subjectAltName=DNS:c.acme.test,DNS:d.acme.test";
    let words = ["req", "-new", "-key", &third, "-subj", "/", "-addext", named];
    openssl(&[&words[..], &["-out", &request]].concat());
    let words = ["-csr", &request, "-implicit_confirm", "-certout", &out];
    let said = device.done("p10cr", &by_secret, &words);
    assert!(!said.contains("CERTCONF"), "{said}");
    judge(&site, &device, "third.pem", "DNS:d.acme.test");
    // Another key in place of the first.
    let (next, out) = (device.key("next.key"), device.path("next.pem"));
    device.done("kur", &by_own, &["-newkey", &next, "-certout", &out]);
    let second = judge(&site, &device, "next.pem", "DNS:a.acme.test");
    assert_ne!(first, second);
    // Each ends by its own key, or by the system's secret.
    let old = device.path("own.pem");
    device.done("rr", &by_own, &["-oldcert", &old, "-revreason", "4"]);
    device.refused("rr", &by_secret, &["-oldcert", &old], "certRevoked");
    device.done("rr", &by_secret, &["-oldcert", &out, "-revreason", "1"]);
    site.office.listed(&first).await;
    site.office.listed(&second).await;
    device.refused("kur", &by_own, &["-newkey", &next, "-certout", &out], "certRevoked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_of_cmp_is_told_what_it_wants_to_know() {
    let site = Site::open().await;
    let secret = site.inner("inner").await;
    let device = CmpDevice::new(&site);
    let by_secret = CmpDevice::by_secret(&secret);
    let said = device.done("genm", &by_secret, &["-infotype", "caCerts"]);
    // The same under the host of systems, over TLS.
    let protected = CmpDevice::over_tls(&site);
    protected.done("genm", &by_secret, &["-infotype", "caCerts"]);
    assert!(said.contains("id-it-caCerts"), "{said}");
    let answer = device.path("answer.der");
    device.done("genm", &by_secret, &["-infotype", "currentCRL", "-rspout", &answer]);
    let answer = pkixcmp::PkiMessage::read(&std::fs::read(answer).unwrap()).unwrap();
    assert!(answer.content().len() > 100, "a list stands in it");
    // What is not known here is left out, and nothing is refused for it.
    device.done("genm", &by_secret, &["-infotype", "unsupportedOIDs"]);
}

/// What its client does not take is revoked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_its_client_refuses_is_revoked() {
    let site = Site::open().await;
    let secret = site.inner("inner").await;
    let device = CmpDevice::new(&site);
    let (key, out) = (device.key("key.pem"), device.path("own.pem"));
    let foreign = device.path("foreign.pem");
    let words = ["req", "-x509", "-key", &key, "-subj", "/CN=foreign", "-out", &foreign];
    openssl(&words);
    let (first, last) = (device.path("first.der"), device.path("last.der"));
    let answers = format!("{first},{last}");
    let own = ["-newkey", &key, "-certout", &out, "-rspout", &answers];
    let names = ["-subject", "/CN=a.acme.test", "-sans", "a.acme.test"];
    let words = [&own[..], &names, &["-out_trusted", &foreign]].concat();
    let ran = device.cmp("ir", &CmpDevice::by_secret(&secret), &words);
    assert!(!ran.is_done, "{}", ran.said);
    let answer = pkixcmp::PkiMessage::read(&std::fs::read(first).unwrap()).unwrap();
    let issued = pkixcmp::client::issued(&answer).unwrap().unwrap();
    let serial = pki::Certificate::read(&issued).unwrap().serial().to_string();
    site.office.listed(&serial).await;
}

/// Whoever asks while the log is away waits, and has the certificate when it is back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_of_cmp_waits_until_there_is_a_certificate() {
    let mut site = Site::open().await;
    let secret = site.inner("inner").await;
    let device = CmpDevice::new(&site);
    let (key, out) = (device.key("key.pem"), device.path("own.pem"));
    let (asked, polled) = (device.path("asked.der"), device.path("polled.der"));
    site.office.stop("log");
    let seen = polled.clone();
    let running = tokio::task::spawn_blocking(move || {
        let messages = format!("{asked},{polled}");
        let own = ["-newkey", &key, "-certout", &out, "-reqout", &messages];
        let names = ["-subject", "/CN=a.acme.test", "-sans", "a.acme.test"];
        let words = [&own[..], &names].concat();
        let said = device.done("ir", &CmpDevice::by_secret(&secret), &words);
        (device, said)
    });
    until("its client polls", async || std::path::Path::new(&seen).exists()).await;
    site.office.start("log", &[]).await;
    let (device, said) = running.await.unwrap();
    assert!(said.contains("POLLREQ"), "{said}");
    judge(&site, &device, "own.pem", "DNS:a.acme.test");
}
