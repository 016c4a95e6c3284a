//! What opening a PKCS#12 file asks for, looked at before its library opens it: how many keys are
//! derived from the passphrase, and how hard each is. The library bounds each of them, and not how
//! many there are.

use der::asn1::{Any, OctetString};
use der::{Decode, Encode, Sequence};
use pkcs8::ObjectIdentifier;
use pkcs8::pkcs5::{EncryptionScheme, pbes2};
use zeroize::Zeroizing;

const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const ENCRYPTED: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.6");
const SHROUDED_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.2");
const SECRET: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.5");

/// A key and its certificates are sealed once each; some programs seal every certificate by itself.
const DERIVATIONS_MAX: usize = 9;

/// Why a file is not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Too many keys to derive, or one that is too hard.
    Costly,
    /// What is there is no PKCS#12.
    Malformed,
    /// A scheme or a kind of content that is not read here.
    Unsupported,
    /// The passphrase opens nothing that can be read.
    Passphrase,
}

#[derive(Sequence)]
pub(super) struct ContentInfo {
    kind: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    content: Any,
}

#[derive(Sequence)]
struct EncryptedData {
    version: u8,
    content: EncryptedContent,
}

#[derive(Sequence)]
struct EncryptedContent {
    kind: ObjectIdentifier,
    scheme: Any,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT")]
    sealed: OctetString,
}

#[derive(Sequence)]
struct Bag {
    kind: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    value: Any,
    attributes: Option<Any>,
}

#[derive(Sequence)]
struct ShroudedKey {
    scheme: Any,
    sealed: OctetString,
}

/// Looks at everything that is sealed in a file. What is sealed in something sealed is seen only by
/// opening that, whose cost was looked at before.
pub(super) fn check(
    all: &ContentInfo,
    passphrase: &str,
    is_costly: fn(&pbes2::Parameters) -> bool,
) -> Result<(), Refused> {
    let mut left = Left { derivations: DERIVATIONS_MAX, is_costly };
    let safes: Vec<ContentInfo> = read(&bytes_of(&all.content)?)?;
    for safe in safes {
        let bags: Vec<Bag> = match safe.kind {
            DATA => read(&bytes_of(&safe.content)?)?,
            ENCRYPTED => {
                let EncryptedData { content, .. } = again(&safe.content)?;
                let opened = left
                    .scheme(&content.scheme)?
                    .decrypt(passphrase, content.sealed.as_bytes())
                    .map_err(|_| Refused::Passphrase)?;
                read(&Zeroizing::new(opened)).map_err(|_| Refused::Passphrase)?
            }
            _ => return Err(Refused::Unsupported),
        };
        for bag in bags {
            match bag.kind {
                SHROUDED_KEY => {
                    let key: ShroudedKey = again(&bag.value)?;
                    left.scheme(&key.scheme)?;
                }
                SECRET => return Err(Refused::Unsupported),
                _ => {}
            }
        }
    }
    Ok(())
}

/// What may still be derived.
struct Left {
    derivations: usize,
    is_costly: fn(&pbes2::Parameters) -> bool,
}

impl Left {
    /// A scheme that may be used, one fewer of those that are left.
    fn scheme(&mut self, named: &Any) -> Result<EncryptionScheme, Refused> {
        let der = named.to_der().map_err(|_| Refused::Malformed)?;
        let scheme = EncryptionScheme::from_der(&der).map_err(|_| Refused::Unsupported)?;
        let costs = (self.is_costly)(scheme.pbes2().ok_or(Refused::Unsupported)?);
        let left = self.derivations.checked_sub(1).filter(|_| !costs);
        self.derivations = left.ok_or(Refused::Costly)?;
        Ok(scheme)
    }
}

fn bytes_of(content: &Any) -> Result<Vec<u8>, Refused> {
    again::<OctetString>(content).map(|octets| octets.as_bytes().to_vec())
}

fn again<T: for<'a> Decode<'a>>(value: &Any) -> Result<T, Refused> {
    read(&value.to_der().map_err(|_| Refused::Malformed)?)
}

