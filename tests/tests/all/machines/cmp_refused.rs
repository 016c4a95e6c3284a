//! What a client of CMP that lies is told, by which bit, and under whose protection: whoever has
//! the secret believes a refusal, and whoever has not gets nothing.

use pkixcmp::BodyKind;
use pkixcmp::client::{CertificateWish, ShownPossession, asking, asking_by_pkcs10};
use tests::machines::cmp::keyed;
use tests::machines::device::openssl;
use tests::machines::{CmpDevice, Site};

/// badAlg and its like, by their numbers (RFC 9810 5.2.3).
const ALGORITHM: Option<u32> = Some(0);
const MESSAGE_CHECK: Option<u32> = Some(1);
const REQUEST: Option<u32> = Some(2);
const TIME: Option<u32> = Some(3);
const POSSESSION: Option<u32> = Some(9);
const INTEGRITY: Option<u32> = Some(12);
const IN_USE: Option<u32> = Some(21);
const VERSION: Option<u32> = Some(22);

/// The same bytes with the first place of `from` as `to`.
fn changed(message: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let place = message.windows(from.len()).position(|part| part == from).expect("it is there");
    let (head, rest) = message.split_at(place);
    [head, to, &rest[from.len()..]].concat()
}

/// The time of a message that is sent now.
fn now() -> Option<u64> {
    Some(service::Clock::system().seconds())
}

