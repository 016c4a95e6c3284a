//! SQLite on the thread of whoever asks. A statement takes microseconds, and handing it to a thread
//! of the database's own costs more than most statements do. What syncs the disk, waits for a lock
//! or writes many rows is done aside, on a thread that may block; what a task commits that nobody
//! gives up, in place (`in_place.rs`).

use crate::error::StoreError;
use rusqlite::{Connection, ErrorCode, Row};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

pub(crate) mod idle;
mod transaction;
pub(crate) mod turn;

use transaction::Open;
pub use transaction::SqliteTx;
pub use turn::TurnHolder;

/// Connections of one process for those who read.
const READERS: u32 = 6;
/// For those who write, who take turns anyway.
const WRITERS: u32 = 2;
/// For questions of strangers, who keep nobody of the city from theirs.
const STRANGERS: u32 = 2;
/// Whoever wants to write gives up after this long: a process that was stopped with the turn in its
/// hands is told of, and holds nobody for ever.
const TURN_WAIT_MAX: Duration = Duration::from_secs(20);
/// How long a connection is waited for.
const CONNECTION_WAIT: Duration = Duration::from_secs(20);
/// How long a lock of somebody who takes no turn is waited for.
const LOCK_WAIT: Duration = Duration::from_secs(15);
/// Prepared statements that a connection keeps.
const STATEMENTS_KEPT: usize = 192;
/// What stays of the write-ahead log when all of it is carried over. To write over what a file has
/// costs the disk less than to make it longer: a commit is one write of its pages and nothing else.
const KEPT_BYTES: u32 = 64 * 1_048_576;
/// Pages at which a commit carries them over by itself, if nobody came to it before.
const PAGES_MAX: u32 = 16_000;

/// A database file and the connections to it.
pub struct Database {
    path: PathBuf,
    free: Mutex<Vec<Connection>>,
    reading: Arc<Semaphore>,
    writing: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
    /// Whoever of this process waits for the turn; the others wait for it, without a thread.
    queue: Arc<tokio::sync::Mutex<()>>,
    /// Whoever of this process has the turn.
    writer: Mutex<Weak<Mutex<Option<Open>>>>,
    closed: AtomicBool,
}

/// The writer's turn: among processes by the lock of a file, within this one by a place in a queue.
struct Turn {
    _file: File,
    _queue: OwnedMutexGuard<()>,
}

/// A connection that somebody has. Whoever drops it gives it back, without what was not committed.
struct Session {
    connection: Option<Connection>,
    database: Arc<Database>,
    _place: OwnedSemaphorePermit,
}

impl Database {
    /// Opens the file, or makes it: WAL, synchronous FULL, foreign keys on.
    pub(crate) fn open(path: &str) -> Result<Arc<Self>, StoreError> {
        // Processes that open a new database together take turns: the change to WAL does not wait.
        let _first = alone(Path::new(path))?;
        let first = connect(Path::new(path))?;
        Ok(Arc::new(Self {
            path: path.into(),
            free: Mutex::new(vec![first]),
            reading: Arc::new(Semaphore::new(READERS as usize)),
            writing: Arc::new(Semaphore::new(WRITERS as usize)),
            strangers: Arc::new(Semaphore::new(STRANGERS as usize)),
            queue: Arc::default(),
            writer: Mutex::default(),
            closed: AtomicBool::new(false),
        }))
    }

    /// The path of the database's file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The right to migrate.
    pub(crate) fn alone(&self) -> Result<File, StoreError> {
        alone(&self.path)
    }

    /// A transaction that reads one state.
    pub(crate) async fn read(self: &Arc<Self>) -> Result<SqliteTx, StoreError> {
        self.begin(&self.reading).await
    }

    /// The same for strangers.
    pub(crate) async fn read_for_strangers(self: &Arc<Self>) -> Result<SqliteTx, StoreError> {
        self.begin(&self.strangers).await
    }

    async fn begin(self: &Arc<Self>, places: &Arc<Semaphore>) -> Result<SqliteTx, StoreError> {
        let mut tx = SqliteTx::of(self.session(places).await?, None);
        tx.execute("begin", &[])?;
        Ok(tx)
    }

