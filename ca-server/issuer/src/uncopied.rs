//! Copies of what the log says that a table did not take. They keep nothing else back, and least of
//! all a brake: each kind of them is tried again by itself, in its order, until its table takes it.
//! Until then no authority is kept behind them: whoever is killed finds them in the log again.

use crate::error::IssuerError;
use crate::rows::{self, RowChange};
use crate::share::Share;
use authority::Authority;
use std::mem::discriminant;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use store::Tx;

/// They are tried again after this long.
const AGAIN: Duration = Duration::from_secs(1);
/// Most of one kind that are tried together: a disk that is slow takes some of them in its time.
const TRIED_MAX: usize = 1_000;
/// Most that are remembered; what is more is written by `doctor --repair`.
const ROWS_MAX: usize = 20_000;
/// Most revocation lists among them, the newest: each is some megabytes, and lies where it is
/// published.
const LISTS_MAX: usize = 16;
/// Most people snapshots among them, the newest: as many as are handed over together, four times.
const SNAPSHOTS_MAX: usize = 256;
/// So many snapshots are tried together.
const SNAPSHOTS_TRIED_MAX: usize = 16;

/// Copies that are not written yet.
pub(crate) struct Uncopied {
    rows: Vec<RowChange>,
    tried: Instant,
    /// Whether some are remembered by nobody.
    is_lost: bool,
    /// Whether a round took too long that may have waited for a table of copies.
    is_late: bool,
    /// Whether any wait, for whoever keeps authority beside the writer.
    waits: Arc<AtomicBool>,
}

/// What a round leaves to be copied later.
pub(crate) struct Later {
    rows: Vec<RowChange>,
    is_lost: bool,
    /// Whether it wrote every copy anew.
    is_repaired: bool,
}

impl Uncopied {
    /// What a start could not write, and whether anything is remembered by nobody.
    pub(crate) fn of(rows: Vec<RowChange>, is_lost: bool) -> Self {
        let waits = Arc::new(AtomicBool::new(false));
        let tried = Instant::now();
        let mut own = Self { rows: Vec::new(), tried, is_lost, is_late: false, waits };
        own.add(rows);
        own.show();
        own
    }

    /// Says from now on whether any wait.
    pub(crate) fn waits(&self) -> Arc<AtomicBool> {
        self.waits.clone()
    }

    /// Shows whether any wait now.
    pub(crate) fn show(&self) {
        self.waits.store(!self.rows.is_empty(), Ordering::Release);
    }

    /// Puts what the log says before what a round decided; or leaves copies for later, where a
    /// table does not take them or others wait already.
    pub(crate) fn split(
        &self,
        share: &Share<'_>,
        (copied, is_lost): (Vec<RowChange>, bool),
        decided: &mut Vec<RowChange>,
    ) -> Later {
        let is_repaired = decided.iter().any(|change| matches!(change, RowChange::Rewrite));
        let mut later = Later { rows: Vec::new(), is_lost, is_repaired };
        if !share.copies_later && self.rows.is_empty() {
            decided.splice(0..0, copied);
            return later;
        }
        later.rows = copied;
        if share.decides_copies_later() {
            let all = std::mem::take(decided).into_iter();
            let (copies, own): (Vec<_>, Vec<_>) = all.partition(RowChange::is_copy);
            later.rows.extend(copies);
            *decided = own;
        }
        later
    }

    /// A round took too long: what it waited for may be a table of copies.
    pub(crate) fn was_late(&mut self) {
        self.is_late = true;
    }

    /// Whether a round leaves copies out from the beginning: what keeps others back would keep it
    /// back as well, for as long.
    pub(crate) fn are_left_out(&self) -> bool {
        self.is_late || !self.rows.is_empty()
    }

    /// The round that left this is durable.
    pub(crate) fn take(&mut self, later: Later) {
        self.is_late &= !later.rows.is_empty();
        if later.is_repaired {
            (self.rows, self.is_lost) = (Vec::new(), false);
        }
        self.is_lost |= later.is_lost;
        self.add(later.rows);
        self.show();
    }

    fn add(&mut self, rows: Vec<RowChange>) {
        self.rows.extend(rows);
        self.keep_newest(is_list, LISTS_MAX);
        self.is_lost |= self.keep_newest(is_snapshot, SNAPSHOTS_MAX);
        let many = self.rows.len().saturating_sub(ROWS_MAX);
        self.is_lost |= many > 0;
        self.rows.drain(..many);
    }

    /// Lets go of the oldest of what is large, but for so many; whether there were more.
    fn keep_newest(&mut self, is_kind: impl Fn(&RowChange) -> bool, most: usize) -> bool {
        let count = self.rows.iter().filter(|one| is_kind(one)).count();
        let mut older = count.saturating_sub(most);
        let is_more = older > 0;
        self.rows.retain(|one| {
            let is_older = older > 0 && is_kind(one);
            older -= usize::from(is_older);
            !is_older
        });
        is_more
    }

    /// When they are tried again, if there are any.
    pub(crate) fn due(&self) -> Option<Instant> {
        (!self.rows.is_empty()).then(|| self.tried + AGAIN)
    }

    /// Takes out what is to be tried now, each kind by itself and the oldest of it first; whoever
    /// fails gives it back. How long a round took says nothing more: it is seen now.
    pub(crate) fn take_due(&mut self, now: Instant) -> Vec<Vec<RowChange>> {
        if self.due().is_none_or(|due| now < due) {
            return Vec::new();
        }
        (self.tried, self.is_late) = (now, false);
        let mut kinds: Vec<Vec<RowChange>> = Vec::new();
        for one in std::mem::take(&mut self.rows) {
            let of = discriminant(&one);
            match kinds.iter_mut().find(|kind| kind.first().map(discriminant) == Some(of)) {
                Some(kind) if kind.len() < together(&one) => kind.push(one),
                Some(_) => self.rows.push(one),
                None => kinds.push(vec![one]),
            }
        }
        kinds
    }

    /// Some of a kind were not taken this time either; they stay before what came after them.
    pub(crate) fn give_back(&mut self, kind: Vec<RowChange>) {
        self.rows.splice(0..0, kind);
    }

    /// What is told on `/readyz` behind `ready`.
    pub(crate) fn told(&self) -> &'static str {
        match (self.is_lost, self.rows.is_empty()) {
            (true, _) => "a table could not be read or took no copies: doctor --repair",
            (false, false) => "a table takes no copies of what the log says; they are tried again",
            (false, true) => "",
        }
    }
}

/// How many such copies are tried together: a list is large, and so are snapshots of many people.
fn together(one: &RowChange) -> usize {
    match one {
        RowChange::List(..) => 1,
        RowChange::Snapshot(_) => SNAPSHOTS_TRIED_MAX,
        _ => TRIED_MAX,
    }
}

fn is_snapshot(one: &RowChange) -> bool {
    matches!(one, RowChange::Snapshot(_))
}

fn is_list(one: &RowChange) -> bool {
    matches!(one, RowChange::List(..))
}

/// Writes copies of one kind.
pub(crate) async fn write(
    mut tx: Tx,
    kind: Vec<RowChange>,
    authority: &Authority,
) -> Result<(), IssuerError> {
    rows::write(&mut tx, kind, authority).await?;
    Ok(tx.commit().await?)
}

#[cfg(test)]
mod tests;
