//! Messages are read as they were sent, and what lies about itself is refused.

use crate::client::{CertificateWish, ShownPossession, asking, confirming, revoking};
use crate::error::CmpError;
use crate::fail::{FailInfo, PkiStatus, status_info};
use crate::mac::{ITERATIONS_MAX, MacScheme};
use crate::message::{BodyKind, MESSAGE_BYTES_MAX, PkiMessage};
use crate::request::{CrmfRequest, only};
use crate::{BodyDer, MessageHeading, Protector, body, client, oid};
use aws_lc_rs::digest;
use der::Encode;
use keys::SoftwareSigner;
use pki::algorithm::by_name;
use pki::extension::{self, Extension};
use pki::{SerialNumber, Signer, sequence, wrap};

const NOBODY: &[u8] = &[0x30, 0];

fn key() -> SoftwareSigner {
    SoftwareSigner::generate(by_name("p256").unwrap()).unwrap()
}

fn heading() -> MessageHeading {
    MessageHeading {
        version: 2,
        sender: NOBODY.to_vec(),
        recipient: wrap(0xa4, NOBODY).unwrap(),
        time: Some(1_800_000_000),
        transaction: vec![7; 16],
        sender_nonce: vec![8; 16],
        recipient_nonce: Vec::new(),
        implicit: true,
    }
}

fn by_secret(scheme: MacScheme) -> Protector<'static> {
    Protector::Mac { secret: b"secret", key_id: b"site.00", salt: [9; 16], scheme }
}

fn wish<'a>(key: &'a SoftwareSigner, extensions: &'a [Extension]) -> CertificateWish<'a> {
    let proof = ShownPossession::Signed;
    CertificateWish { key, subject: NOBODY, extensions, old: None, proof }
}

fn named() -> Vec<Extension> {
    vec![extension::subject_alt_name(&["a.acme.test".to_owned()], &[]).unwrap()]
}

/// A request of a key with these protections.
fn message(by: &Protector<'_>) -> Vec<u8> {
    let (key, names) = (key(), named());
    let one = wish(&key, &names).message().unwrap();
    heading().protected(&asking(0, &[&one]).unwrap(), by, &[]).unwrap()
}

#[test]
fn a_message_is_read_as_it_was_sent() {
    let der = message(&by_secret(MacScheme::Pbm));
    let read = PkiMessage::read(&der).unwrap();
    let header = read.header();
    assert_eq!((header.version, header.time), (2, Some(1_800_000_000)));
    assert_eq!((header.sender_key.as_slice(), header.implicit), (b"site.00".as_slice(), true));
    assert_eq!(
        (header.transaction.clone(), header.sender_nonce.clone()),
        (vec![7; 16], vec![8; 16])
    );
    assert_eq!(read.kind(), BodyKind::Initialization);
    assert_eq!(read.without_certificates().unwrap(), der);
    let one = only(read.content()).unwrap();
    let asked = CrmfRequest::read_with(&one, |claimed| claimed.holds()).unwrap();
    assert_eq!(asked.wanted().unwrap()[0].to_string(), "a.acme.test");
}

#[test]
fn a_mac_is_of_one_secret_and_of_these_bytes() {
    for scheme in [MacScheme::Pbm, MacScheme::Pbmac1] {
        let der = message(&by_secret(scheme));
        let read = PkiMessage::read(&der).unwrap();
        let mac = read.mac().unwrap().unwrap();
        assert_eq!(mac.scheme(), scheme);
        assert_eq!(read.verify_mac(&mac, b"secret"), Ok(()));
        assert_eq!(read.verify_mac(&mac, b"Secret"), Err(CmpError::Protection));
        let place = der.windows(11).position(|part| part == b"a.acme.test").unwrap();
        let mut other = der.clone();
        other[place] = b'b';
        let other = PkiMessage::read(&other).unwrap();
        assert_eq!(other.verify_mac(&mac, b"secret"), Err(CmpError::Protection));
    }
}

