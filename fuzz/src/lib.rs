//! What is judged of bytes of strangers, whoever brings them: cargo fuzz, or the replays of the
//! tests, which take in this very file. Whatever the bytes are, reading ends without a panic, and
//! what is read says the same when it is read again. Each function says whether they were read.

use jose::{FlatJws, Jwk};
use pkixcmp::request::only;
use pkixcmp::{CrmfRequest, PkiMessage, body};
use policy::CanonicalPath;
use scep::SentMessage;
use scep::content::{IssuerAndSubject, IssuerSerial, first_address};

/// Bytes as a JWS of ACME, or as a public key in JSON.
pub fn jws(bytes: &[u8]) -> bool {
    let value = serde_json::from_slice::<serde_json::Value>(bytes).ok();
    if let Some(key) = value.and_then(|value| Jwk::read(&value).ok()) {
        let again = Jwk::read(&key.to_json()).ok();
        assert_eq!(again.map(|again| again.thumbprint()), Some(key.thumbprint()));
        return true;
    }
    let Ok(read) = FlatJws::read(bytes) else { return false };
    let _ = (read.header(), read.payload());
    let again = FlatJws::read_value(&serde_json::json!({
        "protected": read.protected, "payload": read.payload, "signature": read.signature,
    }));
    let again = again.ok().map(|again| again.signing_input());
    assert_eq!(again, Some(read.signing_input()));
    true
}

/// Bytes as a message of SCEP, which is CMS within CMS, or as what stands in one.
pub fn cms(bytes: &[u8]) -> bool {
    let names = (IssuerSerial::read(bytes).is_ok(), IssuerAndSubject::read(bytes).is_ok());
    let _ = (names, first_address(bytes));
    let Ok(sent) = SentMessage::read(bytes) else { return false };
    let _ = (sent.head(), sent.told());
    if let Ok(message) = sent.verify() {
        let _ = message.envelope().is_ok();
    }
    true
}

/// Bytes as a message of CMP, and what it holds as whatever it may be.
pub fn cmp(bytes: &[u8]) -> bool {
    let Ok(read) = PkiMessage::read(bytes) else { return false };
    let _ = (read.header(), read.kind(), read.mac().is_ok(), read.algorithm().is_ok());
    let content = read.content();
    if let Ok(one) = only(content) {
        let asked = CrmfRequest::read_with(&one, |_| true);
        let _ = asked.map(|asked| asked.wanted().is_ok());
    }
    let _ = (body::confirmation(content).is_ok(), body::revocation(content).is_ok());
    let _ = (body::polled(content).is_ok(), body::known_since(content).is_ok());
    let _ = body::questions(content).is_ok();
    // Without certificates that came along it is the same message.
    let rest = read.without_certificates().ok().and_then(|rest| PkiMessage::read(&rest).ok());
    assert!(rest.is_some_and(|rest| rest.content() == content));
    true
}

/// Bytes as what a client sends a gate over HTTP/1: it is read alike in whatever pieces it comes,
/// and what passes stands in the one form that is read again as it is.
pub fn http1(bytes: &[u8]) -> bool {
    let (given, is_refused) = agent::gate::judged::http1(&[bytes]);
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    let alone = agent::gate::judged::http1(&single);
    // What comes behind a head that asks for another protocol is refused where it comes along, and
    // not read where it comes later.
    assert!((is_refused && !alone.1) || (alone == (given.clone(), is_refused)));
    if !is_refused {
        assert_eq!(agent::gate::judged::http1(&[&given]), (given.clone(), false));
    }
    !is_refused
}

/// Bytes as what an application answers a gate over HTTP/1: it is read alike in whatever pieces it
/// comes.
pub fn answer(bytes: &[u8]) -> bool {
    let read = agent::gate::judged::answer(&[bytes]);
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(agent::gate::judged::answer(&single), read);
    read.is_some()
}

/// Bytes as the path of a request: its one spelling is read as the same path.
pub fn path(bytes: &[u8]) -> bool {
    let read = std::str::from_utf8(bytes).ok().and_then(|text| CanonicalPath::read(text).ok());
    let Some(read) = read else { return false };
    assert_eq!(CanonicalPath::read(read.text()).as_ref(), Ok(&read));
    true
}
