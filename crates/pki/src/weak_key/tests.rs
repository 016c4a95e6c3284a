//! Keys that are found out, and keys of OpenSSL, which are not.

use super::*;
use crate::algorithm::KeyError;
use openssl::bn::{BigNum, BigNumRef};
use openssl::ec::{EcGroup, EcKey};
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;

/// An RSA public key as a SubjectPublicKeyInfo.
fn spki(modulus: &BigUint, exponent: u32) -> Vec<u8> {
    let number = BigNum::from_slice(&modulus.to_bytes_be()).unwrap();
    let exponent = BigNum::from_u32(exponent).unwrap();
    let key = Rsa::from_public_components(number, exponent).unwrap();
    PKey::from_rsa(key).unwrap().public_key_to_der().unwrap()
}

fn judged(modulus: &BigUint) -> Result<(), KeyWeakness> {
    judge(&PublicKey::read(&spki(modulus, 65_537)).unwrap())
}

fn number(of: &BigNumRef) -> BigUint {
    BigUint::from_bytes_be(&of.to_vec())
}

/// A prime of so many bits, by OpenSSL.
fn prime(bits: i32) -> BigNum {
    let mut prime = BigNum::new().unwrap();
    prime.generate_prime(bits, false, None, None).unwrap();
    prime
}

/// The first prime behind a number, by OpenSSL.
fn prime_behind(start: &BigUint) -> BigUint {
    let mut context = openssl::bn::BigNumContext::new().unwrap();
    let mut tried = start + 1u32 + start % 2u32;
    loop {
        let number = BigNum::from_slice(&tried.to_bytes_be()).unwrap();
        if number.is_prime(20, &mut context).unwrap() {
            return tried;
        }
        tried += 2u32;
    }
}

#[test]
fn keys_as_openssl_makes_them_are_sound() {
    for bits in [2_048, 3_072] {
        let key = PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap();
        let key = PublicKey::read(&key.public_key_to_der().unwrap()).unwrap();
        assert_eq!(judge(&key), Ok(()), "{bits}");
    }
    for curve in [Nid::X9_62_PRIME256V1, Nid::SECP384R1] {
        let group = EcGroup::from_curve_name(curve).unwrap();
        let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
        let key = PublicKey::read(&key.public_key_to_der().unwrap()).unwrap();
        assert_eq!(judge(&key), Ok(()));
    }
}

#[test]
fn close_primes_are_found() {
    let one = number(&prime(1_024));
    let close = prime_behind(&one);
    assert_eq!(judged(&(&one * &close)), Err(KeyWeakness::ClosePrimes));
    assert_eq!(judged(&(&one * &one)), Err(KeyWeakness::Square));
    // Primes that differ in bit 766 take some 2^505 steps.
    let far = prime_behind(&(&one + (BigUint::from(1u32) << 766u32)));
    assert_eq!(judged(&(&one * &far)), Ok(()));
}

#[test]
fn the_fingerprint_of_roca_is_found() {
    let primes = (3..=701u32).filter(|one| (2..*one).all(|by| one % by != 0));
    let product = primes.fold(BigUint::from(1u32), |product, prime| product * prime);
    let residue = BigUint::from(65_537u32).modpow(&BigUint::from(123_456_789u32), &product);
    let mut factor = (BigUint::from(3u32) << 2_046u32) / &product;
    // Of 2048 bits, odd, and without a factor that is small enough to be refused for it.
    let found = loop {
        let modulus = &factor * &product + &residue;
        if let Ok(key) = PublicKey::read(&spki(&modulus, 65_537)) {
            break key;
        }
        factor += 1u32;
    };
    assert_eq!(judge(&found), Err(KeyWeakness::Roca));
    let other = BigUint::from_bytes_be(&found.modulus().unwrap()) + 2u32;
    if let Ok(other) = PublicKey::read(&spki(&other, 65_537)) {
        assert_eq!(judge(&other), Ok(()));
    }
}

/// What the form of a key shows is refused where keys are read.
#[test]
fn a_key_without_form_is_no_key() {
    let sound = number(&prime(1_024)) * number(&prime(1_024));
    let read = |modulus: &BigUint, exponent| PublicKey::read(&spki(modulus, exponent)).err();
    assert_eq!(read(&sound, 65_537), None);
    let weak = |told: Option<KeyError>| matches!(told, Some(KeyError::Weak(_)));
    for exponent in [1, 3, 65_535, 65_536] {
        assert!(weak(read(&sound, exponent)), "{exponent}");
    }
    assert!(matches!(read(&sound, 65_539), Some(KeyError::UnknownAlgorithm(_))));
    assert!(weak(read(&(&sound + 1u32), 65_537)), "even");
    assert!(weak(read(&(number(&prime(1_024)) * number(&prime(1_000))), 65_537)), "short");
    for small in [3u32, 5, 251, 751] {
        let mut multiple = &sound - &sound % small;
        if !multiple.bit(0) {
            multiple += small;
        }
        assert!(weak(read(&multiple, 65_537)), "{small}");
    }
}