/// RFC 9483 3.1: what a header says besides is of its form, and fits together.
#[test]
fn what_a_header_says_besides_fits_together() {
    let told = |all: &[(der::asn1::ObjectIdentifier, &[u8])]| {
        let one = |(id, value): &(der::asn1::ObjectIdentifier, &[u8])| {
            sequence(&[id.to_der().unwrap(), value.to_vec()].concat()).unwrap()
        };
        let all: Vec<u8> = all.iter().flat_map(one).collect();
        let mine = MessageHeading { implicit: false, ..heading() };
        let body = BodyDer::confirmed().unwrap();
        let der = mine.protected(&body, &by_secret(MacScheme::Pbm), &[]).unwrap();
        let parts = crate::fields::members(&der).unwrap();
        let head = crate::fields::whole(&parts[0]).unwrap();
        let mut members = crate::fields::members(&head).unwrap();
        let general = wrap(0xa8, &sequence(&all).unwrap()).unwrap();
        members.push(crate::fields::decode(&general).unwrap());
        let whole = |one| crate::fields::whole(one).unwrap();
        let head = sequence(&members.iter().flat_map(whole).collect::<Vec<u8>>()).unwrap();
        let rest: Vec<u8> = parts[1..].iter().flat_map(whole).collect();
        let der = sequence(&[head, rest].concat()).unwrap();
        let header = PkiMessage::read(&der).unwrap().header().clone();
        (header.implicit, header.is_consistent)
    };
    let (null, nothing, one): (&[u8], &[u8], &[u8]) = (&[5, 0], &[], &[2, 1, 1]);
    let time = wrap(0x18, b"20261202080000Z").unwrap();
    let short = wrap(0x17, b"261202080000Z").unwrap();
    let (implicit, waits) = (oid::IMPLICIT_CONFIRM, oid::CONFIRM_WAIT_TIME);
    assert_eq!(told(&[(implicit, null)]), (true, true));
    assert_eq!(told(&[(implicit, nothing)]), (true, true));
    assert_eq!(told(&[(implicit, one)]), (true, false));
    assert_eq!(told(&[(waits, time.as_slice())]), (false, true));
    assert_eq!(told(&[(waits, short.as_slice())]), (false, false));
    assert_eq!(told(&[(implicit, null), (waits, time.as_slice())]), (true, false));
    assert_eq!(told(&[(oid::PBM, one)]), (false, true), "what is not known says nothing");
}

#[test]
fn a_mac_by_a_bare_secret_is_none() {
    let read = |id: der::asn1::ObjectIdentifier| {
        let der = sequence(&id.to_der().unwrap()).unwrap();
        crate::mac::MacParameters::read(&crate::fields::decode(&der).unwrap())
    };
    for id in [oid::HMAC_SHA1, oid::HMAC_SHA256, oid::HMAC_SHA512] {
        assert_eq!(read(id).err(), Some(CmpError::Algorithm));
    }
    assert!(read(pki::oid::SHA256).unwrap().is_none(), "none of a MAC at all");
}

/// OpenSSL's own: 500 rounds of SHA-256, and HMAC-SHA-1 as a MAC.
#[test]
fn rounds_of_hashing_have_bounds() {
    let parameters = |rounds: &[u8]| {
        let salt = wrap(0x04, &[1; 16]).unwrap();
        let hash = sequence(&pki::oid::SHA256.to_der().unwrap()).unwrap();
        let mac = sequence(&crate::oid::HMAC_SHA1_PKIX.to_der().unwrap()).unwrap();
        let own = [salt, hash, wrap(0x02, rounds).unwrap(), mac].concat();
        let id = crate::oid::PBM.to_der().unwrap();
        let der = sequence(&[id, sequence(&own).unwrap()].concat()).unwrap();
        let any = crate::fields::decode(&der).unwrap();
        crate::mac::MacParameters::read(&any).map(|read| read.is_some())
    };
    assert_eq!(parameters(&[0x01, 0xf4]), Ok(true));
    for bomb in [&[0x7f, 0xff, 0xff, 0xff][..], &[0x00, 0x98, 0x96, 0x80], &[1; 9]] {
        assert_eq!(parameters(bomb), Err(CmpError::Algorithm), "{bomb:?}");
    }
    for few in [&[0][..], &[1], &[99]] {
        assert_eq!(parameters(few), Err(CmpError::Algorithm), "{few:?}");
    }
    const { assert!(ITERATIONS_MAX >= 10_000, "what RFC 9481 recommends is taken") };
}

