//! What devices send and are told, and what is done to it on the way. OpenSSL makes the
//! certificates of devices, and reads what we encrypt and sign.

use crate::content::{IssuerAndSubject, IssuerSerial, first_address, list_only};
use crate::envelope::ContentCipher;
use crate::message::MESSAGE_BYTES_MAX;
use crate::oid;
use crate::signing::{attribute, signed, text};
use crate::{
    CertRep, CertRepOutcome, DeviceMessage, MessageKind, MessageSigner, RaKey, ScepError,
    ScepFailure, ScepMessage, Sealing, SentMessage,
};
use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkcs7::{Pkcs7, Pkcs7Flags};
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::stack::Stack;
use openssl::symm::Cipher;
use openssl::x509::{X509, X509NameBuilder};
use pki::algorithm::SignError;
use pki::{PublicKey, Signer, wrap};
use std::sync::LazyLock;
use zeroize::Zeroizing;

/// A key of RSA with a certificate of its own making.
struct Device {
    key: PKey<Private>,
    public: PublicKey,
    certificate: X509,
}

impl Signer for Device {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let mut signer = openssl::sign::Signer::new(MessageDigest::sha256(), &self.key).unwrap();
        Ok(signer.sign_oneshot_to_vec(message).unwrap())
    }
}

impl Device {
    fn new(key: PKey<Private>, serial: u32) -> Self {
        let mut name = X509NameBuilder::new().unwrap();
        name.append_entry_by_nid(Nid::COMMONNAME, "device").unwrap();
        let name = name.build();
        let mut builder = X509::builder().unwrap();
        builder.set_version(2).unwrap();
        let serial = BigNum::from_u32(serial).unwrap().to_asn1_integer().unwrap();
        builder.set_serial_number(&serial).unwrap();
        builder.set_subject_name(&name).unwrap();
        builder.set_issuer_name(&name).unwrap();
        builder.set_pubkey(&key).unwrap();
        builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
        builder.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
        builder.sign(&key, MessageDigest::sha256()).unwrap();
        let public = PublicKey::read(&key.public_key_to_der().unwrap()).unwrap();
        Self { public, certificate: builder.build(), key }
    }

    fn signer(&self) -> MessageSigner {
        MessageSigner::read(&self.certificate.to_der().unwrap()).unwrap()
    }
}

/// A device, the registration authority and its key: made once.
static CITY: LazyLock<(Device, Device, RaKey)> = LazyLock::new(|| {
    let device = Device::new(PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap(), 1);
    let ra = PKey::from_rsa(Rsa::generate(3072).unwrap()).unwrap();
    let key = RaKey::from_pkcs8(&ra.private_key_to_pkcs8().unwrap()).unwrap();
    (device, Device::new(ra, 2), key)
});

fn drawn(seed: u8) -> Sealing {
    Sealing { nonce: [seed; 16], key: Zeroizing::new([seed; 32]), iv: [seed; 16] }
}

/// A message of the device.
fn sent(kind: &str, content: &[u8]) -> Vec<u8> {
    let (device, ra, _) = &*CITY;
    let cipher = ContentCipher::Aes128;
    let message = DeviceMessage { kind, transaction: "t-1", content, cipher };
    message.sign((device, &device.signer()), &ra.signer(), &drawn(7)).unwrap()
}

fn verified(der: &[u8]) -> Result<ScepMessage, ScepError> {
    SentMessage::read(der)?.verify()
}

/// What a message hides, as the registration authority reads it.
fn opened(der: &[u8]) -> Result<Vec<u8>, ScepError> {
    let (_, ra, key) = &*CITY;
    let envelope = verified(der)?.envelope()?;
    let content_key = key.content_key(&envelope, &ra.signer())?;
    Ok(envelope.open(&content_key)?.to_vec())
}

/// The same bytes with others in one place.
fn exchanged(der: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut found = der.windows(from.len());
    let place = found.position(|part| part == from).unwrap();
    let mut other = der.to_vec();
    other[place..place + from.len()].copy_from_slice(to);
    other
}

