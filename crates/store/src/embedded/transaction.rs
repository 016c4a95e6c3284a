//! A transaction on SQLite, on the thread of whoever asks.

use super::{Session, Turn};
use crate::error::StoreError;
use crate::in_place::in_place;
use crate::value::Value;
use rusqlite::{Connection, Row, Statement, ToSql};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::task::spawn_blocking;

/// More rows than this are written aside.
const ROWS_HERE: usize = 256;

/// An open transaction, with its writer's turn.
pub(super) struct Open {
    session: Session,
    turn: Option<Turn>,
    /// When something was done in it last.
    pub(super) used: Instant,
}

/// A transaction. Nothing is in it while it is done aside, and once it was idle for too long.
pub struct SqliteTx(pub(super) Arc<Mutex<Option<Open>>>);

impl SqliteTx {
    pub(super) fn of(session: Session, turn: Option<Turn>) -> Self {
        Self(Arc::new(Mutex::new(Some(Open { session, turn, used: Instant::now() }))))
    }

    /// Executes a statement; gives the number of rows.
    pub fn execute(&mut self, sql: &str, values: &[&dyn ToSql]) -> Result<u64, StoreError> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            bind(&mut statement, values)?;
            Ok(statement.raw_execute()? as u64)
        })
    }

    /// All rows of a query.
    pub fn rows<T>(&mut self, sql: &str, values: &[&dyn ToSql]) -> Result<Vec<T>, StoreError>
    where
        T: for<'row> TryFrom<&'row Row<'row>, Error = rusqlite::Error>,
    {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            bind(&mut statement, values)?;
            let (mut rows, mut found) = (statement.raw_query(), Vec::new());
            while let Some(row) = rows.next()? {
                found.push(T::try_from(row)?);
            }
            Ok(found)
        })
    }

    /// The first row of a query, if there is one.
    pub fn row<T>(&mut self, sql: &str, values: &[&dyn ToSql]) -> Result<Option<T>, StoreError>
    where
        T: for<'row> TryFrom<&'row Row<'row>, Error = rusqlite::Error>,
    {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            bind(&mut statement, values)?;
            let mut rows = statement.raw_query();
            Ok(rows.next()?.map(T::try_from).transpose()?)
        })
    }

    /// Executes a statement once for each row of values; gives the number of rows that it touched.
    pub(crate) async fn each(
        &mut self,
        sql: String,
        rows: Vec<Vec<Value>>,
    ) -> Result<u64, StoreError> {
        if rows.len() <= ROWS_HERE {
            return self.with(|connection| Ok(each(connection, &sql, &rows)?));
        }
        self.aside(move |connection| each(connection, &sql, &rows)).await
    }

    /// Makes the transaction durable.
    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        let writes = self.open().as_ref().is_some_and(|open| open.turn.is_some());
        if !writes {
            return self.execute("commit", &[]).map(|_| ());
        }
        self.aside(|connection| connection.prepare_cached("commit")?.raw_execute().map(|_| ()))
            .await
    }

    /// The same on the thread of whoever asks, whom nobody gives up meanwhile.
    pub(crate) fn commit_here(mut self) -> Result<(), StoreError> {
        in_place(|| self.execute("commit", &[])).map(|_| ())
    }

    /// Does something on a thread that may block. Who stops waiting takes nothing back: the
    /// connection is given back when it is done.
    pub(super) async fn aside<T: Send + 'static>(
        &mut self,
        act: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let open = self.open().take().ok_or(StoreError::Idle)?;
        let done = spawn_blocking(move || {
            let done = open.session.connection.as_ref().map(act);
            (open, done)
        });
        let (open, done) = done.await.map_err(std::io::Error::other)?;
        *self.open() = Some(Open { used: Instant::now(), ..open });
        Ok(done.ok_or(StoreError::Closed)??)
    }

    /// Does something here.
    pub(super) fn with<T>(
        &mut self,
        act: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut open = self.open();
        let open = open.as_mut().ok_or(StoreError::Idle)?;
        let connection = open.session.connection.as_ref().ok_or(StoreError::Closed)?;
        let done = act(connection);
        open.used = Instant::now();
        done
    }

    fn open(&self) -> MutexGuard<'_, Option<Open>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn each(connection: &Connection, sql: &str, rows: &[Vec<Value>]) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut touched = 0;
    for row in rows {
        for (at, value) in row.iter().enumerate() {
            statement.raw_bind_parameter(at + 1, value)?;
        }
        touched += statement.raw_execute()? as u64;
    }
    Ok(touched)
}

/// Binds `$1` to the first value, wherever it stands; a place without a number by its order.
fn bind(statement: &mut Statement<'_>, values: &[&dyn ToSql]) -> rusqlite::Result<()> {
    for place in 1..=statement.parameter_count() {
        let number = statement.parameter_name(place).and_then(|name| name.strip_prefix('$'));
        let number = number.and_then(|number| number.parse().ok()).unwrap_or(place);
        let value = number.checked_sub(1).and_then(|at| values.get(at));
        let missing = rusqlite::Error::InvalidParameterCount(values.len(), number);
        statement.raw_bind_parameter(place, value.ok_or(missing)?)?;
    }
    Ok(())
}
