//! Hands in the rows of a log: one row neither stops it nor gives an entry two places.

use super::*;
use pki::algorithm::by_name;
use records::record::{Event, Record};
use std::path::PathBuf;

async fn opened(name: &str) -> (Store, Sequencer, PathBuf) {
    let folder = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let address = format!("sqlite:{}", folder.join("log.db").display());
    let store = Store::open(&address).await.unwrap();
    store.migrate(crate::MIGRATIONS).await.unwrap();
    let signer = SoftwareSigner::generate(by_name("ed25519").unwrap()).unwrap();
    let public = signer.public_key().raw().try_into().unwrap();
    let key = VerifierKey::new("city/control", public).unwrap();
    let sequencer = Sequencer::new("control", store.clone(), signer, key, Clock::system());
    (store, sequencer.unwrap(), folder)
}

/// Puts a record on its way; gives what waits.
async fn put(store: &Store, number: u8) {
    let (agent, epoch) = ("gate-1".to_owned(), [1; 16].into());
    let (entry, other) = ([2; 32].into(), [3; 32].into());
    let record = Record {
        v: 1,
        id: [number; 16].into(),
        log: "control".into(),
        maker: "issuer".into(),
        time: "2026-01-01T00:00:00.000000Z".into(),
        link: None,
        event: Event::Forked { agent, epoch, aseq: 1, entry, other },
    };
    let mut tx = store.write().await.unwrap();
    let bytes = record.write().unwrap();
    ledger::insert(&mut tx, &record, bytes, [number; 32]).await.unwrap();
    tx.commit().await.unwrap();
}

async fn hand(store: &Store, sql: &'static str) {
    let mut tx = store.write().await.unwrap();
    assert!(store::execute!(&mut tx, sql).unwrap() > 0, "{sql}");
    tx.commit().await.unwrap();
}

async fn entries(store: &Store) -> Vec<u64> {
    let mut tx = store.read().await.unwrap();
    let entries = ledger::entries(&mut tx, "control", 0, 100).await.unwrap();
    entries.into_iter().map(|(index, ..)| index).collect()
}

#[tokio::test]
async fn no_row_stops_a_log() {
    let (store, mut sequencer, folder) = opened("sequence-rows").await;
    put(&store, 1).await;
    assert_eq!(sequencer.round(Vec::new()).await.unwrap().count, 1);
    let hands = [
        // An entry that has its place waits once more.
        "insert into log_pending (log_id, record_id, record, salt, entry) \
         select log_id, record_id, record, salt, entry from log_entry where idx = 0",
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