/// RFC 8894 3.2.1.4.2: many clients say when they signed; those that do not are heard as well.
#[test]
fn a_message_that_was_signed_long_ago_is_told_as_such() {
    let (device, _, _) = &*CITY;
    let own = device.signer();
    let message = |time: Option<(u8, &str)>| {
        let time = time.map(|(tag, time)| wrap(tag, time.as_bytes()).unwrap());
        let time = time.map(|time| attribute(oid::SIGNING_TIME, &time).unwrap());
        let others = [
            text(oid::MESSAGE_TYPE, "19").unwrap(),
            text(oid::TRANSACTION_ID, "t-1").unwrap(),
            attribute(oid::SENDER_NONCE, &wrap(0x04, &[7; 16]).unwrap()).unwrap(),
        ];
        let attributes = others.into_iter().chain(time).collect();
        let by = |message: &[u8]| device.sign(message).map_err(|_| ScepError::Key);
        verified(&signed(b"content", attributes, &own, by).unwrap()).unwrap()
    };
    // 2026-12-03T00:00:00Z.
    let now = 1_796_256_000;
    assert_eq!(message(None).check_time(now), Ok(()));
    for (tag, time, told) in [
        (0x17, "261203000000Z", Ok(())),
        (0x18, "20261203000000Z", Ok(())),
        (0x17, "261202000000Z", Ok(())),
        (0x17, "261204000000Z", Ok(())),
        (0x17, "261201235959Z", Err(ScepError::Time)),
        (0x17, "261204000001Z", Err(ScepError::Time)),
        (0x18, "20161203000000Z", Err(ScepError::Time)),
        (0x16, "261203000000Z", Err(ScepError::Malformed)),
        (0x17, "noise", Err(ScepError::Malformed)),
    ] {
        assert_eq!(message(Some((tag, time))).check_time(now), told, "{time}");
    }
    assert_eq!(ScepFailure::from(ScepError::Time).number(), "3");
}

#[test]
fn a_message_is_read_as_it_was_signed_and_by_whom_it_is_for() {
    let der = sent("19", b"a request");
    let message = verified(&der).unwrap();
    assert_eq!(message.head().kind, MessageKind::PkcsReq);
    assert_eq!(message.head().transaction, "t-1");
    assert_eq!(message.head().nonce, [7; 16]);
    assert!(message.signer().is_own());
    assert_eq!(message.signer().key().spki(), CITY.0.public.spki());
    assert_eq!(opened(&der).unwrap(), b"a request");
    // Whoever is shown the key of the content reads it too.
    assert_eq!(message.envelope().unwrap().open(&[7; 16]).unwrap().as_slice(), b"a request");
    for (number, kind) in [
        ("17", MessageKind::RenewalReq),
        ("20", MessageKind::CertPoll),
        ("21", MessageKind::GetCert),
        ("22", MessageKind::GetCrl),
        ("3", MessageKind::CertRep),
        ("18", MessageKind::Unknown),
        ("019", MessageKind::Unknown),
    ] {
        assert_eq!(verified(&sent(number, b"x")).unwrap().head().kind, kind, "{number}");
    }
}

#[test]
fn what_was_changed_on_the_way_is_not_taken() {
    let der = sent("19", b"a request");
    let names = [(&b"t-1"[..], &b"t-2"[..]), (&b"\x13\x0219"[..], &b"\x13\x0217"[..])];
    for (from, to) in names {
        assert_eq!(verified(&exchanged(&der, from, to)).unwrap_err(), ScepError::Integrity);
    }
    let (_, ra, _) = &*CITY;
    let message = verified(&der).unwrap();
    let content = message.envelope().unwrap();
    let key = content.key_for(&ra.signer()).unwrap().to_vec();
    let mut other = key.clone();
    other[9] ^= 1;
    assert_eq!(verified(&exchanged(&der, &key, &other)).unwrap_err(), ScepError::Integrity);
    // A signature of another key under the device's certificate.
    let stranger = Device::new(PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap(), 1);
    let cipher = ContentCipher::Aes256;
    let forged = DeviceMessage { kind: "19", transaction: "t-1", content: b"x", cipher };
    let forged = forged.sign((&stranger, &CITY.0.signer()), &ra.signer(), &drawn(1)).unwrap();
    assert_eq!(verified(&forged).unwrap_err(), ScepError::Integrity);
}

#[test]
fn old_digests_and_ciphers_are_told_as_such() {
    let der = sent("19", b"a request");
    // id-sha256 stands there twice; sha1 and md5 have other lengths, so another digest of the same.
    let sha256 = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
    let sha224 = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x04];
    let once = exchanged(&der, &sha256, &sha224);
    let twice = exchanged(&once, &sha256, &sha224);
    let read = SentMessage::read(&twice).unwrap();
    assert_eq!(read.head().transaction, "t-1", "an answer can name it");
    assert_eq!(read.verify().unwrap_err(), ScepError::Algorithm);
    let mut to = Stack::new().unwrap();
    to.push(CITY.1.certificate.clone()).unwrap();
    let triple_des = Cipher::des_ede3_cbc();
    let old = Pkcs7::encrypt(&to, b"a request", triple_des, Pkcs7Flags::BINARY);
    let read = crate::Envelope::read(&old.unwrap().to_der().unwrap());
    assert_eq!(read.unwrap_err(), ScepError::Algorithm, "triple DES");
    assert_eq!(ScepFailure::from(ScepError::Algorithm).number(), "0");
    assert_eq!(ScepFailure::from(ScepError::Integrity).number(), "1");
}

