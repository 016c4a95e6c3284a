//! What waits for the tree is noticed to its end.

use super::*;
use crate::adopt::{adopt, adopted};
use crate::answered_brakes::AnswerJournal;
use ca_host::CaConfig;
use ca_store::keep::{Journal, mac_key};
use ca_store::record::{NewRecord, append_many};
use ca_store::replay::LOG;
use ca_store::sequence::Sequencer;
use keys::SoftwareSigner;
use pki::Signer;
use pki::algorithm::by_name;
use records::decline::Outcome;
use records::trust::Trust;
use sample_city::SampleCity;
use service::{Clock, Metrics};
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use store::Store;

/// What trusts a log of this key, by its C2SP verifier key.
fn trust(city: &SampleCity, signer: &SoftwareSigner) -> Trust {
    let (name, key) = ("city/control", [&[1_u8][..], signer.public_key().raw()].concat());
    let id = Sha256::digest([name.as_bytes(), b"\n", &key].concat());
    let id: String = id.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let pem = pki::certificate::pem("KEY", &key);
    let text: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    city.trust(LOG, &format!("{name}+{id}+{text}"))
}

async fn put(store: &Store, replay: &Replay, records: Vec<Record>) {
    let new = records.into_iter().map(|record| {
        let bytes = record.write().unwrap();
        NewRecord { record, bytes, salt: [1; 32], disclosures: Vec::new() }
    });
    let mut tx = store.write().await.unwrap();
    append_many(&mut tx, new.collect(), replay.known()).await.unwrap();
    tx.commit().await.unwrap();
}

/// A log that holds what a city recorded, and who follows it.
async fn opened(name: &str, city: &SampleCity) -> (Store, Replay, Sequencer, PathBuf) {
    let folder = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let config = CaConfig::nowhere().in_folder(&folder);
    let store = ca_store::open(&config).await.unwrap();
    let signer = SoftwareSigner::generate(by_name("ed25519").unwrap()).unwrap();
    let trust = trust(city, &signer);
    let (replay, key) = (Replay::new(&trust).unwrap(), trust.log_key(LOG).unwrap());
    let clock = Clock::system();
    let mut sequencer = Sequencer::new(LOG, store.clone(), signer, key, clock).unwrap();
    put(&store, &replay, city.log.clone()).await;
    while sequencer.round(Vec::new()).await.unwrap().count > 0 {}
    (store, replay, sequencer, folder)
}

/// Rows of orders only bring what is copied: where their table is gone the log is followed without,
/// and it is known that nothing was copied.
#[tokio::test]
async fn a_table_that_is_gone_keeps_nobody_from_following() {
    let mut city = SampleCity::found();
    let (_, serial) = city.official("one");
    let (store, replay, _, folder) = opened("catch-up-without", &city).await;
    let mut tx = store.write().await.unwrap();
    store::execute!(&mut tx, "drop table ordered").unwrap();
    tx.commit().await.unwrap();
    let follow = async |reads| {
        let mut tx = store.read().await.unwrap();
        catch_up(&mut tx, (&replay, &Floor::default()), (None, reads)).await
    };
    assert!(follow(true).await.err().unwrap().is_about_rows());
    let caught = follow(false).await.unwrap();
    assert!(caught.is_uncopied);
    assert!(caught.state.authority().held(&serial.to_string()).is_some());
    store.close().await;
    std::fs::remove_dir_all(folder).unwrap();
}

/// A brake that an earlier round committed and did not come to keep is told from now on, once, and
/// kept in the journal.
#[tokio::test]
async fn what_was_committed_and_not_told_is_taken_up() {
    let mut city = SampleCity::found();
    let person = city.officer("officer-1").person.clone();
    let reference = city.letter(&person, "official");
    let (store, replay, _, folder) = opened("catch-up-adopts", &city).await;
    let voided = city.void_event(&reference);
    let voided = city.record(voided);
    // A hand copies it under another id: it is told once.
    let mut copy = voided.clone();
    copy.id = [9; 16].into();
    put(&store, &replay, vec![voided.clone(), copy]).await;
    let (path, secret, metrics) = (folder.join("told"), [7; 32], Metrics::default());
    Journal::found(&path, &mac_key(&secret)).unwrap();
    let (mut journal, _) = AnswerJournal::open(&path, &secret).unwrap();
    let mut tx = store.read().await.unwrap();
    let floor = Floor::default();
    let caught = catch_up(&mut tx, (&replay, &floor), (None, true)).await.unwrap();
    let mut state = caught.state;
    assert!(state.is_unadopted && state.told.is_empty());
    let kept = std::fs::read(path.with_extension("floor")).unwrap();
    adopt(&mut tx, (&replay, &mut journal), &mut state, &metrics).await.unwrap();
    assert!(!state.is_unadopted && state.told.has(&voided.id));
    assert_ne!(std::fs::read(path.with_extension("floor")).unwrap(), kept, "it is durable");
    let again = catch_up(&mut tx, (&replay, &floor), (Some(state), true)).await.unwrap();
    assert!(!again.state.is_unadopted, "it is told");
    drop(tx);
    // Whoever takes it away takes nothing back, now as after a start.
    let (_, told) = AnswerJournal::open(&path, &secret).unwrap();
    assert_eq!(told.all().map(|one| one.record.clone()).collect::<Vec<_>>(), [voided]);
    store.close().await;
    std::fs::remove_dir_all(folder).unwrap();
}

