//! Key files: encrypted PKCS#8 in PEM, mode 0600, made once and never overwritten.

use crate::software::{KeyRejected, SoftwareSigner};
use der::asn1::Any;
use der::{Decode, SliceReader};
use pkcs8::pkcs5::pbes2;
use pkcs8::{EncryptedPrivateKeyInfoRef, ObjectIdentifier, PrivateKeyInfoRef};
use pki::name::both;
use pki::pem::Kind;
use std::path::Path;
use zeroize::Zeroizing;

/// Ten seconds of PBKDF2; we write 600,000.
const ROUNDS_MAX: u32 = 10_000_000;
/// 256 MiB of scrypt, whose blocks have 128 bytes; OpenSSL writes 16 MiB.
const SCRYPT_BLOCKS_MAX: u64 = 2 * 1024 * 1024;
const SCRYPT_LANES_MAX: u16 = 16;
/// How to write a key that is read here.
const HOW: &str = "openssl pkcs8 -topk8 -v2 aes256 -in OLD -out NEW";

/// Why a key file cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// A file is there already; keys are never overwritten.
    #[error("{0} 已存在，密钥不会被覆盖 / {0} exists; a key is never overwritten")]
    Exists(String),
    /// The file system says no.
    #[error("{path}: {error}")]
    File {
        /// The path of the file.
        path: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// Not PEM with a key in it.
    #[error("{path}：{zh} / {path}: {en}", zh = both(.error).0, en = both(.error).1)]
    Pem {
        /// The path of the file.
        path: String,
        /// What is wrong with it.
        error: pki::pem::PemError,
    },
    /// Not a PKCS#8 key.
    #[error("{0} 不是密钥文件（PKCS#8 或 PKCS#12） / {0} is not a key file (PKCS#8 or PKCS#12)")]
    Malformed(String),
    /// Made in a way that is not read here.
    #[error(
        "{path}：不支持：{zh}；请用 `{how}` 转换 / \
         {path}: not supported: {en}; convert it with `{how}`",
        zh = both(.what).0,
        en = both(.what).1
    )]
    Unsupported {
        /// The path of the file.
        path: String,
        /// What is not supported, in both languages.
        what: String,
        /// What makes one that is.
        how: &'static str,
    },
    /// Whoever wrote it wants more work for opening it than any key needs.
    #[error(
        "打开 {0} 的计算量过大：轮数过多，或占用内存过多 / \
         {0} asks for too much work to be opened: too many rounds, or too much memory"
    )]
    Costly(String),
    /// The passphrase does not open it.
    #[error("口令打不开 {0} / the passphrase does not open {0}")]
    Passphrase(String),
    /// The key is none we know.
    #[error("{path}：{zh} / {path}: {en}", zh = both(.error).0, en = both(.error).1)]
    Key {
        /// The path of the file.
        path: String,
        /// What is wrong with the key in it.
        error: KeyRejected,
    },
    /// No randomness, or the cipher refused.
    #[error("密钥无法加密 / the key could not be encrypted")]
    Encrypt,
}

/// How hard guessing is made: people choose passphrases, machines draw 256 random bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stretch {
    /// 600,000 rounds of PBKDF2-HMAC-SHA-256.
    Chosen,
    /// The key is derived in 10,000 rounds, since a machine drew the secret.
    Random,
}

/// Writes `key` encrypted under `passphrase`.
pub fn save(
    path: &Path,
    key: &SoftwareSigner,
    passphrase: &str,
    stretch: Stretch,
) -> Result<(), KeyFileError> {
    let salt = system::random::bytes::<16>().map_err(|_| KeyFileError::Encrypt)?;
    let iv = system::random::bytes::<16>().map_err(|_| KeyFileError::Encrypt)?;
    let rounds = match stretch {
        Stretch::Chosen => 600_000,
        Stretch::Random => 10_000,
    };
    let parameters = pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(rounds, &salt, iv)
        .map_err(|_| KeyFileError::Encrypt)?;
    let info = PrivateKeyInfoRef::try_from(key.pkcs8()).map_err(|_| KeyFileError::Encrypt)?;
    let sealed =
        info.encrypt_with_params(parameters, passphrase).map_err(|_| KeyFileError::Encrypt)?;
    let pem = pki::certificate::pem("ENCRYPTED PRIVATE KEY", sealed.as_bytes());
    write_new(path, pem.as_bytes())
}

/// Writes `key` in clear, for services whose TLS key is read without anybody present.
pub fn save_plain(path: &Path, key: &SoftwareSigner) -> Result<(), KeyFileError> {
    let pem = Zeroizing::new(pki::certificate::pem("PRIVATE KEY", key.pkcs8()));
    write_new(path, pem.as_bytes())
}

