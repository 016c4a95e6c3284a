//! Reading PKCS#12 (RFC 7292): a holder's key with the certificates that lead to it.
//!
//! What every derivation of a file may cost is bounded before any is made, and so is their number
//! ([`cost`]); a file whose passphrase its reader was not told costs two at most. The MAC proves
//! the passphrase before anything of a file is believed.

mod cost;

use crate::file::{KeyFileError, is_costly, old_scheme, signer};
use crate::software::SoftwareSigner;
use cost::{ContentInfo, Refused};
use der::asn1::{Any, ObjectIdentifier, OctetString};
use der::{Decode, Encode, Sequence};
use p12_keystore::Pkcs12Archive;
use p12_keystore::error::Error;
use pki::{Certificate, Signer};
use std::io::Read;
use std::path::Path;
use zeroize::Zeroizing;

/// A chain and its key need a few kilobytes.
const BYTES_MAX: usize = 128 * 1024;
/// The library refuses more of any derivation too; here it gets its true name.
const ROUNDS_MAX: u32 = 1_000_000;
/// What is not supported where nothing has a name that people know.
const OTHER: &str = "其加密、MAC 或内容 / its encryption, MAC or contents";
/// What is not supported where the key's own certificate may be one that is not read.
const UNREAD: &str = "其中的证书 / a certificate that is not read here";
/// What is not supported where a key stands alone.
const ALONE: &str = "没有证书的密钥 / a key without its certificate";
const NO_MAC: &str = "没有 MAC 的文件 / a file without a MAC";
/// A MAC by PBKDF2 (RFC 9579), as newer programs make one where it is asked for.
const PBMAC1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.14");
const OF_PBMAC1: &str = "PBMAC1（RFC 9579）的 MAC / a MAC by PBMAC1 (RFC 9579)";
/// How to write one that is read here: by way of a file whose key is sealed, since OpenSSL reads a
/// key and its certificate from no pipe.
const HOW: &str =
    "openssl pkcs12 -legacy -in OLD -out PEM && openssl pkcs12 -export -in PEM -out NEW";

/// What a PKCS#12 file holds of one person.
pub struct HolderFile {
    /// The certificate of the key first, then each one's issuer.
    pub chain: Vec<Certificate>,
    /// The private key that the file holds.
    pub signer: SoftwareSigner,
}

#[derive(Sequence)]
struct Pfx {
    version: u8,
    auth_safe: ContentInfo,
    mac: Option<MacData>,
}

#[derive(Sequence)]
struct MacData {
    mac: Any,
    salt: OctetString,
    #[asn1(default = "one")]
    rounds: u32,
}

fn one() -> u32 {
    1
}

/// Whether a file is PKCS#12 rather than PEM: a sequence that begins with version 3.
pub fn is_pkcs12(path: &Path) -> bool {
    let mut begin = [0; 9];
    let read = std::fs::File::open(path).and_then(|mut file| file.read(&mut begin));
    read.is_ok_and(|count| begins(begin.get(..count).unwrap_or_default()))
}

fn begins(bytes: &[u8]) -> bool {
    let length = match bytes {
        [0x30, short, ..] if *short <= 0x80 => 0,
        [0x30, long, ..] => usize::from(long & 0x7f),
        _ => return false,
    };
    bytes.get(2 + length..).is_some_and(|rest| rest.starts_with(&[2, 1, 3]))
}

/// Opens a PKCS#12 file that nobody else can read.
pub fn open_bundle(path: &Path, passphrase: &str) -> Result<HolderFile, KeyFileError> {
    let name = || path.display().to_string();
    let file = system::file::read_private(path)
        .map(Zeroizing::new)
        .map_err(|error| KeyFileError::File { path: name(), error })?;
    read(&file, passphrase, name)
}

