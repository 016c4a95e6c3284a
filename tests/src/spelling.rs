//! The other spelling of ECDSA signatures: with (r, s) also (r, n − s) verifies, for whoever does
//! not look. OpenSSL computes it, and says that it verifies.

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