/// Opens an encrypted key file: PKCS#8 in PEM, or the key of a PKCS#12 file.
pub fn open(path: &Path, passphrase: &str) -> Result<SoftwareSigner, KeyFileError> {
    if crate::pkcs12::is_pkcs12(path) {
        return Ok(crate::pkcs12::open_bundle(path, passphrase)?.signer);
    }
    let sealed = block(path, Kind::EncryptedKey)?;
    let info =
        EncryptedPrivateKeyInfoRef::try_from(sealed.as_slice()).map_err(|error| {
            match scheme(&sealed) {
                Some(oid) if oid != pbes2::PBES2_OID => KeyFileError::Unsupported {
                    path: path.display().to_string(),
                    what: name_of(oid),
                    how: HOW,
                },
                _ => unsupported(path, error, KeyFileError::Malformed),
            }
        })?;
    if info.encryption_algorithm.pbes2().is_some_and(is_costly) {
        return Err(KeyFileError::Costly(path.display().to_string()));
    }
    let plain = info
        .decrypt(passphrase)
        .map_err(|error| unsupported(path, error, KeyFileError::Passphrase))?;
    signer(plain.as_bytes(), || path.display().to_string())
}

/// Opens a key file in clear.
pub fn open_plain(path: &Path) -> Result<SoftwareSigner, KeyFileError> {
    signer(&block(path, Kind::Key)?, || path.display().to_string())
}

/// Reads a passphrase file: its first line. As with a key, nobody else may read it.
pub fn passphrase_from_file(path: &Path) -> Result<Zeroizing<String>, KeyFileError> {
    let wrong = |error| KeyFileError::File { path: path.display().to_string(), error };
    let bytes = Zeroizing::new(system::file::read_private(path).map_err(wrong)?);
    let text = std::str::from_utf8(&bytes)
        .map_err(|error| wrong(std::io::Error::new(std::io::ErrorKind::InvalidData, error)))?;
    // The mark that editors of Windows put in front of UTF-8 is no character that anybody typed.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    Ok(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()))
}

/// The key of a file that was opened.
pub(crate) fn signer(
    pkcs8: &[u8],
    name: impl FnOnce() -> String,
) -> Result<SoftwareSigner, KeyFileError> {
    SoftwareSigner::from_pkcs8(pkcs8).map_err(|error| KeyFileError::Key { path: name(), error })
}

/// The block of a key file that nobody else can read.
fn block(path: &Path, kind: Kind) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let name = || path.display().to_string();
    let file = system::file::read_private(path)
        .map(Zeroizing::new)
        .map_err(|error| KeyFileError::File { path: name(), error })?;
    pki::pem::read_one(&file, kind)
        .map(Zeroizing::new)
        .map_err(|error| KeyFileError::Pem { path: name(), error })
}

/// Whether deriving the key would take longer, or more memory, than any key needs.
pub(crate) fn is_costly(parameters: &pbes2::Parameters) -> bool {
    match &parameters.kdf {
        pbes2::Kdf::Pbkdf2(kdf) => kdf.iteration_count > ROUNDS_MAX,
        pbes2::Kdf::Scrypt(kdf) => {
            let blocks = kdf.cost_parameter.saturating_mul(u64::from(kdf.block_size));
            blocks > SCRYPT_BLOCKS_MAX || kdf.parallelization > SCRYPT_LANES_MAX
        }
        // The library opens no others.
        _ => false,
    }
}

/// The number of the scheme that a key is encrypted with.
fn scheme(sealed: &[u8]) -> Option<ObjectIdentifier> {
    let parts = Vec::<Any>::from_der(sealed).ok()?;
    let mut reader = SliceReader::new(parts.first()?.value()).ok()?;
    ObjectIdentifier::decode(&mut reader).ok()
}

/// A scheme that is known by its number only was not opened, whatever the passphrase.
fn unsupported(
    path: &Path,
    error: pkcs8::Error,
    otherwise: impl FnOnce(String) -> KeyFileError,
) -> KeyFileError {
    use pkcs8::Error;
    use pkcs8::pkcs5::Error as Scheme;
    let path = path.display().to_string();
    let what = match error {
        Error::Asn1(error) => match error.kind() {
            der::ErrorKind::OidUnknown { oid } => name_of(oid),
            _ => return otherwise(path),
        },
        Error::EncryptedPrivateKey(Scheme::UnsupportedAlgorithm { oid }) => name_of(oid),
        Error::EncryptedPrivateKey(Scheme::AlgorithmParametersInvalid { oid }) => {
            let (zh, en) = both(&name_of(oid));
            format!("{zh} 的参数 / the parameters of {en}")
        }
        Error::EncryptedPrivateKey(Scheme::NoPbes1CryptSupport) => "PBES1".into(),
        _ => return otherwise(path),
    };
    KeyFileError::Unsupported { path, what, how: HOW }
}

/// The scheme of old programs that stands somewhere in a PKCS#12 file, by its name.
pub(crate) fn old_scheme(file: &[u8]) -> Option<String> {
    const PBE: &[u8] = &[0x06, 0x0a, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01];
    let at = file.windows(PBE.len()).position(|window| window == PBE)?;
    let number = file.get(at + PBE.len())?;
    ObjectIdentifier::new(&format!("1.2.840.113549.1.12.1.{number}")).ok().map(name_of)
}

