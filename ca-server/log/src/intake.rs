//! The intake of agents' runs: hands verified pieces to the sequencer of `access`, and waits for
//! what became of each. Nothing of a run is kept here: what is not committed the agent still holds.
//! Gates have their turns: one that hands in many pieces of many runs at once waits for itself.

use ca_store::TreeView;
use ca_store::run::VerifiedRun;
use ca_store::sequence::RunOutcome;
use std::collections::{HashMap, HashSet, VecDeque};
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

/// The end of the queue at which routes hand in runs that they verified.
#[derive(Clone)]
pub(super) struct Intake(mpsc::Sender<Handed>);

/// The end of the queue at which the sequencer takes them.
pub(super) struct Arrivals {
    channel: mpsc::Receiver<Handed>,
    waiting: VecDeque<Handed>,
}

/// Opens a queue, with both of its ends.
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

    /// The pieces of the next round, of each agent in turn: of each run only the first one, since
    /// the next rests on it.
    pub(super) fn take(&mut self) -> (Vec<VerifiedRun>, Vec<oneshot::Sender<Sequenced>>) {
        while let Ok(handed) = self.channel.try_recv() {
            self.waiting.push_back(handed);
        }
        let (mut runs, mut answers, mut left) = (Vec::new(), Vec::new(), VecDeque::new());
        let (mut named, mut records) = (HashSet::new(), 0);
        for handed in in_turns(self.waiting.drain(..), |handed| handed.run.agent().to_owned()) {
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

/// The first of each agent, in the order in which they came, then the second of each, and so on.
fn in_turns<T>(waiting: impl Iterator<Item = T>, agent: impl Fn(&T) -> String) -> Vec<T> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    let with_turn = |handed: T| {
        let turn = counts.entry(agent(&handed)).or_default();
        *turn += 1;
        (*turn, handed)
    };
    let mut all: Vec<(usize, T)> = waiting.map(with_turn).collect();
    // Stable: what came first of a turn stays first.
    all.sort_by_key(|(turn, _)| *turn);
    all.into_iter().map(|(_, handed)| handed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However many pieces a captured gate has waiting, the one of another gate is among the next;
    /// and whoever is alone has all of a round.
    #[test]
    fn no_gate_waits_behind_the_pieces_of_another() {
        let turns = |waiting: Vec<(&'static str, u8)>| {
            in_turns(waiting.into_iter(), |(agent, _)| (*agent).to_owned())
        };
        let flood: Vec<(&str, u8)> = (0..200).map(|piece| ("captured", piece)).collect();
        let behind = [flood.clone(), vec![("gate-1", 0), ("gate-2", 0), ("gate-1", 1)]].concat();
        let served = turns(behind);
        assert_eq!(served[..4], [("captured", 0), ("gate-1", 0), ("gate-2", 0), ("captured", 1)]);
        assert_eq!(served[4], ("gate-1", 1));
        let own: Vec<u8> =
            served.iter().filter(|one| one.0 == "captured").map(|one| one.1).collect();
        assert!(own.is_sorted() && own.len() == flood.len(), "none is lost, each in its order");
        assert_eq!(turns(flood.clone()), flood);
    }
}
