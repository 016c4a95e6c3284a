//! Bytes of strangers at the door of systems, and on both sides of a gate: good ones, changed at
//! random by numbers that are the same in every run. Whatever comes is read or refused, nothing
//! that was changed is signed, and what is read says the same when it is read again. `FUZZ=20000`
//! changes each of them more often.

use acme::challenge::KeyAuthorization;
use acme::dns::RecordKind;
use acme::http01::{WebPorts, WebTarget};
use acme::renewal::CertificateName;
use acme::{AcmeIdentifier, asked, dns, request, tls_alpn01};
use jose::{FlatJws, Jwk};
use pki::CertificationRequest;
use pki::host::Host;
use pkixcmp::client::{CertificateWish, ShownPossession, asking, confirming, revoking};
use pkixcmp::mac::MacScheme;
use serde_json::{Value, json};

/// Changes of each seed.
fn rounds() -> usize {
    std::env::var("FUZZ").ok().and_then(|text| text.parse().ok()).unwrap_or(300)
}

/// Numbers that look drawn and are the same each time (xorshift).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below.max(1) as u64) as usize
    }
}

/// Bytes that lead readers astray: borders of lengths and of numbers, quotes, ends of texts.
const BORDERS: [u8; 12] = [0, 1, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xff, b'"', b'}', b'.', b'\n'];

/// The bytes with some changes: other bytes, some left out, some twice, a part of another seed.
fn changed(seed: &[u8], other: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=numbers.next(4) {
        let at = numbers.next(bytes.len());
        let end = at + numbers.next(bytes.len().saturating_sub(at) + 1);
        match numbers.next(6) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << numbers.next(8),
            1 if !bytes.is_empty() => bytes[at] = BORDERS[numbers.next(BORDERS.len())],
            2 => drop(bytes.drain(at..end)),
            3 => {
                let part = bytes[at..end].to_vec();
                drop(bytes.splice(at..at, part));
            }
            4 => {
                let from = numbers.next(other.len());
                let part = other[from..].iter().copied().take(64).collect::<Vec<u8>>();
                drop(bytes.splice(at..at, part));
            }
            _ => bytes.truncate(end),
        }
    }
    bytes
}

/// Every seed as it is, and changed so often.
fn each(seeds: &[Vec<u8>], mut judge: impl FnMut(&[u8], bool)) {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for (place, seed) in seeds.iter().enumerate() {
        judge(seed, true);
        let other = &seeds[(place + 1) % seeds.len()];
        for _ in 0..rounds() {
            let bytes = changed(seed, other, &mut numbers);
            judge(&bytes, bytes == *seed);
        }
    }
}

