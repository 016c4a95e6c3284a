//! Checkpoints (C2SP tlog-checkpoint): origin, size and root hash as a note's text.

use crate::merkle::Hash;
use crate::note::{self, NoteError, VerifierKey};
use data_encoding::BASE64;

/// The head of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The origin is the log's name, the first line of a checkpoint (C2SP tlog-checkpoint).
    pub origin: String,
    /// The tree has so many entries.
    pub size: u64,
    /// The tree of this size has this root hash (RFC 6962 2.1).
    pub root: Hash,
}

impl Checkpoint {
    /// The text that is signed.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(&self.root))
    }

    /// Opens a note signed by `key`, whose name is the log's origin.
    pub fn open(
        note: &str,
        key: &VerifierKey,
        verify: impl Fn(&[u8; 32], &[u8], &[u8]) -> bool,
    ) -> Result<Self, NoteError> {
        let text = note::open(note, key, verify)?;
        let mut lines = text.lines();
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next())
        else {
            return Err(NoteError::Malformed);
        };
        let number: u64 = size.parse().map_err(|_| NoteError::Malformed)?;
        let root = note::decoded(root).ok_or(NoteError::Malformed)?;
        let root = Hash::try_from(root).map_err(|_| NoteError::Malformed)?;
        if origin != key.name() || number.to_string() != size {
            return Err(NoteError::Malformed);
        }
        Ok(Self { origin: origin.to_owned(), size: number, root })
    }

    /// The size that a note says, whoever signed it.
    pub fn said_size(note: &str) -> Option<u64> {
        note.lines().nth(1)?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stand-in for a signature: the property under test is the note's form.
    fn sum(message: &[u8]) -> Vec<u8> {
        crate::merkle::leaf_hash(message).to_vec()
    }

    #[test]
    fn a_checkpoint_is_signed_opened_and_refused_when_changed() {
        let key = VerifierKey::new("city/control", [7; 32]).unwrap();
        assert_eq!(VerifierKey::read(&key.to_string()).unwrap(), key);
        let head = Checkpoint { origin: "city/control".into(), size: 5, root: [9; 32] };
        let note = note::sign(&head.text(), &key, |m| Ok::<_, ()>(sum(m))).unwrap();
        let verify = |_: &[u8; 32], message: &[u8], signature: &[u8]| sum(message) == signature;
        assert_eq!(Checkpoint::open(&note, &key, verify).unwrap(), head);
        let changed = note.replacen("\n5\n", "\n6\n", 1);
        assert_eq!(Checkpoint::open(&changed, &key, verify), Err(NoteError::Unsigned));
        let said = [note.as_str(), &changed, "text", ""].map(Checkpoint::said_size);
        assert_eq!(said, [Some(5), Some(6), None, None]);
        let other = VerifierKey::new("city/access", [7; 32]).unwrap();
        assert_eq!(Checkpoint::open(&note, &other, verify), Err(NoteError::Unsigned));
        assert_eq!(Checkpoint::open("text", &key, verify), Err(NoteError::Malformed));
    }

    #[test]
    fn a_note_is_spelled_in_one_way() {
        let key = VerifierKey::new("city/control", [7; 32]).unwrap();
        let head = Checkpoint { origin: "city/control".into(), size: 5, root: [9; 32] };
        let note = note::sign(&head.text(), &key, |m| Ok::<_, ()>(sum(m))).unwrap();
        let verify = |_: &[u8; 32], message: &[u8], signature: &[u8]| sum(message) == signature;
        let (before, line) = note.trim_end().rsplit_once(' ').unwrap();
        let value = BASE64.decode(line.as_bytes()).unwrap();
        let parted = [&value[..1], &value[1..]].map(|part| BASE64.encode(part)).concat();
        let with = |value: &str, end: &str| format!("{before} {value}{end}");
        assert_eq!(with(line, "\n"), note);
        for other in [with(line, ""), with(line, "\r\n"), with(line, "\n\n"), with(&parted, "\n")] {
            assert!(Checkpoint::open(&other, &key, verify).is_err(), "{other:?}");
        }
        // One more signature is no other spelling of this one.
        let beside = with(line, "\n\u{2014} witness AAAAAAAA\n");
        assert_eq!(Checkpoint::open(&beside, &key, verify).unwrap(), head);
        let (name, own) =
            key.to_string().rsplit_once('+').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        let bytes = BASE64.decode(own.as_bytes()).unwrap();
        let parted = [&bytes[..1], &bytes[1..]].map(|part| BASE64.encode(part)).concat();
        assert_eq!(VerifierKey::read(&format!("{name}+{parted}")), Err(NoteError::Key));
    }
}