fn read<T: for<'a> Decode<'a>>(der: &[u8]) -> Result<T, Refused> {
    T::from_der(der).map_err(|_| Refused::Malformed)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    const SECRET_WORD: &str = "right";

    /// A file's contents with one derivation more than are made.
    pub(crate) fn too_many() -> ContentInfo {
        whole(vec![open(keys(DERIVATIONS_MAX + 1))])
    }

    fn is_costly(parameters: &pbes2::Parameters) -> bool {
        matches!(&parameters.kdf, pbes2::Kdf::Scrypt(kdf) if kdf.cost_parameter >= 1 << 20)
    }

    fn any(value: &impl Encode) -> Any {
        Any::from_der(&value.to_der().unwrap()).unwrap()
    }

    fn octets(bytes: &[u8]) -> OctetString {
        OctetString::new(bytes).unwrap()
    }

    fn rounds(rounds: u32) -> EncryptionScheme {
        pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(rounds, &[1; 16], [2; 16])
            .unwrap()
            .into()
    }

    fn scrypt(n: u64) -> EncryptionScheme {
        let mut parameters =
            pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(1, &[1; 16], [2; 16]).unwrap();
        let pbes2::Kdf::Pbkdf2(kdf) = &parameters.kdf else { panic!("another derivation") };
        parameters.kdf = pbes2::Kdf::Scrypt(pbes2::ScryptParams {
            salt: kdf.salt,
            cost_parameter: n,
            block_size: 8,
            parallelization: 1,
            key_length: None,
        });
        parameters.into()
    }

    fn bag(kind: ObjectIdentifier, scheme: &EncryptionScheme) -> Bag {
        let value = any(&ShroudedKey { scheme: any(scheme), sealed: octets(&[7; 32]) });
        Bag { kind, value, attributes: None }
    }

    fn open(bags: Vec<Bag>) -> ContentInfo {
        ContentInfo { kind: DATA, content: any(&octets(&bags.to_der().unwrap())) }
    }

    fn sealed(bags: Vec<Bag>, scheme: &EncryptionScheme, word: &str) -> ContentInfo {
        let sealed = scheme.encrypt(word, &bags.to_der().unwrap()).unwrap();
        let sealed = octets(&sealed);
        let content = EncryptedContent { kind: DATA, scheme: any(scheme), sealed };
        ContentInfo { kind: ENCRYPTED, content: any(&EncryptedData { version: 0, content }) }
    }

    fn whole(safes: Vec<ContentInfo>) -> ContentInfo {
        ContentInfo { kind: DATA, content: any(&octets(&safes.to_der().unwrap())) }
    }

    fn checked(safes: Vec<ContentInfo>) -> Result<(), Refused> {
        check(&whole(safes), SECRET_WORD, is_costly)
    }

    fn keys(count: usize) -> Vec<Bag> {
        (0..count).map(|_| bag(SHROUDED_KEY, &rounds(1))).collect()
    }

    #[test]
    fn what_is_derived_is_counted_wherever_it_is_hidden() {
        assert_eq!(checked(vec![open(keys(DERIVATIONS_MAX))]), Ok(()));
        assert_eq!(checked(vec![open(keys(DERIVATIONS_MAX + 1))]), Err(Refused::Costly));
        let inside = |count| sealed(keys(count), &rounds(1), SECRET_WORD);
        assert_eq!(checked(vec![inside(DERIVATIONS_MAX - 1)]), Ok(()));
        assert_eq!(checked(vec![inside(DERIVATIONS_MAX)]), Err(Refused::Costly));
        let many = |count| (0..count).map(|_| inside(0)).collect();
        assert_eq!(checked(many(DERIVATIONS_MAX)), Ok(()));
        assert_eq!(checked(many(DERIVATIONS_MAX + 1)), Err(Refused::Costly));
    }

    /// A gibibyte of scrypt, on the outside and within.
    #[test]
    fn each_derivation_is_bounded() {
        let dear = || vec![bag(SHROUDED_KEY, &scrypt(1 << 20))];
        assert_eq!(checked(vec![open(vec![bag(SHROUDED_KEY, &scrypt(1 << 14))])]), Ok(()));
        assert_eq!(checked(vec![open(dear())]), Err(Refused::Costly));
        let within = sealed(dear(), &rounds(1), SECRET_WORD);
        assert_eq!(checked(vec![within]), Err(Refused::Costly));
    }

    #[test]
    fn what_cannot_be_looked_at_is_not_opened() {
        let other = sealed(keys(1), &rounds(1), "wrong");
        assert_eq!(checked(vec![other]), Err(Refused::Passphrase));
        let hidden = open(vec![bag(SECRET, &rounds(1))]);
        assert_eq!(checked(vec![hidden]), Err(Refused::Unsupported));
        let content = any(&octets(b"no bags"));
        assert_eq!(checked(vec![ContentInfo { kind: DATA, content }]), Err(Refused::Malformed));
    }
}