fn vectors() -> Value {
    let path = tests::workspace().join("crates/jose/src/vectors.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_jws_is_what_was_signed_or_nothing() {
    let vectors = vectors();
    let algorithms = jose::SignatureAlg::NAMES;
    let seeds: Vec<Vec<u8>> =
        algorithms.map(|alg| vectors[alg]["jws"].to_string().into_bytes()).to_vec();
    let keys = algorithms.map(|alg| Jwk::read(&vectors[alg]["jwk"]).unwrap());
    let signed: Vec<FlatJws> = seeds.iter().map(|seed| FlatJws::read(seed).unwrap()).collect();
    each(&seeds, |bytes, _| {
        let Ok(jws) = FlatJws::read(bytes) else { return };
        let _ = (jws.header(), jws.payload());
        for key in &keys {
            if jws.verify(key).is_err() {
                continue;
            }
            // An ECDSA signature has two spellings; what it is over has one.
            let known = signed.iter().any(|one| one.signing_input() == jws.signing_input());
            assert!(known, "{}", String::from_utf8_lossy(bytes));
        }
    });
}

/// The targets of `fuzz`, by the same functions, from good messages on.
#[test]
fn what_fuzz_targets_judge_is_read_or_refused() {
    let vectors = vectors();
    let of = |name: &str| {
        jose::SignatureAlg::NAMES.map(|alg| vectors[alg][name].to_string().into_bytes())
    };
    each(&of("jws"), |bytes, is_seed| assert!(tests::judged::jws(bytes) || !is_seed));
    each(&of("jwk"), |bytes, is_seed| assert!(tests::judged::jws(bytes) || !is_seed));
    let device = tests::machines::ScepDevice::new();
    let (own, request) = (device.own(), device.request("a.acme.test", Some("challenge")));
    let sent = ["19", "17", "20"].map(|kind| device.message(kind, &request, &own));
    each(&sent, |bytes, is_seed| assert!(tests::judged::cms(bytes) || !is_seed));
    let key = keys::SoftwareSigner::generate_p256().unwrap();
    let names = [pki::extension::subject_alt_name(&["a.acme.test".to_owned()], &[]).unwrap()];
    let (subject, proof) = (&[0x30, 0][..], ShownPossession::Signed);
    let wish = CertificateWish { key: &key, subject, extensions: &names, old: None, proof };
    let serial = pki::SerialNumber::from_hex("0102").unwrap();
    let bodies = [
        asking(0, &[&wish.message().unwrap()]).unwrap(),
        revoking(subject, &serial, 1).unwrap(),
        confirming(&[7; 32], 0, true).unwrap(),
    ];
    let salt = [9; 16];
    let heading = pkixcmp::MessageHeading {
        version: 2,
        sender: subject.to_vec(),
        recipient: pki::wrap(0xa4, subject).unwrap(),
        time: Some(1_800_000_000),
        transaction: vec![1; 16],
        sender_nonce: vec![8; 16],
        recipient_nonce: vec![7; 32],
        implicit: true,
    };
    let sent = bodies.map(|body| {
        let (secret, key_id, scheme) = (&b"secret"[..], &b"site.00"[..], MacScheme::Pbmac1);
        let by = pkixcmp::Protector::Mac { secret, key_id, salt, scheme };
        heading.protected(&body, &by, &[]).unwrap()
    });
    each(&sent, |bytes, is_seed| assert!(tests::judged::cmp(bytes) || !is_seed));
}

/// The same of a gate, from its clients and its application: what is read is read alike in whatever
/// pieces it comes, and what passes has one form.
#[test]
fn what_a_gate_reads_has_one_reading_or_none() {
    let head = "Host: app.example\r\nAccept: */*\r\n";
    let chunks = "4;a=b\r\nhere\r\n0a\r\n0123456789\r\n0\r\nX-Trailer: x\r\n\r\n";
    let requests = [
        format!("GET /a/b?c=%2F HTTP/1.1\r\n{head}\r\nHEAD /a HTTP/1.1\r\n{head}\r\n"),
        format!("POST /a HTTP/1.1\r\n{head}Content-Length: 4\r\n\r\nhere\r\n"),
        format!("PUT /a HTTP/1.1\r\n{head}Transfer-Encoding: chunked\r\n\r\n{chunks}"),
        format!("GET https://app.example/a HTTP/1.1\r\n{head}Upgrade: h2c\r\n\r\n"),
        format!("GET /a HTTP/1.1\r\n{head}Upgrade: websocket\r\nConnection: upgrade\r\n\r\n"),
    ];
    each(&requests.map(String::into_bytes), |bytes, is_seed| {
        assert!(tests::judged::http1(bytes) || !is_seed);
    });
    let answers = [
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhere".to_owned(),
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"),
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nServer: a\r\n\r\n".to_owned(),
        "HTTP/1.0 404 Not Found\r\n\r\nuntil its end".to_owned(),
    ];
    each(&answers.map(String::into_bytes), |bytes, is_seed| {
        assert!(tests::judged::answer(bytes) || !is_seed);
    });
    let paths = ["/", "/a/b/", "/%E5%85%AC%e6%96%87/a%20b", "/a%2Bb,=:@/100%25", "/公文/[1]"];
    each(&paths.map(|path| path.as_bytes().to_vec()), |bytes, is_seed| {
        assert!(tests::judged::path(bytes) || !is_seed);
    });
}

#[test]
fn a_header_a_key_and_a_binding_are_read_or_refused() {
    let vectors = vectors();
    let decode = |text: &str| data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).unwrap();
    let part = |alg: &str, name: &str| decode(vectors[alg]["jws"][name].as_str().unwrap());
    let key = Jwk::read(&vectors["ES256"]["jwk"]).unwrap();
    let url = vectors["url"].as_str().unwrap();
    let headers: Vec<Vec<u8>> =
        jose::SignatureAlg::NAMES.iter().map(|alg| part(alg, "protected")).collect();
    each(&headers, |bytes, is_seed| {
        let header = FlatJws::of_parts(bytes, b"", b"").header();
        assert!(!is_seed || header.is_ok());
    });
    let keys: Vec<Vec<u8>> = jose::SignatureAlg::NAMES
        .iter()
        .map(|alg| vectors[*alg]["jwk"].to_string().into_bytes())
        .collect();
    each(&keys, |bytes, _| {
        let Ok(value) = serde_json::from_slice::<Value>(bytes) else { return };
        let Ok(read) = Jwk::read(&value) else { return };
        assert_eq!(Jwk::read(&read.to_json()).unwrap().thumbprint(), read.thumbprint());
    });
    each(&[part("ES256", "payload"), part("RS256", "payload")], |bytes, _| {
        let Ok(bound) = jose::binding(bytes, url, &key) else { return };
        let _ = bound.verify(&decode(vectors["secret"].as_str().unwrap()));
    });
}

