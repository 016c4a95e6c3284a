//! What a database answers with instead of rows.

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
    /// Somebody else writes and does not end.
    #[error("another process holds the database's turn for too long")]
    Turn,
    /// A row contradicts itself.
    #[error("inconsistent row: {0}")]
    Inconsistent(&'static str),
}