#[test]
fn what_openssl_encrypts_is_read_and_what_we_encrypt_openssl_reads() {
    let (device, ra, key) = &*CITY;
    let mut to = Stack::new().unwrap();
    to.push(ra.certificate.clone()).unwrap();
    for cipher in [Cipher::aes_128_cbc(), Cipher::aes_256_cbc()] {
        let made = Pkcs7::encrypt(&to, b"a request", cipher, Pkcs7Flags::BINARY).unwrap();
        let envelope = crate::Envelope::read(&made.to_der().unwrap()).unwrap();
        let content_key = key.content_key(&envelope, &ra.signer()).unwrap();
        assert_eq!(envelope.open(&content_key).unwrap().as_slice(), b"a request");
    }
    for cipher in [ContentCipher::Aes128, ContentCipher::Aes256] {
        let made = crate::reply::sealed(b"told", &device.signer(), cipher, &drawn(3)).unwrap();
        let read = Pkcs7::from_der(&made).unwrap();
        let told = read.decrypt(&device.key, &device.certificate, Pkcs7Flags::BINARY).unwrap();
        assert_eq!(told, b"told");
    }
}

/// Content in pieces, as programs in Go write it.
#[test]
fn content_in_pieces_is_read_as_one() {
    let (device, ra, key) = &*CITY;
    let whole = crate::reply::sealed(&[9; 40], &ra.signer(), ContentCipher::Aes128, &drawn(3));
    let whole = whole.unwrap();
    // 48 bytes behind `[0]`, at the end of all.
    let (head, content) = whole.split_at(whole.len() - 48);
    assert!(head.ends_with(&[0x80, 48]));
    let piece = pki::wrap(0x04, content).unwrap();
    let pieces = pki::wrap(0xa0, &piece).unwrap();
    let inner = crate::parts::content_of(&whole, crate::oid::ENVELOPED_DATA).unwrap();
    let parts: Vec<_> = crate::parts::Parts::of(&inner).unwrap().rest().collect();
    let mut last: Vec<_> = crate::parts::Parts::of(&parts[2]).unwrap().rest().collect();
    last.truncate(2);
    let der = |one: &der::asn1::Any| der::Encode::to_der(one).unwrap();
    let last = [der(&last[0]), der(&last[1]), pieces].concat();
    let data = [der(&parts[0]), der(&parts[1]), pki::sequence(&last).unwrap()].concat();
    let data = pki::sequence(&data).unwrap();
    let written = crate::parts::content_info(crate::oid::ENVELOPED_DATA, &data).unwrap();
    let envelope = crate::Envelope::read(&written).unwrap();
    let content_key = key.content_key(&envelope, &ra.signer()).unwrap();
    assert_eq!(envelope.open(&content_key).unwrap().as_slice(), [9; 40]);
    let foreign = key.content_key(&envelope, &device.signer());
    assert_eq!(foreign.unwrap_err(), ScepError::Integrity, "it is for somebody else");
}

/// Whoever tries keys that are none hears what whoever sends noise hears, each time the same.
#[test]
fn padding_tells_nothing() {
    let (_, ra, key) = &*CITY;
    let der = sent("19", b"a request");
    let envelope = verified(&der).unwrap().envelope().unwrap();
    let right = envelope.key_for(&ra.signer()).unwrap().to_vec();
    for place in [0, 1, 50, right.len() - 1] {
        let mut wrong = right.clone();
        wrong[place] ^= 1;
        let damaged = exchanged(&inner_of(&der), &right, &wrong);
        let damaged = crate::Envelope::read(&damaged).unwrap();
        let one = key.content_key(&damaged, &ra.signer()).unwrap();
        let again = key.content_key(&damaged, &ra.signer()).unwrap();
        assert_eq!(one.len(), 16, "as long as a right one");
        assert_eq!(one, again);
        assert!(!damaged.open(&one).is_ok_and(|told| told.as_slice() == b"a request"));
    }
}

/// The envelope within a message.
fn inner_of(der: &[u8]) -> Vec<u8> {
    let read = Pkcs7::from_der(der).unwrap();
    let mut out = Vec::new();
    let certs = Stack::new().unwrap();
    let store = openssl::x509::store::X509StoreBuilder::new().unwrap().build();
    let flags = Pkcs7Flags::NOVERIFY | Pkcs7Flags::BINARY;
    read.verify(&certs, &store, None, Some(&mut out), flags).unwrap();
    out
}

