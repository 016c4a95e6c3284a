//! The checkpoint that is published of a log, as a floor. The log's key signed it, and anybody may
//! have read it: a log below it went back. A role sees that by it also when its own floor is one of
//! before, put back from a backup together with the database.

use crate::replay::Floor;
use ca_host::CaConfig;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use system::file::open_below;
use tlog::{Checkpoint, VerifierKey};

/// What is read of a checkpoint, in bytes.
const NOTE_BYTES_MAX: u64 = 4_096;

/// Where a checkpoint is published, and the highest that was seen there; clones share it.
#[derive(Clone)]
pub struct PublishedHead {
    public: PathBuf,
    log: &'static str,
    key: VerifierKey,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    /// The note that was read last: the same bytes are not verified again.
    note: String,
    highest: Floor,
}

impl PublishedHead {
    /// That of a log of this state directory; `key` is the log's.
    pub fn of(config: &CaConfig, log: &'static str, key: VerifierKey) -> Self {
        Self { public: config.path("public"), log, key, seen: Arc::default() }
    }

    /// The higher of a floor and what is, or was, published. It is asked before the database is:
    /// what is published was committed, and what is read afterwards holds it.
    pub fn above(&self, floor: Floor) -> Floor {
        let note = self.note();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(note) = note.filter(|note| *note != seen.note) {
            // What the log's key did not sign says nothing: files of `public/` are no authority.
            if let Ok(head) = Checkpoint::open(&note, &self.key, records::label::verify_ed25519)
                && head.size > seen.highest.size
            {
                seen.highest = Floor { size: head.size, root: head.root };
            }
            seen.note = note;
        }
        if seen.highest.size > floor.size { seen.highest } else { floor }
    }

    fn note(&self) -> Option<String> {
        let path = format!("log/{}/checkpoint", self.log);
        let file = open_below(&self.public, Path::new(&path)).ok()?;
        let mut note = String::new();
        file.take(NOTE_BYTES_MAX).read_to_string(&mut note).ok()?;
        Some(note)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keys::SoftwareSigner;
    use pki::Signer;
    use pki::algorithm::by_name;

    const LOG: &str = "control";

    fn floor(size: u64) -> Floor {
        Floor { size, root: [size.to_be_bytes()[7]; 32] }
    }

    /// The highest that the log's key signed counts, also once it is gone from there; what another
    /// key signed, garbage and what is no plain file say nothing.
    #[test]
    fn what_is_published_is_a_floor() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log/control/checkpoint");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let signer = || SoftwareSigner::generate(by_name("ed25519").unwrap()).unwrap();
        let (own, other) = (signer(), signer());
        let key = |of: &SoftwareSigner| {
            let public = of.public_key().raw().try_into().unwrap();
            VerifierKey::new("city/control", public).unwrap()
        };
        let publish = |by: &SoftwareSigner, size: u64| {
            let Floor { size, root } = floor(size);
            let head = Checkpoint { origin: "city/control".into(), size, root };
            let note = tlog::note::sign(&head.text(), &key(by), |text| by.sign(text)).unwrap();
            std::fs::write(&path, note).unwrap();
        };
        let opened = || PublishedHead {
            public: folder.path().to_owned(),
            log: LOG,
            key: key(&own),
            seen: Arc::default(),
        };
        let published = opened();
        assert_eq!(published.above(floor(3)), floor(3), "nothing is published");
        publish(&own, 7);
        assert_eq!(published.above(floor(3)), floor(7));
        assert_eq!(published.above(floor(9)), floor(9));
        publish(&own, 5);
        assert_eq!(published.above(floor(3)), floor(7), "it was seen");
        assert_eq!(opened().above(floor(3)), floor(5));
        publish(&other, 8);
        assert_eq!(opened().above(floor(3)), floor(3), "another key's");
        std::fs::write(&path, "garbage").unwrap();
        assert_eq!(published.above(floor(3)), floor(7));
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert_eq!(published.above(floor(3)), floor(7));
        assert_eq!(opened().above(floor(3)), floor(3));
    }
}