#[test]
fn possession_is_shown_by_a_signature_and_by_nothing_else() {
    let (own, other, names) = (key(), key(), named());
    for proof in [ShownPossession::Vouched, ShownPossession::Nothing] {
        let der = CertificateWish { proof, ..wish(&own, &names) }.message().unwrap();
        let read = CrmfRequest::read_with(&der, |_| true);
        assert_eq!(read.unwrap_err(), CmpError::Possession, "{proof:?}");
    }
    let der = wish(&own, &names).message().unwrap();
    assert!(CrmfRequest::read_with(&der, |claimed| claimed.holds()).is_ok());
    // Another key in the template, under the same proof.
    let (point, theirs) = (own.public_key().raw(), other.public_key().raw());
    let place = der.windows(point.len()).position(|part| part == point).unwrap();
    let mut forged = der.clone();
    forged[place..place + point.len()].copy_from_slice(theirs);
    let read = CrmfRequest::read_with(&forged, |claimed| claimed.holds());
    assert_eq!(read.unwrap_err(), CmpError::Possession);
}

#[test]
fn one_message_asks_for_one_certificate() {
    let (own, names) = (key(), named());
    let one = wish(&own, &names).message().unwrap();
    let asked = |all: &[&[u8]]| {
        let body = asking(2, all).unwrap();
        let der = heading().protected(&body, &by_secret(MacScheme::Pbm), &[]).unwrap();
        only(PkiMessage::read(&der).unwrap().content())
    };
    assert_eq!(asked(&[&one]), Ok(one.clone()));
    assert_eq!(asked(&[]), Err(CmpError::Count));
    assert_eq!(asked(&[&one, &one]), Err(CmpError::Count));
}

#[test]
fn ends_and_confirmations_are_read() {
    let read = |body| {
        let der = heading().protected(&body, &by_secret(MacScheme::Pbm), &[]).unwrap();
        PkiMessage::read(&der).unwrap()
    };
    let serial = SerialNumber::from_hex("0102").unwrap();
    let asked = read(revoking(NOBODY, &serial, 1).unwrap());
    assert_eq!(asked.kind(), BodyKind::Revocation);
    let wanted = body::revocation(asked.content()).unwrap();
    assert_eq!((wanted.certificate.serial, wanted.reason), (serial, Some(1)));
    for is_taken in [true, false] {
        let said = read(confirming(&[5; 32], 0, is_taken).unwrap());
        let said = body::confirmation(said.content()).unwrap().unwrap();
        assert_eq!((said.hash, said.id, said.accepted), (vec![5; 32], 0, is_taken));
        assert!(!said.says_failure);
    }
    assert_eq!(body::confirmation(NOBODY), Ok(None), "what is not named was not taken");
    assert_eq!(body::polled(NOBODY), Err(CmpError::Count));
    assert_eq!(body::questions(NOBODY), Ok(Vec::new()));
}

/// RFC 9810 5.3.18: the hash is by the algorithm of the certificate's signature, or by the one that
/// is named.
#[test]
fn a_confirmation_is_about_this_certificate() {
    let hash = |by, of: &[u8]| digest::digest(by, of).as_ref().to_vec();
    let said = |hash: &[u8], named: Option<der::asn1::ObjectIdentifier>| {
        let mut parts = [wrap(0x04, hash).unwrap(), 0i64.to_der().unwrap()].concat();
        if let Some(id) = named {
            let algorithm = sequence(&id.to_der().unwrap()).unwrap();
            parts.extend(wrap(0xa0, &algorithm).unwrap());
        }
        let content = sequence(&sequence(&parts).unwrap()).unwrap();
        body::confirmation(&content).unwrap().unwrap()
    };
    let key = |name| SoftwareSigner::generate(by_name(name).unwrap()).unwrap();
    let (small, large, edwards) = (key("p256"), key("p384"), key("ed25519"));
    let [short, middle, long] =
        [&digest::SHA256, &digest::SHA384, &digest::SHA512].map(|by| hash(by, b"one"));
    let is_of = |hash: &[u8], named, key: &SoftwareSigner| {
        said(hash, named).is_of(b"one", key.public_key())
    };
    assert_eq!(is_of(&short, None, &small), Ok(true));
    assert_eq!(is_of(&middle, None, &small), Ok(false), "by another one than its signature's");
    assert_eq!(is_of(&middle, None, &large), Ok(true));
    assert_eq!(is_of(&short, None, &large), Ok(false));
    assert_eq!(is_of(&long, None, &edwards), Ok(true));
    assert_eq!(is_of(&long, Some(oid::SHA512), &small), Ok(true));
    assert_eq!(is_of(&short, Some(oid::SHA512), &small), Ok(false), "by another one than it says");
    let unknown = Some(oid::PBM);
    assert_eq!(is_of(&short, unknown, &small), Err(CmpError::Algorithm));
    assert_eq!(is_of(&hash(&digest::SHA256, b"other"), None, &small), Ok(false));
    assert_eq!(is_of(&[], None, &small), Ok(false));
}

