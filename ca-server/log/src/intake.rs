//! The intake of agents' runs: hands verified pieces to the sequencer of `access`, and waits for
//! what became of each. Nothing of a run is kept here: what is not committed the agent still holds.

use ca_store::TreeView;
use ca_store::run::VerifiedRun;
use ca_store::sequence::RunOutcome;
use std::collections::{HashSet, VecDeque};
use tokio::sync::{mpsc, oneshot};

/// Pieces that wait; more of them wait with their senders.
const WAITING_MAX: usize = 256;
/// Records that one round takes in: as many as are proven from memory.
const ROUND_RECORDS: usize = 16_384;

/// What became of a piece, with the tree in which it stands.
pub(super) type Sequenced = (RunOutcome, TreeView);

/// A piece and who waits for it.
pub(super) struct Handed {
    run: VerifiedRun,
    answer: oneshot::Sender<Sequenced>,
}

/// The senders' end.
#[derive(Clone)]
pub(super) struct Intake(mpsc::Sender<Handed>);

/// The sequencer's end.
pub(super) struct Arrivals {
    channel: mpsc::Receiver<Handed>,
    waiting: VecDeque<Handed>,
}

/// Both ends.
pub(super) fn open() -> (Intake, Arrivals) {
    let (sender, channel) = mpsc::channel(WAITING_MAX);
    (Intake(sender), Arrivals { channel, waiting: VecDeque::new() })
}

impl Intake {
    /// Waits until a piece is sequenced; `None` if that failed: the agent sends it again.
    pub(super) async fn sequence(&self, run: VerifiedRun) -> Option<Sequenced> {
        let (answer, sequenced) = oneshot::channel();
        self.0.send(Handed { run, answer }).await.ok()?;
        sequenced.await.ok()
    }
}

impl Arrivals {
    /// Waits until a piece is there; never ends when nobody sends any more.
    pub(super) async fn arrived(&mut self) {
        if !self.waiting.is_empty() {
            return;
        }
        match self.channel.recv().await {
            Some(handed) => self.waiting.push_back(handed),
            None => std::future::pending().await,
        }
    }

    /// The pieces of the next round: of each run only the first one, since the next rests on it.
    pub(super) fn take(&mut self) -> (Vec<VerifiedRun>, Vec<oneshot::Sender<Sequenced>>) {
        while let Ok(handed) = self.channel.try_recv() {
            self.waiting.push_back(handed);
        }
        let (mut runs, mut answers, mut left) = (Vec::new(), Vec::new(), VecDeque::new());
        let (mut named, mut records) = (HashSet::new(), 0);
        for handed in self.waiting.drain(..) {
            let name = (handed.run.agent().to_owned(), handed.run.epoch().clone());
            let count = handed.run.count();
            let is_full = records > 0 && records + count > ROUND_RECORDS;
            // What waits behind a piece of its own run waits with it.
            if !named.insert(name) || is_full {
                left.push_back(handed);
                continue;
            }
            // Whoever went away sends it again; it counts all the same.
            records += count;
            runs.push(handed.run);
            answers.push(handed.answer);
        }
        self.waiting = left;
        (runs, answers)
    }
}
