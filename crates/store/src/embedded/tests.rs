//! A database file, its connections and the turn.

use super::*;
use crate::Store;
use crate::value::Value;

#[tokio::test]
async fn a_place_with_a_number_takes_its_own_value() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(folder.path().join("a.db").to_str().unwrap()).unwrap();
    let mut tx = database.write().await.unwrap();
    tx.execute("create table pair (one integer, two text)", &[]).unwrap();
    tx.execute("insert into pair (two, one) values ($2, $1)", &[&7_i64, &"seven"]).unwrap();
    let found = tx.rows::<(i64, String)>("select one, two from pair", &[]).unwrap();
    assert_eq!(found, [(7, "seven".to_owned())]);
    let missing = tx.execute("insert into pair (two, one) values ($2, $1)", &[&7_i64]);
    assert!(missing.is_err(), "a place without a value is no null");
}

#[tokio::test]
async fn what_is_not_committed_is_gone_and_its_connection_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(folder.path().join("a.db").to_str().unwrap()).unwrap();
    let mut tx = database.write().await.unwrap();
    tx.execute("create table one (it integer)", &[]).unwrap();
    tx.commit().await.unwrap();
    for _ in 0..2 * READERS {
        let mut tx = database.write().await.unwrap();
        tx.execute("insert into one (it) values ($1)", &[&1_i64]).unwrap();
    }
    let rows = (0..1_000).map(|one| vec![Value::Number(one)]).collect();
    let mut tx = database.write().await.unwrap();
    let written = tx.each("insert into one (it) values (?)".into(), rows).await.unwrap();
    assert_eq!(written, 1_000, "many rows are written aside");
    tx.commit().await.unwrap();
    let mut tx = database.read().await.unwrap();
    let (count,) = tx.row::<(i64,)>("select count(*) from one", &[]).unwrap().unwrap();
    assert_eq!(count, 1_000);
    drop(tx);
    database.close().await;
    assert!(matches!(database.read().await, Err(StoreError::Closed)));
}

/// What is committed in place is there for everybody, and its turn is given back.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_is_committed_in_place_is_committed() {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("sqlite:{}", folder.path().join("ca.db").display());
    let (own, other) = (Store::open(&address).await.unwrap(), Store::open(&address).await.unwrap());
    let written = tokio::spawn(async move {
        let mut tx = own.write().await.unwrap();
        execute!(&mut tx, "create table one (it integer)").unwrap();
        tx.commit_here().await.unwrap();
        let mut tx = own.write().await.unwrap();
        execute!(&mut tx, "insert into one (it) values ($1)", 7_i64).unwrap();
        tx.commit_here().await
    });
    written.await.unwrap().unwrap();
    let mut tx = other.write().await.unwrap();
    let found = row!(&mut tx, (i64,), "select it from one").unwrap();
    assert_eq!(found, Some((7,)));
}

/// Somebody else holds the turn and many give up waiting for it: one thread waits, others are
/// free, whoever reads reads, and the turn is had once it is given back.
#[test]
fn whoever_waits_for_a_turn_takes_one_thread() {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(1).max_blocking_threads(3).enable_all().build();
    runtime.unwrap().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("sqlite:{}", folder.path().join("ca.db").display());
        let other = Store::open(&address).await.unwrap();
        let own = Store::open(&address).await.unwrap();
        let held = other.write().await.unwrap();
        let moment = Duration::from_millis(5);
        for _ in 0..20 {
            assert!(tokio::time::timeout(moment, own.write()).await.is_err());
        }
        let free = tokio::task::spawn_blocking(|| ());
        tokio::time::timeout(Duration::from_secs(10), free).await.unwrap().unwrap();
        own.read().await.unwrap().commit().await.unwrap();
        let Store::Sqlite(database) = &own else { panic!("SQLite") };
        assert!(matches!(database.turn(moment).await, Err(StoreError::Turn(Some(_)))));
        drop(held);
        let turn = tokio::time::timeout(Duration::from_secs(10), own.write());
        turn.await.unwrap().unwrap().commit().await.unwrap();
    });
}

/// However many read, a writer has a connection.
#[tokio::test]
async fn readers_keep_no_writer_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.db");
    let store = Store::open(&format!("sqlite:{}", path.display())).await.unwrap();
    let mut reading = Vec::new();
    for _ in 0..READERS {
        reading.push(store.read().await.unwrap());
    }
    let writing = tokio::time::timeout(Duration::from_secs(10), store.write());
    writing.await.unwrap().unwrap().commit().await.unwrap();
}

