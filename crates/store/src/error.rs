//! What a database answers with instead of rows.

use crate::embedded::turn::TurnHolder;
use rusqlite::ErrorCode;

/// The database failed, or says what cannot be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The driver or database.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// SQLite.
    #[error("database: {0}")]
    Embedded(#[from] rusqlite::Error),
    /// A file beside the database, or a thread that waits for it.
    #[error("database: {0}")]
    File(#[from] std::io::Error),
    /// No connection became free in time.
    #[error("every connection to the database is in use")]
    Crowded,
    /// A server took what it was asked and says nothing: it hangs, or the network does.
    #[error("the database does not answer")]
    Silent,
    /// It was closed.
    #[error("the database is closed")]
    Closed,
    /// Migrating.
    #[error("migration: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The address is none we know.
    #[error("the database address begins with sqlite: or postgres:")]
    Address,
    /// Somebody else writes and does not end; who, as far as it is known.
    #[error("another process holds the database's turn for too long{}", told(.0))]
    Turn(Option<TurnHolder>),
    /// Nothing was done in a transaction that writes.
    #[error("the transaction was idle for too long and was rolled back")]
    Idle,
    /// A row contradicts itself.
    #[error("inconsistent row: {0}")]
    Inconsistent(&'static str),
}

/// Classes (SQLSTATE) of what a server says about what it was asked: a value, a table, a page of
/// its disk.
const ABOUT_ROWS: [&str; 3] = ["22", "42", "XX"];

impl StoreError {
    /// Whether it is about what was asked, as a table that is gone or a value that is none; not
    /// where a database does not answer, has no room, or lets nobody in.
    pub fn is_about_rows(&self) -> bool {
        match self {
            Self::Inconsistent(_) => true,
            Self::Embedded(error) => !error.sqlite_error_code().is_some_and(is_of_all),
            Self::Database(sqlx::Error::Database(error)) => {
                let of = |code: &str| ABOUT_ROWS.iter().any(|class| code.starts_with(*class));
                error.code().is_some_and(|code| of(&code))
            }
            Self::Database(error) => {
                matches!(error, sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_))
            }
            _ => false,
        }
    }
}

/// Whether everything that is asked ends so, whatever it is.
fn is_of_all(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::OutOfMemory
            | ErrorCode::ReadOnly
            | ErrorCode::OperationAborted
            | ErrorCode::OperationInterrupted
            | ErrorCode::SystemIoFailure
            | ErrorCode::DiskFull
            | ErrorCode::CannotOpen
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::NotADatabase
    )
}

fn told(holder: &Option<TurnHolder>) -> String {
    holder.as_ref().map_or_else(String::new, |holder| format!(": {holder}"))
}