/// Schemes of old programs by their names, in both languages.
fn name_of(oid: ObjectIdentifier) -> String {
    match oid.to_string().as_str() {
        "1.2.840.113549.1.12.1.3" => "PKCS#12 的三重 DES / triple DES of PKCS#12".into(),
        "1.2.840.113549.1.12.1.6" => "PKCS#12 的 RC2 加密 / RC2 of PKCS#12".into(),
        "1.2.840.113549.3.7" => "三重 DES / triple DES".into(),
        "1.2.840.113549.1.5.3" => "使用 MD5 和 DES 的 PBES1 / PBES1 with MD5 and DES".into(),
        other => format!("加密算法 {other} / encryption {other}"),
    }
}

fn write_new(path: &Path, bytes: &[u8]) -> Result<(), KeyFileError> {
    system::file::create_private(path, bytes).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => KeyFileError::Exists(path.display().to_string()),
        _ => KeyFileError::File { path: path.display().to_string(), error },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use der::Encode;
    use pki::Signer;

    #[test]
    fn every_algorithm_is_saved_opened_and_signs() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["p256", "p384", "ed25519", "rsa2048"] {
            let path = folder.path().join(name);
            let key = SoftwareSigner::generate(pki::algorithm::by_name(name).unwrap()).unwrap();
            save(&path, &key, "correct horse", Stretch::Random).unwrap();
            let opened = open(&path, "correct horse").unwrap();
            let signature = opened.sign(b"message").unwrap();
            assert!(key.public_key().verify(b"message", &signature));
            assert!(!key.public_key().verify(b"massage", &signature));
            let pem = std::fs::read(&path).unwrap();
            let judged =
                openssl::pkey::PKey::private_key_from_pem_passphrase(&pem, b"correct horse");
            assert_eq!(judged.unwrap().public_key_to_der().unwrap(), key.public_key().spki());
        }
    }

    #[test]
    fn a_passphrase_is_the_first_line_of_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passphrase");
        for (file, passphrase) in [
            ("correct horse", "correct horse"),
            (" correct horse \nmore\n", " correct horse "),
            ("\u{feff}正确 的马\r\nmore\r\n", "正确 的马"),
            ("", ""),
        ] {
            system::file::replace_private(&path, file.as_bytes()).unwrap();
            assert_eq!(passphrase_from_file(&path).unwrap().as_str(), passphrase, "{file:?}");
        }
    }

    /// Whatever stands in it, nothing of it is derived: the answer comes at once.
    #[test]
    fn a_key_that_costs_too_much_is_not_opened() {
        use pkcs8::pkcs5::EncryptionScheme;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let refused = |parameters: pbes2::Parameters| {
            let sealed = EncryptedPrivateKeyInfoRef {
                encryption_algorithm: EncryptionScheme::Pbes2(parameters),
                encrypted_data: der::asn1::OctetStringRef::new(&[7; 32]).unwrap(),
            };
            let pem = pki::certificate::pem("ENCRYPTED PRIVATE KEY", &sealed.to_der().unwrap());
            system::file::replace_private(&path, pem.as_bytes()).unwrap();
            open(&path, "right").err().unwrap()
        };
        let rounds = |rounds| {
            pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(rounds, &[1; 16], [2; 16]).unwrap()
        };
        assert!(matches!(refused(rounds(1)), KeyFileError::Passphrase(_)));
        for costly in [ROUNDS_MAX + 1, 100_000_000] {
            assert!(matches!(refused(rounds(costly)), KeyFileError::Costly(_)), "{costly}");
        }
        let scrypt = |n: u64, r: u16, p: u16| {
            let mut parameters = rounds(1);
            let pbes2::Kdf::Pbkdf2(kdf) = &parameters.kdf else { panic!("another derivation") };
            parameters.kdf = pbes2::Kdf::Scrypt(pbes2::ScryptParams {
                salt: kdf.salt,
                cost_parameter: n,
                block_size: r,
                parallelization: p,
                key_length: None,
            });
            parameters
        };
        assert!(matches!(refused(scrypt(2, 1, 1)), KeyFileError::Passphrase(_)));
        for (n, r, p) in [(1 << 22, 8, 1), (1 << 40, 8, 1), (16, 8, 17), (u64::MAX, 9, 1)] {
            assert!(matches!(refused(scrypt(n, r, p)), KeyFileError::Costly(_)), "{n} {r} {p}");
        }
    }

    #[test]
    fn a_wrong_passphrase_and_an_existing_file_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let key = SoftwareSigner::generate_p256().unwrap();
        save(&path, &key, "right", Stretch::Random).unwrap();
        assert!(matches!(open(&path, "wrong"), Err(KeyFileError::Passphrase(_))));
        assert!(matches!(
            save(&path, &key, "right", Stretch::Random),
            Err(KeyFileError::Exists(_))
        ));
    }
}
