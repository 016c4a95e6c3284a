//! What a round came to is made durable, with one commit; from there on it is true: the state moves
//! and the view is shown.

use super::Writer;
use crate::error::IssuerError;
use crate::round::Written;
use crate::rows;
use crate::share::Failure;
use crate::state::State;
use crate::view::View;
use ca_store::known::KnownRecords;
use ca_store::record::NewRecord;
use records::Bytes;
use service::fault;
use std::sync::Arc;
use store::{CommitNews, pending};

/// What is told on `/readyz` while the disk has no room for what is told next.
const NO_ROOM: &str = "nearly full: the disk has no room left for what is told as done";

impl Writer {
    /// Makes a round durable; from here on it is true.
    pub(super) async fn commit(
        &mut self,
        tx: store::Tx,
        written: Written,
        acts: &[&'static str],
        results: bool,
    ) -> Result<(), Failure> {
        let Written { mut state, records, rows, .. } = written;
        if !records.is_empty() || !rows.is_empty() {
            self.metrics.count("round", "done");
            let appended = !records.is_empty();
            let known = self.replay.known();
            let before = self.state.as_ref().map(|state| &state.told);
            let is_new = |one: &&NewRecord| {
                let id = &one.record.id;
                state.told.has(id) && !before.is_some_and(|told| told.has(id))
            };
            let told: Vec<NewRecord> = records.iter().filter(is_new).cloned().collect();
            let again = records.iter().map(|one| &one.record.id);
            let again = again.filter(|id| before.is_some_and(|told| told.has(id)));
            let again: Vec<Bytes> = again.cloned().collect();
            let kept = keep(tx, (records, again, rows), (&state, known), (acts, results)).await;
            let newest = kept.map_err(Failure::Unkept)?;
            self.journal.keep(&told, &state.told)?;
            let room = if self.journal.has_room() { "" } else { NO_ROOM };
            self.metrics.notice("told", room);
            if appended {
                state.pending_seen = newest;
                self.doorbell.ring(CommitNews::CONTROL_WAITS);
            }
        }
        if state.withdrew {
            // What was taken away may not come back with an older log: the floor is durable before
            // any answer rests on it.
            self.keep.raise(state.followed.floor())?;
            state.withdrew = false;
        }
        let (full, nearly) = match state.is_full() {
            true => (state.waiting_told(), ""),
            false => ("", state.waiting_told()),
        };
        self.told("pending", full);
        self.metrics.notice("pending", nearly);
        let size = state.followed.edge.size();
        self.metrics.set("control_size", i64::try_from(size).map_err(anyhow::Error::from)?);
        self.view.store(Some(Arc::new(View::new(state.clone()))));
        self.state = Some(state);
        self.moved.send_replace(size);
        Ok(())
    }
}

/// Writes what a round recorded and changed, and commits; gives the position of the newest record.
async fn keep(
    mut tx: store::Tx,
    (records, again, changes): (Vec<NewRecord>, Vec<Bytes>, Vec<rows::RowChange>),
    (state, known): (&State, &KnownRecords),
    (acts, results): (&[&'static str], bool),
) -> Result<i64, IssuerError> {
    rows::write(&mut tx, changes, state.authority()).await?;
    for id in again {
        pending::displaced(&mut tx, &id.0).await?;
    }
    let newest = ca_store::record::append_many(&mut tx, records, known).await?;
    for act in acts {
        fault::point_of(act, "before-commit");
    }
    if results {
        fault::point("certify-before-result");
    }
    tx.commit().await?;
    for act in acts {
        fault::point_of(act, "after-commit");
    }
    if results {
        fault::point("certify-after-result");
    }
    Ok(newest)
}
