//! One spelling of ECDSA signatures. With (r, s) also (r, n − s) verifies, and anybody can compute
//! it; what is signed here has the smaller of the two, and documents are accepted with no other, so
//! that nobody but the key makes other bytes of them.

use der::asn1::Uint;
use der::{Decode, Encode, Sequence};

/// Order of P-256 (SEC 2, 2.4.2).
pub(crate) const P256: &[u8] = &[
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];
/// Order of P-384 (SEC 2, 2.5.1).
pub(crate) const P384: &[u8] = &[
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf,
    0x58, 0x1a, 0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73,
];

/// `ECDSA-Sig-Value` (RFC 3279 2.2.3).
#[derive(Sequence)]
struct Value {
    r: Uint,
    s: Uint,
}

/// Whether the `s` of a signature in DER is the smaller one.
pub(crate) fn is_low(order: &[u8], signature: &[u8]) -> bool {
    let read = Value::from_der(signature).ok();
    read.and_then(|value| smaller(order, value.s.as_bytes())).is_some_and(|flipped| !flipped.0)
}

/// The signature with the smaller `s`; what is no signature stays as it is, and verifies nowhere.
pub(crate) fn low(order: &[u8], signature: Vec<u8>) -> Vec<u8> {
    let lower = || {
        let value = Value::from_der(&signature).ok()?;
        let (true, s) = smaller(order, value.s.as_bytes())? else { return None };
        Value { r: value.r, s: Uint::new(&s).ok()? }.to_der().ok()
    };
    lower().unwrap_or(signature)
}

/// The same of r ‖ s (RFC 7518 3.4).
pub(crate) fn low_fixed(order: &[u8], mut signature: Vec<u8>) -> Vec<u8> {
    let Some((_, s)) = signature.split_at_mut_checked(order.len()) else { return signature };
    if let Some((true, lower)) = smaller(order, s)
        && s.len() == lower.len()
    {
        s.copy_from_slice(&lower);
    }
    signature
}

/// The smaller of `s` and `order` − `s`, and whether that is not `s`; none for what is no `s`.
fn smaller(order: &[u8], s: &[u8]) -> Option<(bool, Vec<u8>)> {
    let mut own = vec![0; order.len().checked_sub(s.len())?];
    own.extend_from_slice(s);
    if own.as_slice() >= order || own.iter().all(|byte| *byte == 0) {
        return None;
    }
    let mut other = vec![0; order.len()];
    let mut borrow = false;
    for ((to, minuend), subtrahend) in other.iter_mut().zip(order).zip(&own).rev() {
        let (difference, first) = minuend.overflowing_sub(*subtrahend);
        let (difference, second) = difference.overflowing_sub(u8::from(borrow));
        (*to, borrow) = (difference, first || second);
    }
    Some(if other < own { (true, other) } else { (false, own) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_spellings_the_smaller_is_taken() {
        for order in [P256, P384] {
            let one = || Uint::new(&[1]).unwrap();
            let mut high = order.to_vec();
            *high.last_mut().unwrap() -= 7;
            let spelled = |s: &[u8]| Value { r: one(), s: Uint::new(s).unwrap() }.to_der().unwrap();
            assert!(is_low(order, &spelled(&[7])) && !is_low(order, &spelled(&high)));
            assert_eq!(low(order, spelled(&high)), spelled(&[7]));
            assert_eq!(low(order, spelled(&[7])), spelled(&[7]));
            let fixed = [vec![1; order.len()], high.clone()].concat();
            assert_eq!(low_fixed(order, fixed).last(), Some(&7));
            // No signature at all: nought, the order itself, more than it, other bytes.
            for none in [vec![0], order.to_vec(), [&[1], order].concat()] {
                assert!(!is_low(order, &spelled(&none)));
            }
            assert!(!is_low(order, b"") && low(order, b"so".to_vec()) == b"so");
        }
    }
}
