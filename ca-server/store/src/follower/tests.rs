//! What waits for the tree is noticed to its end, however much it is and wherever it stands.

use super::{Follower, place};
use crate::record::{NewRecord, append_many};
use crate::replay::{Floor, ReplayError};
use crate::sequence::Sequencer;
use ca_host::CaConfig;
use keys::SoftwareSigner;
use pki::Signer;
use pki::algorithm::by_name;
use records::record::{Cause, Event, Record};
use sample_city::SampleCity;
use service::{Clock, Metrics};
use std::time::Duration;
use store::{CommitNews, Store};
use tlog::VerifierKey;

struct Place {
    folder: tempfile::TempDir,
    city: SampleCity,
    store: Store,
    sequencer: Sequencer,
    follower: Follower,
    state: super::State,
}

impl Place {
    /// A city whose log stands in the tree.
    async fn open(city: SampleCity) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = CaConfig::nowhere().in_folder(folder.path());
        let store = crate::open(&config).await.unwrap();
        let signer = SoftwareSigner::generate(by_name("ed25519").unwrap()).unwrap();
        let public = signer.public_key().raw().try_into().unwrap();
        let key = VerifierKey::new("city/control", public).unwrap();
        let trust = city.trust("control", &key.to_string());
        let clock = Clock::system();
        let sequencer = Sequencer::new("control", store.clone(), signer, key, clock).unwrap();
        place::found(&config.path("status"), &[]).unwrap();
        let bell =
            crate::doorbell(&store, &config, ("status", CommitNews::CONTROL_GREW)).await.unwrap();
        let told = (&trust, Metrics::default());
        let follower = Follower::open(&config, "status", store.clone(), told, bell, None).unwrap();
        let state = follower.0.state.lock().unwrap().take().unwrap();
        let records = city.log.clone();
        let mut own = Self { folder, city, store, sequencer, follower, state };
        own.put(&records).await;
        while own.sequencer.round(Vec::new()).await.unwrap().count > 0 {}
        own
    }

    async fn put(&mut self, records: &[Record]) {
        let new = records.iter().map(|record| NewRecord {
            record: record.clone(),
            bytes: record.write().unwrap(),
            salt: [1; 32],
            disclosures: Vec::new(),
        });
        let mut tx = self.store.write().await.unwrap();
        append_many(&mut tx, new.collect(), self.follower.known()).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn hand(&self, sql: &'static str) {
        let mut tx = self.store.write().await.unwrap();
        store::execute!(&mut tx, sql).unwrap();
        tx.commit().await.unwrap();
    }

    /// Whether a round shows a letter as lost.
    async fn shows_lost(&mut self, reference: &str) -> bool {
        self.follower.0.round(&mut self.state).await;
        let view = self.follower.0.view.load();
        assert!(!view.problem);
        view.authority.as_ref().unwrap().is_revoked(reference)
    }

    /// What a question is answered while nobody follows; nothing where it waits for a round.
    async fn answers(&self, reference: &str) -> Option<bool> {
        let asked = self.follower.ask(|authority| authority.is_revoked(reference));
        tokio::time::timeout(Duration::from_millis(300), asked).await.ok()?.ok()
    }

    fn loss(&mut self, reference: &str) -> Record {
        let value = SampleCity::loss_value(reference);
        let cause = Cause::Loss { reference: reference.to_owned(), value };
        let event = self.city.revoked_event(cause, Vec::new());
        self.city.record(event)
    }
}

/// A revocation that waits is taken away, with its order and its approvals: whoever saw it tells of
/// it on, also behind a head that moved, until the tree has it.
#[tokio::test]
async fn what_was_seen_to_wait_is_felt_whoever_takes_it_away() {
    let mut city = SampleCity::found();
    let (_, serial) = city.official("one");
    let person = city.officer("one").person.clone();
    let mut place = Place::open(city).await;
    let text = serial.to_string();
    assert!(!place.shows_lost(&text).await);
    let before = place.city.log.len();
    place.city.revoke(&person, &[serial]);
    let revoking = place.city.log[before..].to_vec();
    place.put(&revoking).await;
    assert!(place.shows_lost(&text).await);
    place.hand("delete from log_pending").await;
    assert!(place.shows_lost(&text).await, "its rows are gone");
    let more = noise(&mut place.city);
    place.put(std::slice::from_ref(&more)).await;
    place.sequencer.round(Vec::new()).await.unwrap();
    assert!(place.shows_lost(&text).await, "the head moved");
    place.put(&revoking).await;
    place.sequencer.round(Vec::new()).await.unwrap();
    assert!(place.shows_lost(&text).await && place.state.felt.is_empty(), "the tree has it");
}

/// A role that was away while the log grew, on a database of before, with a floor of before: by
/// the checkpoint that is published it sees that the log went back, and answers nothing from it.
#[tokio::test]
async fn nobody_follows_a_log_below_what_is_published() {
    let mut place = Place::open(SampleCity::found()).await;
    place.hand("create table before as select * from log_head").await;
    let more = noise(&mut place.city);
    place.put(std::slice::from_ref(&more)).await;
    place.sequencer.round(Vec::new()).await.unwrap();
    let mut tx = place.store.read().await.unwrap();
    let (_, _, newest) = crate::sequenced::head(&mut tx, "control").await.unwrap().unwrap();
    drop(tx);
    place.hand("delete from log_head").await;
    place.hand("insert into log_head select * from before").await;
    place.follower.0.round(&mut place.state).await;
    assert!(!place.follower.0.view.load().problem, "it has nothing that is newer");
    let published = place.folder.path().join("public/log/control");
    std::fs::create_dir_all(&published).unwrap();
    std::fs::write(published.join("checkpoint"), newest).unwrap();
    place.hand("drop table before").await;
    assert_eq!(place.answers("one").await, None, "no question is answered from it either");
    place.follower.0.round(&mut place.state).await;
    assert!(place.follower.0.view.load().problem);
}

