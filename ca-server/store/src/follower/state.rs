//! What a follower has followed, and its floor.

use super::felt::Felt;
use super::{blocking, lock};
use crate::keep::Keep;
use crate::replay::{Floor, Followed};
use anyhow::Context;
use authority::Authority;
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// What the task that follows owns.
pub(super) struct State {
    pub(super) keep: Arc<Mutex<Keep>>,
    /// What the tree alone says, without what waits for it.
    pub(super) tree: Option<Followed>,
    /// The tree with what waits for it.
    pub(super) noticed: Option<Authority>,
    /// The newest position that was noticed, and how many rows up to there.
    pub(super) position: i64,
    pub(super) rows: i64,
    /// Brakes that waited and are not in the tree.
    pub(super) felt: Felt,
    /// Whether the floor is to be raised, and since when.
    pub(super) raise_since: Option<Instant>,
    pub(super) saved: (u64, Instant),
    pub(super) saving: Option<tokio::task::JoinHandle<anyhow::Result<()>>>,
}

/// What a view was made of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct ViewBasis {
    /// The head of the tree.
    pub(super) head: Floor,
    /// The newest position that waited, 0 for none, and how many rows did.
    pub(super) waiting: (i64, i64),
}

impl ViewBasis {
    /// What was followed and noticed by now.
    pub(super) fn of(state: &State) -> Option<Self> {
        let head = state.tree.as_ref().map(Followed::floor)?;
        Some(Self { head, waiting: (state.position, state.rows) })
    }
}

impl State {
    pub(super) fn size(&self) -> u64 {
        self.tree.as_ref().map_or(0, |tree| tree.edge.size())
    }

    /// Begins at the tree again: everything that waits is noticed anew, behind what is felt.
    pub(super) fn begin_noticing(&mut self) {
        self.noticed = self.tree.as_ref().map(|tree| tree.authority.clone());
        if let Some(noticed) = &mut self.noticed {
            noticed.notice_withdrawals(self.felt.records());
        }
        (self.position, self.rows) = (0, 0);
    }

    /// The higher of what is durable and what was followed.
    pub(super) fn floor(&self) -> Floor {
        let kept = lock(&self.keep).floor();
        match self.tree.as_ref().map(Followed::floor) {
            Some(followed) if followed.size >= kept.size => followed,
            _ => kept,
        }
    }

    pub(super) async fn raise(&self, floor: Floor) -> anyhow::Result<()> {
        let keep = self.keep.clone();
        let raised = blocking(move || {
            let mut keep = lock(&keep);
            if keep.floor().size < floor.size { keep.raise(floor) } else { Ok(()) }
        });
        raised.await.context("the floor")?
    }

    pub(super) fn begin_saving(&mut self) {
        let Some(tree) = self.tree.clone() else { return };
        self.saved = (tree.edge.size(), Instant::now());
        let snapshot = lock(&self.keep).snapshot();
        self.saving = Some(tokio::task::spawn_blocking(move || snapshot.save(&tree)));
    }
}
