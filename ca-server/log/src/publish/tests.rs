//! What lies below `public/log` of a log that grows by one record at a time.

use super::*;
use ca_store::intake;
use ca_store::sequence::Sequencer;
use keys::SoftwareSigner;
use pki::Signer;
use pki::algorithm::by_name;
use records::record::{Event, Record};
use service::Clock;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use store::rusqlite::ToSql;
use tempfile::TempDir;
use tlog::{Checkpoint, VerifierKey};

const LOG: &str = "control";

fn record(number: u64) -> Record {
    let (agent, epoch) = ("gate-1".to_owned(), [1; 16].into());
    let (entry, other) = ([2; 32].into(), [3; 32].into());
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.to_be_bytes());
    Record {
        v: 1,
        id: id.into(),
        log: LOG.into(),
        maker: "issuer".into(),
        time: "2026-01-01T00:00:00.000000Z".into(),
        link: None,
        event: Event::Forked { agent, epoch, aseq: number, entry, other },
    }
}

/// A log of its own, with its sequencer and its folder.
struct Growing {
    store: Store,
    sequencer: Sequencer,
    key: VerifierKey,
    folder: TempDir,
}

impl Growing {
    async fn begin() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("sqlite:{}", folder.path().join("log.db").display());
        let store = Store::open(&address).await.unwrap();
        store.migrate(ca_store::MIGRATIONS).await.unwrap();
        let signer = SoftwareSigner::generate(by_name("ed25519").unwrap()).unwrap();
        let public = signer.public_key().raw().try_into().unwrap();
        let key = VerifierKey::new("city/control", public).unwrap();
        let clock = Clock::system();
        let sequencer = Sequencer::new(LOG, store.clone(), signer, key.clone(), clock).unwrap();
        Self { store, sequencer, key, folder }
    }

    /// A sequencer as a start makes it; it has nothing to sign.
    fn started(&self) -> Sequencer {
        let signer = SoftwareSigner::generate(by_name("ed25519").unwrap()).unwrap();
        let key = self.key.clone();
        Sequencer::new(LOG, self.store.clone(), signer, key, Clock::system()).unwrap()
    }

    async fn grow(&mut self, number: u64) {
        self.grow_by(number..number + 1).await;
    }

    /// The same by many in one round.
    async fn grow_by(&mut self, numbers: std::ops::Range<u64>) {
        let count = numbers.end - numbers.start;
        let mut tx = self.store.write().await.unwrap();
        for number in numbers {
            let record = record(number);
            let bytes = record.write().unwrap();
            intake::insert(&mut tx, &record, bytes, [7; 32]).await.unwrap();
        }
        tx.commit().await.unwrap();
        assert_eq!(self.sequencer.round(Vec::new()).await.unwrap().count, count);
    }

    fn publisher(&self) -> Publisher {
        let signed = self.sequencer.durable();
        Publisher::new(self.store.clone(), LOG, self.folder.path(), signed)
    }

    /// What somebody does who holds the database.
    async fn hand(&self, sql: &str) {
        self.hand_with(sql, &[]).await;
    }

    async fn hand_with(&self, sql: &str, values: &[&dyn ToSql]) {
        let mut tx = self.store.write().await.unwrap();
        let Tx::Sqlite(inner) = &mut tx else { panic!("an embedded database") };
        inner.execute(sql, values).unwrap();
        tx.commit().await.unwrap();
    }

    /// What lies below `public/log` of the log, byte for byte.
    fn published(&self) -> BTreeMap<String, Vec<u8>> {
        let at = self.folder.path().join("log").join(LOG);
        let read = |name: String| {
            let bytes = std::fs::read(at.join(&name)).unwrap();
            (name, bytes)
        };
        self.files().into_iter().map(read).collect()
    }

    /// What is published is one log up to its checkpoint, as whoever reads it would see.
    fn holds(&self, size: u64) {
        let files = self.published();
        let note = std::str::from_utf8(&files["checkpoint"]).unwrap();
        let head = Checkpoint::open(note, &self.key, records::label::verify_ed25519).unwrap();
        let mut edge = Edge::default();
        let mut expected = BTreeMap::new();
        for index in 0..size.div_ceil(TILE_WIDTH) {
            let width = (size - index * TILE_WIDTH).min(TILE_WIDTH);
            let bundle = &files[&entries_path(index, width)];
            let leaves: Vec<Hash> = bundle.chunks(34).map(|entry| leaf_hash(&entry[2..])).collect();
            expected.insert(TileId { level: 0, index }, leaves.clone());
            for full in leaves.into_iter().flat_map(|leaf| edge.append(leaf)) {
                expected.insert(full.id, full.hashes);
            }
        }
        expected.extend(edge.partial().map(|(id, hashes)| (id, hashes.to_vec())));
        for (id, hashes) in expected {
            let path = tile_path(id, hashes.len() as u64);
            assert!(files[&path] == tile_bytes(&hashes), "{path}");
        }
        assert_eq!((head.size, head.root), (size, edge.root()));
    }

    /// Files of the log, by their addresses.
    fn files(&self) -> BTreeSet<String> {
        let at = self.folder.path().join("log").join(LOG);
        let (mut found, mut folders) = (BTreeSet::new(), vec![at.clone()]);
        while let Some(folder) = folders.pop() {
            let Ok(entries) = std::fs::read_dir(&folder) else { continue };
            for entry in entries {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(&at).unwrap();
                    found.insert(name.to_str().unwrap().to_owned());
                }
            }
        }
        found
    }
}

