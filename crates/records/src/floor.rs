//! What a reader of a log goes by: the newest checkpoint that it believed, and whether the next one
//! goes on from there. The log's key signs whatever its process asks for; that the log goes back,
//! or shows another history to somebody else, is seen only by readers who remember.

use crate::bytes::Bytes;
use crate::label::verify_ed25519;
use tlog::merkle::{Hash, verify_consistency};
use tlog::note::NoteError;
use tlog::{Checkpoint, VerifierKey};

/// A checkpoint with the note that the log's key signed. Only [`LogHead::open`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogHead {
    note: String,
    checkpoint: Checkpoint,
}

/// Why a log does not go on from what was seen of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotFollowed {
    /// It has fewer records than were seen.
    #[error("the log has fewer records than were seen")]
    Shorter,
    /// It has as many, and others. Both signed notes prove that to anybody.
    #[error("the log signed two roots of one size")]
    Forked,
    /// It has more, and does not prove that those that were seen are among them.
    #[error("the log does not prove that it continues what was seen")]
    Unproven,
}

impl NotFollowed {
    /// The code of the refusal, which never changes.
    pub fn code(self) -> &'static str {
        match self {
            Self::Shorter => "log-went-back",
            Self::Forked => "log-forked",
            Self::Unproven => "log-not-continued",
        }
    }
}

impl LogHead {
    /// Opens a note that the log's key signed.
    pub fn open(note: &str, key: &VerifierKey) -> Result<Self, NoteError> {
        let checkpoint = Checkpoint::open(note, key, verify_ed25519)?;
        Ok(Self { note: note.to_owned(), checkpoint })
    }

    /// The checkpoint as the log's key signed it, a C2SP note.
    pub fn note(&self) -> &str {
        &self.note
    }

    /// The log has so many records.
    pub fn size(&self) -> u64 {
        self.checkpoint.size
    }

    /// The root hash over the records (RFC 6962 2.1).
    pub fn root(&self) -> Bytes {
        self.checkpoint.root.into()
    }

    /// Whether this one goes on from one that was seen before, by a consistency proof (RFC 6962
    /// 2.1.2) where it is longer.
    pub fn follows(&self, before: &Self, proof: &[Bytes]) -> Result<(), NotFollowed> {
        let (was, is) = (&before.checkpoint, &self.checkpoint);
        if is.size < was.size {
            return Err(NotFollowed::Shorter);
        }
        if is.size == was.size {
            return if is.root == was.root { Ok(()) } else { Err(NotFollowed::Forked) };
        }
        let hashes: Option<Vec<Hash>> = proof.iter().map(Bytes::digest).collect();
        let hashes = hashes.ok_or(NotFollowed::Unproven)?;
        verify_consistency((was.size, &was.root), (is.size, &is.root), &hashes)
            .map_err(|_| NotFollowed::Unproven)
    }

