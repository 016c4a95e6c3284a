//! What an agent sends again, whole or cut otherwise, is acknowledged where it stands: nothing is
//! refused, and nothing stands twice.

use super::*;
use crate::run::{LOG, VerifiedRun};
use crate::sequence::sample::SampleRun;
use records::access::CHAIN_START;
use sample_city::SampleCity;

/// Hands a piece in; gives where it stands.
async fn send(sequencer: &mut Sequencer, piece: VerifiedRun) -> Result<Vec<(u64, u64)>, String> {
    let mut round = sequencer.round(vec![piece]).await.unwrap();
    match round.outcomes.remove(0) {
        RunOutcome::Stands(places) => Ok(places),
        RunOutcome::Gap => Err("gap".into()),
        RunOutcome::Forked { .. } => Err("forked".into()),
        RunOutcome::Damaged => Err("damaged".into()),
    }
}

#[tokio::test]
async fn what_is_sent_again_is_acknowledged_where_it_stands() {
    let (store, mut sequencer, folder) = opened_of(LOG, "sequence-resent").await;
    let city = SampleCity::found();
    let agent = city.officer("officer-1");
    let run_of = |other| SampleRun::of(agent, 1, (150, other), CHAIN_START);
    let (run, second) = (run_of(150), SampleRun::of(agent, 2, (4, 4), CHAIN_START));
    let log = &mut sequencer;
    assert_eq!(send(log, run.piece(0, 5)).await, Ok(vec![(0, 5)]));
    assert_eq!(send(log, second.piece(0, 4)).await, Ok(vec![(5, 4)]));
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
    let forged = run_of(4);
    assert_eq!(send(log, forged.piece(3, 8)).await, Err("forked".into()));
    assert_eq!(send(log, forged.piece(13, 15)).await, Err("forked".into()));
    assert_eq!(send(log, run.piece(14, 16)).await, Err("gap".into()));
    // A long one is compared in parts.
    assert_eq!(send(log, run.piece(13, 150)).await, Ok(vec![(17, 137)]));
    assert_eq!(send(log, run.piece(3, 149)).await, Ok(vec![(3, 2), (9, 144)]));
    let forged = run_of(140);
    assert_eq!(send(log, forged.piece(3, 149)).await, Err("forked".into()));
    let mut tx = store.read().await.unwrap();
    let all = sequenced::entries(&mut tx, LOG, 0, 1_000).await.unwrap();
    assert_eq!(all.len(), 154, "no record stands twice");
    drop(tx);
    store.close().await;
    std::fs::remove_dir_all(folder).unwrap();
}
