//! Hands in the rows of a log: one row neither stops it nor gives an entry two places.

use super::*;
use ca_host::CaConfig;
use pki::algorithm::by_name;
use records::record::{Event, Record};
use std::path::PathBuf;

mod resent;

async fn opened(name: &str) -> (Store, Sequencer, PathBuf) {
    opened_of("control", name).await
}

async fn opened_of(log: &'static str, name: &str) -> (Store, Sequencer, PathBuf) {
    let folder = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let config = CaConfig::nowhere().in_folder(&folder);
    let store = crate::open(&config).await.unwrap();
    let signer = SoftwareSigner::generate(by_name("ed25519").unwrap()).unwrap();
    let public = signer.public_key().raw().try_into().unwrap();
    let key = VerifierKey::new(&format!("city/{log}"), public).unwrap();
    let sequencer = Sequencer::new(log, store.clone(), signer, key, Clock::system());
    (store, sequencer.unwrap(), folder)
}

fn record(number: u8) -> Record {
    let (agent, epoch) = ("gate-1".to_owned(), [1; 16].into());
    let (entry, other) = ([2; 32].into(), [3; 32].into());
    Record {
        v: 1,
        id: [number; 16].into(),
        log: "control".into(),
        maker: "issuer".into(),
        time: "2026-01-01T00:00:00.000000Z".into(),
        link: None,
        event: Event::Forked { agent, epoch, aseq: 1, entry, other },
    }
}

/// Puts a record on its way; gives what waits.
async fn put(store: &Store, number: u8) {
    let record = record(number);
    let mut tx = store.write().await.unwrap();
    let bytes = record.write().unwrap();
    intake::insert(&mut tx, &record, bytes, [number; 32]).await.unwrap();
    tx.commit().await.unwrap();
}

async fn hand(store: &Store, sql: &'static str) {
    let mut tx = store.write().await.unwrap();
    assert!(store::execute!(&mut tx, sql).unwrap() > 0, "{sql}");
    tx.commit().await.unwrap();
}

async fn entries(store: &Store) -> Vec<u64> {
    let mut tx = store.read().await.unwrap();
    let entries = sequenced::entries(&mut tx, "control", 0, 100).await.unwrap();
    entries.into_iter().map(|(index, ..)| index).collect()
}

/// What comes in one piece waits in its order, each of it once, behind what waited before.
#[tokio::test]
async fn what_comes_together_waits_in_its_order() {
    let (store, _, folder) = opened("together").await;
    put(&store, 9).await;
    let made = [2, 9, 3, 2, 1].map(|number| {
        let record = record(number);
        let bytes = record.write().unwrap();
        (Arc::new(record), bytes, [number; 32])
    });
    let mut tx = store.write().await.unwrap();
    intake::insert_all(&mut tx, made.into()).await.unwrap();
    intake::insert_all(&mut tx, Vec::new()).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = store.read().await.unwrap();
    let waiting = pending::waiting(&mut tx, "control", 0, 9).await.unwrap();
    let numbers: Vec<u8> = waiting.iter().map(|(_, one)| one.record_id[0]).collect();
    assert_eq!(numbers, [9, 2, 3, 1]);
    drop(tx);
    store.close().await;
    std::fs::remove_dir_all(folder).unwrap();
}