#[test]
fn what_a_client_asks_for_is_read_or_refused() {
    let order = json!({
        "identifiers": [
            { "type": "dns", "value": "*.www.acme.test" },
            { "type": "dns", "value": "xn--fiqs8s.acme.test" },
            { "type": "ip", "value": "2001:db8::1" },
        ],
        "profile": "server",
        "replaces": "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE",
    });
    let account = json!({ "contact": ["mailto:ops@acme.test"], "onlyReturnExisting": false });
    let revocation = json!({ "certificate": "MIIB", "reason": 1 });
    let seeds = [&order, &account, &revocation].map(|seed| seed.to_string().into_bytes());
    each(&seeds, |bytes, _| {
        if let Ok(order) = asked::read::<asked::NewOrder>(bytes) {
            let _ = order.check();
            for sent in &order.identifiers {
                let Ok(read) = AcmeIdentifier::read(sent) else { continue };
                // What is read has one spelling, which is read as the same.
                let text = serde_json::to_value(&read).unwrap();
                let sent = serde_json::from_value(text).unwrap();
                assert_eq!(AcmeIdentifier::read(&sent), Ok(read));
            }
            if let Some(name) = order.replaces.as_deref().and_then(CertificateName::read) {
                assert_eq!(order.replaces, Some(name.to_string()));
            }
        }
        if let Ok(account) = asked::read::<asked::NewAccount>(bytes) {
            let _ = asked::check_contacts(&account.contact);
        }
        let _ = asked::read::<asked::AskedRevocation>(bytes);
    });
}

#[test]
fn a_request_of_est_or_acme_is_read_whole_or_refused() {
    let key = rcgen::KeyPair::generate().unwrap();
    let make = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let params = rcgen::CertificateParams::new(names).unwrap();
        params.serialize_request(&key).unwrap().der().to_vec()
    };
    let seeds = [make(&["a.acme.test"]), make(&["*.acme.test", "127.0.0.1", "::1"])];
    let order = [AcmeIdentifier::name("a.acme.test").unwrap()];
    each(&seeds, |bytes, is_seed| {
        let read = CertificationRequest::read(bytes);
        assert_eq!(read.is_ok(), is_seed, "its key signed what it says, and nothing else");
        let _ = request::check(bytes, &order);
        // The same without its signature, as far as readers go that know it from elsewhere.
        if let Ok(read) = CertificationRequest::read_with(bytes, |_| true) {
            assert_eq!(read.der(), bytes, "byte by byte");
            let _ = read.wanted();
        }
    });
    let texts = seeds.map(|der| data_encoding::BASE64.encode(&der).into_bytes());
    each(&texts, |bytes, is_seed| {
        let read = pki::est::decoded(bytes);
        assert!(!is_seed || read.is_some());
        let _ = read.map(|der| CertificationRequest::read(&der).is_ok());
    });
}

#[test]
fn what_is_found_at_a_host_is_read_or_refused() {
    let expected = KeyAuthorization::new("token", "thumb");
    let name = AcmeIdentifier::name("acme.test").unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["acme.test".to_owned()]).unwrap();
    let digest = expected.digest();
    let extension = rcgen::CustomExtension::new_acme_identifier(&digest);
    params.custom_extensions.push(extension);
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap().der().to_vec();
    assert_eq!(tls_alpn01::judge(&certificate, &name, &expected), Ok(()));
    let holds = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).any(|part| part == what);
    each(&[certificate], |bytes, _| {
        if tls_alpn01::judge(bytes, &name, &expected).is_ok() {
            assert!(holds(bytes, &digest) && holds(&bytes.to_ascii_lowercase(), b"acme.test"));
        }
    });
    let question = dns::question(7, "acme.test", RecordKind::Caa).unwrap();
    let mut answer = question.clone();
    answer[2..8].copy_from_slice(&[0x81, 0x80, 0, 1, 0, 1]);
    answer[10..12].fill(0);
    answer.truncate(answer.len() - 11);
    answer.extend(b"\xc0\x0c\x01\x01\x00\x01\x00\x00\x00\x01\x00\x0d\x00\x05issueca.tst");
    each(&[question, answer], |bytes, _| {
        for kind in [RecordKind::Caa, RecordKind::Txt, RecordKind::A, RecordKind::Aaaa] {
            let _ = dns::answer(bytes, 7, "acme.test", kind);
        }
    });
    let ports = WebPorts { http: 80, https: 443 };
    let target = WebTarget::of(Host::Name("acme.test".into()), "/a".into());
    let seeds = ["https://www.acme.test:443/a?b#c", "//[::1]/x", "/there"];
    each(&seeds.map(|seed| seed.as_bytes().to_vec()), |bytes, _| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        if let Ok(led) = target.redirect(text, ports) {
            assert!([80, 443].contains(&led.port(ports)) && led.path.starts_with('/'), "{text}");
        }
    });
}
