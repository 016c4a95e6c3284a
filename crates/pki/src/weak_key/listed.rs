//! Lists of keys whose private halves are public: test keys of standards, keys of generators that
//! drew too little (Debian's OpenSSL of 2006 to 2008, CVE-2008-0166), keys that were found.

use crate::PublicKey;
use data_encoding::HEXLOWER;
use std::sync::OnceLock;

/// Largest list that is read, in bytes: a million keys.
pub const KEY_LIST_BYTES_MAX: u64 = 66 * 1024 * 1024;

/// The list that lies beside the profiles is part of each build.
const OF_THIS_BUILD: &str = include_str!("../../../../policies/weak-keys.txt");

/// SHA-256 of SubjectPublicKeyInfos, in order, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyList(Vec<[u8; 32]>);

/// Why a list is not read; a line that is none would leave a key out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyListError {
    /// The line of this number, counted from 1, is no digest.
    #[error("第 {0} 行不是 64 位小写十六进制 / line {0}: not 64 lower-case hexadecimal digits")]
    Line(usize),
    /// Larger than [`KEY_LIST_BYTES_MAX`].
    #[error(
        "清单超过 {KEY_LIST_BYTES_MAX} 字节 / the list is larger than {KEY_LIST_BYTES_MAX} bytes"
    )]
    TooLarge,
}

impl KeyList {
    /// Reads a list: a digest a line in lower-case hexadecimal; empty lines, and those that begin
    /// with `#`, say nothing.
    pub fn read(text: &str) -> Result<Self, KeyListError> {
        if u64::try_from(text.len()).unwrap_or(u64::MAX) > KEY_LIST_BYTES_MAX {
            return Err(KeyListError::TooLarge);
        }
        let mut digests = Vec::new();
        for (place, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let digest = HEXLOWER.decode(line.as_bytes()).ok();
            let digest = digest.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
            digests.push(digest.ok_or(KeyListError::Line(place + 1))?);
        }
        Ok(Self::of(digests))
    }

    fn of(mut digests: Vec<[u8; 32]>) -> Self {
        digests.sort_unstable();
        digests.dedup();
        Self(digests)
    }

    /// The list of `policies/weak-keys.txt`, as it was when this was built.
    pub fn of_this_build() -> &'static Self {
        static LIST: OnceLock<KeyList> = OnceLock::new();
        LIST.get_or_init(|| Self::read(OF_THIS_BUILD).unwrap_or_default())
    }

    /// Both lists as one.
    pub fn with(self, more: Self) -> Self {
        let mut digests = self.0;
        digests.extend(more.0);
        Self::of(digests)
    }

    /// Whether it has a key.
    pub fn names(&self, key: &PublicKey) -> bool {
        self.0.binary_search(&key.sha256()).is_ok()
    }

    /// How many keys it has.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}
