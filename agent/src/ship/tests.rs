//! How far shipping is, across kills and disks that fail.

use super::*;
use crate::AgentConfig;
use crate::spool::{AckedPosition, Place, recover};
use records::access::{Completion, RunStart};
use records::record::Event;
use service::Clock;
use std::path::Path;

/// Begins a run of a gate; gives its spool.
fn start(folder: &Path) -> Spool {
    let here = "127.0.0.1:1".parse().unwrap();
    let mut config = AgentConfig::new(folder, here, here, here);
    config.spool.segment_bytes = 2 * 1024;
    let found = recover(&config.path("spool"), "gate-1").unwrap();
    let started = RunStart {
        agent: "gate-1".into(),
        application: "exchange".into(),
        version: "1".into(),
        key_sha256: Bytes(vec![7; 32]),
        cause: String::new(),
    };
    let from = ("gate-1/agent".to_owned(), started);
    Spool::start(&config, from, &found, Clock::system(), Metrics::default()).unwrap()
}

/// Records until a segment is full; gives its number, and how many records it has.
async fn fill(spool: &Spool) -> (u64, u64) {
    let first = spool.durable().segment;
    while spool.durable().segment == first {
        let ended = Completion::without_answer("gate-1/A/1".into(), "cut");
        spool.record(Event::Completion(ended), Vec::new(), Place::Ends).await.unwrap();
    }
    let next = segment::path(&spool.folder, first + 1);
    let header = segment::header(&mut File::open(next).unwrap()).unwrap().unwrap();
    (first, header.first)
}

/// Takes up shipping as a start does.
fn shipper(folder: &Path, spool: &Spool) -> Shipper {
    let path = folder.join("marks.json");
    if !path.exists() {
        Marks::found(&path).unwrap();
    }
    let marks = Arc::new(Mutex::new(Marks::read(&path).unwrap()));
    let key = VerifierKey::new("city/access", [7; 32]).unwrap();
    let signer = Arc::new(SoftwareSigner::generate_p256().unwrap());
    Shipper::open("gate-1", spool.clone(), signer, key, marks, Metrics::default()).unwrap()
}

/// The log has so many records, as a checkpoint shows that is not kept yet.
fn acknowledge(shipper: &mut Shipper, records: u64) {
    let head = Checkpoint { origin: "city/access".into(), size: records, root: [9; 32] };
    shipper.progress.shown(records, (head, "a checkpoint"));
    shipper.at = None;
}

/// A segment goes once it is kept that the log has all of it, and under which checkpoint: a disk
/// that fails frees nothing, and a kill before that sends the same again.
#[tokio::test]
async fn a_segment_is_freed_once_it_is_kept_that_the_log_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let spool = start(folder.path());
    let (first, records) = fill(&spool).await;
    let durable = spool.durable();
    let is_there = || segment::path(&spool.folder, first).exists();
    let place = |shipper: &Shipper| shipper.at.as_ref().map(|at| (at.segment, at.aseq));

    let mut killed = shipper(folder.path(), &spool);
    assert!(killed.find(&durable).unwrap());
    assert_eq!(place(&killed), Some((first, 0)));
    acknowledge(&mut killed, records);
    assert!(killed.find(&durable).unwrap());
    assert_eq!(place(&killed), Some((first, records)), "it is known at once");
    drop(killed);

    let mut next = shipper(folder.path(), &spool);
    assert!(next.find(&durable).unwrap());
    assert_eq!(place(&next), Some((first, 0)), "it is sent again");
    acknowledge(&mut next, records);
    assert!(next.find(&durable).unwrap());
    let acked = spool.folder.join("acked");
    std::fs::create_dir(&acked).unwrap();
    assert!(next.next_segment(&durable).is_err());
    assert!(next.find(&durable).is_err() && is_there(), "it is not kept, and so not freed");
    std::fs::remove_dir(&acked).unwrap();
    assert!(next.find(&durable).unwrap() && !is_there());
    assert_eq!(place(&next), Some((first + 1, records)));
    let kept = AckedPosition::read(&spool.folder).unwrap();
    assert_eq!((kept.segment, kept.records), (first + 1, 0));
    let marks = Marks::read(&folder.path().join("marks.json")).unwrap();
    assert_eq!(marks.access, "a checkpoint");
}

/// A parcel of all that is durable is followed by a pause, in which more comes together; where
/// something was left out, and at the end of a segment that is not written any more, the next one
/// follows at once.
#[tokio::test]
async fn a_parcel_of_all_that_there_is_waits_for_more_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let spool = start(folder.path());
    let (_, records) = fill(&spool).await;
    let durable = spool.durable();
    let mut shipper = shipper(folder.path(), &spool);
    assert!(shipper.find(&durable).unwrap());
    let batch = shipper.batch(&durable, None).unwrap().unwrap();
    assert_eq!((batch.entries.len() as u64, batch.is_all), (records, false));
    acknowledge(&mut shipper, records);
    assert!(shipper.find(&durable).unwrap());
    assert!(shipper.batch(&durable, None).unwrap().is_none());
    assert!(shipper.next_segment(&durable).unwrap());
    assert!(shipper.find(&durable).unwrap());
    let batch = shipper.batch(&durable, None).unwrap().unwrap();
    assert!(!batch.entries.is_empty() && batch.is_all);
    let pauses = [Look::Nothing, Look::All, Look::More].map(Look::pause);
    assert_eq!(pauses, [LOOK, GATHERED, Duration::ZERO]);
}

/// What goes to the log from memory is what lies in its segment, over commits and segments; where
/// it was forgotten it is read there.
#[tokio::test]
async fn what_was_written_lately_is_what_lies_there() {
    let folder = tempfile::tempdir().unwrap();
    let spool = start(folder.path());
    let (first, records) = fill(&spool).await;
    fill(&spool).await;
    let durable = spool.durable();
    let mut shipper = shipper(folder.path(), &spool);
    let mut segments = 0;
    loop {
        assert!(shipper.find(&durable).unwrap());
        let at = shipper.at.as_ref().unwrap();
        let mut file = File::open(segment::path(&spool.folder, at.segment)).unwrap();
        let span = (at.offset, end_of(&file, at.segment, &durable).unwrap());
        let lies = FrameRange::read(&mut file, span, &at.chain, RECORDS_MAX as u64).unwrap();
        let of = |range: FrameRange| (range.bytes, range.entries, range.chain);
        let lies = of(lies);
        assert!(!lies.1.is_empty());
        let kept = spool.lately(at.segment, (at.offset, u64::MAX), &at.chain).unwrap();
        assert_eq!(of(kept), lies);
        assert_eq!(of(shipper.frames(at, &durable).unwrap()), lies);
        if at.segment == first {
            assert_eq!(lies.1.len() as u64, records);
        }
        spool.acknowledged(at.segment, 0, at.offset + lies.0.len() as u64);
        assert!(spool.lately(at.segment, (at.offset, u64::MAX), &at.chain).is_none());
        assert_eq!(of(shipper.frames(at, &durable).unwrap()), lies, "from the segment");
        segments += 1;
        if at.segment == durable.segment {
            break;
        }
        let count = lies.1.len() as u64;
        acknowledge(&mut shipper, count);
        assert!(shipper.find(&durable).unwrap());
        assert!(shipper.next_segment(&durable).unwrap());
    }
    assert_eq!(segments, 3);
}