    /// A transaction that writes; it takes the write lock at once.
    pub(crate) async fn write(self: &Arc<Self>) -> Result<SqliteTx, StoreError> {
        let turn = Some(self.turn(TURN_WAIT_MAX).await?);
        let mut tx = SqliteTx::of(self.session(&self.writing).await?, turn);
        tx.with(|connection| Ok(connection.busy_timeout(Duration::ZERO)?))?;
        let begun = tx.execute("begin immediate", &[]);
        tx.with(|connection| Ok(connection.busy_timeout(LOCK_WAIT)?))?;
        match begun {
            // Somebody writes who took no turn.
            Err(StoreError::Embedded(error))
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) =>
            {
                tx.aside(|connection| connection.execute_batch("begin immediate")).await?;
            }
            begun => _ = begun?,
        }
        *self.writer.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(&tx.0);
        Ok(tx)
    }

    /// Rolls back what the writer of this process began, if nothing was done in it for so long;
    /// whoever began it hears so with the next statement.
    fn end_idle(&self, most: Duration) -> bool {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
        let Some(writer) = writer else { return false };
        // Whoever has it locked does something in it.
        let Ok(mut open) = writer.try_lock() else { return false };
        let is_idle = open.as_ref().is_some_and(|open| open.used.elapsed() >= most);
        if is_idle {
            drop(open.take());
        }
        is_idle
    }

    /// Whoever has the writers' turn, or had it last.
    pub(crate) fn turn_holder(&self) -> Option<TurnHolder> {
        TurnHolder::read(&beside(&self.path, "turn"))
    }

    /// How many pages of the write-ahead log wait to be carried over.
    pub(crate) async fn uncarried(self: &Arc<Self>) -> Result<u64, StoreError> {
        self.carry("pragma wal_checkpoint(noop)").await
    }

    /// Carries pages of the write-ahead log over, as far as nobody reads them; gives how many wait.
    pub(crate) async fn checkpoint(self: &Arc<Self>) -> Result<u64, StoreError> {
        self.carry("pragma wal_checkpoint(passive)").await
    }

    async fn carry(self: &Arc<Self>, sql: &'static str) -> Result<u64, StoreError> {
        let mut tx = SqliteTx::of(self.session(&self.writing).await?, None);
        tx.aside(move |connection| {
            let extent = |row: &Row<'_>| Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?));
            let (written, carried) = connection.prepare_cached(sql)?.query_row([], extent)?;
            Ok(u64::try_from(written.saturating_sub(carried)).unwrap_or(0))
        })
        .await
    }

    /// Whether it is closed, or waits for its last transactions to be.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Closes every connection, when the last transaction is over.
    pub(crate) async fn close(&self) {
        self.closed.store(true, Ordering::Release);
        let all = (
            self.reading.acquire_many(READERS).await,
            self.writing.acquire_many(WRITERS).await,
            self.strangers.acquire_many(STRANGERS).await,
        );
        if let (Ok(_reading), Ok(_writing), Ok(_strangers)) = all {
            let connections = std::mem::take(&mut *self.kept());
            // The last one that is closed carries the log over.
            let _ = spawn_blocking(move || drop(connections)).await;
        }
    }

    /// Waits for the writer's turn: a file lock beside the database. SQLite itself lets writers of
    /// other processes sleep for a while and try again; this wakes the next one at once. It only
    /// orders writers that ask for it; what keeps them apart is SQLite's own lock. One thread of a
    /// process waits at most, however many want to write and however long another process holds the
    /// turn.
    async fn turn(&self, most: Duration) -> Result<Turn, StoreError> {
        let turn = tokio::time::timeout(most, self.wait_for_turn()).await;
        turn.map_err(|_| StoreError::Turn(self.turn_holder()))?
    }

    async fn wait_for_turn(&self) -> Result<Turn, StoreError> {
        let queue = self.queue.clone().lock_owned().await;
        let file = turn::open(&beside(&self.path, "turn"))?;
        if file.try_lock().is_ok() {
            return Ok(Turn::of(file, queue));
        }
        // Whoever gives up leaves a thread that waits on, with the place in the queue.
        let wait = move || file.lock().map(|()| Turn::of(file, queue));
        Ok(spawn_blocking(wait).await.map_err(std::io::Error::other)??)
    }

    async fn session(self: &Arc<Self>, places: &Arc<Semaphore>) -> Result<Session, StoreError> {
        if self.is_closed() {
            return Err(StoreError::Closed);
        }
        let place = tokio::time::timeout(CONNECTION_WAIT, places.clone().acquire_owned());
        let place = place.await.map_err(|_| StoreError::Crowded)?;
        let place = place.map_err(|_| StoreError::Closed)?;
        if self.is_closed() {
            return Err(StoreError::Closed);
        }
        let kept = self.kept().pop();
        let connection = match kept {
            Some(connection) => connection,
            None => connect(&self.path)?,
        };
        Ok(Session { connection: Some(connection), database: self.clone(), _place: place })
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// The turn of whoever has the lock.
    fn of(file: File, queue: OwnedMutexGuard<()>) -> Self {
        turn::sign(&file);
        Self { _file: file, _queue: queue }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        let is_clean = connection.is_autocommit() || roll_back(&connection).is_ok();
        if is_clean {
            self.database.kept().push(connection);
        }
    }
}

/// Ends what was begun, as whoever only read does each time: the statement is prepared once.
fn roll_back(connection: &Connection) -> rusqlite::Result<()> {
    connection.prepare_cached("rollback")?.raw_execute().map(drop)
}

/// Opens a connection to the database's file.
pub(crate) fn connect(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(LOCK_WAIT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    connection.execute_batch(&format!(
        "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; \
         pragma wal_autocheckpoint = {PAGES_MAX}; pragma journal_size_limit = {KEPT_BYTES};"
    ))?;
    Ok(connection)
}

/// Waits until no other process opens or migrates this database.
fn alone(path: &Path) -> Result<File, StoreError> {
    let file = File::create(beside(path, "opening"))?;
    file.lock()?;
    Ok(file)
}

fn beside(path: &Path, end: &str) -> PathBuf {
    PathBuf::from(format!("{}.{end}", path.display()))
}

#[cfg(test)]
mod tests;
