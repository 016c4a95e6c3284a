//! The other spelling of signatures. Of ECDSA with (r, s) also (r, n − s) verifies, for whoever
//! does not look: OpenSSL computes it, and says that it verifies. Of Ed25519 with S also S + L.

use data_encoding::BASE64;
use der::asn1::{Any, BitString};
use der::{Decode, Encode};
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::EcGroup;
use openssl::ecdsa::EcdsaSig;
use openssl::nid::Nid;

/// The other spelling of a signature.
pub fn respelled(signature: &[u8]) -> Vec<u8> {
    let read = EcdsaSig::from_der(signature).unwrap();
    // Of a root's key, by its length.
    let long = read.r().num_bytes().max(read.s().num_bytes()) > 32;
    let curve = if long { Nid::SECP384R1 } else { Nid::X9_62_PRIME256V1 };
    let group = EcGroup::from_curve_name(curve).unwrap();
    let (mut order, mut other) = (BigNum::new().unwrap(), BigNum::new().unwrap());
    group.order(&mut order, &mut BigNumContext::new().unwrap()).unwrap();
    other.checked_sub(&order, read.s()).unwrap();
    let r = read.r().to_owned().unwrap();
    EcdsaSig::from_private_components(r, other).unwrap().to_der().unwrap()
}

/// The other spelling of an Ed25519 signature: its S, little-endian, with the order of the group
/// added (RFC 8032 5.1).
pub fn respelled_ed25519(signature: &[u8]) -> Vec<u8> {
    let (point, s) = signature.split_at(32);
    let big = |little: &[u8]| {
        let bytes: Vec<u8> = little.iter().rev().copied().collect();
        BigNum::from_slice(&bytes).unwrap()
    };
    let mut power = BigNum::new().unwrap();
    power.lshift(&BigNum::from_u32(1).unwrap(), 252).unwrap();
    let rest = BigNum::from_dec_str("27742317777372353535851937790883648493").unwrap();
    let (mut group, mut other) = (BigNum::new().unwrap(), BigNum::new().unwrap());
    group.checked_add(&power, &rest).unwrap();
    other.checked_add(&big(s), &group).unwrap();
    let mut little = other.to_vec_padded(32).unwrap();
    little.reverse();
    [point, &little].concat()
}

/// A checkpoint whose signature is spelled the other way.
pub fn respelled_note(note: &str) -> String {
    let (before, line) = note.trim_end().rsplit_once(' ').unwrap();
    let value = BASE64.decode(line.as_bytes()).unwrap();
    let (id, signature) = value.split_at(4);
    let value = [id, &respelled_ed25519(signature)].concat();
    format!("{before} {}\n", BASE64.encode(&value))
}

/// A certificate, list or request in DER, with its signature spelled the other way.
pub fn respelled_der(signed: &[u8]) -> Vec<u8> {
    with_signature(signed, |signature| BitString::from_bytes(&respelled(signature)).unwrap())
}

/// The same document with a signature of which one bit does not count.
pub fn with_unused_bit(signed: &[u8]) -> Vec<u8> {
    with_signature(signed, |signature| BitString::new(1, [signature, &[0]].concat()).unwrap())
}

fn with_signature(signed: &[u8], change: impl FnOnce(&[u8]) -> BitString) -> Vec<u8> {
    let mut parts = Vec::<Any>::from_der(signed).unwrap();
    let signature = parts.pop().unwrap().decode_as::<BitString>().unwrap();
    parts.push(Any::encode_from(&change(signature.raw_bytes())).unwrap());
    parts.to_der().unwrap()
}
