//! Opening, migrating, and transactions.

use crate::checkpoint;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{
    ConnectOptions, PgConnection, PgPool, Postgres, SqliteConnection, SqlitePool, Transaction,
};
use std::fs::File;
use std::ops::{Deref, DerefMut};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// The database failed, or says what cannot be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The driver or database.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// Migrating.
    #[error("migration: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The address is none we know.
    #[error("the database address begins with sqlite: or postgres:")]
    Address,
    /// Somebody else writes and does not end.
    #[error("another process holds the database's turn for too long")]
    Turn,
    /// A row contradicts itself.
    #[error("inconsistent row: {0}")]
    Inconsistent(&'static str),
}

/// Twin migrations: number, name, SQLite text, PostgreSQL text.
pub type Migrations = &'static [(i64, &'static str, &'static str, &'static str)];

/// An open database. Those who write have connections of their own: however many ask, a writer
/// waits for none of them.
#[derive(Clone)]
pub enum Store {
    /// Embedded.
    Sqlite(SqlitePools),
    /// A server.
    Postgres(PostgresPools),
}

/// The connections to an embedded database.
#[derive(Clone)]
pub struct SqlitePools {
    pub(crate) reading: SqlitePool,
    writing: SqlitePool,
    /// Whoever of this process waits for the turn; the others wait for it, without a thread.
    turn: Arc<Mutex<()>>,
}

/// The connections to a server.
#[derive(Clone)]
pub struct PostgresPools {
    pub(crate) reading: PgPool,
    writing: PgPool,
}

/// A transaction on either database.
pub enum Tx {
    /// Embedded.
    Sqlite(SqliteTx),
    /// A server.
    Postgres(PostgresTx),
}

/// A transaction on PostgreSQL, with the logs whose order it holds.
pub struct PostgresTx {
    tx: Transaction<'static, Postgres>,
    pub(crate) held: Vec<String>,
}

impl From<Transaction<'static, Postgres>> for PostgresTx {
    fn from(tx: Transaction<'static, Postgres>) -> Self {
        Self { tx, held: Vec::new() }
    }
}

impl Deref for PostgresTx {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.tx
    }
}

impl DerefMut for PostgresTx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.tx
    }
}

/// A transaction on SQLite, with its writer's turn.
pub struct SqliteTx {
    tx: Transaction<'static, sqlx::Sqlite>,
    turn: Option<Turn>,
}

/// The writer's turn: among processes by the lock of a file, within this one by a place in a queue.
struct Turn {
    _file: File,
    _queue: OwnedMutexGuard<()>,
}

impl Deref for SqliteTx {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.tx
    }
}

impl DerefMut for SqliteTx {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.tx
    }
}

/// Waits until no other process opens or migrates this database.
fn alone(path: &str) -> Result<File, StoreError> {
    let file = File::create(format!("{path}.opening")).map_err(sqlx::Error::Io)?;
    file.lock().map_err(sqlx::Error::Io)?;
    Ok(file)
}

/// Waits for the writer's turn: a file lock beside the database. SQLite itself lets writers of
/// other processes sleep for a while and try again; this wakes the next one at once. It only orders
/// writers that ask for it; what keeps them apart is SQLite's own lock. One thread of a process
/// waits at most, however many want to write and however long another process holds the turn.
async fn turn(sqlite: &SqlitePools, most: Duration) -> Result<Turn, StoreError> {
    tokio::time::timeout(most, wait_for_turn(sqlite)).await.map_err(|_| StoreError::Turn)?
}

async fn wait_for_turn(sqlite: &SqlitePools) -> Result<Turn, StoreError> {
    let queue = sqlite.turn.clone().lock_owned().await;
    let path = format!("{}.turn", sqlite.writing.connect_options().get_filename().display());
    let file = File::options().create(true).append(true).open(path).map_err(sqlx::Error::Io)?;
    if file.try_lock().is_ok() {
        return Ok(Turn { _file: file, _queue: queue });
    }
    // Whoever gives up leaves a thread that waits on, with the place in the queue.
    let wait = move || file.lock().map(|()| Turn { _file: file, _queue: queue });
    let waited = tokio::task::spawn_blocking(wait).await;
    let turn = waited.map_err(|error| sqlx::Error::Io(std::io::Error::other(error)))?;
    Ok(turn.map_err(sqlx::Error::Io)?)
}