/// What stands for a tree of this size: its full tiles and bundles, and what a reader of any
/// checkpoint since the newest of them needs.
fn wanted(size: u64) -> BTreeSet<String> {
    let mut files = BTreeSet::from(["checkpoint".to_owned()]);
    let tile = |level, index, width| tile_path(TileId { level, index }, width);
    let (full, rest) = (size / TILE_WIDTH, size % TILE_WIDTH);
    for index in 0..full {
        files.extend([tile(0, index, TILE_WIDTH), entries_path(index, TILE_WIDTH)]);
    }
    for width in 1..=rest {
        files.extend([tile(0, full, width), entries_path(full, width)]);
    }
    files.extend((1..=full).map(|width| tile(1, 0, width)));
    files
}

#[tokio::test]
async fn partial_tiles_go_when_the_full_one_is_there() {
    let mut log = Growing::begin().await;
    let mut publisher = log.publisher();
    for number in 0..600 {
        log.grow(number).await;
        publisher.catch_up().await.unwrap();
        if [254, 255, 256, 511, 599].contains(&number) {
            assert_eq!(log.files(), wanted(number + 1), "{number}");
            log.holds(number + 1);
        }
    }
    // A crash before they went: the next start takes them away.
    let at = log.folder.path().join("log").join(LOG);
    for left in [tile_path(TileId { level: 0, index: 1 }, 9), entries_path(0, 255)] {
        write_again(&at.join(left), b"left").unwrap();
    }
    log.publisher().catch_up().await.unwrap();
    assert_eq!(log.files(), wanted(600));
    // What the disk lost is written again, and nothing beside it.
    std::fs::write(at.join(tile_path(TileId { level: 0, index: 1 }, TILE_WIDTH)), b"").unwrap();
    write_again(&at.join(tile_path(TileId { level: 0, index: 1 }, 9)), b"left").unwrap();
    log.publisher().catch_up().await.unwrap();
    assert_eq!(log.files(), wanted(600));
    log.holds(600);
    // A tile that stays the same is not written again.
    let above = at.join(tile_path(TileId { level: 1, index: 0 }, 2));
    let inode = || std::fs::metadata(&above).unwrap().ino();
    let before = inode();
    log.grow(600).await;
    publisher.catch_up().await.unwrap();
    assert_eq!((inode(), log.files()), (before, wanted(601)));
    log.holds(601);
}

