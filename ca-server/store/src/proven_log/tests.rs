//! A log of a sample city that hands write to.

use super::*;
use crate::index::{Piece, add, forget};
use crate::known::KnownRecords;
use crate::record::{NewRecord, append_many};
use crate::sequence::Sequencer;
use ca_host::CaConfig;
use keys::SoftwareSigner;
use pki::Signer;
use pki::algorithm::by_name;
use records::record::Event;
use sample_city::SampleCity;
use service::Clock;
use store::Store;
use tlog::VerifierKey;

const LOG: &str = "control";
const WANTED: &str = "crl:issuing-1/7";

fn verifier_key(signer: &SoftwareSigner) -> VerifierKey {
    VerifierKey::new("city/control", signer.public_key().raw().try_into().unwrap()).unwrap()
}

fn list(city: &mut SampleCity, entries: u64) -> Record {
    city.record(Event::Crl {
        issuer: "issuing-1".into(),
        number: 7,
        sha256: [1; 32].into(),
        this_update: "2026-12-01T00:00:00Z".into(),
        next_update: "2026-12-02T00:00:00Z".into(),
        entries,
    })
}

/// A log with its index: what of it the tree holds.
struct Place {
    _folder: tempfile::TempDir,
    store: Store,
    trust: Trust,
    other: Trust,
    records: Vec<Record>,
}

impl Place {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = CaConfig::nowhere().in_folder(folder.path());
        let store = crate::open(&config).await.unwrap();
        let mut city = SampleCity::found();
        let generate = || SoftwareSigner::generate(by_name("ed25519").unwrap()).unwrap();
        let (signer, other) = (generate(), generate());
        let key = verifier_key(&signer);
        let trust = city.trust(LOG, &key.to_string());
        let other = city.trust(LOG, &verifier_key(&other).to_string());
        let mut records = city.log.clone();
        records.extend([list(&mut city, 1), list(&mut city, 2)]);
        let new = records.iter().map(|record| NewRecord {
            record: record.clone(),
            bytes: record.write().unwrap(),
            salt: [1; 32],
            disclosures: Vec::new(),
        });
        let mut tx = store.write().await.unwrap();
        append_many(&mut tx, new.collect(), &KnownRecords::default()).await.unwrap();
        let keys = records.iter().map(term::keys).collect();
        assert!(add(&mut tx, LOG, Piece::new(0, keys)).await.unwrap());
        tx.commit().await.unwrap();
        let clock = Clock::system();
        let mut sequencer = Sequencer::new(LOG, store.clone(), signer, key, clock).unwrap();
        while sequencer.round(Vec::new()).await.unwrap().count > 0 {}
        Self { _folder: folder, store, trust, other, records }
    }

    /// How many entries the newest list has that is told of.
    async fn told(&self, trust: &Trust) -> Option<u64> {
        let mut tx = self.store.read().await.unwrap();
        let mut log = ProvenLog::open(&mut tx, trust, LOG).await.unwrap();
        let entries = |record: &Record| match &record.event {
            Event::Crl { entries, .. } => Some(*entries),
            _ => None,
        };
        log.newest(&mut tx, (WANTED, 8), entries).await.unwrap()
    }

    async fn hand(&self, sql: &'static str) {
        let mut tx = self.store.write().await.unwrap();
        assert!(store::execute!(&mut tx, sql).unwrap() > 0, "{sql}");
        tx.commit().await.unwrap();
    }
}

/// What the tree holds is told. What a hand wrote in its place, what the index names under another
/// term, and all of a head that the log's key did not sign are not.
#[tokio::test]
async fn what_the_tree_does_not_hold_is_not_told() {
    let place = Place::open().await;
    assert_eq!(place.told(&place.trust).await, Some(2));
    assert_eq!(place.told(&place.other).await, None, "another key's head");

    place
        .hand(
            "update log_entry set record = cast(replace(cast(record as text), '\"entries\":2', \
             '\"entries\":9') as blob) where log_id = 'control' \
             and idx = (select size - 1 from log_head where log_id = 'control')",
        )
        .await;
    assert_eq!(place.told(&place.trust).await, Some(1), "the one before it, which stands");
    place.hand("update log_tile set hashes = substr(hashes, 33) where log_id = 'control'").await;
    assert_eq!(place.told(&place.trust).await, None, "nothing can be proven");
}

/// The index names another record under the term that is asked: nothing is told of it.
#[tokio::test]
async fn what_the_index_finds_is_what_was_asked() {
    let place = Place::open().await;
    let mut keys: Vec<_> = place.records.iter().map(term::keys).collect();
    keys.truncate(keys.len() - 2);
    let wrong = keys.last_mut().unwrap();
    wrong.push(term::key(WANTED));
    keys.extend([Vec::new(), Vec::new()]);
    let mut tx = place.store.write().await.unwrap();
    forget(&mut tx, LOG).await.unwrap();
    assert!(add(&mut tx, LOG, Piece::new(0, keys)).await.unwrap());
    tx.commit().await.unwrap();
    let mut tx = place.store.read().await.unwrap();
    let mut log = ProvenLog::open(&mut tx, &place.trust, LOG).await.unwrap();
    let places = log.places(&mut tx, WANTED, 8).await.unwrap();
    assert_eq!(places, [place.records.len() as u64 - 3], "the index names it");
    let anything = log.newest(&mut tx, (WANTED, 8), |record| Some(record.id.clone()));
    assert_eq!(anything.await.unwrap(), None);
}
