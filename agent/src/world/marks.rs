//! High-water marks: the newest of everything that this agent has accepted. They never go back, and
//! survive a kill: one small file, written beside, durable, renamed.

use records::Bytes;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use std::path::{Path, PathBuf};
use tlog::Checkpoint;

/// A number may step forward by this much at once; a wrong one must not lock out those that follow.
const STEP_MAX: u64 = 1 << 20;

/// The marks hold the greatest numbers that this gate accepted: it never goes back below them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Marks {
    /// cRLNumber and SHA-256 of the list.
    pub crl: (u64, Bytes),
    /// Number and SHA-256 of the people snapshot.
    pub people: (u64, Bytes),
    /// Version and digest of the rules.
    pub bundle: (u64, Bytes),
    /// The newest checkpoint of `control` by which rules came, as the log signed it; empty before
    /// the first.
    #[serde(deserialize_with = "checkpoint")]
    pub control: String,
    /// The newest checkpoint of `access`, as the log signed it.
    pub access: String,
    /// SHA-256 of the file that holds what stands beside the list; empty where nothing does.
    pub unlisted: Bytes,
    #[serde(skip)]
    path: PathBuf,
}

/// It is older than what is known, or something else under the same number, or too far ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Backwards {
    /// The number is older than the known one.
    #[error("number {offered} is older than {known}")]
    Older {
        /// The number that was offered.
        offered: u64,
        /// The number that is known.
        known: u64,
    },
    /// Another under the same number.
    #[error("number {0} is known with another content")]
    Other(u64),
    /// The number is too far ahead to be true.
    #[error("number {offered} is too far ahead of {known}")]
    Ahead {
        /// The number that was offered.
        offered: u64,
        /// The number that is known.
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

/// A checkpoint. Marks of before it was kept have a size in its place, and name none.
fn checkpoint<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(note) => Ok(note),
        Value::Number(_) => Ok(String::new()),
        _ => Err(D::Error::custom("no checkpoint")),
    }
}

impl Marks {
    /// Makes the marks of a gate that has seen nothing: once, when it joins. Marks that are missing
    /// later were taken away.
    pub fn found(path: &Path) -> anyhow::Result<()> {
        Self { path: path.to_owned(), ..Self::default() }.write()
    }

    /// Reads the marks of a state directory. Without them an older list or snapshot would count
    /// again: one that is missing or damaged is an error.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        use anyhow::Context;
        let told = |(zh, en): (&str, &str)| {
            let path = path.display();
            format!(
                "{path}{zh}请从备份恢复，或重新加入；下一步：agent join --help / {path}{en}put it back \
                 from a backup, or join anew; next: agent join --help"
            )
        };
        let bytes = std::fs::read(path).with_context(|| told(("：", ": ")))?;
        let read = serde_json::from_slice(&bytes);
        let read: Self = read.with_context(|| told((" 已损坏：", " is damaged: ")))?;
        Ok(Self { path: path.to_owned(), ..read })
    }

    /// So many records of `control` were seen.
    pub(super) fn control_size(&self) -> u64 {
        Checkpoint::said_size(&self.control).unwrap_or(0)
    }

    /// Makes the marks durable.
    pub fn write(&self) -> anyhow::Result<()> {
        Ok(crate::write_file(&self.path, &serde_json::to_vec(self)?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Marks that are gone are no first start.
    #[test]
    fn a_gate_without_its_marks_does_not_begin() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("marks.json");
        assert!(Marks::read(&path).is_err());
        Marks::found(&path).unwrap();
        let mut marks = Marks::read(&path).unwrap();
        marks.crl = (7, [7; 32].into());
        marks.write().unwrap();
        assert_eq!(Marks::read(&path).unwrap().crl.0, 7);
        std::fs::write(&path, b"").unwrap();
        assert!(Marks::read(&path).is_err());
    }

    /// A gate that joined before checkpoints were kept begins anew with that, and nothing else.
    #[test]
    fn a_mark_that_is_a_size_names_no_checkpoint() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("marks.json");
        Marks::found(&path).unwrap();
        let mut kept: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        kept["control"] = 7.into();
        kept["crl"][0] = 9.into();
        std::fs::write(&path, kept.to_string()).unwrap();
        let marks = Marks::read(&path).unwrap();
        assert_eq!((marks.control.as_str(), marks.control_size(), marks.crl.0), ("", 0, 9));
        kept["control"] = true.into();
        std::fs::write(&path, kept.to_string()).unwrap();
        assert!(Marks::read(&path).is_err());
    }

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