/// What was committed elsewhere is no reason to follow: the question that finds it answers itself.
/// What waits for the tree and another head, whoever signed it, are left to a round.
#[tokio::test]
async fn a_question_follows_only_what_moved() {
    let mut city = SampleCity::found();
    let (reference, serial) = city.official("one");
    let mut place = Place::open(city).await;
    let text = serial.to_string();
    assert_eq!(place.answers(&text).await, None, "nothing was followed yet");
    assert!(!place.shows_lost(&text).await);
    for elsewhere in ["create table other (it integer)", "insert into other (it) values (1)"] {
        place.hand(elsewhere).await;
        assert_eq!(place.answers(&text).await, Some(false), "nobody follows meanwhile");
    }
    let loss = place.loss(&reference);
    place.put(std::slice::from_ref(&loss)).await;
    assert_eq!(place.answers(&text).await, None, "a withdrawal waits");
    assert!(place.shows_lost(&text).await);
    place.hand("insert into other (it) values (2)").await;
    assert_eq!(place.answers(&text).await, Some(true));
    place.hand("create table before as select * from log_head").await;
    place.hand("update log_head set checkpoint = 'nobody signed it'").await;
    assert_eq!(place.answers(&text).await, None, "another head");
    place.hand("delete from log_head").await;
    place.hand("insert into log_head select * from before").await;
    assert!(place.shows_lost(&text).await);
    place.sequencer.round(Vec::new()).await.unwrap();
    assert_eq!(place.answers(&text).await, None, "the tree grew");
}

fn noise(city: &mut SampleCity) -> Record {
    let (agent, epoch) = ("gate-1".to_owned(), [1; 16].into());
    let (entry, other) = ([2; 32].into(), [3; 32].into());
    city.record(Event::Forked { agent, epoch, aseq: 1, entry, other })
}

/// What is taken away behind 12,000 other records is taken away in every view, also right after the
/// head moved.
#[tokio::test]
async fn what_waits_far_behind_is_forgotten_by_no_round() {
    let mut city = SampleCity::found();
    let (reference, serial) = city.official("one");
    let mut place = Place::open(city).await;
    let mut waiting: Vec<Record> = (0..9_000).map(|_| noise(&mut place.city)).collect();
    assert!(!place.shows_lost(&serial.to_string()).await);
    waiting.push(place.loss(&reference));
    place.put(&waiting).await;
    assert!(place.shows_lost(&serial.to_string()).await);
    assert_eq!(place.sequencer.round(Vec::new()).await.unwrap().count, 8_192);
    assert!(place.shows_lost(&serial.to_string()).await, "the head moved");
}

/// A row of a high number hides nothing that comes behind it, while it is there and afterwards.
#[tokio::test]
async fn what_waits_below_a_row_of_a_hand_is_noticed() {
    let mut city = SampleCity::found();
    let (reference, serial) = city.official("one");
    let mut place = Place::open(city).await;
    let first = noise(&mut place.city);
    place.put(std::slice::from_ref(&first)).await;
    let moved = "update log_pending set position = 4611686018427387902";
    let mut tx = place.store.write().await.unwrap();
    store::execute!(&mut tx, moved).unwrap();
    tx.commit().await.unwrap();
    assert!(!place.shows_lost(&serial.to_string()).await);
    // Below it, as where a database draws the positions.
    let loss = place.loss(&reference);
    place.put(std::slice::from_ref(&loss)).await;
    let mut tx = place.store.write().await.unwrap();
    let below = "update log_pending set position = 7 where position = 4611686018427387903";
    store::execute!(&mut tx, below).unwrap();
    tx.commit().await.unwrap();
    assert!(place.shows_lost(&serial.to_string()).await);
}

/// Whoever looks at the whole log follows none that went back behind a floor, or aside of it.
#[tokio::test]
async fn a_whole_replay_follows_nothing_below_its_floor() {
    let city = Place::open(SampleCity::found()).await;
    let mut tx = city.store.read().await.unwrap();
    let replay = &city.follower.0.replay;
    let own = replay.whole(&mut tx, Floor::default(), |_, _| {}).await.unwrap().floor();
    assert_eq!(replay.whole(&mut tx, own, |_, _| {}).await.unwrap().floor(), own);
    let (ahead, aside) = (Floor { size: own.size + 1, ..own }, Floor { root: [9; 32], ..own });
    for floor in [ahead, aside, Floor { size: 1, root: [9; 32] }] {
        let followed = replay.whole(&mut tx, floor, |_, _| {}).await;
        let went_back = (own.size, floor.size);
        let is_below = matches!(
            followed,
            Err(ReplayError::WentBack { size, floor }) if (size, floor) == went_back
        );
        let is_aside = matches!(followed, Err(ReplayError::Unsigned(_)));
        assert!(if floor.size < own.size { is_aside } else { is_below }, "{floor:?}");
    }
}