/// RFC 5480 2.2; a point has to be on its curve, and is never the one at infinity.
#[test]
fn a_point_is_on_its_curve() {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let good = key.public_key_to_der().unwrap();
    assert!(PublicKey::read(&good).is_ok());
    let mut off = good.clone();
    *off.last_mut().unwrap() ^= 1;
    assert_eq!(PublicKey::read(&off).unwrap_err(), KeyError::Malformed);
    let mut large = good.clone();
    let point = large.len() - 64;
    large[point..].fill(0xff);
    assert_eq!(PublicKey::read(&large).unwrap_err(), KeyError::Malformed);
    // The same head with a BIT STRING of one zero.
    let mut infinity = vec![0x30, 0x19];
    infinity.extend(&good[2..23]);
    infinity.extend([0x03, 0x02, 0x00, 0x00]);
    assert_eq!(PublicKey::read(&infinity).unwrap_err(), KeyError::Malformed);
}

#[test]
fn published_keys_are_found() {
    // RFC 9500 2.3: testECCP256.
    let known = concat!(
        "3059301306072a8648ce3d020106082a8648ce3d030107034200",
        "04422548f88fb782ffb5eca3744452c72a1e558fbd6f73be5e48e93232cc45c5b1",
        "6c4cd10c4cb8d5b8a17139e94882c8992572993425f41419ab7e90a42a494272",
    );
    let key = data_encoding::HEXLOWER.decode(known.as_bytes()).unwrap();
    let key = PublicKey::read(&key).unwrap();
    assert_eq!(judge(&key), Err(KeyWeakness::Published));
    assert!(KeyList::of_this_build().count() >= 11, "the list of this build is read whole");
}

#[test]
fn a_list_is_read_whole_or_not() {
    let line = "b2b04340cfaee616ec9c2c62d261b208e54bb197498df52e8cadede23ac0ba5e";
    let read = |text: &str| KeyList::read(text).map(|list| list.count());
    assert_eq!(read(&format!("# a list\n\n{line}\n{line}\r\n")), Ok(1));
    assert_eq!(read(""), Ok(0));
    let long = format!("{line}00");
    for wrong in [line[1..].to_owned(), line.to_uppercase(), format!("{line}  -"), long] {
        assert_eq!(read(&format!("# one\n{wrong}\n")), Err(KeyListError::Line(2)), "{wrong}");
    }
    let both = KeyList::read(line).unwrap().with(KeyList::read(&"00".repeat(32)).unwrap());
    assert_eq!(both.count(), 2);
}

/// Files of Debian's `openssl-blacklist` have the end of a digest of what OpenSSL prints of a
/// modulus. The key that such a line names is found, and no other.
#[test]
fn keys_that_debian_lists_are_found() {
    let read = |key: &Rsa<Private>| {
        let key = PKey::from_rsa(key.clone()).unwrap();
        PublicKey::read(&key.public_key_to_der().unwrap()).unwrap()
    };
    let (listed, other) = (Rsa::generate(2_048).unwrap(), Rsa::generate(2_048).unwrap());
    let printed = format!("Modulus={}\n", listed.n().to_hex_str().unwrap());
    let digest = openssl::sha::sha1(printed.as_bytes());
    let digest = data_encoding::HEXLOWER.encode(&digest);
    let (front, tail) = digest.split_at(20);
    let list = KeyList::read(&format!("# RSA-2048\n{tail}\n{tail}\n")).unwrap();
    assert_eq!(list.count(), 1);
    assert!(list.names(&read(&listed)));
    assert!(!list.names(&read(&other)));
    assert!(!KeyList::read(front).unwrap().names(&read(&listed)));
    let both = KeyList::read(&"00".repeat(32)).unwrap().with(list);
    assert!(both.count() == 2 && both.names(&read(&listed)));
    for wrong in [digest.as_str(), &digest[..19], &digest[..18]] {
        assert_eq!(KeyList::read(wrong), Err(KeyListError::Line(1)), "{wrong}");
    }
}