/// Whatever a round writes of the tiles at the edge, whoever begins behind it finds all of them.
#[tokio::test]
async fn tiles_at_the_edge_are_there_behind_each_round() {
    let (store, mut sequencer, folder) = opened("edge").await;
    for size in [3_u32, 255, 256, 257, 300, 511, 512, 514] {
        let mut tx = store.read().await.unwrap();
        let old = sequenced::head(&mut tx, "control").await.unwrap().map_or(0, |(size, ..)| size);
        drop(tx);
        let made = (u32::try_from(old).unwrap()..size).map(|number| {
            let mut record = record(7);
            record.id = [number.to_be_bytes(); 4].concat().into();
            let bytes = record.write().unwrap();
            (Arc::new(record), bytes, [7; 32])
        });
        let mut tx = store.write().await.unwrap();
        intake::insert_all(&mut tx, made.collect()).await.unwrap();
        tx.commit().await.unwrap();
        sequencer.round(Vec::new()).await.unwrap();
        let mut tx = store.read().await.unwrap();
        let edge = edge_at(&mut tx, "control", u64::from(size)).await.unwrap();
        assert_eq!(edge.root(), sequencer.tree.edge.root(), "{size}");
    }
    let above = |old, size| (0..3).map(|level| is_another(level, (old, size))).collect::<Vec<_>>();
    assert_eq!(above(300, 301), [true, false, false]);
    assert_eq!(above(511, 512), [true, true, false]);
    assert_eq!(above(65_535, 65_536), [true; 3]);
    store.close().await;
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn no_row_stops_a_log() {
    let (store, mut sequencer, folder) = opened("sequence-rows").await;
    put(&store, 1).await;
    assert_eq!(sequencer.round(Vec::new()).await.unwrap().count, 1);
    let hands = [
        // An entry that has its place waits once more.
        "insert into log_pending (position, log_id, record_id, record, salt, entry) \
         select 900000, log_id, record_id, record, salt, entry from log_entry where idx = 0",
        // Something stands already where the next entry comes, or the one after it.
        "insert into log_entry select log_id, idx + 1, null, record, salt, entry from log_entry \
         where idx = (select max(idx) from log_entry)",
        "insert into log_entry select log_id, idx + 1, record_id, record, salt, entry \
         from log_pending cross join (select max(idx) as idx from log_entry) limit 1",
        "insert into log_opening select log_id, idx + 1, '[]' from log_entry \
         where idx = (select max(idx) from log_entry)",
        // What waits is no record, and stands behind all others.
        "insert into log_pending (position, log_id, record_id, record, salt, entry) \
         select 1000000, log_id, salt, salt, salt, salt from log_entry where idx = 0",
    ];
    for (number, sql) in (2_u8..).zip(hands) {
        put(&store, number).await;
        hand(&store, sql).await;
        assert_eq!(sequencer.round(Vec::new()).await.unwrap().count, 1, "{sql}");
        assert_eq!(sequencer.round(Vec::new()).await.unwrap().count, 0, "{sql}");
        assert_eq!(entries(&store).await, (0..u64::from(number)).collect::<Vec<_>>(), "{sql}");
    }
    store.close().await;
    std::fs::remove_dir_all(folder).unwrap();
}

/// A row of the last number, which a counter of the database would follow: it is refused, and one
/// below stops writers until the next round only, also when it is a record.
#[tokio::test]
async fn a_row_of_the_last_number_stops_no_writer() {
    let (store, mut sequencer, folder) = opened("sequence-last").await;
    put(&store, 1).await;
    let mut tx = store.write().await.unwrap();
    let last = "update log_pending set position = 9223372036854775807";
    assert!(store::execute!(&mut tx, last).is_err());
    drop(tx);
    // No sequencer would take a row of another log away.
    let mut tx = store.write().await.unwrap();
    let foreign = "update log_pending set log_id = 'x', position = 4611686018427387903";
    assert!(store::execute!(&mut tx, foreign).is_err());
    drop(tx);
    hand(&store, "update log_pending set position = 4611686018427387903").await;
    assert_eq!(sequencer.round(Vec::new()).await.unwrap().count, 1);
    put(&store, 2).await;
    assert_eq!(sequencer.round(Vec::new()).await.unwrap().count, 1);
    let mut tx = store.read().await.unwrap();
    assert_eq!(pending::next(&mut tx).await.unwrap(), 1, "no counter remembers it");
    drop(tx);
    store.close().await;
    std::fs::remove_dir_all(folder).unwrap();
}

/// While nobody takes anything out of the queue, a row of the last number leaves room behind it all
/// the same: what waits moves together, in its order, whoever writes next.
#[tokio::test]
async fn a_row_of_the_last_number_leaves_room_while_the_log_stands() {
    let (store, mut sequencer, folder) = opened("sequence-room-behind").await;
    for number in [1, 2] {
        put(&store, number).await;
    }
    let last = "update log_pending set position = 4611686018427387903 where position = 2";
    hand(&store, last).await;
    for number in [3, 4] {
        put(&store, number).await;
    }
    let mut tx = store.write().await.unwrap();
    let waiting = pending::waiting(&mut tx, "control", 0, 9).await.unwrap();
    let places = waiting.iter().map(|(place, one)| (*place, one.record_id[0])).collect::<Vec<_>>();
    assert_eq!(places, [(1, 1), (2, 2), (3, 3), (4, 4)]);
    assert_eq!(pending::next(&mut tx).await.unwrap(), 5);
    drop(tx);
    assert_eq!(sequencer.round(Vec::new()).await.unwrap().count, 4);
    store.close().await;
    std::fs::remove_dir_all(folder).unwrap();
}

/// What a round shows is below a floor that is durable already.
#[tokio::test]
async fn the_floor_is_durable_before_a_view_leaves() {
    let (store, sequencer, folder) = opened("sequence-floor").await;
    let (path, key) = (folder.join("floor"), crate::keep::mac_key(b"secret"));
    FloorFile::found(&path, &key).unwrap();
    let mut sequencer = sequencer.above(FloorFile::open(&path, &key).unwrap());
    for number in 1..=3 {
        put(&store, number).await;
        let size = sequencer.round(Vec::new()).await.unwrap().view.unwrap().size;
        let kept = FloorFile::open(&path, &key).unwrap().floor();
        assert_eq!((kept.size, size), (u64::from(number), u64::from(number)));
    }
    store.close().await;
    std::fs::remove_dir_all(folder).unwrap();
}

/// A disk that is full, or fails: one head at most is signed above the floor, however many rounds
/// come and with or without anything to do; nobody is shown it, and nothing of it may be published.
/// Once the disk takes the floor again, all goes on.
#[tokio::test]
async fn nothing_is_signed_above_a_floor_that_cannot_be_raised() {
    let (store, sequencer, folder) = opened("sequence-full").await;
    let (path, key) = (folder.join("floor"), crate::keep::mac_key(b"secret"));
    FloorFile::found(&path, &key).unwrap();
    let mut sequencer = sequencer.above(FloorFile::open(&path, &key).unwrap());
    let durable = sequencer.durable();
    let published = || durable.borrow().as_ref().map(|head| head.size);
    assert_eq!(published(), None);
    put(&store, 1).await;
    sequencer.round(Vec::new()).await.unwrap();
    assert_eq!(published(), Some(1));
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let disk = sequencer.kept.writes_to(full);
    for number in 2..=4 {
        put(&store, number).await;
        assert!(sequencer.round(Vec::new()).await.is_err(), "{number}");
        assert_eq!(entries(&store).await, [0, 1], "{number}");
    }
    hand(&store, "delete from log_pending").await;
    assert!(sequencer.round(Vec::new()).await.is_err(), "it is told while nothing waits too");
    assert!(sequencer.release().await.is_err());
    assert_eq!(published(), Some(1));
    assert_eq!(FloorFile::open(&path, &key).unwrap().floor().size, 1);
    sequencer.kept.writes_to(disk);
    put(&store, 5).await;
    assert_eq!(sequencer.round(Vec::new()).await.unwrap().view.unwrap().size, 3);
    assert_eq!(published(), Some(3));
    assert_eq!(FloorFile::open(&path, &key).unwrap().floor().size, 3);
    store.close().await;
    std::fs::remove_dir_all(folder).unwrap();
}

/// A log that stands still takes what is no brake up to a bound, each log by itself.
#[tokio::test]
async fn a_log_that_stands_still_takes_no_more() {
    let (store, _, folder) = opened("sequence-room").await;
    let has_room = async |log: &str| {
        let mut tx = store.read().await.unwrap();
        intake::has_room(&mut tx, log).await.unwrap()
    };
    const { assert!(intake::PENDING_MAX == 100_000) };
    let waiting = "insert into log_pending (log_id, record_id, record, salt, entry) \
                   with recursive n (i) as \
                   (select 1 union all select i + 1 from n where i < 99999) \
                   select 'access', cast(i as blob), x'00', x'00', x'00' from n";
    hand(&store, waiting).await;
    assert!(has_room("access").await);
    hand(
        &store,
        "insert into log_pending (log_id, record_id, record, salt, entry) \
         values ('access', x'ffff', x'00', x'00', x'00')",
    )
    .await;
    assert!(!has_room("access").await && has_room("control").await);
    drop(store);
    std::fs::remove_dir_all(folder).unwrap();
}

/// The lease is renewed when a third of it is over, and when the clock went back.
#[test]
fn a_lease_is_renewed_in_time() {
    let until = 10 * LEASE_MICROS;
    let fresh = |left: i64| is_fresh(until, until - left);
    assert!(fresh(LEASE_MICROS) && fresh(LEASE_MICROS / 3 * 2 + 1));
    assert!(!fresh(LEASE_MICROS / 3 * 2) && !fresh(0) && !fresh(-1));
    assert!(!fresh(LEASE_MICROS + 1), "the clock went back");
}

/// A lease that another has is asked for again when it is to be renewed, and not before.
#[tokio::test]
async fn a_lease_that_another_has_stops_this_holder() {
    let (store, mut sequencer, folder) = opened("sequence-lease").await;
    put(&store, 1).await;
    assert_eq!(sequencer.round(Vec::new()).await.unwrap().count, 1);
    hand(&store, "update lease set holder = 'another'").await;
    put(&store, 2).await;
    assert_eq!(sequencer.round(Vec::new()).await.unwrap().count, 1, "it holds for a moment yet");
    sequencer.leased = None;
    put(&store, 3).await;
    assert_eq!(sequencer.round(Vec::new()).await.unwrap().count, 0, "another has it");
    assert_eq!(entries(&store).await, [0, 1]);
    store.close().await;
    std::fs::remove_dir_all(folder).unwrap();
}

/// A row that a hand renews again and again, or a second host: who is kept out says so while
/// something waits and the head does not move, and follows what the other signs.
#[tokio::test]
async fn whoever_is_kept_out_of_a_lease_says_so() {
    let (store, mut sequencer, folder) = opened("sequence-kept-out").await;
    put(&store, 1).await;
    assert!(!sequencer.round(Vec::new()).await.unwrap().is_kept_out);
    sequencer.leased = None;
    hand(&store, "update lease set holder = 'x'").await;
    assert!(!sequencer.round(Vec::new()).await.unwrap().is_kept_out, "nothing waits");
    put(&store, 2).await;
    let kept_out = sequencer.round(Vec::new()).await.unwrap();
    assert!(kept_out.is_kept_out && kept_out.count == 0);
    // Another holder who goes on: what it signed is followed here.
    let signer = SoftwareSigner::generate(by_name("ed25519").unwrap()).unwrap();
    let signer = std::mem::replace(&mut sequencer.signer, signer);
    let (key, clock) = (sequencer.key.clone(), Clock::system());
    let mut other = Sequencer::new("control", store.clone(), signer, key, clock).unwrap();
    other.holder = "x".into();
    assert_eq!(other.round(Vec::new()).await.unwrap().count, 1);
    put(&store, 3).await;
    let followed = sequencer.round(Vec::new()).await.unwrap();
    assert!(!followed.is_kept_out, "the head moved");
    assert_eq!(sequencer.durable().borrow().as_ref().unwrap().size, 2);
    assert!(sequencer.round(Vec::new()).await.unwrap().is_kept_out);
    store.close().await;
    std::fs::remove_dir_all(folder).unwrap();
}
