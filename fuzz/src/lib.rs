//! What is judged of bytes of strangers, whoever brings them: cargo fuzz, or the replays of the
//! tests, which take in this very file. Whatever the bytes are, reading ends without a panic, and
//! what is read says the same when it is read again. Each function says whether they were read.

use jose::{FlatJws, Jwk};
use pkixcmp::request::only;
use pkixcmp::{CrmfRequest, PkiMessage, body};
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
