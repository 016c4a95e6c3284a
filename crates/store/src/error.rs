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
    /// SQLite failed.
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
    /// The database was closed.
    #[error("the database is closed")]
    Closed,
    /// A migration failed.
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
/// its disk; and the code of a row or table that another session locked for too long.
const ABOUT_ROWS: [&str; 4] = ["22", "42", "XX", "55P03"];

impl StoreError {
    /// Whether it is about what was asked, as a table that is gone or a value that is none; not
    /// where a database does not answer, has no room, or lets nobody in.
    pub fn is_about_rows(&self) -> bool {
        match self {
            Self::Inconsistent(_) => true,
            Self::Embedded(error) => !error.sqlite_error_code().is_some_and(is_of_all),
            Self::Database(sqlx::Error::Database(error)) => {
                error.code().is_some_and(|code| is_code_about_rows(&code))
            }
            Self::Database(error) => {
                matches!(error, sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_))
            }
            _ => false,
        }
    }
}

fn is_code_about_rows(code: &str) -> bool {
    ABOUT_ROWS.iter().any(|class| code.starts_with(*class))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A table that somebody locked is one that cannot be read for now; a server without room, one
    /// that shuts down and one that ended a statement or a session are away.
    #[test]
    fn a_locked_table_is_no_server_that_is_away() {
        for code in ["55P03", "42P01", "22021", "XX001"] {
            assert!(is_code_about_rows(code), "{code}");
        }
        for code in ["55006", "57014", "57P01", "25P03", "53100", "28000", "40P01", "08006"] {
            assert!(!is_code_about_rows(code), "{code}");
        }
    }
}
