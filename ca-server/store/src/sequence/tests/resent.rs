//! What an agent sends again, whole or cut otherwise, is acknowledged where it stands: nothing is
//! refused, and nothing stands twice.

use super::*;
use crate::run::{LOG, RunEntry, VerifiedRun};
use records::access::{CHAIN_START, Completion, Link, SignedHead, SpoolHead, chain};
use records::record::entry;

const AGENT: &str = "gate-1";

/// A run of an agent: its records, and the chain value before each and behind the last.
struct Run {
    epoch: Bytes,
    records: Vec<(Record, [u8; 32])>,
    chains: Vec<[u8; 32]>,
}

impl Run {
    /// A run under an epoch; the record `other` is another one than such a run has.
    fn of(epoch: u8, count: u64, other: Option<u64>) -> Self {
        let (epoch, chains) = ([epoch; 16].into(), vec![CHAIN_START]);
        let mut run = Self { epoch, records: Vec::new(), chains };
        for aseq in 0..count {
            let before = run.chains[run.records.len()];
            let ended = Completion::without_answer(format!("{AGENT}/A/{aseq}"), "cut");
            let record = Record {
                v: 1,
                id: [u8::try_from(aseq).unwrap(); 16].into(),
                log: LOG.into(),
                maker: format!("{AGENT}/agent"),
                time: "2026-01-01T00:00:00.000000Z".into(),
                link: Some(Link { epoch: run.epoch.clone(), aseq, prev: before.into() }),
                event: Event::Completion(ended),
            };
            let salt = [u8::from(other == Some(aseq)); 32];
            let entry = entry(&salt, &record.write().unwrap());
            run.records.push((record, salt));
            run.chains.push(chain(&before, &entry));
        }
        run
    }

    /// The records of some numbers, as they are verified before they get here.
    fn piece(&self, first: usize, end: usize) -> VerifiedRun {
        let verified = |(record, salt): &(Record, [u8; 32])| {
            let (bytes, id) = (record.write().unwrap(), record.id.clone());
            let entry = entry(salt, &bytes);
            let (leaf, openings, keys) = (leaf_hash(&entry), String::new(), Vec::new());
            RunEntry { id, bytes, salt: *salt, entry, leaf, openings, keys }
        };
        let head = SpoolHead {
            v: 1,
            agent: AGENT.into(),
            epoch: self.epoch.clone(),
            count: end as u64,
            chain: self.chains[end].into(),
        };
        VerifiedRun {
            agent: AGENT.into(),
            head,
            signed: SignedHead { head: Bytes(vec![1]), signature: Bytes(vec![2]) },
            certificate: vec![3],
            first: first as u64,
            before: self.chains[first],
            entries: self.records[first..end].iter().map(verified).collect(),
        }
    }
}

/// Hands a piece in; gives where it stands.
async fn send(sequencer: &mut Sequencer, piece: VerifiedRun) -> Result<Vec<(u64, u64)>, String> {
    let mut round = sequencer.round(vec![piece]).await.unwrap();
    match round.outcomes.remove(0) {
        RunOutcome::Stands(places) => Ok(places),
        RunOutcome::Gap => Err("gap".into()),
        RunOutcome::Forked { .. } => Err("forked".into()),
    }
}

#[tokio::test]
async fn what_is_sent_again_is_acknowledged_where_it_stands() {
    let (store, mut sequencer, folder) = opened_of(LOG, "sequence-resent").await;
    let (run, other) = (Run::of(1, 150, None), Run::of(2, 4, None));
    let log = &mut sequencer;
    assert_eq!(send(log, run.piece(0, 5)).await, Ok(vec![(0, 5)]));
    assert_eq!(send(log, other.piece(0, 4)).await, Ok(vec![(5, 4)]));
    assert_eq!(send(log, run.piece(5, 10)).await, Ok(vec![(9, 5)]));
    for is_remembered in [true, false] {
        // Whole, in part, over the cut, and all of it at once; a successor reads how far it is.
        let again = [
            ((0, 5), vec![(0, 5)]),
            ((6, 9), vec![(10, 3)]),
            ((3, 8), vec![(3, 2), (9, 3)]),
            ((0, 10), vec![(0, 5), (9, 5)]),
        ];
        for ((first, end), places) in again {
            if !is_remembered {
                log.reached.clear();
            }
            assert_eq!(send(log, run.piece(first, end)).await, Ok(places), "{first} to {end}");
        }
    }
    // What is new behind it gets its place, once.
    assert_eq!(send(log, run.piece(7, 13)).await, Ok(vec![(11, 6)]));
    assert_eq!(send(log, run.piece(0, 13)).await, Ok(vec![(0, 5), (9, 8)]));
    // Another record under a number is no resend, and neither is a hole.
    let forged = Run::of(1, 150, Some(4));
    assert_eq!(send(log, forged.piece(3, 8)).await, Err("forked".into()));
    assert_eq!(send(log, forged.piece(13, 15)).await, Err("forked".into()));
    assert_eq!(send(log, run.piece(14, 16)).await, Err("gap".into()));
    // A long one is compared in parts.
    assert_eq!(send(log, run.piece(13, 150)).await, Ok(vec![(17, 137)]));
    assert_eq!(send(log, run.piece(3, 149)).await, Ok(vec![(3, 2), (9, 144)]));
    let forged = Run::of(1, 150, Some(140));
    assert_eq!(send(log, forged.piece(3, 149)).await, Err("forked".into()));
    let mut tx = store.read().await.unwrap();
    let all = sequenced::entries(&mut tx, LOG, 0, 1_000).await.unwrap();
    assert_eq!(all.len(), 154, "no record stands twice");
    drop(tx);
    store.close().await;
    std::fs::remove_dir_all(folder).unwrap();
}
