//! How far the log has what this agent recorded, and the checkpoint that showed it: in memory at
//! once, on the disk within a second of shipping, and always before anything is freed that rests on
//! it. A kill in between sends again what the log has already, and is answered as before.

use crate::spool::AckedPosition;
use crate::world::{Marks, Reserve};
use anyhow::Context;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tlog::{Checkpoint, VerifierKey};

/// What is not kept waits so long for more of it.
const APART: Duration = Duration::from_secs(1);

/// How far shipping is.
pub(super) struct Progress {
    folder: PathBuf,
    key: VerifierKey,
    pub(super) acked: AckedPosition,
    marks: Arc<Mutex<Marks>>,
    /// The newest checkpoint that was believed, once it was asked for.
    known: Option<Checkpoint>,
    /// Since when something of this is not on the disk.
    unkept: Option<Instant>,
    /// A disk that is full must not keep back what makes room.
    room: Reserve,
}

impl Progress {
    /// Takes up what was kept beside the segments, and in the marks.
    pub(super) fn open(
        folder: &Path,
        key: VerifierKey,
        marks: Arc<Mutex<Marks>>,
    ) -> anyhow::Result<Self> {
        let room = Reserve::of(folder.join("reserve"));
        room.take();
        let (folder, acked) = (folder.to_owned(), AckedPosition::read(folder)?);
        Ok(Self { folder, key, acked, marks, known: None, unkept: None, room })
    }

    /// The key of the log.
    pub(super) fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// The newest checkpoint that this agent holds.
    pub(super) fn known(&mut self) -> anyhow::Result<Option<&Checkpoint>> {
        if self.known.is_none() {
            let note = self.marks.lock().unwrap_or_else(PoisonError::into_inner).access.clone();
            if !note.is_empty() {
                let open = Checkpoint::open(&note, &self.key, records::label::verify_ed25519);
                self.known = Some(open.context("the kept checkpoint")?);
            }
        }
        Ok(self.known.as_ref())
    }

    /// The log has so many records more of the segment, as a checkpoint shows that was verified.
    pub(super) fn shown(&mut self, records: u64, (head, note): (Checkpoint, &str)) {
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        note.clone_into(&mut marks.access);
        drop(marks);
        self.known = Some(head);
        self.acked.records += records;
        self.changed();
    }

    /// Goes on with the first record of a segment.
    pub(super) fn begin(&mut self, segment: u64) {
        self.acked.segment = segment;
        self.acked.records = 0;
        self.changed();
    }

    /// Keeps what has waited for long enough.
    pub(super) fn keep_in_time(&mut self, now: Instant) -> anyhow::Result<()> {
        match self.unkept {
            Some(since) if now.saturating_duration_since(since) >= APART => self.keep(),
            _ => Ok(()),
        }
    }

    /// Keeps what is not kept: the floor first, since what is acknowledged rests on it.
    pub(super) fn keep(&mut self) -> anyhow::Result<()> {
        if self.unkept.is_some() {
            self.marks.lock().unwrap_or_else(PoisonError::into_inner).write()?;
            self.acked.write(&self.folder)?;
            self.unkept = None;
        }
        Ok(())
    }

    /// The same before a segment is freed, with the room that was taken for this if it needs that.
    pub(super) fn keep_before_freeing(&mut self) -> anyhow::Result<()> {
        if self.keep().is_ok() {
            return Ok(());
        }
        self.room.release();
        self.keep().context("what the log has cannot be kept, and nothing is freed")
    }

    /// Something was freed: there is room for the next time.
    pub(super) fn freed(&self) {
        self.room.take();
    }

    fn changed(&mut self) {
        self.unkept.get_or_insert_with(Instant::now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(folder: &Path) -> Progress {
        let path = folder.join("marks.json");
        Marks::found(&path).unwrap();
        let marks = Arc::new(Mutex::new(Marks::read(&path).unwrap()));
        let key = VerifierKey::new("city/access", [7; 32]).unwrap();
        Progress::open(folder, key, marks).unwrap()
    }

    fn head(size: u64) -> Checkpoint {
        Checkpoint { origin: "city/access".into(), size, root: [9; 32] }
    }

    fn kept(folder: &Path) -> (u64, u64, String) {
        let acked = AckedPosition::read(folder).unwrap();
        let marks = Marks::read(&folder.join("marks.json")).unwrap();
        (acked.segment, acked.records, marks.access)
    }

    /// Parcels of a second are kept together: each is known at once, and none costs a disk by
    /// itself.
    #[test]
    fn what_the_log_has_is_known_at_once_and_kept_within_a_second() {
        let folder = tempfile::tempdir().unwrap();
        let mut progress = opened(folder.path());
        assert_eq!(progress.known().unwrap(), None);
        let before = Instant::now();
        progress.shown(3, (head(3), "three"));
        progress.shown(4, (head(7), "seven"));
        assert_eq!(progress.known().unwrap(), Some(&head(7)));
        assert_eq!(progress.acked.records, 7);
        progress.keep_in_time(before).unwrap();
        assert_eq!(kept(folder.path()), (0, 0, String::new()), "not yet");
        let later = Instant::now() + APART;
        progress.keep_in_time(later).unwrap();
        assert_eq!(kept(folder.path()), (0, 7, "seven".into()));
        // What is kept is not kept again.
        std::fs::remove_file(folder.path().join("acked")).unwrap();
        progress.keep_in_time(later + APART).unwrap();
        progress.keep().unwrap();
        assert!(!folder.path().join("acked").exists());
        progress.begin(2);
        progress.keep().unwrap();
        assert_eq!(kept(folder.path()), (2, 0, "seven".into()));
    }

    /// Where it cannot be kept nothing is freed; the room that was taken is given up for it.
    #[test]
    fn nothing_is_freed_that_rests_on_what_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut progress = opened(folder.path());
        assert!(folder.path().join("reserve").exists());
        progress.keep_before_freeing().unwrap();
        progress.shown(3, (head(3), "three"));
        let acked = folder.path().join("acked");
        std::fs::create_dir(&acked).unwrap();
        assert!(progress.keep_before_freeing().is_err());
        assert!(!folder.path().join("reserve").exists());
        std::fs::remove_dir(&acked).unwrap();
        progress.keep_before_freeing().unwrap();
        progress.freed();
        assert_eq!(kept(folder.path()), (0, 3, "three".into()));
        assert!(folder.path().join("reserve").exists());
    }
}
