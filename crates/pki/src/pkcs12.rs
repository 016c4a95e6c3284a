//! Writing PKCS#12 (RFC 7292) for browsers and systems: PBES2 with AES-256-CBC and HMAC-SHA-256.
//! `keys` reads it.

use crate::Certificate;
use crate::raw::{AlgorithmIdentifier, sequence, wrap};
use aws_lc_rs::{cipher, digest, hmac, pbkdf2};
use core::num::NonZeroU32;
use der::asn1::{Any, ObjectIdentifier, OctetString};
use der::{Encode, Sequence};

/// Rounds of both key derivations.
const ITERATIONS: u32 = 100_000;

const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const ENCRYPTED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.6");
const CERT_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.3");
const KEY_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.2");
const X509: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.22.1");
const FRIENDLY_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.20");
const LOCAL_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.21");
const PBES2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.13");
const PBKDF2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.12");
const HMAC_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.9");
const AES256_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.42");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

/// The random values of one file; drawn by the caller.
pub struct Random {
    /// Salts for key, certificates and MAC.
    pub salts: [[u8; 16]; 3],
    /// Initial vectors for key and certificates.
    pub ivs: [[u8; 16]; 2],
}

/// The file could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Pkcs12Error {
    /// The file has no DER encoding.
    #[error("could not encode PKCS#12: {0}")]
    Encode(#[from] der::Error),
    /// The cipher refused.
    #[error("could not encrypt PKCS#12")]
    Cipher,
}

/// Makes a file with `key` (PKCS#8 DER) and the chain, leaf first, under `password`.
pub fn write(
    key: &[u8],
    chain: &[Certificate],
    name: &str,
    password: &str,
    random: &Random,
) -> Result<Vec<u8>, Pkcs12Error> {
    let [key_salt, chain_salt, mac_salt] = &random.salts;
    let [key_iv, chain_iv] = &random.ivs;
    let id = chain.first().map(Certificate::sha256).unwrap_or_default();
    let (algorithm, encrypted) = encrypt(key, password, key_salt, key_iv)?;
    let shrouded = sequence(&[algorithm, OctetString::new(encrypted)?.to_der()?].concat())?;
    let key_bag = bag(KEY_BAG, &shrouded, &attributes(name, &id)?)?;
    let key_content = content(DATA, &OctetString::new(sequence(&key_bag)?)?.to_der()?)?;

    let mut bags = Vec::new();
    for (position, certificate) in chain.iter().enumerate() {
        let octets = OctetString::new(certificate.der())?.to_der()?;
        let value = sequence(&[X509.to_der()?, wrap(0xa0, &octets)?].concat())?;
        let attributes = if position == 0 { attributes(name, &id)? } else { Vec::new() };
        bags.extend(bag(CERT_BAG, &value, &attributes)?);
    }
    let (algorithm, encrypted) = encrypt(&sequence(&bags)?, password, chain_salt, chain_iv)?;
    let info = [DATA.to_der()?, algorithm, wrap(0x80, &encrypted)?].concat();
    let encrypted_data = sequence(&[0u8.to_der()?, sequence(&info)?].concat())?;
    let chain_content = content(ENCRYPTED_DATA, &encrypted_data)?;

    let safe = sequence(&[chain_content, key_content].concat())?;
    let auth = content(DATA, &OctetString::new(safe.as_slice())?.to_der()?)?;
    let mac = mac(&safe, password, mac_salt)?;
    Ok(sequence(&[3u8.to_der()?, auth, mac].concat())?)
}

fn content(kind: ObjectIdentifier, value: &[u8]) -> der::Result<Vec<u8>> {
    sequence(&[kind.to_der()?, wrap(0xa0, value)?].concat())
}

fn bag(kind: ObjectIdentifier, value: &[u8], attributes: &[u8]) -> der::Result<Vec<u8>> {
    sequence(&[kind.to_der()?, wrap(0xa0, value)?, attributes.to_vec()].concat())
}