/// What a hand lays there in the issuer's name, and no key signed, is told by nobody: it comes into
/// the tree without effect, keeps no order from being carried out, and suspends nobody's
/// certificate.
#[tokio::test]
async fn what_nobody_signed_is_taken_up_by_nobody() {
    let mut city = SampleCity::found();
    let (_, serial) = city.official("one");
    let (person, officer) =
        (city.officer("one").person.clone(), city.officer("officer-1").person.clone());
    let brake = city.order(&city.revoke_body(&person, &[serial]));
    let (store, replay, mut sequencer, folder) = opened("catch-up-forged", &city).await;
    let mut decline = city.decline(brake, "officer-1", Outcome::Rejected);
    decline.signature.0.reverse();
    let cause = Cause::Order { order: brake.into() };
    let mut revoked = city.revoked_event(cause, Vec::new());
    if let Event::Revoked { certificates, signature, .. } = &mut revoked {
        let not_after = "2027-01-01T00:00:00Z".to_owned();
        certificates.push(RevokedSerial { serial: serial.to_string(), not_after });
        signature.0.reverse();
    }
    let declined = Event::Declined { decline, person: officer };
    let forged = [declined, revoked].map(|event| city.record(event));
    put(&store, &replay, forged.to_vec()).await;
    let mut state = None;
    for _ in 0..2 {
        let mut tx = store.read().await.unwrap();
        let caught = catch_up(&mut tx, (&replay, &Floor::default()), (state, true)).await;
        let mut caught = caught.unwrap();
        assert!(!caught.state.is_unadopted, "it was done by nobody");
        assert!(adopted(&mut tx, &replay, &mut caught.state).await.unwrap().is_empty());
        assert!(caught.state.undone.is_empty() && caught.state.over.is_empty());
        assert!(caught.state.authority().open(brake, city.now).is_ok());
        assert!(!caught.state.authority().is_revoked(&serial.to_string()));
        drop(tx);
        state = Some(caught.state);
        while sequencer.round(Vec::new()).await.unwrap().count > 0 {}
    }
    store.close().await;
    std::fs::remove_dir_all(folder).unwrap();
}

/// A loss behind 12,000 other records counts in each round, also right after the head moved.
#[tokio::test]
async fn no_round_decides_without_what_waits_far_behind() {
    let mut city = SampleCity::found();
    let (reference, serial) = city.official("one");
    let (store, replay, mut sequencer, folder) = opened("catch-up", &city).await;
    let mut waiting = Vec::new();
    for _ in 0..16_400 {
        let (agent, epoch) = ("gate-1".to_owned(), [1; 16].into());
        let (entry, other) = ([2; 32].into(), [3; 32].into());
        waiting.push(city.record(Event::Forked { agent, epoch, aseq: 1, entry, other }));
    }
    let value = SampleCity::loss_value(&reference);
    let event = city.revoked_event(Cause::Loss { reference, value }, Vec::new());
    waiting.push(city.record(event));
    put(&store, &replay, waiting).await;
    let mut state = None;
    for _ in 0..2 {
        let mut tx = store.read().await.unwrap();
        let caught = catch_up(&mut tx, (&replay, &Floor::default()), (state, true)).await;
        let caught = caught.unwrap();
        assert!(caught.state.authority().is_revoked(&serial.to_string()));
        assert!(caught.state.holds_all(&mut tx).await.unwrap());
        drop(tx);
        state = Some(caught.state);
        assert_eq!(sequencer.round(Vec::new()).await.unwrap().count, 8_192);
    }
    store.close().await;
    std::fs::remove_dir_all(folder).unwrap();
}