#[test]
fn an_answer_is_signed_and_only_its_device_reads_it() {
    let (device, ra, key) = &*CITY;
    let asked = verified(&sent("19", b"a request")).unwrap();
    let (head, to) = (asked.head(), device.signer());
    let answer = |outcome: CertRepOutcome<'_>| {
        let reply = CertRep { head, to: Some(&to), cipher: ContentCipher::Aes256, outcome };
        reply.sign(key, &ra.signer(), &drawn(5)).unwrap()
    };
    let told = answer(CertRepOutcome::Success(b"certificates"));
    let read = Pkcs7::from_der(&inner_of(&told)).unwrap();
    let content = read.decrypt(&device.key, &device.certificate, Pkcs7Flags::BINARY).unwrap();
    assert_eq!(content, b"certificates");
    let read = SentMessage::read(&told).unwrap();
    assert_eq!(read.head().kind, MessageKind::CertRep);
    assert_eq!((read.head().transaction.as_str(), read.told()), ("t-1", (Some("0"), None)));
    assert_eq!(read.verify().unwrap().signer().key().spki(), key.public_key().spki());
    let failed = answer(CertRepOutcome::Failure(ScepFailure::BadCertId, "没有 / none"));
    assert_eq!(SentMessage::read(&failed).unwrap().told(), (Some("2"), Some("4")));
    assert!(failed.windows(6).any(|part| part == "没有".as_bytes()));
    assert!(inner_of(&failed).is_empty());
    assert_eq!(
        SentMessage::read(&answer(CertRepOutcome::Pending)).unwrap().told(),
        (Some("3"), None)
    );
    let nobody = CertRep {
        head,
        to: None,
        cipher: ContentCipher::Aes128,
        outcome: CertRepOutcome::Success(b""),
    };
    assert_eq!(nobody.sign(key, &ra.signer(), &drawn(5)).unwrap_err(), ScepError::Key);
}

/// Whatever is cut, doubled or flipped is refused, and nothing breaks.
#[test]
fn hostile_der_is_refused() {
    let der = sent("19", b"a request");
    for end in 0..der.len() {
        assert!(SentMessage::read(&der[..end]).is_err(), "{end}");
    }
    for place in 0..der.len() {
        for bit in [0x01, 0x20, 0x80] {
            let mut other = der.clone();
            other[place] ^= bit;
            if let Ok(message) = verified(&other) {
                // What nobody signs may differ: the versions, parameters that are not looked at.
                assert_eq!(message.head().transaction, "t-1");
                assert_eq!(opened(&other).unwrap(), b"a request", "{place}");
            }
        }
    }
    assert_eq!(
        SentMessage::read(&vec![0x30; MESSAGE_BYTES_MAX + 1]).unwrap_err(),
        ScepError::TooLarge
    );
    let mut deep = Vec::new();
    for _ in 0..2_000 {
        deep = pki::sequence(&deep).unwrap();
    }
    assert_eq!(SentMessage::read(&deep).unwrap_err(), ScepError::Malformed);
    assert!(first_address(&deep).is_none());
    let twice = [der.clone(), der].concat();
    assert!(SentMessage::read(&twice).is_err());
}

#[test]
fn names_of_certificates_are_read() {
    let name = [0x30, 0];
    let poll = pki::sequence(&[name, name].concat()).unwrap();
    let poll = IssuerAndSubject::read(&poll).unwrap();
    assert_eq!((poll.issuer.as_slice(), poll.subject.as_slice()), (&name[..], &name[..]));
    let serial = |bytes: &[u8]| {
        let parts = [name.to_vec(), pki::wrap(2, bytes).unwrap()].concat();
        IssuerSerial::read(&pki::sequence(&parts).unwrap()).map(|read| read.serial)
    };
    assert_eq!(serial(&[0, 0x80, 1]).unwrap(), [0, 0x80, 1]);
    assert_eq!(serial(&[5]).unwrap(), [5]);
    assert!(IssuerSerial::read(&[0x30, 0]).is_err());
    let list = list_only(&[0x30, 0]).unwrap();
    assert!(list.ends_with(&[0xa1, 2, 0x30, 0, 0x31, 0]), "the list, and nobody signed it");
    let address = b"http://ca.example/0.crl";
    let point = pki::wrap(0x86, address).unwrap();
    let point = pki::wrap(0xa0, &pki::wrap(0xa0, &point).unwrap()).unwrap();
    let points = pki::sequence(&pki::sequence(&point).unwrap()).unwrap();
    assert_eq!(first_address(&points).as_deref(), Some("http://ca.example/0.crl"));
}

#[test]
fn a_request_of_the_registration_authority_is_a_request() {
    let key = &CITY.2;
    let der = key.request("machines.example").unwrap();
    let read = pki::CertificationRequest::read(&der).unwrap();
    assert_eq!(read.key().spki(), key.public_key().spki());
    let names: Vec<String> = read.wanted().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["machines.example"]);
    let small = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let small = RaKey::from_pkcs8(&small.private_key_to_pkcs8().unwrap());
    assert_eq!(small.unwrap_err(), ScepError::Key);
}
