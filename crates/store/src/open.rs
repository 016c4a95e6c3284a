//! Opening, migrating, and transactions.

use crate::answered::{STATEMENT_MAX, answered};
use crate::checkpoint;
use crate::embedded::{Database, SqliteTx, TurnHolder, idle};
use crate::error::StoreError;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool, Postgres, Transaction};
use std::ops::{Deref, DerefMut};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// Twin migrations: number, name, SQLite text, PostgreSQL text.
pub type Migrations = &'static [(i64, &'static str, &'static str, &'static str)];

/// An open database. Those who write have connections of their own, and so have strangers: however
/// many ask, a writer waits for none of them, and whoever follows the log waits for no stranger.
#[derive(Clone)]
pub enum Store {
    /// The database is embedded: a file of SQLite.
    Sqlite(Arc<Database>),
    /// The database is a server of PostgreSQL.
    Postgres(PostgresPools),
}

/// The connections to a server.
#[derive(Clone)]
pub struct PostgresPools {
    pub(crate) reading: PgPool,
    writing: PgPool,
    strangers: PgPool,
}

/// A transaction on either database.
pub enum Tx {
    /// The transaction is one of SQLite.
    Sqlite(SqliteTx),
    /// The transaction is one of PostgreSQL.
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
/// For questions of strangers, who keep nobody of the city from theirs.
const STRANGERS: u32 = 2;
/// How a transaction begins that reads.
const ONE_STATE: &str = "begin isolation level repeatable read, read only";
/// How long a session on PostgreSQL may sit in a transaction without asking anything.
const TURN_HELD_MAX: &str = "15s";

impl Store {
    /// Opens `sqlite:PATH` or `postgres://…`. SQLite: WAL, synchronous FULL, foreign keys on. A
    /// server that does not answer is met by whoever asks it something first.
    pub async fn open(address: &str) -> Result<Self, StoreError> {
        if let Some(path) = address.strip_prefix("sqlite:") {
            let database = Database::open(path)?;
            checkpoint::keep(&database);
            idle::keep(&database);
            return Ok(Self::Sqlite(database));
        }
        if address.starts_with("postgres:") || address.starts_with("postgresql:") {
            // A process that stops in the middle of a transaction holds the others up no longer
            // than this: the server ends its session.
            let options = PgConnectOptions::from_str(address)?
                .options([
                    ("idle_in_transaction_session_timeout", TURN_HELD_MAX),
                    ("statement_timeout", STATEMENT_MAX),
                ])
                .disable_statement_logging();
            let pool = |connections| {
                let pool = PgPoolOptions::new().test_before_acquire(false);
                let pool = pool.acquire_timeout(Duration::from_secs(20));
                pool.max_connections(connections).connect_lazy_with(options.clone())
            };
            let [reading, writing, strangers] = [CONNECTIONS, WRITERS, STRANGERS].map(pool);
            return Ok(Self::Postgres(PostgresPools { reading, writing, strangers }));
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
            Self::Sqlite(database) => {
                // SQLite has no lock of its own for this.
                let _alone = database.alone()?;
                let options = SqliteConnectOptions::new()
                    .filename(database.path())
                    .disable_statement_logging();
                let mut connection = options.connect().await?;
                migrator.run(&mut connection).await?;
                connection.close().await?;
            }
            // A user that may not change the schema only looks whether it is as it should be.
            Self::Postgres(PostgresPools { writing, .. })
                if is_migrated(writing, &migrator).await => {}
            Self::Postgres(PostgresPools { writing, .. }) => {
                // Tables are altered for as long as that takes.
                let mut connection = writing.acquire().await?.detach();
                sqlx::query("set statement_timeout = 0").execute(&mut connection).await?;
                migrator.run(&mut connection).await?;
                connection.close().await?;
            }
        }
        Ok(())
    }

    /// A transaction that reads one state.
    pub async fn read(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite(database) => Tx::Sqlite(database.read().await?),
            Self::Postgres(server) => {
                Tx::Postgres(answered(begin_on_server(&server.reading, ONE_STATE)).await?.into())
            }
        })
    }

    /// The same for whoever asks without being known here: however many they are and however much
    /// they ask, they share a few connections among themselves.
    pub async fn read_for_strangers(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite(database) => Tx::Sqlite(database.read_for_strangers().await?),
            Self::Postgres(server) => {
                Tx::Postgres(answered(begin_on_server(&server.strangers, ONE_STATE)).await?.into())
            }
        })
    }

    /// A transaction that writes; on SQLite it takes the write lock at once.
    pub async fn write(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite(database) => Tx::Sqlite(database.write().await?),
            Self::Postgres(server) => {
                Tx::Postgres(answered(begin_on_server(&server.writing, "begin")).await?.into())
            }
        })
    }

    /// Whoever has the writers' turn, or had it last. A server ends the session of whoever does
    /// nothing with it.
    pub fn turn_holder(&self) -> Option<TurnHolder> {
        match self {
            Self::Sqlite(database) => database.turn_holder(),
            Self::Postgres(_) => None,
        }
    }

    /// Whether it is closed, or waits for its last transactions to be.
    pub fn is_closed(&self) -> bool {
        match self {
            Self::Sqlite(database) => database.is_closed(),
            Self::Postgres(server) => server.reading.is_closed(),
        }
    }

    /// Closes every connection, after what runs on it.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(database) => database.close().await,
            Self::Postgres(PostgresPools { reading, writing, strangers }) => {
                tokio::join!(reading.close(), writing.close(), strangers.close());
            }
        }
    }
}

/// The right to a whole database on a server; its end gives it back, that of its process too.
pub struct DatabaseLock {
    _connection: PgConnection,
}

/// What nobody else locks: "yinxin" in ASCII.
const ALONE: i64 = 0x7969_6e78_696e;

impl Store {
    /// The right to a whole database on a server; none while somebody else has it, or where the
    /// database is one file, which has locks of its own.
    pub async fn alone(&self) -> Result<Option<DatabaseLock>, StoreError> {
        let Self::Postgres(PostgresPools { writing, .. }) = self else { return Ok(None) };
        let mut connection = writing.acquire().await?.detach();
        let (taken,): (bool,) = sqlx::query_as("select pg_try_advisory_lock($1)")
            .bind(ALONE)
            .fetch_one(&mut connection)
            .await?;
        Ok(taken.then_some(DatabaseLock { _connection: connection }))
    }
}

impl Tx {
    /// Makes the transaction durable; after an error nobody knows whether it is, until they look.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(PostgresTx { tx, .. }) => answered(tx.commit()).await?,
        }
        Ok(())
    }

    /// The same for a task that nobody gives up and that does nothing beside it: on SQLite its
    /// thread waits for the disk, and is woken by nobody.
    pub async fn commit_here(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx) => tx.commit_here(),
            server => server.commit().await,
        }
    }
}
