//! One round of a follower: the tree up to its signed head, then what waits for it.

use super::{Shared, State, blocking};
use crate::replay::{Floor, Followed, LOG, ReplayError};
use authority::Authority;
use records::record::{Event, Record};
use std::sync::Arc;
use store::{Tx, pending};
use tlog::Checkpoint;

/// Entries of one step.
const CHUNK: i64 = 8_000;
/// Pending records of one step.
const PENDING_MAX: i64 = 10_000;
/// Up to so many are noticed at once: to hand them over costs as much.
const HERE_MAX: usize = 8;
/// Who makes the records of brakes; what `status` confirms is in its own journal.
const ISSUER: &str = "issuer";

impl Shared {
    /// Follows the tree and takes notice of all that waits: who was shown a part would see again
    /// what another part takes away. The floor is durable before this returns if anything was taken
    /// away.
    pub(super) async fn follow(&self, state: &mut State) -> Result<(), ReplayError> {
        let floor = self.replay.above(state.floor());
        let mut tx = self.store.read().await?;
        let head = self.replay.head(&mut tx, &floor).await?;
        if state.size() < head.size {
            let from = (state.tree.clone(), !state.felt.is_empty());
            let climbed = self.climb(&mut tx, from, (&head, &floor)).await?;
            let (tree, urgent, sequenced) = climbed;
            if urgent {
                state.raise(tree.floor()).await.map_err(|_| ReplayError::Unsigned("no floor"))?;
                state.raise_since = None;
            } else {
                state.raise_since.get_or_insert_with(std::time::Instant::now);
            }
            state.tree = Some(tree);
            sequenced.iter().for_each(|record| state.felt.sequenced(record));
            state.begin_noticing();
        } else if state.noticed.is_none() {
            state.begin_noticing();
        }
        // Where a hand took a position up or away, what came since may stand below it.
        if pending::count_until(&mut tx, LOG, state.position).await? != state.rows {
            state.begin_noticing();
        }
        while self.notice(&mut tx, state).await? {}
        Ok(())
    }

    /// The tree at the head, whether anything was taken away on the way, and the records there if
    /// something is felt (`feels`) that may be among them.
    async fn climb(
        &self,
        tx: &mut Tx,
        (mut tree, feels): (Option<Followed>, bool),
        (head, floor): (&Checkpoint, &Floor),
    ) -> Result<(Followed, bool, Vec<Arc<Record>>), ReplayError> {
        let (mut urgent, mut sequenced) = (tree.is_none(), Vec::new());
        loop {
            if self.store.is_closed() {
                return Err(ReplayError::Unsigned("it ends"));
            }
            let step = self.replay.step(tx, tree.as_ref(), (head, floor), CHUNK);
            let (next, applied) = step.await?;
            for one in &applied {
                urgent |= takes_away(&one.record().event);
                self.observe(one.record());
                if feels {
                    sequenced.push(one.record().clone());
                }
            }
            if next.edge.size() >= head.size {
                return Ok((next, urgent, sequenced));
            }
            tree = Some(next);
        }
    }

    /// Takes notice of some pending records that were not noticed yet: only what they take away
    /// counts. Says whether more wait.
    async fn notice(&self, tx: &mut Tx, state: &mut State) -> Result<bool, ReplayError> {
        let waiting = pending::waiting(tx, LOG, state.position, PENDING_MAX).await?;
        let Some((last, _)) = waiting.last() else { return Ok(false) };
        let (last, count) = (*last, waiting.len() as i64);
        let Some(mut authority) = state.noticed.clone() else { return Ok(false) };
        let known = self.replay.known().clone();
        let is_short = waiting.len() <= HERE_MAX;
        let read = move || -> (Authority, Vec<Arc<Record>>) {
            let read = waiting.iter().filter_map(|(_, waits)| known.read(&waits.record).ok());
            let records: Vec<Arc<Record>> = read.collect();
            authority.notice_withdrawals(records.iter().map(|record| &**record));
            (authority, records)
        };
        let noticed = if is_short { Some(read()) } else { blocking(read).await };
        let (authority, records) = noticed.ok_or(ReplayError::Unsigned("a pending record"))?;
        for record in &records {
            self.observe(record);
            if record.maker == ISSUER && authority.is_of_brake(&record.event) {
                state.felt.see(record);
            }
        }
        state.noticed = Some(authority);
        state.position = last;
        state.rows += count;
        Ok(count == PENDING_MAX)
    }

    fn observe(&self, record: &Record) {
        if let Some(observer) = &self.observer {
            observer(record);
        }
    }
}

/// Whether a log that goes back behind this record would give something back.
fn takes_away(event: &Event) -> bool {
    !matches!(
        event,
        Event::Application { .. }
            | Event::Order { .. }
            | Event::Approval { .. }
            | Event::Intent { .. }
            | Event::Issued { .. }
            | Event::Letter { .. }
            | Event::Crl { .. }
            | Event::People { .. }
            | Event::Refusal { .. }
            | Event::Asked { .. }
            | Event::Searched { .. }
            | Event::MachineAccount { .. }
            | Event::MachineUse { .. }
            | Event::MachineEnrolled { .. }
    )
}
