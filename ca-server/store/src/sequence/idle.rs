//! Whether there is anything to do, before the turn of those who write is taken.

use super::Sequencer;
use crate::sequenced;
use store::{Store, pending};

impl Sequencer {
    /// Somebody rang: on a server, where each look is a round trip, the next round does not ask
    /// first whether anything waits.
    pub fn heard(&mut self) {
        self.rung = matches!(self.store, Store::Postgres(_));
    }

    /// Whether nothing waits, and the head is the one that this sequencer knows: a head that it
    /// does not know is looked at, even if there is nothing to do.
    pub(super) async fn is_idle(&self) -> anyhow::Result<bool> {
        let mut tx = self.store.read().await?;
        if pending::newest(&mut tx, self.log).await? > 0 {
            return Ok(false);
        }
        let head = sequenced::head(&mut tx, self.log).await?;
        let own = (self.tree.edge.size(), self.tree.edge.root());
        let is_known = self.kept.note().is_some();
        Ok(is_known && head.is_some_and(|(size, root, _)| (size, root) == own))
    }
}
