//! Systems that get certificates by EST, as a script does it with `curl` and OpenSSL: who asks is
//! known by a password or by a certificate, and whoever is neither gets nothing.

use data_encoding::BASE64URL_NOPAD;
use serde_json::json;
use tests::machines::device::openssl;
use tests::machines::{Device, Site, Told, curl};

/// The code in a text of EST, and the status.
fn refused(told: &Told) -> (u16, String) {
    assert!(told.body.contains(" / "), "in both languages: {told:?}");
    let (_, code) = told.body.rsplit_once('(').unwrap_or_else(|| panic!("{told:?}"));
    let code: String =
        code.chars().take_while(|one| one.is_ascii_lowercase() || *one == '-').collect();
    (told.status, code)
}

fn lines(text: &str, end: &str) -> String {
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    lines.join(end)
}

fn judge(site: &Site, device: &Device, name: &str) {
    let own = device.path("own.pem");
    let issuing = site.office.path("ca/public/ca/issuing-1.pem").display().to_string();
    openssl(&["verify", "-CAfile", &site.root(), "-untrusted", &issuing, &own]);
    let shown = openssl(&["x509", "-in", &own, "-noout", "-ext", "subjectAltName"]);
    assert!(shown.contains(name), "{shown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_gets_a_certificate_and_renews_it() {
    let site = Site::open().await;
    let secret = site.inner("inner").await;
    let (first, next) = (Device::new(), Device::new());
    for path in ["/cacerts", "/server/cacerts"] {
        let told = curl(&site.root(), &[&site.est(path)], b"");
        let printed = first.keep(&told);
        assert_eq!(printed.matches("BEGIN CERTIFICATE").count(), 2, "{printed}");
        let root = std::fs::read_to_string(site.root()).unwrap();
        assert!(printed.contains(root.trim()), "{printed}");
    }
    let told = curl(&site.root(), &[&site.est("/csrattrs")], b"");
    assert_eq!(told.field("content-type"), Some("application/csrattrs"));
    let request = first.request(&["a.acme.test"]);
    let told = Device::enroll(&site, "/simpleenroll", &secret, &request);
    first.keep(&told);
    judge(&site, &first, "DNS:a.acme.test");
    // Whoever did not hear the answer asks again, in lines or not.
    for body in [format!("{request}\n"), lines(&request, "\n"), lines(&request, "\r\n")] {
        assert_eq!(Device::enroll(&site, "/simpleenroll", &secret, &body).body, told.body);
    }
    let serial = first.certificate().serial().to_string();
    let others = first.renew(&site, &next.request(&["b.acme.test"]));
    assert_eq!(refused(&others), (403, "system-renewal".into()));
    let told = first.renew(&site, &next.request(&["a.acme.test"]));
    next.keep(&told);
    judge(&site, &next, "DNS:a.acme.test");
    assert_ne!(next.certificate().serial().to_string(), serial);
    // What is revoked renews nothing, and nor does what another CA signed.
    let der = BASE64URL_NOPAD.encode(first.certificate().der());
    let client = first.by_acme(&site);
    let told = client.post(&client.url("revokeCert"), &json!({ "certificate": der }).to_string());
    assert_eq!(told.status, 200, "{told:?}");
    let late = first.renew(&site, &first.request(&["a.acme.test"]));
    assert_eq!(refused(&late), (401, "certificate-revoked".into()));
    let (key, own) = (first.path("key.pem"), first.path("own.pem"));
    openssl(&["req", "-x509", "-key", &key, "-subj", "/CN=a.acme.test", "-out", &own]);
    let foreign = first.renew(&site, &first.request(&["a.acme.test"]));
    assert_eq!(refused(&foreign), (401, "certificate-foreign".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_not_known_by_est_gets_nothing() {
    let site = Site::open().await;
    let secret = site.inner("inner").await;
    let device = Device::new();
    let request = device.request(&["a.acme.test"]);
    let mut wrong = secret.clone();
    wrong.password = site.secret.password.clone();
    let told = Device::enroll(&site, "/simpleenroll", &wrong, &request);
    assert_eq!(refused(&told), (401, "system-secret".into()));
    assert_eq!(told.field("www-authenticate"), Some("Basic realm=\"EST\", charset=\"UTF-8\""));
    let nobody = Device::send(&site, "/simpleenroll", "application/pkcs10", &[], &request);
    assert_eq!(refused(&nobody), (401, "system-secret".into()));
    assert!(nobody.field("www-authenticate").is_some());
    let ask = |path: &str, body: &str| refused(&Device::enroll(&site, path, &secret, body));
    let word = |status: u16, code: &str| (status, code.to_owned());
    let foreign = device.request(&["a.other.test"]);
    assert_eq!(ask("/simpleenroll", &foreign), word(403, "system-names"));
    assert_eq!(ask("/simpleenroll", "no base64!"), word(400, "request-malformed"));
    assert_eq!(ask("/simpleenroll", "AAAA"), word(400, "request-malformed"));
    assert_eq!(ask("/simplereenroll", &request), word(401, "certificate-required"));
    assert_eq!(ask("/device/simpleenroll", &request), word(400, "unknown-profile"));
    assert_eq!(ask("/nothing/simpleenroll", &request), word(400, "unknown-profile"));
    let user = format!("{}:{}", secret.kid, secret.password);
    let kind = Device::send(&site, "/simpleenroll", "text/plain", &["-u", &user], &request);
    assert_eq!(refused(&kind), word(415, "media-type"));
    let looked = Device::enroll(&site, "/simpleenroll", &site.secret, &request);
    assert_eq!(refused(&looked), word(403, "system-challenge"));
    let read = curl(&site.root(), &["-u", &user, &site.est("/simpleenroll")], b"");
    assert_eq!(refused(&read), word(405, "method-not-allowed"));
    for path in ["/serverkeygen", "/device/serverkeygen", "/fullcmc"] {
        let none = Device::enroll(&site, path, &secret, &request);
        assert_eq!(refused(&none), word(404, "not-found"), "no profile lets the CA make keys");
    }
    let told = Device::enroll(&site, "/server/simpleenroll", &secret, &request);
    device.keep(&told);
}

/// Whatever becomes of the issuer between a request and its certificate, the same request gets one:
/// what may have been signed without a record is given up, and another one is made.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_costs_a_system_its_request_by_no_means() {
    let mut site = Site::open().await;
    let secret = site.inner("inner").await;
    for step in ["certify-after-mark", "certify-after-sign", "certify-before-result"] {
        let device = Device::new();
        let request = device.request(&["a.acme.test"]);
        site.office.stop("issuer");
        site.office.start("issuer", &[("YINXIN_CRASH_AT", step)]).await;
        let _ = Device::enroll(&site, "/simpleenroll", &secret, &request);
        site.office.ended("issuer").await;
        site.office.start("issuer", &[]).await;
        tests::processes::until("there is a certificate", async || {
            Device::enroll(&site, "/simpleenroll", &secret, &request).status == 200
        })
        .await;
        device.keep(&Device::enroll(&site, "/simpleenroll", &secret, &request));
        judge(&site, &device, "DNS:a.acme.test");
    }
    tests::invariants::hold(&site.office).await;
}

/// Whoever is told to come later comes with the same request.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn est_says_when_to_come_again() {
    let mut site = Site::open().await;
    let secret = site.inner("inner").await;
    let device = Device::new();
    let request = device.request(&["a.acme.test"]);
    site.office.stop("log");
    let told = Device::enroll(&site, "/simpleenroll", &secret, &request);
    assert_eq!(told.status, 202, "{told:?}");
    assert!(told.field("retry-after").is_some());
    site.office.start("log", &[]).await;
    tests::processes::until("there is a certificate", async || {
        Device::enroll(&site, "/simpleenroll", &secret, &request).status == 200
    })
    .await;
}
