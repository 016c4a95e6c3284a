//! High-water marks: the newest of everything that this agent has accepted. They never go back, and
//! survive a kill: one small file, written beside, durable, renamed.

use records::Bytes;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A number may step forward by this much at once; a wrong one must not lock out those that follow.
const STEP_MAX: u64 = 1 << 20;

/// The marks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Marks {
    /// cRLNumber and SHA-256 of the list.
    pub crl: (u64, Bytes),
    /// Number and SHA-256 of the people snapshot.
    pub people: (u64, Bytes),
    /// Version and digest of the rules.
    pub bundle: (u64, Bytes),
    /// Size of the newest checkpoint of `control`.
    pub control: u64,
    /// The newest checkpoint of `access`, as the log signed it.
    pub access: String,
    #[serde(skip)]
    path: PathBuf,
}

/// It is older than what is known, or something else under the same number, or too far ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Backwards {
    /// Older.
    #[error("number {offered} is older than {known}")]
    Older {
        /// What came.
        offered: u64,
        /// What is known.
        known: u64,
    },
    /// Another under the same number.
    #[error("number {0} is known with another content")]
    Other(u64),
    /// Too far ahead.
    #[error("number {offered} is too far ahead of {known}")]
    Ahead {
        /// What came.
        offered: u64,
        /// What is known.
        known: u64,
    },
}

/// Whether a number with this digest may follow a mark.
pub(super) fn follows(mark: &(u64, Bytes), offered: u64, digest: &Bytes) -> Result<(), Backwards> {
    let known = mark.0;
    match offered {
        _ if offered < known => Err(Backwards::Older { offered, known }),
        _ if offered == known && mark.1 != *digest => Err(Backwards::Other(offered)),
        _ if offered > known.saturating_add(STEP_MAX) => Err(Backwards::Ahead { offered, known }),
        _ => Ok(()),
    }
}

impl Marks {
    /// Reads the marks of a state directory; a missing file is a first start, a damaged one is not.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        use anyhow::Context;
        let mut marks = match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| {
                format!("{} is damaged; next: agent join --help", path.display())
            })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::default(),
            Err(error) => return Err(error).context(path.display().to_string()),
        };
        marks.path = path.to_owned();
        Ok(marks)
    }

    /// Makes the marks durable.
    pub fn write(&self) -> anyhow::Result<()> {
        Ok(crate::write_file(&self.path, &serde_json::to_vec(self)?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_only_rise_and_not_too_far() {
        let digest = |byte: u8| Bytes::from([byte; 32]);
        let mark = (7, digest(1));
        assert_eq!(follows(&mark, 7, &digest(1)), Ok(()));
        assert_eq!(follows(&mark, 8, &digest(2)), Ok(()));
        assert_eq!(follows(&mark, 7, &digest(2)), Err(Backwards::Other(7)));
        assert_eq!(follows(&mark, 6, &digest(1)), Err(Backwards::Older { offered: 6, known: 7 }));
        let far = 7 + STEP_MAX + 1;
        assert_eq!(
            follows(&mark, far, &digest(2)),
            Err(Backwards::Ahead { offered: far, known: 7 })
        );
    }
}
