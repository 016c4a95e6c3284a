//! What a log signed last, and its floor. Nothing more is signed while the floor does not stand
//! where the last signature does, and nothing is shown or published above it.

use crate::keep::FloorFile;
use crate::replay::Floor;
use anyhow::Context;
use std::sync::{Arc, Mutex, PoisonError};
use tlog::Checkpoint;
use tlog::merkle::Hash;
use tokio::sync::watch;

/// A head that this log signed and whose floor is durable: no row can take it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DurableHead {
    /// The log has so many entries.
    pub size: u64,
    /// The tree over them has this root hash (RFC 6962 2.1).
    pub root: Hash,
    /// The checkpoint as the log's key signed it, a C2SP note.
    pub note: Arc<str>,
}

/// What was signed last, as far as this process or its directory knows.
pub(super) struct Kept {
    signed: Floor,
    /// The checkpoint of that, once it was verified or made here.
    note: Option<Arc<str>>,
    /// The founding has none: nobody was shown anything.
    floor: Option<Mutex<FloorFile>>,
    durable: watch::Sender<Option<DurableHead>>,
}

impl Kept {
    /// A log that has no floor yet.
    pub(super) fn none() -> Self {
        let durable = watch::Sender::new(None);
        Self { signed: Floor::default(), note: None, floor: None, durable }
    }

    /// The same above a floor.
    pub(super) fn above(self, floor: FloorFile) -> Self {
        let signed = floor.floor();
        Self { signed, floor: Some(Mutex::new(floor)), ..self }
    }

    /// Has the floor written elsewhere from now on; gives where it was written.
    #[cfg(test)]
    pub(super) fn writes_to(&self, file: std::fs::File) -> std::fs::File {
        let floor = self.floor.as_ref().unwrap();
        floor.lock().unwrap().writes_to(file)
    }

    /// Below which nothing is signed.
    pub(super) fn signed(&self) -> Floor {
        self.signed
    }

    /// The verified checkpoint of what was signed last.
    pub(super) fn note(&self) -> Option<Arc<str>> {
        self.note.clone()
    }

    /// Heads whose floor is durable.
    pub(super) fn durable(&self) -> watch::Receiver<Option<DurableHead>> {
        self.durable.subscribe()
    }

    /// Takes over what was signed, with its checkpoint, which the caller made or verified.
    pub(super) fn signs(&mut self, head: &Checkpoint, note: &str) {
        self.signed = Floor { size: head.size, root: head.root };
        self.note = Some(note.into());
    }

    /// Raises the floor to what was signed last, if it does not stand there: in place, since it
    /// waits for the disk. One that fails is raised by whoever asks next.
    pub(super) fn raise(&self) -> anyhow::Result<()> {
        let Floor { size, root } = self.signed;
        let head = self.note.clone().map(|note| DurableHead { size, root, note });
        if head.is_some() && *self.durable.borrow() == head {
            return Ok(());
        }
        if let Some(floor) = &self.floor {
            let raise = || {
                let mut floor = floor.lock().unwrap_or_else(PoisonError::into_inner);
                let to = Floor { size, root };
                floor.raise(to).or_else(|_| floor.raise(to))
            };
            let raised = store::in_place(raise);
            raised.context("the floor cannot be kept")?;
        }
        if head.is_some() {
            self.durable.send_replace(head);
        }
        Ok(())
    }
}