pub(crate) fn read(
    file: &[u8],
    passphrase: &str,
    name: impl Fn() -> String,
) -> Result<HolderFile, KeyFileError> {
    let safes = judge(file, &name)?;
    let old = || unsupported(&name, old_scheme(file).unwrap_or_else(|| OTHER.into()));
    cost::check(&safes, passphrase, is_costly).map_err(|refused| match refused {
        Refused::Costly => KeyFileError::Costly(name()),
        Refused::Malformed => KeyFileError::Malformed(name()),
        Refused::Unsupported => old(),
        Refused::Passphrase => KeyFileError::Passphrase(name()),
    })?;
    let archive = Pkcs12Archive::from_pkcs12(file, passphrase).map_err(|error| match error {
        Error::MacError(_) => KeyFileError::Passphrase(name()),
        Error::UnsupportedEncryptionScheme | Error::UnsupportedMacAlgorithm => old(),
        Error::InvalidParameters => KeyFileError::Costly(name()),
        Error::X509Error(_) => unsupported(&name, UNREAD.into()),
        _ => KeyFileError::Malformed(name()),
    })?;
    let [key] = archive.keys.as_slice() else {
        let count = archive.keys.len();
        let what = format!("一个文件中有 {count} 个密钥 / {count} keys in one file");
        return Err(unsupported(&name, what));
    };
    let signer = signer(key.key.as_der(), &name)?;
    // Programs put whatever leads to a root beside a key, as one of version 1: what is not read is
    // no part of the chain.
    let certificates = archive.certs.iter().map(|bag| Certificate::read(bag.cert.as_der()).ok());
    let (all, certificates) = (archive.certs.len(), certificates.flatten().collect::<Vec<_>>());
    let chain = pki::chain::of_key(&certificates, signer.public_key());
    if chain.is_empty() {
        let what = if certificates.len() < all { UNREAD } else { ALONE };
        return Err(unsupported(&name, what.into()));
    }
    Ok(HolderFile { chain, signer })
}

/// Refuses what should cost nothing.
fn judge(file: &[u8], name: &impl Fn() -> String) -> Result<ContentInfo, KeyFileError> {
    if file.len() > BYTES_MAX {
        let what = format!("超过 {BYTES_MAX} 字节的文件 / more than {BYTES_MAX} bytes");
        return Err(unsupported(name, what));
    }
    if file.starts_with(&[0x30, 0x80]) {
        return Err(unsupported(name, "不定长的 BER / BER with indefinite lengths".into()));
    }
    let pfx = Pfx::from_der(file).map_err(|_| KeyFileError::Malformed(name()))?;
    // What opens without a proof of the passphrase could be anybody's.
    let mac = pfx.mac.ok_or_else(|| unsupported(name, NO_MAC.into()))?;
    if is_pbmac1(&mac.mac) {
        return Err(unsupported(name, OF_PBMAC1.into()));
    }
    if mac.rounds > ROUNDS_MAX {
        return Err(KeyFileError::Costly(name()));
    }
    Ok(pfx.auth_safe)
}

/// Whether the algorithm of a MAC is PBMAC1.
fn is_pbmac1(mac: &Any) -> bool {
    let id = |parts: &[Any]| -> Option<ObjectIdentifier> {
        Vec::<Any>::from_der(&parts.first()?.to_der().ok()?).ok()?.first()?.decode_as().ok()
    };
    let parts = mac.to_der().and_then(|der| Vec::<Any>::from_der(&der));
    parts.is_ok_and(|parts| id(&parts) == Some(PBMAC1))
}

fn unsupported(name: &impl Fn() -> String, what: String) -> KeyFileError {
    KeyFileError::Unsupported { path: name(), what, how: HOW }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Programs that make such a MAC read it; who has an older one is told what it is.
    #[test]
    fn a_mac_by_pbmac1_is_named() {
        let algorithm = |id: &str| {
            let id = ObjectIdentifier::new(id).unwrap().to_der().unwrap();
            let whole = |body: &[u8]| [&[0x30, u8::try_from(body.len()).unwrap()], body].concat();
            Any::from_der(&whole(&[whole(&id), vec![4, 1, 7]].concat())).unwrap()
        };
        let salt = || OctetString::new([1; 8]).unwrap();
        for (id, is_named) in [("1.2.840.113549.1.5.14", true), ("2.16.840.1.101.3.4.2.1", false)] {
            let mac = Some(MacData { mac: algorithm(id), salt: salt(), rounds: 1 });
            let pfx = Pfx { version: 3, auth_safe: cost::tests::too_many(), mac };
            let refused = read(&pfx.to_der().unwrap(), "right", || "file".into()).err().unwrap();
            assert_eq!(refused.to_string().contains("PBMAC1"), is_named, "{refused}");
        }
    }

    /// Nothing of such a file is derived for its MAC either.
    #[test]
    fn a_file_that_costs_too_much_is_not_opened() {
        let salt = OctetString::new([1; 8]).unwrap();
        let mac = Some(MacData { mac: Any::null(), salt, rounds: 1 });
        let file = Pfx { version: 3, auth_safe: cost::tests::too_many(), mac }.to_der().unwrap();
        let refused = read(&file, "right", || "file".into()).err().unwrap();
        assert!(matches!(refused, KeyFileError::Costly(_)), "{refused}");
    }
}