/// Begins on a connection that the server still has: after it was started again each of those that
/// were kept fails once.
async fn begin_on_server(
    pool: &PgPool,
    begin: &'static str,
) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    for _ in 0..CONNECTIONS {
        match pool.begin_with(begin).await {
            Err(sqlx::Error::Io(_)) => {}
            // What a server says that ends sessions: 57P01 and its neighbours.
            Err(sqlx::Error::Database(error))
                if error.code().is_some_and(|code| code.starts_with("57P")) => {}
            begun => return begun,
        }
    }
    pool.begin_with(begin).await
}

/// Whether every migration was applied as it is, and no other.
async fn is_migrated(pool: &PgPool, migrator: &Migrator) -> bool {
    let applied: Result<Vec<(i64, Vec<u8>)>, _> =
        sqlx::query_as("select version, checksum from _sqlx_migrations where success")
            .fetch_all(pool)
            .await;
    applied.is_ok_and(|applied| {
        applied.len() == migrator.iter().count()
            && migrator.iter().all(|one| {
                applied.iter().any(|(version, checksum)| {
                    *version == one.version && checksum.as_slice() == &*one.checksum
                })
            })
    })
}

/// Connections of one process for those who read.
const CONNECTIONS: u32 = 6;
/// For those who write, who take turns anyway.
const WRITERS: u32 = 2;
/// Whoever wants to write gives up after this long: a process that was stopped with the turn in its
/// hands is told of, and holds nobody for ever.
const TURN_WAIT_MAX: Duration = Duration::from_secs(20);
/// How long a session on PostgreSQL may sit in a transaction without asking anything.
const TURN_HELD_MAX: &str = "15s";

impl Store {
    /// Opens `sqlite:PATH` or `postgres://…`. SQLite: WAL, synchronous FULL, foreign keys on.
    pub async fn open(address: &str) -> Result<Self, StoreError> {
        if let Some(path) = address.strip_prefix("sqlite:") {
            let options = SqliteConnectOptions::new()
                .filename(path)
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                .pragma("wal_autocheckpoint", checkpoint::PAGES_MAX)
                .pragma("journal_size_limit", checkpoint::KEPT_BYTES)
                .busy_timeout(Duration::from_secs(15))
                // A page of rows comes over in one piece: each hand-over wakes a thread.
                .row_buffer_size(512)
                .disable_statement_logging();
            // Processes that open a new database together take turns: the change to WAL does not
            // wait.
            let _first = alone(path)?;
            let pool = |connections| {
                // A file does not go away; what a server may have closed is found out by `begin`.
                let pool = SqlitePoolOptions::new().test_before_acquire(false);
                let pool = pool.acquire_timeout(Duration::from_secs(20));
                pool.max_connections(connections).connect_with(options.clone())
            };
            let (reading, writing) = (pool(CONNECTIONS).await?, pool(WRITERS).await?);
            checkpoint::keep(writing.clone());
            return Ok(Self::Sqlite(SqlitePools { reading, writing, turn: Arc::default() }));
        }
        if address.starts_with("postgres:") || address.starts_with("postgresql:") {
            // A process that stops in the middle of a transaction holds the others up no longer
            // than this: the server ends its session.
            let options = PgConnectOptions::from_str(address)?
                .options([("idle_in_transaction_session_timeout", TURN_HELD_MAX)])
                .disable_statement_logging();
            let pool = |connections| {
                let pool = PgPoolOptions::new().test_before_acquire(false);
                let pool = pool.acquire_timeout(Duration::from_secs(20));
                pool.max_connections(connections).connect_with(options.clone())
            };
            let (reading, writing) = (pool(CONNECTIONS).await?, pool(WRITERS).await?);
            return Ok(Self::Postgres(PostgresPools { reading, writing }));
        }
        Err(StoreError::Address)
    }