/// However many strangers ask, whoever follows the log or brings a brake reads, and the other way
/// round.
#[tokio::test]
async fn strangers_keep_no_reader_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.db");
    let store = Store::open(&format!("sqlite:{}", path.display())).await.unwrap();
    let mut asking = Vec::new();
    for _ in 0..STRANGERS {
        asking.push(store.read_for_strangers().await.unwrap());
    }
    let more = tokio::time::timeout(Duration::from_millis(50), store.read_for_strangers());
    assert!(more.await.is_err(), "they have so many connections");
    let reading = tokio::time::timeout(Duration::from_secs(10), store.read());
    drop(reading.await.unwrap().unwrap());
}

/// A table that is gone and a value that is none are about rows; a database that is busy, full or
/// silent is about nothing that was asked.
#[tokio::test]
async fn a_spoiled_row_is_no_database_that_is_away() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(folder.path().join("a.db").to_str().unwrap()).unwrap();
    let mut tx = database.read().await.unwrap();
    let gone = tx.rows::<(i64,)>("select number from nowhere", &[]).unwrap_err();
    assert!(gone.is_about_rows(), "{gone}");
    let none = tx.rows::<(String,)>("select cast(x'ff' as text)", &[]).unwrap_err();
    assert!(none.is_about_rows(), "{none}");
    assert!(StoreError::Inconsistent("a number below zero").is_about_rows());
    for code in [rusqlite::ffi::SQLITE_BUSY, rusqlite::ffi::SQLITE_FULL] {
        let failed = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
        assert!(!StoreError::from(failed).is_about_rows());
    }
    let away = [StoreError::Silent, StoreError::Crowded, StoreError::Closed, StoreError::Idle];
    assert!(away.iter().all(|error| !error.is_about_rows()));
    assert!(!StoreError::Turn(None).is_about_rows());
    assert!(!StoreError::from(sqlx::Error::PoolTimedOut).is_about_rows());
}

/// Whoever waits for the turn can say which process has it, and since when.
#[tokio::test]
async fn whoever_has_the_turn_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.db");
    let store = Store::open(&format!("sqlite:{}", path.display())).await.unwrap();
    assert_eq!(store.turn_holder(), None, "nobody wrote yet");
    // What an earlier version left there says nothing.
    let file = folder.path().join("ca.db.turn");
    std::fs::write(&file, "").unwrap();
    assert_eq!(store.turn_holder(), None);
    std::fs::write(&file, "4294967295\n").unwrap();
    assert_eq!(store.turn_holder().unwrap().process, u32::MAX);
    let held = store.write().await.unwrap();
    let holder = store.turn_holder().unwrap();
    assert_eq!(holder.process, std::process::id(), "no digit of another is left");
    assert!(holder.since > 1_700_000_000);
    let told = StoreError::Turn(Some(holder)).to_string();
    assert!(told.contains(&format!("process {}", std::process::id())), "{told}");
    drop(held);
}

/// A writer that does nothing loses the turn, and what it wrote is gone; one that does something,
/// here or aside, keeps it, and so does whoever reads.
#[tokio::test]
async fn a_writer_that_does_nothing_loses_the_turn() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(folder.path().join("a.db").to_str().unwrap()).unwrap();
    assert!(!database.end_idle(Duration::ZERO), "nobody writes");
    let mut tx = database.write().await.unwrap();
    tx.execute("create table one (it integer)", &[]).unwrap();
    tx.commit().await.unwrap();
    assert!(!database.end_idle(Duration::ZERO), "it is over");
    let mut reads = database.read().await.unwrap();
    let count = "select count(*) from one";
    assert_eq!(reads.row::<(i64,)>(count, &[]).unwrap(), Some((0,)));
    let mut tx = database.write().await.unwrap();
    tx.execute("insert into one (it) values (1)", &[]).unwrap();
    assert!(!database.end_idle(Duration::from_secs(3_600)), "it did something a moment ago");
    assert!(database.end_idle(Duration::ZERO));
    assert!(matches!(tx.execute("select 1", &[]), Err(StoreError::Idle)));
    // Another one has the turn already; the first cannot commit what it began.
    let mut next = database.write().await.unwrap();
    next.execute("insert into one (it) values (2)", &[]).unwrap();
    assert!(matches!(tx.commit().await, Err(StoreError::Idle)));
    next.commit().await.unwrap();
    assert_eq!(reads.row::<(i64,)>(count, &[]).unwrap(), Some((0,)), "it reads one state");
    drop(reads);
    let mut reads = database.read().await.unwrap();
    let found = reads.rows::<(i64,)>("select it from one", &[]).unwrap();
    assert_eq!(found, [(2,)]);
}