/// How many certificates were asked for with success.
async fn enrolled(site: &Site) -> usize {
    let all = site.office.control().await;
    all.iter().filter(|record| record.event.kind() == "machine-enrolled").count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_lies_by_openssl_gets_nothing() {
    let site = Site::open().await;
    let secret = site.inner("inner").await;
    let device = CmpDevice::new(&site);
    let by_secret = CmpDevice::by_secret(&secret);
    let (key, out) = (device.key("key.pem"), device.path("own.pem"));
    let own = ["-newkey", &key, "-certout", &out];
    let named = |name: &'static str| vec!["-subject", "/CN=a.acme.test", "-sans", name];
    let with = |more: Vec<&'static str>| [&own[..], &more].concat();
    let good = with(named("a.acme.test"));
    // A wrong secret: what is refused is told, and only believed by who has the right one.
    let mut wrong = secret.clone();
    wrong.cmp = site.secret.cmp.clone();
    let wrong = CmpDevice::by_secret(&wrong);
    let blindly = [&good[..], &["-unprotected_errors"]].concat();
    device.refused("ir", &wrong, &blindly, "badMessageCheck");
    assert!(!device.cmp("ir", &wrong, &good).is_done);
    let mut nobody = secret.clone();
    nobody.kid = "nobody.0123456789abcdef".into();
    device.refused("ir", &CmpDevice::by_secret(&nobody), &blindly, "badMessageCheck");
    // Beyond the order.
    device.refused("ir", &by_secret, &with(named("a.other.test")), "notAuthorized");
    let looked = CmpDevice::by_secret(&site.secret);
    device.refused("ir", &looked, &good, "notAuthorized");
    for popo in ["0", "-1"] {
        let words = [&good[..], &["-popo", popo]].concat();
        device.refused("ir", &by_secret, &words, "badPOP");
    }
    // A CA, and somebody who answers for one.
    let request = device.path("request.pem");
    for more in ["basicConstraints=critical,CA:TRUE", "extendedKeyUsage=OCSPSigning"] {
        let words = ["req", "-new", "-key", &key, "-subj", "/", "-out", &request];
        let names = ["-addext", "subjectAltName=DNS:a.acme.test", "-addext", more];
        openssl(&[&words[..], &names].concat());
        let words = ["-csr", &request, "-certout", &out];
        device.refused("p10cr", &by_secret, &words, "badCertTemplate");
    }
    // A certificate that we did not issue.
    let foreign = device.path("foreign.pem");
    let words = ["req", "-x509", "-key", &key, "-subj", "/CN=a.acme.test", "-out", &foreign];
    openssl(&words);
    let by_foreign = device.by_certificate("foreign.pem", "key.pem");
    device.refused("cr", &by_foreign, &good, "signerNotTrusted");
    assert!(!std::path::Path::new(&out).exists(), "nothing was given");
    device.done("ir", &by_secret, &good);
    // A certificate is updated under its own names.
    let next = device.key("next.key");
    let by_own = device.by_certificate("own.pem", "key.pem");
    let words = ["-newkey", &next, "-certout", &out, "-san_nodefault", "-sans", "b.acme.test"];
    device.refused("kur", &by_own, &words, "badCertTemplate");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_counts_as_it_was_made_and_in_its_transaction() {
    let site = Site::open().await;
    let secret = site.inner("inner").await;
    let device = CmpDevice::new(&site);
    let (own, other) =
        (keys::SoftwareSigner::generate_p256(), keys::SoftwareSigner::generate_p256());
    let (own, other) = (own.unwrap(), other.unwrap());
    let names = [pki::extension::subject_alt_name(&["a.acme.test".to_owned()], &[]).unwrap()];
    let request = |key: &keys::SoftwareSigner, proof| {
        let wish =
            CertificateWish { key, subject: &[0x30, 0], extensions: &names, old: None, proof };
        wish.message().unwrap()
    };
    let signed = request(&own, ShownPossession::Signed);
    let asks = |number: u8| asking(number, &[&signed]).unwrap();
    let message = keyed(&secret, 1, now(), &asks(0));
    // Tampered with on its way, in another version, with rounds that nobody counts.
    let tampered = changed(&message, b"a.acme.test", b"b.acme.test");
    assert_eq!(device.told(&tampered), MESSAGE_CHECK);
    let version = changed(&message, &[0x02, 0x01, 0x02, 0xa4], &[0x02, 0x01, 0x05, 0xa4]);
    assert_eq!(device.told(&version), VERSION);
    let bomb = changed(&message, &[0x02, 0x02, 0x03, 0xe8], &[0x02, 0x02, 0x7f, 0xff]);
    assert_eq!(device.told(&bomb), ALGORITHM);
    let old = keyed(&secret, 2, Some(1_500_000_000), &asks(0));
    assert_eq!(device.told(&old), TIME);
    let timeless = keyed(&secret, 2, None, &asks(0));
    assert_eq!(device.told(&timeless), TIME, "without a time it would count for ever");
    // One certificate a message, whose key is held by whoever asks; an update by its own key.
    let two = asking(0, &[&signed, &signed]).unwrap();
    assert_eq!(device.told(&keyed(&secret, 2, now(), &two)), REQUEST);
    for proof in [ShownPossession::Vouched, ShownPossession::Nothing] {
        let unproven = asking(0, &[&request(&own, proof)]).unwrap();
        assert_eq!(device.told(&keyed(&secret, 2, now(), &unproven)), POSSESSION);
    }
    assert_eq!(device.told(&keyed(&secret, 2, now(), &asks(7))), INTEGRITY);
    let garbage = asking_by_pkcs10(&[0x30, 0]).unwrap();
    assert!(device.told(&keyed(&secret, 2, now(), &garbage)).is_some());
    assert_eq!(enrolled(&site).await, 0);
    // The same again is the same certificate, and another request none.
    let first = device.brought(&message).expect("a certificate");
    assert_eq!(device.brought(&message), Some(first.clone()), "who did not hear it");
    let second = asking(0, &[&request(&other, ShownPossession::Signed)]).unwrap();
    assert_eq!(device.told(&keyed(&secret, 1, now(), &second)), IN_USE);
    assert!(device.brought(&keyed(&secret, 3, now(), &second)).is_some_and(|own| own != first));
    assert_eq!(enrolled(&site).await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_message_of_cmp_is_told_by_a_status() {
    let site = Site::open().await;
    let secret = site.inner("inner").await;
    let device = CmpDevice::new(&site);
    let kind = "application/pkixcmp";
    for garbage in [&b"garbage"[..], &[], &[0x30, 0x80, 0, 0], &[0x30, 0]] {
        assert_eq!(device.send("", kind, garbage).0, 400, "{garbage:?}");
    }
    assert_eq!(device.send("", kind, &[0x30; 40_000]).0, 413);
    assert_eq!(device.send("", "application/pkcs10", b"garbage").0, 415);
    assert_eq!(device.send("/p", kind, b"garbage").0, 404);
    // A label is the name of the system's profile.
    let key = keys::SoftwareSigner::generate_p256().unwrap();
    let names = [pki::extension::subject_alt_name(&["a.acme.test".to_owned()], &[]).unwrap()];
    let (subject, proof) = (&[0x30, 0][..], ShownPossession::Signed);
    let wish = CertificateWish { key: &key, subject, extensions: &names, old: None, proof };
    let body = asking(0, &[&wish.message().unwrap()]).unwrap();
    let message = keyed(&secret, 1, now(), &body);
    let (status, answer) = device.send("/p/device", kind, &message);
    assert_eq!((status, answer.unwrap().kind()), (200, BodyKind::Error));
    // Behind it, or without it, an operation may be named (RFC 9483 6.1).
    for place in ["/p/server", "/p/server/initialization", "/initialization"] {
        let (status, answer) = device.send(place, kind, &message);
        assert_eq!((status, answer.unwrap().kind()), (200, BodyKind::Other(1)), "{place}");
    }
    for nothing in ["/p/server/whatever", "/whatever", "/initialization/more"] {
        assert_eq!(device.send(nothing, kind, &message).0, 404, "{nothing}");
    }
}