#[test]
fn a_refusal_says_its_bit() {
    let bits = |fail| {
        let der = status_info(PkiStatus::Rejection, &[], Some(fail)).unwrap();
        der[5..].to_vec()
    };
    assert_eq!(bits(FailInfo::Algorithm), [0x03, 2, 7, 0x80]);
    assert_eq!(bits(FailInfo::Possession), [0x03, 3, 6, 0, 0x40]);
    assert_eq!(bits(FailInfo::NotAuthorized), [0x03, 4, 0, 0, 0, 1]);
}

#[test]
fn an_answer_says_what_it_brings() {
    let read = |body: &BodyDer| {
        let der = heading().protected(body, &by_secret(MacScheme::Pbm), &[]).unwrap();
        PkiMessage::read(&der).unwrap()
    };
    let asked = (BodyKind::Initialization, 0);
    let brings = BodyDer::issued(asked, PkiStatus::Accepted, NOBODY, Some(NOBODY)).unwrap();
    assert_eq!(client::issued(&read(&brings)), Ok(Some(NOBODY.to_vec())));
    assert_eq!(client::failure(&read(&brings)), Ok(None));
    let fail = Some(FailInfo::TransactionInUse);
    let status = status_info(PkiStatus::Rejection, &["否", "no"], fail).unwrap();
    let refused = BodyDer::without_certificate(asked, &status).unwrap();
    assert_eq!(client::issued(&read(&refused)), Ok(None));
    for body in [
        refused,
        BodyDer::error(&["否", "no"], FailInfo::TransactionInUse).unwrap(),
        BodyDer::revoked(&status).unwrap(),
    ] {
        assert_eq!(client::failure(&read(&body)), Ok(Some(21)));
    }
}

/// Whatever the bytes are, reading ends without a panic, and what ends well is the same bytes.
#[test]
fn hostile_bytes_are_refused() {
    let der = message(&by_secret(MacScheme::Pbm));
    let look = |bytes: &[u8]| {
        let Ok(read) = PkiMessage::read(bytes) else { return false };
        let _ = read.mac();
        let _ = only(read.content()).map(|one| CrmfRequest::read_with(&one, |_| true).is_ok());
        let content = read.content();
        let _ = (body::confirmation(content), body::polled(content), body::revocation(content));
        let _ = body::questions(content);
        true
    };
    assert!(look(&der));
    for end in 0..der.len() {
        assert!(!look(&der[..end]), "cut at {end}");
    }
    for place in 0..der.len() {
        for flip in [0x01, 0x20, 0x80, 0xff] {
            let mut other = der.clone();
            other[place] ^= flip;
            look(&other);
        }
    }
    assert!(!look(&[der.as_slice(), &[0]].concat()), "something behind it");
    let large = PkiMessage::read(&[0x30; MESSAGE_BYTES_MAX + 1]);
    assert_eq!(large.unwrap_err(), CmpError::TooLarge);
    let deep: Vec<u8> = [0x30, 0x80].repeat(10_000);
    assert!(!look(&deep), "indefinite lengths");
    let nine = [NOBODY; 9];
    let one = wish(&key(), &named()).message().unwrap();
    let body = asking(0, &[&one]).unwrap();
    let many = heading().protected(&body, &by_secret(MacScheme::Pbm), &nine).unwrap();
    assert_eq!(PkiMessage::read(&many).unwrap_err(), CmpError::TooLarge);
}