    /// The same of one that its reader judged when it came and kept itself: a longer one was kept
    /// just before what says that it was seen.
    pub fn was_kept_beside(&self, before: &Self) -> Result<(), NotFollowed> {
        if self.size() > before.size() { Ok(()) } else { self.follows(before, &[]) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
    use std::collections::HashMap;
    use tlog::Edge;
    use tlog::merkle::leaf_hash;
    use tlog::tile::TileId;

    /// A log whose key we hold: it signs what we like.
    struct OwnLog {
        key: Ed25519KeyPair,
        vkey: VerifierKey,
    }

    fn grown(leaves: &[u64]) -> (Edge, HashMap<TileId, Vec<Hash>>) {
        let (mut edge, mut tiles) = (Edge::default(), HashMap::new());
        for leaf in leaves {
            for full in edge.append(leaf_hash(&leaf.to_be_bytes())) {
                tiles.insert(full.id, full.hashes);
            }
        }
        tiles.extend(edge.partial().map(|(id, hashes)| (id, hashes.to_vec())));
        (edge, tiles)
    }

    /// The proof that these leaves continue so many of them.
    fn proof(known: u64, leaves: &[u64]) -> Vec<Bytes> {
        let (edge, tiles) = grown(leaves);
        let have = |id| tiles.get(&id).map(Vec::as_slice);
        let hashes = tlog::proof::consistency(known, edge.size(), &have).unwrap();
        hashes.into_iter().map(Bytes::from).collect()
    }

    impl OwnLog {
        fn new() -> Self {
            let key = Ed25519KeyPair::generate().unwrap();
            let public = key.public_key().as_ref().try_into().unwrap();
            Self { key, vkey: VerifierKey::new("city/access", public).unwrap() }
        }

        fn head(&self, leaves: &[u64]) -> LogHead {
            let (edge, _) = grown(leaves);
            let (size, root) = (edge.size(), edge.root());
            let head = Checkpoint { origin: self.vkey.name().to_owned(), size, root };
            let sign = |text: &[u8]| Ok::<_, ()>(self.key.sign(text).as_ref().to_vec());
            let note = tlog::note::sign(&head.text(), &self.vkey, sign).unwrap();
            LogHead::open(&note, &self.vkey).unwrap()
        }
    }

    fn numbers(count: u64) -> Vec<u64> {
        (0..count).collect()
    }

    /// The same leaves, of which one is another.
    fn forked(count: u64) -> Vec<u64> {
        let mut leaves = numbers(count);
        leaves[3] = 77;
        leaves
    }

    #[test]
    fn a_log_goes_on_from_what_was_seen_of_it() {
        let log = OwnLog::new();
        let seen = log.head(&numbers(300));
        assert_eq!((seen.size(), log.head(&numbers(300)).follows(&seen, &[])), (300, Ok(())));
        for size in [301, 512, 600] {
            let more = numbers(size);
            assert_eq!(log.head(&more).follows(&seen, &proof(300, &more)), Ok(()), "{size}");
        }
        let shorter = log.head(&numbers(299));
        assert_eq!(shorter.follows(&seen, &[]), Err(NotFollowed::Shorter));
        let back = proof(299, &numbers(300));
        assert_eq!(shorter.follows(&seen, &back), Err(NotFollowed::Shorter));
    }

    #[test]
    fn two_roots_of_one_size_are_a_fork() {
        let log = OwnLog::new();
        let seen = log.head(&numbers(300));
        let other = log.head(&forked(300));
        for proof in [Vec::new(), proof(299, &forked(300))] {
            assert_eq!(other.follows(&seen, &proof), Err(NotFollowed::Forked));
        }
    }

    /// What a reader kept may be ahead of its mark by a crash, and is neither behind nor another.
    #[test]
    fn what_was_kept_is_no_shorter_and_no_fork() {
        let log = OwnLog::new();
        let seen = log.head(&numbers(300));
        for size in [300, 301, 512] {
            assert_eq!(log.head(&numbers(size)).was_kept_beside(&seen), Ok(()), "{size}");
        }
        let (shorter, other) = (log.head(&numbers(299)), log.head(&forked(300)));
        assert_eq!(shorter.was_kept_beside(&seen), Err(NotFollowed::Shorter));
        assert_eq!(other.was_kept_beside(&seen), Err(NotFollowed::Forked));
    }

    #[test]
    fn a_longer_log_proves_that_it_goes_on() {
        let log = OwnLog::new();
        let (seen, more) = (log.head(&numbers(300)), numbers(600));
        let good = proof(300, &more);
        let next = log.head(&more);
        assert_eq!(next.follows(&seen, &good), Ok(()));
        let mut altered = good.clone();
        altered[0].0[0] ^= 1;
        let short = Bytes(good[0].0[..31].to_vec());
        for wrong in [Vec::new(), altered, proof(299, &more), good[1..].to_vec(), vec![short]] {
            assert_eq!(next.follows(&seen, &wrong), Err(NotFollowed::Unproven));
        }
        // Another history, proven within itself.
        let other = forked(600);
        let proven = proof(300, &other);
        assert_eq!(log.head(&other).follows(&seen, &proven), Err(NotFollowed::Unproven));
    }
}