/// A hand that changes each entry as it is written, or one of them later: nothing of it is
/// published, neither by whoever runs nor after a start, and what was published stays as it was.
#[tokio::test]
async fn what_the_log_did_not_sign_is_not_published() {
    let mut log = Growing::begin().await;
    let mut publisher = log.publisher();
    log.grow_by(0..258).await;
    publisher.catch_up().await.unwrap();
    log.holds(258);
    let before = log.published();
    let changes = "create trigger hand after insert on log_entry begin \
                   update log_entry set entry = new.salt where idx = new.idx; end";
    log.hand(changes).await;
    log.grow(258).await;
    assert!(publisher.catch_up().await.is_err());
    assert!(log.publisher().catch_up().await.is_err());
    assert!(log.published() == before);
    log.hand("drop trigger hand").await;
    // The nearest thing that a hand can do: it puts right what it did.
    let mut tx = log.store.read().await.unwrap();
    let entries = sequenced::entries(&mut tx, LOG, 258, 1).await.unwrap();
    drop(tx);
    let entry = records::record::entry(&[7; 32], &entries[0].1).to_vec();
    log.hand_with("update log_entry set entry = $1 where idx = 258", &[&entry]).await;
    publisher.catch_up().await.unwrap();
    log.holds(259);
    let before = log.published();
    log.hand("create table kept as select idx, entry from log_entry").await;
    // One that stands in a bundle that is not full, which a start writes anew, and so does whoever
    // runs once it grew.
    log.hand("update log_entry set entry = salt where idx = 257").await;
    assert!(log.publisher().catch_up().await.is_err());
    log.grow(259).await;
    assert!(publisher.catch_up().await.is_err());
    assert!(log.published() == before);
    let back = "update log_entry set entry = (select entry from kept where idx = 257) \
                where idx = 257";
    log.hand(back).await;
    log.publisher().catch_up().await.unwrap();
    // Tiles in rows are no more than where a start begins.
    log.hand("update log_tile set hashes = zeroblob(length(hashes))").await;
    log.grow(260).await;
    publisher.catch_up().await.unwrap();
    log.holds(261);
    let before = log.published();
    log.hand("update log_tile set hashes = zeroblob(length(hashes))").await;
    assert!(log.publisher().catch_up().await.is_err());
    assert!(log.published() == before);
}

/// The checkpoint comes from the sequencer's hand: not before its floor is durable, and from no
/// row. An older one that a hand puts there, or garbage, lowers nothing.
#[tokio::test]
async fn only_a_head_whose_floor_is_durable_is_published() {
    let mut log = Growing::begin().await;
    let unsigned = watch::Sender::new(None);
    let public = log.folder.path().to_owned();
    let mut early = Publisher::new(log.store.clone(), LOG, &public, unsigned.subscribe());
    log.grow(0).await;
    log.grow(1).await;
    let first = log.sequencer.durable().borrow().clone().unwrap();
    log.grow(2).await;
    early.catch_up().await.unwrap();
    assert!(log.files().is_empty(), "no floor of it is durable");
    unsigned.send_replace(Some(first.clone()));
    early.catch_up().await.unwrap();
    log.holds(2);
    log.publisher().catch_up().await.unwrap();
    log.holds(3);
    let before = log.published();
    let older = first.note.to_string();
    log.hand_with("update log_head set checkpoint = $1", &[&older]).await;
    for hand in ["update log_head set size = size", "update log_head set checkpoint = 'x'"] {
        log.hand(hand).await;
        let mut started = log.started();
        let mut publisher = Publisher::new(log.store.clone(), LOG, &public, started.durable());
        assert!(started.round(Vec::new()).await.is_err(), "{hand}");
        publisher.catch_up().await.unwrap();
        assert!(log.published() == before, "{hand}");
    }
    assert!(early.catch_up().await.is_err(), "more is published than it knows of");
}

/// A log of nothing has a checkpoint too, which a start publishes as well.
#[tokio::test]
async fn a_start_publishes_a_log_of_nothing() {
    let mut log = Growing::begin().await;
    assert_eq!(log.sequencer.round(Vec::new()).await.unwrap().count, 0);
    log.sequencer.release().await.unwrap();
    let mut started = log.started();
    let public = log.folder.path().to_owned();
    let mut publisher = Publisher::new(log.store.clone(), LOG, &public, started.durable());
    publisher.catch_up().await.unwrap();
    assert!(log.files().is_empty(), "nothing is known yet");
    started.round(Vec::new()).await.unwrap();
    publisher.catch_up().await.unwrap();
    assert_eq!(log.files(), BTreeSet::from(["checkpoint".to_owned()]));
    log.holds(0);
}

/// What a city does by hand is published at once; behind many records of gates the next checkpoint
/// waits a little longer.
#[test]
fn a_busy_log_is_published_less_often() {
    assert_eq!([0, 1, MANY - 1].map(pause_behind), [PAUSE; 3]);
    assert_eq!([MANY, 1_000_000].map(pause_behind), [BUSY_PAUSE; 2]);
}
