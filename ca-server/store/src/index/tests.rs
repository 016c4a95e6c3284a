//! The index on a database of its own, as it grows and is merged.

use super::*;
use ca_host::CaConfig;
use store::Store;

async fn empty(name: &str) -> (Store, std::path::PathBuf) {
    let folder = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let config = CaConfig::nowhere().in_folder(&folder);
    let store = crate::open(&config).await.unwrap();
    (store, folder)
}

/// Every record is of kind `a`, each seventh is about `seven`, and each has a name of its own.
fn keys(index: u64) -> Vec<Key> {
    let mut keys = vec![term::key("kind:a"), term::key(&format!("name:{index}"))];
    if index.is_multiple_of(7) {
        keys.push(term::key("about:seven"));
    }
    keys
}

async fn grow(store: &Store, from: u64, to: u64, step: u64) {
    let mut first = from;
    while first < to {
        let piece = Piece::new(first, (first..first + step).map(keys).collect());
        let mut tx = store.write().await.unwrap();
        assert!(add(&mut tx, "access", piece).await.unwrap());
        tx.commit().await.unwrap();
        while merge(store, "access").await.unwrap() {}
        first += step;
    }
}

#[tokio::test]
async fn records_are_found_whatever_was_merged() {
    let (store, folder) = empty("index-found").await;
    grow(&store, 0, 500, 5).await;
    grow(&store, 500, 5_000, 300).await;
    let mut tx = store.read().await.unwrap();
    assert_eq!(projected(&mut tx, "access").await.unwrap(), 5_000);
    assert!(segments(&mut tx, "access").await.unwrap().len() < 30);
    let all = with_term(&mut tx, "access", "kind:a").await.unwrap();
    assert_eq!(all, (0..5_000).collect::<Vec<_>>());
    let sevens = with_term(&mut tx, "access", "about:seven").await.unwrap();
    assert_eq!(sevens, (0..5_000).step_by(7).collect::<Vec<_>>());
    for index in [0, 4, 499, 500, 2_718, 4_999] {
        let found = with_term(&mut tx, "access", &format!("name:{index}")).await.unwrap();
        assert_eq!(found, [index]);
    }
    assert!(with_term(&mut tx, "access", "name:5000").await.unwrap().is_empty());
    assert!(with_term(&mut tx, "control", "kind:a").await.unwrap().is_empty());
    let page = newest(&mut tx, "access", "about:seven", (700, 3)).await.unwrap();
    assert_eq!(page, [693, 686, 679]);
    let page = newest(&mut tx, "access", "kind:a", (u64::MAX, 2)).await.unwrap();
    assert_eq!(page, [4_999, 4_998]);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn an_index_that_was_thrown_away_is_made_again_and_what_a_crash_left_is_swept() {
    let (store, folder) = empty("index-again").await;
    grow(&store, 0, 100, 10).await;
    let mut tx = store.write().await.unwrap();
    // A merge that was killed left blocks of a number that no segment has.
    write_blocks(&mut tx, "access", 900, vec![(vec![1], vec![2])]).await.unwrap();
    tx.commit().await.unwrap();
    sweep(&store, "access").await.unwrap();
    let mut tx = store.write().await.unwrap();
    let (left,) = row!(&mut tx, (i64,), "select count(*) from log_posting where segment = 900")
        .unwrap()
        .unwrap();
    assert_eq!(left, 0);
    assert_eq!(with_term(&mut tx, "access", "name:42").await.unwrap(), [42]);
    forget(&mut tx, "access").await.unwrap();
    assert_eq!(projected(&mut tx, "access").await.unwrap(), 0);
    assert!(with_term(&mut tx, "access", "name:42").await.unwrap().is_empty());
    // A piece that is not the next one is left alone.
    assert!(!add(&mut tx, "access", Piece::new(5, vec![keys(5)])).await.unwrap());
    tx.commit().await.unwrap();
    grow(&store, 0, 100, 10).await;
    std::fs::remove_dir_all(&folder).unwrap();
}