fn attributes(name: &str, id: &[u8]) -> der::Result<Vec<u8>> {
    let text: Vec<u8> = name.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let friendly = [FRIENDLY_NAME.to_der()?, wrap(0x31, &wrap(0x1e, &text)?)?].concat();
    let local = [LOCAL_KEY_ID.to_der()?, wrap(0x31, &OctetString::new(id)?.to_der()?)?].concat();
    wrap(0x31, &[sequence(&friendly)?, sequence(&local)?].concat())
}

#[derive(Sequence)]
struct Pbkdf2Parameters {
    salt: OctetString,
    iterations: u32,
    prf: AlgorithmIdentifier,
}

fn encrypt(
    plain: &[u8],
    password: &str,
    salt: &[u8; 16],
    iv: &[u8; 16],
) -> Result<(Vec<u8>, Vec<u8>), Pkcs12Error> {
    let rounds = NonZeroU32::new(ITERATIONS).ok_or(Pkcs12Error::Cipher)?;
    let mut key = zeroize::Zeroizing::new([0u8; 32]);
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, salt, password.as_bytes(), key.as_mut());
    let cipher = cipher::UnboundCipherKey::new(&cipher::AES_256, key.as_ref())
        .and_then(cipher::PaddedBlockEncryptingKey::cbc_pkcs7)
        .map_err(|_| Pkcs12Error::Cipher)?;
    let mut buffer = plain.to_vec();
    let context = cipher::EncryptionContext::Iv128(iv.into());
    cipher.less_safe_encrypt(&mut buffer, context).map_err(|_| Pkcs12Error::Cipher)?;
    let prf = AlgorithmIdentifier {
        algorithm: HMAC_SHA256,
        parameters: Some(Any::encode_from(&der::asn1::Null)?),
    };
    let parameters =
        Pbkdf2Parameters { salt: OctetString::new(salt.as_slice())?, iterations: ITERATIONS, prf };
    let kdf = sequence(&[PBKDF2.to_der()?, parameters.to_der()?].concat())?;
    let scheme =
        sequence(&[AES256_CBC.to_der()?, OctetString::new(iv.as_slice())?.to_der()?].concat())?;
    let algorithm = sequence(&[PBES2.to_der()?, sequence(&[kdf, scheme].concat())?].concat())?;
    Ok((algorithm, buffer))
}

fn mac(safe: &[u8], password: &str, salt: &[u8; 16]) -> Result<Vec<u8>, Pkcs12Error> {
    let key = mac_key(password, salt);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), safe);
    let algorithm = AlgorithmIdentifier {
        algorithm: SHA256,
        parameters: Some(Any::encode_from(&der::asn1::Null)?),
    };
    let digest_info = [algorithm.to_der()?, OctetString::new(tag.as_ref())?.to_der()?].concat();
    let salt = OctetString::new(salt.as_slice())?.to_der()?;
    Ok(sequence(&[sequence(&digest_info)?, salt, ITERATIONS.to_der()?].concat())?)
}

/// The MAC key of RFC 7292 appendix B.2 with id 3 and SHA-256. One block of output is all that is
/// needed, so the step that mixes blocks (B.2 step 6C) never runs.
fn mac_key(password: &str, salt: &[u8; 16]) -> [u8; 32] {
    const BLOCK: usize = 64;
    let mut text: Vec<u8> = password.encode_utf16().flat_map(u16::to_be_bytes).collect();
    text.extend([0, 0]);
    let fill = |value: &[u8]| -> Vec<u8> {
        let length = value.len().div_ceil(BLOCK) * BLOCK;
        value.iter().copied().cycle().take(length).collect()
    };
    let mut block = vec![3u8; BLOCK];
    block.extend(fill(salt));
    block.extend(fill(&text));
    let mut hash = digest::digest(&digest::SHA256, &block);
    for _ in 1..ITERATIONS {
        hash = digest::digest(&digest::SHA256, hash.as_ref());
    }
    let mut key = [0u8; 32];
    key.copy_from_slice(hash.as_ref());
    key
}