    /// Brings the schema up to date.
    pub async fn migrate(&self, migrations: Migrations) -> Result<(), StoreError> {
        let list = migrations.iter().map(|(number, name, sqlite, postgres)| {
            let sql = if matches!(self, Self::Sqlite(_)) { sqlite } else { postgres };
            let sql = sqlx::SqlSafeStr::into_sql_str(*sql);
            Migration::new(*number, (*name).into(), MigrationType::Simple, sql, false)
        });
        let migrator = Migrator::with_migrations(list.collect());
        match self {
            Self::Sqlite(SqlitePools { writing, .. }) => {
                // SQLite has no lock of its own for this either.
                let options = writing.connect_options();
                let _alone = alone(&options.get_filename().display().to_string())?;
                migrator.run(writing).await?;
            }
            // A user that may not change the schema only looks whether it is as it should be.
            Self::Postgres(PostgresPools { writing, .. })
                if is_migrated(writing, &migrator).await => {}
            Self::Postgres(PostgresPools { writing, .. }) => migrator.run(writing).await?,
        }
        Ok(())
    }

    /// A transaction that reads one state.
    pub async fn read(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite(sqlite) => {
                Tx::Sqlite(SqliteTx { tx: sqlite.reading.begin().await?, turn: None })
            }
            Self::Postgres(server) => {
                let begin = "begin isolation level repeatable read, read only";
                Tx::Postgres(begin_on_server(&server.reading, begin).await?.into())
            }
        })
    }

    /// A transaction that writes; on SQLite it takes the write lock at once.
    pub async fn write(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite(sqlite) => {
                let turn = Some(turn(sqlite, TURN_WAIT_MAX).await?);
                let tx = sqlite.writing.begin_with("begin immediate").await?;
                Tx::Sqlite(SqliteTx { tx, turn })
            }
            Self::Postgres(server) => {
                Tx::Postgres(begin_on_server(&server.writing, "begin").await?.into())
            }
        })
    }

    /// Whether it is closed, or waits for its last transactions to be.
    pub fn is_closed(&self) -> bool {
        match self {
            Self::Sqlite(sqlite) => sqlite.reading.is_closed(),
            Self::Postgres(server) => server.reading.is_closed(),
        }
    }

    /// Closes every connection.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(SqlitePools { reading, writing, .. }) => {
                tokio::join!(reading.close(), writing.close());
            }
            Self::Postgres(PostgresPools { reading, writing }) => {
                tokio::join!(reading.close(), writing.close());
            }
        }
    }
}

/// The right to a whole database on a server; its end gives it back, that of its process too.
pub struct Alone {
    _connection: PgConnection,
}

/// What nobody else locks: "yinxin" in ASCII.
const ALONE: i64 = 0x7969_6e78_696e;

impl Store {
    /// The right to a whole database on a server; none while somebody else has it, or where the
    /// database is one file, which has locks of its own.
    pub async fn alone(&self) -> Result<Option<Alone>, StoreError> {
        let Self::Postgres(PostgresPools { writing, .. }) = self else { return Ok(None) };
        let mut connection = writing.acquire().await?.detach();
        let (taken,): (bool,) = sqlx::query_as("select pg_try_advisory_lock($1)")
            .bind(ALONE)
            .fetch_one(&mut connection)
            .await?;
        Ok(taken.then_some(Alone { _connection: connection }))
    }
}

impl Tx {
    /// Makes it durable.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(SqliteTx { tx, turn }) => {
                tx.commit().await?;
                drop(turn);
            }
            Self::Postgres(PostgresTx { tx, .. }) => tx.commit().await?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let Store::Sqlite(pools) = &own else { panic!("SQLite") };
            assert!(matches!(turn(pools, moment).await, Err(StoreError::Turn)));
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
        for _ in 0..CONNECTIONS {
            reading.push(store.read().await.unwrap());
        }
        let writing = tokio::time::timeout(Duration::from_secs(10), store.write());
        writing.await.unwrap().unwrap().commit().await.unwrap();
    }
}
