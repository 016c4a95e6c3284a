//! Lists of keys whose private halves are public: test keys of standards, keys of generators that
//! drew too little (Debian's OpenSSL of 2006 to 2008, CVE-2008-0166), keys that were found.

use crate::PublicKey;
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use data_encoding::{HEXLOWER, HEXUPPER};
use std::sync::OnceLock;

/// Largest list that is read, in bytes: a million keys.
pub const KEY_LIST_BYTES_MAX: u64 = 66 * 1024 * 1024;

/// The list that lies beside the profiles is part of each build.
const OF_THIS_BUILD: &str = include_str!("../../../../policies/weak-keys.txt");

/// Keys by their digests, in order, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyList {
    /// SHA-256 of a SubjectPublicKeyInfo.
    digests: Vec<[u8; 32]>,
    /// What [`tail`] gives of an RSA key.
    tails: Vec<[u8; 10]>,
}

/// Why a list is not read; a line that is none would leave a key out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyListError {
    /// The line of this number, counted from 1, is no digest.
    #[error(
        "第 {0} 行不是 64 位或 20 位小写十六进制 / line {0}: not 64 or 20 lower-case hexadecimal \
         digits"
    )]
    Line(usize),
    /// Larger than [`KEY_LIST_BYTES_MAX`].
    #[error(
        "清单超过 {KEY_LIST_BYTES_MAX} 字节 / the list is larger than {KEY_LIST_BYTES_MAX} bytes"
    )]
    TooLarge,
}

impl KeyList {
    /// Reads a list: a digest a line in lower-case hexadecimal, of 64 digits or as Debian's
    /// `openssl-blacklist` has them; empty lines, and those that begin with `#`, say nothing.
    pub fn read(text: &str) -> Result<Self, KeyListError> {
        if u64::try_from(text.len()).unwrap_or(u64::MAX) > KEY_LIST_BYTES_MAX {
            return Err(KeyListError::TooLarge);
        }
        let (mut digests, mut tails) = (Vec::new(), Vec::new());
        for (place, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let bytes = HEXLOWER.decode(line.as_bytes()).unwrap_or_default();
            if let Ok(tail) = <[u8; 10]>::try_from(bytes.as_slice()) {
                tails.push(tail);
                continue;
            }
            let digest = <[u8; 32]>::try_from(bytes).ok();
            digests.push(digest.ok_or(KeyListError::Line(place + 1))?);
        }
        Ok(Self::of(digests, tails))
    }

    fn of(mut digests: Vec<[u8; 32]>, mut tails: Vec<[u8; 10]>) -> Self {
        digests.sort_unstable();
        digests.dedup();
        tails.sort_unstable();
        tails.dedup();
        Self { digests, tails }
    }

    /// The list of `policies/weak-keys.txt`, as it was when this was built.
    pub fn of_this_build() -> &'static Self {
        static LIST: OnceLock<KeyList> = OnceLock::new();
        LIST.get_or_init(|| Self::read(OF_THIS_BUILD).unwrap_or_default())
    }

    /// Both lists as one.
    pub fn with(self, more: Self) -> Self {
        let Self { mut digests, mut tails } = self;
        digests.extend(more.digests);
        tails.extend(more.tails);
        Self::of(digests, tails)
    }

    /// Whether it has a key.
    pub fn names(&self, key: &PublicKey) -> bool {
        if self.digests.binary_search(&key.sha256()).is_ok() {
            return true;
        }
        let tail = if self.tails.is_empty() { None } else { tail(key) };
        tail.is_some_and(|tail| self.tails.binary_search(&tail).is_ok())
    }

    /// How many keys it has.
    pub fn count(&self) -> usize {
        self.digests.len() + self.tails.len()
    }
}

/// The last half of the SHA-1 of what `openssl rsa -modulus` prints: no proof of anything, and as
/// Debian's list names RSA keys.
fn tail(key: &PublicKey) -> Option<[u8; 10]> {
    let printed = format!("Modulus={}\n", HEXUPPER.encode(&key.modulus()?));
    let sha1 = digest(&SHA1_FOR_LEGACY_USE_ONLY, printed.as_bytes());
    sha1.as_ref().last_chunk().copied()
}
